//! A search page is one disclosure per person, in one frame; reading it again adds one summary
//! entry per person and day; an empty page adds nothing. Paging and polling show everything once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Party, Referral};

const DAY_MS: i64 = 86_400_000;
const MRNS: [&str; 3] = ["B-1", "B-2", "B-3"];

#[test]
fn a_page_about_three_persons_is_three_entries_in_one_frame() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let housing = gateway.party("housing");
    for mrn in MRNS {
        submit(&clinic, mrn);
    }
    let before = gateway.kinds().len();
    assert_eq!(found(&clinic, "").len(), 3);
    assert_eq!(found(&pantry, "").len(), 3);
    let shown = gateway.of_kind("phi.disclosed");
    assert_eq!(shown.len(), 6);
    for (entries, recipient) in [(&shown[..3], "clinic-b"), (&shown[3..], "pantry")] {
        let all = |part: &dyn Fn(&Value) -> Value| -> BTreeSet<String> {
            entries.iter().map(|fields| part(fields).to_string()).collect()
        };
        // One frame has one commit time; no other frame has it.
        assert_eq!(all(&|fields| fields["time"]["recorded_ms"].clone()).len(), 1);
        assert_eq!(all(&|fields| fields["payload"].clone()).len(), 1);
        assert_eq!(all(&|fields| fields["patient"][0]["id"].clone()).len(), 3);
        assert!(entries.iter().all(|fields| fields["disclosed"]["recipient"] == recipient));
    }
    assert_ne!(shown[0]["time"], shown[3]["time"]);

    let again = |gateway: &Gateway| gateway.of_kind("phi.reread").len();
    found(&clinic, "");
    assert_eq!(again(&gateway), 3);
    found(&clinic, "");
    found(&clinic, "status=requested");
    assert_eq!(again(&gateway), 3);
    // Each recipient has its own; a page about one person adds one.
    found(&pantry, "_count=1");
    assert_eq!(again(&gateway), 4);
    found(&pantry, "");
    assert_eq!(again(&gateway), 6);
    gateway.pass(DAY_MS);
    found(&clinic, "");
    found(&clinic, "");
    assert_eq!(again(&gateway), 9);
    let days: Vec<i64> = gateway
        .of_kind("phi.reread")
        .iter()
        .map(|fields| fields["disclosed"]["again_on_day"].as_i64().unwrap())
        .collect();
    assert_eq!(days.iter().filter(|day| **day == days[0] + 1).count(), 3);

    let all = gateway.kinds();
    assert!(found(&housing, "").is_empty());
    assert!(found(&clinic, "status=completed").is_empty());
    assert!(housing.inbox().is_empty());
    assert_eq!(gateway.kinds(), all);

    // What changed is disclosed once more; what did not is not.
    let id = pantry.inbox()[0]["referral_id"].as_str().unwrap().to_owned();
    pantry.act(&id, "accept", &json!({})).expect(200);
    let shown = gateway.of_kind("phi.disclosed").len();
    found(&clinic, "");
    assert_eq!(gateway.of_kind("phi.disclosed").len(), shown + 1);
    assert!(gateway.kinds().len() > before);
    gateway.stop();
}

#[test]
fn paging_neither_repeats_nor_skips() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let mrns = ["B-1", "B-2", "B-3", "B-4", "B-5", "B-6", "B-7"];
    let tasks: Vec<String> = mrns
        .iter()
        .map(|mrn| task(&submit(&clinic, mrn)).rsplit('/').next().unwrap().to_owned())
        .collect();
    for party in [&clinic, &pantry] {
        let whole = ids(&found(party, ""));
        assert_eq!(whole.len(), 7);
        for count in 1..=8 {
            let seen = walk(party, format!("/fhir/Task?_count={count}"), count);
            assert_eq!(seen, whole, "{count}");
        }
    }
    // As they came: who moves while somebody pages stays in its place.
    assert_eq!(ids(&found(&clinic, "")), tasks);
    let first = clinic.get("/fhir/Task?_count=3").expect(200).json;
    let by_change = clinic.get("/fhir/Task?_count=3&_sort=_lastUpdated").expect(200).json;
    let referral = pantry.inbox()[0]["referral_id"].as_str().unwrap().to_owned();
    pantry.act(&referral, "accept", &json!({})).expect(200);
    assert_eq!(walk(&clinic, link(&first, "next").unwrap(), 3), tasks[3..]);
    // Oldest change first: it is seen again, later.
    let rest = walk(&clinic, link(&by_change, "next").unwrap(), 3);
    assert_eq!(rest, [&tasks[3..], &tasks[..1]].concat());
    let back: Vec<String> =
        rest.into_iter().rev().chain(tasks[1..3].iter().rev().cloned()).collect();
    assert_eq!(walk(&clinic, "/fhir/Task?_count=2&_sort=-_lastUpdated".into(), 2), back);
    // A cursor of somebody else's is no way in.
    let theirs = link(&first, "next").unwrap();
    let mine = pantry.get(&theirs).expect(200).json;
    assert!(ids(mine["entry"].as_array().unwrap()).iter().all(|id| !tasks.contains(id)));
    // The community dialect's pages likewise.
    let (mut seen, mut next) = (Vec::new(), Some(String::new()));
    while let Some(cursor) = next {
        let page = pantry.get(&format!("/cbo/v1/referrals?limit=2{cursor}")).expect(200).json;
        seen.extend(
            page["referrals"].as_array().unwrap().iter().map(|row| row["referral_id"].clone()),
        );
        next = page["next"].as_str().map(|after| format!("&after={after}"));
    }
    let whole: Vec<Value> = pantry.inbox().iter().map(|row| row["referral_id"].clone()).collect();
    assert_eq!((seen.len(), seen), (7, whole));
    gateway.stop();
}

