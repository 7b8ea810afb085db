//! Value sets: which codes of which systems. Codes of systems under a licence of their own are not
//! written out; a set then says only that any code of that system may be in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::{fs, io};

use serde_json::Value;

/// Every ValueSet and CodeSystem found, by canonical.
pub struct Sets {
    sets: BTreeMap<String, Value>,
    systems: BTreeMap<String, Value>,
}

/// Codes of one system.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Codes {
    Any,
    List(Vec<String>),
}

type Members = BTreeMap<String, Codes>;

/// Systems whose codes may be written out: HL7's own, units, and public lists of the United States.
fn is_open(system: &str) -> bool {
    [
        "http://hl7.org/",
        "http://terminology.hl7.org/",
        "http://unitsofmeasure.org",
        "urn:oid:2.16.840.1.113883.6.238",
        "https://www.usps.com/",
    ]
    .iter()
    .any(|open| system.starts_with(open))
        && !system.starts_with("http://hl7.org/fhir/sid/")
}

/// How the tables call a value set.
pub fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

impl Sets {
    pub fn read(folders: &[PathBuf]) -> io::Result<Sets> {
        let mut found = Sets { sets: BTreeMap::new(), systems: BTreeMap::new() };
        for folder in folders {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let into = match name.split('-').next() {
                    Some("ValueSet") => &mut found.sets,
                    Some("CodeSystem") => &mut found.systems,
                    _ => continue,
                };
                let json: Value = serde_json::from_slice(&fs::read(&path)?)?;
                into.insert(json["url"].as_str().unwrap_or_default().to_owned(), json);
            }
        }
        Ok(found)
    }

    /// Whether anything can be said about what is in the set.
    pub fn is_listed(&self, url: &str) -> bool {
        self.members(url).is_some()
    }

    pub fn print(&self, url: &str) -> String {
        let mut text = format!("set {} {url}\n", name_of(url));
        for (system, codes) in self.members(url).into_iter().flatten() {
            let codes = match codes {
                Codes::Any => "*".to_owned(),
                Codes::List(codes) => codes.join(" "),
            };
            text.push_str(&format!("  {system} {codes}\n"));
        }
        text
    }

    /// The names of R4's resource types.
    pub fn resource_types(&self) -> Vec<String> {
        let system = "http://hl7.org/fhir/resource-types";
        let all = self.systems.get(system).map(|system| codes_of(&system["concept"]));
        // No resource is of the two that are abstract.
        let is_one = |name: &String| !matches!(name.as_str(), "Resource" | "DomainResource");
        all.unwrap_or_default().into_iter().filter(is_one).collect()
    }

    fn members(&self, url: &str) -> Option<Members> {
        if url == "http://hl7.org/fhir/ValueSet/immunization-status" {
            // R4 valueset-immunization-status.html; its file is not at hand.
            let codes = ["completed", "entered-in-error", "not-done"].map(str::to_owned);
            return Some(
                [("http://hl7.org/fhir/event-status".to_owned(), Codes::List(codes.into()))].into(),
            );
        }
        let set = self.sets.get(url)?;
        let mut members = Members::new();
        for include in list(&set["compose"]["include"]) {
            for (system, codes) in self.included(include)? {
                let before = members.remove(&system);
                members.insert(system, both(before, codes));
            }
        }
        for exclude in list(&set["compose"]["exclude"]) {
            let system = exclude["system"].as_str().unwrap_or_default();
            let out: BTreeSet<String> = codes_of(&exclude["concept"]).into_iter().collect();
            if let Some(Codes::List(codes)) = members.get_mut(system) {
                codes.retain(|code| !out.contains(code));
            }
        }
        (!members.is_empty()).then_some(members)
    }

    fn included(&self, include: &Value) -> Option<Members> {
        let Some(system) = include["system"].as_str() else {
            let mut members = Members::new();
            for other in list(&include["valueSet"]) {
                let url = other.as_str().unwrap_or_default();
                members.extend(self.members(url.split('|').next().unwrap_or_default())?);
            }
            return Some(members);
        };
        let known = self.systems.get(system).filter(|one| one["content"] == "complete");
        let codes = match (list(&include["concept"]), list(&include["filter"]), known) {
            _ if !is_open(system) => Codes::Any,
            ([], [], Some(known)) => Codes::List(codes_of(&known["concept"])),
            (named @ [_, ..], ..) => Codes::List(
                named.iter().filter_map(|one| Some(one["code"].as_str()?.into())).collect(),
            ),
            _ => Codes::Any,
        };
        Some([(system.to_owned(), codes)].into())
    }
}

fn both(before: Option<Codes>, codes: Codes) -> Codes {
    match (before, codes) {
        (None, codes) => codes,
        (Some(Codes::List(mut before)), Codes::List(more)) => {
            more.into_iter().for_each(|code| {
                if !before.contains(&code) {
                    before.push(code);
                }
            });
            Codes::List(before)
        }
        _ => Codes::Any,
    }
}

fn list(json: &Value) -> &[Value] {
    json.as_array().map_or(&[], Vec::as_slice)
}

/// The codes of a list of concepts and of those below them.
fn codes_of(concepts: &Value) -> Vec<String> {
    let mut codes = Vec::new();
    for concept in list(concepts) {
        codes.extend(concept["code"].as_str().map(str::to_owned));
        codes.extend(codes_of(&concept["concept"]));
    }
    codes
}
