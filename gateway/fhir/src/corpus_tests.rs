//! SDOHCC's own examples, from the folder that LOOPGATE_CORPUS names; without it there is nothing
//! to test.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use loopgate_referral::Timestamp;
use serde_json::Value;

use crate::{
    ACCEPTED, ConsentIn, GroupIn, Limits, PatientIn, PatientTaskIn, RequestIn, Resource, TaskIn,
    as_supplied, references,
};

fn examples() -> Vec<(String, Vec<u8>)> {
    let Some(corpus) = std::env::var_os("LOOPGATE_CORPUS") else {
        writeln!(std::io::stderr(), "skipped: LOOPGATE_CORPUS is not set").unwrap();
        return Vec::new();
    };
    let folder = PathBuf::from(corpus).join("sdohcc/examples");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(file).unwrap())
        })
        .filter(|(name, _)| ACCEPTED.contains(&name.split('-').next().unwrap_or_default()))
        .collect()
}

fn read(name: &str, bytes: &[u8]) -> Resource {
    Resource::read(bytes, &Limits::default()).unwrap_or_else(|faults| panic!("{name}: {faults:?}"))
}

/// The numbers of a JSON text, found without our reader: outside its strings.
fn numbers(text: &str) -> Vec<&str> {
    let mut rest = text.replace("\\\\", "").replace("\\\"", "");
    while let Some(start) = rest.find('"') {
        let end = start + 1 + rest[start + 1..].find('"').unwrap();
        rest.replace_range(start..=end, " ");
    }
    let found: Vec<String> = rest
        .split(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c)))
        .filter(|word| word.contains(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
        .collect();
    // In the order of the text; leaked because the text is gone and the test is short.
    found.into_iter().map(|number| &*number.leak()).collect()
}

#[test]
fn every_example_is_read_and_written_as_it_was() {
    for (name, bytes) in examples() {
        let resource = read(&name, &bytes);
        let written = resource.json.to_string();
        let before: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), before, "{name}");
        assert_eq!(resource.json.to_value(), before, "{name}");
        assert_eq!(numbers(&written), numbers(str::from_utf8(&bytes).unwrap()), "{name}");
        let supplied = as_supplied(&resource.json, "x", 1, Timestamp(0), None);
        read(&name, &supplied.to_bytes());
        references(&resource.json);
    }
}

#[test]
fn every_example_that_is_one_of_ours_has_its_meaning() {
    let mut patient_tasks = 0;
    for (name, bytes) in examples() {
        let resource = read(&name, &bytes);
        let faults = match resource.kind {
            "Patient" => PatientIn::read(&resource).err(),
            "ServiceRequest" => RequestIn::read(&resource).err(),
            "Consent" => ConsentIn::read(&resource, jiff::tz::Offset::UTC).err(),
            "Task" if PatientTaskIn::is_meant(&resource) => {
                patient_tasks += 1;
                assert!(name.starts_with("Task-SDOHCC-TaskPatient"), "{name}");
                assert!(TaskIn::read(&resource).is_err(), "{name} is no referral");
                PatientTaskIn::check(&resource).err()
            }
            "Task" => TaskIn::read(&resource).err(),
            "Group" => GroupIn::read(&resource).err(),
            _ => None,
        };
        assert_eq!(faults, None, "{name}");
    }
    assert!(patient_tasks == 3 || examples().is_empty());
}
