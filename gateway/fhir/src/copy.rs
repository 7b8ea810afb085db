//! Copies for anyone but the supplier, built by allow-list under the field groups of a permit
//! (45 CFR 164.502(b)): what is not listed here does not exist for them.

use loopgate_consent::{FieldGroup, Groups};
use serde_json::Value;

use crate::Json;
use crate::claim::claim_service;
use crate::code::{CONTACT_PROHIBITED, codings, each};

/// What of an element may pass.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keep {
    /// A string, a number, a boolean, or a list of them.
    Plain,
    /// These members of an object, or of each of a list of them.
    Members(&'static [(&'static str, Keep)]),
}

use Keep::{Members, Plain};

const CODING: Keep =
    Members(&[("system", Plain), ("version", Plain), ("code", Plain), ("display", Plain)]);
/// Its codings. Its text is somebody's own words.
pub(crate) const CODED: Keep = Members(&[("coding", CODING)]);
pub(crate) const PERIOD: Keep = Members(&[("start", Plain), ("end", Plain)]);
const REFERENCE: Keep = Members(&[("reference", Plain)]);

const NAME: Keep = Members(&[
    ("use", Plain),
    ("text", Plain),
    ("family", Plain),
    ("given", Plain),
    ("prefix", Plain),
    ("suffix", Plain),
]);
const TELECOM: Keep =
    Members(&[("system", Plain), ("value", Plain), ("use", Plain), ("rank", Plain)]);
const LANGUAGE: Keep =
    Members(&[("language", Members(&[("coding", CODING), ("text", Plain)])), ("preferred", Plain)]);
const ADDRESS: Keep = Members(&[
    ("use", Plain),
    ("type", Plain),
    ("text", Plain),
    ("line", Plain),
    ("city", Plain),
    ("district", Plain),
    ("state", Plain),
    ("postalCode", Plain),
    ("country", Plain),
]);

/// When a service is wanted.
pub(crate) const OCCURRENCE: [(&str, Keep); 2] =
    [("occurrenceDateTime", Plain), ("occurrencePeriod", PERIOD)];

impl Keep {
    /// What may pass of `json`, if anything.
    pub(crate) fn copy(self, json: &Json) -> Option<Json> {
        if let Json::Array(items) = json {
            let items: Vec<Json> = items
                .iter()
                .filter(|item| !matches!(item, Json::Array(_)))
                .filter_map(|item| self.copy(item))
                .collect();
            return (!items.is_empty()).then_some(Json::Array(items));
        }
        match (self, json) {
            (Plain, Json::String(_) | Json::Number(_) | Json::Bool(_)) => Some(json.clone()),
            (Members(members), Json::Object(_)) => {
                let mut copy = Json::object([]);
                copy_members(&mut copy, json, members);
                (!copy.members().is_empty()).then_some(copy)
            }
            _ => None,
        }
    }
}

/// Adds to `copy` what may pass of the members of `json`.
pub(crate) fn copy_members(copy: &mut Json, json: &Json, members: &[(&str, Keep)]) {
    for (name, keep) in members {
        if let Some(value) = json.get(name).and_then(|value| keep.copy(value)) {
            copy.set(name, value);
        }
    }
}

/// A Patient for a reader whose permit has these groups: the current names, the current ways of
/// contact and the languages, the current addresses. Nothing else, whatever the groups.
pub fn patient_copy(patient: &Json, groups: &Groups) -> Json {
    let mut copy = Json::object([]);
    copy_members(&mut copy, patient, &[("resourceType", Plain), ("id", Plain)]);
    let rows = [
        (FieldGroup::Identity, "name", NAME),
        (FieldGroup::Contact, "telecom", TELECOM),
        (FieldGroup::Address, "address", ADDRESS),
        (FieldGroup::Contact, "communication", LANGUAGE),
    ];
    for (group, name, keep) in rows {
        // A former name or address is nobody's need, and may endanger.
        let current = |item: &&Json| !matches!(item.text("use"), Some("old" | "maiden"));
        let items = patient.list(name).iter().filter(current);
        let items = items.filter_map(|item| keep.copy(item));
        // R4 has no communication without a language.
        let whole = |item: &Json| name != "communication" || item.get("language").is_some();
        let items: Vec<Json> = items.filter(whole).collect();
        if groups.contains(group) && !items.is_empty() {
            copy.set(name, Json::Array(items));
        }
    }
    copy
}

/// A ServiceRequest for a reader whose permit has these groups. That the person must not be
/// contacted passes whatever the groups.
pub fn request_copy(request: &Json, groups: &Groups) -> Json {
    let mut copy = Json::object([]);
    let always = [
        ("resourceType", Plain),
        ("id", Plain),
        ("status", Plain),
        ("intent", Plain),
        ("subject", REFERENCE),
    ];
    copy_members(&mut copy, request, &always);
    if groups.contains(FieldGroup::Need) {
        copy_need(&mut copy, request);
        copy_members(&mut copy, request, &[("authoredOn", Plain)]);
    } else {
        let prohibited = each(request.get("orderDetail"))
            .filter(|detail| codings(Some(detail)).any(|c| c.code == CONTACT_PROHIBITED))
            .filter_map(|detail| CODED.copy(detail));
        let prohibited: Vec<Json> = prohibited.collect();
        if !prohibited.is_empty() {
            // R4, prr-1: details are those of a code; that it is kept back is said.
            copy.set("code", masked());
            copy.set("orderDetail", Json::Array(prohibited));
        }
    }
    if groups.contains(FieldGroup::Note) {
        copy_members(&mut copy, request, &[("note", Members(&[("text", Plain)]))]);
    }
    copy
}

/// Our own ServiceRequest for a reader whose permit has these groups: as [`request_copy`], with what ties it to
/// the chain, which is ours.
pub fn filler_copy(filler: &Json, groups: &Groups) -> Json {
    let mut copy = request_copy(filler, groups);
    let ours = [
        ("meta", Members(&[("profile", Plain), ("versionId", Plain), ("lastUpdated", Plain)])),
        ("basedOn", REFERENCE),
        ("requester", REFERENCE),
        ("performer", REFERENCE),
    ];
    copy_members(&mut copy, filler, &ours);
    claim_service(&mut copy, "ServiceRequest");
    copy
}

/// R4 extension-data-absent-reason: it is there and not shown.
fn masked() -> Json {
    let url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
    let reason = Json::object([("url", url.into()), ("valueCode", "masked".into())]);
    Json::object([("extension", Json::array([reason]))])
}

/// What is needed, in codes.
pub(crate) fn copy_need(copy: &mut Json, request: &Json) {
    let coded = [("category", CODED), ("priority", Plain), ("code", CODED), ("orderDetail", CODED)];
    copy_members(copy, request, &coded);
    copy_members(copy, request, &OCCURRENCE);
}

/// The pivot as the mapping crate takes it: one resource of each type, and all Observations.
pub fn pivot(task: &Json, request: &Json, patient: &Json, observations: &[Json]) -> Value {
    let mut pivot = serde_json::Map::new();
    pivot.insert("Task".to_owned(), task.to_value());
    pivot.insert("ServiceRequest".to_owned(), request.to_value());
    pivot.insert("Patient".to_owned(), patient.to_value());
    let observations = observations.iter().map(Json::to_value).collect();
    pivot.insert("Observation".to_owned(), Value::Array(observations));
    Value::Object(pivot)
}

#[cfg(test)]
#[path = "copy_tests.rs"]
mod tests;
