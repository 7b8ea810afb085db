//! What a community organization says by REST: each act, what its source reads of it, and what is refused.

use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Party, Referral};

const HOUR_MS: i64 = 3_600_000;

/// A gateway, who refers, who is referred to, the source's Task and the referral's id.
fn referred() -> (Gateway, Party, Party, String, String) {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let id = pantry.only_referral();
    (gateway, clinic, pantry, task, id)
}

/// Status and business status of the source's Task.
fn stands(clinic: &Party, task: &str) -> (Value, Value) {
    let read = clinic.get(task).expect(200).json;
    (read["status"].clone(), read["businessStatus"]["text"].clone())
}

fn read(pantry: &Party, id: &str) -> Value {
    pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200).json
}

fn with(pantry: &Party, id: &str, act: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let all = [&[("content-type", "application/json")], headers].concat();
    let path = format!("/cbo/v1/referrals/{id}/{act}");
    pantry.call("POST", &path, &all, body.to_string().into_bytes())
}

#[test]
fn it_is_suspended_goes_on_and_could_not_be_done() {
    let (mut gateway, clinic, pantry, task, id) = referred();
    let why = json!({ "reason": { "code": "documents", "text": "We wait for a letter" } });
    let held = pantry.act(&id, "hold", &why).expect(200);
    assert_eq!((&held.json["status"], &held.json["version"]), (&json!("on-hold"), &json!(3)));
    assert_eq!(stands(&clinic, &task).0, "on-hold");
    assert_eq!(pantry.act(&id, "resume", &json!({})).expect(200).json["status"], "in-progress");
    assert_eq!(stands(&clinic, &task).0, "in-progress");
    // A reason by a code that there is; its words are the code's own, unless others are said.
    let unlisted = json!({ "reason": { "code": "rain", "text": "It rains" } });
    let refused = pantry.act(&id, "fail", &unlisted).expect(422);
    assert_eq!(
        refused.json["errors"],
        json!([{ "pointer": "#/reason/code", "detail": "is not one of the codes there are" }])
    );
    let failed = pantry.act(&id, "fail", &json!({ "reason": { "code": "not-reached" } }));
    assert_eq!(failed.expect(200).json["status"], "not-served");
    let told = clinic.get(&task).expect(200).json;
    assert_eq!(told["status"], "failed");
    assert_eq!(told["statusReason"]["coding"][0]["code"], "not-reached");
    assert_eq!(told["statusReason"]["text"], "We could not reach the person");
    pantry.act(&id, "resume", &json!({})).expect(409);
    gateway.stop();
}

#[test]
fn what_comes_beside_the_steps_moves_nothing() {
    let (mut gateway, clinic, pantry, task, id) = referred();
    let stood = stands(&clinic, &task);
    let attempt = json!({ "how": "phone", "reached": false, "text": "The line is busy" });
    assert_eq!(pantry.act(&id, "attempts", &attempt).expect(200).json["status"], "new");
    pantry.act(&id, "attempts", &json!({ "how": "pigeon", "reached": true })).expect(422);
    pantry.act(&id, "assign", &json!({ "to": "Rosa" })).expect(200);
    let safe = "Text only, before noon";
    pantry.act(&id, "safe-contact", &json!({ "text": safe })).expect(200);
    pantry.act(&id, "comment", &json!({ "text": "Does she have a fridge?" })).expect(200);
    assert_eq!(stands(&clinic, &task), stood);

    let shown = read(&pantry, &id);
    assert_eq!(
        (&shown["assigned"], &shown["safe_contact"], &shown["status"]),
        (&json!("Rosa"), &json!(safe), &json!("new"))
    );
    let inbox = pantry.inbox();
    assert_eq!((inbox.len(), &inbox[0]["assigned"]), (1, &json!("Rosa")));
    assert_eq!(inbox[0]["safe_contact"], Value::Null);
    let path = format!("/cbo/v1/referrals/{id}/comments");
    let comments = pantry.get(&path).expect(200);
    assert!(comments.receipt.is_some() && comments.etag.is_some());
    let [comment] = comments.json["comments"].as_array().unwrap().as_slice() else { panic!() };
    assert_eq!(
        (&comment["by"], &comment["text"]),
        (&json!("you"), &json!("Does she have a fridge?"))
    );
    assert!(comment["at"].as_str().unwrap().starts_with("2026-11-22T10:00:00."), "{comment}");
    // It holds no more, and nobody works on it.
    pantry.act(&id, "safe-contact", &json!({})).expect(200);
    pantry.act(&id, "assign", &json!({})).expect(200);
    let shown = read(&pantry, &id);
    assert_eq!((&shown["assigned"], &shown["safe_contact"]), (&Value::Null, &Value::Null));
    for (act, body) in [
        ("assign", json!({ "to": "n".repeat(101) })),
        ("safe-contact", json!({ "text": " " })),
        ("comment", json!({ "text": "" })),
        ("attempts", json!({ "how": "phone", "reached": true, "text": "\u{0}" })),
    ] {
        pantry.act(&id, act, &body).expect(422);
    }
    // None of the words is in what an auditor is handed.
    let entries = std::fs::read_to_string(gateway.evidence().join("entries.jsonl")).unwrap();
    for words in ["busy", "noon", "fridge", "Rosa"] {
        assert!(!entries.contains(words) && !entries.contains(&hex::encode(words)), "{words}");
    }
    // Whose it is not learns nothing of it.
    let other = gateway.party("housing");
    other.get(&path).expect(404);
    other.act(&id, "comment", &json!({ "text": "Hello" })).expect(404);
    gateway.stop();
}

