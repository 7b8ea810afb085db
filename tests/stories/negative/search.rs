//! N35, N36, N38: what a search may not be asked, and what no page tells.

use serde_json::Value;

use crate::harness::{Gateway, Party, Referral};

/// A gateway with a referral to the pantry, and one that it does not see.
fn two() -> (Gateway, Party, Party) {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let hidden = Referral { mrn: "B-2", consent: None, ..Referral::food() };
    clinic.post("/fhir", &hidden.bundle()).expect(200);
    pantry.only_referral();
    (gateway, clinic, pantry)
}

/// Refused in FHIR's words, by both parties, and nothing is recorded.
#[track_caller]
fn refused(case: &(Gateway, Party, Party), queries: &[&str]) {
    let (gateway, clinic, pantry) = case;
    let before = gateway.count();
    for query in queries {
        for party in [clinic, pantry] {
            let answer = party.get(&format!("/fhir/Task?{query}"));
            assert_eq!(answer.status, 400, "{query}: {}", answer.text);
            assert_eq!(answer.json["resourceType"], "OperationOutcome", "{query}");
            assert!(!answer.text.contains("Maria") && answer.json.get("total").is_none());
        }
    }
    assert_eq!(gateway.count(), before);
}

#[test]
fn n35_searches_that_cost_or_ask_too_much() {
    let case = two();
    let many = vec!["_id=a"; 500].join("&");
    let alternatives = format!("_id={}", vec!["a"; 500].join(","));
    let unknown: String = (0..500).map(|n| format!("p{n}=x&")).collect();
    refused(
        &case,
        &[
            "name:contains=%25",
            "patient.name:contains=Mar",
            "_count=1000000000",
            "_count=-1",
            "_count=0",
            "_count=1e3",
            "_count=0x10",
            "_include=*",
            "_include:iterate=Task:patient",
            "_include:recurse=*",
            "_has:Consent:patient:status=active",
            "_has:Task:focus:_has:Task:owner:status=requested",
            "status:text=(a%2B)%2B%24",
            "_id:contains=.*",
            "_filter=status%20eq%20requested",
            "_query=everything",
            "_text=Maria",
            "_content=Maria",
            "_list=x",
            "_sort=status,nonsense",
            "_cursor=%00",
            "_cursor=zz&_cursor=zz",
            &many,
            &alternatives,
            &unknown,
        ],
    );
    // The longest there may be is answered, with no more than a page.
    let (_, clinic, _) = &case;
    let page = clinic.get("/fhir/Task?_count=999999999").expect(200).json;
    assert_eq!(page["entry"].as_array().unwrap().len(), 2);
    let longest = format!("/fhir/Task?{}", vec!["status=requested"; 100].join("&"));
    clinic.get(&longest).expect(200);
}

#[test]
fn n36_counts_that_would_tell_of_what_is_hidden() {
    let case = two();
    refused(
        &case,
        &[
            "_total=accurate",
            "_total=estimate",
            "_summary=count",
            "_summary=nonsense",
            "_elements=",
            "_since=2026-11-22",
            "_type=Task",
            "_page=2",
            "_offset=1",
        ],
    );
    let (gateway, clinic, pantry) = &case;
    let before = gateway.count();
    for format in ["xml", "application%2Ffhir%2Bxml", "text%2Fhtml"] {
        for party in [clinic, pantry] {
            let answer = party.get(&format!("/fhir/Task?_format={format}"));
            assert_eq!((answer.status, answer.text.contains("Maria")), (406, false), "{format}");
        }
    }
    assert_eq!(gateway.count(), before);
    for query in [
        "",
        "_format=json",
        "status=requested",
        "_count=1",
        "_total=none",
        "_summary=true",
        "_summary=data",
        "_elements=status",
    ] {
        let page = pantry.get(&format!("/fhir/Task?{query}")).expect(200).json;
        assert_eq!((page.get("total"), page["entry"].as_array().unwrap().len()), (None, 1));
    }
    // The page after the last it sees does not say that there was another.
    let first = pantry.get("/fhir/Task?_count=1").expect(200).json;
    let next = first["link"].as_array().unwrap().iter().find(|link| link["relation"] == "next");
    if let Some(next) = next {
        let url = next["url"].as_str().unwrap();
        let page = pantry.get(&format!("/fhir{}", url.split_once("/fhir").unwrap().1)).expect(200);
        assert_eq!(page.json["entry"], Value::Null);
    }
    let list = pantry.get("/cbo/v1/referrals").expect(200).json;
    assert_eq!(list.as_object().unwrap().keys().collect::<Vec<_>>(), ["referrals"]);
    for query in ["total=true", "count=true", "limit=0", "limit=1000000000", "limit=-1"] {
        pantry.get(&format!("/cbo/v1/referrals?{query}")).expect(422);
    }
}

#[test]
fn n38_what_a_search_would_bring_along() {
    let case = two();
    refused(
        &case,
        &[
            "_include=Task:patient:Consent",
            "_include=Task:location",
            "_include=Patient:general-practitioner",
            "_revinclude=Consent:patient",
            "_revinclude=Provenance:target",
            "_revinclude:iterate=Task:part-of",
            "patient.name=Maria",
            "patient:Patient.birthdate=1988-04-02",
            "patient.identifier=urn:example:clinic-b:mrn%7CB-20417",
            "focus:ServiceRequest.category=food-insecurity",
            "requester.name=Clinic",
        ],
    );
    let (gateway, clinic, pantry) = &case;
    // What is found is what was asked for, and of whoever asked.
    for party in [clinic, pantry] {
        let page = party.get("/fhir/Task").expect(200).json;
        let entries = page["entry"].as_array().unwrap();
        assert!(entries.iter().all(|entry| {
            entry["resource"]["resourceType"] == "Task" && entry["search"]["mode"] == "match"
        }));
    }
    assert!(gateway.party("housing").get("/fhir/Task").expect(200).json["entry"].is_null());
    // Nor does another type show what is not the caller's.
    let before = gateway.count();
    for kind in ["Consent", "Observation", "Coverage"] {
        let page = pantry.get(&format!("/fhir/{kind}")).expect(200).json;
        assert!(page["entry"].is_null(), "{page}");
    }
    assert_eq!(gateway.count(), before);
    for kind in ["Provenance", "AuditEvent", "Nonsense"] {
        pantry.get(&format!("/fhir/{kind}")).expect(404);
    }
    let before = gateway.count();
    pantry.get("/fhir?_type=Patient").expect(405);
    pantry.get("/fhir/Patient/1/Task").expect(405);
    pantry.get("/fhir/Patient/1/$everything").expect(405);
    assert_eq!(gateway.count(), before);
}
