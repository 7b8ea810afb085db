//! The public messages (`LOOPGATE_CORPUS`, `hl7v2`), through the maps: of each populated field it is
//! known whether it was carried, and what was carried comes back.

#![allow(clippy::print_stderr)] // a test that is not run says so, and what it counted

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use loopgate_consent::Groups;
use loopgate_hl7v2::{Charset, Limits, Message, batch, read};
use serde_json::Value;

use super::constants;
use crate::leaves::{Part, leaves};
use crate::mapping::Fixed;
use crate::read::{is_header, shown_v2};
use crate::{Library, Mapping};

/// How a reason begins that is no refusal.
const BROKEN: &str = "a law is broken: ";

/// Every message of the corpus, with the name of its file.
fn files() -> Option<Vec<(String, Vec<u8>)>> {
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
    let broken: Vec<&String> = counts.keys().filter(|why| why.starts_with(BROKEN)).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(translated > 200, "{counts:?}");
}

/// How many leaves were carried and listed, or why the message was refused.
fn one(library: &Library, name: &str, message: &Message) -> Result<[usize; 2], String> {
    // A map asks for no more of MSH than the type; what else a door asks for is not its business.
    let text = |component| message.text("MSH", 9, component).unwrap_or_default();
    let event = Some(text(2)).filter(|event| !event.is_empty());
    let event = event.or_else(|| message.text("EVN", 1, 1)).unwrap_or_default();
    let kind = format!("{}^{event}", text(1));
    let mapping = library.for_message(&text(1), &event);
    let mapping = mapping.ok_or_else(|| format!("has no mapping: {kind}"))?;
    let tree = crate::v2::tree(message);
    let read = mapping.read(&tree, &constants());
    let read = read.map_err(|refused| format!("{}: {refused}", mapping.name()))?;
    let counts = accounted(mapping, name, &tree, &read.not_carried);
    comes_back(mapping, &read.pivot).map_err(|why| format!("{BROKEN}{name}: {why}"))?;
    Ok(counts)
}

/// Each populated leaf but those of MSH is carried, or its place is listed; nothing else is listed.
fn accounted(mapping: &Mapping, name: &str, tree: &Value, listed: &[String]) -> [usize; 2] {
    let link = constants();
    let (reading, known) = mapping.reading(tree, &link).unwrap();
    let all: Vec<_> = leaves(tree).into_iter().filter(|place| !is_header(place)).collect();
    let (carried, lost): (Vec<_>, Vec<_>) =
        all.iter().partition(|place| known.contains(place.as_slice()));
    let places: BTreeSet<String> = lost.iter().map(|place| shown_v2(place)).collect();
    assert_eq!(places.into_iter().collect::<Vec<_>>(), listed, "{name}");
    // Each carried leaf is of a row, of the state, or says which segment it was.
    let rows: BTreeSet<&str> = reading.carried.iter().map(|one| field(&one.right)).collect();
    for place in &carried {
        let shown = shown_v2(place);
        let selects = matches!(place.as_slice(), [Part::Member("OBX" | "PRD" | "PRT" | "SCH"), ..]);
        let fixed = |one: &Fixed| matches!(one, Fixed::Right(route, _) if field(&route.shown) == field(&shown));
        let known = rows.contains(field(&shown)) || selects || mapping.fixed.iter().any(fixed);
        assert!(known, "{name}: {shown} by no row");
    }
    [carried.len(), lost.len()]
}

/// `PID-3.4` is of `PID-3`.
fn field(place: &str) -> &str {
    place.split('.').next().unwrap_or_default()
}

/// What was read is written without loss, and reads back as it was.
fn comes_back(mapping: &Mapping, pivot: &Value) -> Result<(), String> {
    let written = mapping.write(pivot, &Groups::all(), &constants());
    let written = written.map_err(|refused| format!("writing: {refused}"))?;
    if !written.not_carried.is_empty() {
        return Err(format!("writing loses {:?}", written.not_carried));
    }
    let again = mapping.read(&written.document, &constants());
    let again = again.map_err(|refused| format!("reading again: {refused}"))?;
    if again.pivot != *pivot {
        return Err("reads back as something else".to_owned());
    }
    let lost = again.not_carried;
    if lost.is_empty() { Ok(()) } else { Err(format!("reading again loses {lost:?}")) }
}
