//! What acknowledgements and envelopes look like, by version.

use super::*;
use crate::{AckMode, Limits};

const STAMP: Stamp<'_> = Stamp {
    application: "LOOPGATE",
    facility: "TOWN",
    time: "20261120094001+0000",
    control_id: "L1",
};

fn read(text: &str) -> Message {
    crate::read(text.as_bytes(), &Limits::default(), Charset::UTF_8).unwrap()
}

fn inbound(version: &str) -> Message {
    let msh =
        r"MSH|^~\&|EHR|HOSPA^1.2^ISO|LG|TOWN^9&x|20261120094000+0000||REF^I12^REF_I12|A\T\1|T|";
    read(&format!("{msh}{version}\rRF1|P"))
}

fn lines(message: &Message) -> Vec<String> {
    message.print().split('\r').map(str::to_owned).collect()
}

#[test]
fn a_positive_acknowledgement_turns_the_header_round_and_echoes_the_control_id() {
    let ack = Ack { code: AckCode::CA, errors: Vec::new(), expected: None };
    assert_eq!(
        lines(&acknowledge(Some(&inbound("2.5.1")), &ack, &STAMP)),
        [
            r"MSH|^~\&|LG|TOWN^9&x|EHR|HOSPA^1.2^ISO|20261120094001+0000||ACK^I12^ACK|L1|T|2.5.1||||||UNICODE UTF-8",
            r"MSA|CA|A\T\1",
            "",
        ]
    );
}

#[test]
fn errors_say_where_and_in_words() {
    let place = Place { component: Some(1), ..Place::field("RF1", 6) };
    let flaw = Flaw::at(ErrorCode::RequiredFieldMissing, place, "is empty");
    let whole = Flaw::whole(ErrorCode::SegmentSequence, "a & b");
    let errors = vec![(Severity::Error, flaw), (Severity::Information, whole)];
    let ack = Ack { code: AckCode::AE, errors, expected: None };
    let found = lines(&acknowledge(Some(&inbound("2.5.1")), &ack, &STAMP));
    assert_eq!(
        found[1..],
        [
            r"MSA|AE|A\T\1|RF1-6.1 is empty",
            "ERR||RF1^1^6^1^1|101^Required field missing^HL70357|E||||RF1-6.1 is empty",
            r"ERR|||100^Segment sequence error^HL70357|I||||a \T\ b",
            "",
        ]
    );
    // Before 2.5 ERR had one field.
    let found = lines(&acknowledge(Some(&inbound("2.3.1")), &ack, &STAMP));
    assert_eq!(
        found[2],
        "ERR|RF1^1^6^101&Required field missing&HL70357~^^^100&Segment sequence error&HL70357"
    );
}

#[test]
fn what_could_not_be_read_is_answered_all_the_same() {
    let flaw = Flaw::whole(ErrorCode::SegmentSequence, "no MSH");
    let ack = Ack { code: AckCode::AR, errors: vec![(Severity::Error, flaw)], expected: None };
    let found = lines(&acknowledge(None, &ack, &STAMP));
    assert_eq!(
        found[0],
        r"MSH|^~\&|LOOPGATE|TOWN|||20261120094001+0000||ACK^^ACK|L1|P|2.5.1||||||UNICODE UTF-8"
    );
    assert_eq!(found[1], "MSA|AR||no MSH");
}

#[test]
fn the_code_follows_from_the_worst_error_and_the_kind_of_acknowledgement() {
    use ErrorCode::{DuplicateKeyIdentifier, UnsupportedVersionId};
    assert_eq!(AckCode::of(true, None), AckCode::CA);
    assert_eq!(AckCode::of(false, None), AckCode::AA);
    assert_eq!(AckCode::of(true, Some(DuplicateKeyIdentifier)), AckCode::CE);
    assert_eq!(AckCode::of(false, Some(UnsupportedVersionId)), AckCode::AR);
    assert_eq!(AckCode::parse("AE"), Some(AckCode::AE));
    assert_eq!(AckCode::parse("XX"), None);
}

