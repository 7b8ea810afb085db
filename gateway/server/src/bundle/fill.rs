//! What FHIR asks of a resource where the message says nothing: its own word for "unknown", never a
//! guess.

use serde_json::{Value, json};

use super::Known;

const NULL_FLAVOR: &str = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor";
const EVENT: &str = "http://terminology.hl7.org/CodeSystem/v2-0003";

/// Fills in one resource of the type `kind`.
pub(super) fn fill(kind: &str, resource: &mut Value, known: &Known<'_>) {
    match kind {
        "Patient" => {
            // A time of death says that there was one (R4, Patient.deceased[x] is one of the two).
            if resource.get("deceasedDateTime").is_some() {
                resource.as_object_mut().map(|members| members.remove("deceasedBoolean"));
            }
            telecom(resource);
        }
        "RelatedPerson" => {
            or(resource, "patient", absent);
            telecom(resource);
        }
        "Practitioner" | "Organization" => telecom(resource),
        "Condition" => or(resource, "subject", absent),
        "Encounter" => encounter(resource),
        "Coverage" => {
            or(resource, "status", || "active".into());
            or(resource, "payor", || json!([absent()]));
            or(resource, "beneficiary", absent);
            // A group that has a name alone is named by it (R4, Coverage.class.value is required).
            let classes = resource.get_mut("class").and_then(Value::as_array_mut);
            for class in classes.into_iter().flatten() {
                let name = class.get("name").cloned();
                or(class, "value", || name.unwrap_or_else(|| "unknown".into()));
            }
        }
        "Observation" | "DiagnosticReport" => {
            or(resource, "status", || "unknown".into());
            or(resource, "code", absent);
        }
        "DocumentReference" => {
            or(resource, "status", || "current".into());
            or(resource, "content", || json!([{ "attachment": absent() }]));
        }
        "Appointment" => or(resource, "status", || "pending".into()),
        "Task" => {
            or(resource, "intent", || "order".into());
            or(resource, "code", || {
                let system = "http://hl7.org/fhir/CodeSystem/task-code";
                json!({ "coding": [{ "system": system, "code": "fulfill" }] })
            });
        }
        "MessageHeader" => {
            let [code, event, application] = known.message.unwrap_or_default();
            let event = if event.is_empty() { code } else { event };
            or(resource, "eventCoding", || json!({ "system": EVENT, "code": event }));
            or(resource, "source", || json!({ "name": application, "endpoint": "urn:unknown" }));
        }
        _ => {}
    }
}

fn or(resource: &mut Value, element: &str, value: impl FnOnce() -> Value) {
    if resource.get(element).is_none() {
        resource[element] = value();
    }
}

/// R4 extension-data-absent-reason.
fn absent() -> Value {
    let url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
    json!({ "extension": [{ "url": url, "valueCode": "unknown" }] })
}

/// By the guide: finished once it ended, planned while it is a pre-admission, else in progress.
fn encounter(resource: &mut Value) {
    or(resource, "class", || json!({ "system": NULL_FLAVOR, "code": "UNK" }));
    let ended = resource.pointer("/period/end").is_some();
    let planned = resource.pointer("/class/code").and_then(Value::as_str) == Some("PRENC");
    let status = match (ended, planned) {
        (true, _) => "finished",
        (false, true) => "planned",
        (false, false) => "in-progress",
    };
    or(resource, "status", || status.into());
}

/// A way of contact says of which kind it is, if it has a value (R4, cpt-2).
fn telecom(resource: &mut Value) {
    let list = resource.get_mut("telecom").and_then(Value::as_array_mut);
    for one in list.into_iter().flatten() {
        let Some(value) = one.get("value").and_then(Value::as_str) else { continue };
        let system = if value.contains('@') { "email" } else { "phone" };
        or(one, "system", || system.into());
    }
}
