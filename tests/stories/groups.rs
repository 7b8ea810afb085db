//! A Group names several people and is kept under the key of none: it goes back to its supplier on the
//! record of each of them, and whoever is erased is gone from it.

use std::collections::BTreeSet;

use loopgate_referral::PersonId;
use loopgate_server::admin::{Ask, Who};
use loopgate_server::journal::ShredGround;
use serde_json::{Value, json};

use crate::harness::{Gateway, patient};

fn group(members: &[Value]) -> Value {
    let mut group = json!({
        "resourceType": "Group", "active": true, "type": "person", "actual": true,
        "name": "waiting for a home visit",
    });
    if !members.is_empty() {
        group["member"] = members.iter().map(|one| json!({ "entity": one })).collect();
    }
    group
}

fn named(path: &str) -> Value {
    json!({ "reference": path.replacen("/fhir/", "", 1) })
}

/// Whom each disclosure of this resource is about.
fn disclosed(gateway: &Gateway, path: &str) -> Vec<String> {
    let all = gateway.of_kind("phi.disclosed");
    let id = path.rsplit('/').next().unwrap();
    let of = |one: &&Value| one.to_string().contains(id);
    let mut persons: Vec<String> = all
        .iter()
        .filter(of)
        .map(|one| one["patient"][0]["id"].as_str().unwrap().to_owned())
        .collect();
    persons.sort_unstable();
    persons
}

#[test]
fn a_group_goes_back_on_the_record_of_each_member_and_forgets_who_is_erased() {
    let mut gateway = Gateway::start();
    let (clinic, hospital) = (gateway.party("clinic-b"), gateway.party("hospital-a"));
    let new = |mrn: &str, born: &str| {
        let mut patient = patient("clinic-b", mrn);
        // Alike in all, they would be one person.
        patient["birthDate"] = born.into();
        clinic.post("/fhir/Patient", &patient).expect(201).created()
    };
    let (one, other) = (new("B-1", "1988-04-02"), new("B-2", "1991-01-30"));
    let sent = group(&[named(&one), named(&other), named(&one)]);
    let path = clinic.post("/fhir/Group", &sent).expect(201).created();
    let mut got = clinic.get(&path).expect(200).json;
    for member in ["id", "meta"] {
        got.as_object_mut().unwrap().remove(member).unwrap();
    }
    assert_eq!(got, sent);
    let persons = disclosed(&gateway, &path);
    assert_eq!(persons.iter().collect::<BTreeSet<_>>().len(), 2, "{persons:?}");
    assert_eq!(persons.len(), 2, "each once");
    hospital.get(&path).expect(404);
    assert_eq!(disclosed(&gateway, &path).len(), 2);

    // Nobody in it: it is about nobody.
    let empty = clinic.post("/fhir/Group", &group(&[])).expect(201).created();
    assert_eq!(clinic.get(&empty).expect(200).receipt, None);

    clinic.get(&one).expect(200);
    let mine: PersonId = disclosed(&gateway, &one)[0].parse().unwrap();
    let ask = Ask::Erase {
        persons: BTreeSet::from([Who::Person(mine)]),
        ground: ShredGround::Order { order: "case 4711".into() },
        by: "privacy-officer".into(),
    };
    gateway.admin(&ask);
    let clinic = gateway.party("clinic-b");
    clinic.get(&one).expect(404);
    let got = clinic.get(&path).expect(200).json;
    assert_eq!(got["member"], sent["member"], "what is left of them leads nowhere");
    let mut updated = got.clone();
    updated["name"] = "visited".into();
    let refused = clinic.put(&path, &updated).expect(422).expressions();
    assert!(refused.contains(&"Group.member[0].entity".to_owned()), "{refused:?}");
    updated["member"] = json!([{ "entity": named(&other) }]);
    clinic.put(&path, &updated).expect(200);
    assert_eq!(clinic.get(&path).expect(200).json["name"], "visited");
    gateway.stop();
}

