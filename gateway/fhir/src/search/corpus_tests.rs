//! The tables of search against the guide and R4's snapshots, from the folder that LOOPGATE_CORPUS
//! names; without it there is nothing to test.

use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;

use super::summary::rows;
use crate::{SERVED, Served};

fn corpus() -> Option<PathBuf> {
    let corpus = std::env::var_os("LOOPGATE_CORPUS");
    if corpus.is_none() {
        writeln!(std::io::stderr(), "skipped: LOOPGATE_CORPUS is not set").unwrap();
    }
    corpus.map(PathBuf::from)
}

fn read(file: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn every_parameter_and_include_of_the_guide_is_served() {
    let Some(corpus) = corpus() else { return };
    let name = "CapabilityStatement-SDOHCC-CoordinationPlatform.json";
    let guide = read(corpus.join("sdohcc/capabilitystatements").join(name));
    let server = items(&guide, "rest").iter().find(|rest| rest["mode"] == "server").unwrap();
    for resource in items(server, "resource") {
        let kind = resource["type"].as_str().unwrap();
        if kind == "Subscription" {
            continue;
        }
        let served = Served::of(kind).unwrap_or_else(|| panic!("{kind}"));
        for asked in items(resource, "searchParam") {
            let name = asked["name"].as_str().unwrap();
            let param = served.param(name).unwrap_or_else(|| panic!("{kind} {name}"));
            assert_eq!(asked["type"], param.kind.code(), "{kind} {name}");
            assert_eq!(asked["definition"], param.canonical().as_str(), "{kind} {name}");
        }
        for asked in items(resource, "searchInclude") {
            let asked = asked.as_str().unwrap();
            assert!(served.includes.contains(&asked), "{asked}");
        }
    }
}

#[test]
fn the_elements_of_a_summary_are_those_of_the_snapshots() {
    let Some(corpus) = corpus() else { return };
    for served in &SERVED {
        let row = rows().find(|row| row.kind == served.kind).unwrap();
        let file = corpus.join(format!("fhir-r4/profiles/{}.json", served.kind));
        if !file.exists() {
            assert_eq!(served.kind, "Immunization");
            continue;
        }
        let profile = read(file);
        let elements = items(&profile["snapshot"], "element");
        let path = |one: &Value| one["path"].as_str().unwrap().to_owned();
        let top = |wanted: &dyn Fn(&Value) -> bool| -> Vec<String> {
            let all = elements.iter().filter(|one| path(one).matches('.').count() == 1);
            let names = all.filter(|one| wanted(one)).map(path);
            let names = names.map(|path| path.split('.').nth(1).unwrap().replace("[x]", ""));
            names.filter(|name| !["id", "meta", "implicitRules"].contains(&name.as_str())).collect()
        };
        let kind = served.kind;
        assert_eq!(top(&|one| one["min"] != 0), row.mandatory, "{kind}");
        assert_eq!(top(&|one| path(one).ends_with("[x]")), row.choices, "{kind}");
        assert_eq!(top(&|one| one["isSummary"] == true), row.summary, "{kind}");
    }
}
