//! A transaction is all of it or nothing, whatever it holds and whenever the gateway dies.

use std::sync::mpsc;

use serde_json::{Value, json};

use crate::harness::{Gateway, Party, Referral, patient};

fn transaction(entries: &[Value]) -> Value {
    json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries })
}

fn post(resource: &Value) -> Value {
    json!({ "resource": resource, "request": { "method": "POST", "url": resource["resourceType"] } })
}

fn put(path: &str, resource: &Value) -> Value {
    json!({ "resource": resource, "request": { "method": "PUT", "url": path["/fhir/".len()..] } })
}

#[test]
fn one_bad_entry_leaves_nothing_of_the_others() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let referral = Referral::food();
    let answer = clinic.post("/fhir", &referral.bundle()).expect(200);
    let (maria, task) = (answer.entry(0), answer.entry(referral.task_entry(0)));
    let mut read = clinic.get(&maria).expect(200).json;
    read["telecom"][0]["value"] = json!("+1 555 0199");
    let mut called_off = clinic.get(&task).expect(200).json;
    called_off["status"] = json!("cancelled");
    called_off["statusReason"] = json!({ "text": "Moved away" });
    let mut illegal = called_off.clone();
    illegal["status"] = json!("completed");
    let service = json!({ "resourceType": "Location", "name": "Ward" });
    let before = gateway.count();
    let mut missing = read.clone();
    missing["id"] = json!("never");
    let mut stale = put(&maria, &read);
    stale["request"]["ifMatch"] = json!("W/\"9\"");
    for (name, status, at, entries) in [
        (
            "a move that is not open",
            409,
            "Bundle.entry[2].resource",
            vec![post(&service), put(&maria, &read), put(&task, &illegal)],
        ),
        (
            "a version that is not there",
            412,
            "Bundle.entry[1].request",
            vec![post(&service), stale],
        ),
        (
            "one of two",
            422,
            "Bundle.entry[1].request.url",
            vec![put(&maria, &read), put(&maria, &read)],
        ),
        (
            "a deletion",
            422,
            "Bundle.entry[1].request.method",
            vec![post(&service), json!({ "request": { "method": "DELETE", "url": "Patient/1" } })],
        ),
    ] {
        let refused = clinic.post("/fhir", &transaction(&entries)).expect(status);
        assert_eq!(refused.expressions(), [at], "{name}: {}", refused.text);
        assert_eq!(gateway.count(), before, "{name}");
    }
    let refused =
        clinic.post("/fhir", &transaction(&[post(&service), put("/fhir/Patient/never", &missing)]));
    assert_eq!(refused.expect(404).json["issue"][0]["code"], "not-found");
    let good = transaction(&[put(&task, &called_off), post(&service), put(&maria, &read)]);
    let answer = clinic.post("/fhir", &good).expect(200);
    let statuses: Vec<_> =
        (0..3).map(|n| answer.json["entry"][n]["response"]["status"].clone()).collect();
    assert_eq!(statuses, ["200 OK", "201 Created", "200 OK"]);
    assert_eq!([answer.entry(0), answer.entry(2)], [task.clone(), maria.clone()]);
    assert_eq!(clinic.get(&task).expect(200).json["status"], "cancelled");
    assert_eq!(clinic.get(&maria).expect(200).json["telecom"][0]["value"], "+1 555 0199");
    assert_eq!(clinic.post("/fhir", &good).expect(200).text, answer.text);
    gateway.stop();
}

#[test]
fn conditions_in_a_transaction_find_what_is_here() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let maria = patient("clinic-b", "B-1");
    let path = clinic.post("/fhir/Patient", &maria).expect(201).created();
    let query = "identifier=urn:example:clinic-b:mrn|B-1";
    let urn = "urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-000000000001";
    let mut known = post(&maria);
    known["fullUrl"] = json!(urn);
    known["request"]["ifNoneExist"] = json!(query);
    let seen = |patient: &str| {
        post(&json!({ "resourceType": "Observation", "status": "final", "code": { "text": "Seen" },
            "subject": { "reference": patient } }))
    };
    let bundle = transaction(&[known, seen(urn), seen(&format!("Patient?{query}"))]);
    let answer = clinic.post("/fhir", &bundle).expect(200);
    assert_eq!(answer.json["entry"][0]["response"]["status"], "200 OK");
    assert_eq!(answer.entry(0), path);
    for n in 1..3 {
        let read = clinic.get(&answer.entry(n)).expect(200).json;
        assert_eq!(read["subject"]["reference"], path["/fhir/".len()..]);
    }
    let refused =
        clinic.post("/fhir", &transaction(&[seen("Patient?identifier=nobody")])).expect(422);
    assert_eq!(refused.expressions(), ["Bundle.entry[0].resource.subject"]);
    gateway.stop();
}

