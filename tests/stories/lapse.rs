//! A consent ends. Before anyone accepted, the referral waits again and its target sees nothing;
//! afterwards, the target's news stay away from the source.

use serde_json::{Value, json};

use crate::harness::{Gateway, Referral};

const HOUR_MS: i64 = 3_600_000;

/// Consent until the end of the story's first day, fourteen hours ahead.
fn until_tonight() -> Referral {
    Referral { period: ("2026-11-20", "2026-11-22"), ..Referral::food() }
}

#[test]
fn a_lapse_before_acceptance_hides_the_referral_until_consent_is_renewed() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let answer = clinic.post("/fhir", &until_tonight().bundle()).expect(200);
    let task = answer.entry(until_tonight().task_entry(0));
    let id = pantry.only_referral();
    let placed = pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    let placed_path = format!("/fhir/Task/{}", placed["id"].as_str().unwrap());
    let request = format!("/fhir/{}", placed["focus"]["reference"].as_str().unwrap());
    let patient = format!("/fhir/{}", placed["for"]["reference"].as_str().unwrap());
    pantry.get(&request).expect(200);
    pantry.get(&patient).expect(200);
    let before = gateway.kinds();

    gateway.pass(15 * HOUR_MS);
    let waiting = clinic.get(&task).expect(200).json;
    assert_eq!(waiting["status"], "requested");
    assert_eq!(waiting["businessStatus"]["text"], "waiting for consent");
    assert!(pantry.inbox().is_empty());
    assert_eq!(pantry.get("/fhir/Task").expect(200).json["entry"], Value::Null);
    for path in [&format!("/cbo/v1/referrals/{id}"), &placed_path, &request, &patient] {
        pantry.get(path).expect(404);
    }
    for act in ["accept", "no-show"] {
        pantry.act(&id, act, &json!({})).expect(404);
    }
    let mut accepted = placed.clone();
    accepted["status"] = json!("accepted");
    pantry.put(&placed_path, &accepted).expect(404);

    renew(&clinic, &answer.entry(1));
    assert_eq!(pantry.only_referral(), id);
    pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200);
    pantry.act(&id, "accept", &json!({})).expect(200);
    assert_eq!(clinic.get(&task).expect(200).json["status"], "accepted");

    let kinds = gateway.kinds();
    let of_referral: Vec<&String> =
        kinds[before.len()..].iter().filter(|kind| kind.starts_with("referral.")).collect();
    assert_eq!(of_referral, ["referral.held", "referral.resumed", "referral.accepted"]);
    assert_eq!(gateway.of_kind("referral.held")[0]["transition"]["held"], "C3");
    // Each refused attempt is one entry: the pantry is known.
    let denied = gateway.of_kind("phi.denied");
    assert_eq!(denied.len(), 7);
    let lapsed = denied.iter().filter(|fields| fields["basis"]["reason"] == "C3");
    assert_eq!(lapsed.count(), 3);
    gateway.stop();
}

#[test]
fn consent_is_over_at_its_last_instant_whether_or_not_the_gateway_has_looked() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let period = ("2026-11-20", "2026-11-22T10:00:20Z");
    let referral = Referral { period, ..Referral::food() };
    let answer = clinic.post("/fhir", &referral.bundle()).expect(200);
    let id = pantry.only_referral();
    // The end is inclusive, to the precision given.
    gateway.jump(20_500);
    assert_eq!(pantry.only_referral(), id);
    gateway.jump(500);
    assert!(pantry.inbox().is_empty());
    pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(404);
    pantry.act(&id, "accept", &json!({})).expect(404);
    let read = clinic.get(&answer.entry(referral.task_entry(0))).expect(200).json;
    assert_eq!(read["status"], "requested");
    let kinds = gateway.kinds();
    assert!(!kinds.iter().any(|kind| kind == "referral.accepted"));
    assert_eq!(kinds.iter().filter(|kind| *kind == "referral.held").count(), 1);
    gateway.stop();
}

#[test]
fn a_lapse_after_acceptance_withholds_the_news() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let answer = clinic.post("/fhir", &until_tonight().bundle()).expect(200);
    let task = answer.entry(until_tonight().task_entry(0));
    let id = pantry.only_referral();
    pantry.act(&id, "accept", &json!({})).expect(200);
    pantry.act(&id, "served", &json!({ "outcome": { "text": "Food box" } })).expect(200);
    let read = clinic.get(&task).expect(200).json;
    assert_eq!(read["status"], "completed");
    let procedure = read["output"][0]["valueReference"]["reference"].as_str().unwrap().to_owned();
    clinic.get(&format!("/fhir/{procedure}")).expect(200);
    let before = gateway.kinds();

    gateway.pass(15 * HOUR_MS);
    let withheld = clinic.get(&task).expect(200).json;
    assert_eq!(withheld["status"], "requested");
    assert_eq!(withheld["businessStatus"]["text"], "answer withheld");
    assert_eq!((&withheld["output"], &withheld["statusReason"]), (&Value::Null, &Value::Null));
    clinic.get(&format!("/fhir/{procedure}")).expect(404);
    let page = clinic.get("/fhir/Task?status=requested").expect(200).json;
    assert_eq!(page["entry"][0]["resource"], withheld);
    let page = clinic.get("/fhir/Task?status=completed").expect(200).json;
    assert_eq!(page["entry"], Value::Null);
    // Nor does an update tell: what it reads it may put, and every other status is refused alike.
    clinic.put(&task, &withheld).expect(200);
    for status in ["accepted", "in-progress", "completed", "failed", "rejected"] {
        let mut guess = withheld.clone();
        guess["status"] = json!(status);
        clinic.put(&task, &guess).expect(409);
    }
    pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(404);
    assert!(pantry.inbox().is_empty());

    let since = [
        "phi.denied", // the news
        "phi.disclosed",
        "phi.denied", // the Procedure
        "phi.reread", // the search, without the news
        "phi.denied", // the pantry's read
    ];
    assert_eq!(gateway.kinds()[before.len()..], since);
    renew(&clinic, &answer.entry(1));
    assert_eq!(clinic.get(&task).expect(200).json["status"], "completed");
    assert_eq!(pantry.inbox()[0]["status"], "served");
    gateway.stop();
}

/// The clinic puts its Consent with another year.
fn renew(clinic: &crate::harness::Party, consent: &str) {
    let mut renewed = clinic.get(consent).expect(200).json;
    renewed["provision"]["provision"][0]["period"]["end"] = json!("2027-11-22");
    clinic.put(consent, &renewed).expect(200);
}