#[test]
fn several_services_are_one_end_and_each_is_a_procedure() {
    let (mut gateway, clinic, pantry, task, id) = referred();
    let services = json!({ "services": [
        { "text": "A food box", "code": "467771000124109", "system": "http://snomed.info/sct" },
        { "text": "A bus ticket", "performed": "2026-11-21T10:00:00Z" },
    ] });
    assert_eq!(pantry.act(&id, "served", &services).expect(200).json["status"], "served");
    let procedures = || -> Vec<Value> {
        let read = clinic.get(&task).expect(200).json;
        assert_eq!(read["status"], "completed");
        let outputs = read["output"].as_array().unwrap().clone();
        let reference =
            |one: &Value| one["valueReference"]["reference"].as_str().unwrap().to_owned();
        let paths = outputs.iter().map(|one| format!("/fhir/{}", reference(one)));
        paths.map(|path| clinic.get(&path).expect(200).json).collect()
    };
    let texts = |all: &[Value]| -> Vec<Value> {
        all.iter().map(|one| one["code"]["text"].clone()).collect()
    };
    let first = procedures();
    assert_eq!(texts(&first), [json!("A food box"), json!("A bus ticket")]);
    assert_eq!(first[1]["performedDateTime"], "2026-11-21T10:00:00.000Z");
    // It was one box alone, in words of its own.
    pantry.act(&id, "corrected", &json!({ "outcome": { "text": "Two boxes" } })).expect(200);
    let second = procedures();
    assert_eq!(texts(&second), [json!("Two boxes")]);
    assert_eq!(second[0]["id"], first[0]["id"]);
    gateway.stop();
}

#[test]
fn a_mis_click_is_taken_back_within_a_quarter_of_an_hour() {
    let (mut gateway, clinic, pantry, task, id) = referred();
    pantry.act(&id, "take-back", &json!({})).expect(409);
    let why = json!({ "reason": { "code": "no-capacity" } });
    pantry.act(&id, "decline", &why).expect(200);
    assert_eq!(stands(&clinic, &task).0, "rejected");
    gateway.pass(14 * 60_000);
    let anew = pantry.act(&id, "take-back", &json!({})).expect(200);
    assert_eq!(anew.json["status"], "new");
    assert_eq!(stands(&clinic, &task), (json!("requested"), json!("answer taken back")));
    // One referral in the inbox, and it is open.
    let inbox = pantry.inbox();
    assert_eq!((inbox.len(), &inbox[0]["status"]), (1, &json!("new")));
    pantry.act(&id, "accept", &json!({})).expect(200);
    assert_eq!(stands(&clinic, &task).0, "accepted");
    gateway.pass(HOUR_MS);
    pantry.act(&id, "take-back", &json!({})).expect(409);
    gateway.stop();
}

#[test]
fn what_is_for_somebody_else_goes_there_and_stays_in_the_history() {
    let (mut gateway, clinic, pantry, task, id) = referred();
    let housing = gateway.party("housing");
    let to = |name: &str| json!({ "to": name, "reason": { "code": "misdirected", "text": "She asks for a bed" } });
    for (name, status) in [("nobody", 422), ("clinic-b", 422), ("pantry", 409), ("No Name", 422)] {
        let refused = pantry.act(&id, "reroute", &to(name)).expect(status);
        if status == 422 {
            assert_eq!(refused.json["errors"][0]["pointer"], "#/to", "{}", refused.text);
        }
    }
    let gone = pantry.act(&id, "reroute", &to("housing")).expect(200);
    assert_eq!(gone.json["status"], "declined");
    assert_eq!(stands(&clinic, &task).0, "requested");
    assert_eq!(housing.only_referral(), id);
    assert_eq!(pantry.inbox()[0]["status"], "declined");
    pantry.act(&id, "accept", &json!({})).expect(409);
    // Not back to who had it.
    housing.act(&id, "reroute", &to("pantry")).expect(409);
    housing.act(&id, "accept", &json!({})).expect(200);
    assert_eq!(stands(&clinic, &task).0, "accepted");
    housing.act(&id, "reroute", &to("pantry")).expect(409);
    gateway.stop();
}

