//! Ten thousand rows, downloaded, uploaded again: nothing changes, and nothing is written down.

use serde_json::json;

use super::csv_round_trip::{download, rows};
use crate::harness::{Gateway, Referral};

const PERSONS: usize = 112;
const EACH: usize = 90;

#[test]
fn ten_thousand_rows_again_change_nothing() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    for person in 0..PERSONS {
        clinic.post("/fhir", &Referral::many(&format!("B-{person}"), EACH)).expect(200);
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
