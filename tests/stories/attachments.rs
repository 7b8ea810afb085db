//! A document too large for the log is kept beside it, encrypted, and reads back the same.

use std::fs;

use serde_json::json;

use crate::harness::{Gateway, Need, consent, patient};

#[test]
fn a_scanned_form_of_half_a_megabyte_comes_back_and_lies_nowhere_in_the_clear() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let maria = clinic.post("/fhir/Patient", &patient("clinic-b", "B-1")).expect(201).created();
    let reference = maria.trim_start_matches("/fhir/").to_owned();
    let scan = "TWFyaWEgc2lnbmVkIHRoaXMgZm9ybS4g".repeat(16_384);
    let mut form = consent(&reference, "clinic-b", &[Need::Food], "2026-11-20", "2027-11-20");
    form["sourceAttachment"] = json!({ "contentType": "application/pdf", "data": scan });
    let form = clinic.post("/fhir/Consent", &form).expect(201).created();
    assert_eq!(clinic.get(&form).expect(200).json["sourceAttachment"]["data"], scan);

    let vault = gateway.root().join("data/vault");
    let files: Vec<_> = fs::read_dir(&vault).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    let kept = fs::read(&files[0]).unwrap();
    assert!(kept.len() > scan.len());
    assert!(!kept.windows(32).any(|window| window == &scan.as_bytes()[..32]));

    gateway.stop();
    gateway.serve();
    let clinic = gateway.party("clinic-b");
    assert_eq!(clinic.get(&form).expect(200).json["sourceAttachment"]["data"], scan);

    // A file that was changed is not served as if it were what was received.
    let mut rotten = kept;
    rotten[1000] ^= 1;
    fs::write(&files[0], rotten).unwrap();
    clinic.get(&form).expect(503);
}
