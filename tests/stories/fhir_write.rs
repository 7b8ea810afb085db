//! An organization replaces what it supplied, of every type, at the version it read, and hands a thing in
//! once whatever happens in between.

use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Need, Party, Referral, patient};

fn fhir<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("content-type", "application/fhir+json")], more].concat()
}

fn post(party: &Party, path: &str, more: &[(&str, &str)], body: &Value) -> Answer {
    party.call("POST", path, &fhir(more), body.to_string().into_bytes())
}

fn put(party: &Party, path: &str, more: &[(&str, &str)], body: &Value) -> Answer {
    party.call("PUT", path, &fhir(more), body.to_string().into_bytes())
}

#[test]
fn what_was_supplied_is_replaced_at_the_version_that_was_read() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let mut condition = json!({
        "resourceType": "Condition",
        "subject": { "reference": "Patient/x" },
        "code": { "text": "Food insecurity" },
    });
    let maria = clinic.post("/fhir/Patient", &patient("clinic-b", "B-1")).expect(201).created();
    condition["subject"]["reference"] = json!(maria["/fhir/".len()..]);
    let path = clinic.post("/fhir/Condition", &condition).expect(201).created();
    let mut read = clinic.get(&path).expect(200).json;
    read["code"]["text"] = json!("Hunger");
    let second = put(&clinic, &path, &[("if-match", "W/\"1\"")], &read).expect(200);
    assert_eq!(second.etag.as_deref(), Some("W/\"2\""));
    read["code"]["text"] = json!("Food");
    put(&clinic, &path, &[("if-match", "W/\"1\"")], &read).expect(412);
    let now = clinic.get(&path).expect(200).json;
    assert_eq!((&now["code"]["text"], &now["meta"]["versionId"]), (&json!("Hunger"), &json!("2")));
    // Ids are not the client's to give, and what is another's is not there.
    read["id"] = json!("mine");
    clinic.put("/fhir/Condition/mine", &read).expect(404);
    gateway.party("hospital-a").put(&path, &now).expect(404);
    // A Condition of Maria's does not become another person's.
    let other = clinic.post("/fhir/Patient", &patient("clinic-b", "B-2")).expect(201).created();
    let mut moved = now.clone();
    moved["subject"]["reference"] = json!(other["/fhir/".len()..]);
    clinic.put(&path, &moved).expect(422);
    gateway.stop();
}

#[test]
fn a_patient_that_is_replaced_is_the_same_person() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let answer = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let path = answer.entry(0);
    let mut maria = clinic.get(&path).expect(200).json;
    maria["telecom"][0]["value"] = json!("+1 555 0199");
    clinic.put(&path, &maria).expect(200);
    let id = pantry.only_referral();
    let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200);
    assert_eq!(read.json["client"]["phone"], "+1 555 0199");
    // Somebody else's number, name and birth date are somebody else.
    let mut other = patient("clinic-b", "B-999");
    other["name"][0]["family"] = json!("Quist");
    other["id"] = maria["id"].clone();
    clinic.put(&path, &other).expect(422);
    gateway.stop();
}

#[test]
fn a_request_that_is_revoked_calls_its_referral_off_or_asks_to() {
    for (accepted, status, business) in
        [(false, "cancelled", Value::Null), (true, "accepted", json!("cancellation requested"))]
    {
        let mut gateway = Gateway::start();
        let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
        let referral = Referral::food();
        let answer = clinic.post("/fhir", &referral.bundle()).expect(200);
        let task = answer.entry(referral.task_entry(0));
        let request = answer.entry(referral.task_entry(0) - 1);
        if accepted {
            pantry.act(&pantry.only_referral(), "accept", &json!({})).expect(200);
        }
        let mut revoked = clinic.get(&request).expect(200).json;
        revoked["status"] = json!("revoked");
        clinic.put(&request, &revoked).expect(200);
        let read = clinic.get(&task).expect(200).json;
        assert_eq!((&read["status"], &read["businessStatus"]["text"]), (&json!(status), &business));
        // Another need is another referral.
        gateway.stop();
    }
}

#[test]
fn another_need_is_another_referral() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let referral = Referral::food();
    let answer = clinic.post("/fhir", &referral.bundle()).expect(200);
    let request = answer.entry(referral.task_entry(0) - 1);
    let mut read = clinic.get(&request).expect(200).json;
    read["category"][0]["coding"][0]["code"] = json!(Need::Housing.category());
    let refused = clinic.put(&request, &read).expect(422);
    assert_eq!(refused.expressions(), ["ServiceRequest.category"]);
    gateway.stop();
}

