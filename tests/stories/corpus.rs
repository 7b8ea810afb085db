//! SDOHCC's own examples go in and come back as they were: every number's digits, every member we
//! do not know. From the folder that LOOPGATE_CORPUS names; without it there is nothing to tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use loopgate_fhir::{ACCEPTED, Json, Limits, references, rewrite};

use crate::harness::{Answer, Gateway, Party, skipped};

/// `Type/id` -> the resource.
type Examples = BTreeMap<String, Json>;

fn read(text: &[u8]) -> Json {
    Json::parse(text, "Resource", &Limits::default()).unwrap()
}

fn folder() -> Option<PathBuf> {
    let Some(corpus) = std::env::var_os("LOOPGATE_CORPUS") else {
        skipped("LOOPGATE_CORPUS is not set");
        return None;
    };
    Some(PathBuf::from(corpus).join("sdohcc/examples"))
}

fn examples(folder: &std::path::Path) -> Examples {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let resources = files
        .filter(|path| path.file_name().is_some_and(|name| name != "GROUPS.json"))
        .map(|path| read(&fs::read(path).unwrap()));
    resources
        .filter(|resource| ACCEPTED.contains(&kind(resource)))
        .map(|resource| (name(&resource), resource))
        .collect()
}

fn kind(resource: &Json) -> &str {
    resource.text("resourceType").unwrap()
}

fn name(resource: &Json) -> String {
    format!("{}/{}", kind(resource), resource.text("id").unwrap())
}

/// Names of the examples of one group; those of a type that is not accepted are left out.
fn groups(folder: &std::path::Path, examples: &Examples) -> BTreeMap<String, Vec<String>> {
    let json = read(&fs::read(folder.join("GROUPS.json")).unwrap());
    let groups = json.get("groups").unwrap().members().iter();
    groups
        .map(|(group, names)| {
            let names =
                names.items().iter().map(|name| name.as_str().unwrap().replacen('-', "/", 1));
            (group.clone(), names.filter(|name| examples.contains_key(name)).collect())
        })
        .collect()
}

/// What these refer to, and so on. A Task comes alone: others' Tasks are not for this one to bring.
fn with_targets(names: &[String], examples: &Examples) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = BTreeSet::new();
    let mut next: Vec<String> = names.to_vec();
    while let Some(name) = next.pop() {
        if let Some(resource) = examples.get(&name)
            && all.insert(name)
        {
            next.extend(references(resource).into_iter().map(|one| one.text));
        }
    }
    all
}

