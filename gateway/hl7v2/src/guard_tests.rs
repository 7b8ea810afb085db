use proptest::prelude::*;

use super::*;
use crate::Field;

const MSH: &str = r"MSH|^~\&|EHR|HOSPA|LG|TOWN|20261120094000+0000||REF^I12^REF_I12|1|P|2.5.1";

fn text(lines: &[&str]) -> Vec<u8> {
    lines.join("\r").into_bytes()
}

fn sound(bytes: &[u8]) -> Message {
    super::read(bytes, &Limits::default(), Charset::UTF_8).unwrap()
}

/// What is wrong with it, and whether its sender can be answered.
fn check(bytes: &[u8]) -> (String, u16, bool) {
    let unsound = super::read(bytes, &Limits::default(), Charset::UTF_8).unwrap_err();
    (unsound.flaw.to_string(), unsound.flaw.code.number(), unsound.header.is_some())
}

#[test]
fn a_message_is_a_tree_of_raw_texts() {
    let message = sound(&text(&[MSH, "PID|1||A^^^HOSPA&1.2&ISO^MR~B||O'Hara\\T\\Co^Eve", "NTE"]));
    let names: Vec<&str> = message.segments.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["MSH", "PID", "NTE"]);
    let pid = &message.segments[1].fields;
    assert_eq!(pid[1], Field::default());
    assert_eq!(pid[2].0.len(), 2);
    assert_eq!(pid[2].0[0].0[3].0, ["HOSPA", "1.2", "ISO"]);
    assert_eq!(pid[4].0[0].0[0].0, ["O'Hara\\T\\Co"]);
    assert_eq!(message.segments[0].fields[1].0[0].0[0].0, ["^~\\&"]);
}

#[test]
fn every_line_end_and_a_byte_order_mark_read_the_same() {
    let plain = sound(&text(&[MSH, "PID|1"]));
    for other in ["\n", "\r\n"] {
        let lines = format!("\u{feff}{MSH}{other}PID|1{other}{other}");
        assert_eq!(sound(lines.as_bytes()), plain);
    }
    assert_eq!(sound(format!("{MSH}\rPID|1\r\r \r").as_bytes()), plain);
}

#[test]
fn other_delimiters_are_obeyed() {
    let message = sound(b"MSH#*%!?#EHR#A*B?C%D");
    assert_eq!(message.segments[0].fields[3].0.len(), 2);
    assert_eq!(message.segments[0].fields[3].0[0].0[1].0, ["B", "C"]);
    let newer = sound(br"MSH|^~\&#|EHR|HOSPA");
    assert_eq!(newer.delimiters.truncation, Some('#'));
    assert_eq!(newer.segments[0].fields[2].0[0].0[0].0, ["EHR"]);
}

#[test]
fn what_is_not_one_message_is_refused_in_words() {
    let cases: &[(&[&str], &str, u16)] = &[
        (&["PID|1"], "the message does not begin with MSH", 100),
        (&["", MSH], "the message does not begin with MSH", 100),
        (&[MSH, "", "PID|1"], "an empty line is between two segments", 100),
        (&[MSH, " PID|1"], "a line does not begin with a segment name", 100),
        (&[MSH, "pid|1"], "a line does not begin with a segment name", 100),
        (&[MSH, "PI|1"], "a line does not begin with a segment name", 100),
        (&[MSH, "PIDX|1"], "a line does not begin with a segment name", 100),
        (&[MSH, "NTE|1||a wrapped", "line"], "a line does not begin with a segment name", 100),
        (&[MSH, "PÄ|1"], "a line does not begin with a segment name", 100),
        (&[MSH, "PID|1", MSH], "another header is inside the message", 100),
        (&[MSH, "BTS|1"], "another header is inside the message", 100),
        (&[MSH, "NTE|1||a\u{b}b"], "a control character is in the message", 102),
        (&[MSH, "NTE|1||a\u{85}b"], "a control character is in the message", 102),
        (&[MSH, "NTE|1||a\0b"], "a control character is in the message", 102),
        (&[r"MSHA^~\&|"], "MSH-1 is not a sign", 102),
        (&["MSH"], "MSH-1 is not a sign", 102),
        (&[r"MSH|^~|"], "MSH-2 is not four or five different signs", 102),
        (&[r"MSH|^^\&|"], "MSH-2 is not four or five different signs", 102),
        (&[r"MSH|^~\A|"], "MSH-2 is not four or five different signs", 102),
        (&[r"MSH|^~\&#!|"], "MSH-2 is not four or five different signs", 102),
    ];
    for (lines, words, number) in cases {
        let (found, code, _) = check(&text(lines));
        assert_eq!((found.as_str(), code), (*words, *number), "{lines:?}");
    }
    assert_eq!(check(b"FHS|^~\\&|").1, 200);
    assert_eq!(check(b"").1, 100);
}

