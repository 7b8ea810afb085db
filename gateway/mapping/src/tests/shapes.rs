//! Messages whose shape a row does not fit are refused, not thinned.

use loopgate_consent::Groups;

use super::{constants, json, small};
use crate::{Refused, Why};

const ROWS: &str = r#"
may = [
  { left = "Task.status", right = "status" },
  { left = "Patient.name.family", right = "client.family", group = "identity" },
  { left = "Patient.name.given", right = "client.given[]", group = "identity" },
  { left = "Patient.telecom.where(system='phone').value", right = "client.phone", group = "contact" },
  { left = "Patient.telecom.where(system='phone').where(use='home').system", right = "home", group = "contact", codes = "t" },
  { left = "Observation.where(code.coding.system='s').where(code.coding.code='c').valueString", right = "seen", group = "need" },
]
first = ["Patient.name"]
"#;

#[track_caller]
fn write_refused(pivot: &str, path: &str, why: Why) {
    let refused = small(ROWS).write(&json(pivot), &Groups::all(), &constants());
    assert_eq!(refused, Err(Refused { path: path.to_owned(), why }));
}

#[track_caller]
fn read_refused(document: &str, path: &str, why: Why) {
    let refused = small(ROWS).read(&json(document), &constants());
    assert_eq!(refused, Err(Refused { path: path.to_owned(), why }));
}

#[test]
fn more_than_one_where_one_is_taken() {
    write_refused(
        r#"{"Patient": {"name": [{"family": "A"}, {"text": "B"}]}}"#,
        "Patient.name",
        Why::Several,
    );
    let phones = r#"[{"system": "phone", "value": "1"}, {"system": "phone", "value": "2"}]"#;
    write_refused(
        &format!(r#"{{"Patient": {{"telecom": {phones}}}}}"#),
        "Patient.telecom",
        Why::Several,
    );
}

#[test]
fn a_list_is_a_list_and_a_value_is_a_value() {
    write_refused(r#"{"Task": [{"status": "x"}]}"#, "Task", Why::WrongShape);
    write_refused(r#"{"Task": "x"}"#, "Task.status", Why::WrongShape);
    write_refused(r#"[1]"#, "Task", Why::WrongShape);
    write_refused(r#"{"Task": {"status": ["x"]}}"#, "Task.status", Why::WrongShape);
    write_refused(r#"{"Task": {"status": {"a": "x"}}}"#, "Task.status", Why::NotAValue);
    write_refused(r#"{"Patient": {"name": {"family": "A"}}}"#, "Patient.name", Why::WrongShape);
    write_refused(
        r#"{"Patient": {"name": [{"given": "A"}]}}"#,
        "Patient.name.given",
        Why::WrongShape,
    );
    write_refused(
        r#"{"Patient": {"name": [{"given": ["A", ""]}]}}"#,
        "Patient.name.given",
        Why::NotAValue,
    );
    write_refused(r#"{"Observation": {"valueString": "x"}}"#, "Observation", Why::WrongShape);

    read_refused("[]", "", Why::WrongShape);
    read_refused(r#"{"client": "x"}"#, "client", Why::WrongShape);
    read_refused(r#"{"status": {"a": 1}}"#, "status", Why::NotAValue);
    read_refused(r#"{"status": ["a"]}"#, "status", Why::NotAValue);
    read_refused(r#"{"client": {"given": "A"}}"#, "client.given", Why::WrongShape);
    read_refused(r#"{"client": {"given": ["A", null]}}"#, "client.given", Why::NotAValue);
}

#[test]
fn a_row_cannot_contradict_its_own_selection() {
    read_refused(r#"{"home": "A"}"#, "Patient.telecom.system", Why::Conflict);
}

#[test]
fn reading_makes_what_selections_need() {
    let read = small(ROWS)
        .read(
            &json(r#"{"client": {"family": "F", "given": ["G", "H"], "phone": "1"}, "seen": "x"}"#),
            &constants(),
        )
        .unwrap();
    let expected = r#"{
        "Patient": {"name": [{"family": "F", "given": ["G", "H"]}], "telecom": [{"system": "phone", "value": "1"}]},
        "Observation": [{"code": {"coding": [{"system": "s", "code": "c"}]}, "valueString": "x"}]}"#;
    assert_eq!(read.pivot, json(expected));
}

#[test]
fn values_keep_their_type() {
    for value in ["4", "4.5", "true", "false", "\"4\"", "0"] {
        let pivot = format!(r#"{{"Task": {{"status": {value}}}}}"#);
        let document = format!(r#"{{"status": {value}}}"#);
        let written = small(ROWS).write(&json(&pivot), &Groups::all(), &constants()).unwrap();
        assert_eq!(written.document, json(&document));
        assert_eq!(small(ROWS).read(&json(&document), &constants()).unwrap().pivot, json(&pivot));
    }
}
