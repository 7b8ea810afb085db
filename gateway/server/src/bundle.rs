//! A pivot that came from another dialect, as the resources our FHIR door would have got.
//!
//! Not here: what the mapping files say; this only ties together what they cannot: references.

use loopgate_fhir::REFERRAL;
use serde_json::{Value, json};

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
}

/// The parts of a pivot: Patient, Observations, ServiceRequest, Task.
pub fn parts(pivot: &Value, known: &Known<'_>) -> Vec<Part> {
    let url = |n: usize| format!("urn:uuid:00000000-0000-4000-8000-{n:012}");
    let (patient_url, request_url) = (url(0), url(1));
    let mut parts = Vec::new();
    let resource = |kind: &str| {
        let mut found = pivot.get(kind)?.clone();
        found["resourceType"] = kind.into();
        Some(found)
    };
    let refer = |url: &str| json!({ "reference": url });
    if let Some(patient) = resource("Patient") {
        parts.push(Part { url: patient_url.clone(), resource: patient });
    }
    let mut info = Vec::new();
    let observations = pivot.get("Observation").and_then(Value::as_array);
    for (n, observation) in observations.into_iter().flatten().enumerate() {
        let mut observation = observation.clone();
        observation["resourceType"] = "Observation".into();
        observation["subject"] = refer(&patient_url);
        info.push(refer(&url(n + 3)));
        parts.push(Part { url: url(n + 3), resource: observation });
    }
    let authored = pivot.get("Task").and_then(|task| task.get("authoredOn")).cloned();
    let authored = authored.or(known.authored_on.map(Value::from));
    if let Some(mut request) = resource("ServiceRequest") {
        request["subject"] = refer(&patient_url);
        if !info.is_empty() {
            request["supportingInfo"] = Value::Array(info);
        }
        tie(&mut request, &authored, known.requester);
        parts.push(Part { url: request_url.clone(), resource: request });
    }
    if let Some(mut task) = resource("Task") {
        task["for"] = refer(&patient_url);
        task["focus"] = refer(&request_url);
        // Our own name for it is ours to give.
        if let Some(identifiers) = task.get_mut("identifier").and_then(Value::as_array_mut) {
            identifiers.retain(|one| one["system"] != REFERRAL);
        }
        if task["identifier"] == json!([]) {
            task.as_object_mut().map(|task| task.remove("identifier"));
        }
        tie(&mut task, &authored, known.requester);
        parts.push(Part { url: url(2), resource: task });
    }
    parts
}

fn tie(resource: &mut Value, authored: &Option<Value>, requester: Option<&str>) {
    if let Some(authored) = authored
        && resource.get("authoredOn").is_none()
    {
        resource["authoredOn"] = authored.clone();
    }
    if let Some(requester) = requester {
        resource["requester"] = json!({ "reference": requester });
    }
}

/// The parts as a transaction Bundle.
pub fn transaction(parts: Vec<Part>) -> Value {
    let entries = parts.into_iter().map(|Part { url, resource }| {
        let request = json!({ "method": "POST", "url": resource["resourceType"] });
        json!({ "fullUrl": url, "resource": resource, "request": request })
    });
    let entries: Vec<Value> = entries.collect();
    json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries })
}