#[test]
fn what_matches_is_not_created_again_and_is_replaced_in_its_place() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let maria = patient("clinic-b", "B-1");
    let condition = [("if-none-exist", "identifier=urn:example:clinic-b:mrn|B-1")];
    let first = post(&clinic, "/fhir/Patient", &condition, &maria).expect(201);
    let mut renamed = maria.clone();
    renamed["birthDate"] = json!("1988-04-03");
    let second = post(&clinic, "/fhir/Patient", &condition, &renamed).expect(200);
    assert_eq!((second.location.is_none(), second.etag), (true, first.etag.clone()));
    // Clients write the type before it too, and the base URL.
    let whole = format!("{}/fhir/Patient?{}", gateway.base(), condition[0].1);
    for more in ["Patient?identifier=urn%3Aexample%3Aclinic-b%3Amrn%7CB-1", whole.as_str()] {
        let again = post(&clinic, "/fhir/Patient", &[("if-none-exist", more)], &renamed);
        assert_eq!(again.expect(200).etag, first.etag);
    }
    for other in ["Task?_id=1", "https://elsewhere.example/fhir/Patient?_id=1"] {
        post(&clinic, "/fhir/Patient", &[("if-none-exist", other)], &renamed).expect(400);
    }
    let query = "/fhir/Patient?identifier=urn:example:clinic-b:mrn|B-1";
    // Passed over, it would make a second.
    post(&clinic, query, &[], &renamed).expect(400);
    let replaced = clinic.put(query, &renamed).expect(200);
    assert_eq!(replaced.etag.as_deref(), Some("W/\"2\""));
    assert_eq!(clinic.get(&first.created()).expect(200).json["birthDate"], "1988-04-03");
    // Nothing matches: it is created. A condition that is not understood is none.
    let third = patient("clinic-b", "B-3");
    clinic.put("/fhir/Patient?identifier=urn:example:clinic-b:mrn|B-3", &third).expect(201);
    post(&clinic, "/fhir/Patient", &[("if-none-exist", "unknown=1")], &third).expect(400);
    // Two match: it is not clear which is meant.
    let refused =
        post(&clinic, "/fhir/Patient", &[("if-none-exist", "family=Lindqvist-Okafor")], &maria);
    assert_eq!(refused.expect(412).json["issue"][0]["code"], "multiple-matches");
    clinic.put("/fhir/Patient?family=Lindqvist-Okafor", &maria).expect(412);
    // What another supplied matches nothing.
    let hospital = gateway.party("hospital-a");
    post(&hospital, "/fhir/Patient", &condition, &maria).expect(201);
    gateway.stop();
}

#[test]
fn so_much_of_a_write_comes_back_as_was_asked_for() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let maria = patient("clinic-b", "B-1");
    let said = |what: &str| {
        let prefer = format!("return={what}");
        let mut one = maria.clone();
        one["language"] = json!(what);
        post(&clinic, "/fhir/Patient", &[("prefer", &prefer)], &one).expect(201)
    };
    let before = gateway.of_kind("phi.disclosed").len();
    assert_eq!(said("minimal").text, "");
    assert_eq!(said("OperationOutcome").json["resourceType"], "OperationOutcome");
    assert_eq!(gateway.of_kind("phi.disclosed").len(), before);
    let whole = said("representation");
    assert_eq!(whole.json["birthDate"], "1988-04-02");
    assert!(whole.receipt.is_some());
    assert_eq!(gateway.of_kind("phi.disclosed").len(), before + 1);
    gateway.stop();
}

#[test]
fn of_two_writers_at_one_version_one_wins() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let path = clinic.post("/fhir/Patient", &patient("clinic-b", "B-1")).expect(201).created();
    for round in 1..=25u64 {
        let read = clinic.get(&path).expect(200);
        let etag = read.etag.clone().unwrap();
        let start = std::sync::Barrier::new(2);
        let won: u32 = std::thread::scope(|scope| {
            let write = |n: u64| {
                let (party, mut body) = (gateway.party("clinic-b"), read.json.clone());
                body["telecom"][0]["value"] = json!(format!("+1 555 {:04}", 2 * round + n));
                let (etag, start, path) = (etag.clone(), &start, &path);
                scope.spawn(move || {
                    start.wait();
                    let answer = put(&party, path, &[("if-match", &etag)], &body);
                    assert!(matches!(answer.status, 200 | 412), "{}", answer.text);
                    u32::from(answer.status == 200)
                })
            };
            [write(0), write(1)].into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(won, 1, "round {round}");
        assert_eq!(clinic.get(&path).expect(200).etag, Some(format!("W/\"{}\"", round + 1)));
    }
    gateway.stop();
}

#[test]
fn of_two_moves_of_a_task_at_one_version_one_wins() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    for round in 0..8 {
        let mrn: &'static str = format!("R-{round}").leak();
        let referral = Referral { mrn, ..Referral::food() };
        let task =
            clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
        let read = clinic.get(&task).expect(200);
        let etag = read.etag.clone().unwrap();
        let won: u32 = std::thread::scope(|scope| {
            let write = |why: &'static str| {
                let (party, mut body) = (gateway.party("clinic-b"), read.json.clone());
                body["status"] = json!("cancelled");
                body["statusReason"] = json!({ "text": why });
                let (etag, task) = (etag.clone(), &task);
                scope.spawn(move || {
                    let answer = put(&party, task, &[("if-match", &etag)], &body);
                    assert!(matches!(answer.status, 200 | 409 | 412 | 422), "{}", answer.text);
                    u32::from(answer.status == 200)
                })
            };
            [write("One"), write("Two")].into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(won, 1, "round {round}");
    }
    gateway.stop();
}

#[test]
fn of_two_that_would_create_the_same_one_does() {
    let mut gateway = Gateway::start();
    for round in 0..8 {
        let query = format!("identifier=urn:example:clinic-b:mrn|C-{round}");
        let start = std::sync::Barrier::new(2);
        let mut statuses: Vec<u16> = std::thread::scope(|scope| {
            let write = |n: u64| {
                let party = gateway.party("clinic-b");
                let mut body = patient("clinic-b", &format!("C-{round}"));
                body["language"] = json!(format!("x{n}"));
                let (query, start) = (query.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    post(&party, "/fhir/Patient", &[("if-none-exist", &query)], &body).status
                })
            };
            [write(0), write(1)].into_iter().map(|one| one.join().unwrap()).collect()
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 201], "round {round}");
    }
    gateway.stop();
}
