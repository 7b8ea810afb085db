//! What the language adds for HL7 v2: locations, lists, forms, fixed values, tables of a link.

use loopgate_consent::Groups;
use loopgate_hl7v2::{Charset, Limits, Message};
use serde_json::{Value, json};

use super::{REPEATS, constants};
use crate::{Constants, Library, Mapping, Problem, Read, Refused, Why};

fn load(rows: &str) -> Result<Library, Vec<Problem>> {
    let mapping = format!(
        "[mapping]\nname = \"d/m\"\nversion = 1\nleft = \"fhir\"\nright = \"hl7v2\"\n\
         [message]\nstructure = [\"PID\", \"OBX\", \"NTE\"]\n[rows]\n{rows}\n"
    );
    Library::from_files([("d/m.toml", mapping.as_str()), ("fhir-repeats.toml", REPEATS)])
}

fn small(rows: &str) -> Mapping {
    load(rows).unwrap().mapping("d/m").unwrap().clone()
}

fn refused(rows: &str) -> String {
    let problems = load(rows).unwrap_err();
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn message(segments: &str) -> Message {
    let text = format!("MSH|^~\\&|A|B\r{segments}");
    loopgate_hl7v2::read(text.as_bytes(), &Limits::default(), Charset::UTF_8).unwrap()
}

fn read(mapping: &Mapping, segments: &str) -> Result<Read, Refused> {
    mapping.read_v2(&message(segments), &link())
}

fn written(mapping: &Mapping, pivot: &Value) -> String {
    let written = mapping.write_v2(pivot, &Groups::all(), &link()).unwrap();
    let delimiters = loopgate_hl7v2::Delimiters::USUAL;
    Message { delimiters, segments: written.segments }.print()
}

fn link() -> Constants {
    constants().with_table("authorities", vec![("urn:a".to_owned(), "A".to_owned())])
}

const TELECOM: &str = r#"may = [
  { left = "Patient.telecom[*].value", right = "PID-13[*].1", group = "contact" },
  { left = "Patient.telecom[*].system", right = "PID-13[*].3", group = "contact", codes = "%authorities" },
]"#;

#[test]
fn each_repetition_is_an_item_of_the_list() {
    let mapping = small(TELECOM);
    let segments = "PID|||||||||||||1^^A~2^^X~~4^^A";
    let found = read(&mapping, segments).unwrap();
    let telecom = json!([
        { "value": "1", "system": "urn:a" },
        { "value": "2" },
        { "value": "4", "system": "urn:a" },
    ]);
    assert_eq!(found.pivot["Patient"]["telecom"], telecom);
    assert_eq!(found.not_carried, ["PID-13.3"], "one authority is not the link's");
    let again = written(&mapping, &found.pivot);
    assert_eq!(again, "PID|||||||||||||1^^A~2~4^^A\r");
}

#[test]
fn an_unselected_place_is_the_first_and_the_others_are_listed() {
    let mapping = small(
        r#"may = [
  { left = "Patient.name.family", right = "PID-5.1", group = "identity" },
  { left = "Task.note.text", right = "NTE-3" },
]
first = ["Patient.name", "Task.note"]"#,
    );
    let found = read(&mapping, "PID|||||One^x~Two\rNTE|||a\rNTE|||b").unwrap();
    assert_eq!(found.pivot["Patient"]["name"], json!([{ "family": "One" }]));
    assert_eq!(found.pivot["Task"]["note"], json!([{ "text": "a" }]));
    assert_eq!(found.not_carried, ["NTE-3", "PID-5", "PID-5.2"]);
}

#[test]
fn a_selection_finds_its_segment_and_makes_it() {
    let mapping = small(
        r#"must = [
  { left = "Observation.where(code.coding.code='x').valueString", right = "OBX[3.1='x']-5", group = "household" },
]
fixed = [{ right = "OBX[3.1='x']-2", is = "ST" }]"#,
    );
    let segments = "OBX||NM|y||1\rOBX||ST|x||yes \\T\\ no";
    let found = read(&mapping, segments).unwrap();
    assert_eq!(found.pivot["Observation"][0]["valueString"], "yes & no");
    assert_eq!(found.not_carried, ["OBX-2", "OBX-3", "OBX-5"], "of the other segment");
    assert_eq!(written(&mapping, &found.pivot), "OBX||ST|x||yes \\T\\ no\r");
    let missing = read(&mapping, "OBX||NM|y||1").unwrap_err();
    assert_eq!((missing.path.as_str(), missing.why), ("OBX-5", Why::Missing));
    let null = read(&mapping, "OBX||ST|x||\"\"").unwrap_err();
    assert_eq!(null.why, Why::Missing, "null is no value");
}

