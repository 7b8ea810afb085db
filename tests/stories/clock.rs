//! A wall clock that jumps is not believed: nothing is decided until an operator says that it is
//! right, and what is recorded stays in order.

use loopgate_server::admin::Ask;
use serde_json::json;

use crate::harness::{Gateway, Party, Referral, START_MS};

#[test]
fn a_jump_stops_the_gateway_until_an_operator_confirms_the_clock() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let answer = clinic.post("/fhir", &referral.bundle()).expect(200);
    let task = answer.entry(referral.task_entry(0));
    let id = pantry.only_referral();
    let mut seen = vec![updated(&clinic, &task)];

    // A minute forward and some seconds back are believed.
    gateway.jump(60_000);
    pantry.act(&id, "accept", &json!({})).expect(200);
    seen.push(updated(&clinic, &task));
    gateway.jump(-4_000);
    clinic.get(&task).expect(200);

    gateway.jump(61_000);
    stands_still(&gateway, &clinic, &pantry, &task, &id);
    // Going back by itself is not enough.
    gateway.jump(-61_000);
    stands_still(&gateway, &clinic, &pantry, &task, &id);
    gateway.jump(61_000);
    gateway.admin(&Ask::ClockConfirm);
    pantry.act(&id, "appointment", &json!({ "start": "2026-11-27T16:00:00Z" })).expect(200);
    seen.push(updated(&clinic, &task));

    gateway.jump(-6_000);
    stands_still(&gateway, &clinic, &pantry, &task, &id);
    gateway.admin(&Ask::ClockConfirm);
    pantry.act(&id, "no-show", &json!({})).expect(200);
    seen.push(updated(&clinic, &task));
    pantry.act(&id, "appointment", &json!({ "start": "2026-11-29T16:00:00Z" })).expect(200);
    seen.push(updated(&clinic, &task));
    gateway.pass(10_000);
    pantry.act(&id, "served", &json!({ "outcome": { "text": "Food box" } })).expect(200);
    seen.push(updated(&clinic, &task));

    let instants: Vec<jiff::Timestamp> = seen.iter().map(|text| text.parse().unwrap()).collect();
    assert!(instants.is_sorted_by(|a, b| a < b), "{seen:?}");
    let moves: Vec<String> =
        gateway.kinds().into_iter().filter(|kind| kind.starts_with("referral.")).collect();
    let expected = [
        "referral.received",
        "referral.sent",
        "referral.accepted",
        "referral.started",
        "referral.appointment",
        "referral.no-show",
        "referral.appointment",
        "referral.outcome",
        "referral.closed",
    ];
    assert_eq!(moves, expected);
    gateway.stop();
}

#[test]
fn a_gateway_that_wakes_with_an_old_time_does_nothing_until_an_operator_confirms_it() {
    let mut gateway = Gateway::start();
    gateway.pass(100_000);
    let referral = Referral::food();
    let answer = gateway.party("clinic-b").post("/fhir", &referral.bundle()).expect(200);
    let task = answer.entry(referral.task_entry(0));
    let status = gateway.admin(&Ask::Status);
    gateway.stop();
    gateway.wake_at(START_MS + 90_000);
    gateway.serve();
    let again = Referral { mrn: "B-9", ..Referral::food() }.bundle();
    for answer in [
        gateway.party("clinic-b").get(&task),
        gateway.party("clinic-b").post("/fhir", &again),
        gateway.party("pantry").get("/cbo/v1/referrals"),
    ] {
        assert_eq!(answer.status, 503, "{}", answer.text);
    }
    assert_eq!(gateway.admin(&Ask::Status), status);

    gateway.admin(&Ask::ClockConfirm);
    let before = updated(&gateway.party("clinic-b"), &task);
    let answer = gateway.party("clinic-b").post("/fhir", &again).expect(200);
    let later = updated(&gateway.party("clinic-b"), &answer.entry(referral.task_entry(0)));
    let [before, later] = [before, later].map(|at| at.parse::<jiff::Timestamp>().unwrap());
    assert!(before < later, "{before} {later}");
    gateway.party("pantry").get("/cbo/v1/referrals").expect(200);
    gateway.stop();
}

/// Whoever asks is told to try again, and nothing is appended.
fn stands_still(gateway: &Gateway, clinic: &Party, pantry: &Party, task: &str, id: &str) {
    let before = gateway.admin(&Ask::Status);
    let refused = [
        clinic.get(task),
        clinic.get("/fhir/Task"),
        clinic.post("/fhir", &Referral { mrn: "B-9", ..Referral::food() }.bundle()),
        pantry.get("/cbo/v1/referrals"),
        pantry.act(id, "decline", &json!({ "reason": { "code": "no-capacity", "text": "full" } })),
    ];
    for answer in refused {
        answer.expect(503);
    }
    gateway.try_admin(&Ask::PartnersReload).unwrap_err();
    assert_eq!(gateway.admin(&Ask::Status), before);
}

fn updated(clinic: &Party, task: &str) -> String {
    let task = clinic.get(task).expect(200).json;
    task["meta"]["lastUpdated"].as_str().unwrap().to_owned()
}
