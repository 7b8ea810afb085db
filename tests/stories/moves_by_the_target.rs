//! What a target may still say of what it took on: it gives it back, calls an appointment off, writes a
//! note, corrects what it said was done.

use serde_json::json;

use crate::harness::{Gateway, Need, Referral};

const WHY: &str = "The oven broke";

#[test]
fn what_was_taken_on_can_be_given_back_with_a_reason() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let id = pantry.only_referral();
    pantry.act(&id, "accept", &json!({})).expect(200);
    pantry.act(&id, "appointment", &json!({ "start": "2026-11-27T16:00:00Z" })).expect(200);
    // Not without a reason in words.
    pantry.act(&id, "withdraw", &json!({})).expect(400);
    let reason = json!({ "reason": { "code": "no-capacity", "text": WHY } });
    // What was taken on is not declined any more (SDOHCC: rejected comes from requested alone).
    pantry.act(&id, "decline", &reason).expect(409);
    let back = pantry.act(&id, "withdraw", &reason).expect(200);
    assert_eq!(back.json["status"], "cancelled");

    let read = clinic.get(&task).expect(200).json;
    assert_eq!(
        (&read["status"], &read["statusReason"]["text"]),
        (&json!("cancelled"), &json!(WHY))
    );
    assert_eq!(read["statusReason"]["coding"][0]["code"], "no-capacity");
    for (act, body) in [
        ("accept", json!({})),
        ("withdraw", reason.clone()),
        ("agree-cancel", json!({})),
        ("refuse-cancel", reason),
        ("note", json!({ "text": "More" })),
        ("corrected", json!({ "outcome": { "text": "Food box" } })),
        ("served", json!({ "outcome": { "text": "Food box" } })),
    ] {
        pantry.act(&id, act, &body).expect(409);
    }
    let moved = &gateway.of_kind("referral.withdrawn")[0]["transition"];
    assert_eq!((&moved["to"], &moved["reason"]), (&json!("cancelled"), &json!("no-capacity")));
    let entries = std::fs::read_to_string(gateway.evidence().join("entries.jsonl")).unwrap();
    assert!(!entries.contains(WHY));
    // What its own target says is news: without consent to the answer it would not be read.
    assert!(gateway.kinds().iter().filter(|kind| *kind == "phi.disclosed").count() >= 2);
    gateway.stop();
}

#[test]
fn by_fhir_a_target_cancels_what_it_took_on_and_declines_what_it_did_not() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let placed = || pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    let path = format!("/fhir/Task/{}", placed()["id"].as_str().unwrap());
    let moved = |status: &str| {
        let mut task = placed();
        task["status"] = json!(status);
        task["statusReason"] = json!({ "text": WHY });
        pantry.put(&path, &task)
    };
    moved("cancelled").expect(409);
    moved("accepted").expect(200);
    moved("rejected").expect(409);
    moved("cancelled").expect(200);
    let read = clinic.get(&task).expect(200).json;
    assert_eq!(
        (&read["status"], &read["statusReason"]["text"]),
        (&json!("cancelled"), &json!(WHY))
    );
    gateway.stop();
}

#[test]
fn an_appointment_is_called_off_and_booked_again_and_a_note_moves_nothing_back() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let id = pantry.only_referral();
    let stands = || {
        let read = clinic.get(&task).expect(200).json;
        (read["status"].clone(), read["businessStatus"]["text"].clone())
    };
    // It says that there was one: so it was taken on, and work began.
    pantry.act(&id, "appointment-cancelled", &json!({})).expect(200);
    assert_eq!(stands(), (json!("in-progress"), json!("appointment cancelled")));
    let inferred = gateway.of_kind("referral.accepted");
    assert_eq!(inferred[0]["transition"]["inferred"], true);
    pantry.act(&id, "appointment", &json!({ "start": "2026-11-29T16:00:00Z" })).expect(200);
    assert_eq!(stands(), (json!("in-progress"), json!("appointment scheduled")));
    for text in [String::new(), "  ".to_owned(), "n".repeat(1001)] {
        pantry.act(&id, "note", &json!({ "text": text })).expect(422);
    }
    let note = "She will bring her own bags";
    pantry.act(&id, "note", &json!({ "text": note })).expect(200);
    assert_eq!(stands(), (json!("in-progress"), json!("appointment scheduled")));
    let entry = &gateway.of_kind("referral.note")[0];
    assert_eq!(entry["transition"]["note"], true);
    // An auditor's bundle has what happened, and not the words.
    let entries = std::fs::read_to_string(gateway.evidence().join("entries.jsonl")).unwrap();
    assert!(!entries.contains(note));
    gateway.stop();
}

#[test]
fn what_was_done_is_corrected_and_the_source_reads_a_new_version() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral { needs: vec![Need::Food], ..Referral::food() };
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let id = pantry.only_referral();
    let service =
        |text: &str| json!({ "outcome": { "text": text }, "performed": "2026-11-21T10:00:00Z" });
    pantry.act(&id, "corrected", &service("Two boxes")).expect(409);
    pantry.act(&id, "served", &service("A food box")).expect(200);
    let output = || {
        let read = clinic.get(&task).expect(200).json;
        assert_eq!(read["status"], "completed");
        let procedure = read["output"][0]["valueReference"]["reference"].as_str().unwrap();
        clinic.get(&format!("/fhir/{procedure}")).expect(200).json
    };
    let first = output();
    assert_eq!(
        (&first["code"]["text"], &first["meta"]["versionId"]),
        (&json!("A food box"), &json!("1"))
    );
    // Serving again is no correction.
    pantry.act(&id, "served", &service("Two boxes")).expect(409);
    pantry.act(&id, "corrected", &service("Two boxes")).expect(200);
    let second = output();
    assert_eq!(second["id"], first["id"]);
    assert_eq!(
        (&second["code"]["text"], &second["meta"]["versionId"]),
        (&json!("Two boxes"), &json!("2"))
    );
    assert_eq!(second["performedDateTime"], first["performedDateTime"]);
    assert_eq!(gateway.of_kind("referral.outcome-corrected").len(), 1);
    gateway.stop();
}
