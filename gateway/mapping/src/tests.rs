//! Promises of the language, over the built-in mappings and over small ones.

mod blocks;
mod corpus;
mod generated;
mod groups;
mod guide;
mod loading;
mod loss;
mod said;
mod samples;
mod shapes;
mod v2;
mod view;

use loopgate_consent::{FieldGroup, Groups};
use serde_json::Value;

use crate::{Constants, Library, Mapping, Problem};

/// A table of elements for small mappings.
const REPEATS: &str = r#"
many = ["Patient.name", "Patient.name.given", "Patient.telecom", "Task.note", "Observation", "*.coding"]
once = ["Patient", "Patient.name.family", "Patient.name.text", "Patient.telecom.system", "Patient.telecom.use",
  "Patient.telecom.value", "Task", "Task.status", "Task.intent", "Task.note.text", "Observation.code",
  "Observation.valueString", "*.coding.code", "*.coding.system"]
"#;

/// The value table `t`.
const CODES: &str =
    "[both]\na = \"A\"\nb = \"B\"\n[left_only]\nold = \"A\"\n[right_only]\nOLD = \"b\"\n";

fn constants() -> Constants {
    [("referral", "urn:loopgate:referral")].into_iter().collect()
}

fn groups(of: &[FieldGroup]) -> Groups {
    of.iter().copied().collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The file `d/m.toml` with these rows.
fn file(rows: &str) -> String {
    format!(
        "[mapping]\nname = \"d/m\"\nversion = 1\nleft = \"fhir\"\nright = \"json\"\n[rows]\n{rows}\n"
    )
}

fn load(rows: &str) -> Result<Library, Vec<Problem>> {
    let mapping = file(rows);
    Library::from_files([
        ("d/m.toml", mapping.as_str()),
        ("fhir-repeats.toml", REPEATS),
        ("codes/t.toml", CODES),
    ])
}

/// A mapping of these rows alone.
fn small(rows: &str) -> Mapping {
    load(rows).unwrap().mapping("d/m").unwrap().clone()
}
