//! Laws of reading and printing, over messages of every structure, sign, character set and line end.

use proptest::prelude::*;

use crate::testing::{Choices, Made};
use crate::{
    Ack, AckCode, Charset, Delimiters, ErrorCode, Flaw, Header, Limits, Message, Place, Severity,
    Stamp, acknowledge, batch, escape, frame, read, unescape,
};

/// A message that the standard allows.
fn made() -> impl Strategy<Value = Made> {
    let choices = prop::collection::vec(any::<u8>(), 0..1500);
    choices.prop_map(|bytes| Made::of(&mut Choices(&bytes), false))
}

fn sound(bytes: &[u8]) -> Message {
    read(bytes, &Limits::default(), Charset::UTF_8).unwrap_or_else(|no| panic!("{}", no.flaw))
}

/// What the standard says a field holds, said without the reader: repetitions, components,
/// subcomponents.
fn tree(text: &str, signs: &[char]) -> Vec<Vec<Vec<String>>> {
    if text.is_empty() {
        return Vec::new();
    }
    let leaves = |one: &str| one.split(signs[4]).map(str::to_owned).collect();
    let components = |one: &str| one.split(signs[1]).map(leaves).collect();
    text.split(signs[2]).map(components).collect()
}

fn found(field: &crate::Field) -> Vec<Vec<Vec<String>>> {
    let leaves = |one: &crate::Component| one.0.iter().map(|text| text.to_string()).collect();
    let components = |one: &crate::Repetition| one.0.iter().map(leaves).collect();
    field.0.iter().map(components).collect()
}

