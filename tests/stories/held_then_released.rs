//! A sound referral without consent waits; a consent releases it; without one it ends after seven
//! days, and the source is told.

use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Need, Referral, consent};

const DAY_MS: i64 = 86_400_000;

#[test]
fn a_consent_that_comes_later_releases_what_waited() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let answer = clinic.post("/fhir", &unconsented().bundle()).expect(200);
    let task = answer.entry(unconsented().task_entry(0));
    assert_waits(&clinic.get(&task).expect(200));
    assert!(pantry.inbox().is_empty());
    gateway.pass(3 * DAY_MS);
    assert_waits(&clinic.get(&task).expect(200));
    let waited = gateway.kinds();

    let paper = consent(&patient(&answer), "clinic-b", &[Need::Food], "2026-11-20", "2027-11-20");
    let created = clinic.post("/fhir/Consent", &paper).expect(201);
    assert_eq!(clinic.get(&created.created()).expect(200).json["status"], "active");
    let read = clinic.get(&task).expect(200).json;
    assert_eq!((&read["status"], &read["businessStatus"]), (&json!("requested"), &Value::Null));
    pantry.act(&pantry.only_referral(), "accept", &json!({})).expect(200);
    assert_eq!(clinic.get(&task).expect(200).json["status"], "accepted");

    let start = [
        "patient.registered",
        "patient.known",
        "resource.stored",
        "referral.received",
        "referral.held",
        "command.answered",
        "phi.disclosed",
        "phi.reread",
    ];
    assert_eq!(waited, start);
    let end = [
        "resource.stored",
        "consent.given",
        "referral.sent",
        "command.answered",
        "phi.disclosed", // the clinic reads its Consent
        "phi.disclosed", // and its Task
        "phi.disclosed", // the pantry's list
        "referral.accepted",
        "phi.disclosed",
    ];
    assert_eq!(gateway.kinds()[waited.len()..], end);
    assert_eq!(gateway.of_kind("referral.held")[0]["transition"]["held"], "C9");
    gateway.stop();
}

#[test]
fn what_waited_seven_days_is_rejected() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let answer = clinic.post("/fhir", &unconsented().bundle()).expect(200);
    let task = answer.entry(unconsented().task_entry(0));
    gateway.pass(7 * DAY_MS - 60_000);
    assert_waits(&clinic.get(&task).expect(200));
    gateway.pass(120_000);
    let read = clinic.get(&task).expect(200).json;
    assert_eq!(read["status"], "rejected");
    let text = read["statusReason"]["text"].as_str().unwrap();
    assert!(text.starts_with("no consent arrived in time (reference "), "{text}");
    // What comes too late revives nothing.
    let late = consent(&patient(&answer), "clinic-b", &[Need::Food], "2026-11-20", "2027-11-20");
    clinic.post("/fhir/Consent", &late).expect(201);
    gateway.pass(DAY_MS);
    assert_eq!(clinic.get(&task).expect(200).json["status"], "rejected");
    assert!(pantry.inbox().is_empty());
    let kinds = gateway.kinds();
    let of_referral: Vec<&String> =
        kinds.iter().filter(|kind| kind.starts_with("referral.")).collect();
    assert_eq!(of_referral, ["referral.received", "referral.held", "referral.refused"]);
    let refused = &gateway.of_kind("referral.refused")[0]["transition"];
    assert_eq!(refused, &json!({ "reason": "consent-missing", "to": "rejected" }));
    gateway.stop();
}

/// A tick looks at 500, so that nobody else has to wait for it; the next goes on from there, whatever stays.
#[test]
fn among_many_that_stay_each_that_waited_too_long_is_rejected() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    for person in 0..7 {
        let mut bundle = Referral::many(&format!("B-{person}"), 90);
        if person == 0 {
            // Without the consent.
            bundle["entry"].as_array_mut().unwrap().remove(1);
        }
        clinic.post("/fhir", &bundle).expect(200);
    }
    gateway.pass(7 * DAY_MS + 60_000);
    gateway.pass(1_000);
    assert_eq!(gateway.of_kind("referral.refused").len(), 90);
    gateway.stop();
}

#[test]
fn a_consent_on_paper_alone_releases_nothing() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let mut bundle = Referral::food().bundle();
    let scanned = &mut bundle["entry"][1]["resource"];
    scanned.as_object_mut().unwrap().remove("provision");
    scanned["sourceAttachment"] =
        json!({ "contentType": "application/pdf", "data": "JVBERi0xLjQK" });
    let answer = clinic.post("/fhir", &bundle).expect(200);
    let task = answer.entry(Referral::food().task_entry(0));
    assert_waits(&clinic.get(&task).expect(200));
    gateway.pass(DAY_MS);
    assert_waits(&clinic.get(&task).expect(200));
    assert!(pantry.inbox().is_empty());
    assert_eq!(gateway.of_kind("consent.given")[0]["basis"]["state"], "pending");
    assert_eq!(gateway.of_kind("referral.held")[0]["transition"]["held"], "C1");

    // Somebody writes down what the paper says.
    let computable =
        consent(&patient(&answer), "clinic-b", &[Need::Food], "2026-11-20", "2027-11-20");
    let mut transcribed = clinic.get(&answer.entry(1)).expect(200).json;
    transcribed["provision"] = computable["provision"].clone();
    clinic.put(&answer.entry(1), &transcribed).expect(200);
    pantry.only_referral();
    let kinds = gateway.kinds();
    assert_eq!(kinds.iter().filter(|kind| *kind == "referral.sent").count(), 1);
    gateway.stop();
}

fn unconsented() -> Referral {
    Referral { consent: None, ..Referral::food() }
}

fn patient(answer: &Answer) -> String {
    answer.entry(0).strip_prefix("/fhir/").unwrap().to_owned()
}

#[track_caller]
fn assert_waits(task: &Answer) {
    let (status, business) = (&task.json["status"], &task.json["businessStatus"]["text"]);
    assert_eq!((status, business), (&json!("requested"), &json!("waiting for consent")));
}
