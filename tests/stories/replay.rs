//! Start-up is replay: what a gateway knows after a restart is what it knew before.

use loopgate_server::admin::Ask;
use serde_json::json;

use crate::harness::{Gateway, Need, Referral};

/// Everything three parties see without asking for one resource, and how things stand.
fn seen(gateway: &Gateway) -> Vec<String> {
    let mut seen = Vec::new();
    for (party, paths) in [
        ("clinic-b", &["/fhir/Task", "/fhir/Task?status=requested", "/fhir/metadata"][..]),
        ("hospital-a", &["/fhir/Task", "/fhir/Task?_count=1"]),
        ("pantry", &["/cbo/v1/referrals", "/fhir/Task", "/fhir/Task?_lastUpdated=gt2026-11-22"]),
        ("housing", &["/cbo/v1/referrals", "/fhir/Task"]),
    ] {
        let party = gateway.party(party);
        seen.extend(paths.iter().map(|path| party.get(path).expect(200).text));
    }
    seen.push(gateway.admin(&Ask::Status));
    seen
}

#[test]
fn what_is_known_after_a_restart_is_what_was_known_before() {
    let mut gateway = Gateway::start();
    let (clinic, hospital) = (gateway.party("clinic-b"), gateway.party("hospital-a"));
    let (pantry, housing) = (gateway.party("pantry"), gateway.party("housing"));

    // Served; accepted; declined; waiting for consent; called off.
    clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let served = pantry.only_referral();
    pantry.act(&served, "accept", &json!({})).expect(200);
    pantry.act(&served, "appointment", &json!({ "start": "2026-11-27T16:00:00Z" })).expect(200);
    pantry.act(&served, "no-show", &json!({})).expect(200);
    gateway.pass(1_000);
    pantry.act(&served, "served", &json!({ "outcome": { "text": "Food box" } })).expect(200);
    let both = Referral {
        source: "hospital-a",
        mrn: "A-77",
        consent: Some(vec![Need::Food, Need::Housing]),
        needs: vec![Need::Food, Need::Housing],
        ..Referral::food()
    };
    let answer = hospital.post("/fhir", &both.bundle()).expect(200);
    let first = answer.entry(both.task_entry(0));
    let referral = housing.only_referral();
    let no = json!({ "reason": { "code": "no-capacity", "text": "No room this month" } });
    housing.act(&referral, "decline", &no).expect(200);
    let mut task = hospital.get(&first).expect(200).json;
    task["status"] = json!("cancelled");
    task["statusReason"] = json!({ "text": "No longer needed" });
    hospital.put(&first, &task).expect(200);
    let held = Referral { mrn: "B-2", consent: None, ..Referral::food() };
    clinic.post("/fhir", &held.bundle()).expect(200);
    clinic.post("/fhir", &Referral { mrn: "B-3", ..Referral::food() }.bundle()).expect(200);
    gateway.stranger().get("/fhir/Task").expect(401);
    gateway.pass(61_000);

    // What is read for the third time is in the log already: reading changes nothing any more.
    seen(&gateway);
    seen(&gateway);
    let before = seen(&gateway);
    assert_eq!(seen(&gateway), before);
    assert!(before.iter().any(|text| text.contains("waiting for consent")), "{before:?}");
    let kinds = gateway.kinds();

    gateway.stop();
    gateway.serve();
    let exported = gateway.admin(&Ask::Status);
    assert_eq!(gateway.kinds(), kinds);
    // But for the two exports, nothing was added.
    let after = seen(&gateway);
    assert_eq!(after[..after.len() - 1], before[..before.len() - 1]);
    assert_eq!(entries(&exported), entries(before.last().unwrap()) + 1);
    assert_eq!(entries(after.last().unwrap()), entries(before.last().unwrap()) + 2);

    // The same after a death.
    gateway.kill();
    gateway.serve();
    assert_eq!(seen(&gateway), after);
    gateway.stop();
}

fn entries(status: &str) -> u64 {
    status.split(' ').next().unwrap().parse().unwrap()
}
