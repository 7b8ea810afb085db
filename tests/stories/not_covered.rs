//! A need that the person did not consent to goes nowhere, and the source is told so; a referral to
//! nobody we know is not taken in.

use serde_json::{Value, json};

use crate::harness::{Gateway, Need, Referral};

#[test]
fn a_need_outside_the_consent_is_rejected_beside_one_inside_it() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let housing = gateway.party("housing");
    let both = Referral { needs: vec![Need::Food, Need::Housing], ..Referral::food() };
    let answer = clinic.post("/fhir", &both.bundle()).expect(200);
    let food = clinic.get(&answer.entry(both.task_entry(0))).expect(200).json;
    assert_eq!(food["status"], "requested");
    let refused = clinic.get(&answer.entry(both.task_entry(1))).expect(200).json;
    assert_eq!(refused["status"], "rejected");
    let text = refused["statusReason"]["text"].as_str().unwrap();
    assert!(text.starts_with("need not covered: housing-instability (reference "), "{text}");
    assert_eq!(refused["statusReason"]["coding"][0]["code"], "need-not-covered");
    pantry.only_referral();
    // The housing organization does not learn that there was anything.
    assert!(housing.inbox().is_empty());
    assert_eq!(housing.get("/fhir/Task").expect(200).json["entry"], Value::Null);
    housing.get(&answer.entry(0)).expect(404);

    let kinds = gateway.kinds();
    let of_referral: Vec<&String> =
        kinds.iter().filter(|kind| kind.starts_with("referral.")).collect();
    let expected = ["referral.received", "referral.sent", "referral.received", "referral.refused"];
    assert_eq!(of_referral, expected);
    let shown = gateway.of_kind("phi.disclosed");
    assert!(shown.iter().all(|fields| fields["disclosed"]["recipient"] != "housing"));
    // That it was to get the referral, and that it asked for a Patient that is not there for it.
    let denied = gateway.of_kind("phi.denied");
    let why: Vec<&Value> = denied.iter().map(|fields| &fields["basis"]["reason"]).collect();
    assert_eq!(why, ["L6", "R1"]);
    gateway.stop();
}

#[test]
fn one_request_for_two_needs_is_refused_at_the_door() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let both = Referral { consent: Some(vec![Need::Food, Need::Housing]), ..Referral::food() };
    let mut bundle = both.bundle();
    let category = bundle["entry"][2]["resource"]["category"].as_array_mut().unwrap();
    let mut other = category[0].clone();
    other["coding"][0]["code"] = json!(Need::Housing.category());
    category.push(other);
    let refused = clinic.post("/fhir", &bundle).expect(422);
    assert_eq!(refused.expressions(), ["Bundle.entry[3].resource.focus"]);
    assert!(gateway.kinds().is_empty());
    assert!(pantry.inbox().is_empty());
    gateway.stop();
}

#[test]
fn a_referral_that_the_dialect_cannot_say_hides_no_other() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    for (mrn, odd) in [("B-1", false), ("B-2", true), ("B-3", false), ("B-4", true)] {
        let mut bundle = Referral { mrn, ..Referral::food() }.bundle();
        if odd {
            // The community dialect says the need once or not at all.
            let category = &mut bundle["entry"][2]["resource"]["category"];
            let again = category[0].clone();
            category.as_array_mut().unwrap().push(again);
        }
        clinic.post("/fhir", &bundle).expect(200);
    }
    let tasks = pantry.get("/fhir/Task").expect(200).json;
    assert_eq!(tasks["entry"].as_array().unwrap().len(), 4);
    let inbox = pantry.inbox();
    assert_eq!(inbox.len(), 2);
    let before = gateway.kinds();
    let listed: Vec<&Value> = inbox.iter().map(|row| &row["referral_id"]).collect();
    for entry in tasks["entry"].as_array().unwrap() {
        let id = &entry["resource"]["identifier"][0]["value"];
        let expected = if listed.contains(&id) { 200 } else { 503 };
        pantry.get(&format!("/cbo/v1/referrals/{}", id.as_str().unwrap())).expect(expected);
    }
    // What was not said was not disclosed.
    assert_eq!(gateway.kinds(), [before, vec!["phi.disclosed".to_owned(); 2]].concat());
    gateway.stop();
}

#[test]
fn a_referral_to_nobody_or_to_a_stranger_is_refused_at_its_owner() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let first = Referral::food();
    let answer = clinic.post("/fhir", &first.bundle()).expect(200);
    let path = |n| answer.entry(n).strip_prefix("/fhir/").unwrap().to_owned();
    let before = gateway.kinds();
    let by_identifier =
        |value: &str| json!({ "identifier": { "system": "urn:example:npi", "value": value } });
    let owners = [
        None,
        Some(by_identifier("loopgate")),
        Some(json!({ "reference": "Organization/loopgate" })),
        Some(by_identifier("nobody")),
        // A source is no target, not even the one that refers.
        Some(by_identifier("hospital-a")),
        Some(json!({ "reference": "Organization/clinic-b" })),
    ];
    for (n, owner) in owners.into_iter().enumerate() {
        let mut bundle = Referral { mrn: "B-2", ..Referral::food() }.bundle();
        set_owner(&mut bundle["entry"][3]["resource"], owner.clone());
        let refused = clinic.post("/fhir", &bundle).expect(422);
        assert_eq!(refused.expressions(), ["Bundle.entry[3].resource.owner"], "{n}");
        // A Task by itself, to what is here already.
        let mut task = bundle["entry"][3]["resource"].clone();
        task["for"] = json!({ "reference": path(0) });
        task["focus"] = json!({ "reference": path(2) });
        let refused = clinic.post("/fhir/Task", &task).expect(422);
        assert_eq!(refused.expressions(), ["Task.owner"], "{n}");
        assert!(!refused.text.contains("nobody") && !refused.text.contains("hospital-a"));
    }
    assert_eq!(gateway.kinds(), before);
    pantry.only_referral();
    gateway.stop();
}

fn set_owner(task: &mut Value, owner: Option<Value>) {
    match owner {
        Some(owner) => task["owner"] = owner,
        None => drop(task.as_object_mut().unwrap().remove("owner")),
    }
}
