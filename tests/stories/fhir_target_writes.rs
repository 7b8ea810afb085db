//! A community organization says what it did in resources of its own: about whom it serves now, and
//! nobody else.

use serde_json::{Value, json};

use crate::harness::{Gateway, Party, Referral};

struct Case {
    gateway: Gateway,
    clinic: Party,
    pantry: Party,
    /// The source's Task, as a path.
    task: String,
    /// The target's Task.
    placed: Value,
}

fn case() -> Case {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let placed = pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    Case { gateway, clinic, pantry, task, placed }
}

fn procedure(case: &Case) -> Value {
    json!({
        "resourceType": "Procedure",
        "status": "completed",
        "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "710925007" }], "text": "Food box" },
        "subject": case.placed["for"],
        "basedOn": [case.placed["focus"]],
        "performedDateTime": "2026-11-22T09:00:00Z",
    })
}

fn completed(case: &Case, procedure: &str) -> Value {
    let mut task = case.placed.clone();
    task["status"] = json!("completed");
    task["output"] = json!([{
        "type": { "coding": [{ "system": "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes", "code": "resulting-activity" }] },
        "valueReference": { "reference": procedure },
    }]);
    task
}

fn path(task: &Value) -> String {
    format!("/fhir/Task/{}", task["id"].as_str().unwrap())
}

#[test]
fn what_was_done_is_the_procedure_that_the_target_supplied() {
    let mut case = case();
    let made = case.pantry.post("/fhir/Procedure", &procedure(&case)).expect(201).created();
    let id = &made["/fhir/".len()..];
    // Not yet the source's: it is what came of a referral only once the Task says so.
    case.clinic.get(&made).expect(404);
    case.pantry.put(&path(&case.placed), &completed(&case, id)).expect(200);
    let read = case.clinic.get(&case.task).expect(200).json;
    assert_eq!(read["status"], "completed");
    assert_eq!(read["output"][0]["valueReference"]["reference"], id);
    let outcome = case.clinic.get(&made).expect(200).json;
    assert_eq!(outcome["code"]["text"], "Food box");
    assert_eq!(outcome["performedDateTime"], "2026-11-22T09:00:00.000Z");
    assert!(outcome["basedOn"][0]["reference"] != case.placed["focus"]["reference"]);
    // Replaced by its target, it is corrected for the source.
    let mut anew = procedure(&case);
    anew["id"] = json!(id["Procedure/".len()..]);
    anew["code"]["text"] = json!("Two food boxes");
    case.pantry.put(&made, &anew).expect(200);
    let corrected = case.clinic.get(&made).expect(200).json;
    assert_eq!(corrected["code"]["text"], "Two food boxes");
    assert_eq!(case.gateway.of_kind("referral.outcome-corrected").len(), 1);
    // What was told is not taken back so.
    anew["status"] = json!("entered-in-error");
    let refused = case.pantry.put(&made, &anew).expect(422);
    assert_eq!(refused.expressions(), ["Procedure.status"]);
    case.gateway.stop();
}

#[test]
fn a_target_writes_of_whom_it_serves_now_and_of_nobody_else() {
    let mut case = case();
    let (clinic, pantry) = (&case.clinic, &case.pantry);
    let theirs = clinic
        .post("/fhir/Patient", &crate::harness::patient("clinic-b", "B-77"))
        .expect(201)
        .created();
    let mut other = procedure(&case);
    other["subject"]["reference"] = json!(theirs["/fhir/".len()..]);
    other.as_object_mut().unwrap().remove("basedOn");
    // Who is not served and who never was look alike.
    let mut never = other.clone();
    never["subject"]["reference"] = json!("Patient/never");
    let refused = [&other, &never].map(|body| pantry.post("/fhir/Procedure", body).expect(422));
    assert_eq!(refused[0].text, refused[1].text);
    // Nor does what is about Maria name another person's.
    let mut mixed = procedure(&case);
    mixed["performer"] = json!([{ "actor": { "reference": theirs["/fhir/".len()..] } }]);
    let refused = pantry.post("/fhir/Procedure", &mixed).expect(422);
    assert_eq!(refused.expressions(), ["Procedure.performer[0].actor"]);
    let mut nobody = procedure(&case);
    nobody["subject"] = json!({ "display": "Somebody" });
    pantry.post("/fhir/Procedure", &nobody).expect(422);
    // Types that are not a target's.
    pantry.post("/fhir/Condition", &json!({ "resourceType": "Condition" })).expect(403);
    // What it publishes is about nobody.
    let service = json!({ "resourceType": "HealthcareService", "name": "Pantry" });
    pantry.post("/fhir/HealthcareService", &service).expect(201);
    // Once it is over, the person is not there for it.
    pantry
        .act(
            &pantry.only_referral(),
            "decline",
            &json!({ "reason": { "code": "no-capacity", "text": "full" } }),
        )
        .expect(200);
    let mut late = procedure(&case);
    late["note"] = json!([{ "text": "late" }]);
    pantry.post("/fhir/Procedure", &late).expect(422);
    case.gateway.stop();
}

#[test]
fn an_outcome_is_about_the_same_person_and_done() {
    let mut case = case();
    let pantry = &case.pantry;
    let put = |id: &str| pantry.put(&path(&case.placed), &completed(&case, id)).expect(422);
    let at = "Task.output[0].valueReference";
    assert_eq!(put("Procedure/never").expressions(), [at]);
    assert_eq!(put("Observation/never").expressions(), [at]);
    let mut begun = procedure(&case);
    begun["status"] = json!("in-progress");
    let made = pantry.post("/fhir/Procedure", &begun).expect(201).created();
    let refused = put(&made["/fhir/".len()..]);
    assert_eq!(refused.expressions(), [format!("{at}.resolve().status")]);
    case.gateway.stop();
}

#[test]
fn a_target_says_it_all_in_one_transaction() {
    let mut case = case();
    let urn = "urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-000000000001";
    let task = completed(&case, urn);
    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [
        { "fullUrl": format!("{}{}", case.gateway.base(), path(&task)), "resource": task,
          "request": { "method": "PUT", "url": path(&task)["/fhir/".len()..], "ifMatch": "W/\"1\"" } },
        { "fullUrl": urn, "resource": procedure(&case),
          "request": { "method": "POST", "url": "Procedure" } },
    ]});
    let mut stale = bundle.clone();
    stale["entry"][0]["request"]["ifMatch"] = json!("W/\"9\"");
    let before = case.gateway.count();
    case.pantry.post("/fhir", &stale).expect(412);
    assert_eq!(case.gateway.count(), before);
    let answer = case.pantry.post("/fhir", &bundle).expect(200);
    let statuses = [0, 1].map(|n| answer.json["entry"][n]["response"]["status"].clone());
    assert_eq!(statuses, ["200 OK", "201 Created"]);
    let read = case.clinic.get(&case.task).expect(200).json;
    assert_eq!(read["status"], "completed");
    let procedure =
        format!("/fhir/{}", read["output"][0]["valueReference"]["reference"].as_str().unwrap());
    assert_eq!(procedure, answer.entry(1));
    assert_eq!(case.clinic.get(&procedure).expect(200).json["code"]["text"], "Food box");
    assert_eq!(case.pantry.post("/fhir", &bundle).expect(200).text, answer.text);
    case.gateway.stop();
}
