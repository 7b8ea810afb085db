//! The inbox: what it is narrowed to, and waiting for what comes.

use std::thread;

use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Need, Party, Referral};

fn refer(gateway: &Gateway, mrn: &'static str) {
    let clinic = gateway.party("clinic-b");
    clinic.post("/fhir", &Referral { mrn, ..Referral::food() }.bundle()).expect(200);
}

/// The ids of a page.
fn ids(answer: &Answer) -> Vec<String> {
    let rows = answer.json["referrals"].as_array().unwrap();
    rows.iter().map(|row| row["referral_id"].as_str().unwrap().to_owned()).collect()
}

fn list(party: &Party, query: &str) -> Vec<String> {
    ids(&party.get(&format!("/cbo/v1/referrals{query}")).expect(200))
}

/// Looks until so many wait.
fn waiting(gateway: &Gateway, count: usize) {
    let wanted = format!("\nloopgate_cbo_waiting {count}\n");
    while !gateway.metrics().contains(&wanted) {
        thread::yield_now();
    }
}

#[test]
fn the_inbox_is_narrowed_to_what_is_asked_for() {
    let mut gateway = Gateway::start();
    let pantry = gateway.party("pantry");
    for mrn in ["B-1", "B-2", "B-3"] {
        refer(&gateway, mrn);
    }
    let all = list(&pantry, "");
    assert_eq!(all.len(), 3);
    pantry.act(&all[0], "accept", &json!({})).expect(200);
    pantry.act(&all[1], "decline", &json!({ "reason": { "code": "out-of-area" } })).expect(200);
    gateway.pass(60_000);
    pantry.act(&all[2], "assign", &json!({ "to": "Rosa" })).expect(200);
    for (query, wanted) in [
        ("?status=accepted", vec![0]),
        ("?status=declined", vec![1]),
        ("?status=accepted&status=new", vec![0, 2]),
        ("?status=served", vec![]),
        ("?need=food-insecurity", vec![0, 1, 2]),
        ("?need=housing-instability", vec![]),
        ("?assigned=Rosa", vec![2]),
        ("?assigned=rosa", vec![]),
        ("?assigned=", vec![0, 1]),
        ("?assigned=&status=declined", vec![1]),
        ("?changed_since=2026-11-22T10:00:30Z", vec![2]),
        ("?changed_since=2026-11-22T11:00:30%2B01:00", vec![2]),
        ("?changed_since=2026-11-22T10:01:30Z", vec![]),
        ("?changed_since=1969-01-01T00:00:00Z", vec![0, 1, 2]),
    ] {
        let wanted: Vec<String> = wanted.into_iter().map(|n: usize| all[n].clone()).collect();
        assert_eq!(list(&pantry, query), wanted, "{query}");
    }
    for query in [
        "?status=requested",
        "?need=Food",
        "?limit=0",
        "?limit=x",
        "?limit=%2B1",
        "?wait=61",
        "?wait=-1",
        "?after=00",
        "?after=zz",
        "?changed_since=2026-11-22",
        "?changed_since=2026-11-22T10:00:00",
        "?limit=1&limit=2",
        "?colour=red",
    ] {
        let refused = pantry.get(&format!("/cbo/v1/referrals{query}")).expect(422);
        assert_eq!(refused.json["type"], "urn:loopgate:problem:invalid", "{query}");
    }
    // One after the other, with a filter: nothing is skipped and nothing comes twice.
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = pantry.get(&format!("/cbo/v1/referrals?assigned=&limit=1{after}")).expect(200);
        seen.extend(ids(&page));
        let Some(next) = page.json["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, all[..2]);
    gateway.stop();
}

#[test]
fn who_waits_is_answered_once_something_comes() {
    let mut gateway = Gateway::start();
    let pantry = gateway.party("pantry");
    // Nothing there, and nothing waited for: where to go on is said all the same.
    let first = pantry.get("/cbo/v1/referrals?wait=0").expect(200);
    assert_eq!(first.json, json!({ "referrals": [], "next": "0".repeat(32) }));
    let next = first.json["next"].as_str().unwrap().to_owned();
    let found = thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let pantry = gateway.party("pantry");
            pantry.get(&format!("/cbo/v1/referrals?wait=25&after={next}"))
        });
        waiting(&gateway, 1);
        // What comes for somebody else wakes nobody here.
        let other = Referral {
            source: "hospital-a",
            mrn: "A-1",
            consent: Some(vec![Need::Housing]),
            needs: vec![Need::Housing],
            ..Referral::food()
        };
        gateway.party("hospital-a").post("/fhir", &other.bundle()).expect(200);
        assert!(!waits.is_finished());
        refer(&gateway, "B-1");
        waits.join().unwrap().expect(200)
    });
    waiting(&gateway, 0);
    let [id] = ids(&found).try_into().unwrap();
    let next = found.json["next"].as_str().unwrap().to_owned();
    assert!(next.as_str() > first.json["next"].as_str().unwrap());
    // What changed comes again, and with a filter only what is asked for.
    let changed = thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let pantry = gateway.party("pantry");
            pantry.get(&format!("/cbo/v1/referrals?wait=25&status=served&after={next}"))
        });
        waiting(&gateway, 1);
        pantry.act(&id, "accept", &json!({})).expect(200);
        pantry.act(&id, "served", &json!({ "outcome": { "text": "A box" } })).expect(200);
        waits.join().unwrap().expect(200)
    });
    assert_eq!(changed.json["referrals"][0]["status"], "served");
    // When the time is over: nothing, and where to go on.
    let next = changed.json["next"].as_str().unwrap();
    let over = pantry.get(&format!("/cbo/v1/referrals?wait=1&after={next}")).expect(200);
    assert_eq!(over.json, json!({ "referrals": [], "next": next }));
    // An empty page discloses nothing.
    let shown = gateway.of_kind("phi.disclosed").len();
    pantry.get(&format!("/cbo/v1/referrals?wait=0&after={next}")).expect(200);
    assert_eq!(gateway.of_kind("phi.disclosed").len(), shown);
    gateway.stop();
}