#[test]
fn what_is_wrong_is_pointed_at() {
    let (mut gateway, _, pantry, _, id) = referred();
    let before = gateway.count();
    let json = [("content-type", "application/json")];
    for (act, body, status, pointer, detail) in [
        ("accept", r#"{"because":"x"}"#, 400, "#/because", "is not known here"),
        ("accept", r#"[]"#, 400, "#", "is of another type"),
        ("decline", r#"{}"#, 400, "#/reason", "is missing"),
        ("decline", r#"{"reason":{"code":1}}"#, 400, "#/reason/code", "is of another type"),
        ("decline", r#"{"reason":["no-capacity","x"]}"#, 400, "#/reason", "is of another type"),
        (
            "decline",
            r#"{"reason":{"code":"other","text":null}}"#,
            400,
            "#/reason/text",
            "is of another type",
        ),
        (
            "withdraw",
            r#"{"reason":{"code":"A B","text":"x"}}"#,
            422,
            "#/reason/code",
            "is not a code of 1 to 40 of a-z, 0-9 and -",
        ),
        (
            "appointment",
            r#"{"start":"2026-11-27T16:00:00"}"#,
            422,
            "#/start",
            "is not a date and time with its zone",
        ),
        ("served", r#"{"services":[]}"#, 422, "#/services", "needs 1 to 50 services"),
        (
            "served",
            r#"{"services":[{"text":"a","code":"b"}]}"#,
            422,
            "#/services/0",
            "needs both code and system, or neither",
        ),
        ("note", r#"{"text":"a","Maria Lindqvist":1}"#, 400, "#", "is not known here"),
    ] {
        let path = format!("/cbo/v1/referrals/{id}/{act}");
        let refused = pantry.call("POST", &path, &json, body.into()).expect(status);
        assert_eq!(
            refused.json["errors"],
            json!([{ "pointer": pointer, "detail": detail }]),
            "{act} {body}"
        );
        assert!(!refused.text.contains("Maria"));
    }
    for (act, headers, status) in [
        ("accept", vec![("if-match", "W/\"7\"")], 412),
        ("accept", vec![("if-match", "seven")], 422),
        ("accept", vec![("idempotency-key", "")], 422),
        ("accept?now=1", vec![], 422),
    ] {
        with(&pantry, &id, act, &headers, &json!({})).expect(status);
    }
    let path = format!("/cbo/v1/referrals/{id}/accept");
    pantry.call("POST", &path, &[("content-type", "text/plain")], b"{}".to_vec()).expect(415);
    let (status, fields) = pantry.head_of("PUT", &path, &[]);
    assert_eq!((status, fields["allow"].as_str()), (405, "POST"));
    let (status, fields) = pantry.head_of("DELETE", "/cbo/v1/referrals", &[]);
    assert_eq!((status, fields["allow"].as_str()), (405, "GET, POST"));
    // Nothing of all this was done.
    assert_eq!(gateway.count(), before);
    assert_eq!(pantry.inbox()[0]["status"], "new");
    // Nothing said is an object without members.
    assert_eq!(pantry.call("POST", &path, &[], Vec::new()).expect(200).json["status"], "accepted");
    gateway.stop();
}

#[test]
fn an_act_is_done_once_under_its_key_and_at_its_version() {
    let (mut gateway, _, pantry, _, id) = referred();
    let seen = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200).etag.unwrap();
    let text = json!({ "text": "A question" });
    let key = [("idempotency-key", "k-1")];
    let first = with(&pantry, &id, "comment", &key, &text).expect(200);
    assert_eq!(with(&pantry, &id, "comment", &key, &text).expect(200).json, first.json);
    let path = format!("/cbo/v1/referrals/{id}/comments");
    assert_eq!(pantry.get(&path).expect(200).json["comments"].as_array().unwrap().len(), 1);
    // It was changed since.
    with(&pantry, &id, "accept", &[("if-match", &seen)], &json!({})).expect(412);
    let now = first.etag.unwrap();
    with(&pantry, &id, "accept", &[("if-match", &now)], &json!({})).expect(200);
    gateway.stop();
}
