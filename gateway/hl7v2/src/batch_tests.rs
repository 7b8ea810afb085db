//! Batches: what the standard allows is taken apart, what it does not is refused in words.

use proptest::prelude::*;

use super::*;
use crate::{Ack, AckCode, acknowledge};

const FHS: &str = r"FHS|^~\&|EHR|HOSPA|LG|TOWN|20261120||x.hl7||F7";
const BHS: &str = r"BHS|^~\&|EHR|HOSPA^1.2^ISO|LG|TOWN|20261120||||B7";
const STAMP: Stamp<'_> =
    Stamp { application: "LOOPGATE", facility: "TO|WN", time: "2026", control_id: "L1" };

/// A message that is told from others by its control id.
fn msh(id: &str) -> String {
    format!(r"MSH|^~\&|EHR|HOSPA|LG|TOWN|20261120||ADT^A08|{id}|P|2.5.1")
}

fn text(lines: &[&str]) -> Vec<u8> {
    lines.join("\r").into_bytes()
}

fn take(bytes: &[u8]) -> Result<Batch<'_>, Flaw> {
    batch(bytes, &Limits::default(), Charset::UTF_8).unwrap()
}

/// The control ids of the messages, each of which reads whole.
fn ids(bytes: &[u8]) -> Vec<String> {
    let found = take(bytes).unwrap_or_else(|flaw| panic!("{flaw}"));
    let read = |one: &&[u8]| crate::read(one, &Limits::default(), Charset::UTF_8).unwrap();
    found.messages.iter().map(|one| read(one).control_id().unwrap().to_owned()).collect()
}

#[test]
fn every_shape_that_the_standard_allows() {
    let (one, two, three) = (&*msh("1"), &*msh("2"), &*msh("3"));
    for (lines, expected) in [
        (&[BHS, one, "PID|1", two, "PID|2", "BTS|2"][..], &["1", "2"][..]),
        (&[FHS, BHS, one, "PID|1", "BTS|1", "FTS|1"], &["1"]),
        (&[FHS, BHS, one, "BTS|1", BHS, two, three, "BTS|2", "FTS|2"], &["1", "2", "3"]),
        // Trailers, and the counts in them, may be missing.
        (&[BHS, one, two], &["1", "2"]),
        (&[BHS, one, "BTS"], &["1"]),
        (&[BHS, one, "BTS||a comment"], &["1"]),
        (&[BHS, one, "BTS|\"\""], &["1"]),
        (&[FHS, BHS, one, BHS, two, "FTS|2"], &["1", "2"]),
        (&[FHS, BHS, one, "BTS|1"], &["1"]),
        // So may BHS in a file; whether that is a batch is not said.
        (&[FHS, one, two, "FTS|1"], &["1", "2"]),
        (&[FHS, one, two, "FTS|0"], &["1", "2"]),
        (&[FHS, BHS, one, "BTS|1", two, "FTS|2"], &["1", "2"]),
        // And so may messages.
        (&[BHS, "BTS|0"], &[]),
        (&[FHS, "FTS|0"], &[]),
        (&[FHS], &[]),
        (&[BHS, one, "", "BTS|1", "", ""], &["1"]),
    ] {
        assert_eq!(ids(&text(lines)), expected, "{lines:?}");
    }
}

#[test]
fn every_line_end_and_a_byte_order_mark_read_the_same() {
    for end in ["\r", "\n", "\r\n"] {
        let lines = [BHS, &msh("1"), "PID|1", &msh("2"), "BTS|2", ""].join(end);
        assert_eq!(ids(format!("\u{feff}{lines}").as_bytes()), ["1", "2"], "{end:?}");
    }
}

#[test]
fn a_message_alone_is_no_batch() {
    let none = |bytes: &[u8]| batch(bytes, &Limits::default(), Charset::UTF_8).is_none();
    assert!(none(msh("1").as_bytes()) && none(b"") && none(b" BHS|^~\\&|") && none(b"BTS|1"));
}

#[test]
fn what_the_standard_does_not_allow_is_refused_in_words() {
    let (one, two) = (&*msh("1"), &*msh("2"));
    let outside = "a line of the batch is outside any message";
    for (lines, words, code) in [
        (&[BHS, one, "BTS|2"][..], "BTS-1 is not how many messages the batch has", 100),
        (
            &[FHS, BHS, one, "BTS|1", BHS, "BTS|1"],
            "BTS[2]-1 is not how many messages the batch has",
            100,
        ),
        (&[BHS, one, "BTS|one"], "BTS-1 is not a number", 102),
        (&[BHS, one, "BTS|-1"], "BTS-1 is not a number", 102),
        (&[FHS, BHS, one, "FTS|2"], "FTS-1 is not how many batches the file has", 100),
        (&[FHS, BHS, one, "BTS|1", "FTS|1", BHS], "something follows FTS", 100),
        (&[FHS, BHS, one, "BTS|1", "FTS|1", "bye"], "something follows FTS", 100),
        (&[BHS, one, "BTS|1", "bye"], outside, 100),
        (&[BHS, one, "BTS|1", two], "a message follows BTS", 100),
        (&[BHS, "hello", one], outside, 100),
        (&[FHS, "PID|1"], outside, 100),
        (&[FHS, BHS, one, FHS], "another FHS is inside the batch", 100),
        (&[BHS, one, "FTS|1"], "FTS ends no file", 100),
        (&[FHS, one, "BTS|1"], "BTS ends no batch", 100),
        (&[BHS, one, "BTS|1", "BTS|1"], "BTS ends no batch", 100),
        (&["BHS|^~|EHR"], "BHS-2 is not four or five different signs", 102),
        (&["FHS"], "FHS-1 is not a sign", 102),
        (&["BHS|^~\\&|a\u{1}"], "a control character is in the batch", 102),
    ] {
        let flaw = take(&text(lines)).unwrap_err();
        assert_eq!((flaw.to_string().as_str(), flaw.code.number()), (words, code), "{lines:?}");
    }
    let latin = take(b"BHS|^~\\&|M\xfcller").unwrap_err().to_string();
    assert_eq!(latin, "a header of the batch is not in the character set of this link");
}

