//! Two communities share nothing: neither certificates nor tokens, neither persons nor names.

use serde_json::json;

use crate::harness::{Gateway, Referral, credentials, form};

const SCOPES: &str = "system/Patient.cr system/Task.crus";

#[test]
fn what_opens_one_community_opens_nothing_in_another() {
    let mut one = Gateway::start();
    let mut two = Gateway::start_with(&[(["tenant", "name"], "\"elsewhere\"")]);
    let clinic = one.party("clinic-b");
    let answer = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let (patient, task) = (answer.entry(0), answer.entry(Referral::food().task_entry(0)));

    // The same name and role in the other community, where all of it is unknown.
    let namesake = two.party("clinic-b");
    for path in [&patient, &task] {
        namesake.get(path).expect(404);
    }
    assert_eq!(namesake.get("/fhir/Task").expect(200).json.get("entry"), None);

    // A certificate of the one is nobody's in the other, and neither is a token.
    let key = one.is_client("clinic-b", SCOPES, "");
    let assertion = key.assertion(&one, "1", |_| {});
    let token = form(&clinic, "/oauth/token", &credentials(&assertion, SCOPES)).expect(200).json;
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let with = [("authorization", bearer.as_str())];
    clinic.call("GET", &patient, &with, Vec::new()).expect(200);
    two.stranger().call("GET", &patient, &with, Vec::new()).expect(401);
    namesake.call("GET", &patient, &with, Vec::new()).expect(401);
    let assertion = key.assertion(&one, "2", |_| {});
    form(&namesake, "/oauth/token", &credentials(&assertion, SCOPES)).expect(401);
    assert_eq!(two.kinds().iter().filter(|kind| *kind == "resource.stored").count(), 0);
    one.stop();
    two.stop();
}

#[test]
fn organizations_of_one_community_share_through_referrals_alone() {
    let mut gateway = Gateway::start();
    let (clinic, hospital) = (gateway.party("clinic-b"), gateway.party("hospital-a"));
    let (pantry, housing) = (gateway.party("pantry"), gateway.party("housing"));
    let answer = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    for n in 0..4 {
        for other in [&hospital, &housing] {
            other.get(&answer.entry(n)).expect(404);
        }
    }
    // Nor may another source refer a patient that is not its own.
    let stolen = json!({
        "resourceType": "ServiceRequest", "status": "active", "intent": "order",
        "subject": { "reference": answer.entry(0).strip_prefix("/fhir/").unwrap() },
    });
    hospital.post("/fhir/ServiceRequest", &stolen).expect(422);
    assert_eq!(pantry.inbox().len(), 1);
    assert!(housing.inbox().is_empty());
    gateway.stop();
}
