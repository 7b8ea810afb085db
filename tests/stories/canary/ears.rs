//! Everything that left, by who heard it; and a search of files and their names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::harness::Answer;

/// What each heard: text as it came, with its headers.
#[derive(Default)]
pub struct Ears(BTreeMap<String, String>);

impl Ears {
    pub fn hear(&mut self, who: &str, answer: &Answer) {
        assert_ne!(answer.status, 0, "a connection broke");
        let headers = format!("{:?} {:?} ", answer.etag, answer.location);
        self.say(who, headers + &answer.text);
    }

    pub fn say(&mut self, who: &str, text: String) {
        let heard = self.0.entry(who.to_owned()).or_default();
        heard.push_str(&text);
        heard.push('\n');
    }

    /// Everything that somebody heard.
    pub fn of(&self, who: &str) -> &str {
        self.0.get(who).map_or("", String::as_str)
    }
}

/// Looks for words in the names and bytes of a file, or of all files under a folder.
#[track_caller]
pub fn nowhere_in(place: &Path, words: &[(String, String)]) {
    let mut files = Vec::new();
    walk(place, &mut files);
    assert!(!files.is_empty(), "there is nothing to search");
    for file in files {
        let bytes = fs::read(&file).unwrap_or_default();
        let name = file.to_string_lossy();
        // Every word begins alike: one look finds whether any is there.
        let stem = planted_stem();
        let found = bytes.windows(stem.len()).position(|window| window == stem.as_bytes());
        if found.is_none() && !name.contains(stem) {
            continue;
        }
        let text = String::from_utf8_lossy(&bytes);
        let which: Vec<&str> = words
            .iter()
            .filter(|(word, _)| text.contains(word) || name.contains(word))
            .map(|(_, at)| at.as_str())
            .collect();
        panic!("{name}: {which:?}");
    }
}

fn planted_stem() -> &'static str {
    super::planted::STEM
}

fn walk(place: &Path, files: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = fs::read_dir(place) else {
        files.push(place.to_owned());
        return;
    };
    for entry in entries {
        let entry = entry.unwrap();
        // A socket is not a file to read.
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), files);
        } else if entry.file_type().unwrap().is_file() {
            files.push(entry.path());
        }
    }
}
