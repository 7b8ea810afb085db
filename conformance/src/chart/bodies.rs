//! What each of the chart's resources says. A is first, B the other; dates of A are in 2025, of B in 2026.

use serde_json::{Value, json};

use super::{Body, Chart};
use crate::case::Fail;
use crate::people::{
    self, LOINC, MADE_UP, SCT, SDC, TMP, US_CATEGORY, concept, consent, sdohcc, to,
};
use crate::world::World;

/// Every type, after those that it refers to.
pub const IN_ORDER: [(&str, Body); 20] = [
    ("Organization", organization),
    ("Practitioner", practitioner),
    ("Location", location),
    ("PractitionerRole", practitioner_role),
    ("HealthcareService", healthcare_service),
    ("Device", device),
    ("Patient", patient),
    ("RelatedPerson", related_person),
    ("CareTeam", care_team),
    ("DocumentReference", document_reference),
    ("Consent", consent_of),
    ("Questionnaire", questionnaire),
    ("QuestionnaireResponse", questionnaire_response),
    ("Observation", observation),
    ("Condition", condition),
    ("Goal", goal),
    ("Group", group),
    ("ServiceRequest", service_request),
    ("Procedure", procedure),
    ("Task", task),
];

const HL7: &str = "http://terminology.hl7.org/CodeSystem";

type Made = Result<Value, Fail>;

fn either<'a>(letter: char, a: &'a str, b: &'a str) -> &'a str {
    if letter == 'A' { a } else { b }
}

fn at(chart: &Chart, kind: &str, letter: char) -> Result<Value, Fail> {
    Ok(to(chart.at(&format!("{kind} {letter}"))?))
}

fn hl7(system: &str, code: &str) -> Value {
    concept(&format!("{HL7}/{system}"), code)
}

fn need(letter: char) -> &'static str {
    either(letter, "food-insecurity", "housing-instability")
}

/// An identifier that nobody has.
fn own(world: &World) -> Value {
    json!({ "system": MADE_UP, "value": world.unique() })
}

fn organization(world: &World, _: &Chart, letter: char) -> Made {
    Ok(people::organization(world, either(letter, "Alder Mutual", "Birch Mutual")))
}

fn practitioner(world: &World, _: &Chart, letter: char) -> Made {
    Ok(json!({
        "resourceType": "Practitioner",
        "identifier": [own(world)],
        "name": [{ "family": either(letter, "Ashgrove", "Birchfield"), "given": ["Ines"] }],
        "telecom": [{ "system": "phone", "value": "+1 555 0190" }],
    }))
}

fn location(_: &World, _: &Chart, letter: char) -> Made {
    Ok(json!({
        "resourceType": "Location",
        "meta": { "profile": [sdohcc("Location")] },
        "status": "active",
        "name": either(letter, "Alder House", "Birch House"),
        "address": {
            "line": [either(letter, "1 Alder Walk", "2 Birch Walk")],
            "city": "Fernhill", "state": "OR", "postalCode": "00000",
        },
    }))
}

fn practitioner_role(_: &World, chart: &Chart, letter: char) -> Made {
    Ok(json!({
        "resourceType": "PractitionerRole",
        "meta": { "profile": [sdohcc("practitionerrole")] },
        "active": true,
        "practitioner": at(chart, "Practitioner", letter)?,
        "organization": at(chart, "Organization", letter)?,
        "code": [concept(SCT, "62247001")],
        "telecom": [{ "system": "phone", "value": "+1 555 0191" }],
    }))
}

fn healthcare_service(_: &World, chart: &Chart, letter: char) -> Made {
    let appointment = sdohcc("ExtensionHealthcareServiceTelecomAppointment");
    Ok(json!({
        "resourceType": "HealthcareService",
        "meta": { "profile": [sdohcc("HealthcareService")] },
        "active": true,
        "name": either(letter, "Alder meals", "Birch beds"),
        "location": [at(chart, "Location", letter)?],
        "telecom": [{
            "extension": [{ "url": appointment, "valueBoolean": true }],
            "system": "phone", "value": "+1 555 0192",
        }],
    }))
}

fn device(world: &World, _: &Chart, letter: char) -> Made {
    Ok(json!({
        "resourceType": "Device",
        "identifier": [own(world)],
        "type": concept(SCT, either(letter, "706689003", "706690007")),
    }))
}

fn patient(world: &World, _: &Chart, letter: char) -> Made {
    let (family, given) = if letter == 'A' { ("Abara", "Ada") } else { ("Brandvold", "Bea") };
    Ok(people::patient(world, family, given))
}

fn related_person(world: &World, chart: &Chart, letter: char) -> Made {
    Ok(json!({
        "resourceType": "RelatedPerson",
        "identifier": [own(world)],
        "active": true,
        "patient": at(chart, "Patient", letter)?,
        "relationship": [hl7("v3-RoleCode", either(letter, "SIS", "BRO"))],
        "name": [{ "family": "Kinsman" }],
    }))
}

