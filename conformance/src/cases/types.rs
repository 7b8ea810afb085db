//! For every type of the server statement: what the CapabilityStatement says, read, create, update,
//! versions, references, and that it is nobody else's.

use serde_json::{Value, json};

use super::{CP, HTTP};
use crate::case::{Check, Fail, Level, Suite, fail, hold, skip};
use crate::client::reference_in;
use crate::guide::{self, Row};
use crate::people::MADE_UP;
use crate::world::World;

/// Types of which each is about a person.
const ABOUT_A_PERSON: [&str; 13] = [
    "Patient",
    "RelatedPerson",
    "CareTeam",
    "DocumentReference",
    "Consent",
    "QuestionnaireResponse",
    "Observation",
    "Condition",
    "Goal",
    "Group",
    "ServiceRequest",
    "Procedure",
    "Task",
];

/// Adds them.
pub fn add(suite: &mut Suite) {
    for kind in guide::kinds() {
        if kind != "Subscription" {
            of_kind(suite, &kind);
        }
    }
}

fn row<'a>(rows: &'a [(String, Row)], name: &str) -> Option<&'a Row> {
    rows.iter().find(|(known, _)| known == name).map(|(_, row)| row)
}

fn of_kind(suite: &mut Suite, kind: &str) {
    let rows = guide::of_kind(kind, "");
    let listed: Vec<String> = rows.iter().map(|(name, _)| format!("{kind}/{name}")).collect();
    let about: Vec<&str> = listed
        .iter()
        .map(String::as_str)
        .filter(|key| key.ends_with("/resource") || key.contains("/profile."))
        .collect();
    let clause = format!("{CP}, {kind}");
    let mut each = |id: &str, level: Level, clause: &str, rows: &[&str], run: Each| {
        let kind = kind.to_owned();
        suite.add(format!("{kind}.{id}"), level, clause, rows, move |world| run(world, &kind));
    };
    each("metadata", Level::Shall, &clause, &about, metadata);
    let key = format!("{kind}/interaction.read");
    each("read", Level::Shall, &clause, &[&key], read);
    each("read.absent", Level::Shall, &format!("{HTTP}#read"), &[], absent);
    if let Some(create) = row(&rows, "interaction.create").filter(|_| kind != "Task") {
        each("create", create.level, &clause, &[&create.key], created);
    }
    if let Some(update) = row(&rows, "interaction.update").filter(|_| kind != "Task") {
        each("update", update.level, &clause, &[&update.key], updated);
        let versioned = row(&rows, "versioning.versioned-update");
        let keys: Vec<&str> = versioned.iter().map(|row| row.key.as_str()).collect();
        each("update.stale", update.level, &format!("{HTTP}#concurrency"), &keys, stale);
    } else if let Some(versioned) = row(&rows, "versioning.versioned-update") {
        each("versions", Level::Shall, &clause, &[&versioned.key], versions);
    }
    if let Some(policy) = row(&rows, "referencePolicy.literal") {
        each("references", Level::Shall, &clause, &[&policy.key], references);
    }
    if ABOUT_A_PERSON.contains(&kind) {
        let clause = "SDOHCC privacy_and_security.html, priv-4 and priv-5";
        each("others-read", Level::Shall, clause, &["priv-4", "priv-5"], others_read);
        each("others-search", Level::Shall, clause, &["priv-4", "priv-5"], others_search);
    }
}

type Each = fn(&World, &str) -> Check;

/// The CapabilityStatement lists every row of the guide's.
fn metadata(world: &World, kind: &str) -> Check {
    let Some(says) = world.says(kind) else {
        return fail(format!("the CapabilityStatement does not list {kind}"));
    };
    let has = |list: &str, member: &str, wanted: &str| {
        let all = says[list].as_array().map_or(&[][..], Vec::as_slice);
        all.iter().any(|one| one[member] == wanted)
    };
    let names = |list: &str, wanted: &str| {
        let all = says[list].as_array().map_or(&[][..], Vec::as_slice);
        all.iter().any(|one| one == wanted)
    };
    let mut missing = Vec::new();
    for (name, row) in guide::of_kind(kind, "") {
        let (what, rest) = name.split_once('.').unwrap_or((&name, ""));
        let there = match what {
            _ if row.level == Level::May => true,
            "interaction" => has("interaction", "code", rest),
            "search" => {
                let all = says["searchParam"].as_array().map_or(&[][..], Vec::as_slice);
                all.iter().any(|one| one["name"] == rest && one["type"] == row.detail.as_str())
            }
            "include" => {
                names("searchInclude", rest)
                    // The guide misspells it.
                    || names("searchInclude", &rest.replace("HealthCare", "Healthcare"))
            }
            "profile" => {
                let all = says["supportedProfile"].as_array().map_or(&[][..], Vec::as_slice);
                let bare = |one: &Value| {
                    one.as_str().is_some_and(|url| url.split('|').next() == Some(&row.detail))
                };
                all.iter().any(bare) || row.detail.ends_with(&format!("StructureDefinition/{kind}"))
            }
            "versioning" => says["versioning"] == rest || says["versioning"] == "versioned-update",
            "conditionalRead" => {
                says["conditionalRead"] == rest || says["conditionalRead"] == "full-support"
            }
            "referencePolicy" => names("referencePolicy", rest),
            _ => true,
        };
        if !there {
            missing.push(name.clone());
        }
    }
    hold(missing.is_empty(), || format!("not listed of {kind}: {}", missing.join(", ")))
}

