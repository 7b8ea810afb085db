//! What is sent on is with another organization: its source sees with whom, and whoever had it before neither
//! reads on nor speaks for the other. What is over is closed to words too.

use serde_json::{Value, json};

use super::no_wrong_door::{may_refer, refer, served, start, to_housing};
use crate::harness::{Answer, Gateway, Need, Party, Referral, partner_file};

fn texts(task: &Value) -> Vec<&str> {
    let notes = task["note"].as_array().into_iter().flatten();
    notes.map(|note| note["text"].as_str().unwrap()).collect()
}

fn with_note(mut task: Value, text: &str) -> Value {
    let mut notes = task["note"].as_array().cloned().unwrap_or_default();
    notes.push(json!({ "text": text }));
    task["note"] = json!(notes);
    task
}

#[test]
fn its_source_reads_with_whom_it_is_and_the_first_reads_no_more() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let housing = gateway.party("housing");
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let read = || clinic.get(&task).expect(200).json;
    let placed = pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    let placed = format!("/fhir/Task/{}", placed["id"].as_str().unwrap());
    clinic.put(&task, &with_note(read(), "She is deaf, please write.")).expect(200);
    let id = pantry.only_referral();
    pantry.act(&id, "comment", &json!({ "text": "We have no van" })).expect(200);
    assert_eq!(texts(&read()), ["She is deaf, please write.", "We have no van"]);
    assert_eq!(texts(&pantry.get(&placed).expect(200).json).len(), 2);

    let on =
        json!({ "to": "housing", "reason": { "code": "misdirected", "text": "They have one" } });
    pantry.act(&id, "reroute", &on).expect(200);
    assert_eq!(read()["owner"]["reference"], "Organization/housing");
    let owned = |org: &str| {
        let found = clinic.get(&format!("/fhir/Task?owner=Organization/{org}")).expect(200).json;
        found["entry"].as_array().map_or(0, Vec::len)
    };
    assert_eq!((owned("housing"), owned("pantry")), (1, 0));
    // It is the new one's answer that consent is asked for: the first one's words are not let back by it.
    assert_eq!(texts(&read()), ["She is deaf, please write."]);
    // And the first reads its own words, and the source's no more.
    assert_eq!(texts(&pantry.get(&placed).expect(200).json), ["We have no van"]);
    let path = format!("/cbo/v1/referrals/{id}/comments");
    let comments = pantry.get(&path).expect(200).json;
    let theirs: Vec<_> =
        comments["comments"].as_array().unwrap().iter().map(|one| one.get("text")).collect();
    assert_eq!(theirs, [None, Some(&json!("We have no van"))]);
    housing.act(&id, "accept", &json!({})).expect(200);
    assert_eq!(read()["status"], "accepted");
    gateway.stop();
}

#[test]
fn a_source_writes_to_nobody_who_gave_it_back() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let id = pantry.only_referral();
    let why = json!({ "reason": { "code": "no-capacity" } });
    pantry.act(&id, "decline", &why).expect(200);
    let read = || clinic.get(&task).expect(200).json;
    clinic.put(&task, &with_note(read(), "Why?")).expect(422);
    assert!(gateway.of_kind("referral.comment").is_empty());
    // Who had it last may say more.
    pantry.act(&id, "comment", &json!({ "text": "From May on again" })).expect(200);
    assert_eq!(texts(&read()), ["From May on again"]);
    gateway.stop();
}

#[test]
fn a_procedure_that_was_said_by_mistake_is_free_again() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let newest = || {
        let found = pantry.get("/fhir/Task?status=requested").expect(200).json;
        found["entry"][0]["resource"].clone()
    };
    let placed = newest();
    let mut procedure = json!({
        "resourceType": "Procedure",
        "status": "completed",
        "code": { "text": "Food box" },
        "subject": placed["for"],
        "performedDateTime": "2026-11-22T09:00:00Z",
    });
    let made = pantry.post("/fhir/Procedure", &procedure).expect(201).created();
    let name = made.strip_prefix("/fhir/").unwrap().to_owned();
    let complete = |mut task: Value| {
        task["status"] = json!("completed");
        task["output"] = json!([{
            "type": { "coding": [{
                "system": "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes",
                "code": "resulting-activity",
            }] },
            "valueReference": { "reference": name },
        }]);
        let path = format!("/fhir/Task/{}", task["id"].as_str().unwrap());
        pantry.put(&path, &task)
    };
    complete(placed).expect(200);
    let id = pantry.only_referral();
    pantry.act(&id, "take-back", &json!({})).expect(200);
    // It is put right, and said of the referral once more.
    procedure["id"] = json!(name.strip_prefix("Procedure/").unwrap());
    procedure["code"]["text"] = json!("Half a food box");
    pantry.put(&made, &procedure).expect(200);
    complete(newest()).expect(200);
    let read = clinic.get(&task).expect(200).json;
    assert_eq!(read["status"], "completed");
    assert_eq!(read["output"][0]["valueReference"]["reference"], name);
    assert_eq!(clinic.get(&made).expect(200).json["code"]["text"], "Half a food box");
    gateway.stop();
}

