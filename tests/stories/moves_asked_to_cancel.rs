//! A source asks that something under way be stopped: its target agrees, or goes on, or is done already.

use serde_json::{Value, json};

use crate::harness::{Answer, Browser, Gateway, Party, Referral, letter};

const WHY: &str = "She has moved to her sister";

/// The source asks its target to stop, as BSeR says it: by the business status.
fn ask(clinic: &Party, task: &str) -> Answer {
    let mut asked = clinic.get(task).expect(200).json;
    asked["businessStatus"] = json!({ "text": "cancellation requested" });
    asked["statusReason"] = json!({ "text": WHY });
    clinic.put(task, &asked)
}

fn stands(party: &Party, task: &str) -> (Value, Value) {
    let read = party.get(task).expect(200).json;
    (read["status"].clone(), read["businessStatus"]["text"].clone())
}

/// A gateway, the source's Task, and the referral, which the pantry took on.
fn accepted() -> (Gateway, String, String) {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let id = pantry.only_referral();
    pantry.act(&id, "accept", &json!({})).expect(200);
    (gateway, task, id)
}

#[test]
fn what_nobody_has_taken_on_is_off_at_once() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let id = pantry.only_referral();
    ask(&clinic, &task).expect(200);
    let read = clinic.get(&task).expect(200).json;
    assert_eq!(
        (&read["status"], &read["statusReason"]["text"]),
        (&json!("cancelled"), &json!(WHY))
    );
    pantry.act(&id, "accept", &json!({})).expect(409);
    assert!(gateway.of_kind("referral.cancel-requested").is_empty());
    gateway.stop();
}

#[test]
fn the_target_agrees_and_the_reason_is_the_sources() {
    let (mut gateway, task, id) = accepted();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let placed = pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    let placed = format!("/fhir/Task/{}", placed["id"].as_str().unwrap());
    // Nobody asked yet.
    pantry.act(&id, "agree-cancel", &json!({})).expect(409);
    // Not without saying why.
    let mut bare = clinic.get(&task).expect(200).json;
    bare["businessStatus"] = json!({ "text": "cancellation requested" });
    clinic.put(&task, &bare).expect(422);
    ask(&clinic, &task).expect(200);
    assert_eq!(stands(&clinic, &task), (json!("accepted"), json!("cancellation requested")));
    assert_eq!(stands(&pantry, &placed), (json!("accepted"), json!("cancellation requested")));
    assert_eq!(pantry.inbox()[0]["business_status"], "cancellation requested");
    let seen = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200);
    assert!(!seen.text.contains(WHY), "the source's reason is not the target's to read");

    let agreed = pantry.act(&id, "agree-cancel", &json!({})).expect(200);
    assert_eq!(agreed.json["status"], "cancelled");
    let read = clinic.get(&task).expect(200).json;
    assert_eq!(
        (&read["status"], &read["statusReason"]["text"]),
        (&json!("cancelled"), &json!(WHY))
    );
    assert_eq!(read.get("businessStatus"), None);
    let target = pantry.get(&placed).expect(200);
    assert_eq!(target.json["status"], "cancelled");
    assert!(!target.text.contains(WHY));
    let moved = &gateway.of_kind("referral.cancel-agreed")[0];
    assert_eq!(moved["transition"]["to"], "cancelled");
    assert_eq!(moved["actor"]["org"], "pantry");
    gateway.stop();
}

#[test]
fn the_target_goes_on_and_everything_is_as_it_was() {
    let (mut gateway, task, id) = accepted();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    pantry.act(&id, "appointment", &json!({ "start": "2026-11-27T16:00:00Z" })).expect(200);
    let before = stands(&clinic, &task);
    assert_eq!(before, (json!("in-progress"), json!("appointment scheduled")));
    ask(&clinic, &task).expect(200);
    // Asked already, it is not asked again; the same Task once more is a resend.
    let same = clinic.get(&task).expect(200).json;
    clinic.put(&task, &same).expect(200);
    let why = json!({ "reason": { "code": "begun", "text": "The box is packed" } });
    pantry.act(&id, "refuse-cancel", &why).expect(200);
    assert_eq!(stands(&clinic, &task), before);
    pantry.act(&id, "refuse-cancel", &why).expect(409);
    assert_eq!(gateway.of_kind("referral.cancel-requested").len(), 1);
    // It may ask again, and may still cancel by itself.
    ask(&clinic, &task).expect(200);
    let mut off = clinic.get(&task).expect(200).json;
    off["status"] = json!("cancelled");
    off["statusReason"] = json!({ "text": WHY });
    clinic.put(&task, &off).expect(200);
    pantry.act(&id, "served", &json!({ "outcome": { "text": "Food box" } })).expect(409);
    gateway.stop();
}

#[test]
fn the_target_was_done_before_it_read_the_question() {
    let (mut gateway, task, id) = accepted();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    ask(&clinic, &task).expect(200);
    pantry.act(&id, "served", &json!({ "outcome": { "text": "Food box" } })).expect(200);
    assert_eq!(stands(&clinic, &task), (json!("completed"), json!("service given")));
    pantry.act(&id, "agree-cancel", &json!({})).expect(409);
    gateway.stop();
}

#[test]
fn who_has_nothing_but_e_mail_answers_by_the_link() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let clinic = gateway.party("clinic-b");
    let referral = Referral { owner: Some("mail-pantry"), ..Referral::food() };
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let link = letter(&post).link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    browser.give_pin(&link);
    browser.act(&link, "accept", "");
    assert!(!browser.get(&link).expect(200).text.contains("asked to stop"));
    ask(&clinic, &task).expect(200);
    let page = browser.get(&link).expect(200);
    assert!(page.text.contains("You are asked to stop") && !page.text.contains(WHY));
    let page = browser.act(&link, "refuse-cancel", "text=It+is+packed");
    assert!(!page.text.contains("asked to stop"), "{}", page.text);
    assert_eq!(stands(&clinic, &task).0, "accepted");
    ask(&clinic, &task).expect(200);
    browser.act(&link, "agree-cancel", "");
    assert_eq!(stands(&clinic, &task).0, "cancelled");
    gateway.stop();
}
