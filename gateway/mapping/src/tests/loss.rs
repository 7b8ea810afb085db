//! What could not be carried is listed, to the path.

use loopgate_consent::Groups;

use super::{constants, json, small};
use crate::{Refused, Why};

const ROWS: &str = r#"
must = [{ left = "Task.status", right = "status", codes = "t" }]
may = [
  { left = "Task.intent", right = "intent", codes = "t" },
  { left = "Patient.name.given", right = "given[]", group = "identity" },
]
first = ["Patient.name"]
"#;

#[track_caller]
fn writes(pivot: &str, document: &str, lost: &[&str]) {
    let written = small(ROWS).write(&json(pivot), &Groups::all(), &constants()).unwrap();
    assert_eq!(written.document, json(document));
    assert_eq!(written.not_carried, lost);
}

#[track_caller]
fn reads(document: &str, pivot: &str, lost: &[&str]) {
    let read = small(ROWS).read(&json(document), &constants()).unwrap();
    assert_eq!(read.pivot, json(pivot));
    assert_eq!(read.not_carried, lost);
}

#[test]
fn everything_populated_that_no_row_took_is_listed_once() {
    writes(
        r#"{"Task": {"resourceType": "Task", "id": "1", "meta": {"source": "x"}, "status": "a", "note": [{"text": "n"}, {"text": "m"}],
            "extension": [{"url": "u", "valueBoolean": false}], "focus": {"id": "f"}, "empty": "", "none": null, "list": [], "object": {}},
          "Observation": [{"id": "1", "resourceType": "Observation", "valueString": "v"}],
          "Patient": {"name": [{"given": ["A", "B"], "_given": [null, {"id": "x"}]}]}}"#,
        r#"{"status": "A", "given": ["A", "B"]}"#,
        &[
            "Observation.valueString",
            "Patient.name._given.id",
            "Task.extension.url",
            "Task.extension.valueBoolean",
            "Task.focus.id",
            "Task.note.text",
        ],
    );
    reads(
        r#"{"status": "A", "given": ["A"], "extra": {"b": [1, {"c": true}], "a": "x"}, "none": null, "blank": ""}"#,
        r#"{"Task": {"status": "a"}, "Patient": {"name": [{"given": ["A"]}]}}"#,
        &["extra.a", "extra.b", "extra.b.c"],
    );
}

#[test]
fn a_member_that_is_not_a_name_is_not_shown() {
    reads(
        r#"{"status": "A", "Maria Inventada": 1, "x": {"": 2}}"#,
        r#"{"Task": {"status": "a"}}"#,
        &["?", "x.?"],
    );
}

#[test]
fn a_code_without_an_entry_is_listed_or_refused() {
    writes(r#"{"Task": {"status": "a", "intent": "zz"}}"#, r#"{"status": "A"}"#, &["Task.intent"]);
    reads(r#"{"status": "B", "intent": "zz"}"#, r#"{"Task": {"status": "b"}}"#, &["intent"]);
    let refused =
        small(ROWS).write(&json(r#"{"Task": {"status": "zz"}}"#), &Groups::all(), &constants());
    assert_eq!(refused, Err(Refused { path: "Task.status".to_owned(), why: Why::NoCode }));
    let refused = small(ROWS).read(&json(r#"{"status": 1}"#), &constants());
    assert_eq!(refused, Err(Refused { path: "status".to_owned(), why: Why::NoCode }));
}

#[test]
fn one_way_codes_go_one_way() {
    writes(r#"{"Task": {"status": "old"}}"#, r#"{"status": "A"}"#, &[]);
    reads(r#"{"status": "OLD"}"#, r#"{"Task": {"status": "b"}}"#, &[]);
    assert!(
        small(ROWS)
            .write(&json(r#"{"Task": {"status": "OLD"}}"#), &Groups::all(), &constants())
            .is_err()
    );
    assert!(small(ROWS).read(&json(r#"{"status": "old"}"#), &constants()).is_err());
}

#[test]
fn missing_empty_and_null_are_the_same() {
    for pivot in [
        r#"{}"#,
        r#"{"Task": null}"#,
        r#"{"Task": {"status": ""}}"#,
        r#"{"Task": {"status": null}}"#,
    ] {
        let refused = small(ROWS).write(&json(pivot), &Groups::all(), &constants());
        assert_eq!(
            refused,
            Err(Refused { path: "Task.status".to_owned(), why: Why::Missing }),
            "{pivot}"
        );
    }
    for document in ["{}", r#"{"status": ""}"#, r#"{"status": null}"#] {
        let refused = small(ROWS).read(&json(document), &constants());
        assert_eq!(
            refused,
            Err(Refused { path: "status".to_owned(), why: Why::Missing }),
            "{document}"
        );
    }
}
