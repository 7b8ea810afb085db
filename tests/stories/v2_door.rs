//! What the HL7 v2 door refuses it refuses in HL7's words, whole, and says no value of the message.

use loopgate_hl7v2::frame;

use crate::harness::{Gateway, field, msh, referral_v2};

/// What an answer says: MSA-1, ERR-2, the number of ERR-3.
fn said(ack: &str) -> (String, String, String) {
    let number = field(ack, "ERR", 3).split('^').next().unwrap_or_default().to_owned();
    // Before 2.5 ERR has one field, and the number is in its fourth component.
    let old = field(ack, "ERR", 1);
    let old = old.split('^').nth(3).and_then(|code| code.split('&').next()).unwrap_or_default();
    let number = if number.is_empty() { old.to_owned() } else { number };
    (field(ack, "MSA", 1), field(ack, "ERR", 2), number)
}

#[test]
fn every_refusal_says_where_and_why() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let sound = referral_v2("MSG-1", "", "RA-1", "A-99871");
    let before = gateway.kinds().len();
    let swap = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        sound.replacen(from, to, 1)
    };
    for (message, code, at, number) in [
        (swap("|REF^I12^REF_I12|", "|DFT^P03^DFT_P03|"), "AR", "MSH^1^9", "200"),
        (swap("|REF^I12^REF_I12|", "|REF^I16^REF_I12|"), "AR", "MSH^1^9", "201"),
        (swap("|T|2.5.1", "|P|2.5.1"), "AR", "MSH^1^11", "202"),
        (swap("|T|2.5.1", "|T|3"), "AR", "MSH^1^12", "203"),
        (swap("|MSG-1|", "||"), "AE", "MSH^1^10", "101"),
        (swap("|EHR|", "|OTHER|"), "AE", "MSH^1^3", "103"),
        (swap("|HOSPA|", "|HOSPB|"), "AE", "MSH^1^4", "103"),
        (swap("RA-1^HOSPA", ""), "AE", "RF1^1^6^1^1", "101"),
        (swap("food-insecurity", ""), "AE", "RF1^1^3^1^1", "101"),
        (swap("NPI^^^^pantry", "NPI^^^^nobody"), "AE", "PRD^1^10^1^10", "103"),
        (swap("A-99871^^^HOSPA", ""), "AE", "PID^1^3^1^1", "101"),
        (swap("PID|", "\rPID|"), "AR", "", "100"),
        (format!("{sound}{sound}"), "AR", "", "100"),
    ] {
        let ack = engine.send(&message);
        assert_eq!(said(&ack), (code.into(), at.into(), number.into()), "{ack}");
        for value in ["Maria", "Lindqvist", "19880402", "0142", "nobody", "HOSPB"] {
            let echoed = message.lines().next().unwrap_or_default().contains(value);
            assert!(echoed || !ack.contains(value), "{value} is in {ack}");
        }
    }
    // In enhanced mode the same is said as an accept acknowledgement.
    let enhanced = referral_v2("MSG-2", "AL|AL", "RA-1", "").replace("^^^HOSPA||", "||");
    assert_eq!(said(&engine.send(&enhanced)).0, "CE");
    assert!(gateway.party("pantry").inbox().is_empty());
    let after = gateway.kinds();
    let stored = ["resource.stored", "message.heard", "referral.received"];
    assert!(after[before..].iter().all(|kind| !stored.contains(&kind.as_str())), "{after:?}");
    gateway.stop();
}

#[test]
fn acknowledgements_come_as_they_are_asked_for() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let frames = |messages: &[String]| -> Vec<u8> {
        messages.iter().flat_map(|one| frame(one.as_bytes()).unwrap()).collect()
    };
    // MSH-15, MSH-16; what comes back for a sound message, and for a broken one.
    for (n, (modes, sound, broken)) in [
        ("", "AA", "AE"),
        ("AL|NE", "CA", "CE"),
        ("NE|NE", "", ""),
        ("ER|NE", "", "CE"),
        ("SU|NE", "CA", ""),
        ("NE|AL", "", "AE"),
    ]
    .into_iter()
    .enumerate()
    {
        let good = referral_v2(&format!("G-{n}"), modes, &format!("RA-{n}"), "A-99871");
        let bad = referral_v2(&format!("B-{n}"), modes, "", "A-99871");
        let codes: Vec<String> = engine
            .bytes(&frames(&[good, bad]), 0)
            .iter()
            .map(|ack| format!("{}={}", field(ack, "MSA", 2), field(ack, "MSA", 1)))
            .collect();
        let expected =
            [("G", sound), ("B", broken)].into_iter().filter(|(_, code)| !code.is_empty());
        let expected: Vec<String> = expected.map(|(id, code)| format!("{id}-{n}={code}")).collect();
        assert_eq!(codes, expected, "{modes}");
    }
    assert_eq!(gateway.party("pantry").inbox().len(), 6);
    // Only the one that asked for it got an application answer.
    assert_eq!(field(&inbox.next(), "MSA", 2), "G-5");
    assert!(inbox.waiting().is_empty());
    // An acknowledgement is not acknowledged.
    let ack = format!("{}MSA|AA|1\r", msh("ACK", "X", ""));
    assert!(engine.bytes(&frames(&[ack]), 0).is_empty());
    gateway.stop();
}

