//! Rows that messages share, the messages a mapping is for, the state's fields, lists of segments, and
//! which row carried what.

use loopgate_consent::Groups;
use loopgate_hl7v2::{Charset, Delimiters, Limits, Message};
use serde_json::{Value, json};

use super::{REPEATS, constants};
use crate::{Constants, Library, Mapping, Problem, Read, WrittenV2};

/// The mapping `d/m` with this `[message]` and these rows, and the block `d/segments/pid`.
fn load(message: &str, rows: &str, block: &str) -> Result<Library, Vec<Problem>> {
    let head = "[mapping]\nname = \"d/m\"\nversion = 1\nleft = \"fhir\"\nright = \"hl7v2\"\n";
    let mapping = format!("{head}[message]\n{message}\n[rows]\n{rows}\n");
    let files = [("d/m.toml", mapping.as_str()), ("fhir-repeats.toml", REPEATS)];
    Library::from_files(files.into_iter().chain([("d/segments/pid.toml", block)]))
}

const MESSAGE: &str = r#"structure = ["PID", "ORC", "OBX", "NTE"]
types = ["REF^I12", "REF^I13", "ACK"]
blocks = ["pid"]
state = ["ORC-1", "ORC-5"]"#;

const BLOCK: &str = r#"[block]
name = "d/segments/pid"
version = 1
[rows]
may = [
  { left = "Patient.name.family", right = "PID-5.1", group = "identity" },
]
first = ["Patient.name"]
"#;

const ROWS: &str = r#"may = [
  { left = "Observation[*].code.coding[1].code", right = "OBX[*]-3.1", group = "need" },
  { left = "Observation[*].valueString", right = "OBX[*][2='ST']-5", group = "need", or = ["OBX[*][2='TX']-5"] },
]"#;

fn library() -> Library {
    load(MESSAGE, ROWS, BLOCK).unwrap()
}

fn mapping() -> Mapping {
    library().mapping("d/m").unwrap().clone()
}

fn read(segments: &str) -> Read {
    let text = format!("MSH|^~\\&|A|B\r{segments}");
    let message = loopgate_hl7v2::read(text.as_bytes(), &Limits::default(), Charset::UTF_8);
    mapping().read_v2(&message.unwrap(), &constants()).unwrap()
}

fn write(pivot: &Value, link: &Constants) -> (WrittenV2, String) {
    let written = mapping().write_v2(pivot, &Groups::all(), link).unwrap();
    let segments = written.segments.clone();
    (written, Message { delimiters: Delimiters::USUAL, segments }.print())
}

fn words(problems: Vec<Problem>) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_message_finds_its_mapping_by_type_and_event() {
    let library = library();
    let name = |code, event| library.for_message(code, event).map(Mapping::name);
    assert_eq!(name("REF", "I12"), Some("d/m"));
    assert_eq!(name("REF", "I13"), Some("d/m"));
    assert_eq!(name("ACK", ""), Some("d/m"));
    assert_eq!(name("ACK", "I12"), Some("d/m"), "a type without an event is for any");
    assert_eq!([name("REF", "I14"), name("REF", ""), name("RRI", "I12")], [None; 3]);
}

#[test]
fn a_block_is_part_of_each_mapping_that_names_it() {
    let found = read("PID|||||Roe");
    assert_eq!(found.pivot, json!({ "Patient": { "name": [{ "family": "Roe" }] } }));
    let carried = &found.carried[0];
    assert_eq!((carried.left.as_str(), carried.right.as_str()), ("Patient.name.family", "PID-5.1"));
    assert_eq!((carried.file.as_str(), carried.line), ("d/segments/pid.toml", 6));
}

#[test]
fn a_digest_covers_the_blocks() {
    let digest = |block: &str| load(MESSAGE, ROWS, block).unwrap().mapping("d/m").unwrap().digest();
    assert_ne!(digest(BLOCK), digest(&format!("{BLOCK}\n# read again\n")));
}

#[test]
fn a_block_that_does_not_fit_does_not_load() {
    let refused =
        |message: &str, rows: &str, block: &str| words(load(message, rows, block).unwrap_err());
    let absent = MESSAGE.replace("blocks = [\"pid\"]", "blocks = [\"pd1\"]");
    assert!(refused(&absent, ROWS, BLOCK).contains("there is no file d/segments/pd1.toml"));
    // A segment that the mapping's structure lacks; the line is the block's.
    let lacks = MESSAGE.replace("\"PID\", ", "");
    let said = refused(&lacks, ROWS, BLOCK);
    assert!(said.contains("d/segments/pid.toml:6:") && said.contains("structure"), "{said}");
    let named = BLOCK.replace("d/segments/pid", "d/segments/pv1");
    assert!(refused(MESSAGE, ROWS, &named).contains("d/segments/pid.toml:2: name is not"));
    let twice = r#"may = [{ left = "Patient.name.text", right = "PID-5.1", group = "identity" }]
first = ["Patient.name"]"#;
    assert!(refused(MESSAGE, twice, BLOCK).contains("right overlaps PID-5"));
    let types = MESSAGE.replace("REF^I13", "REF-I13");
    assert!(refused(&types, ROWS, BLOCK).contains("is not a message type"));
    let state = MESSAGE.replace("ORC-5", "ZZZ-5");
    assert!(refused(&state, ROWS, BLOCK).contains("is not a field of a segment in the structure"));
}

#[test]
fn the_fields_of_the_state_are_written_where_they_stand_and_count_as_carried() {
    assert_eq!(mapping().state_fields().collect::<Vec<_>>(), ["ORC-1", "ORC-5"]);
    let link = constants().with_state([("ORC-1", "SC"), ("ORC-5", "CM"), ("RF1-1", "A")]);
    let (_, text) = write(&json!({}), &link);
    assert_eq!(text, "ORC|SC||||CM\r", "RF1-1 is of no use here");
    let found = read("ORC|SC||||CM|x");
    assert_eq!((found.pivot, found.not_carried), (json!({}), vec!["ORC-6".to_owned()]));
    let by: Vec<_> = found.carried.iter().map(|one| (&*one.right, &*one.file)).collect();
    let states = "hl7v2/states.toml";
    assert_eq!(by, [("ORC-1", states), ("ORC-5", states)]);
}

#[test]
fn each_item_stands_where_it_stood_whatever_the_rows_take() {
    let found = read("OBX||ST|a||one\rOBX||NM|b||2\rOBX|\rOBX||TX|c||three\rOBX||ST|d||four");
    let coded = |code: &str, text: Option<&str>| {
        let mut one = json!({ "code": { "coding": [{ "code": code }] } });
        if let Some(text) = text {
            one["valueString"] = text.into();
        }
        one
    };
    let all = json!([
        coded("a", Some("one")),
        coded("b", None),
        coded("c", Some("three")),
        coded("d", Some("four")),
    ]);
    assert_eq!(found.pivot["Observation"], all);
    assert_eq!(found.not_carried, ["OBX-2", "OBX-5"], "of the number alone");
    // What a row selects by is made where it writes, and nowhere else.
    let (written, text) = write(&found.pivot, &constants());
    assert_eq!(text, "OBX||ST|a||one\rOBX|||b\rOBX||ST|c||three\rOBX||ST|d||four\r");
    assert!(written.not_carried.is_empty());
    // A row is named once, however often it carried, and once for each place.
    let rights: Vec<_> = found.carried.iter().map(|one| one.right.as_str()).collect();
    assert_eq!(rights, ["OBX-3.1", "OBX-5"]);
}
