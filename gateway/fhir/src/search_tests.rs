use loopgate_referral::{ResourceId, Timestamp};

use super::*;
use crate::Moment;

const BASE: &str = "https://gate.example/fhir";

fn parse(query: &str) -> Result<TaskQuery, Vec<Fault>> {
    let pairs: Vec<(String, String)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    TaskQuery::parse(&pairs, BASE)
}

/// Whether a query finds the one Task there is.
fn check(query: &str, want: bool) {
    let id = |text: &str| -> ResourceId { text.parse().unwrap() };
    let (owner, patient) = (id("Organization/pantry"), id("Patient/p"));
    let keys = TaskKeys {
        id: "t1",
        owner: Some(&owner),
        requester: None,
        patient: Some(&patient),
        status: TaskStatus::Requested,
        last_updated: at("2026-05-01T10:20:30.500Z"),
    };
    let query_read = parse(query).unwrap_or_else(|faults| panic!("{query}: {faults:?}"));
    assert_eq!(query_read.matches(&keys), want, "{query}");
}

fn at(text: &str) -> Timestamp {
    Moment::parse(text, jiff::tz::Offset::UTC).unwrap().start
}

fn check_refused(query: &str, code: IssueCode, words: &str) {
    let faults = parse(query).unwrap_err();
    assert_eq!(faults.len(), 1, "{query}");
    assert_eq!((faults[0].code, &*faults[0].words), (code, words), "{query}");
}

#[test]
fn parameters_are_alternatives_and_all_of_them_hold() {
    for (query, want) in [
        ("", true),
        ("_id=t1", true),
        ("_id=t0,t1", true),
        ("_id=t0", false),
        ("_id=t0,t1&_id=t0", false),
        ("owner=pantry", true),
        ("owner=Organization/pantry", true),
        ("owner=https://gate.example/fhir/Organization/pantry", true),
        ("owner=Patient/pantry", false),
        ("owner=Organization/other", false),
        ("owner=Organization/other,pantry", true),
        ("requester=pantry", false),
        ("patient=Patient/p", true),
        ("patient=p&owner=pantry", true),
        ("patient=p&owner=other", false),
        ("status=requested", true),
        ("status=accepted,requested", true),
        ("status=http://hl7.org/fhir/task-status|requested", true),
        ("status=accepted", false),
        ("status=received", false),
        ("status=requested&status=accepted", false),
        (
            "_format=json&_format=application/fhir+json;charset=utf-8&_format=application/fhir json",
            true,
        ),
    ] {
        check(query, want);
    }
}

#[test]
fn dates_are_as_wide_as_they_are_written() {
    for (query, want) in [
        ("2026-05-01", true),
        ("eq2026-05", true),
        ("eq2026-05-02", false),
        ("ge2026-05-01", true),
        ("ge2026-05-02", false),
        ("gt2026-05-01", false),
        ("gt2026-04-30", true),
        ("gt2026-05-01T10:20Z", false),
        ("gt2026-05-01T10:20:30Z", true),
        ("gt2026-05-01T10:20:30.499Z", true),
        ("gt2026-05-01T10:20:30.500Z", false),
        ("ge2026-05-01T10:20:30.500Z", true),
        ("le2026-05-01", true),
        ("le2026-04-30", false),
        ("le2026-05-01T10:20:30.500Z", true),
        ("lt2026-05-01T10:20:30.500Z", false),
        ("lt2026-05-01T10:20:30.501Z", true),
        ("lt2026-05-01", false),
        ("lt2026-05-02", true),
        ("eq2026-05-01T12:20:30+02:00", true),
        ("eq2026,eq2027", true),
        ("ge2026&_lastUpdated=lt2027", true),
        ("ge2026&_lastUpdated=lt2026", false),
    ] {
        check(&format!("_lastUpdated={query}"), want);
    }
}

#[test]
fn a_page_has_a_size_and_a_place() {
    assert_eq!(parse("").unwrap().count, 50);
    assert_eq!(parse("_count=1").unwrap().count, 1);
    assert_eq!(parse("_count=100").unwrap().count, 100);
    assert_eq!(parse("_count=1000").unwrap().count, 100);
    assert_eq!(parse("_cursor=a-B_9=").unwrap().cursor.as_deref(), Some("a-B_9="));
}

#[test]
fn what_we_do_not_know_is_refused_without_its_value() {
    use IssueCode::{NotSupported, TooCostly, Value};
    let unknown = |name: &str| format!("search parameter {name} is not supported");
    check_refused("owner:missing=true", NotSupported, &unknown("owner:missing"));
    check_refused("_sort=x", NotSupported, &unknown("_sort"));
    for name in ["Maria Example", "a1", "", "é", &"a".repeat(65)] {
        check_refused(&format!("{name}=x"), NotSupported, "a search parameter is not supported");
    }
    for (name, values) in [
        ("_id", &["", "a b", "t1,"][..]),
        ("owner", &["", "a b", "https://other.example/fhir/Organization/pantry", "urn:oid:1"]),
        ("status", &["", "nonsense", "http://x|requested", "|requested"]),
        ("_lastUpdated", &["", "ge", "gt yesterday", "2026-13", "é2026"]),
        ("_count", &["", "0", "-1", "x", "1000000000000000000000"]),
        ("_cursor", &["", "a b", "a&_cursor=b"]),
    ] {
        for value in values {
            let words = format!("search parameter {name} cannot be read");
            check_refused(&format!("{name}={value}"), Value, &words);
        }
    }
    for prefix in ["ne", "sa", "eb", "ap"] {
        let words = "a prefix of search parameter _lastUpdated is not supported";
        check_refused(&format!("_lastUpdated={prefix}2026"), NotSupported, words);
    }
    check_refused("_format=xml", NotSupported, "the _format is not supported; json is");
    let many = vec!["a"; 101].join(",");
    let words = "search parameter _id has too many values";
    check_refused(&format!("_id={many}"), TooCostly, words);
    let many = vec!["_id=a"; 101].join("&");
    check_refused(&many, TooCostly, "has too many search parameters");
    assert_eq!(parse("_sort=x&_count=0&a=b").unwrap_err().len(), 3);
}
