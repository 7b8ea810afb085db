//! A mapping without samples is a guess.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::none;
use super::source::root;

/// Folders that hold what mappings share.
const SHARED: [&str; 2] = ["codes", "templates"];

/// The table of states maps no message.
const STATES: &str = "states";

fn names(folder: &Path, folders: bool) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeSet::new() };
    let entries = entries.map(Result::unwrap);
    let entries = entries.filter(|entry| entry.file_type().unwrap().is_dir() == folders);
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// What is missing in a folder of mappings: for each message a sample, and each sample whole.
pub fn missing(folder: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for dialect in names(folder, true).iter().filter(|name| !SHARED.contains(&name.as_str())) {
        let dialect_folder = folder.join(dialect);
        let samples = names(&dialect_folder.join("samples"), true);
        let files = names(&dialect_folder, false);
        let messages: Vec<&str> = files
            .iter()
            .filter_map(|name| name.strip_suffix(".toml"))
            .filter(|name| *name != STATES)
            .collect();
        if messages.is_empty() {
            wrong.push(format!("{dialect}: no mapping"));
        }
        for message in &messages {
            if !samples.iter().any(|sample| sample.starts_with(&format!("{message}-"))) {
                wrong.push(format!("{dialect}: {message} has no sample"));
            }
        }
        for sample in &samples {
            let files = names(&dialect_folder.join("samples").join(sample), false);
            let known = messages.iter().any(|message| sample.starts_with(&format!("{message}-")));
            let right = files.iter().any(|name| name.starts_with("right."));
            if !known
                || !right
                || !files.contains("pivot.json")
                || !files.contains("not-carried.txt")
            {
                wrong.push(format!("{dialect}: sample {sample} is not whole, or of no mapping"));
            }
        }
    }
    wrong
}

#[test]
fn every_mapping_has_samples() {
    let mappings = root().join("mappings");
    assert!(names(&mappings, true).contains("cbo-json"));
    none(&missing(&mappings));
}
