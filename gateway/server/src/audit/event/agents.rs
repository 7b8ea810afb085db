//! Who takes part in an AuditEvent.

use loopgate_referral::PersonId;
use serde_json::{Value, json};

use super::kinds::{Kind, Part};
use super::{DCM, Setting, coding, patient};
use crate::audit::told::Told;

/// loopgate, as the one that recorded it. BALP wants the very same reference of the agent that it was.
pub fn recorder(setting: &Setting<'_>) -> Value {
    json!({
        "type": "Device",
        "identifier": { "system": "urn:ietf:rfc:3986", "value": setting.recorder },
        "display": "loopgate",
    })
}

/// The agents of one event.
pub fn of(kind: &Kind, told: &Told, person: Option<PersonId>, setting: &Setting<'_>) -> Vec<Value> {
    let other = kind.other.as_deref().unwrap_or(&told.actor);
    match kind.part {
        // What it sent came to us.
        Part::Comes => vec![theirs(other, "110153", true), ours("110152", setting)],
        // It went from us to them.
        Part::Goes => {
            let mut agents = vec![ours("110153", setting), theirs(other, "110152", true)];
            if kind.authorized
                && let Some(person) = person
            {
                agents.push(json!({
                    "type": concept("http://snomed.info/sct", "429577009", "Patient advocate"),
                    "who": patient(setting, person),
                    "requestor": false,
                }));
            }
            agents
        }
        Part::Decided => decided(other, setting),
        Part::Did => {
            let mut agent = json!({
                "type": concept(DCM, "110150", "Application"),
                "who": named(other),
                "requestor": true,
            });
            agent["network"] = network(other);
            vec![agent]
        }
    }
}

/// `AuthZconsent`: who asked, for whom, and who decided.
fn decided(other: &str, setting: &Setting<'_>) -> Vec<Value> {
    let participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    vec![
        json!({
            "type": concept(DCM, "110150", "Application"),
            "who": named(other),
            "requestor": false,
            "network": network(other),
        }),
        json!({
            "type": concept(participation, "IRCP", "information recipient"),
            "who": named(other),
            "requestor": true,
        }),
        json!({
            "type": concept("http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV", "healthcare provider"),
            "who": named(other),
            "requestor": false,
        }),
        json!({
            "type": concept("http://terminology.hl7.org/CodeSystem/extra-security-role-type", "authserver", "authorization server"),
            "who": recorder(setting),
            "requestor": false,
        }),
    ]
}

fn ours(role: &str, setting: &Setting<'_>) -> Value {
    json!({
        "type": concept(DCM, role, role_words(role)),
        "who": recorder(setting),
        "requestor": false,
        "network": { "address": setting.site, "type": "1" },
    })
}

fn theirs(org: &str, role: &str, requestor: bool) -> Value {
    json!({
        "type": concept(DCM, role, role_words(role)),
        "who": named(org),
        "requestor": requestor,
        "network": network(org),
    })
}

fn role_words(role: &str) -> &'static str {
    if role == "110153" { "Source Role ID" } else { "Destination Role ID" }
}

/// A partner, or somebody of the staff, by the name the log has.
fn named(who: &str) -> Value {
    json!({ "identifier": { "system": "urn:loopgate:name", "value": who } })
}

fn network(who: &str) -> Value {
    json!({ "address": format!("urn:loopgate:name:{who}"), "type": "5" })
}

fn concept(system: &str, code: &str, display: &str) -> Value {
    json!({ "coding": [coding(system, code, display)] })
}
