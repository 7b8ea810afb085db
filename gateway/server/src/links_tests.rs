use super::*;

fn org(name: &str) -> OrgId {
    name.parse().unwrap()
}

#[test]
fn a_type_is_repeated_only_if_it_has_the_form_of_one() {
    let check = |message: &str, kind: &str| assert_eq!(kind_of(message.as_bytes()), kind);
    check("MSH|^~\\&|A|B|C|D|2026||REF^I12^REF_I12|1|T|2.5.1\rPID|", "REF^I12");
    check("MSH#*~\\&#A#B#C#D#2026##ADT*A04#1#T#2.5.1", "ADT^A04");
    check("MSH|^~\\&|A|B|C|D|2026||ACK|1|T|2.5.1", "ACK");
    check("FHS|^~\\&|\rBHS|^~\\&|\rMSH|", "batch");
    // What somebody wrote there by mistake is nobody's to read.
    check("MSH|^~\\&|A|B|C|D|2026||Lindqvist^Maria|1", "other");
    check("MSH|^~\\&|A|B|C|D|2026||REF^Maria|1", "other");
    check("MSH|^~\\&|A", "other");
    check("MSH", "other");
    check("", "other");
}

#[test]
fn the_answer_s_code_is_msa_1() {
    assert_eq!(code_of(b"MSH|^~\\&|\rMSA|AE|1\rERR|"), Some(AckCode::AE));
    assert_eq!(code_of(b"MSH#*~\\&#\rMSA#CA#1"), Some(AckCode::CA));
    assert_eq!(code_of(b"MSH|^~\\&|\rMSA|"), None);
    assert_eq!(code_of(b""), None);
}

#[test]
fn messages_are_counted_by_type_until_the_day_is_over() {
    let (watch, link) = (Watch::default(), org("a"));
    let at = |ms| Timestamp(ms);
    watch.heard(&link, at(DAY_MS - 1), "REF^I12".into(), Some(AckCode::AA));
    watch.heard(&link, at(DAY_MS), "REF^I12".into(), Some(AckCode::AA));
    watch.heard(&link, at(DAY_MS + 1), "ADT^A04".into(), None);
    watch.heard(&link, at(DAY_MS + 2), "REF^I12".into(), Some(AckCode::AR));
    let seen = watch.of(&link);
    let expected = BTreeMap::from([("ADT^A04".to_owned(), 1), ("REF^I12".to_owned(), 2)]);
    assert_eq!(seen.today(at(2 * DAY_MS - 1)), expected);
    assert!(seen.today(at(2 * DAY_MS)).is_empty());
    assert_eq!(seen.heard, Some((at(DAY_MS + 2), "REF^I12".into(), Some(AckCode::AR))));
    for n in 0..1000 {
        watch.heard(&link, at(DAY_MS + 3), format!("A{n}"), None);
    }
    let counts = watch.of(&link).today(at(DAY_MS + 3));
    assert_eq!(counts.len(), TYPES_MAX + 1);
    assert_eq!(counts.values().sum::<u64>(), 1003, "none is lost");
}

#[test]
fn refusals_are_in_a_row_and_silence_ends_with_any_answer() {
    let (watch, link) = (Watch::default(), org("a"));
    watch.silent(&link, Timestamp(5));
    watch.silent(&link, Timestamp(9));
    assert_eq!(watch.of(&link).unreachable, Some(Timestamp(5)), "since the first time");
    watch.told(&link, Timestamp(10), AckCode::AE);
    watch.told(&link, Timestamp(11), AckCode::CR);
    let seen = watch.of(&link);
    assert_eq!((seen.unreachable, seen.refusals), (None, 2));
    watch.told(&link, Timestamp(12), AckCode::CA);
    assert_eq!(watch.of(&link).refusals, 0);
}

#[test]
fn a_partner_has_no_more_connections_than_it_may() {
    let (watch, link) = (Watch::default(), org("a"));
    assert!(watch.connect(&link, 2) && watch.connect(&link, 2));
    assert!(!watch.connect(&link, 2));
    assert!(watch.connect(&org("b"), 2));
    watch.disconnect(&link);
    assert!(watch.connect(&link, 2));
    assert_eq!(watch.of(&link).connections, 2);
}
