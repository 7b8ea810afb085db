//! What holds for any bytes: of messages, frames, escapes, timestamps and batches. The fuzz targets
//! look for bytes for which it does not; a test replays the seeds and what was found once.

use loopgate_hl7v2::{
    Ack, AckCode, Charset, Decoder, Delimiters, Dtm, Framing, Header, Limits, Message, Severity,
    Stamp, acknowledge, escape, frame, read, unescape,
};

const STAMP: Stamp<'_> =
    Stamp { application: "LOOPGATE", facility: "TOWN", time: "2026", control_id: "L1" };

/// A message is read whole or refused, and can be answered either way.
pub fn guard(data: &[u8]) {
    let found = read(data, &Limits::default(), Charset::UTF_8);
    let (inbound, flaws) = match &found {
        Ok(message) => {
            same(message);
            (Some(message), Header::of(message).err().unwrap_or_default())
        }
        Err(unsound) => (unsound.header.as_deref(), vec![unsound.flaw.clone()]),
    };
    let code = AckCode::of(false, flaws.first().map(|flaw| flaw.code));
    let errors = flaws.into_iter().map(|flaw| (Severity::Error, flaw)).collect();
    let answer = acknowledge(inbound, &Ack { code, errors, expected: Some(7) }, &STAMP);
    let again = read(answer.print().as_bytes(), &Limits::default(), Charset::UTF_8);
    assert!(again.is_ok_and(|again| again.msa() == answer.msa()), "an answer does not read");
}

/// It prints as it was read, and no order of it loses a segment.
fn same(message: &Message) {
    let printed = message.print();
    let text = Charset::UTF_8.decode(printed.as_bytes()).expect("what is printed is UTF-8");
    // Another character set in MSH-18 would be obeyed.
    if text.is_ascii() {
        let again = read(text.as_bytes(), &Limits::default(), Charset::UTF_8);
        assert_eq!(again.as_ref(), Ok(message));
    }
    if let Ok(orders) = message.orders() {
        let kept = |one| orders.iter().any(|order| order.segments.contains(one));
        assert!(message.segments.iter().all(kept), "an order loses a segment");
    }
}

/// Frames are the same however the bytes come, and each can be framed again. The first byte says
/// how they come.
pub fn codec(data: &[u8]) {
    let Some((how, bytes)) = data.split_first() else { return };
    for lenient in [false, true] {
        let whole = frames(bytes, bytes.len().max(1), lenient);
        assert_eq!(whole, frames(bytes, 1, lenient));
        assert_eq!(whole, frames(bytes, usize::from(*how).max(1), lenient));
        let inside: usize = whole.0.iter().map(Vec::len).sum();
        assert!(inside <= bytes.len());
        for one in &whole.0 {
            let framed = frame(one).expect("what was framed can be framed");
            assert_eq!(frames(&framed, 3, lenient), (vec![one.clone()], None, (0, 0)));
        }
    }
}

/// The frames, why the stream ended if it was not sound, and how much of it was none.
fn frames(
    bytes: &[u8],
    piece: usize,
    lenient: bool,
) -> (Vec<Vec<u8>>, Option<Framing>, (u64, u64)) {
    let mut decoder = Decoder::new(40).lenient(lenient);
    let mut found = Vec::new();
    let mut fault = None;
    'stream: for mut piece in bytes.chunks(piece) {
        while !piece.is_empty() {
            match decoder.push(piece) {
                Ok((taken, one)) => {
                    piece = &piece[taken..];
                    found.extend(one);
                }
                Err(why) => {
                    fault = Some(why);
                    break 'stream;
                }
            }
        }
    }
    if fault.is_none() {
        match decoder.finish() {
            Ok(one) => found.extend(one),
            Err(why) => fault = Some(why),
        }
    }
    let counts = decoder.counts();
    assert_eq!(counts.frames, found.len() as u64);
    (found, fault, (counts.junk_bytes, counts.half_frames))
}

/// A text that goes into a leaf comes out of it, whatever parts the message; any leaf has a text.
/// The first byte says what parts it.
pub fn escapes(data: &[u8]) {
    let Some((how, bytes)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let delimiters = match how % 3 {
        0 => Delimiters::USUAL,
        1 => Delimiters { truncation: Some('#'), ..Delimiters::USUAL },
        _ => Delimiters { field: '.', component: '+', escape: '-', ..Delimiters::USUAL },
    };
    let _ = unescape(text, &delimiters);
    let raw = escape(text, &delimiters);
    let Delimiters { field, component, repetition, subcomponent, .. } = delimiters;
    assert!(!raw.contains([field, component, repetition, subcomponent]));
    assert!(!raw.contains(|c: char| c.is_control() && c != '\t'));
    let mut kept = String::new();
    let mut previous = '\0';
    for c in text.chars() {
        match c {
            '\n' if previous == '\r' => {}
            '\n' | '\r' => kept.push('\n'),
            '\t' => kept.push('\t'),
            c if c.is_control() => {}
            c => kept.push(c),
        }
        previous = c;
    }
    assert_eq!(unescape(&raw, &delimiters), kept);
}

/// A timestamp prints as one that reads the same.
pub fn timestamp(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(time) = text.parse::<Dtm>() {
        assert_eq!(time.to_string().parse(), Ok(time));
        assert!((1..=12).contains(&time.month.unwrap_or(1)));
        assert!((1..=31).contains(&time.day.unwrap_or(1)));
    }
}

/// A batch is taken apart into messages that are in it, one after the other, or refused; its answer
/// is a batch.
pub fn batch(data: &[u8]) {
    let limits = Limits { messages_max: 50, ..Limits::default() };
    let Some(Ok(found)) = loopgate_hl7v2::batch(data, &limits, Charset::UTF_8) else { return };
    assert!(found.messages.len() <= limits.messages_max);
    let inside: usize = found.messages.iter().map(|one| one.len()).sum();
    assert!(inside < data.len() && found.messages.iter().all(|one| one.starts_with(b"MSH")));
    let acks: Vec<Message> = found
        .messages
        .iter()
        .map(|one| {
            let message = read(one, &limits, Charset::UTF_8);
            let ack = Ack { code: AckCode::AA, errors: Vec::new(), expected: None };
            acknowledge(message.as_ref().ok(), &ack, &STAMP)
        })
        .collect();
    let answer = found.answer(&acks, &STAMP);
    let again = loopgate_hl7v2::batch(&answer, &limits, Charset::UTF_8);
    let again = again.expect("an answer is a batch").expect("an answer is sound");
    assert_eq!(again.messages.len(), acks.len());
}
