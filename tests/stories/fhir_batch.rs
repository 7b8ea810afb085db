//! A batch is requests of their own: each is answered in its place, and what one may not do is no other's
//! matter.

use serde_json::{Value, json};

use crate::harness::{Gateway, Need, Referral, consent, patient};

fn batch(entries: &[Value]) -> Value {
    json!({ "resourceType": "Bundle", "type": "batch", "entry": entries })
}

fn get(url: &str) -> Value {
    json!({ "request": { "method": "GET", "url": url } })
}

#[test]
fn each_entry_is_answered_by_itself_and_in_its_place() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let referral = Referral::food();
    let answer = clinic.post("/fhir", &referral.bundle()).expect(200);
    let task = answer.entry(referral.task_entry(0))["/fhir/".len()..].to_owned();
    let before = gateway.of_kind("phi.disclosed").len();
    let denied = gateway.of_kind("phi.denied").len();
    let asked = batch(&[
        get(&task),
        json!({ "resource": patient("clinic-b", "B-5"), "request": { "method": "POST", "url": "Patient" } }),
        get("Task?status=requested"),
        get("Patient/never"),
        json!({ "request": { "method": "DELETE", "url": task } }),
        json!({ "resource": { "resourceType": "Patient", "name": [] }, "request": { "method": "POST", "url": "Patient" } }),
        json!({ "resource": { "resourceType": "Patient" } }),
        json!({ "request": { "method": "POST", "url": "Task/_search?status=requested" } }),
        get("metadata"),
    ]);
    let answer = clinic.post("/fhir", &asked).expect(200);
    assert_eq!(answer.json["type"], "batch-response");
    let entries = answer.json["entry"].as_array().unwrap();
    let statuses: Vec<&str> =
        entries.iter().map(|one| one["response"]["status"].as_str().unwrap()).collect();
    let want = [
        "200 OK",
        "201 Created",
        "200 OK",
        "404 Not Found",
        "405 Method Not Allowed",
        "400 Bad Request",
        "422 Unprocessable Entity",
        "200 OK",
        "200 OK",
    ];
    assert_eq!(statuses, want);
    assert_eq!(entries[0]["resource"]["status"], "requested");
    assert_eq!(entries[0]["response"]["etag"], "W/\"1\"");
    assert_eq!(entries[2]["resource"]["type"], "searchset");
    for entry in &entries[3..7] {
        assert_eq!(entry["response"]["outcome"]["resourceType"], "OperationOutcome");
    }
    let created = entries[1]["response"]["location"].as_str().unwrap().contains("/Patient/");
    assert!(created && entries[1].get("resource").is_none());
    // Everything that went out is on record, and the receipt names it.
    assert!(gateway.of_kind("phi.disclosed").len() + gateway.of_kind("phi.reread").len() > before);
    assert!(answer.receipt.is_some());
    assert_eq!(gateway.of_kind("phi.denied").len(), denied + 1);
    gateway.stop();
}

#[test]
fn a_consent_in_a_batch_does_not_wait_for_what_the_batch_itself_reads() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let answer = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let maria = answer.entry(0)["/fhir/".len()..].to_owned();
    let form = consent(&maria, "clinic-b", &[Need::Food], "2026-11-20", "2027-01-01");
    let asked = batch(&[
        get(&maria),
        json!({ "resource": form, "request": { "method": "POST", "url": "Consent" } }),
    ]);
    let answer = clinic.post("/fhir", &asked).expect(200);
    assert_eq!(answer.json["entry"][0]["resource"]["birthDate"], "1988-04-02");
    assert_eq!(answer.json["entry"][1]["response"]["status"], "201 Created");
    gateway.stop();
}
