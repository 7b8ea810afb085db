//! An auditor finds entries by referral, person, organization, kind, code and time, page by page; sees one
//! referral drawn; and each look is an entry before anything is shown.

use loopgate_server::staff::StaffRole::{Auditor, Coordinator};
use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Need, Party, Referral, partner_file};

const CASE: [(&str, &str); 1] = [("loopgate-case", "case-7")];

/// Names, identifiers and words that an auditor is not shown.
const WITHHELD: [&str; 5] = ["Maria", "Lindqvist", "per_", "B-20417", "1988-04"];

fn asks(auditor: &Party, path: &str) -> Answer {
    auditor.call("GET", &format!("/audit/v1/{path}"), &CASE, Vec::new())
}

/// An auditor's file, added to a gateway.
fn watch(gateway: &Gateway) -> Party {
    let file = partner_file("watch", "auditor", "")
        .replace("legal_class = \"ce\"", "legal_class = \"ba\"");
    gateway.add_partner("watch", &file);
    gateway.party("watch")
}

/// A gateway with an auditor, and a referral of Maria that the pantry took on, and one for housing that
/// her consent does not cover.
fn told() -> (Gateway, Party, String) {
    let gateway = Gateway::start();
    let auditor = watch(&gateway);
    let clinic = gateway.party("clinic-b");
    let both = Referral { needs: vec![Need::Food, Need::Housing], ..Referral::food() };
    clinic.post("/fhir", &both.bundle()).expect(200);
    let pantry = gateway.party("pantry");
    let referral = pantry.only_referral();
    pantry.get(&format!("/cbo/v1/referrals/{referral}")).expect(200);
    pantry.act(&referral, "accept", &json!({})).expect(200);
    (gateway, auditor, referral)
}

fn entries(answer: &Answer) -> Vec<u64> {
    let entries = answer.json["entries"].as_array().unwrap();
    entries.iter().map(|one| one["entry"].as_u64().unwrap()).collect()
}

#[test]
fn entries_are_found_and_every_look_is_one() {
    let (mut gateway, auditor, referral) = told();
    // What is true is in the log; what is found is compared with it.
    let all = gateway.entries();
    let of = |of: &dyn Fn(&crate::harness::Entry) -> bool| -> Vec<u64> {
        let found = all.iter().enumerate().rev().filter(|(_, one)| of(one));
        found.map(|(index, _)| index as u64).collect()
    };
    let in_chain = |one: &crate::harness::Entry, field: &str, id: &str| {
        let links = one.fields[field].as_array();
        links.is_some_and(|links| links.iter().any(|link| link["id"] == id))
    };
    let mine = asks(&auditor, &format!("entries?referral={referral}")).expect(200);
    assert_eq!(entries(&mine), of(&|one| in_chain(one, "subject", &referral)));
    for word in WITHHELD {
        assert!(!mine.text.contains(word), "{word}");
    }
    let looks = gateway.of_kind("phi.disclosed");
    let look = looks.last().unwrap();
    assert_eq!(look["basis"], json!([{ "basis": "audit", "case": "case-7" }]));
    assert_eq!(look["disclosed"]["view"], "search");
    assert_eq!(look["disclosed"]["recipient"], "watch");
    // All that was shown of the person is named.
    let shown = look["disclosed"]["resources"].as_array().unwrap().len();
    assert_eq!(shown, entries(&mine).len());

    let refused =
        asks(&auditor, "entries?organization=housing&kind=phi.denied&reason=L6").expect(200);
    assert_eq!(
        entries(&refused),
        of(&|one| one.kind == "phi.denied" && in_chain(one, "parties", "housing"))
    );
    assert_eq!(refused.json["entries"][0]["reason"]["words"], "nothing is left that may pass");
    // By the auditor's own name for the person, all the person's entries so far.
    let person = refused.json["entries"][0]["persons"][0].as_str().unwrap().to_owned();
    let theirs = asks(&auditor, &format!("entries?person={person}&count=200")).expect(200);
    let plid = all.iter().find_map(|one| {
        let link = one.fields["patient"].get(0)?;
        link["id"].as_str().map(str::to_owned)
    });
    let now = gateway.entries();
    let known: Vec<u64> = (0..now.len() as u64)
        .rev()
        .filter(|index| in_chain(&now[*index as usize], "patient", plid.as_ref().unwrap()))
        .collect();
    // The look itself came after.
    assert_eq!(entries(&theirs), known[1..]);

    // Times: a day that nothing was recorded on has nothing, and the look is an entry all the same.
    let before = gateway.count();
    let none = asks(&auditor, "entries?since=2026-11-01&until=2026-11-21").expect(200);
    assert_eq!(entries(&none), Vec::<u64>::new());
    assert_eq!(gateway.count(), before + 1);
    let looked = gateway.of_kind("audit.looked").pop().unwrap();
    assert_eq!(looked["basis"], json!({ "case": "case-7", "view": "search" }));
    assert_eq!(looked["parties"][0]["id"], "watch");
    gateway.stop();
}

