//! Add a file, get a test: `mappings/*/samples/*`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use loopgate_consent::Groups;
use loopgate_hl7v2::{Charset, Delimiters, Limits, Message};
use serde_json::Value;

use super::{constants, json};
use crate::Constants;
use crate::leaves::{Part, leaves, shown};
use crate::{Library, builtin};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings")
}

fn folders_in(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut folders: Vec<_> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The constants of a dialect's samples, with its link's tables if it has any.
fn link(samples: &Path) -> Constants {
    let Ok(found) = fs::read_to_string(samples.join("link.toml")) else { return constants() };
    let found: toml::Table = found.parse().unwrap();
    let text = |one: &toml::Value, key: &str| one[key].as_str().unwrap().to_owned();
    let pairs = found.get("authorities").and_then(toml::Value::as_array).into_iter().flatten();
    let pairs = pairs.map(|one| (text(one, "system"), text(one, "name"))).collect();
    let zone = found.get("zone").map_or("UTC", |zone| zone.as_str().unwrap());
    let zone = jiff::tz::TimeZone::get(zone).unwrap();
    constants().with_table("authorities", pairs).in_zone(zone)
}

/// The tree of segments written one a line.
fn tree(lines: &str) -> Value {
    let message = format!("MSH|^~\\&|A|B\r{}", lines.replace('\n', "\r"));
    let message = loopgate_hl7v2::read(message.as_bytes(), &Limits::default(), Charset::UTF_8);
    let mut tree = crate::v2::tree(&message.unwrap());
    tree.as_object_mut().unwrap().remove("MSH");
    tree
}

/// What a document says: every leaf with its path, whatever the order of lists.
fn said(root: &Value) -> Vec<(String, String)> {
    let say = |place: Vec<Part<'_>>| {
        let at = |value, part: &Part<'_>| match *part {
            Part::Member(name) => &Value::as_object(value).unwrap()[name],
            Part::Index(index) => &Value::as_array(value).unwrap()[index],
        };
        let leaf = place.iter().fold(root, at);
        (shown(&place), leaf.to_string())
    };
    let mut said: Vec<_> = leaves(root).into_iter().map(say).collect();
    said.sort();
    said
}

/// The law of a sample:
/// 1. writing the pivot gives the document, and loses what the sample says;
/// 2. reading the document loses nothing, and writing again gives the document and loses nothing;
/// 3. what was read is said by the pivot, and what the pivot says beyond it is what was lost, or
///    how the resource is kept.
fn check(library: &Library, dialect: &str, sample: &Path) {
    let name = sample.file_name().unwrap().to_str().unwrap();
    let mapping = library
        .mappings()
        .find(|one| {
            let message = one.name().strip_prefix(dialect).and_then(|rest| rest.strip_prefix('/'));
            message.is_some_and(|message| name.starts_with(&format!("{message}-")))
        })
        .unwrap_or_else(|| panic!("{name}: its name does not start with a mapping's name"));
    let pivot = json(&text(&sample.join("pivot.json")));
    let v2 = sample.join("right.hl7");
    let right =
        if v2.exists() { tree(&text(&v2)) } else { json(&text(&sample.join("right.json"))) };
    // The state is the table's to say, and the sample's document says which.
    let of_link = link(sample.parent().unwrap());
    let fields = mapping.state.iter().filter_map(|(field, route)| {
        let found = route.find(&right, &of_link, 0).unwrap()?;
        Some((field.to_string(), found.value.as_str()?.to_owned()))
    });
    let fields: Vec<(String, String)> = fields.collect();
    let pairs = || fields.iter().map(|(field, value)| (field.as_str(), value.as_str()));
    let constants = || of_link.clone().with_state(pairs());
    let lost = text(&sample.join("not-carried.txt"));
    let lost: Vec<&str> = lost.lines().collect();

    let written = mapping.write(&pivot, &Groups::all(), &constants()).unwrap();
    assert_eq!(written.document, right, "{name}");
    assert_eq!(written.not_carried, lost, "{name}");
    assert!(written.withheld.is_empty(), "{name}");

    let read = mapping.read(&right, &constants()).unwrap();
    assert!(read.not_carried.is_empty(), "{name}: {:?}", read.not_carried);
    let again = mapping.write(&read.pivot, &Groups::all(), &constants()).unwrap();
    assert_eq!(again.document, right, "{name}");
    assert!(again.not_carried.is_empty(), "{name}: {:?}", again.not_carried);

    let mut rest = said(&pivot);
    for one in said(&read.pivot) {
        let index = rest.iter().position(|other| *other == one);
        rest.remove(index.unwrap_or_else(|| panic!("{name}: {one:?} was made up")));
    }
    let kept = |path: &str| {
        path.split('.').nth(1).is_some_and(|part| matches!(part, "resourceType" | "id" | "meta"))
    };
    let rest: BTreeSet<&str> =
        rest.iter().map(|(path, _)| path.as_str()).filter(|path| !kept(path)).collect();
    assert_eq!(rest.into_iter().collect::<Vec<_>>(), lost, "{name}");
}

