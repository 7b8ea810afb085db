//! The way back: the resources of a Bundle as a pivot, each in the part it plays.
//!
//! Not here: which Task the Bundle is about, and whether its resources are sound.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::ties::{How, ROLES};

/// One resource of a Bundle, and what others call it.
pub struct Entry {
    /// Its type.
    pub kind: String,
    /// `fullUrl` and `Type/id`.
    pub names: Vec<String>,
    /// The resource.
    pub resource: Value,
}

/// Types of which a pivot holds every resource about the person.
const LISTS: [(&str, &str); 3] =
    [("RelatedPerson", "patient"), ("Condition", "subject"), ("Coverage", "beneficiary")];

/// Puts into a pivot of Task, ServiceRequest, Patient and Observations what else the Bundle says of
/// them. `patient`: what its Patient is called. Gives the types of the resources that have no place,
/// each once, sorted.
pub fn untie(pivot: &mut Value, entries: &[Entry], patient: &[String]) -> Vec<String> {
    let mut placed: BTreeSet<usize> = BTreeSet::new();
    for (n, entry) in entries.iter().enumerate() {
        if matches!(entry.kind.as_str(), "Task" | "ServiceRequest" | "Patient" | "Observation") {
            placed.insert(n);
        }
        let Some((_, about)) = LISTS.iter().find(|(kind, _)| *kind == entry.kind) else { continue };
        let of = entry.resource.pointer(&format!("/{about}/reference")).and_then(Value::as_str);
        if of.is_some_and(|of| patient.iter().any(|name| name == of)) {
            placed.insert(n);
            let mut resource = entry.resource.clone();
            resource.as_object_mut().map(|members| members.remove(*about));
            add(pivot, &entry.kind, resource);
        }
    }
    encounter(pivot, entries, &mut placed);
    for (role, owner, how) in &ROLES {
        role_of(pivot, entries, (role, owner, how), &mut placed);
    }
    let left = entries.iter().enumerate().filter(|(n, _)| !placed.contains(n));
    let left: BTreeSet<&String> = left.map(|(_, entry)| &entry.kind).collect();
    left.into_iter().cloned().collect()
}

fn add(pivot: &mut Value, kind: &str, resource: Value) {
    match pivot.get_mut(kind).and_then(Value::as_array_mut) {
        Some(list) => list.push(resource),
        None => pivot[kind] = json!([resource]),
    }
}

fn find<'e>(entries: &'e [Entry], name: &str) -> Option<(usize, &'e Entry)> {
    entries.iter().enumerate().find(|(_, entry)| entry.names.iter().any(|one| one == name))
}

fn encounter(pivot: &mut Value, entries: &[Entry], placed: &mut BTreeSet<usize>) {
    let name = pivot.pointer("/ServiceRequest/encounter/reference").and_then(Value::as_str);
    let Some((n, entry)) = name.and_then(|name| find(entries, name)) else { return };
    placed.insert(n);
    let mut resource = entry.resource.clone();
    resource.as_object_mut().map(|members| members.remove("subject"));
    pivot["Encounter"] = resource;
    pivot["ServiceRequest"].as_object_mut().map(|members| members.remove("encounter"));
}

/// One part that a Practitioner or an Organization plays, by the reference to it.
fn role_of(
    pivot: &mut Value,
    entries: &[Entry],
    (role, owner, how): (&str, &str, &How),
    placed: &mut BTreeSet<usize>,
) {
    let Some(owner) = pivot.get(owner) else { return };
    let text = |reference: &Value| reference["reference"].as_str().map(str::to_owned);
    let names: Vec<String> = match how {
        How::One(element) => owner.get(*element).and_then(text).into_iter().collect(),
        How::List(element) => {
            let list = owner.get(*element).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(text).collect()
        }
        How::Participant { member, part } => {
            let list = owner.get("participant").and_then(Value::as_array);
            let plays = |one: &&Value| {
                let coding = one.pointer("/type/0/coding/0/code").and_then(Value::as_str);
                coding == Some(*part)
            };
            list.into_iter().flatten().filter(plays).filter_map(|one| text(&one[*member])).collect()
        }
    };
    let organization = matches!(role, "primary-facility" | "requester-organization");
    let kind = if organization { "Organization" } else { "Practitioner" };
    // A PractitionerRole names both.
    let through = names.iter().filter_map(|name| {
        let (n, entry) = find(entries, name)?;
        if entry.kind != "PractitionerRole" {
            return Some(name.clone());
        }
        placed.insert(n);
        text(&entry.resource[kind.to_lowercase()])
    });
    let through: Vec<String> = through.collect();
    let found = through.iter().filter_map(|name| find(entries, name));
    let Some((n, entry)) = found.into_iter().find(|(_, entry)| entry.kind == kind) else { return };
    placed.insert(n);
    let mut resource = entry.resource.clone();
    resource["id"] = role.into();
    add(pivot, kind, resource);
}