#[test]
fn to_whom_it_was_sent_on_is_withheld_with_the_answer() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let id = pantry.only_referral();
    let to = json!({ "to": "housing", "reason": { "code": "misdirected", "text": "A bed" } });
    pantry.act(&id, "reroute", &to).expect(200);
    gateway.party("housing").act(&id, "accept", &json!({})).expect(200);
    let mut paper = clinic.get("/fhir/Consent").expect(200).json["entry"][0]["resource"].clone();
    paper["status"] = json!("inactive");
    clinic.put(&format!("/fhir/Consent/{}", paper["id"].as_str().unwrap()), &paper).expect(200);
    let read = clinic.get(&task).expect(200);
    assert_eq!(read.json["businessStatus"]["text"], "answer withheld");
    assert!(!read.text.contains("Organization/housing"), "{}", read.text);
    // Its source named it by identifier, and finds it by that.
    assert_eq!(read.json["owner"]["identifier"]["value"], "pantry");
    let found = clinic.get("/fhir/Task?owner=Organization/housing").expect(200).json;
    assert!(found.get("entry").is_none());
    gateway.stop();
}

#[test]
fn to_whom_it_was_sent_on_comes_back_with_the_answer_or_not_at_all() {
    let mut gateway = start();
    gateway.add_partner("mail-pantry", &partner_file("mail-pantry", "target", "kind = \"rest\""));
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let id = served(&gateway, &[Need::Food, Need::Housing], &Referral::food());
    let made = refer(&pantry, &to_housing(json!({ "referral": id }))).expect(201);
    let sent = made.json["referral_id"].as_str().unwrap();
    let on =
        json!({ "to": "mail-pantry", "reason": { "code": "misdirected", "text": "Not ours" } });
    gateway.party("housing").act(sent, "reroute", &on).expect(200);
    gateway.party("mail-pantry").act(sent, "accept", &json!({})).expect(200);
    let path = format!("/cbo/v1/sent/{sent}");
    assert_eq!(pantry.get(&path).expect(200).json["to"], "mail-pantry");
    let mut paper = clinic.get("/fhir/Consent").expect(200).json["entry"][0]["resource"].clone();
    paper["status"] = json!("inactive");
    clinic.put(&format!("/fhir/Consent/{}", paper["id"].as_str().unwrap()), &paper).expect(200);
    let read = pantry.get(&path).expect(200).json;
    assert_eq!(
        (&read["business_status"], &read["to"]),
        (&json!("answer withheld"), &json!("housing"))
    );
    gateway.stop();
}

fn attach(party: &Party, path: &str) -> Answer {
    let path = format!("{path}/attachments?name=form");
    party.call("POST", &path, &[("content-type", "text/plain")], b"A form".to_vec())
}

#[test]
fn who_gave_it_back_reads_no_document_of_the_source_any_more() {
    let mut gateway = start();
    let (pantry, housing) = (gateway.party("pantry"), gateway.party("housing"));
    let id = served(&gateway, &[Need::Food, Need::Housing], &Referral::food());
    let made = refer(&pantry, &to_housing(json!({ "referral": id }))).expect(201);
    let sent = made.json["referral_id"].as_str().unwrap();
    let added = attach(&pantry, &format!("/cbo/v1/sent/{sent}")).expect(201).json;
    let all = format!("/cbo/v1/referrals/{sent}/attachments");
    let one = format!("{all}/{}", added["id"].as_str().unwrap());
    assert_eq!(housing.get(&one).expect(200).text, "A form");
    let why = json!({ "reason": { "code": "no-capacity" } });
    housing.act(sent, "decline", &why).expect(200);
    housing.get(&one).expect(404);
    let listed = housing.get(&all);
    assert!(!listed.text.contains(added["id"].as_str().unwrap()), "{}", listed.text);
    gateway.stop();
}

#[test]
fn a_document_for_who_is_shown_none_is_not_taken() {
    let (mut gateway, _post) = Gateway::with_mailbox();
    may_refer(&gateway, "pantry", "\"submit\", \"update_back\", ");
    let pantry = gateway.party("pantry");
    let id = served(&gateway, &[Need::Food, Need::Housing], &Referral::food());
    let mut body = to_housing(json!({ "referral": id }));
    body["to"] = json!("mail-pantry");
    let made = refer(&pantry, &body).expect(201).json;
    assert_eq!((&made["status"], made.get("business_status")), (&json!("new"), None));
    let sent = format!("/cbo/v1/sent/{}", made["referral_id"].as_str().unwrap());
    let refused = attach(&pantry, &sent).expect(422);
    assert!(refused.text.contains("it is shown no documents"), "{}", refused.text);
    assert!(gateway.of_kind("referral.attached").is_empty());
    gateway.stop();
}
