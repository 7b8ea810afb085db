//! The log's key is followed by another: both sign for a while, the old one is destroyed, and whoever
//! pinned the old one still verifies everything.

use std::fs;

use loopgate_ledger::{open_checkpoint, verify_bundle, verify_consistency};
use loopgate_server::admin::Ask;

use crate::harness::{Gateway, Referral};

const DAY_MS: i64 = 86_400_000;

#[test]
fn who_pinned_the_old_key_verifies_what_the_new_one_signs() {
    let mut gateway = Gateway::start();
    let checkpoint = |gateway: &Gateway| gateway.stranger().get("/ledger/checkpoint").text;
    let clinic = gateway.party("clinic-b");
    clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let keys = |gateway: &Gateway| gateway.stranger().get("/ledger/log.vkeys").expect(200).text;
    let first = keys(&gateway).trim().to_owned();
    let before = gateway.evidence();

    let second = gateway.admin(&Ask::RotateKey);
    assert!(gateway.try_admin(&Ask::RotateKey).is_err(), "one rotation at a time");
    assert_eq!(keys(&gateway), format!("{first}\n{second}\n"));
    clinic.get("/fhir/Task").expect(200);
    gateway.pass(2_000);
    let note = checkpoint(&gateway);
    assert!(open_checkpoint(&note, &first).is_ok() && open_checkpoint(&note, &second).is_ok());
    let between = gateway.evidence();
    for pinned in [&first, &second] {
        let report = verify_bundle(&between, Some(pinned));
        assert_eq!(report.exit_code(), 0, "{report:?}");
    }

    // A restart in the middle changes nothing.
    gateway.kill();
    gateway.serve();
    assert!(gateway.root().join("keys/ledger.seed").exists());
    gateway.pass(31 * DAY_MS);
    assert!(!gateway.root().join("keys/ledger.seed").exists(), "the old key is destroyed");
    let last = gateway.of_kind("ledger.key");
    assert_eq!(last[0]["payload"]["to"], *second);
    assert_eq!(last[1]["payload"]["retired"], *first);
    let after = gateway.evidence();
    let note = checkpoint(&gateway);
    assert!(open_checkpoint(&note, &first).is_err() && open_checkpoint(&note, &second).is_ok());
    for pinned in [&first, &second] {
        let report = verify_bundle(&after, Some(pinned));
        assert_eq!(report.exit_code(), 0, "{report:?}");
    }
    assert_eq!(verify_consistency(&before, &between, Some(&first)).exit_code(), 0);
    assert_eq!(verify_consistency(&between, &after, Some(&second)).exit_code(), 0);
    // Somebody else's key is nobody's.
    let stranger = first.replace("+", "x+");
    assert_eq!(verify_bundle(&after, Some(&stranger)).exit_code(), 2);

    // A start without the destroyed key.
    gateway.stop();
    gateway.serve();
    assert_eq!(keys(&gateway), format!("{first}\n{second}\n"));
    assert_eq!(verify_consistency(&after, &gateway.evidence(), Some(&first)).exit_code(), 0);
    gateway.stop();
    fs::write(gateway.root().join("keys/ledger-2.seed"), "00".repeat(32)).unwrap();
    assert!(!gateway.try_serve(), "that is not the key that was announced");
}
