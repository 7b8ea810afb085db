//! What a write may not do by the way: take a condition for everything, ask by a condition or an answer what
//! is not for the caller to know, count one deed twice, refer whom it only serves.

use serde_json::{Value, json};

use crate::harness::{Gateway, Party, Referral, credentials, form, patient};

const FHIR: (&str, &str) = ("content-type", "application/fhir+json");

fn transaction(entries: &[Value]) -> Value {
    json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries })
}

fn entry(method: &str, url: &str, resource: &Value) -> Value {
    json!({ "resource": resource, "request": { "method": method, "url": url } })
}

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

fn ward(name: &str) -> Value {
    json!({ "resourceType": "Location", "name": name })
}

#[test]
fn a_condition_that_everything_meets_is_none() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let path = clinic.post("/fhir/Location", &ward("North")).expect(201).created();
    let south = ward("South").to_string().into_bytes();
    let before = gateway.count();
    for url in ["/fhir/Location", "/fhir/Location?", "/fhir/Location?_count=1&_sort=_lastUpdated"] {
        clinic.call("PUT", url, &[FHIR], south.clone()).expect(400);
    }
    for condition in ["", "_count=1", "Location?_format=json"] {
        let headers = [FHIR, ("if-none-exist", condition)];
        clinic.call("POST", "/fhir/Location", &headers, south.clone()).expect(400);
    }
    let mut conditional = entry("POST", "Location", &ward("South"));
    conditional["request"]["ifNoneExist"] = json!("_count=1");
    clinic.post("/fhir", &transaction(&[conditional])).expect(400);
    assert_eq!(gateway.count(), before);
    assert_eq!(clinic.get(&path).expect(200).json["name"], "North");
    gateway.stop();
}

#[test]
fn a_condition_asks_nothing_of_what_others_said() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let answer = clinic.post("/fhir", &referral.bundle()).expect(200);
    let (maria, task) = (answer.entry(0), answer.entry(referral.task_entry(0)));
    pantry.act(&pantry.only_referral(), "accept", &json!({})).expect(200);
    let about = |status: &str| {
        let focus = format!("Task?_id={}&status={status}", id_of(&task));
        let seen = json!({ "resourceType": "Observation", "status": "final", "code": { "text": status },
            "subject": { "reference": maria["/fhir/".len()..] }, "focus": [{ "reference": focus }] });
        clinic.post("/fhir", &transaction(&[entry("POST", "Observation", &seen)]))
    };
    let refused = about("accepted").expect(422);
    assert_eq!(refused.expressions(), ["Bundle.entry[0].resource.focus[0]"]);
    // As it was supplied.
    about("requested").expect(200);
    gateway.stop();
}

#[test]
fn what_was_changed_since_is_changed_back_whatever_its_bundle_found() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let location = json!({ "resourceType": "Location", "name": "Ward",
        "identifier": [{ "system": "urn:example:rooms", "value": "7" }] });
    clinic.post("/fhir/Location", &location).expect(201);
    let maria = clinic.post("/fhir/Patient", &patient("clinic-b", "B-1")).expect(201).created();
    let mut first = clinic.get(&maria).expect(200).json;
    first["telecom"][0]["value"] = json!("+1 555 0101");
    let mut second = first.clone();
    second["telecom"][0]["value"] = json!("+1 555 0102");
    let mut found = entry("POST", "Location", &location);
    found["request"]["ifNoneExist"] = json!("identifier=urn:example:rooms|7");
    let bundle = transaction(&[found, entry("PUT", &maria["/fhir/".len()..], &first)]);
    let phone = || clinic.get(&maria).expect(200).json["telecom"][0]["value"].clone();
    clinic.post("/fhir", &bundle).expect(200);
    let count = gateway.count();
    // At once, it is a resend.
    clinic.post("/fhir", &bundle).expect(200);
    assert_eq!(gateway.count(), count);
    clinic.put(&maria, &second).expect(200);
    clinic.post("/fhir", &bundle).expect(200);
    assert_eq!(phone(), "+1 555 0101");
    gateway.stop();
}

#[test]
fn one_deed_is_the_outcome_of_one_referral() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let mut bundle = Referral::food().bundle();
    clinic.post("/fhir", &bundle).expect(200);
    bundle["entry"][3]["resource"]["identifier"][0]["value"] = json!("another");
    bundle["entry"][0]["request"]["ifNoneExist"] = json!("identifier=urn:example:clinic-b:mrn|B-1");
    clinic.post("/fhir", &bundle).expect(200);
    let page = pantry.get("/fhir/Task").expect(200).json;
    let tasks: Vec<Value> =
        page["entry"].as_array().unwrap().iter().map(|one| one["resource"].clone()).collect();
    assert_eq!(tasks.len(), 2);
    let done = json!({ "resourceType": "Procedure", "status": "completed", "code": { "text": "Food box" },
        "subject": tasks[0]["for"], "performedDateTime": "2026-11-22T09:00:00Z" });
    let made = pantry.post("/fhir/Procedure", &done).expect(201).created();
    let completed = |task: &Value| {
        let mut task = task.clone();
        task["status"] = json!("completed");
        task["output"] = json!([{ "type": { "text": "done" },
            "valueReference": { "reference": made["/fhir/".len()..] } }]);
        entry("PUT", &format!("Task/{}", task["id"].as_str().unwrap()), &task)
    };
    let both = transaction(&[completed(&tasks[0]), completed(&tasks[1])]);
    let refused = pantry.post("/fhir", &both).expect(422);
    assert_eq!(refused.expressions(), ["Bundle.entry[1].resource.output[0].valueReference"]);
    let words = &refused.json["issue"][0]["diagnostics"];
    assert_eq!(words, "refers to what is an outcome already");
    pantry.post("/fhir", &transaction(&[completed(&tasks[0])])).expect(200);
    gateway.stop();
}

