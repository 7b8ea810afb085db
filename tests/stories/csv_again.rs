//! Ten thousand rows, downloaded, uploaded again: nothing changes, and nothing is written down.
//!
//! To hold it fast the rows are some hundred referrals many times over; the bench has as many referrals as
//! rows, and looks at the same counts.

use serde_json::json;

use super::csv_round_trip::{download, rows};
use crate::harness::{Gateway, Referral};

const PERSONS: usize = 5;
const EACH: usize = 90;
const TIMES: usize = 23;

#[test]
fn ten_thousand_rows_again_change_nothing() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    for person in 0..PERSONS {
        clinic.post("/fhir", &Referral::many(&format!("B-{person}"), EACH)).expect(200);
    }
    let (referrals, all) = (PERSONS * EACH, PERSONS * EACH * TIMES);
    assert!(all > 10_000);
    let file = String::from_utf8(download(&pantry)).unwrap();
    assert_eq!(rows(file.as_bytes()).len(), referrals);
    let (head, body) = file.split_once("\r\n").unwrap();
    let many = format!("{head}\r\n{}", body.repeat(TIMES));
    let counted = |file: &str| {
        let report = pantry.upload_csv(file.as_bytes()).expect(200).json;
        ["taken", "unchanged", "wrong"].map(|name| report[name].clone())
    };
    let before = gateway.count();
    assert_eq!(counted(&many), [json!(0), json!(all), json!(0)]);
    assert_eq!(gateway.count(), before);

    // All of them answered in one file: each once. And that file once more.
    let answered = many.replace(",new,", ",accepted,");
    assert_eq!(counted(&answered), [json!(referrals), json!(all - referrals), json!(0)]);
    assert_eq!(gateway.count(), before + 2 * referrals as u64, "the act, and that it was answered");
    let before = gateway.count();
    assert_eq!(counted(&answered), [json!(0), json!(all), json!(0)]);
    assert_eq!(gateway.count(), before);
    gateway.stop();
}
