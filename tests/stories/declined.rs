//! A community organization declines; the source reads that and why, and it stays so.

use serde_json::json;

use crate::harness::{Gateway, Referral};

const WHY: &str = "The pantry is full until January";

#[test]
fn a_referral_is_declined_with_a_reason_and_stays_declined() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let id = pantry.only_referral();
    // Without a reason in words, nothing happens.
    for reason in [json!({}), json!({ "reason": { "code": "no-capacity", "text": " " } })] {
        let refused = pantry.act(&id, "decline", &reason);
        assert!(matches!(refused.status, 400 | 422), "{}", refused.text);
    }
    let reason = json!({ "reason": { "code": "no-capacity", "text": WHY } });
    let declined = pantry.act(&id, "decline", &reason).expect(200);
    assert_eq!(declined.json["status"], "declined");

    let read = clinic.get(&task).expect(200).json;
    assert_eq!(read["status"], "rejected");
    assert_eq!(read["statusReason"]["text"], WHY);
    assert_eq!(read["statusReason"]["coding"][0]["code"], "no-capacity");
    assert_eq!(pantry.inbox()[0]["status"], "declined");
    let placed = pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    let path = format!("/fhir/Task/{}", placed["id"].as_str().unwrap());
    let decided = gateway.kinds();

    for (act, body) in [
        ("accept", json!({})),
        ("decline", reason),
        ("appointment", json!({ "start": "2026-11-27T16:00:00Z" })),
        ("no-show", json!({})),
        ("served", json!({ "outcome": { "text": "Food box" } })),
    ] {
        let refused = pantry.act(&id, act, &body).expect(409);
        assert_eq!(refused.json["type"], "urn:loopgate:problem:illegal-move", "{act}");
    }
    // Nor by FHIR.
    for status in ["accepted", "in-progress", "on-hold", "failed", "cancelled"] {
        let mut moved = placed.clone();
        moved["status"] = json!(status);
        moved["statusReason"] = json!({ "text": "After all" });
        pantry.put(&path, &moved).expect(409);
    }
    let mut cancelled = read.clone();
    cancelled["status"] = json!("cancelled");
    cancelled["statusReason"] = json!({ "text": "Too late" });
    clinic.put(&task, &cancelled).expect(409);
    gateway.pass(8 * 86_400_000);
    assert_eq!(clinic.get(&task).expect(200).json, read);

    assert_eq!(decided.iter().filter(|kind| *kind == "referral.declined").count(), 1);
    // The clinic read once more, on another day; nothing else happened.
    assert_eq!(gateway.kinds(), [decided, vec!["phi.reread".to_owned()]].concat());
    // The reason's code is shown to an auditor; its words, which may be about the person, are not.
    let moved = &gateway.of_kind("referral.declined")[0]["transition"];
    assert_eq!((&moved["to"], &moved["reason"]), (&json!("rejected"), &json!("no-capacity")));
    let entries = std::fs::read_to_string(gateway.evidence().join("entries.jsonl")).unwrap();
    assert!(!entries.contains(WHY) && !entries.contains(&hex::encode(WHY)));
    gateway.stop();
}