#[test]
fn every_sample_matches_in_both_directions() {
    let library = Library::builtin();
    let mut count = 0;
    for dialect in folders_in(&folder()) {
        for sample in folders_in(&dialect.join("samples")) {
            let dialect = dialect.file_name().unwrap().to_str().unwrap();
            check(&library, dialect, &sample);
            count += 1;
        }
    }
    assert!(count >= 5, "only {count} samples found");
}

#[test]
fn a_message_is_written_in_the_order_of_its_structure() {
    let samples = folder().join("hl7v2/samples");
    for name in ["ref-i12-food-full", "rri-i12-served"] {
        let library = Library::builtin();
        let mapping = library.mapping(&format!("hl7v2/{}", &name[..7])).unwrap();
        let pivot = json(&text(&samples.join(name).join("pivot.json")));
        // What the state table gives in these two.
        let state = [("RF1-1", "A"), ("OBR-25", "F")];
        let state = state.into_iter().filter(|_| name.starts_with("rri"));
        let constants = link(&samples).with_state(state);
        let written = mapping.write_v2(&pivot, &Groups::all(), &constants).unwrap();
        let segments = written.segments;
        let message = Message { delimiters: Delimiters::USUAL, segments };
        let lines = message.print().replace('\r', "\n");
        assert_eq!(lines, text(&samples.join(name).join("right.hl7")), "{name}");
    }
}

#[test]
fn every_mapping_has_a_sample() {
    for mapping in Library::builtin().mappings() {
        let (dialect, message) = mapping.name().split_once('/').unwrap();
        let samples = folders_in(&folder().join(dialect).join("samples"));
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let has = samples.iter().any(|path| name(path).starts_with(&format!("{message}-")));
        assert!(has, "{} has no sample", mapping.name());
    }
}

#[test]
fn the_program_carries_the_folder() {
    assert_eq!(Library::load(&folder()).unwrap(), Library::builtin());
    let on_disk: BTreeSet<(String, String)> =
        crate::folder::read(&folder()).unwrap().into_iter().collect();
    let inside = builtin::FILES.map(|(path, text)| (path.to_owned(), text.to_owned()));
    assert_eq!(on_disk, BTreeSet::from(inside));
}

#[test]
fn a_digest_changes_with_whatever_changes_what_a_mapping_does() {
    let digest = |name: &str, appended: &str| {
        let files = Library::files().map(|(path, text)| {
            let end = if path == appended { "\n" } else { "" };
            (path, format!("{text}{end}"))
        });
        Library::from_files(files).unwrap().mapping(name).unwrap().digest()
    };
    let as_shipped = digest("cbo-json/status", "");
    for other in ["cbo-json/status.toml", "codes/task-status/cbo.toml", "fhir-repeats.toml"] {
        assert_ne!(digest("cbo-json/status", other), as_shipped, "{other}");
    }
    for same in ["cbo-json/referral.toml", "templates/food.toml"] {
        assert_eq!(digest("cbo-json/status", same), as_shipped, "{same}");
    }
    assert_ne!(digest("cbo-json/referral", ""), as_shipped);
}
