//! The public messages (`LOOPGATE_CORPUS`, `hl7v2`), through the maps: of each populated field it is
//! known whether it was carried, and what was carried comes back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use loopgate_consent::Groups;
use loopgate_hl7v2::{Charset, Header, Limits, Message, batch, read};

use super::constants;
use crate::{Library, Mapping};

/// Every message of the corpus, with the name of its file.
pub(super) fn files() -> Option<Vec<(String, Vec<u8>)>> {
    let Some(corpus) = std::env::var_os("LOOPGATE_CORPUS").map(PathBuf::from) else {
        eprintln!("LOOPGATE_CORPUS is not set: the public messages were not read");
        return None;
    };
    let mut found = Vec::new();
    for source in fs::read_dir(corpus.join("hl7v2")).unwrap() {
        let source = source.unwrap().path();
        if !source.is_dir() {
            continue;
        }
        for file in fs::read_dir(&source).unwrap() {
            let path = file.unwrap().path();
            if is_message(&path) {
                let name = path.strip_prefix(&corpus).unwrap().display().to_string();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    Some(found)
}

fn is_message(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".hl7") && !name.contains(".expected")
}

/// The messages of a file, each order by itself; or why there are none.
fn messages(bytes: &[u8]) -> Result<Vec<Message>, String> {
    let limits = Limits::default();
    let charset: Charset = "WINDOWS-1252".parse().unwrap();
    let parts = match batch(bytes, &limits, charset) {
        Some(parts) => parts.map_err(|flaw| flaw.to_string())?.messages,
        None => vec![bytes],
    };
    let mut all = Vec::new();
    for part in parts {
        let message = read(part, &limits, charset).map_err(|unsound| unsound.flaw.to_string())?;
        all.extend(message.orders().map_err(|flaw| flaw.to_string())?);
    }
    Ok(all)
}

#[test]
fn each_field_of_each_message_is_carried_or_listed_and_what_is_carried_comes_back() {
    let Some(files) = files() else { return };
    let library = Library::builtin();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (mut translated, mut fields) = (0, [0, 0]);
    for (name, bytes) in &files {
        let outcome = messages(bytes).map_err(|words| format!("does not read: {words}"));
        let outcome = outcome.and_then(|all| {
            let each = all.iter().map(|message| one(&library, name, message));
            each.collect::<Result<Vec<_>, String>>()
        });
        match outcome {
            Ok(all) => {
                translated += 1;
                for [carried, listed] in all {
                    fields[0] += carried;
                    fields[1] += listed;
                }
            }
            Err(why) => *counts.entry(why).or_default() += 1,
        }
    }
    eprintln!(
        "{translated} of {} files translate; {} leaves carried, {} listed",
        files.len(),
        fields[0],
        fields[1]
    );
    for (why, count) in &counts {
        eprintln!("{count:4} {why}");
    }
    assert!(translated > 200, "{counts:?}");
}

/// How many leaves were carried and listed, or why the message was refused.
fn one(library: &Library, name: &str, message: &Message) -> Result<[usize; 2], String> {
    let header = Header::of(message).map_err(|flaws| format!("header: {}", flaws[0]))?;
    let mapping = library.for_message(&header.code, &header.event);
    let mapping = mapping.ok_or("is of a type without a mapping".to_owned())?;
    let counts = accounted(mapping, name, message);
    let read = mapping.read_v2(message, &constants());
    let read = read.map_err(|refused| format!("{}: {refused}", mapping.name()))?;
    comes_back(mapping, name, &read.pivot);
    counts
}