/// A transaction that replaces the Patient and adds a Location, both under one number.
fn numbered(maria: &Value, n: u64) -> Value {
    let mut maria = maria.clone();
    maria["telecom"][0]["value"] = json!(format!("{n}"));
    let path = format!("/fhir/Patient/{}", maria["id"].as_str().unwrap());
    let place = json!({ "resourceType": "Location", "name": format!("Place {n}") });
    transaction(&[post(&place), put(&path, &maria)])
}

#[test]
fn a_transaction_is_there_wholly_or_not_at_all_whenever_the_gateway_dies() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let path = clinic.post("/fhir/Patient", &patient("clinic-b", "B-1")).expect(201).created();
    let maria = clinic.get(&path).expect(200).json;
    let mut n = 0;
    let (mut there, mut not) = (0, 0);
    for step in ["write", "torn", "sync", "synced", "write", "sync"] {
        n += 1;
        let before = clinic_of(&gateway).get(&path).expect(200).json;
        gateway.die_at(step, 1);
        assert_eq!(clinic_of(&gateway).post("/fhir", &numbered(&maria, n)).status, 0, "{step}");
        assert!(!gateway.ended().success());
        gateway.serve();
        let now = clinic_of(&gateway).get(&path).expect(200).json;
        let whole = gateway.of_kind("command.answered").len();
        let patient_is_new = now["telecom"][0]["value"] == json!(format!("{n}"));
        if patient_is_new {
            there += 1;
        } else {
            not += 1;
            assert_eq!(now, before, "{step}");
        }
        // Sent again it is there once, with both of its parts.
        let again = clinic_of(&gateway).post("/fhir", &numbered(&maria, n)).expect(200);
        let place = clinic_of(&gateway).get(&again.entry(0)).expect(200).json;
        assert_eq!(place["name"], format!("Place {n}"), "{step}");
        let answered = gateway.of_kind("command.answered").len();
        assert_eq!(answered, whole + usize::from(!patient_is_new), "{step}");
        let now = clinic_of(&gateway).get(&path).expect(200).json;
        assert_eq!(now["telecom"][0]["value"], format!("{n}"), "{step}");
    }
    assert!(there > 0 && not > 0, "{there} {not}");
    gateway.stop();
}

fn clinic_of(gateway: &Gateway) -> Party {
    gateway.party("clinic-b")
}

#[test]
fn every_acknowledged_transaction_survives_kills_wholly() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let path = clinic.post("/fhir/Patient", &patient("clinic-b", "B-1")).expect(201).created();
    let maria = clinic.get(&path).expect(200).json;
    let mut next = 1;
    for cycle in 0..8 {
        let (told, answers) = mpsc::channel();
        let writer = {
            let (party, maria) = (gateway.party("clinic-b"), maria.clone());
            std::thread::spawn(move || {
                for n in next.. {
                    let answer = party.post("/fhir", &numbered(&maria, n));
                    let place = (answer.status == 200).then(|| answer.entry(0));
                    let ended = place.is_none();
                    told.send((n, place)).unwrap();
                    if ended {
                        return;
                    }
                }
            })
        };
        let mut acknowledged = Vec::new();
        for (n, place) in &answers {
            next = n + 1;
            acknowledged.extend(place.map(|place| (n, place)));
            if acknowledged.len() == 2 + cycle % 3 && gateway.is_running() {
                gateway.kill();
            }
        }
        writer.join().unwrap();
        gateway.serve();
        let party = gateway.party("clinic-b");
        for (n, place) in &acknowledged {
            assert_eq!(party.get(place).expect(200).json["name"], format!("Place {n}"));
        }
        let now = party.get(&path).expect(200).json;
        let stands: u64 = now["telecom"][0]["value"].as_str().unwrap().parse().unwrap();
        let last = acknowledged.last().map_or(0, |(n, _)| *n);
        // The last that was answered, or the one that was on its way.
        assert!(stands == last || stands == next - 1, "cycle {cycle}: {stands} {last}");
        // Its other half is there with it: sent again, it is the same or it is new.
        let again = party.post("/fhir", &numbered(&maria, stands)).expect(200);
        assert_eq!(party.get(&again.entry(0)).expect(200).json["name"], format!("Place {stands}"));
    }
    gateway.stop();
}
