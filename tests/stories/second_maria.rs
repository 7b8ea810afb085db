//! Two patients of one name and birth date are two persons until an identifier they share, or a
//! human, says otherwise: no consent reaches across.

use serde_json::{Value, json};

use crate::harness::{Gateway, Referral};

const SHARED: &str = "urn:example:community-id";

#[test]
fn the_same_name_and_birth_date_are_a_candidate_and_no_consent_reaches_across() {
    let mut gateway = Gateway::start();
    let (clinic, hospital) = (gateway.party("clinic-b"), gateway.party("hospital-a"));
    let pantry = gateway.party("pantry");
    let agreed = Referral::food();
    clinic.post("/fhir", &both_disclose(agreed.bundle())).expect(200);
    let other = Referral { source: "hospital-a", mrn: "A-7", consent: None, ..Referral::food() };
    let answer = hospital.post("/fhir", &other.bundle()).expect(200);
    let same = Referral { mrn: "B-2", consent: None, ..Referral::food() };
    clinic.post("/fhir", &same.bundle()).expect(200);

    let task = hospital.get(&answer.entry(other.task_entry(0))).expect(200).json;
    assert_eq!(task["businessStatus"]["text"], "waiting for consent");
    pantry.only_referral();
    assert_eq!(gateway.of_kind("patient.registered").len(), 3);
    // The second looks like the first; the third like both.
    let candidates = gateway.of_kind("patient.candidate");
    assert_eq!(candidates.len(), 3);
    assert!(candidates.iter().all(|fields| fields["patient"].as_array().unwrap().len() == 2));
    assert!(gateway.of_kind("patient.linked").is_empty());
    let held = gateway.of_kind("referral.held");
    assert_eq!(held.len(), 2);
    assert!(held.iter().all(|fields| fields["transition"]["held"] == "C9"), "{held:?}");
    let persons: Vec<Value> = gateway
        .of_kind("patient.registered")
        .iter()
        .map(|fields| fields["patient"][0]["id"].clone())
        .collect();
    assert!(persons[0] != persons[1] && persons[1] != persons[2] && persons[0] != persons[2]);
    gateway.stop();
}

#[test]
fn an_identifier_that_all_share_makes_one_person_whose_consent_names_who_may_disclose() {
    let mut gateway = Gateway::start();
    let (clinic, hospital) = (gateway.party("clinic-b"), gateway.party("hospital-a"));
    let pantry = gateway.party("pantry");
    let other = Referral { source: "hospital-a", mrn: "A-7", consent: None, ..Referral::food() };
    let answer = hospital.post("/fhir", &known(other.bundle())).expect(200);
    let task = answer.entry(other.task_entry(0));
    assert!(pantry.inbox().is_empty());

    // The clinic's consent is about the same person, and names the clinic alone.
    let agreed = Referral::food();
    let given = clinic.post("/fhir", &known(agreed.bundle())).expect(200);
    let first = pantry.only_referral();
    let waiting = hospital.get(&task).expect(200).json;
    assert_eq!(waiting["businessStatus"]["text"], "waiting for consent");

    // The person lets the hospital disclose as well: its referral goes on.
    let consent = given.entry(1);
    let mut wider = clinic.get(&consent).expect(200).json;
    wider["organization"] = organizations();
    clinic.put(&consent, &wider).expect(200);
    let inbox = pantry.inbox();
    assert_eq!(inbox.len(), 2);
    let second = inbox.iter().find(|row| row["referral_id"] != first.as_str()).unwrap();
    pantry.act(second["referral_id"].as_str().unwrap(), "accept", &json!({})).expect(200);
    assert_eq!(hospital.get(&task).expect(200).json["status"], "accepted");
    // One person, and yet each organization's resources stay its own.
    clinic.get(&task).expect(404);
    hospital.get(&consent).expect(404);

    let kinds = gateway.kinds();
    let count = |kind: &str| kinds.iter().filter(|one| *one == kind).count();
    assert_eq!((count("patient.registered"), count("patient.linked")), (1, 1));
    assert_eq!((count("patient.candidate"), count("consent.given")), (0, 2));
    let linked = &gateway.of_kind("patient.linked")[0];
    assert_eq!(linked["basis"], json!({ "by": "shared-identifier", "system": SHARED }));
    let person = &gateway.of_kind("patient.registered")[0]["patient"][0]["id"];
    assert_eq!(&linked["patient"][0]["id"], person);
    gateway.stop();
}

/// The Bundle's Patient with an identifier that all share.
fn known(mut bundle: Value) -> Value {
    let identifiers = &mut bundle["entry"][0]["resource"]["identifier"];
    identifiers.as_array_mut().unwrap().push(json!({ "system": SHARED, "value": "C-77" }));
    bundle
}

/// The Bundle's Consent with both organizations as disclosers.
fn both_disclose(mut bundle: Value) -> Value {
    bundle["entry"][1]["resource"]["organization"] = organizations();
    bundle
}

fn organizations() -> Value {
    let one = |name| json!({ "identifier": { "system": "urn:example:npi", "value": name } });
    json!([one("clinic-b"), one("hospital-a")])
}