#[test]
fn a_member_is_a_patient_of_its_supplier_and_is_named_by_reference_alone() {
    let mut gateway = Gateway::start();
    let (clinic, hospital) = (gateway.party("clinic-b"), gateway.party("hospital-a"));
    let own = clinic.post("/fhir/Patient", &patient("clinic-b", "B-1")).expect(201).created();
    let theirs =
        hospital.post("/fhir/Patient", &patient("hospital-a", "A-1")).expect(201).created();
    let team = json!({ "resourceType": "CareTeam", "subject": named(&own) });
    let team = clinic.post("/fhir/CareTeam", &team).expect(201).created();
    assert!(clinic.get(&team).expect(200).receipt.is_some(), "it is about the patient");

    let mut with_display = named(&own);
    with_display["display"] = "Maria".into();
    for (member, place) in [
        (with_display, "Group.member[0].entity.display"),
        (json!({ "identifier": { "system": "s", "value": "v" } }), "Group.member[0].entity"),
        (named(&theirs), "Group.member[0].entity"),
        (named(&team), "Group.member[0].entity"),
        (json!({ "reference": "Patient/nobody" }), "Group.member[0].entity"),
    ] {
        let answer = clinic.post("/fhir/Group", &group(&[member])).expect(422);
        assert!(answer.expressions().contains(&place.to_owned()), "{}", answer.text);
        assert!(!answer.text.contains("Maria"));
    }
    assert!(
        gateway.of_kind("resource.stored").iter().all(|one| !one.to_string().contains("Group"))
    );
    gateway.stop();
}

#[test]
fn a_patients_task_is_its_authors_and_opens_no_referral() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let own = clinic.post("/fhir/Patient", &patient("clinic-b", "B-1")).expect(201).created();
    let code = |code: &str| {
        let system =
            "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes";
        json!({ "coding": [{ "system": system, "code": code }] })
    };
    let mut task = json!({
        "resourceType": "Task", "status": "ready", "intent": "order", "priority": "routine",
        "code": code("general-information"), "description": "Where do you shop?",
        "for": named(&own), "owner": named(&own), "authoredOn": "2026-11-20T09:00:00Z",
        "requester": { "reference": "Organization/clinic-b" },
    });
    let answer = clinic.post("/fhir/Task", &task).expect(201);
    let path = answer.created();
    assert!(gateway.kinds().iter().all(|kind| !kind.starts_with("referral.")), "no referral");
    assert!(pantry.inbox().is_empty());
    pantry.get(&path).expect(404);
    let answer = clinic.get(&path).expect(200);
    assert!(answer.receipt.is_some(), "it is about the patient");
    assert_eq!(answer.json["status"], "ready");

    // It is its author's to change.
    task["id"] = path.rsplit('/').next().unwrap().into();
    pantry.put(&path, &task).expect(404);
    task["status"] = "completed".into();
    let response =
        json!({ "type": code("general-information-response"), "valueMarkdown": "Downtown" });
    task["output"] = json!([response]);
    clinic.put(&path, &task).expect(200);
    let got = clinic.get(&path).expect(200).json;
    assert_eq!((&got["status"], &got["output"]), (&task["status"], &task["output"]));
    // But no referral comes of it that way, and what is neither is refused as a referral is.
    for (member, value, place) in [
        ("status", json!("accepted"), "Task.status"),
        ("owner", json!({ "reference": "Organization/pantry" }), "Task.owner"),
        ("for", json!({ "display": "somebody" }), "Task.for"),
        ("code", code("resulting-activity"), "Task.code"),
    ] {
        let mut other = task.clone();
        other[member] = value;
        let refused = clinic.put(&path, &other).expect(422).expressions();
        assert!(refused.contains(&place.to_owned()), "{member}: {refused:?}");
    }
    let request = json!({
        "resourceType": "ServiceRequest", "status": "active", "intent": "order",
        "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "467771000124109" }] },
        "subject": named(&own), "category": [code("food-insecurity")],
    });
    let request = clinic.post("/fhir/ServiceRequest", &request).expect(201).created();
    let mut referral = task.clone();
    referral.as_object_mut().unwrap().remove("output").unwrap();
    referral["status"] = "requested".into();
    referral["code"]["coding"][0] =
        json!({ "system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill" });
    referral["owner"] = json!({ "identifier": { "system": "urn:example:npi", "value": "pantry" } });
    referral["focus"] = named(&request);
    assert_eq!(clinic.put(&path, &referral).expect(422).expressions(), ["Task"]);
    referral.as_object_mut().unwrap().remove("id").unwrap();
    clinic.post("/fhir/Task", &referral).expect(201);
    gateway.stop();
}
