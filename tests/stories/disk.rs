//! The disk says no: no yes is given, the process ends, the next start recovers, and a resend does
//! what the first attempt did not (promises P1 and P3).

use super::crash::RECEIVED;
use crate::harness::{Gateway, Referral};

#[test]
fn a_disk_that_fails_ends_the_process_without_a_yes_and_a_resend_succeeds() {
    for step in ["write", "torn", "sync"] {
        let mut gateway = Gateway::start();
        let referral = Referral::food();
        let bundle = referral.bundle();
        gateway.fail_at(step, 1);
        let answer = gateway.party("clinic-b").post("/fhir", &bundle);
        // A broken connection, or "try again"; which of them depends on who is quicker.
        assert!(matches!(answer.status, 0 | 503), "{step}: {}", answer.status);
        if answer.status == 503 {
            assert_eq!(answer.json["issue"][0]["code"], "transient", "{step}");
        }
        assert!(!gateway.ended().success(), "{step}");

        gateway.serve();
        let kinds = gateway.kinds();
        assert!(kinds.is_empty() || kinds == RECEIVED, "{step}: {kinds:?}");
        let clinic = gateway.party("clinic-b");
        let answer = clinic.post("/fhir", &bundle).expect(200);
        assert_eq!(gateway.kinds(), RECEIVED, "{step}");
        let task = answer.entry(referral.task_entry(0));
        assert_eq!(clinic.get(&task).expect(200).json["status"], "requested");
        gateway.party("pantry").only_referral();
        gateway.stop();
    }
}

#[test]
fn a_disk_that_fails_under_a_read_lets_nothing_out() {
    let mut gateway = Gateway::start();
    let referral = Referral::food();
    let answer = gateway.party("clinic-b").post("/fhir", &referral.bundle()).expect(200);
    let task = answer.entry(referral.task_entry(0));
    gateway.fail_at("sync", 1);
    let read = gateway.party("clinic-b").get(&task);
    assert!(matches!(read.status, 0 | 503), "{}", read.status);
    assert!(!read.text.contains("requested"), "{}", read.text);
    assert!(!gateway.ended().success());
    gateway.serve();
    gateway.party("clinic-b").get(&task).expect(200);
    gateway.stop();
}