#[test]
fn pages_never_repeat_and_end() {
    let (mut gateway, auditor, _) = told();
    let newest = gateway.count();
    let (mut seen, mut cursor): (Vec<u64>, Option<u64>) = (Vec::new(), None);
    for _ in 0..200 {
        let at = cursor.map(|at| format!("&cursor={at}")).unwrap_or_default();
        let page = asks(&auditor, &format!("entries?count=3{at}")).expect(200);
        seen.extend(entries(&page));
        cursor = page.json["next"].as_u64();
        if cursor.is_none() {
            break;
        }
    }
    // Each look was an entry of its own, and none of them pushed another off a page.
    assert!(gateway.count() > newest);
    let before: Vec<u64> = seen.iter().copied().filter(|entry| *entry < newest).collect();
    assert_eq!(before, (0..newest).rev().collect::<Vec<u64>>());
    gateway.stop();
}

#[test]
fn without_a_case_or_a_role_nothing_is_told() {
    let (mut gateway, auditor, referral) = told();
    let ways = [
        "entries".to_owned(),
        format!("referrals/{referral}"),
        "accounting?person=ps1.AAAAAAAAAAAAAAAAAAAAAA&basis=2.24".to_owned(),
        "roster".to_owned(),
        "policy/3".to_owned(),
    ];
    for way in &ways {
        let path = format!("/audit/v1/{way}");
        auditor.get(&path).expect(404);
        let denied = gateway.of_kind("phi.denied").pop().unwrap();
        assert_eq!(denied["basis"]["reason"], "A4", "{way}");
        let words = [("loopgate-case", "about Maria Lindqvist")];
        auditor.call("GET", &path, &words, Vec::new()).expect(404);
        for name in ["clinic-b", "pantry"] {
            asks(&gateway.party(name), way).expect(403);
        }
        asks(&gateway.stranger(), way).expect(401);
    }
    // What cannot be read is not passed over.
    for wrong in [
        "entries?name=Maria",
        "entries?count=0",
        "entries?count=201",
        "entries?since=yesterday",
        "entries?since=2024-01-01",
        "entries?kind=phi.everything",
        "entries?referral=1",
        "entries?format=xml",
        "accounting?basis=2.24",
        "accounting?person=ps1.AAAAAAAAAAAAAAAAAAAAAA&basis=164",
    ] {
        asks(&auditor, wrong).expect(422);
    }
    for nothing in [
        "entries?person=ps1.AAAAAAAAAAAAAAAAAAAAAA",
        "entries?organization=nobody",
        "entries?referral=ref_00000000000000000000000000000000",
        "referrals/ref_00000000000000000000000000000000",
        "policy/99999",
        "policy/x",
        "everything",
    ] {
        asks(&auditor, nothing).expect(404);
    }
    // With a referral, more time than without.
    asks(&auditor, &format!("entries?referral={referral}&since=2020-01-01")).expect(200);
    gateway.stop();
}