fn care_team(_: &World, chart: &Chart, letter: char) -> Made {
    Ok(json!({
        "resourceType": "CareTeam",
        "status": either(letter, "active", "suspended"),
        "subject": at(chart, "Patient", letter)?,
        "participant": [{
            "role": [concept(SCT, "17561000")],
            "member": at(chart, "Practitioner", letter)?,
        }],
    }))
}

fn document_reference(world: &World, chart: &Chart, letter: char) -> Made {
    let category = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category";
    Ok(json!({
        "resourceType": "DocumentReference",
        "identifier": [own(world)],
        "status": "current",
        "type": concept(LOINC, either(letter, "59284-0", "34133-9")),
        "category": [concept(category, "clinical-note")],
        "subject": at(chart, "Patient", letter)?,
        "content": [{ "attachment": { "contentType": "text/plain", "data": "SW52ZW50ZWQ=" } }],
    }))
}

fn consent_of(_: &World, chart: &Chart, letter: char) -> Made {
    let patient = chart.at(&format!("Patient {letter}"))?;
    // A's covers the chart's referral; B's covers nothing.
    let target = (letter == 'A').then(|| chart.at("Target").ok()).flatten();
    let mut consent = consent(patient, chart.at("Source")?, target, &["food-insecurity"]);
    if let Some(members) = consent.as_object_mut() {
        members.remove("sourceAttachment");
    }
    consent["sourceReference"] = at(chart, "DocumentReference", letter)?;
    Ok(consent)
}

fn url(chart: &Chart, letter: char) -> String {
    format!("urn:example:questionnaire:{}:{letter}", chart.mark)
}

fn questionnaire(_: &World, chart: &Chart, letter: char) -> Made {
    let about = either(letter, "733423003", "1156191002");
    let kind = format!("{HL7}/usage-context-type");
    Ok(json!({
        "resourceType": "Questionnaire",
        "url": url(chart, letter),
        "identifier": [{ "system": MADE_UP, "value": format!("Q-{}-{letter}", chart.mark) }],
        "version": either(letter, "1.0", "2.0"),
        "name": either(letter, "AlderScreen", "BirchScreen"),
        "title": either(letter, "Alder screening of needs", "Birch feedback, yearly"),
        "status": either(letter, "active", "draft"),
        "subjectType": [either(letter, "Patient", "RelatedPerson")],
        "publisher": either(letter, "Alder Forms Office", "Birch Press"),
        "code": [{ "system": LOINC, "code": either(letter, "93025-5", "96777-8") }],
        "useContext": [{
            "code": { "system": kind, "code": either(letter, "focus", "task") },
            "valueCodeableConcept": concept(SCT, about),
        }],
        "item": [{ "linkId": "1", "text": "Was there enough to eat?", "type": "boolean" }],
    }))
}

fn questionnaire_response(world: &World, chart: &Chart, letter: char) -> Made {
    let author = if letter == 'A' { "Patient" } else { "Practitioner" };
    Ok(json!({
        "resourceType": "QuestionnaireResponse",
        "identifier": own(world),
        "questionnaire": url(chart, letter),
        "status": either(letter, "completed", "in-progress"),
        "subject": at(chart, "Patient", letter)?,
        "authored": either(letter, "2025-05-06T10:00:00Z", "2026-05-06T10:00:00Z"),
        "author": at(chart, author, letter)?,
        "item": [{ "linkId": "1", "answer": [{ "valueBoolean": letter == 'A' }] }],
    }))
}

fn observation(_: &World, chart: &Chart, letter: char) -> Made {
    Ok(json!({
        "resourceType": "Observation",
        "meta": { "profile": [sdohcc("ObservationScreeningResponse")] },
        "status": either(letter, "final", "corrected"),
        "category": [
            hl7("observation-category", "survey"),
            concept(US_CATEGORY, "sdoh"),
            concept(TMP, need(letter)),
        ],
        "code": concept(LOINC, either(letter, "88122-7", "71802-3")),
        "subject": at(chart, "Patient", letter)?,
        "effectiveDateTime": either(letter, "2025-05-06T10:00:00Z", "2026-05-06T10:00:00Z"),
        "performer": [at(chart, "Practitioner", letter)?],
        "valueCodeableConcept": concept(LOINC, either(letter, "LA28397-0", "LA30190-5")),
        "derivedFrom": [at(chart, "QuestionnaireResponse", letter)?],
    }))
}

fn condition(_: &World, chart: &Chart, letter: char) -> Made {
    let mut condition = json!({
        "resourceType": "Condition",
        "meta": { "profile": [sdohcc("Condition")] },
        "clinicalStatus": hl7("condition-clinical", either(letter, "active", "inactive")),
        "verificationStatus": hl7("condition-ver-status", either(letter, "confirmed", "provisional")),
        "category": [
            hl7("condition-category", either(letter, "problem-list-item", "encounter-diagnosis")),
            concept(US_CATEGORY, "sdoh"),
            concept(TMP, need(letter)),
        ],
        "code": concept(SCT, either(letter, "733423003", "1156191002")),
        "subject": at(chart, "Patient", letter)?,
    });
    // A alone has evidence, and names its subject by an identifier too.
    if letter == 'A' {
        let value = format!("SUB-{}", chart.mark);
        condition["subject"]["identifier"] = json!({ "system": MADE_UP, "value": value });
        condition["evidence"] = json!([{ "detail": [at(chart, "Observation", letter)?] }]);
    }
    Ok(condition)
}