#[test]
fn nothing_is_processed_of_a_stream_that_is_not_frames() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let framed =
        |control: &str| frame(referral_v2(control, "", control, "A-99871").as_bytes()).unwrap();
    let whole = framed("A");
    // Half a frame is nothing. A frame in a frame, bytes between frames, a frame over the limit: what
    // was whole before is answered, and then why nobody listens any more.
    assert!(engine.bytes(&whole[..whole.len() - 2], 0).is_empty());
    let ends = |bytes: &[u8]| -> Vec<(String, String, String)> {
        let codes =
            |ack: &String| (field(ack, "MSA", 1), field(ack, "MSA", 2), field(ack, "ERR", 8));
        engine.bytes(bytes, 0).iter().map(codes).collect()
    };
    let end = |id: &str, words: &str| ("AR".to_owned(), id.to_owned(), words.to_owned());
    let nested = [&whole[..200], &whole[..]].concat();
    assert_eq!(ends(&nested), [end("A", "a frame begins inside a frame")]);
    let junk = [&framed("B")[..], b"GET / HTTP/1.1\r\n", &whole[..]].concat();
    let answers = ends(&junk);
    assert_eq!((answers.len(), answers[0].0.as_str()), (2, "AA"));
    assert_eq!(answers[1], end("", "bytes are outside any frame"));
    let long = referral_v2("L", "", "L", "A-99871")
        .replace("NK1|1|", &format!("NTE|1||{}\rNK1|1|", "x".repeat(9 << 20)));
    assert_eq!(ends(&frame(long.as_bytes()).unwrap()), [end("L", "a frame is over the limit")]);
    // Several frames at once are several messages, answered in order.
    let both = [framed("C"), framed("D")].concat();
    let answers: Vec<String> =
        engine.bytes(&both, 2).iter().map(|ack| field(ack, "MSA", 2)).collect();
    assert_eq!(answers, ["C", "D"]);
    assert_eq!(gateway.party("pantry").inbox().len(), 3);
    // A partner without a link, and one that is no partner, get no word.
    let sound = referral_v2("E", "", "E", "A-99871");
    let clinic = gateway.engine("clinic-b").send(&sound);
    assert_eq!(said(&clinic), ("AE".into(), String::new(), "207".into()));
    gateway.stop();
}

#[test]
fn every_message_of_the_corpus_is_answered_and_none_is_half_processed() {
    let Some(corpus) = std::env::var_os("LOOPGATE_CORPUS") else {
        return crate::harness::skipped("LOOPGATE_CORPUS is not set");
    };
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    let before = gateway.kinds();
    let mut files = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(corpus).join("hl7v2")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "hl7") {
                files.push(path);
            }
        }
    }
    files.sort();
    assert!(files.len() > 300);
    let mut answered = 0;
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        // Of a batch, the first message's.
        let mut lines = text.trim_start_matches('\u{feff}').split(['\r', '\n']);
        let head = lines.find(|line| line.starts_with("MSH")).unwrap_or_default().to_owned();
        let fields: Vec<&str> = head.split('|').collect();
        // Nobody in the corpus speaks for this link: what is well-formed is refused for that, and
        // none of it is kept.
        let silent = fields.get(8).is_some_and(|kind| kind.starts_with("ACK"))
            || text.split(['\r', '\n']).any(|line| line.starts_with("MSA|"))
            || (fields.get(14), fields.get(15)) == (Some(&"NE"), Some(&"NE"))
            || (fields.get(14) == Some(&"NE") && fields.get(15).is_none_or(|mode| mode.is_empty()))
            || (fields.get(14).is_none_or(|mode| mode.is_empty()) && fields.get(15) == Some(&"NE"))
            || (fields.get(14) == Some(&"SU") && fields.get(15) != Some(&"AL"));
        let Ok(framed) = frame(&bytes) else { continue };
        let answers = engine.bytes(&framed, if silent { 0 } else { 1 });
        if silent && answers.is_empty() {
            continue;
        }
        assert_eq!(answers.len(), 1, "{}", file.display());
        let (code, _, number) = said(&answers[0]);
        assert!(["AE", "AR", "CE", "CR"].contains(&code.as_str()), "{}: {code}", file.display());
        let rejects = ["200", "201", "202", "203"].contains(&number.as_str());
        assert!(!number.is_empty() && (!rejects || code.ends_with('R')), "{}", file.display());
        answered += 1;
    }
    assert!(answered > 200, "{answered}");
    let kept = |kinds: &[String]| kinds.iter().filter(|kind| *kind != "phi.denied").count();
    assert_eq!(kept(&gateway.kinds()), kept(&before));
    gateway.stop();
}
