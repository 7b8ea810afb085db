//! SDOHCC's own examples go in and come back as they were: every number's digits, every member we
//! do not know. From the folder that LOOPGATE_CORPUS names; without it there is nothing to tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use loopgate_fhir::{Json, Limits, Served, references, rewrite};

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
    resources.map(|resource| (name(&resource), resource)).collect()
}

fn kind(resource: &Json) -> &str {
    resource.text("resourceType").unwrap()
}

fn name(resource: &Json) -> String {
    format!("{}/{}", kind(resource), resource.text("id").unwrap())
}

/// The examples that are not taken as they stand: Tasks of referrals that are under way or over. A referral
/// comes as requested, to a partner of this community; then it moves by what its parties do. At these
/// elements they are refused, and once those are changed they come back like the others.
const EXCEPTIONS: [(&str, &[&str]); 4] = [
    ("Task/SDOHCC-TaskContentRichReferralWICExample", &["owner", "status"]),
    ("Task/SDOHCC-TaskReferralForFurtherAssessmentExample", &["output", "owner", "status"]),
    (
        "Task/SDOHCC-TaskReferralManagementOrderFulfillmentCompletedExample",
        &["output", "owner", "status"],
    ),
    (
        "Task/SDOHCC-TaskReferralManagementOrderSubtaskCompletedExample",
        &["output", "owner", "partOf", "status"],
    ),
];

fn is_exception(name: &str) -> bool {
    EXCEPTIONS.iter().any(|(exception, _)| *exception == name)
}

/// A referral as its source would have sent it.
fn as_requested(task: &Json) -> Json {
    let mut task = task.clone();
    task.set("status", "requested".into());
    for member in ["partOf", "output"] {
        task.remove(member);
    }
    let npi = [("system", "urn:example:npi".into()), ("value", "pantry".into())];
    task.set("owner", Json::object([("identifier", Json::object(npi))]));
    task
}

/// Names of the examples of one group.
fn groups(folder: &std::path::Path, examples: &Examples) -> BTreeMap<String, Vec<String>> {
    let json = read(&fs::read(folder.join("GROUPS.json")).unwrap());
    let groups = json.get("groups").unwrap().members().iter();
    groups
        .map(|(group, names)| {
            let names =
                names.items().iter().map(|name| name.as_str().unwrap().replacen('-', "/", 1));
            (group.clone(), names.inspect(|name| assert!(examples.contains_key(name))).collect())
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
                without_ours(json, is_exception(name));
            }
            assert_eq!(got.to_string(), want.to_string(), "{name}");
        }
        self.entries.iter().map(|(name, _, _)| name.clone()).collect()
    }
}

/// Without what a server sets: `id`, two members of `meta`, and what we say of a referral.
fn without_ours(json: &mut Json, is_referral: bool) {
    json.remove("id");
    if let Some(meta) = json.get_mut("meta") {
        meta.remove("versionId");
        meta.remove("lastUpdated");
        if meta.members().is_empty() {
            json.remove("meta");
        }
    }
    if is_referral {
        json.remove("businessStatus");
        json.remove("lastModified");
    }
}

/// A Task with what it refers to; another Task is never among it.
fn with_its_targets(task: (&str, Json), examples: &Examples) -> Vec<(String, Json)> {
    let targets: Vec<String> = references(&task.1).into_iter().map(|one| one.text).collect();
    let targets = with_targets(&targets, examples).into_iter();
    let targets = targets.filter(|target| !target.starts_with("Task/"));
    let mut all: Vec<(String, Json)> =
        targets.map(|target| (target.clone(), examples[&target].clone())).collect();
    all.push((task.0.to_owned(), task.1));
    all
}

#[test]
fn every_example_is_kept_and_read_back_as_it_was() {
    let Some(folder) = folder() else { return };
    let examples = examples(&folder);
    assert_eq!(examples.len(), 49);
    assert!(examples.values().all(|one| Served::of(kind(one)).is_some()));
    let groups = groups(&folder, &examples);
    let gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let mut kept = BTreeSet::new();
    for names in groups.values() {
        let all = with_targets(names, &examples);
        let others = all.iter().filter(|name| !name.starts_with("Task/"));
        let others: Vec<_> = others.map(|name| (name.clone(), examples[name].clone())).collect();
        if !others.is_empty() {
            kept.extend(send(&clinic, others).reads_back(&clinic));
        }
    }
    for (name, task) in examples.iter().filter(|(name, _)| name.starts_with("Task/")) {
        let task = if is_exception(name) { as_requested(task) } else { task.clone() };
        let all = with_its_targets((name, task), &examples);
        kept.extend(send(&clinic, all).reads_back(&clinic));
    }
    let missing: Vec<&String> = examples.keys().filter(|name| !kept.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_exceptions_are_those_and_for_what_they_say() {
    let Some(folder) = folder() else { return };
    let examples = examples(&folder);
    let gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    for (name, elements) in EXCEPTIONS {
        let task = examples[name].clone();
        let parents: Vec<String> = task
            .list("partOf")
            .iter()
            .map(|one| one.text("reference").unwrap().to_owned())
            .collect();
        let mut all = with_its_targets((name, task), &examples);
        for parent in parents {
            let requested = as_requested(&examples[&parent]);
            all.extend(with_its_targets((&parent, requested), &examples));
        }
        let sent = send(&clinic, all);
        let n = sent.entries.iter().position(|(sent, _, _)| sent == name).unwrap();
        let mut places = sent.answer.expect(422).expressions();
        places.sort_unstable();
        let at = |element: &&str| format!("Bundle.entry[{n}].resource.{element}");
        assert_eq!(places, elements.iter().map(at).collect::<Vec<_>>(), "{name}");
    }
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
    without_ours(&mut got, false);
    assert_eq!(got.to_string(), sent.replace("\\u00e9", "é"));
}