#[test]
fn so_many_wait_and_no_more_and_all_are_answered_when_it_ends() {
    let mut gateway = Gateway::start_with(&[(["limits", "cbo_waiting_max"], "2")]);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let wait = || gateway.party("pantry").get("/cbo/v1/referrals?wait=25");
        let waits = [scope.spawn(wait), scope.spawn(wait)];
        waiting(&gateway, 2);
        let refused = gateway.party("pantry").get("/cbo/v1/referrals?wait=25").expect(429);
        assert_eq!(refused.json["type"], "urn:loopgate:problem:too-many");
        // Another organization has places of its own; and who does not wait is answered.
        gateway.party("housing").get("/cbo/v1/referrals?wait=1").expect(200);
        gateway.party("pantry").get("/cbo/v1/referrals").expect(200);
        refer(&gateway, "B-1");
        waits.into_iter().map(|one| one.join().unwrap().expect(200)).collect()
    });
    assert!(answers.iter().all(|one| ids(one).len() == 1));
    let last = answers[0].json["next"].as_str().unwrap().to_owned();
    let party = gateway.party("pantry");
    let waits =
        thread::spawn(move || party.get(&format!("/cbo/v1/referrals?wait=25&after={last}")));
    waiting(&gateway, 1);
    gateway.terminate();
    let over = waits.join().unwrap().expect(200);
    assert_eq!(over.json["referrals"], json!([]));
}

#[test]
fn so_many_requests_and_no_more() {
    let mut gateway = Gateway::start_with(&[
        (["limits", "cbo_requests_per_minute"], "30"),
        (["limits", "cbo_requests_burst"], "3"),
    ]);
    let (pantry, housing) = (gateway.party("pantry"), gateway.party("housing"));
    refer(&gateway, "B-1");
    let id = pantry.only_referral();
    let list = |party: &Party| party.head_of("GET", "/cbo/v1/referrals", &[]);
    let (status, fields) = list(&pantry);
    let said = |name: &str| fields[name].as_str();
    assert_eq!(status, 200);
    assert_eq!(
        ["limit", "remaining", "reset"].map(|name| said(&format!("ratelimit-{name}"))),
        ["3", "1", "4"]
    );
    assert_eq!(list(&pantry).0, 200);
    let recorded = gateway.count();
    let (status, fields) = list(&pantry);
    assert_eq!((status, fields["retry-after"].as_str()), (429, "2"));
    assert_eq!(fields["content-type"], "application/problem+json");
    assert_eq!(fields["ratelimit-remaining"], "0");
    let refused = pantry.act(&id, "accept", &json!({})).expect(429);
    assert_eq!(refused.json["type"], "urn:loopgate:problem:too-many");
    // A flood writes nothing down, and is nobody else's.
    assert_eq!(gateway.count(), recorded);
    assert_eq!(list(&housing).0, 200);
    gateway.pass(2_000);
    pantry.act(&id, "accept", &json!({})).expect(200);
    assert_eq!(list(&pantry).0, 429);
    gateway.stop();
}

#[test]
fn the_document_is_there_for_whoever_asks() {
    let mut gateway = Gateway::start();
    let document = gateway.stranger().get("/openapi.json").expect(200).json;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{ "url": gateway.base() }]));
    gateway.stranger().call("POST", "/openapi.json", &[], Vec::new()).expect(405);
    // What it says there is, there is: no path of it is unknown, and no other method is offered.
    let pantry = gateway.party("pantry");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 20);
    for (path, methods) in paths {
        let here = path
            .replace("{id}", "ref_00000000000000000000000000000000")
            .replace("{attachment}", "019b2f6c-0400-7000-8000-0123456789ab")
            .replace("{file}", "Event.csv")
            .replace("{door}", "outcomes");
        assert!(!here.contains('{'), "{here}");
        let offered: Vec<&str> = methods.as_object().unwrap().keys().map(String::as_str).collect();
        for method in ["get", "put", "post", "delete", "patch"] {
            let (status, fields) = pantry.head_of(&method.to_uppercase(), &here, &[]);
            if offered.contains(&method) {
                assert_ne!(status, 405, "{method} {path}");
            } else {
                assert_eq!(status, 405, "{method} {path}");
                let allowed: Vec<String> =
                    fields["allow"].split(", ").map(str::to_lowercase).collect();
                assert_eq!(allowed, offered, "{path}");
            }
        }
    }
    pantry.get("/cbo/v1/colours").expect(404);
    let schemas = &document["components"]["schemas"];
    let closed = schemas.as_object().unwrap().iter().filter(|(_, one)| one["type"] == "object");
    assert!(closed.into_iter().all(|(_, one)| one["additionalProperties"] == Value::Bool(false)));
    gateway.stop();
}