fn stamp() -> Stamp<'static> {
    Stamp {
        application: "LOOP-GATE",
        facility: "TOWN & CO.",
        time: "20261120094001+0000",
        control_id: "L-1",
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sent_is_found_and_nothing_else(made in made()) {
        let message = sound(&made.bytes());
        let Delimiters { field, component, repetition, escape, subcomponent, truncation } =
            message.delimiters;
        let mut signs = vec![field, component, repetition, escape, subcomponent];
        signs.extend(truncation);
        prop_assert_eq!(&signs, &made.signs);
        prop_assert_eq!(message.segments.len(), made.segments.len());
        for (segment, (name, fields)) in message.segments.iter().zip(&made.segments) {
            prop_assert_eq!(&segment.name, name);
            let skipped = if name == "MSH" { 2 } else { 0 };
            let own: Vec<_> = segment.fields[skipped..].iter().map(found).collect();
            let sent: Vec<_> = fields.iter().map(|text| tree(text, &made.signs)).collect();
            // A name with one empty field is a name alone, as it is written here.
            if sent != [Vec::<Vec<Vec<String>>>::new()] {
                prop_assert_eq!(own, sent, "{}", name);
            }
        }
    }

    #[test]
    fn what_was_read_prints_as_it_was_sent_and_reads_the_same(made in made()) {
        let message = sound(&made.bytes());
        let printed = message.print();
        prop_assert_eq!(&printed, &(made.lines().join("\r") + "\r"));
        // MSH-18 still names the old character set, so it is read in that.
        let again = Made { end: "\r", mark: false, ends: 1, ..made };
        prop_assert_eq!(&printed, &again.text());
        prop_assert_eq!(sound(&again.bytes()), message);
    }

    #[test]
    fn a_header_reads_whatever_parts_it(made in made()) {
        let header = Header::of(&sound(&made.bytes()));
        let header = header.map_err(|flaws| TestCaseError::fail(flaws[0].to_string()))?;
        let (code, event) = {
            let kind: Vec<&str> = made.segments[0].1[6].split(made.signs[1]).collect();
            (kind[0], kind.get(1).copied().unwrap_or_default())
        };
        prop_assert_eq!((header.code.as_str(), header.event.as_str()), (code, event));
        prop_assert_eq!(header.control_id.as_str(), "A17");
        prop_assert!(header.version.starts_with("2."));
    }

    #[test]
    fn every_answer_reads_whatever_parts_it(made in made()) {
        let message = sound(&made.bytes());
        let place = Place { component: Some(2), ..Place::field("PID", 3) };
        let flaw = Flaw::at(ErrorCode::DataType, place, "is not a date-time (as YYYY-MM-DD)");
        let errors = vec![(Severity::Error, flaw.clone()), (Severity::Information, flaw)];
        let ack = Ack { code: AckCode::AE, errors, expected: Some(-1) };
        let answer = acknowledge(Some(&message), &ack, &stamp());
        let again = sound(answer.print().as_bytes());
        prop_assert_eq!(again.msa(), Some(("AE", "A17")));
        prop_assert_eq!(&again, &answer);
        let header = Header::of(&again).unwrap();
        let sent = Header::of(&message).unwrap();
        prop_assert_eq!(header.version, sent.version);
        prop_assert_eq!((header.application, header.facility), ("LG".to_owned(), "TOWN".to_owned()));
        prop_assert_eq!(header.time, "20261120094001+0000");
    }

    #[test]
    fn every_text_goes_into_a_leaf_and_comes_out_whatever_parts_it(
        made in made(),
        text in "([^\\p{Cc}]|[!-/:-@\\[-`{-~]|\n|X41|H|\\.br){0,30}",
    ) {
        let delimiters = sound(&made.bytes()).delimiters;
        let raw = escape(&text, &delimiters);
        let Delimiters { field, component, repetition, subcomponent, .. } = delimiters;
        prop_assert!(!raw.contains([field, component, repetition, subcomponent, '\r', '\n']));
        prop_assert_eq!(unescape(&raw, &delimiters), text);
    }

    #[test]
    fn a_batch_gives_each_message_back(all in prop::collection::vec(made(), 0..4)) {
        let all: Vec<Made> =
            all.into_iter().map(|one| Made { mark: false, ends: 1, ..one }).collect();
        let mut sent = b"BHS|^~\\&|EHR\r".to_vec();
        for one in &all {
            sent.extend(one.bytes());
        }
        sent.extend(format!("BTS|{}\r", all.len()).bytes());
        let limits = Limits::default();
        let taken = batch(&sent, &limits, Charset::UTF_8).unwrap();
        let taken = taken.map_err(|flaw| TestCaseError::fail(flaw.to_string()))?;
        let found: Vec<Message> = taken.messages.iter().map(|one| sound(one)).collect();
        let expected: Vec<Message> = all.iter().map(|one| sound(&one.bytes())).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn orders_lose_no_segment(made in made()) {
        let message = sound(&made.bytes());
        let orders = message.orders().unwrap();
        prop_assert!(!orders.is_empty());
        // Each order's ORC and OBR stand in one of the messages, and in their order.
        let names = |message: &Message| {
            let all = message.segments.iter();
            let own = all.filter(|one| matches!(one.name.as_str(), "ORC" | "OBR"));
            own.cloned().collect::<Vec<_>>()
        };
        prop_assert_eq!(orders.iter().flat_map(names).collect::<Vec<_>>(), names(&message));
        for segment in &message.segments {
            prop_assert!(orders.iter().any(|one| one.segments.contains(segment)), "{}", segment.name);
        }
    }

    #[test]
    fn a_frame_of_any_message_can_be_made(made in made()) {
        prop_assert!(frame(&made.bytes()).is_ok());
    }
}

#[test]
fn every_structure_is_made() {
    let mut kinds = std::collections::BTreeSet::new();
    let mut longest = 0;
    let mut seed = 7u64;
    for _ in 0..2000 {
        let mut bytes = Vec::new();
        for _ in 0..1500 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            bytes.push((seed >> 56) as u8);
        }
        let made = Made::of(&mut Choices(&bytes), false);
        kinds.extend(made.segments.iter().map(|one| one.0.clone()));
        longest = longest.max(made.text().len());
    }
    assert_eq!(kinds.len(), 42, "{kinds:?}");
    assert!(longest > 64 * 1024, "{longest}");
}