/// A resource that stands for an example we do not have.
fn stub(target: &str) -> Json {
    let (kind, _) = target.split_once('/').unwrap();
    let body = match kind {
        "Observation" => r#""status":"final","code":{"text":"absent"}"#,
        "Practitioner" => r#""active":true"#,
        "Organization" => r#""name":"absent""#,
        _ => panic!("no stub for {target}"),
    };
    read(format!(r#"{{"resourceType":"{kind}",{body}}}"#).as_bytes())
}

/// A transaction of these, each reference a `urn:uuid`; and what each became.
struct Sent {
    /// In the order of the Bundle: name, `fullUrl`, resource as sent.
    entries: Vec<(String, String, Json)>,
    answer: Answer,
}

fn send(clinic: &Party, resources: Vec<(String, Json)>) -> Sent {
    let mut resources: BTreeMap<String, Json> = resources.into_iter().collect();
    let absent: BTreeSet<String> = resources
        .values()
        .flat_map(references)
        .map(|one| one.text)
        .filter(|text| !resources.contains_key(text))
        .collect();
    resources.extend(absent.into_iter().map(|target| (target.clone(), stub(&target))));
    let urls: BTreeMap<String, String> = resources
        .keys()
        .enumerate()
        .map(|(n, name)| (name.clone(), format!("urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-{n:012}")))
        .collect();
    let entries: Vec<(String, String, Json)> = resources
        .into_iter()
        .map(|(name, mut resource)| {
            rewrite(&mut resource, &|text| urls.get(text).cloned());
            let url = urls[&name].clone();
            (name, url, resource)
        })
        .collect();
    let items = entries.iter().map(|(_, url, resource)| {
        let request = Json::object([("method", "POST".into()), ("url", kind(resource).into())]);
        Json::object([
            ("fullUrl", url.as_str().into()),
            ("resource", resource.clone()),
            ("request", request),
        ])
    });
    let bundle = Json::object([
        ("resourceType", "Bundle".into()),
        ("type", "transaction".into()),
        ("entry", Json::array(items)),
    ]);
    let headers = [("content-type", "application/fhir+json")];
    let answer = clinic.call("POST", "/fhir", &headers, bundle.to_bytes());
    Sent { entries, answer }
}

impl Sent {
    /// Every resource reads back as it was sent, but for what is ours. Returns which they were.
    fn reads_back(&self, clinic: &Party) -> BTreeSet<String> {
        assert_eq!(self.answer.status, 200, "{}", self.answer.text);
        let path = |n| self.answer.entry(n);
        let places: BTreeMap<&str, String> = (0..self.entries.len())
            .map(|n| (self.entries[n].1.as_str(), path(n).replacen("/fhir/", "", 1)))
            .collect();
        for (n, (name, _, sent)) in self.entries.iter().enumerate() {
            let mut want = sent.clone();
            rewrite(&mut want, &|text| places.get(text).cloned());
            let mut got = read(clinic.get(&path(n)).expect(200).text.as_bytes());
            assert_eq!(got.text("id"), path(n).rsplit('/').next(), "{name}");
            assert!(got.text("meta.lastUpdated").is_some() && got.text("meta.versionId").is_some());
            for json in [&mut want, &mut got] {
                without_ours(json);
            }
            assert_eq!(got.to_string(), want.to_string(), "{name}");
        }
        self.entries.iter().map(|(name, _, _)| name.clone()).collect()
    }
}

/// Without what a server sets: `id`, two members of `meta`, and where a Task stands.
fn without_ours(json: &mut Json) {
    json.remove("id");
    if let Some(meta) = json.get_mut("meta") {
        meta.remove("versionId");
        meta.remove("lastUpdated");
        if meta.members().is_empty() {
            json.remove("meta");
        }
    }
    if json.text("resourceType") == Some("Task") {
        for member in ["status", "statusReason", "businessStatus", "lastModified"] {
            json.remove(member);
        }
    }
}

#[test]
fn every_example_is_kept_and_read_back_as_it_was() {
    let Some(folder) = folder() else { return };
    let examples = examples(&folder);
    let groups = groups(&folder, &examples);
    let gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let mut kept = BTreeSet::new();
    for names in groups.values().filter(|names| !names.is_empty()) {
        let all = with_targets(names, &examples);
        let others = all.iter().filter(|name| !name.starts_with("Task/"));
        let others = others.map(|name| (name.clone(), examples[name].clone())).collect();
        kept.extend(send(&clinic, others).reads_back(&clinic));
    }
    let missing: Vec<&String> = examples
        .keys()
        .filter(|name| !kept.contains(*name) && !name.starts_with("Task/"))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_referral_of_the_examples_is_taken_as_requested_and_a_patients_task_is_not() {
    let Some(folder) = folder() else { return };
    let examples = examples(&folder);
    let gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let (mut referrals, mut for_patients) = (0, 0);
    for (name, task) in examples.iter().filter(|(name, _)| name.starts_with("Task/")) {
        let with = |task: Json| {
            // What the Task of this form refers to; another Task is never among it.
            let targets: Vec<String> = references(&task).into_iter().map(|one| one.text).collect();
            let targets = with_targets(&targets, &examples).into_iter();
            let targets = targets.filter(|target| !target.starts_with("Task/"));
            let mut all: Vec<(String, Json)> =
                targets.map(|target| (target.clone(), examples[&target].clone())).collect();
            all.push((name.clone(), task));
            all
        };
        let mut as_it_stands = task.clone();
        as_it_stands.remove("partOf");
        let refused = send(&clinic, with(as_it_stands)).answer.expect(422);
        if name.contains("TaskPatient") {
            for_patients += 1;
            let places = refused.expressions();
            assert!(
                places.iter().any(|at| at.contains(".owner") || at.contains(".code")),
                "{places:?}"
            );
            continue;
        }
        let places = refused.expressions();
        assert!(places.iter().any(|at| at.ends_with(".status")), "{name}: {places:?}");

        let mut requested = task.clone();
        requested.set("status", "requested".into());
        for member in ["partOf", "output", "statusReason"] {
            requested.remove(member);
        }
        let npi = [("system", "urn:example:npi".into()), ("value", "pantry".into())];
        requested.set("owner", Json::object([("identifier", Json::object(npi))]));
        let kept = send(&clinic, with(requested)).reads_back(&clinic);
        assert!(kept.contains(name));
        referrals += 1;
    }
    assert_eq!((referrals, for_patients), (4, 3));
}

#[test]
fn digits_and_unknown_members_come_back() {
    let gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let sent = r#"{"resourceType":"Observation","status":"final","code":{"text":"lead"},"ourOwn":{"b":[1.0,0.10,1E+2],"a":null},"valueQuantity":{"value":1.00,"unit":"µg"}}"#;
    let sent = sent.replace(r#","a":null"#, r#","a":"\u00e9""#);
    let headers = [("content-type", "application/fhir+json")];
    let answer = clinic.call("POST", "/fhir/Observation", &headers, sent.clone().into_bytes());
    let path = answer.expect(201).created();
    let mut got = read(clinic.get(&path).expect(200).text.as_bytes());
    without_ours(&mut got);
    assert_eq!(got.to_string(), sent.replace("\\u00e9", "é"));
}
