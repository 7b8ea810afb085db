//! A target gets what the placement needs while it needs it, about the one person, and each new sight
//! of her is an entry.

use serde_json::{Value, json};

use crate::harness::{Gateway, Referral, patient};

/// The resource a path names, as a reference.
fn reference(path: &str) -> String {
    path.trim_start_matches("/fhir/").to_owned()
}

#[test]
fn what_is_known_of_somebody_else_does_not_come_along() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let other = clinic.post("/fhir/Patient", &patient("clinic-b", "B-OTHER")).expect(201).created();
    let household = |subject: &str, size: u32| {
        json!({
            "resourceType": "Observation",
            "status": "final",
            "code": { "coding": [{ "system": "http://loinc.org", "code": "63512-8" }] },
            "subject": { "reference": subject },
            "valueQuantity": { "value": size },
        })
    };
    let theirs = household(&reference(&other), 9);
    let theirs = clinic.post("/fhir/Observation", &theirs).expect(201).created();
    let mut bundle = Referral::food().bundle();
    bundle["entry"][2]["resource"]["supportingInfo"] = json!([{ "reference": reference(&theirs) }]);
    clinic.post("/fhir", &bundle).expect(200);
    let id = pantry.only_referral();
    let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200);
    assert_eq!(read.json["client"]["phone"], "+1 555 0142");
    assert_eq!(read.json.get("household"), None);

    // Her own does.
    let mut bundle = Referral { mrn: "B-2", ..Referral::food() }.bundle();
    let url = "urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-000000000099";
    let hers = household(bundle["entry"][0]["fullUrl"].as_str().unwrap(), 4);
    bundle["entry"][2]["resource"]["supportingInfo"] = json!([{ "reference": url }]);
    let request = json!({ "method": "POST", "url": "Observation" });
    let entry = json!({ "fullUrl": url, "resource": hers, "request": request });
    bundle["entry"].as_array_mut().unwrap().push(entry);
    clinic.post("/fhir", &bundle).expect(200);
    let rows = pantry.inbox();
    let newer = rows.iter().find(|row| row["referral_id"] != json!(id)).unwrap();
    let newer = newer["referral_id"].as_str().unwrap();
    let read = pantry.get(&format!("/cbo/v1/referrals/{newer}")).expect(200);
    assert_eq!(read.json["household"]["size"], 4);
    gateway.stop();
}

#[test]
fn who_declined_needs_the_person_no_more() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let answer = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let id = pantry.only_referral();
    pantry.get(&answer.entry(0)).expect(200);
    let reason = json!({ "reason": { "code": "no-capacity", "text": "full this week" } });
    pantry.act(&id, "decline", &reason).expect(200);
    let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200);
    assert_eq!((read.json.get("client"), &read.json["status"]), (None, &json!("declined")));
    pantry.get(&answer.entry(0)).expect(404);
    gateway.stop();
}

#[test]
fn another_shape_of_the_same_version_is_no_re_read() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let answer = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let id = pantry.only_referral();
    // The second look at the list is a re-read, and covers only what the list shows.
    pantry.only_referral();
    let task = pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    let request = format!("/fhir/{}", task["focus"]["reference"].as_str().unwrap());
    let before = gateway.kinds();
    pantry.get(&request).expect(200);
    pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200);
    pantry.get(&answer.entry(0)).expect(200);
    assert_eq!(gateway.kinds(), [before, vec!["phi.disclosed".to_owned(); 3]].concat());
    gateway.stop();
}

#[test]
fn a_target_whose_consent_was_withdrawn_learns_nothing_by_writing() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let answer = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let id = pantry.only_referral();
    pantry.act(&id, "accept", &json!({})).expect(200);
    let task = pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    let path = format!("/fhir/Task/{}", task["id"].as_str().unwrap());
    let mut consent = clinic.get(&answer.entry(1)).expect(200).json;
    consent["status"] = json!("inactive");
    clinic.put(&answer.entry(1), &consent).expect(200);
    let mut guess = task.clone();
    guess["for"] = json!({ "reference": "Patient/somebody" });
    let missing = pantry.get("/fhir/Task/never-was").expect(404);
    for body in [&task, &guess] {
        assert_eq!(pantry.put(&path, body).expect(404).text, missing.text);
    }
    let denied = gateway.kinds().iter().filter(|kind| *kind == "phi.denied").count();
    assert_eq!(denied, 3);
    gateway.stop();
}

#[test]
fn a_condition_said_twice_is_not_taken_for_none() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let id = pantry.only_referral();
    let path = format!("/cbo/v1/referrals/{id}/accept");
    let json_type = ("content-type", "application/json");
    for name in ["if-match", "idempotency-key"] {
        let headers = [json_type, (name, "W/\"1\""), (name, "W/\"2\"")];
        pantry.call("POST", &path, &headers, b"{}".to_vec()).expect(400);
    }
    let row: &Value = &pantry.inbox()[0];
    assert_eq!(row["status"], "new");
    gateway.stop();
}