#[test]
fn tables_lines_and_audit_events_say_the_same() {
    let (mut gateway, auditor, referral) = told();
    let whole = asks(&auditor, &format!("referrals/{referral}")).expect(200);
    let told = whole.json["entries"].as_array().unwrap().clone();
    assert_eq!(whole.json["status"], "accepted");
    assert_eq!(whole.json["proof"]["cosigned"], "pending");
    let lines = asks(&auditor, &format!("referrals/{referral}?format=ndjson")).expect(200);
    let lines: Vec<Value> =
        lines.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, told);
    let table = asks(&auditor, &format!("referrals/{referral}?format=csv")).expect(200);
    assert_eq!(table.text.lines().count(), told.len() + 1);
    let events = asks(&auditor, &format!("referrals/{referral}?format=fhir")).expect(200);
    for answer in [&whole.text, &table.text, &events.text] {
        for word in WITHHELD {
            assert!(!answer.contains(word), "{word}");
        }
    }
    let events = events.json["entry"].as_array().unwrap();
    let of = |profile: &str| {
        let all = events.iter().map(|one| &one["resource"]);
        let is = |one: &&Value| {
            one["meta"]["profile"][0].as_str().is_some_and(|url| url.ends_with(profile))
        };
        all.filter(is).count()
    };
    let kinds = |kind: &str| told.iter().filter(|one| one["kind"] == kind).count();
    assert_eq!(of("PrivacyDisclosure.Source"), kinds("phi.disclosed"));
    assert_eq!(of("AuthZconsent"), kinds("phi.disclosed") + kinds("phi.denied"));
    let rules = asks(
        &auditor,
        &format!(
            "policy/{}",
            told.iter().rev().find(|one| one["kind"] == "phi.disclosed").unwrap()["entry"]
        ),
    )
    .expect(200);
    assert_eq!(rules.json["templates"][0]["template"], "food/1");
    assert!(rules.json["templates"][0]["text"].as_str().unwrap().contains("food"));
    assert_eq!(rules.json["partner"]["file_is_here"], true);
    let roster = asks(&auditor, "roster").expect(200);
    let names = roster.json["roster"].as_array().unwrap();
    assert!(names.iter().any(|one| one["partner"] == "pantry" && one["suspended"] == false));
    assert_eq!(asks(&auditor, "roster?at=2026-11-21").expect(200).json["roster"], json!([]));
    gateway.stop();
}

#[test]
fn a_referral_is_drawn_on_a_page_and_saved() {
    let (mut gateway, _, referral) = told();
    let mut auditor = gateway.signed_in("aud", &[Auditor]);
    let mut coordinator = gateway.signed_in("coordinator", &[Coordinator]);
    let path = format!("/audit/referral/{referral}");
    coordinator.get(&format!("{path}?case=7")).expect(404);
    let asked = auditor.get(&path).expect(200);
    assert!(asked.text.contains("For which case?"), "no case, no page");
    let page = auditor.get(&format!("{path}?case=7")).expect(200);
    for words in [
        "Referral: food insecurity",
        "clinic-b refers to pantry",
        "Accepted.",
        "Shared with pantry",
    ] {
        assert!(page.text.contains(words), "{words}");
    }
    for word in WITHHELD.iter().chain(&["<script", "style="]) {
        assert!(!page.text.contains(word), "{word}");
    }
    let look = gateway.of_kind("phi.disclosed").pop().unwrap();
    assert_eq!(
        (&look["actor"]["org"], &look["disclosed"]["view"]),
        (&json!("aud"), &json!("timeline"))
    );

    auditor.get("/audit").expect(200);
    auditor.get("/audit?case=about%20Maria").expect(422);
    let found = auditor.get("/audit?case=7&organization=housing&kind=phi.denied").expect(200);
    assert!(
        found.text.contains("Refused to housing (forward): L6, nothing is left that may pass.")
    );
    auditor.get("/audit?case=7&organization=nobody").expect(422);
    // What programs read, saved by the same browser; a browser that is nobody's gets nothing.
    let base = gateway.people().to_owned();
    let file = format!("{base}/audit/v1/referrals/{referral}?format=csv&case=7");
    let saved = auditor.browser.get(&file).expect(200);
    assert!(saved.header("content-disposition").unwrap().contains("referral.csv"));
    auditor.browser.get(&format!("{base}/audit/v1/referrals/{referral}?format=csv")).expect(404);
    coordinator.browser.get(&file).expect(401);
    gateway.stop();
}
