//! A housing organization exports its referrals as HMIS events: no name in them, a code where the format
//! has one, and a list of what it does not say.

use loopgate_server::admin::Ask;
use serde_json::json;

use super::csv_round_trip::rows;
use crate::harness::{Gateway, Need, Referral};

const HEAD: &str = "EventID,EnrollmentID,PersonalID,EventDate,Event,ProbSolDivRRResult,ReferralCaseManageAfter,\
                    LocationCrisisOrPHHousing,ReferralResult,ResultDate,DateCreated,DateUpdated,UserID,DateDeleted,ExportID";

#[test]
fn housing_referrals_are_events_and_the_rest_is_listed() {
    let mut gateway = Gateway::start();
    gateway.change_partner("housing", |text| {
        text.replace("time_zone = \"UTC\"", "time_zone = \"America/Los_Angeles\"")
    });
    let (clinic, housing) = (gateway.party("clinic-b"), gateway.party("housing"));
    let both = vec![Need::Food, Need::Housing];
    let refer = |mrn, need| {
        let referral = Referral {
            mrn,
            consent: Some(both.clone()),
            needs: vec![need],
            owner: Some("housing"),
            ..Referral::food()
        };
        clinic.post("/fhir", &referral.bundle()).expect(200);
    };
    refer("B-1", Need::Housing);
    refer("B-2", Need::Housing);
    refer("B-3", Need::Housing);
    refer("B-4", Need::Food);
    let ids: Vec<String> =
        housing.inbox().iter().map(|row| row["referral_id"].as_str().unwrap().to_owned()).collect();
    housing.act(&ids[0], "served", &json!({ "outcome": { "text": "Rent paid" } })).expect(200);
    let why = |code: &str| json!({ "reason": { "code": code, "text": "So it is" } });
    housing.act(&ids[1], "decline", &why("client-declined")).expect(200);
    housing.act(&ids[2], "decline", &why("not-reached")).expect(200);

    let bytes = housing.bytes("/cbo/v1/hmis/Event.csv");
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert_eq!(text.lines().next(), Some(HEAD));
    let events = rows(&bytes);
    assert_eq!(events.len(), 3);
    let result =
        |n: usize| (events[n]["ReferralResult"].as_str(), events[n]["ResultDate"].as_str());
    // 10:00 UTC is 2 in the morning there, of the same day.
    assert_eq!(
        [result(0), result(1), result(2)],
        [("1", "2026-11-22"), ("2", "2026-11-22"), ("", "")]
    );
    for event in &events {
        assert_eq!((event["Event"].as_str(), event["EventDate"].as_str()), ("1", "2026-11-22"));
        assert!(event["DateCreated"].starts_with("2026-11-22 02:00:0"), "{event:?}");
        assert_eq!(event["EventID"].len(), 32);
        assert!(
            event["PersonalID"].starts_with("ps1.") && event["EnrollmentID"].starts_with("en1.")
        );
    }
    let mut persons: Vec<&String> = events.iter().map(|event| &event["PersonalID"]).collect();
    persons.dedup();
    assert_eq!(persons.len(), 3);
    for word in ["Maria", "Lindqvist", "0142", "B-1", "Rent"] {
        assert!(!text.contains(word), "{word}");
    }
    let lost = rows(&housing.bytes("/cbo/v1/hmis/Event-not-carried.csv"));
    let of = |id: &str, field: &str| {
        let found = lost.iter().find(|row| row["EventID"] == id && row["Field"] == field);
        found.map(|row| row["Why"].as_str()).unwrap_or_default()
    };
    assert!(of(&events[0]["EventID"], "ReferralResult").contains("that they were served is lost"));
    assert!(
        of(&events[2]["EventID"], "ReferralResult").contains("could not be reached has no code")
    );
    assert!(
        lost.iter().any(|row| row["Why"] == "not a housing need; the referral is not in Event.csv")
    );
    // One entry for each person, as for any page.
    let shown = gateway.of_kind("phi.disclosed").into_iter();
    let shown = shown.filter(|entry| entry["disclosed"]["view"] == "hmis-event").count();
    assert_eq!(shown, 4, "three persons by the events, one more by the list");

    // The operator writes the same files, which is a disclosure to the organization.
    let out = gateway.beside("hmis");
    let ask = |hmis, out: &std::path::Path| Ask::ExportCsv {
        out: out.to_owned(),
        org: "housing".parse().unwrap(),
        hmis,
    };
    let before = gateway.count();
    assert_eq!(gateway.admin(&ask(true, &out)), "Event.csv, Event-not-carried.csv");
    assert!(gateway.count() > before);
    assert_eq!(rows(&std::fs::read(out.join("Event.csv")).unwrap()).len(), 3);
    gateway.try_admin(&ask(true, &out)).unwrap_err();
    let out = gateway.beside("referrals");
    gateway.admin(&ask(false, &out));
    assert_eq!(
        rows(&std::fs::read(out.join("referrals.csv")).unwrap()).len(),
        1,
        "those that are open"
    );
    gateway.stop();
}
