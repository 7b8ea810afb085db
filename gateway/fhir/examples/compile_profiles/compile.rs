//! From StructureDefinitions, ValueSets and CodeSystems to the tables the validator reads. Facts
//! alone: paths, cardinalities, types, targets, bindings, fixed values, slices, keys of rules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

use loopgate_fhir::ACCEPTED;
use serde_json::Value;

use crate::elements::{Base, Element, Names, OPEN, read};
use crate::sets::{Sets, name_of};

/// The text of each table, by its file name.
pub fn tables(corpus: &Path) -> io::Result<Vec<(&'static str, String)>> {
    let core = definitions(&corpus.join("fhir-r4/profiles"), "")?;
    let us_core = definitions(&corpus.join("sdohcc/deps/us-core-7.0.0"), "StructureDefinition-")?;
    let sdohcc = definitions(&corpus.join("sdohcc/profiles"), "StructureDefinition-")?;
    let names = Names::of(core.iter().chain(&us_core).chain(&sdohcc));
    let sets = Sets::read(&[
        corpus.join("fhir-r4/valuesets"),
        corpus.join("sdohcc/deps/us-core-7.0.0"),
        corpus.join("sdohcc/valuesets"),
        corpus.join("sdohcc/codesystems"),
    ])?;
    let mut used = BTreeSet::new();
    let base = Base::compile(&ACCEPTED, &core, &us_core, &names)?;
    let mut r4 = String::from("# HL7 FHIR R4 4.0.1: base definitions. See README.md here.\n");
    for (name, kind) in &base.kinds {
        r4.push_str(&format!("type {name}"));
        r4.push_str(&kind.base.as_ref().map(|base| format!(" : {base}")).unwrap_or_default());
        r4.push_str(&rules(&kind.root.rules));
        r4.push('\n');
        for element in &kind.elements {
            let binding = bound(element, None, &sets, &mut used, false);
            let types = &element.types;
            let (min, max) = (element.min, &element.max);
            let rules = rules(&element.rules);
            r4.push_str(&format!("  {} {min}..{max} {types}{binding}{rules}\n", element.path));
        }
    }
    let mut profiles = Vec::new();
    for (name, title, from) in [
        ("us-core.txt", "HL7 US Core 7.0.0", &us_core),
        ("sdohcc.txt", "HL7 SDOH Clinical Care 3.0.0", &sdohcc),
    ] {
        let mut text =
            format!("# {title}: what a profile asks for beyond R4. See README.md here.\n");
        for definition in from.iter().filter(|one| wanted(one)) {
            text.push_str(&profile(definition, &base, &names, &sets, &mut used)?);
        }
        profiles.push((name, text));
    }
    let mut codes = String::from("# Value sets that the tables bind. See README.md here.\n");
    for url in used {
        codes.push_str(&sets.print(&url));
    }
    codes.push_str(&format!("resources {}\n", sets.resource_types().join(" ")));
    codes.push_str(&format!("open {}\n", OPEN.join(" ")));
    Ok([("r4.txt", r4), ("codes.txt", codes)].into_iter().chain(profiles).collect())
}

fn wanted(definition: &Value) -> bool {
    let kind = definition["type"].as_str().unwrap_or_default();
    let constraint = definition["derivation"] == "constraint";
    constraint && (kind == "Extension" || ACCEPTED.contains(&kind))
}

/// Every StructureDefinition of a folder, in the order of their file names.
fn definitions(folder: &Path, prefix: &str) -> io::Result<Vec<Value>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(prefix) && name.ends_with(".json") {
            files.insert(name, serde_json::from_slice::<Value>(&fs::read(&path)?)?);
        }
    }
    Ok(files.into_values().filter(|one| one["snapshot"]["element"].is_array()).collect())
}

fn rules(keys: &[String]) -> String {
    if keys.is_empty() { String::new() } else { format!(" rules({})", keys.join(",")) }
}

/// ` !set` or ` ~set`, where the set is one we have and the base does not say so already.
fn bound(
    element: &Element,
    base: Option<&Element>,
    sets: &Sets,
    used: &mut BTreeSet<String>,
    extensible: bool,
) -> String {
    let Some((strength, url)) = &element.binding else { return String::new() };
    let sign = match strength.as_str() {
        "required" => '!',
        "extensible" if extensible => '~',
        _ => return String::new(),
    };
    if base.is_some_and(|base| base.binding == element.binding) || !sets.is_listed(url) {
        return String::new();
    }
    used.insert(url.clone());
    format!(" {sign}{}", name_of(url))
}