fn read(world: &World, kind: &str) -> Check {
    for letter in ['A', 'B'] {
        let name = format!("{kind} {letter}");
        if letter == 'B' && world.chart().at(&name).is_err() {
            continue;
        }
        let answer = world.chart().read(world, &name)?;
        answer.is_fhir()?;
        let (json, id) = (&answer.json, world.chart().id(&name)?);
        hold(json["resourceType"] == kind && json["id"] == id, || {
            format!("{} with another resource: {}", answer.told(), answer.shown())
        })?;
        let version = answer.version()?;
        hold(json["meta"]["versionId"] == version.as_str(), || {
            format!("meta.versionId is {}, ETag says {version}", json["meta"]["versionId"])
        })?;
        hold(json["meta"]["lastUpdated"].is_string(), || "no meta.lastUpdated".into())?;
    }
    Ok(())
}

fn absent(world: &World, kind: &str) -> Check {
    world.source.get(&format!("{kind}/nobody-{}", world.unique())).refused(&[404]).map(drop)
}

/// One like A, as a body to create; with a mark of its own.
pub fn twin(world: &World, kind: &str) -> Result<Value, Fail> {
    let mut body = world.chart().read(world, &format!("{kind} A"))?.json;
    let profile = body["meta"]["profile"].clone();
    body["meta"] = json!({ "tag": [{ "system": MADE_UP, "code": world.unique() }] });
    if profile.is_array() {
        body["meta"]["profile"] = profile;
    }
    if let Some(members) = body.as_object_mut() {
        members.remove("id");
    }
    Ok(body)
}

fn offered(world: &World, kind: &str, interaction: &str) -> Check {
    let rows = guide::of_kind(kind, &format!("interaction.{interaction}"));
    let may = rows.iter().any(|(_, row)| row.level == Level::May);
    if may && !world.offers(kind, interaction) {
        return skip(format!("{interaction} of {kind} is not offered, and MAY be"));
    }
    Ok(())
}

fn created(world: &World, kind: &str) -> Check {
    offered(world, kind, "create")?;
    let answer = world.source.post(kind, &twin(world, kind)?).expect(201)?;
    let location = answer.must("location")?.to_owned();
    let version = answer.version()?;
    let reference = answer.created()?;
    hold(location.ends_with(&format!("{reference}/_history/{version}")), || {
        format!("Location is {location}, not [base]/{kind}/id/_history/{version}")
    })?;
    let read = world.source.get(&reference).expect(200)?;
    hold(read.json["id"] == reference.rsplit('/').next().unwrap_or_default(), || read.shown())
}

fn updated(world: &World, kind: &str) -> Check {
    offered(world, kind, "update")?;
    let (reference, version, mut body) = fresh(world, kind)?;
    body["language"] = json!("en-AU");
    let condition = format!("W/\"{version}\"");
    let answer = world.source.put_with(&reference, &body, &[("if-match", &condition)]);
    let answer = answer.expect(200)?;
    let next = answer.version()?;
    hold(next != version, || format!("still version {next}"))?;
    let read = world.source.get(&reference).expect(200)?;
    hold(read.json["language"] == "en-AU", || "the change is not read back".into())?;
    hold(read.version()? == next, || "the ETags of update and read differ".into())
}

fn fresh(world: &World, kind: &str) -> Result<(String, String, Value), Fail> {
    let answer = world.source.post(kind, &twin(world, kind)?).expect(201)?;
    let reference = answer.created()?;
    let read = world.source.get(&reference).expect(200)?;
    Ok((reference, read.version()?, read.json))
}

fn stale(world: &World, kind: &str) -> Check {
    offered(world, kind, "update")?;
    let (reference, version, mut body) = fresh(world, kind)?;
    body["language"] = json!("en-AU");
    let other = format!("W/\"{version}9\"");
    world.source.put_with(&reference, &body, &[("if-match", &other)]).refused(&[412])?;
    let read = world.source.get(&reference).expect(200)?;
    hold(read.json.get("language").is_none(), || "it was changed all the same".into())
}

fn versions(world: &World, kind: &str) -> Check {
    let answer = world.chart().read(world, &format!("{kind} A"))?;
    answer.version().map(drop)
}

/// Every reference is a literal one, and those to this server lead somewhere.
fn references(world: &World, kind: &str) -> Check {
    let answer = world.chart().read(world, &format!("{kind} A"))?;
    let mut found = Vec::new();
    collect(&answer.json, &mut found);
    for reference in found {
        let local = match reference.strip_prefix(&format!("{}/", world.base())) {
            Some(rest) => Some(rest.to_owned()),
            None if reference.contains("://") || reference.starts_with("urn:") => None,
            None => Some(reference.clone()),
        };
        let Some(local) = local else { continue };
        hold(reference_in(&format!("/{local}")).as_deref() == Some(&local), || {
            format!("{reference} is no literal reference")
        })?;
        world.source.get(&local).expect(200)?;
    }
    Ok(())
}

fn collect(json: &Value, found: &mut Vec<String>) {
    match json {
        Value::Object(members) => {
            if let Some(reference) = members.get("reference").and_then(Value::as_str) {
                found.push(reference.to_owned());
            }
            members.values().for_each(|value| collect(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// A target reads nothing of a person whom nobody referred to it.
fn others_read(world: &World, kind: &str) -> Check {
    let (target, _) = world.target()?;
    let answer = target.get(world.chart().at(&format!("{kind} B"))?);
    answer.refused(&[403, 404]).map(drop)
}

fn others_search(world: &World, kind: &str) -> Check {
    let (target, _) = world.target()?;
    let reference = world.chart().at(&format!("{kind} B"))?;
    let answer = target.get(&format!("{kind}?_id={}", world.chart().id(&format!("{kind} B"))?));
    if matches!(answer.status, 401 | 403) {
        return answer.outcome();
    }
    let page = answer.page()?;
    hold(!page.0.text.contains(reference), || format!("{reference} is found"))?;
    hold(page.matches().is_empty(), || format!("{:?} is found", page.matches()))
}