#[test]
fn whom_to_answer_is_known_even_so() {
    assert!(check(&text(&[MSH, "", "PID|1"])).2);
    assert!(!check(b"PID|1").2);
    // In its characters, where they are known, so that it can be answered in its name.
    let latin = [b"MSH|^~\\&|EHR|M\xfcnchen|LG|TOWN|2026||ADT^A08|1|P|2.5.1", &b"\r?"[..]].concat();
    let facility = |charset| {
        let header = super::read(&latin, &Limits::default(), charset).unwrap_err().header;
        header.map(|header| header.segments[0].fields[3].0[0].0[0].0[0].to_string())
    };
    assert_eq!(facility(Charset::Of(encoding_rs::WINDOWS_1252)).as_deref(), Some("München"));
    assert_eq!(facility(Charset::UTF_8), None);
    let header = super::read(&text(&[MSH, "?"]), &Limits::default(), Charset::UTF_8);
    let header = header.unwrap_err().header.unwrap();
    assert_eq!(header.segments.len(), 1);
    assert_eq!(header.segments[0].fields[9].0[0].0[0].0, ["1"]);
}

#[test]
fn characters_are_those_that_msh_18_names_or_the_message_is_refused() {
    let with = |charset: &str, name: &[u8]| {
        [format!("{MSH}||||||{charset}\rPID|1||||").as_bytes(), name].concat()
    };
    let name = |bytes: &[u8]| sound(bytes).segments[1].fields[4].0[0].0[0].0[0].clone();
    assert_eq!(name(&with("8859/1", b"M\xfcller")), "Müller");
    assert_eq!(name(&with("UNICODE UTF-8", "Müller".as_bytes())), "Müller");
    assert_eq!(name(&with("", "Müller".as_bytes())), "Müller");
    let wrong = |charset: &str, name: &[u8]| check(&with(charset, name)).0;
    assert_eq!(wrong("UTF-8", b"M\xfcller"), "MSH-18 does not name the characters of this message");
    assert_eq!(wrong("ASCII", b"M\xfcller"), wrong("", b"M\xfcller"));
    assert_eq!(wrong("ISO IR87", b"x"), "MSH-18 names a character set that is not read here");
    assert_eq!(wrong("ASCII~8859/1", b"x"), "MSH-18 names more than one character set");
    assert!(check(b"\xff\xfeM\0S\0H\0").0.starts_with("the message does not begin"));
}

#[test]
fn every_limit_holds() {
    let limits = Limits {
        message_bytes_max: 300,
        segments_max: 3,
        fields_max: 30,
        delimiters_max: 60,
        ..Limits::default()
    };
    let check = |lines: &[&str]| {
        let found = super::read(&text(lines), &limits, Charset::UTF_8);
        found.map_err(|unsound| (unsound.flaw.words.into_owned(), unsound.flaw.code.number()))
    };
    assert!(check(&[MSH, "NTE|1", "NTE|2"]).is_ok());
    let refused = |words: &str| Err((words.to_owned(), 104));
    let crowded = || refused("the message has too many segments or delimiters");
    assert_eq!(check(&[MSH, "NTE|1", "NTE|2", "NTE|3"]).map(drop), crowded());
    assert_eq!(check(&[MSH, &format!("NTE{}", "|^~&".repeat(12))]).map(drop), crowded());
    let long = "|".repeat(31);
    let fields = check(&[MSH, &format!("NTE{long}")]).map(drop);
    assert_eq!(fields, refused("a segment has too many fields"));
    let bytes = check(&[MSH, &"N".repeat(300)]).map(drop);
    assert_eq!(bytes, refused("the message is over the limit"));
}

proptest! {
    #[test]
    fn a_message_prints_as_it_was_read(
        segments in prop::collection::vec("[A-Z][A-Z0-9]{2}(\\|[a-zé^~&\\\\ \"]{0,12}){0,8}", 0..8),
    ) {
        let mut lines = vec![MSH.to_owned()];
        let others = segments.into_iter().filter(|one| !["MSH", "FHS", "BHS", "BTS", "FTS"].contains(&&one[..3]));
        lines.extend(others.map(|one| one.trim_end_matches([' ', '\t']).to_owned()));
        let text = lines.join("\r") + "\r";
        prop_assert_eq!(sound(text.as_bytes()).print(), text);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), msh in any::<bool>()) {
        let start: &[u8] = if msh { MSH.as_bytes() } else { b"" };
        let _ = super::read(&[start, &bytes].concat(), &Limits::default(), Charset::UTF_8);
    }
}
