//! What reads, what does not, and how it is said.

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only whether it reads is asked")]
struct Outer {
    reason: Inner,
    #[serde(default)]
    services: Vec<Inner>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only whether it reads is asked")]
struct Inner {
    code: Code,
    #[serde(default)]
    at: Option<Instant>,
}

/// Kind, place and words of what is wrong.
fn wrong(body: &str) -> (Kind, String) {
    match parse::<Outer>(body.as_bytes()) {
        Err(Trouble::Refused(Refusal { kind, faults, .. })) => {
            let said = faults.first().map(|one| format!("{} {}", one.expression, one.words));
            (kind, said.unwrap_or_default())
        }
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn what_is_wrong_is_pointed_at_and_never_quoted() {
    let good =
        r#"{"reason":{"code":"full"},"services":[{"code":"a","at":"2026-11-22T10:00:00+01:00"}]}"#;
    parse::<Outer>(good.as_bytes()).unwrap();
    for (body, kind, said) in [
        ("", Kind::Malformed, "#/reason is missing"),
        ("{", Kind::Malformed, ""),
        (r#"{"reason":{"code":"full"}} x"#, Kind::Malformed, ""),
        ("[]", Kind::Malformed, "# is of another type"),
        (r#"{"reason":["full"]}"#, Kind::Malformed, "#/reason is of another type"),
        (r#"{"reason":{"code":"a"},"more":[["b"]]}"#, Kind::Malformed, "#/more is of another type"),
        (r#"{"reason":{}}"#, Kind::Malformed, "#/reason/code is missing"),
        (r#"{"reason":{"code":1}}"#, Kind::Malformed, "#/reason/code is of another type"),
        (
            r#"{"reason":{"code":"A"}}"#,
            Kind::Invalid,
            "#/reason/code is not a code of 1 to 40 of a-z, 0-9 and -",
        ),
        (r#"{"reason":{"code":"a","why":1}}"#, Kind::Malformed, "#/reason/why is not known here"),
        (r#"{"reason":{"code":"a","Maria L":1}}"#, Kind::Malformed, "#/reason is not known here"),
        (r#"{"reason":{"code":"a","code":"b"}}"#, Kind::Malformed, "#/reason/code is there twice"),
        (
            r#"{"reason":{"code":"a"},"services":[{"code":"a"},{"code":"b","at":"2026-11-22T10:00:00"}]}"#,
            Kind::Invalid,
            "#/services/1/at is not a date and time with its zone",
        ),
    ] {
        assert_eq!(wrong(body), (kind, said.to_owned()), "{body}");
    }
}

#[test]
fn a_place_is_a_pointer() {
    for (place, pointer) in [
        ("", "#"),
        ("need.category", "#/need/category"),
        ("about.client.name.given[1]", "#/about/client/name/given/1"),
        ("client.name.given[]", "#/client/name/given"),
        ("a/b.c~d", "#/a~1b/c~0d"),
    ] {
        assert_eq!(pointed_at(place), pointer);
    }
}

#[test]
fn a_day_is_a_day_and_no_more() {
    assert!(Day::try_from("2026-11-24".to_owned()).is_ok());
    for bad in ["2026-11-24T10:00:00Z", "20261124", "2026-02-30", " 2026-11-24", "tomorrow"] {
        assert!(Day::try_from(bad.to_owned()).is_err(), "{bad}");
    }
}

#[test]
fn a_text_says_something() {
    for bad in ["", " \n\u{1c}", "a\u{0}b", &"é".repeat(501)] {
        assert!(Words::try_from(bad.to_owned()).is_err(), "{bad:?}");
    }
    for good in ["a", " a\n\tb\r\n", &"é".repeat(500)] {
        assert!(Words::try_from(good.to_owned()).is_ok(), "{good:?}");
    }
}
