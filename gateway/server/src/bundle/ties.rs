//! Who refers to whom among the resources of one message: one table for the part each plays.

use serde_json::{Value, json};

use super::Draft;

/// The element that says whom a resource is about.
const ABOUT: [(&str, &str); 10] = [
    ("RelatedPerson", "patient"),
    ("Encounter", "subject"),
    ("Coverage", "beneficiary"),
    ("Condition", "subject"),
    ("Observation", "subject"),
    ("ServiceRequest", "subject"),
    ("Task", "for"),
    ("DiagnosticReport", "subject"),
    ("DocumentReference", "subject"),
    ("Procedure", "subject"),
];

/// How one resource is referred to by another.
pub(super) enum How {
    /// The element is the reference.
    One(&'static str),
    /// The element is a list of references.
    List(&'static str),
    /// `Encounter.participant` or `Appointment.participant`: who, in this v3 ParticipationType.
    Participant { member: &'static str, part: &'static str },
}

use How::{List, One, Participant};

/// The part that a Practitioner or an Organization plays, in which resource.
pub(super) const ROLES: [(&str, &str, How); 13] = [
    ("requester", "ServiceRequest", One("requester")),
    ("primary-care", "Patient", List("generalPractitioner")),
    ("primary-facility", "Patient", List("generalPractitioner")),
    ("attending", "Encounter", Participant { member: "individual", part: "ATND" }),
    ("referring", "Encounter", Participant { member: "individual", part: "REF" }),
    ("consulting", "Encounter", Participant { member: "individual", part: "CON" }),
    ("admitting", "Encounter", Participant { member: "individual", part: "ADM" }),
    ("filler-contact", "Appointment", Participant { member: "actor", part: "CALLBCK" }),
    ("appointment-performer", "Appointment", Participant { member: "actor", part: "PPRF" }),
    ("interpreter", "DiagnosticReport", List("resultsInterpreter")),
    ("author", "DocumentReference", List("author")),
    ("authenticator", "DocumentReference", One("authenticator")),
    ("requester-organization", "ServiceRequest", One("requester")),
];

/// What each resource of the first kind is to the one of the second.
const BESIDE: [(&str, &str, How); 9] = [
    ("Encounter", "Condition", One("encounter")),
    ("Encounter", "Observation", One("encounter")),
    ("Encounter", "ServiceRequest", One("encounter")),
    ("Encounter", "DiagnosticReport", One("encounter")),
    ("Coverage", "ServiceRequest", List("insurance")),
    ("Condition", "ServiceRequest", List("reasonReference")),
    ("Observation", "ServiceRequest", List("supportingInfo")),
    ("Observation", "DiagnosticReport", List("result")),
    ("ServiceRequest", "Task", One("focus")),
];

/// The results of a referral, and where each says of which.
const RESULTS: [(&str, How); 4] = [
    ("DiagnosticReport", List("basedOn")),
    ("Procedure", List("basedOn")),
    ("Appointment", List("basedOn")),
    ("DocumentReference", List("context.related")),
];

/// Ties the drafts together. `keys` are references by identifier to a request that is not here.
pub(super) fn tie(drafts: &mut Vec<Draft>, keys: &[Value]) {
    about(drafts);
    role_of_two(drafts);
    for (role, owner, how) in &ROLES {
        for url in urls(drafts, |draft| draft.role.as_deref() == Some(*role)) {
            refer(drafts, owner, how, &reference(&url));
        }
    }
    for (kind, owner, how) in &BESIDE {
        for url in urls(drafts, |draft| draft.kind == *kind) {
            refer(drafts, owner, how, &reference(&url));
        }
    }
    let request = urls(drafts, |draft| draft.kind == "ServiceRequest").pop();
    for (kind, how) in &RESULTS {
        let to = match &request {
            Some(url) => vec![reference(url)],
            // R4 has no identifier for a Reference that takes one target of several.
            None => keys.to_vec(),
        };
        to.iter().for_each(|one| refer(drafts, kind, how, one));
    }
}

fn about(drafts: &mut [Draft]) {
    let Some(patient) = urls(drafts, |draft| draft.kind == "Patient").pop() else { return };
    for draft in drafts.iter_mut() {
        if let Some((_, element)) = ABOUT.iter().find(|(kind, _)| *kind == draft.kind) {
            draft.resource[*element] = reference(&patient);
        }
        if draft.kind == "Appointment" {
            let person = json!({ "actor": reference(&patient), "status": "accepted" });
            push(&mut draft.resource, "participant", person);
        }
    }
}

/// Who asks, and for which organization: a PractitionerRole, if both are said (guide, ORC-12 and
/// ORC-21).
fn role_of_two(drafts: &mut Vec<Draft>) {
    let of = |role: &str| drafts.iter().position(|draft| draft.role.as_deref() == Some(role));
    let (Some(who), Some(whose)) = (of("requester"), of("requester-organization")) else { return };
    let resource = json!({
        "resourceType": "PractitionerRole",
        "practitioner": reference(&drafts[who].url),
        "organization": reference(&drafts[whose].url),
    });
    (drafts[who].role, drafts[whose].role) = (None, None);
    let url = format!("urn:uuid:00000000-0000-4000-8000-{:012}", drafts.len());
    let role = Some("requester".to_owned());
    drafts.push(Draft { kind: "PractitionerRole", role, url, resource });
}

fn urls(drafts: &[Draft], which: impl Fn(&Draft) -> bool) -> Vec<String> {
    drafts.iter().filter(|draft| which(draft)).map(|draft| draft.url.clone()).collect()
}

fn reference(url: &str) -> Value {
    json!({ "reference": url })
}

fn refer(drafts: &mut [Draft], kind: &str, how: &How, to: &Value) {
    for draft in drafts.iter_mut().filter(|draft| draft.kind == kind) {
        let resource = &mut draft.resource;
        match how {
            One(element) => resource[*element] = to.clone(),
            List(element) => match element.split_once('.') {
                Some((outer, inner)) => push(&mut resource[outer], inner, to.clone()),
                None => push(resource, element, to.clone()),
            },
            Participant { member, part } => {
                let coding = json!({ "system": V3, "code": part });
                let mut who = json!({ "type": [{ "coding": [coding] }] });
                who[*member] = to.clone();
                if kind == "Appointment" {
                    who["status"] = "accepted".into();
                }
                push(resource, "participant", who);
            }
        }
    }
}

const V3: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";

/// Adds to a list that may not be there yet.
fn push(resource: &mut Value, element: &str, item: Value) {
    match resource.get_mut(element).and_then(Value::as_array_mut) {
        Some(list) => list.push(item),
        None => resource[element] = Value::Array(vec![item]),
    }
}