#[test]
fn who_may_only_write_is_not_given_it_to_read() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let key = gateway.is_client("clinic-b", "system/Patient.cr", "");
    let told = |jti: &str, scope: &str, mrn: &str| {
        let assertion = key.assertion(&gateway, jti, |_| {});
        let answer = form(&clinic, "/oauth/token", &credentials(&assertion, scope)).expect(200);
        let bearer = format!("Bearer {}", answer.json["access_token"].as_str().unwrap());
        let headers = [FHIR, ("prefer", "return=representation"), ("authorization", &bearer)];
        let one = patient("clinic-b", mrn);
        let single = clinic.call("POST", "/fhir/Patient", &headers, one.to_string().into_bytes());
        let two =
            transaction(&[entry("POST", "Patient", &patient("clinic-b", &format!("{mrn}-2")))]);
        let bundle =
            clinic.call("POST", "/fhir", &headers, two.to_string().into_bytes()).expect(200);
        (
            single.expect(201).json["birthDate"].clone(),
            bundle.json["entry"][0].get("resource").is_some(),
        )
    };
    let before = gateway.of_kind("phi.disclosed").len();
    assert_eq!(told("1", "system/Patient.c", "B-1"), (Value::Null, false));
    assert_eq!(gateway.of_kind("phi.disclosed").len(), before);
    assert_eq!(told("2", "system/Patient.cr", "B-3"), (json!("1988-04-02"), true));
    gateway.stop();
}

#[test]
fn a_task_of_others_and_one_that_never_was_are_refused_alike_in_a_transaction() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let mut body = clinic.get(&task).expect(200).json;
    let hospital = gateway.party("hospital-a");
    let mut refused = |id: &str| {
        body["id"] = json!(id);
        hospital
            .post("/fhir", &transaction(&[entry("PUT", &format!("Task/{id}"), &body)]))
            .expect(404)
    };
    assert_eq!(refused(id_of(&task)).text, refused("never").text);
    gateway.stop();
}

#[test]
fn nobody_refers_whom_it_only_serves() {
    let mut gateway = Gateway::start();
    gateway.change_partner("pantry", |text| {
        text.replace("roles = [\"target\"]", "roles = [\"source\", \"target\"]")
            .replace("actions = [", "actions = [\"submit\", ")
    });
    let (clinic, pantry): (Party, Party) = (gateway.party("clinic-b"), gateway.party("pantry"));
    clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let placed = pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    let request = json!({ "resourceType": "ServiceRequest", "status": "active", "intent": "order",
        "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "467771000124109" }] }, "subject": placed["for"], "category": [{ "coding": [{
            "system": "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes",
            "code": "food-insecurity" }] }] });
    let refused = pantry.post("/fhir/ServiceRequest", &request).expect(422);
    let words = &refused.json["issue"][0]["diagnostics"];
    assert_eq!(words, "the patient referred to is not here", "{}", refused.text);
    // What it did for them it says.
    let done = json!({ "resourceType": "Procedure", "status": "completed", "code": { "text": "Food box" },
        "subject": placed["for"], "performedDateTime": "2026-11-22T09:00:00Z" });
    pantry.post("/fhir/Procedure", &done).expect(201);
    gateway.stop();
}

#[test]
fn what_is_worth_a_word_is_said_to_who_asks() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let mut odd = ward("North");
    odd["unheardOf"] = json!("x");
    let headers = [FHIR, ("prefer", "return=OperationOutcome")];
    let said = clinic.call("POST", "/fhir/Location", &headers, odd.to_string().into_bytes());
    let issue = &said.expect(201).json["issue"][0];
    assert_eq!(
        (&issue["severity"], &issue["expression"][0]),
        (&json!("warning"), &json!("Location.unheardOf"))
    );
    let two = transaction(&[entry("POST", "Location", &odd)]);
    let said = clinic.call("POST", "/fhir", &headers, two.to_string().into_bytes()).expect(200);
    let issue = &said.json["entry"][0]["response"]["outcome"]["issue"][0];
    assert_eq!(issue["expression"][0], "Bundle.entry[0].resource.unheardOf");
    gateway.stop();
}
