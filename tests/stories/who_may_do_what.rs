//! Author and owner may change only what is theirs (SDOHCC, `Task.update`); to everyone else a
//! referral does not exist.

use serde_json::{Value, json};

use crate::harness::{Gateway, Party, Referral};

#[test]
fn the_source_may_call_off_and_nothing_else() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let read = clinic.get(&task).expect(200).json;
    let id = pantry.only_referral();
    let before = gateway.kinds();
    for status in ["accepted", "rejected", "in-progress", "on-hold", "completed", "failed"] {
        let refused = clinic.put(&task, &with_status(&read, status)).expect(409);
        assert_eq!(refused.json["issue"][0]["code"], "business-rule", "{status}");
    }
    let mut changed = read.clone();
    changed["priority"] = json!("urgent");
    changed["owner"] = json!({ "reference": "Organization/housing" });
    let refused = clinic.put(&task, &changed).expect(422);
    assert_eq!(refused.expressions(), ["Task.owner", "Task.priority"]);
    // SDOHCC asks for the reason.
    let mut silent = with_status(&read, "cancelled");
    silent.as_object_mut().unwrap().remove("statusReason");
    let refused = clinic.put(&task, &silent).expect(422);
    assert_eq!(refused.expressions(), ["Task.statusReason.text"]);
    assert_eq!(clinic.get("/cbo/v1/referrals").expect(403).status, 403);
    clinic.act(&id, "accept", &json!({})).expect(403);
    // Only at the version it read.
    let headers = [("content-type", "application/fhir+json"), ("if-match", "W/\"7\"")];
    let body = with_status(&read, "cancelled").to_string().into_bytes();
    assert_eq!(clinic.call("PUT", &task, &headers, body).status, 412);
    let denied = vec!["phi.denied".to_owned(); 2];
    assert_eq!(gateway.kinds(), [before.clone(), denied.clone()].concat());

    clinic.put(&task, &with_status(&read, "cancelled")).expect(200);
    assert_eq!(pantry.inbox()[0]["status"], "cancelled");
    pantry.act(&id, "accept", &json!({})).expect(409);
    clinic.put(&task, &with_status(&read, "requested")).expect(409);
    let end = words(&["referral.source-moved", "command.answered", "phi.disclosed"]);
    assert_eq!(gateway.kinds(), [before, denied, end].concat());
    gateway.stop();
}

#[test]
fn the_target_may_move_its_own_task_and_nothing_else() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let (housing, hospital) = (gateway.party("housing"), gateway.party("hospital-a"));
    let referral = Referral::food();
    let answer = clinic.post("/fhir", &referral.bundle()).expect(200);
    let task = answer.entry(referral.task_entry(0));
    let (id, placed) = (pantry.only_referral(), own_task(&pantry));
    let path = format!("/fhir/Task/{}", placed["id"].as_str().unwrap());
    let before = gateway.kinds();

    for status in ["cancelled", "entered-in-error", "draft"] {
        pantry.put(&path, &with_status(&placed, status)).expect(409);
    }
    for member in ["description", "for", "focus", "intent", "owner", "partOf", "requester"] {
        let mut changed = with_status(&placed, "accepted");
        changed[member] = match &placed[member] {
            Value::Object(_) => json!({ "reference": "Organization/housing" }),
            Value::Array(_) => json!([{ "reference": "Task/1" }]),
            _ => json!("plan"),
        };
        let refused = pantry.put(&path, &changed).expect(422);
        assert_eq!(refused.expressions(), [format!("Task.{member}")]);
    }
    // The source's Task is not its own, nor is another target's.
    let accepted = with_status(&placed, "accepted");
    let mut source_task = accepted.clone();
    source_task["id"] = json!(task.rsplit('/').next().unwrap());
    pantry.put(&task, &source_task).expect(404);
    pantry.get(&task).expect(404);
    let mut meddled = accepted.clone();
    meddled["priority"] = json!("urgent");
    for other in [&housing, &hospital] {
        other.put(&path, &accepted).expect(404);
        other.put(&path, &meddled).expect(404);
        other.put(&path, &placed).expect(404);
        other.get(&path).expect(404);
    }
    for act in ["accept", "no-show"] {
        housing.act(&id, act, &json!({})).expect(404);
    }
    hospital.put(&task, &source_task).expect(404);
    hospital.get(&task).expect(404);
    // Known partners asked for what is not there for them: that is on record, and nothing else.
    let denied = gateway.of_kind("phi.denied");
    assert_eq!(denied.len(), 14);
    assert!(denied.iter().all(|fields| fields["basis"]["reason"] == "R1"));
    let before = [before, vec!["phi.denied".to_owned(); 14]].concat();
    assert_eq!(gateway.kinds(), before);

    // What it may not do at all is refused before anything is read, and recorded.
    let housing_bundle = Referral { mrn: "B-2", ..Referral::food() }.bundle();
    let refused = pantry.post("/fhir", &housing_bundle).expect(403);
    assert_eq!(refused.json["issue"][0]["code"], "forbidden");
    pantry.post("/fhir/Consent", &json!({})).expect(403);
    pantry.put("/fhir/Consent/1", &json!({})).expect(403);
    let denied = gateway.of_kind("phi.denied").split_off(14);
    assert_eq!(denied.len(), 3);
    assert!(denied.iter().all(|fields| {
        fields["basis"]["reason"] == "A4" && fields["parties"][0]["id"] == "pantry"
    }));

    pantry.put(&path, &accepted).expect(200);
    assert_eq!(clinic.get(&task).expect(200).json["status"], "accepted");
    let end = words(&["referral.accepted", "command.answered", "phi.disclosed"]);
    let denied = vec!["phi.denied".to_owned(); 3];
    assert_eq!(gateway.kinds(), [before, denied, end].concat());
    gateway.stop();
}

/// The only Task that a party sees.
fn own_task(party: &Party) -> Value {
    let page = party.get("/fhir/Task").expect(200).json;
    assert_eq!(page["entry"].as_array().map(Vec::len), Some(1));
    page["entry"][0]["resource"].clone()
}

fn with_status(task: &Value, status: &str) -> Value {
    let mut task = task.clone();
    task["status"] = json!(status);
    task["statusReason"] = json!({ "text": "A reason" });
    task
}

fn words(kinds: &[&str]) -> Vec<String> {
    kinds.iter().map(|kind| (*kind).to_owned()).collect()
}
