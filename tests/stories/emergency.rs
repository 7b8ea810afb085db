//! A clinician reads without consent: where its hospital treats the person too, or breaks the glass in
//! an emergency. Rows 60 to 62 of the decision table, and each time is reviewed.

use loopgate_server::staff::StaffRole::{Auditor, Coordinator};
use serde_json::{Value, json};

use crate::harness::{Gateway, Party, Referral};

const SHARED: &str = "urn:example:community-id";

fn reason(gateway: &Gateway) -> Value {
    gateway.of_kind("phi.denied").last().unwrap()["basis"]["reason"].clone()
}

/// Clinic B referred Maria, who has a community identifier; these labels are on her ServiceRequest.
fn referred(labels: Value) -> (Gateway, Party, Party, String, String) {
    let gateway = Gateway::start();
    gateway.change_partner("hospital-a", |text| {
        text.replace("break_glass = false", "break_glass = true")
    });
    let (clinic, hospital) = (gateway.party("clinic-b"), gateway.party("hospital-a"));
    let mut bundle = Referral::food().bundle();
    let known = json!({ "system": SHARED, "value": "C-77" });
    bundle["entry"][0]["resource"]["identifier"].as_array_mut().unwrap().push(known);
    if !labels.is_null() {
        bundle["entry"][2]["resource"]["meta"] = json!({ "security": [labels] });
    }
    let answer = clinic.post("/fhir", &bundle).expect(200);
    (gateway, clinic, hospital, answer.entry(0), answer.entry(2))
}

fn glass(identifier: &str, reason: &str) -> Value {
    json!({ "resourceType": "Parameters", "parameter": [
        { "name": "identifier", "valueIdentifier": { "system": SHARED, "value": identifier } },
        { "name": "reason", "valueString": reason },
    ] })
}

const BREAK: &str = "/fhir/Patient/$break-glass";

#[test]
fn broken_glass_lets_a_clinician_read_for_an_hour_and_somebody_looks_at_it() {
    let (mut gateway, _, hospital, patient, request) = referred(Value::Null);
    hospital.get(&patient).expect(404);
    for wrong in [glass("C-77", ""), glass("C-77", "  "), json!({}), json!([])] {
        hospital.post(BREAK, &wrong).expect(400);
    }
    hospital.post(BREAK, &glass("C-78", "unconscious")).expect(404);
    let opened = hospital.post(BREAK, &glass("C-77", "unconscious in the ED")).expect(200).json;
    let found = format!(
        "/fhir/{}",
        opened["parameter"][0]["valueReference"]["reference"].as_str().unwrap()
    );
    assert_eq!(found, patient);
    let read = hospital.get(&patient).expect(200);
    assert_eq!(read.json["name"][0]["family"], "Lindqvist-Okafor");
    assert!(read.json.get("identifier").is_none(), "its own keys are nobody else's");
    hospital.get(&request).expect(200);
    let shown = gateway.of_kind("phi.disclosed");
    let basis = &shown.last().unwrap()["basis"][0];
    assert_eq!(basis["basis"], "break-glass");
    // Why is in the entry it names, and not for everybody's eyes.
    let entries = gateway.entries();
    let index = usize::try_from(basis["entry"].as_u64().unwrap()).unwrap();
    assert_eq!(entries[index].kind, "glass.broken");
    assert!(entries.iter().all(|one| !one.fields.to_string().contains("unconscious")));

    // An hour later it is over.
    gateway.pass(3_600_000);
    hospital.get(&patient).expect(404);
    assert_eq!(reason(&gateway), "B1");
    let mut auditor = gateway.signed_in("aud", &[Auditor]);
    auditor.get(&format!("/glass/{index}")).expect(404);
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    assert!(ines.get("").expect(200).text.contains(&format!("/staff/glass/{index}")));
    // Why is about her: to see it is an entry, under the name of who saw it.
    let why = ines.get(&format!("/glass/{index}")).expect(200);
    assert!(why.text.contains("unconscious in the ED"));
    assert_eq!(gateway.of_kind("phi.disclosed").last().unwrap()["actor"]["org"], "ines");
    ines.post(&format!("/glass/{index}"), "justified=yes").expect(303);
    ines.post(&format!("/glass/{index}"), "justified=no").expect(404);
    let reviewed = &gateway.of_kind("glass.reviewed")[0];
    assert_eq!(reviewed["basis"], json!({ "glass": index, "justified": true }));
    gateway.stop();
}

#[test]
fn the_glass_is_not_for_everybody_nor_for_everything() {
    let sdv =
        json!({ "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "SDV" });
    let (mut gateway, clinic, hospital, patient, request) = referred(sdv);
    // Row 61: a community worker.
    let pantry = gateway.party("pantry");
    pantry.post(BREAK, &glass("C-77", "he is hungry")).expect(404);
    assert_eq!(reason(&gateway), "B1");
    // A covered entity whose file does not say so.
    clinic.post(BREAK, &glass("C-77", "unconscious")).expect(404);
    assert_eq!(reason(&gateway), "B1");
    // Row 62: what is about violence stays closed.
    hospital.post(BREAK, &glass("C-77", "unconscious")).expect(200);
    hospital.get(&patient).expect(200);
    hospital.get(&request).expect(404);
    assert_eq!(reason(&gateway), "B2");
    // Who broke nothing reads nothing.
    gateway.party("housing").get(&patient).expect(404);
    gateway.stop();
}

#[test]
fn who_treats_the_person_too_reads_on_that_basis_and_nobody_else_does() {
    let (mut gateway, _, hospital, patient, _) = referred(Value::Null);
    gateway.change_partner("hospital-a", |text| {
        text.replace("treats = false", "treats = true")
            .replace("break_glass = true", "break_glass = false")
    });
    // It treats nobody whom it does not know.
    hospital.get(&patient).expect(404);
    let own = json!({
        "resourceType": "Patient",
        "identifier": [{ "system": SHARED, "value": "C-77" }],
        "name": [{ "family": "Lindqvist-Okafor", "given": ["Maria"] }],
    });
    hospital.post("/fhir/Patient", &own).expect(201);
    let read = hospital.get(&patient).expect(200).json;
    assert_eq!(read["name"][0]["family"], "Lindqvist-Okafor");
    let shown = gateway.of_kind("phi.disclosed");
    assert_eq!(shown.last().unwrap()["basis"][0]["basis"], "treatment");
    gateway.stop();
}

#[test]
fn what_a_shelter_sent_is_read_on_no_basis_but_consent() {
    let (mut gateway, _, hospital, patient, _) = referred(Value::Null);
    gateway.change_partner("clinic-b", |text| {
        text.replace("legal_class = \"ce\"", "legal_class = \"vawa-grantee\"")
    });
    hospital.post(BREAK, &glass("C-77", "unconscious")).expect(200);
    hospital.get(&patient).expect(404);
    assert_eq!(reason(&gateway), "B2");
    gateway.change_partner("hospital-a", |text| text.replace("treats = false", "treats = true"));
    let own =
        json!({ "resourceType": "Patient", "identifier": [{ "system": SHARED, "value": "C-77" }] });
    hospital.post("/fhir/Patient", &own).expect(201);
    hospital.get(&patient).expect(404);
    assert_eq!(reason(&gateway), "R5");
    gateway.stop();
}
