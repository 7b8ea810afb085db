//! What a permit's groups let pass.

use loopgate_consent::{FieldGroup, Groups};
use serde_json::Value;

use super::{constants, groups, json, small};
use crate::{Constants, Library, Refused, Why};

const ROWS: &str = r#"
must = [{ left = "Task.status", right = "status", group = "status" }]
safety = [{ left = "Task.intent", right = "intent", group = "need", codes = "t" }]
may = [
  { left = "Patient.name.family", right = "family", group = "identity" },
  { left = "Patient.telecom.where(system='phone').value", right = "phone", group = "contact" },
]
first = ["Patient.name"]
"#;

fn pivot() -> Value {
    json(
        r#"{"Task": {"status": "requested"},
        "Patient": {"name": [{"family": "Doe"}], "telecom": [{"system": "phone", "value": "1"}, {"system": "fax", "value": "2"}]}}"#,
    )
}

#[test]
fn a_withheld_may_row_is_left_out_and_named_by_its_group_alone() {
    let only = groups(&[FieldGroup::Status]);
    let written = small(ROWS).write(&pivot(), &only, &constants()).unwrap();
    assert_eq!(written.document, json(r#"{"status": "requested"}"#));
    assert_eq!(written.withheld, ["contact", "identity"]);
    // The fax belongs to no row.
    assert_eq!(written.not_carried, ["Patient.telecom.system", "Patient.telecom.value"]);

    let mut without_fax = pivot();
    without_fax["Patient"]["telecom"].as_array_mut().unwrap().truncate(1);
    let written = small(ROWS).write(&without_fax, &only, &constants()).unwrap();
    assert!(written.not_carried.is_empty());
}

#[test]
fn a_group_that_kept_nothing_back_is_not_named() {
    let only = groups(&[FieldGroup::Status, FieldGroup::Contact]);
    let mut pivot = pivot();
    pivot["Patient"].as_object_mut().unwrap().remove("name");
    let written = small(ROWS).write(&pivot, &only, &constants()).unwrap();
    assert!(written.withheld.is_empty());
}

/// What is withheld is not looked at closely: two names do not stop a message without names.
#[test]
fn a_withheld_row_refuses_nothing_by_its_shape() {
    let only = groups(&[FieldGroup::Status, FieldGroup::Contact]);
    for name in [r#"[{"family": "Doe"}, {"family": "Roe"}]"#, r#"[{"family": {"a": "Doe"}}]"#] {
        let mut pivot = pivot();
        pivot["Patient"]["name"] = json(name);
        let written = small(ROWS).write(&pivot, &only, &constants()).unwrap();
        assert_eq!(written.withheld, ["identity"]);
        assert_eq!(written.not_carried, ["Patient.telecom.system", "Patient.telecom.value"]);
    }
}

#[test]
fn a_withheld_must_row_refuses_the_message() {
    let only = groups(&[FieldGroup::Identity, FieldGroup::Contact]);
    let refused = small(ROWS).write(&pivot(), &only, &constants());
    let expected =
        Refused { path: "Task.status".to_owned(), why: Why::Withheld(FieldGroup::Status) };
    assert_eq!(refused, Err(expected));
}

#[test]
fn a_safety_row_is_carried_whatever_the_groups_or_the_message_stops() {
    let only = groups(&[FieldGroup::Status]);
    let mapping = small(ROWS);
    let mut pivot = pivot();
    pivot["Task"]["intent"] = "a".into();
    let written = mapping.write(&pivot, &only, &constants()).unwrap();
    assert_eq!(written.document["intent"], "A");
    assert!(!written.withheld.contains(&"need".to_owned()));

    pivot["Task"]["intent"] = "unheard-of".into();
    let refused = mapping.write(&pivot, &Groups::all(), &constants()).unwrap_err();
    assert_eq!(refused, Refused { path: "Task.intent".to_owned(), why: Why::NoCode });
    assert_eq!(refused.to_string(), "Task.intent has a code without an entry in the value table");
    let refused = mapping.read(&json(r#"{"status": "s", "intent": "unheard-of"}"#), &constants());
    assert_eq!(refused, Err(Refused { path: "intent".to_owned(), why: Why::NoCode }));
}

#[test]
fn a_prohibition_to_contact_reaches_the_organization() {
    let library = Library::builtin();
    let mapping = library.mapping("cbo-json/referral").unwrap();
    let mut read = mapping
        .read(&json(r#"{"referral_id": "r", "status": "new", "need": {"category": "c", "contact": "do-not-contact"}}"#), &constants())
        .unwrap();
    let narrow = groups(&[FieldGroup::Need, FieldGroup::Status]);
    let written = mapping.write(&read.pivot, &narrow, &constants()).unwrap();
    assert_eq!(written.document["need"]["contact"], "do-not-contact");

    // Said twice, it is not said clearly: the message stops.
    let said = read.pivot["ServiceRequest"]["orderDetail"].as_array_mut().unwrap();
    said.push(said[0].clone());
    let refused = mapping.write(&read.pivot, &narrow, &constants()).unwrap_err();
    assert_eq!(
        refused,
        Refused { path: "ServiceRequest.orderDetail".to_owned(), why: Why::Several }
    );
}

#[test]
fn minimum_necessary_for_food_and_housing() {
    let library = Library::builtin();
    // A telephone may be answered by whom the person fears.
    let safety = library.template("ipv").unwrap();
    assert_eq!(
        safety.groups.iter().map(FieldGroup::name).collect::<Vec<_>>(),
        ["identity", "need", "status"]
    );
    for id in ["food", "housing"] {
        let template = library.template(id).unwrap();
        assert_eq!((template.id.as_str(), template.version), (id, 1));
        let named: Vec<_> = template.groups.iter().map(FieldGroup::name).collect();
        assert_eq!(named, ["identity", "contact", "household", "need", "status"]);
    }
}

#[test]
fn a_constant_must_be_supplied() {
    let library = Library::builtin();
    let mapping = library.mapping("cbo-json/status").unwrap();
    assert_eq!(mapping.constants().collect::<Vec<_>>(), ["referral"]);
    let none = Constants::default();
    let pivot =
        json(r#"{"Task": {"identifier": [{"system": "s", "value": "v"}], "status": "requested"}}"#);
    let refused = mapping.write(&pivot, &Groups::all(), &none).unwrap_err();
    assert_eq!(refused, Refused { path: "Task.identifier".to_owned(), why: Why::NoConstant });
    let refused =
        mapping.read(&json(r#"{"referral_id": "r", "status": "new"}"#), &none).unwrap_err();
    assert_eq!(refused.why, Why::NoConstant);

    // Not even a withheld row is passed over without it: what it selects would count as lost.
    let row = r#"may = [{ left = "Task.note.where(text=%c).text", right = "a", group = "note" }]"#;
    let noted = json(r#"{"Task": {"note": [{"text": "n"}]}}"#);
    let refused = small(row).write(&noted, &groups(&[]), &none).unwrap_err();
    assert_eq!(refused, Refused { path: "Task.note".to_owned(), why: Why::NoConstant });
}
