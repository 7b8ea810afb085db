//! A message sent twice gets the first answer, and nothing happens twice.

use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Party, Referral};

#[test]
fn a_bundle_sent_twice_is_one_referral() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let first = clinic.post("/fhir", &referral.bundle()).expect(200);
    let before = gateway.kinds();
    let again = clinic.post("/fhir", &referral.bundle()).expect(200);
    assert_eq!(again.text, first.text);
    pantry.act(&pantry.only_referral(), "accept", &json!({})).expect(200);
    // What became of it meanwhile does not change the first answer.
    assert_eq!(clinic.post("/fhir", &referral.bundle()).expect(200).text, first.text);
    let expected = [before, words(&["phi.disclosed", "referral.accepted"])].concat();
    assert_eq!(gateway.kinds(), expected);

    // The same words of another organization are another message.
    let hospital = gateway.party("hospital-a");
    let other = hospital.post("/fhir", &referral.bundle()).expect(200);
    assert_ne!(other.entry(referral.task_entry(0)), first.entry(referral.task_entry(0)));
    gateway.stop();
}

#[test]
fn a_referral_of_the_same_name_with_other_content_is_refused() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let referral = Referral::food();
    let first = clinic.post("/fhir", &referral.bundle()).expect(200);
    let before = gateway.kinds();
    let other = Referral { contact_prohibited: true, ..referral.clone() };
    let refused = clinic.post("/fhir", &other.bundle()).expect(409);
    assert_eq!(refused.json["issue"][0]["code"], "duplicate");
    assert_eq!(refused.expressions(), ["Bundle.entry[3].resource.identifier"]);
    // The same by itself, with what the first brought.
    let task = clinic.get(&first.entry(referral.task_entry(0))).expect(200).json;
    let mut alone = task.clone();
    alone["priority"] = json!("urgent");
    let refused = clinic.post("/fhir/Task", &alone).expect(409);
    assert_eq!(refused.json["issue"][0]["code"], "duplicate");
    assert_eq!(refused.expressions(), ["Task.identifier"]);
    assert_eq!(gateway.kinds(), [before, words(&["phi.disclosed"])].concat());
    gateway.stop();
}

#[test]
fn an_act_sent_twice_under_its_key_happens_once() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let id = pantry.only_referral();
    let before = gateway.kinds();

    let accepted = keyed(&pantry, &id, "accept", &json!({}), "k1").expect(200);
    assert_eq!(accepted.json, json!({ "referral_id": id, "status": "accepted", "version": 2 }));
    let missed = keyed(&pantry, &id, "no-show", &json!({}), "k2").expect(200);
    assert_eq!(missed.json["status"], "in-progress");
    // Late and out of order: the first answers, to the byte.
    for (act, key, first) in [("accept", "k1", &accepted), ("no-show", "k2", &missed)] {
        let again = keyed(&pantry, &id, act, &json!({}), key).expect(200);
        assert_eq!((&again.text, &again.etag), (&first.text, &first.etag), "{act}");
    }
    // Under another key, or none, the same words are a new act.
    keyed(&pantry, &id, "accept", &json!({}), "k3").expect(409);
    pantry.act(&id, "accept", &json!({})).expect(409);
    keyed(&pantry, &id, "no-show", &json!({}), "k4").expect(200);

    let happened = [
        "referral.accepted",
        "command.answered",
        "referral.started",
        "referral.no-show",
        "command.answered",
        "referral.no-show",
        "command.answered",
    ];
    assert_eq!(gateway.kinds(), [before, words(&happened)].concat());
    assert_eq!(clinic.get(&task).expect(200).json["businessStatus"]["text"], "appointment missed");
    gateway.stop();
}

#[test]
fn putting_a_task_as_it_stands_changes_nothing() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let standing = clinic.get(&task).expect(200);
    let before = gateway.kinds();
    let same = clinic.put(&task, &standing.json).expect(200);
    assert_eq!((same.etag, same.text.as_str()), (standing.etag, ""));
    assert_eq!(gateway.kinds(), before);

    // The owner's Task likewise, and a move that was made already.
    let found = pantry.get("/fhir/Task").expect(200).json;
    let mut placed = found["entry"][0]["resource"].clone();
    let path = format!("/fhir/Task/{}", placed["id"].as_str().unwrap());
    assert_eq!(pantry.put(&path, &placed).expect(200).etag.as_deref(), Some("W/\"1\""));
    placed["status"] = json!("accepted");
    let moved = pantry.put(&path, &placed).expect(200);
    assert_eq!(pantry.put(&path, &placed).expect(200).etag, moved.etag);

    let mut cancelled = standing.json;
    cancelled["status"] = json!("cancelled");
    cancelled["statusReason"] = json!({ "text": "Found help elsewhere" });
    let called_off = clinic.put(&task, &cancelled).expect(200);
    assert_eq!(clinic.put(&task, &cancelled).expect(200).etag, called_off.etag);
    let happened = [
        "phi.disclosed",
        "referral.accepted",
        "command.answered",
        "referral.source-moved",
        "command.answered",
    ];
    assert_eq!(gateway.kinds(), [before, words(&happened)].concat());
    gateway.stop();
}

fn keyed(party: &Party, id: &str, act: &str, body: &Value, key: &str) -> Answer {
    let path = format!("/cbo/v1/referrals/{id}/{act}");
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    party.call("POST", &path, &headers, body.to_string().into_bytes())
}

fn words(kinds: &[&str]) -> Vec<String> {
    kinds.iter().map(|kind| (*kind).to_owned()).collect()
}