#[test]
fn an_envelope_of_ours_reads_back() {
    let kind = ["RRI", "I12", "RRI_I12"];
    let to = ("EHR", "A|B");
    let plain = Envelope { to, kind, processing: "T", ..Envelope::default() };
    let print = |envelope: &Envelope<'_>| {
        let segments = vec![super::envelope(envelope, &STAMP), msa(AckCode::AA, "7")];
        Message { delimiters: Delimiters::USUAL, segments }.print()
    };
    let again = read(&print(&plain));
    let header = crate::Header::of(&again).unwrap();
    assert_eq!((header.code.as_str(), header.event.as_str()), ("RRI", "I12"));
    assert_eq!(header.application, "LOOPGATE");
    let (accept, application) = (Wanted::Always, Wanted::Never);
    assert_eq!(header.mode, AckMode::Enhanced { accept, application });
    assert!(print(&plain).contains(r"|EHR|A\F\B|"));
    assert_eq!(again.msa(), Some(("AA", "7")));
    let accept = Some(Wanted::Never);
    let full = Envelope { accept, profile: Some("360X"), sequence: Some(42), ..plain };
    let header = crate::Header::of(&read(&print(&full))).unwrap();
    assert_eq!((header.sequence, header.profiles.as_slice()), (Some(42), &["360X".to_owned()][..]));
    let original = Envelope { accept: None, application: None, ..plain };
    assert_eq!(crate::Header::of(&read(&print(&original))).unwrap().mode, AckMode::Original);
}

/// MSH of an envelope that says all it can, from MSH-9 on.
fn full(version: &str) -> String {
    let kind = ["OSU", "O51", "OSU_O51"];
    let (profile, sequence) = (Some("360X"), Some(1));
    let envelope =
        Envelope { kind, version, profile, sequence, processing: "P", ..Envelope::default() };
    let message = Message {
        delimiters: Delimiters::USUAL,
        segments: vec![super::envelope(&envelope, &STAMP)],
    };
    message.print().trim_end().splitn(9, '|').last().unwrap().to_owned()
}

#[test]
fn what_a_version_has_no_field_for_is_not_written() {
    assert_eq!(full("2.1"), "OSU|L1|P|2.1|1");
    assert_eq!(full("2.2"), "OSU^O51|L1|P|2.2|1||AL|NE");
    assert_eq!(full("2.3"), "OSU^O51|L1|P|2.3|1||AL|NE||UNICODE UTF-8");
    assert_eq!(full("2.3.1"), "OSU^O51^OSU_O51|L1|P|2.3.1|1||AL|NE||UNICODE UTF-8");
    assert_eq!(full("2.4"), "OSU^O51^OSU_O51|L1|P|2.4|1||AL|NE||UNICODE UTF-8|||360X");
    assert_eq!(full("2.9"), full("2.4").replace("2.4", "2.9"));
}

#[test]
fn an_acknowledgement_is_of_the_version_of_what_it_answers() {
    let flaw = Flaw::at(ErrorCode::RequiredFieldMissing, Place::field("PID", 3), "is empty");
    let errors = vec![(Severity::Error, flaw)];
    let ack = Ack { code: AckCode::AE, errors, expected: Some(7) };
    let written = |version: &str| {
        let found = lines(&acknowledge(Some(&inbound(version)), &ack, &STAMP));
        let kind = found[0].split('|').nth(8).unwrap().to_owned();
        let charset = found[0].contains("UNICODE");
        (kind, charset, found[1].clone(), found[2].clone())
    };
    let error = "ERR||PID^1^3|101^Required field missing^HL70357|E||||PID-3 is empty".to_owned();
    let msa = r"MSA|AE|A\T\1|PID-3 is empty|7".to_owned();
    let number = "ERR|PID^1^3^101".to_owned();
    let coded = "ERR|PID^1^3^101&Required field missing&HL70357".to_owned();
    let whole = "ACK^I12^ACK".to_owned();
    assert_eq!(written("2.1"), ("ACK".to_owned(), false, msa.clone(), number.clone()));
    assert_eq!(written("2.2"), ("ACK^I12".to_owned(), false, msa.clone(), number));
    assert_eq!(written("2.3"), ("ACK^I12".to_owned(), true, msa.clone(), coded.clone()));
    assert_eq!(written("2.4"), (whole.clone(), true, msa.clone(), coded));
    assert_eq!(written("2.6"), (whole.clone(), true, msa, error.clone()));
    // MSA-3 was withdrawn.
    assert_eq!(written("2.7"), (whole, true, r"MSA|AE|A\T\1||7".to_owned(), error));
}
