//! Ten thousand rows, downloaded, uploaded again: nothing changes, and nothing is written down.

use serde_json::{Value, json};

use super::csv_round_trip::{download, rows};
use crate::harness::{Gateway, Need, Referral, consent, patient};

const PERSONS: usize = 112;
const EACH: usize = 90;

/// A Bundle about one person: so many referrals for food.
fn bundle(person: usize) -> Value {
    let mrn: &'static str = Box::leak(format!("B-{person}").into_boxed_str());
    let one = Referral { mrn, ..Referral::food() }.bundle();
    let url = |n: usize| format!("urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-{n:012}");
    let entries = one["entry"].as_array().unwrap();
    let mut all: Vec<Value> = entries[..2].to_vec();
    all[0]["resource"] = patient("clinic-b", mrn);
    all[1]["resource"] = consent(&url(0), "clinic-b", &[Need::Food], "2026-11-20", "2027-11-20");
    for n in 0..EACH {
        let (mut request, mut task) = (entries[2].clone(), entries[3].clone());
        request["fullUrl"] = json!(url(100 + 2 * n));
        task["fullUrl"] = json!(url(101 + 2 * n));
        task["resource"]["focus"]["reference"] = json!(url(100 + 2 * n));
        task["resource"]["identifier"][0]["value"] = json!(format!("{mrn}-{n}"));
        all.extend([request, task]);
    }
    json!({ "resourceType": "Bundle", "type": "transaction", "entry": all })
}

#[test]
fn ten_thousand_rows_again_change_nothing() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    for person in 0..PERSONS {
        clinic.post("/fhir", &bundle(person)).expect(200);
    }
    let file = download(&pantry);
    assert_eq!(rows(&file).len(), PERSONS * EACH);
    let before = gateway.count();
    let report = pantry.upload_csv(&file).expect(200).json;
    assert_eq!(report["unchanged"], json!(PERSONS * EACH), "{}", report["taken"]);
    assert_eq!((&report["taken"], &report["wrong"]), (&json!(0), &json!(0)));
    assert_eq!(gateway.count(), before);

    // All of them answered in one file; and that file once more.
    let text = String::from_utf8(file).unwrap();
    let answered = text.replace(",new,", ",accepted,");
    let report = pantry.upload_csv(answered.as_bytes()).expect(200).json;
    assert_eq!(report["taken"], json!(PERSONS * EACH), "{}", report["wrong"]);
    let before = gateway.count();
    let report = pantry.upload_csv(answered.as_bytes()).expect(200).json;
    assert_eq!(report["unchanged"], json!(PERSONS * EACH));
    assert_eq!(gateway.count(), before);
    gateway.stop();
}
