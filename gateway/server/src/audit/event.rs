//! Entries as FHIR R4 AuditEvents, by the profiles of IHE BALP (Basic Audit Log Patterns, 1.1.4) where one
//! is for such an entry. Persons have the asker's pseudonym for an identifier; no name, no clinical text.
//!
//! BALP wants one event for each patient and for each decision: an entry about two persons is two events,
//! and a disclosure on consent is a decision (`AuthZconsent`) beside what it let out. The log knows who
//! called by name, not from which address: the network of a partner is its name as a URI.

mod agents;
mod kinds;

use loopgate_referral::PersonId;
use serde_json::{Value, json};

use super::told::Told;
use super::{Asker, instant, words};
use crate::gate::Gate;
use kinds::Kind;

const BALP: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const REST: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
const INTERACTION: &str = "http://hl7.org/fhir/restful-interaction";
const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
const AUTHZ: &str = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
const RESOURCE_TYPES: &str = "http://hl7.org/fhir/resource-types";
const PURPOSE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

/// Who writes, and for whom.
pub struct Setting<'a> {
    /// What the recorder is called, and where it is.
    site: String,
    recorder: String,
    called: Box<dyn Fn(PersonId) -> String + 'a>,
    words: Box<dyn Fn(&Told) -> String + 'a>,
}

impl<'a> Setting<'a> {
    /// Of a gateway, for an auditor.
    pub fn of(gate: &'a Gate, asker: &'a Asker<'a>) -> Setting<'a> {
        let recorder = gate.config.organization.base_url.clone();
        let host = url::Url::parse(&recorder).ok();
        let site = host.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        Setting {
            site,
            recorder,
            called: Box::new(move |person| asker.called(gate, person)),
            words: Box::new(move |told| words::of(gate, told)),
        }
    }
}

/// The events of one entry; none for what is no event of FHIR's kind, and for what was erased.
pub fn of(told: &Told, setting: &Setting<'_>) -> Vec<Value> {
    let Some(event) = &told.event else { return Vec::new() };
    let mut events = Vec::new();
    let nobody = [None];
    let persons: Vec<Option<PersonId>> = told.persons.iter().copied().map(Some).collect();
    for person in if persons.is_empty() { &nobody[..] } else { &persons } {
        for kind in kinds::of(event, person.is_some()) {
            let id = match events.len() {
                0 => told.index.to_string(),
                n => format!("{}-{}", told.index, n + 1),
            };
            events.push(write(&kind, told, *person, &id, setting));
        }
    }
    events
}

fn write(
    kind: &Kind,
    told: &Told,
    person: Option<PersonId>,
    id: &str,
    setting: &Setting<'_>,
) -> Value {
    let mut entities: Vec<Value> = Vec::new();
    if let Some(person) = person {
        entities.push(json!({
            "what": patient(setting, person),
            "type": coding(ENTITY_TYPE, "1", "Person"),
            "role": coding(OBJECT_ROLE, "1", "Patient"),
        }));
    }
    entities.extend(kind.entities.iter().cloned());
    let mut made = json!({
        "resourceType": "AuditEvent",
        "id": id,
        "type": kind.code,
        "action": kind.action,
        "recorded": instant(told.at),
        "outcome": kind.outcome,
        "outcomeDesc": (setting.words)(told),
        "agent": agents::of(kind, told, person, setting),
        "source": {
            "site": setting.site,
            "observer": agents::recorder(setting),
            "type": [coding("http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server")],
        },
    });
    if let Some(profile) = kind.profile {
        made["meta"] = json!({ "profile": [format!("{BALP}{profile}")] });
    }
    if !kind.subtypes.is_empty() {
        made["subtype"] = json!(kind.subtypes);
    }
    if let Some(purpose) = &kind.purpose {
        made["purposeOfEvent"] = json!([{ "coding": [{ "system": PURPOSE, "code": purpose }] }]);
    }
    if !entities.is_empty() {
        made["entity"] = json!(entities);
    }
    made
}

/// A person, by what the asker calls them.
fn patient(setting: &Setting<'_>, person: PersonId) -> Value {
    let value = (setting.called)(person);
    json!({ "type": "Patient", "identifier": { "system": "urn:loopgate:pseudonym", "value": value } })
}

fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({ "system": system, "code": code, "display": display })
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
