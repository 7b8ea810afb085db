//! A referral goes all the way round, and everything the world could see of it is what it should be.

use serde_json::json;

use crate::harness::{Gateway, Referral};

#[test]
fn a_food_referral_is_placed_missed_rebooked_served_and_read_back() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let answer = clinic.post("/fhir", &referral.bundle()).expect(200);
    let task = answer.entry(referral.task_entry(0));
    assert_eq!(clinic.get(&task).expect(200).json["status"], "requested");

    let id = pantry.only_referral();
    let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200);
    assert_eq!(read.json["client"]["phone"], "+1 555 0142");
    pantry.act(&id, "accept", &json!({})).expect(200);
    pantry.act(&id, "appointment", &json!({ "start": "2026-11-27T16:00:00Z" })).expect(200);
    pantry.act(&id, "no-show", &json!({})).expect(200);
    let missed = clinic.get(&task).expect(200).json;
    assert_eq!(
        (&missed["status"], &missed["businessStatus"]["text"]),
        (&json!("in-progress"), &json!("appointment missed"))
    );
    pantry.act(&id, "appointment", &json!({ "start": "2026-11-29T16:00:00Z" })).expect(200);
    pantry.act(&id, "served", &json!({ "outcome": { "text": "Food box" } })).expect(200);

    let done = clinic.get(&task).expect(200).json;
    assert_eq!(done["status"], "completed");
    let procedure = done["output"][0]["valueReference"]["reference"].as_str().unwrap().to_owned();
    let procedure = clinic.get(&format!("/fhir/{procedure}")).expect(200).json;
    assert_eq!(procedure["code"]["text"], "Food box");
    assert_eq!(
        procedure["basedOn"][0]["reference"]
            .as_str()
            .map(|text| text.starts_with("ServiceRequest/")),
        Some(true)
    );

    let kinds = gateway.kinds();
    let expected = [
        "patient.registered",
        "patient.known",
        "resource.stored",
        "consent.given",
        "referral.received",
        "referral.sent",
        "command.answered",
        "phi.disclosed", // the clinic reads its Task
        "phi.disclosed", // the pantry's list: the need
        "phi.disclosed", // the pantry opens it: the person
        "referral.accepted",
        "referral.started",
        "referral.appointment",
        "referral.no-show",
        "phi.disclosed", // the clinic reads the news
        "referral.appointment",
        "referral.outcome",
        "referral.closed",
        "phi.disclosed",
        "phi.disclosed", // the clinic reads the Task and the Procedure
    ];
    assert_eq!(kinds, expected);
    gateway.stop();
}
