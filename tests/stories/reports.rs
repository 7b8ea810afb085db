//! A report over one referral, person or organization proves that it is all there is, offline; whatever is
//! left out of it is missed.

use std::fs;
use std::path::PathBuf;

use loopgate_ledger::{read_report, rebuild_index, verify_report};
use loopgate_server::admin::{Ask, Class};
use serde_json::{Value, json};

use crate::harness::{Gateway, Referral};

fn report(gateway: &Gateway, of: Class, id: &str) -> PathBuf {
    let out = gateway.beside(&format!("report-{}", gateway.count()));
    let shown = ["kind", "subject", "patient", "parties", "disclosed"].map(str::to_owned).to_vec();
    let (case, id) = ("C-9".to_owned(), id.to_owned());
    gateway.admin(&Ask::ExportReport { out: out.clone(), case, of, id, shown });
    out
}

fn ids(gateway: &Gateway) -> (String, String) {
    let received = &gateway.of_kind("referral.received")[0];
    let id = |field: &str| received[field][0]["id"].as_str().unwrap().to_owned();
    (id("subject"), id("patient"))
}

#[test]
fn a_report_is_whole_and_what_is_missing_from_it_is_missed() {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let other = Referral { source: "hospital-a", mrn: "A-77", ..Referral::food() };
    gateway.party("hospital-a").post("/fhir", &other.bundle()).expect(200);
    let id = pantry.inbox()[0]["referral_id"].as_str().unwrap().to_owned();
    pantry.act(&id, "accept", &json!({})).expect(200);
    let (referral, person) = ids(&gateway);
    let of_entries = |field: &str, id: &str| {
        let about = |entry: &Value| {
            let links = entry[field].as_array().cloned().unwrap_or_default();
            links.iter().any(|link| link["id"] == id)
        };
        gateway.entries().iter().filter(|entry| about(&entry.fields)).count() as u64
    };

    for (class, field, id) in [
        (Class::Subject, "subject", referral.as_str()),
        (Class::Patient, "patient", &person),
        (Class::Party, "parties", "pantry"),
    ] {
        let expected = of_entries(field, id);
        let file = report(&gateway, class, id);
        let (verdict, listing) = read_report(&file, None);
        assert_eq!(verdict.exit_code(), 0, "{verdict:?}");
        let listing = listing.unwrap();
        assert_eq!((listing.count, listing.rows.len() as u64), (expected, expected), "{field}");
        // Without any one of its entries it is not whole; with a bit of it changed it is not ours.
        let lines: Vec<String> =
            fs::read_to_string(&file).unwrap().lines().map(str::to_owned).collect();
        for left_out in 1..lines.len() {
            let mut fewer = lines.clone();
            fewer.remove(left_out);
            let copy = gateway.beside("fewer");
            fs::write(&copy, fewer.join("\n") + "\n").unwrap();
            let code = verify_report(&copy, None).exit_code();
            assert!(matches!(code, 2 | 3), "entry {left_out} of {field}: {code}");
            assert!(code == 3 || left_out + 1 < lines.len(), "the last one is only missing");
        }
    }
    // Nothing is recorded of somebody nobody knows, and that is proved too.
    let nobody = format!("per_{}", "0".repeat(32));
    let (verdict, listing) = read_report(&report(&gateway, Class::Patient, &nobody), None);
    assert_eq!((verdict.exit_code(), listing.unwrap().count), (0, 0));

    // Whoever has a bundle computes every root anew.
    let bundle = gateway.evidence();
    let (verdict, walked) = rebuild_index(&bundle, None);
    assert_eq!(verdict.exit_code(), 0, "{verdict:?}");
    let walked = walked.unwrap();
    assert_eq!((walked.roots, walked.first_difference), (4, None));
    let exported = gateway.of_kind("ledger.exported");
    let what = json!(format!("subject {referral}"));
    assert!(exported.iter().any(|entry| entry["disclosed"]["what"] == what), "{exported:?}");
}
