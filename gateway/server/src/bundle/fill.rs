//! What FHIR asks of a resource where the message says nothing: its own word for "unknown", never a
//! guess.

use serde_json::{Value, json};

use super::Known;

const NULL_FLAVOR: &str = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor";
const EVENT: &str = "http://terminology.hl7.org/CodeSystem/v2-0003";
const TYPE: &str = "http://terminology.hl7.org/CodeSystem/v2-0076";

/// Fills in one resource of the type `kind`.
pub(super) fn fill(kind: &str, resource: &mut Value, known: &Known<'_>) {
    match kind {
        // A time of death says that there was one (R4, Patient.deceased[x] is one of the two).
        "Patient" if resource.get("deceasedDateTime").is_some() => {
            resource.as_object_mut().map(|members| members.remove("deceasedBoolean"));
        }
        "RelatedPerson" => or(resource, "patient", absent),
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
        "Appointment" => appointment(resource),
        "ServiceRequest" => {
            or(resource, "status", || "unknown".into());
            or(resource, "intent", || "order".into());
            // Details are those of something (R4, prr-1).
            if resource.get("orderDetail").is_some() {
                or(resource, "code", absent);
            }
        }
        "Task" => {
            or(resource, "intent", || "order".into());
            or(resource, "code", || {
                let system = "http://hl7.org/fhir/CodeSystem/task-code";
                json!({ "coding": [{ "system": system, "code": "fulfill" }] })
            });
        }
        "MessageHeader" => {
            let [code, event, application] = known.message.unwrap_or_default();
            // A general acknowledgement is of a type and of no event.
            let (system, event) = if event.is_empty() { (TYPE, code) } else { (EVENT, event) };
            or(resource, "eventCoding", || json!({ "system": system, "code": event }));
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

/// When it begins and ends is said together (R4, app-2), of one that is more than an idea (app-3).
fn appointment(resource: &mut Value) {
    or(resource, "status", || "pending".into());
    let status = resource.get("status").and_then(Value::as_str);
    let open = matches!(status, Some("proposed" | "cancelled" | "waitlist"));
    let said = ["start", "end"].map(|time| resource.get(time).is_some());
    for (time, absence) in [("start", "_start"), ("end", "_end")] {
        if resource.get(time).is_none() && (!open || said.contains(&true)) {
            or(resource, absence, absent);
        }
    }
}