#[test]
fn what_is_not_of_its_form_is_listed_or_refuses() {
    let row = r#"{ left = "Task.status", right = "NTE-3", as = "date" }"#;
    let may = read(&small(&format!("may = [{row}]")), "NTE|||soon").unwrap();
    assert_eq!((may.pivot, may.not_carried), (json!({}), vec!["NTE-3".to_owned()]));
    let must = read(&small(&format!("must = [{row}]")), "NTE|||soon").unwrap_err();
    assert_eq!(must.to_string(), "NTE-3 is not of its form");
}

#[test]
fn a_fixed_value_makes_nothing_up_unless_it_always_holds() {
    let rows = |always: &str| {
        small(&format!(
            r#"may = [{{ left = "Patient.telecom.where(system='phone').value", right = "PID-13.1", group = "contact" }}]
fixed = [{{ left = "Patient.telecom.where(system='phone').use", is = "home"{always} }}]"#
        ))
    };
    let with = read(&rows(""), "PID|||||||||||||1").unwrap().pivot;
    assert_eq!(with["Patient"]["telecom"][0]["use"], "home");
    assert_eq!(read(&rows(""), "PID|1").unwrap().pivot, json!({}));
    let always = read(&rows(", always = true"), "PID|1").unwrap().pivot;
    assert_eq!(always["Patient"]["telecom"][0]["use"], "home");
}

#[test]
fn an_error_in_the_pivot_is_somewhere_in_the_message() {
    let library = Library::builtin();
    let mapping = library.mapping("hl7v2/ref-i12").unwrap();
    let at = |left: &str| mapping.right_of(left).unwrap_or_default();
    assert_eq!(at("Task.owner"), "PRD-10.10");
    assert_eq!(at("Task.identifier"), "RF1-6.1");
    assert_eq!(at("Patient.birthDate"), "PID-7");
    assert_eq!(at("ServiceRequest.priority.extension"), "RF1-2.1");
    assert_eq!(at("Task.output"), "");
    assert_eq!(at("Task.ownership"), "");
}

#[test]
fn a_real_message_loses_nothing_in_silence() {
    let library = Library::builtin();
    let mapping = library.mapping("hl7v2/ref-i12").unwrap();
    let segments = "RF1||A|food-insecurity|||7^A\rPRD|RP|DOE^JO\rPRD|RT|||||||||Pantry^^^^^A^^^^p\r\
        PID|||9^^^A||Roe^Ana^B\rNK1|1|Roe^Max\rIN1|1|PLAN";
    let found = read(mapping, segments).unwrap();
    assert_eq!(found.not_carried, ["IN1-1", "NK1-1"]);
    assert_eq!(found.pivot["Task"]["status"], "requested");
    assert_eq!(found.pivot["ServiceRequest"].get("orderDetail"), None, "no prohibition is made up");
    assert_eq!(found.pivot["Patient"].get("communication"), None);
    assert_eq!(found.pivot.get("Observation"), None);
    let empty = read(mapping, "PID|||9^^^A").unwrap_err();
    assert_eq!(empty.to_string(), "RF1-6.1 is missing");
}

#[test]
fn what_cannot_be_meant_does_not_load() {
    for (rows, words) in [
        (r#"may = [{ left = "Task.status", right = "NTE[*]-3" }]"#, "[*] on one side alone"),
        (r#"may = [{ left = "Task.status", right = "ZZZ-3" }]"#, "not in the structure"),
        (r#"may = [{ left = "Task.status", right = "NTE-3", as = "time" }]"#, "as is none of"),
        (r#"may = [{ left = "Task.status[*]", right = "NTE[*]-3" }]"#, "does not repeat"),
        (r#"fixed = [{ left = "Task.status", right = "NTE-3", is = "x" }]"#, "not both"),
        (r#"fixed = [{ left = "Task.status", is = "" }]"#, "is is empty"),
        (
            r#"may = [{ left = "Patient.telecom[*].value", right = "PID[1='a']-13[*].1", group = "contact" }]"#,
            "a selection before [*]",
        ),
        (
            r#"may = [{ left = "Task.status", right = "NTE-3" }, { left = "Task.intent", right = "NTE-3.1" }]"#,
            "right overlaps",
        ),
    ] {
        assert!(refused(rows).contains(words), "{rows}: {}", refused(rows));
    }
}