fn goal(_: &World, chart: &Chart, letter: char) -> Made {
    Ok(json!({
        "resourceType": "Goal",
        "meta": { "profile": [sdohcc("Goal")] },
        "lifecycleStatus": either(letter, "active", "on-hold"),
        "achievementStatus": hl7("goal-achievement", either(letter, "improving", "not-achieved")),
        "category": [concept(TMP, need(letter))],
        "description": concept(SCT, either(letter, "1078229009", "1156192009")),
        "subject": at(chart, "Patient", letter)?,
        "startDate": "2025-01-01",
        "target": [{ "dueDate": either(letter, "2025-12-31", "2026-12-31") }],
        "addresses": [at(chart, "Condition", letter)?],
    }))
}

fn group(_: &World, chart: &Chart, letter: char) -> Made {
    let characteristic = |code: &str| json!({ "code": concept(TMP, code), "exclude": false });
    let (mut condition, mut payer) =
        (characteristic("sdoh-condition-category"), characteristic("payer-coverage"));
    condition["valueCodeableConcept"] = concept(TMP, need(letter));
    payer["valueReference"] = at(chart, "Organization", letter)?;
    // Each has a characteristic that the other has not.
    let mut third = characteristic("");
    third["code"] = concept(MADE_UP, either(letter, "alder", "birch"));
    third["valueBoolean"] = json!(true);
    Ok(json!({
        "resourceType": "Group",
        "meta": { "profile": [sdohcc("Group")] },
        "active": true,
        "type": "person",
        "actual": true,
        "managingEntity": at(chart, "Organization", letter)?,
        "characteristic": [condition, payer, third],
        "member": [{ "entity": at(chart, "Patient", letter)? }],
    }))
}

fn service_request(_: &World, chart: &Chart, letter: char) -> Made {
    let mut request = people::request(chart.at(&format!("Patient {letter}"))?, need(letter));
    let (requester, performer) = match letter {
        'A' => ("PractitionerRole", "HealthcareService"),
        _ => ("Organization", "CareTeam"),
    };
    request["status"] = json!(either(letter, "active", "on-hold"));
    request["intent"] = json!(either(letter, "order", "plan"));
    request["code"] = concept(SCT, either(letter, "467771000124109", "461481000124109"));
    request["occurrenceDateTime"] =
        json!(either(letter, "2025-05-06T10:00:00Z", "2026-05-06T10:00:00Z"));
    request["requester"] = at(chart, requester, letter)?;
    request["performer"] = json!([at(chart, performer, letter)?]);
    request["supportingInfo"] = json!([at(chart, "Consent", letter)?]);
    request["reasonReference"] = json!([at(chart, "Condition", letter)?]);
    Ok(request)
}

fn procedure(_: &World, chart: &Chart, letter: char) -> Made {
    let category = [concept(SCT, "410606002"), concept(TMP, need(letter))];
    let coding: Vec<&Value> = category.iter().map(|concept| &concept["coding"][0]).collect();
    Ok(json!({
        "resourceType": "Procedure",
        "meta": { "profile": [sdohcc("Procedure")] },
        "basedOn": [at(chart, "ServiceRequest", letter)?],
        "status": either(letter, "completed", "in-progress"),
        "category": { "coding": coding },
        "code": concept(SCT, either(letter, "467771000124109", "461481000124109")),
        "subject": at(chart, "Patient", letter)?,
        "performedDateTime": either(letter, "2025-05-06T10:00:00Z", "2026-05-06T10:00:00Z"),
        "performer": [{ "actor": at(chart, "Practitioner", letter)? }],
    }))
}

fn task(world: &World, chart: &Chart, letter: char) -> Made {
    let patient = chart.at(&format!("Patient {letter}"))?;
    if letter == 'A' {
        let request = chart.at("ServiceRequest A")?;
        return Ok(people::task(world, patient, request, chart.at("Source")?, chart.at("Target")?));
    }
    // A questionnaire for the patient, answered.
    let category = concept(TMP, "feedback-questionnaire");
    let response = at(chart, "QuestionnaireResponse", 'B')?;
    Ok(json!({
        "resourceType": "Task",
        "meta": { "profile": [sdohcc("TaskForPatient")] },
        "status": "completed",
        "intent": "order",
        "priority": "routine",
        "code": concept(SDC, "complete-questionnaire"),
        "focus": at(chart, "DocumentReference", 'B')?,
        "for": to(patient),
        "authoredOn": "2026-02-01T09:41:00Z",
        "requester": at(chart, "Organization", 'B')?,
        "owner": to(patient),
        "input": [
            { "type": concept(SDC, "questionnaire"), "valueCanonical": url(chart, 'B') },
            { "type": concept(TMP, "questionnaire-category"), "valueCodeableConcept": category },
        ],
        "output": [{ "type": concept(SDC, "questionnaire-response"), "valueReference": response }],
    }))
}
