//! A pivot that came from another dialect, as the resources our FHIR door would have got.
//!
//! `ties.rs` knows who refers to whom, `fill.rs` what FHIR asks for where a message says nothing, `sound.rs` how
//! it takes what a message says.
//!
//! Not here: what the mapping files say; this only ties together what they cannot: references.

mod fill;
mod sound;
mod ties;
mod untie;

use loopgate_fhir::REFERRAL;
use loopgate_mapping::Carried;
use serde_json::{Value, json};

pub use untie::{Entry, untie};

/// One resource, and the `urn:uuid` by which the others refer to it.
pub struct Part {
    /// `urn:uuid:…`
    pub url: String,
    /// The resource.
    pub resource: Value,
}

/// What a pivot leaves open.
#[derive(Default)]
pub struct Known<'a> {
    /// A reference to the organization that refers.
    pub requester: Option<&'a str>,
    /// When it was written, if the message does not say.
    pub authored_on: Option<&'a str>,
    /// The message's code and event, and the application that wrote it.
    pub message: Option<[&'a str; 3]>,
}

/// The types of which a door makes resources. What a message says of others it does not keep.
const KEPT: [&str; 7] = [
    "Patient",
    "Observation",
    "ServiceRequest",
    "Task",
    "DiagnosticReport",
    "DocumentReference",
    "Procedure",
];

/// The types of a pivot, those that others refer to first.
const KINDS: [&str; 16] = [
    "Patient",
    "RelatedPerson",
    "Practitioner",
    "Organization",
    "PractitionerRole",
    "Encounter",
    "Coverage",
    "Condition",
    "Observation",
    "ServiceRequest",
    "Task",
    "DiagnosticReport",
    "DocumentReference",
    "Procedure",
    "Appointment",
    "MessageHeader",
];

/// The parts of a pivot that a door keeps: the person, what is asked for, and what came of it.
pub fn parts(pivot: &Value, known: &Known<'_>) -> Vec<Part> {
    made(pivot, known, &KEPT)
}

/// Every part of a pivot.
pub fn all_parts(pivot: &Value, known: &Known<'_>) -> Vec<Part> {
    let mut parts = made(pivot, known, &KINDS);
    for Part { resource, .. } in &mut parts {
        let kind = resource["resourceType"].as_str().unwrap_or_default().to_owned();
        sound::need(&kind, resource);
    }
    parts
}

/// The places of a message that were carried into a resource that [`parts`] does not make: as good
/// as not carried. Sorted, each once.
pub fn not_kept(carried: &[Carried]) -> Vec<String> {
    let kept = |left: &str| KEPT.contains(&left.split(['.', '[']).next().unwrap_or_default());
    let lost = carried.iter().filter(|one| !kept(&one.left));
    // The first component stands for the field.
    let lost = lost.map(|one| one.right.strip_suffix(".1").unwrap_or(&one.right).to_owned());
    lost.collect::<std::collections::BTreeSet<String>>().into_iter().collect()
}

/// A resource of the pivot on its way to be a part.
struct Draft {
    kind: &'static str,
    /// The part it plays: the local id that a mapping gave it.
    role: Option<String>,
    url: String,
    resource: Value,
}

fn made(pivot: &Value, known: &Known<'_>, kinds: &[&'static str]) -> Vec<Part> {
    let mut drafts = drafts(pivot, kinds);
    drafts.retain(|draft| draft.kind != "Task" || draft.resource.get("status").is_some());
    let keys = keys(pivot);
    for draft in &mut drafts {
        fill::fill(draft.kind, &mut draft.resource, known);
        sound::sound(draft.kind, &mut draft.resource);
    }
    ties::tie(&mut drafts, &keys);
    let authored = pivot.get("Task").and_then(|task| task.get("authoredOn")).cloned();
    let authored = authored.or(known.authored_on.map(Value::from));
    for draft in &mut drafts {
        if matches!(draft.kind, "ServiceRequest" | "Task") {
            sign(draft, &authored, known.requester);
        }
    }
    drafts.into_iter().map(|Draft { url, resource, .. }| Part { url, resource }).collect()
}

fn drafts(pivot: &Value, kinds: &[&'static str]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for kind in KINDS.into_iter().filter(|kind| kinds.contains(kind)) {
        let found = match pivot.get(kind) {
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        for one in found {
            let mut resource = json!({ "resourceType": kind });
            let mut role = None;
            for (name, value) in one.as_object().into_iter().flatten() {
                match name.as_str() {
                    "id" => role = value.as_str().map(str::to_owned),
                    "resourceType" => {}
                    _ => resource[name] = value.clone(),
                }
            }
            let url = format!("urn:uuid:00000000-0000-4000-8000-{:012}", drafts.len());
            drafts.push(Draft { kind, role, url, resource });
        }
    }
    drafts
}

/// The referral's business identifiers, by which what has no ServiceRequest beside it refers to it.
fn keys(pivot: &Value) -> Vec<Value> {
    let identifiers = pivot.get("Task").and_then(|task| task.get("identifier"));
    let identifiers = identifiers.and_then(Value::as_array).into_iter().flatten();
    let others = identifiers.filter(|one| one.get("value").is_some());
    let keys = others.map(|one| json!({ "type": "ServiceRequest", "identifier": one }));
    keys.collect()
}

/// When it was written, who asks, and no name that is ours to give.
fn sign(draft: &mut Draft, authored: &Option<Value>, requester: Option<&str>) {
    let resource = &mut draft.resource;
    if let Some(authored) = authored
        && resource.get("authoredOn").is_none()
    {
        resource["authoredOn"] = authored.clone();
    }
    if let Some(requester) = requester
        && (draft.kind == "Task" || resource.get("requester").is_none())
    {
        resource["requester"] = json!({ "reference": requester });
    }
    let Some(identifiers) = resource.get_mut("identifier").and_then(Value::as_array_mut) else {
        return;
    };
    identifiers.retain(|one| one["system"] != REFERRAL);
    if identifiers.is_empty() {
        resource.as_object_mut().map(|members| members.remove("identifier"));
    }
}

/// The parts as a transaction Bundle.
pub fn transaction(parts: Vec<Part>) -> Value {
    let entries = parts.into_iter().map(|Part { url, resource }| {
        let request = json!({ "method": "POST", "url": resource["resourceType"] });
        json!({ "fullUrl": url, "resource": resource, "request": request })
    });
    let entries: Vec<Value> = entries.collect();
    let mut bundle = json!({ "resourceType": "Bundle", "type": "transaction" });
    // FHIR knows no empty array.
    if !entries.is_empty() {
        bundle["entry"] = Value::Array(entries);
    }
    bundle
}