#[test]
fn each_message_has_its_own_signs_and_characters() {
    let other = "MSH#*%!?#EHR#HOSPA#LG#TOWN#2026##ADT*A08#2#P#2.5.1######8859/1\rPID#BTS|1#M\u{fc}";
    let lines = [BHS, &msh("1"), other, "BTS|2"].join("\r");
    let bytes: Vec<u8> = lines.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert_eq!(ids(&bytes), ["1", "2"]);
}

#[test]
fn a_line_that_only_looks_like_a_trailer_stays_in_its_message() {
    let bytes = text(&[BHS, &msh("1"), "BTSX|1", "FTS#1", &msh("2"), "BTS|2"]);
    let found = take(&bytes).unwrap();
    assert_eq!(found.messages.len(), 2);
    assert_eq!(found.messages[0], text(&[&msh("1"), "BTSX|1", "FTS#1", ""]));
}

#[test]
fn a_batch_has_limits() {
    let many: Vec<String> = (0..4).map(|n| msh(&n.to_string())).collect();
    let lines = [&[BHS.to_owned()], &many[..]].concat().join("\r");
    let limits = |messages_max, message_bytes_max| {
        let limits = Limits { messages_max, message_bytes_max, ..Limits::default() };
        let found = batch(lines.as_bytes(), &limits, Charset::UTF_8).unwrap();
        found.map(|found| found.messages.len()).map_err(|flaw| flaw.to_string())
    };
    assert_eq!(limits(4, lines.len()), Ok(4));
    assert_eq!(limits(3, lines.len()), Err("the batch has more than 3 messages".to_owned()));
    assert_eq!(limits(4, lines.len() - 1), Err("the batch is over the limit".to_owned()));
}

fn answer(lines: &[&str]) -> Vec<String> {
    let bytes = text(lines);
    let found = take(&bytes).unwrap();
    let acks: Vec<Message> = found
        .messages
        .iter()
        .map(|one| {
            let message = crate::read(one, &Limits::default(), Charset::UTF_8).unwrap();
            let ack = Ack { code: AckCode::AA, errors: Vec::new(), expected: None };
            acknowledge(Some(&message), &ack, &STAMP)
        })
        .collect();
    let answer = found.answer(&acks, &STAMP);
    assert_eq!(take(&answer).unwrap().messages.len(), acks.len());
    String::from_utf8(answer).unwrap().split('\r').map(str::to_owned).collect()
}

#[test]
fn the_answer_is_a_batch_that_names_the_one_it_answers() {
    let found = answer(&[BHS, &msh("1"), &msh("2"), "BTS|2"]);
    let ack = r"MSH|^~\&|LG|TOWN|EHR|HOSPA|2026||ACK^A08^ACK|L1|P|2.5.1||||||UNICODE UTF-8";
    assert_eq!(
        found,
        [
            r"BHS|^~\&|LG|TOWN|EHR|HOSPA^1.2^ISO|2026||||L1|B7",
            ack,
            "MSA|AA|1",
            ack,
            "MSA|AA|2",
            "BTS|2",
            "",
        ]
    );
}

#[test]
fn a_file_is_answered_by_a_file() {
    let found =
        answer(&["FHS#*%!?#EHR", BHS, &msh("1"), "BTS|1", BHS, &msh("2"), "BTS|1", "FTS#2"]);
    assert_eq!(found[0], "FHS#*%!?#LOOPGATE#TO|WN#EHR##2026####L1");
    // One batch answers both, so it names neither.
    assert_eq!(found[1], r"BHS|^~\&|LG|TOWN|EHR|HOSPA^1.2^ISO|2026||||L1");
    assert_eq!(found[found.len() - 3..], ["BTS|2", "FTS#1", ""]);
    let found = answer(&[r"BHS|^~\&|EHR"]);
    assert_eq!(found, [r"BHS|^~\&|LOOPGATE|TO\F\WN|EHR||2026||||L1", "BTS|0", ""]);
}

proptest! {
    #[test]
    fn no_bytes_panic_and_nothing_of_a_message_is_lost(
        lines in prop::collection::vec(
            prop_oneof![
                Just(FHS.to_owned()), Just(BHS.to_owned()), Just(msh("1")), Just("BTS|1".to_owned()),
                Just("FTS|1".to_owned()), Just(String::new()), "[A-Z]{3}\\|[a-z|]{0,9}", "\\PC{0,9}",
            ],
            0..12,
        ),
        end in prop_oneof![Just("\r"), Just("\n"), Just("\r\n")],
    ) {
        let bytes = lines.join(end).into_bytes();
        if let Some(Ok(found)) = batch(&bytes, &Limits::default(), Charset::UTF_8) {
            let headers = lines.iter().filter(|line| line.starts_with("MSH")).count();
            prop_assert_eq!(found.messages.len(), headers);
            let kept: usize = found.messages.iter().map(|one| one.len()).sum();
            let around = |line: &&String| ["FHS", "BHS", "BTS", "FTS"].iter().any(|name| line.starts_with(name));
            let outside: usize = lines.iter().filter(around).map(String::len).sum();
            let ends = end.len() * lines.len();
            let blank: usize = lines.iter().filter(|line| line.trim().is_empty()).map(String::len).sum();
            prop_assert!(kept + outside + ends + blank >= bytes.len());
        }
    }
}