/// What a profile says that its base does not.
fn profile(
    definition: &Value,
    base: &Base,
    names: &Names,
    sets: &Sets,
    used: &mut BTreeSet<String>,
) -> io::Result<String> {
    let kind = definition["type"].as_str().unwrap_or_default();
    let elements = read(definition, names)?;
    let root_rules = match base.kinds.get(kind) {
        Some(found) => fresh(&elements[0].rules, &found.root.rules),
        None => elements[0].rules.clone(),
    };
    let url = definition["url"].as_str().unwrap_or_default();
    let mut text = format!("profile {url} {kind}{}\n", rules(&root_rules));
    let mut homes: BTreeMap<String, (String, String)> = BTreeMap::new();
    homes.insert(String::new(), (kind.to_owned(), String::new()));
    // A slice that only the resource behind a reference could tell from others is left out.
    let mut dropped: BTreeSet<String> = BTreeSet::new();
    for element in &elements[1..] {
        let path = &element.path;
        let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
        let bare = last.split(':').next().unwrap_or(last);
        if dropped.iter().any(|slice| is_within(path, slice)) {
            continue;
        }
        if element.slicing.as_ref().is_some_and(|by| by.contains("resolve()")) {
            dropped.insert(format!("{path}:"));
        }
        let common = everywhere(bare);
        let known = homes.get(parent).and_then(|home| base.find(home, bare)).or(common.as_ref());
        if let Some(home) = homes.get(parent).and_then(|home| home_of(home, bare, element, known)) {
            homes.insert(path.clone(), home);
        }
        let said = told(element, known, last.contains(':'), sets, used);
        if !said.is_empty() {
            text.push_str(&format!("  {path}{said}\n"));
        }
    }
    Ok(text)
}

/// What every element may have; the tables do not repeat it.
fn everywhere(name: &str) -> Option<Element> {
    let (max, types) = match name {
        "id" => ("1", "string"),
        "extension" | "modifierExtension" => ("*", "Extension"),
        _ => return None,
    };
    Some(Element {
        path: name.to_owned(),
        min: 0,
        max: max.to_owned(),
        types: types.to_owned(),
        binding: None,
        rules: Vec::new(),
        slicing: None,
        value: None,
    })
}

fn is_within(path: &str, slice: &str) -> bool {
    path.starts_with(slice)
}

/// Where the children of an element are defined: a type, and a path in it.
fn home_of(
    home: &(String, String),
    bare: &str,
    element: &Element,
    known: Option<&Element>,
) -> Option<(String, String)> {
    let types = known.map(|known| known.types.as_str()).filter(|types| !types.contains('|'));
    let types = types.unwrap_or(&element.types);
    let inside = if home.1.is_empty() { bare.to_owned() } else { format!("{}.{bare}", home.1) };
    match types {
        "{}" => Some((home.0.clone(), inside)),
        types if types.starts_with('=') => Some((home.0.clone(), types[1..].to_owned())),
        types if types.contains('|') || types == "*" => None,
        types => {
            let end = types.find(['(', '<']).unwrap_or(types.len());
            Some((types[..end].to_owned(), String::new()))
        }
    }
}

fn told(
    element: &Element,
    known: Option<&Element>,
    is_slice: bool,
    sets: &Sets,
    used: &mut BTreeSet<String>,
) -> String {
    let mut said = String::new();
    let same_count = known.is_some_and(|known| {
        known.min >= element.min && (known.max == element.max || element.max == "*")
    });
    if is_slice || !same_count {
        said.push_str(&format!(" {}..{}", element.min, element.max));
    }
    let same_types = known.is_none_or(|known| sorted(&known.types) == sorted(&element.types));
    let closed =
        matches!(element.types.as_str(), "" | "{}" | "*" | "id") || element.types.starts_with('=');
    if !same_types && !closed {
        said.push_str(&format!(" {}", element.types));
    }
    said.push_str(&bound(element, known, sets, used, true));
    let none = Vec::new();
    said.push_str(&rules(&fresh(&element.rules, known.map_or(&none, |known| &known.rules))));
    if let Some(slicing) = &element.slicing {
        // Slices of extensions are told by url everywhere; that they may be sliced says nothing.
        let by_url = slicing == "slice(value:url)" && !is_slice;
        if !(by_url || slicing.contains("resolve()")) {
            said.push_str(&format!(" {slicing}"));
        }
    }
    if let Some(value) = &element.value {
        said.push_str(&format!(" {value}"));
    }
    said
}

fn sorted(types: &str) -> Vec<&str> {
    let mut types: Vec<&str> = types.split('|').collect();
    types.sort_unstable();
    types
}

/// The keys of one list that are not in another.
fn fresh(keys: &[String], known: &[String]) -> Vec<String> {
    keys.iter().filter(|key| !known.contains(key)).cloned().collect()
}