#[test]
fn polling_by_last_updated_misses_nothing() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    // Two commits may fall into one millisecond of the clock: it stands still here.
    for mrn in MRNS {
        submit(&clinic, mrn);
    }
    let all = found(&clinic, "");
    let times: Vec<&str> =
        all.iter().map(|task| task["meta"]["lastUpdated"].as_str().unwrap()).collect();
    assert!(times.is_sorted() && times.iter().collect::<BTreeSet<_>>().len() == 3, "{times:?}");
    let after = |time: &str| ids(&found(&clinic, &format!("_lastUpdated=gt{time}")));
    assert_eq!(after(times[0]), ids(&all)[1..]);
    assert!(after(times[2]).is_empty());

    let referral = pantry.inbox()[1]["referral_id"].as_str().unwrap().to_owned();
    pantry.act(&referral, "accept", &json!({})).expect(200);
    let moved = after(times[2]);
    assert_eq!(moved, [ids(&all)[1].clone()]);
    // The target polls its own Tasks the same way.
    let seen = found(&pantry, "_sort=_lastUpdated");
    let last = seen[2]["meta"]["lastUpdated"].as_str().unwrap().to_owned();
    pantry.act(&referral, "no-show", &json!({})).expect(200);
    let moved = found(&pantry, &format!("_lastUpdated=gt{last}"));
    assert_eq!(ids(&moved), [ids(&seen)[2].clone()]);
    assert_eq!(moved[0]["status"], "in-progress");
    gateway.stop();
}

#[test]
fn each_parameter_finds_what_it_names_and_an_unknown_one_is_refused() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let answers: Vec<Answer> = MRNS.iter().map(|mrn| submit(&clinic, mrn)).collect();
    let second = task(&answers[1]).rsplit('/').next().unwrap().to_owned();
    let patient = answers[1].entry(0).strip_prefix("/fhir/").unwrap().to_owned();
    let placed = found(&pantry, "");
    let placed_id = placed[1]["id"].as_str().unwrap().to_owned();
    pantry
        .act(placed[1]["identifier"][0]["value"].as_str().unwrap(), "accept", &json!({}))
        .expect(200);

    for (query, expected) in [
        (format!("_id={second}"), 1),
        (format!("_id={placed_id}"), 0),
        (format!("patient={patient}"), 1),
        (format!("patient={}", patient.strip_prefix("Patient/").unwrap()), 1),
        (format!("patient={patient}&status=requested"), 0),
        ("requester=Organization/clinic-b".to_owned(), 3),
        ("requester=Organization/hospital-a".to_owned(), 0),
        ("status=accepted".to_owned(), 1),
        ("status=requested,accepted".to_owned(), 3),
    ] {
        assert_eq!(found(&clinic, &query).len(), expected, "{query}");
    }
    for (query, expected) in [
        (format!("_id={placed_id}"), 1),
        (format!("_id={second}"), 0),
        (format!("patient={patient}"), 1),
        ("owner=Organization/pantry".to_owned(), 3),
        ("owner=Organization/housing".to_owned(), 0),
        ("requester=Organization/loopgate".to_owned(), 3),
        ("status=accepted".to_owned(), 1),
    ] {
        assert_eq!(found(&pantry, &query).len(), expected, "{query}");
    }
    let before = gateway.kinds();
    for query in
        ["nonsense=fulfill", "_sort=nonsense", "_lastUpdated=xx2026", "_count=0", "_include=*"]
    {
        let refused = clinic.get(&format!("/fhir/Task?{query}")).expect(400);
        assert_eq!(refused.json["resourceType"], "OperationOutcome", "{query}");
    }
    assert_eq!(gateway.kinds(), before);
    gateway.stop();
}

/// Follows a search from this page to its end; no page is longer than asked for.
fn walk(party: &Party, first: String, count: usize) -> Vec<String> {
    let (mut seen, mut next) = (Vec::new(), Some(first));
    while let Some(path) = next {
        let page = party.get(&path).expect(200).json;
        let entries = ids(page["entry"].as_array().map_or(&[][..], Vec::as_slice));
        assert!(entries.len() <= count && page.get("total").is_none());
        seen.extend(entries);
        assert!(seen.len() < 20, "it ends");
        next = link(&page, "next");
    }
    seen
}

fn submit(clinic: &Party, mrn: &'static str) -> Answer {
    let referral = Referral { mrn, ..Referral::food() };
    clinic.post("/fhir", &referral.bundle()).expect(200)
}

fn task(answer: &Answer) -> String {
    answer.entry(Referral::food().task_entry(0))
}

/// The Tasks on the first page of a search.
fn found(party: &Party, query: &str) -> Vec<Value> {
    let page = party.get(&format!("/fhir/Task?{query}")).expect(200).json;
    assert_eq!((&page["type"], page.get("total")), (&json!("searchset"), None));
    let entries = page["entry"].as_array().cloned().unwrap_or_default();
    entries.into_iter().map(|entry| entry["resource"].clone()).collect()
}

/// Logical ids, of Tasks or of the entries of a page.
fn ids(items: &[Value]) -> Vec<String> {
    let id = |item: &Value| item.get("resource").unwrap_or(item)["id"].as_str().unwrap().to_owned();
    items.iter().map(id).collect()
}

/// A link of a page, as a path.
fn link(page: &Value, relation: &str) -> Option<String> {
    let links = page["link"].as_array().unwrap();
    let link = links.iter().find(|link| link["relation"] == relation)?;
    let url = link["url"].as_str().unwrap();
    Some(format!("/fhir{}", url.split_once("/fhir").unwrap().1))
}
