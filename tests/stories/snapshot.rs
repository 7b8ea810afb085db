//! A start from a snapshot is a start from the first frame, only sooner; a snapshot that the log does not
//! vouch for, or that somebody touched, is not used.

use std::fs;

use loopgate_server::admin::Ask;
use serde_json::json;

use crate::harness::{Gateway, Referral};

/// What several parties see, and how much was recorded.
fn seen(gateway: &Gateway) -> Vec<String> {
    let mut seen = Vec::new();
    for (party, path) in [
        ("clinic-b", "/fhir/Task"),
        ("clinic-b", "/fhir/Task?_count=1"),
        ("hospital-a", "/fhir/Task"),
        ("pantry", "/cbo/v1/referrals"),
        ("pantry", "/fhir/Task?_lastUpdated=gt2026-11-22"),
    ] {
        seen.push(gateway.party(party).get(path).expect(200).text);
    }
    seen
}

#[test]
fn a_start_from_a_snapshot_is_a_start_from_the_beginning() {
    let mut gateway = Gateway::start_with(&[(["ledger", "snapshot_entries"], "10")]);
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let id = pantry.only_referral();
    pantry.act(&id, "accept", &json!({})).expect(200);
    let other = Referral { source: "hospital-a", mrn: "A-77", ..Referral::food() };
    gateway.party("hospital-a").post("/fhir", &other.bundle()).expect(200);
    gateway.party("hospital-a").post("/fhir", &other.bundle()).expect(200);
    // What is read again is in the log already.
    seen(&gateway);
    let before = (seen(&gateway), seen(&gateway)).1;
    gateway.kill();
    let state = gateway.root().join("data/state");
    let (kept, log) = (fs::read(&state).unwrap(), gateway.log());
    assert!(!log.contains("vouches"), "{log}");

    // As it is; with a byte changed; an older one; none: all the same.
    let mut rotten = kept.clone();
    let middle = rotten.len() / 2;
    rotten[middle] ^= 1;
    let cases = [
        (Some(kept.clone()), true),
        (Some(rotten), false),
        (None, false),
        (Some(kept), false), // the log knows a newer one
    ];
    for (state_file, used) in cases {
        match state_file {
            Some(bytes) => fs::write(&state, bytes).unwrap(),
            None => fs::remove_file(&state).unwrap(),
        }
        gateway.serve();
        assert_eq!(gateway.log().contains("the fold began at a snapshot"), used);
        assert_eq!(seen(&gateway), before);
        let snapshots = gateway.of_kind("ledger.snapshot");
        assert!(snapshots.len() > 1, "{snapshots:?}");
        let newest = &snapshots.last().unwrap()["payload"];
        assert!(newest["leaves"].as_u64().unwrap() <= gateway.count());
        assert!(gateway.kinds().len() > 20);
        gateway.stop();
    }
    // It is of no use to anybody who has not our key.
    let text = fs::read(&state).unwrap();
    assert!(!text.windows(5).any(|window| window == b"Maria" || window == b"B-204"));
    gateway.serve();
    let bundle = gateway.evidence();
    assert_eq!(loopgate_ledger::verify_bundle(&bundle, None).exit_code(), 0);
    assert!(gateway.admin(&Ask::Status).contains("entries"));
}
