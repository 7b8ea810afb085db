//! Two lists that the law lets a person ask for, from the same entries; and who somebody is, which takes
//! two persons to learn.

use loopgate_server::staff::StaffRole::{Auditor, Coordinator};
use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Party, Referral, partner_file};

const CASE: [(&str, &str); 1] = [("loopgate-case", "case-7")];
const HOUR_MS: i64 = 3_600_000;

fn asks(auditor: &Party, path: &str) -> Answer {
    auditor.call("GET", &format!("/audit/v1/{path}"), &CASE, Vec::new())
}

fn posts(auditor: &Party, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), CASE[0]];
    auditor.call("POST", &format!("/audit/v1/{path}"), &headers, body.to_string().into_bytes())
}

/// Maria's referral, read by the pantry; an auditor of this legal class, and what they call her.
fn told(legal: &str) -> (Gateway, Party, String) {
    let gateway = Gateway::start();
    let file = partner_file("watch", "auditor", "")
        .replace("legal_class = \"ce\"", &format!("legal_class = \"{legal}\""))
        // What a spreadsheet would take for a formula.
        .replace("name = \"watch\"\n", "name = \"=1+1\"\n");
    gateway.add_partner("watch", &file);
    let auditor = gateway.party("watch");
    gateway.party("clinic-b").post("/fhir", &Referral::food().bundle()).expect(200);
    let pantry = gateway.party("pantry");
    let referral = pantry.only_referral();
    pantry.get(&format!("/cbo/v1/referrals/{referral}")).expect(200);
    let found =
        asks(&auditor, &format!("entries?referral={referral}&kind=phi.disclosed")).expect(200);
    let person = found.json["entries"][0]["persons"][0].as_str().unwrap().to_owned();
    (gateway, auditor, person)
}

#[test]
fn what_the_person_authorized_is_on_neither_list_and_oversight_is_on_one() {
    let (mut gateway, auditor, person) = told("ba");
    let list = |auditor: &Party, basis: &str| {
        asks(auditor, &format!("accounting?person={person}&basis={basis}")).expect(200)
    };
    // An authorization, and a look of our own auditor: 164.528(a)(1)(iv) and (i).
    assert_eq!(list(&auditor, "164.528").json["disclosures"], json!([]));
    assert_eq!(list(&auditor, "2.24").json["disclosures"], json!([]));
    let looks = gateway.of_kind("phi.disclosed");
    assert_eq!(looks.last().unwrap()["disclosed"]["view"], "accounting");
    let patient = |one: &Value| one["patient"][0]["id"].clone();
    assert_eq!(
        patient(looks.last().unwrap()),
        patient(&looks[0]),
        "an empty list is about her too"
    );
    gateway.stop();

    // An agency that is nobody's associate: 164.512(d).
    let (mut gateway, agency, person) = told("cbo-nonhipaa");
    let path = format!("accounting?person={person}&basis=164.528");
    asks(&agency, &path).expect(200);
    let list = asks(&agency, &path).expect(200);
    let rows = list.json["disclosures"].as_array().unwrap();
    assert_eq!(rows[0]["recipient"], "watch");
    assert_eq!(rows[0]["purpose"], "an audit: case case-7");
    // The search, and the first list.
    assert_eq!((rows.len(), rows[0]["times"].as_u64()), (1, Some(2)));
    let table = asks(&agency, &format!("{path}&format=csv")).expect(200);
    assert!(table.text.starts_with("recipient,name,what,purpose,first,last,times\r\nwatch,'=1+1,"));
    let events = asks(&agency, &format!("{path}&format=fhir")).expect(200);
    assert_eq!(events.json["entry"][0]["resource"]["resourceType"], "AuditEvent");
    // Six years later there is nothing to account for of that day.
    gateway.stop();
    gateway.wake_at(crate::harness::START_MS + 7 * 366 * 24 * HOUR_MS);
    gateway.serve();
    let later = asks(&gateway.party("watch"), &path).expect(200);
    assert_eq!(later.json["disclosures"], json!([]));
    gateway.stop();
}

#[test]
fn a_page_is_a_list_that_can_be_handed_over() {
    let (mut gateway, _, _) = told("ba");
    let mut auditor = gateway.signed_in("aud", &[Auditor]);
    let base = gateway.people().to_owned();
    let found = auditor.browser.get(&format!("{base}/audit/v1/entries?kind=phi.disclosed&case=7"));
    let found: Value = serde_json::from_str(&found.expect(200).text).unwrap();
    let person = found["entries"][0]["persons"][0].as_str().unwrap().to_owned();
    let page = auditor.get(&format!("/audit/accounting?person={person}&basis=164.528&case=7"));
    let page = page.expect(200);
    assert!(page.text.contains("Accounting of disclosures") && page.text.contains(&person));
    assert!(!page.text.contains("Maria") && !page.text.contains("per_"));
    gateway.stop();
}

#[test]
fn it_takes_two_persons_to_learn_who_somebody_is() {
    let (mut gateway, auditor, person) = told("ba");
    let ask = json!({ "person": person, "reason": "The person complained by telephone." });
    let asked = posts(&auditor, "reveal", &ask).expect(202);
    let entry = asked.json["reveal"].as_u64().unwrap();
    let read = |auditor: &Party| posts(auditor, &format!("reveal/{entry}/read"), &json!({}));
    let state = |auditor: &Party| {
        asks(auditor, &format!("reveal/{entry}")).expect(200).json["state"].clone()
    };
    // One person alone learns nothing, and that they tried is an entry.
    assert_eq!(state(&auditor), "asked");
    let alone = read(&auditor).expect(404);
    assert!(!alone.text.contains("Maria"));
    let denied = gateway.of_kind("phi.denied").pop().unwrap();
    assert_eq!(
        (&denied["basis"]["reason"], &denied["basis"]["action"]),
        (&json!("A4"), &json!("audit"))
    );

    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    assert!(ines.get("").expect(200).text.contains("1 for a second person"));
    let question = ines.get(&format!("/reveals/{entry}")).expect(200);
    assert!(question.text.contains("complained by telephone") && !question.text.contains("Maria"));
    ines.post(&format!("/reveals/{entry}/confirm"), "").expect(200);
    // Agreed to once; who agreed does not read it, and no other auditor does.
    ines.post(&format!("/reveals/{entry}/confirm"), "").expect(404);
    ines.post(&format!("/reveals/{entry}/read"), "").expect(404);
    let mut other = gateway.signed_in("aud", &[Auditor]);
    other.post(&format!("/reveals/{entry}/read"), "").expect(404);
    assert_eq!(state(&auditor), "confirmed");
    let another_case = [("loopgate-case", "case-8")];
    let path = format!("/audit/v1/reveal/{entry}/read");
    auditor.call("POST", &path, &another_case, Vec::new()).expect(404);

    let who = read(&auditor).expect(200);
    assert!(who.json["said"][0]["name"].as_str().unwrap().contains("Maria"), "{}", who.text);
    assert!(!who.text.contains("B-20417"), "an organization's own number is nobody else's");
    // Once.
    assert_eq!(state(&auditor), "read");
    read(&auditor).expect(404);
    let steps: Vec<String> = gateway.kinds();
    for kind in ["reveal.asked", "reveal.confirmed"] {
        assert_eq!(steps.iter().filter(|one| *one == kind).count(), 1, "{kind}");
    }
    let reads = gateway.of_kind("phi.disclosed");
    assert_eq!(reads.iter().filter(|one| one["disclosed"]["view"] == "reveal").count(), 1);
    gateway.stop();
}

#[test]
fn who_asks_is_not_who_agrees_and_time_runs_out() {
    let (mut gateway, auditor, person) = told("ba");
    let ask = json!({ "person": person, "reason": "The person complained by telephone." });
    // Somebody who is auditor and coordinator asks, and cannot agree with themselves.
    let mut both = gateway.signed_in("both", &[Auditor, Coordinator]);
    let base = gateway.people().to_owned();
    let found = both.browser.get(&format!("{base}/audit/v1/entries?kind=phi.disclosed&case=7"));
    let found: Value = serde_json::from_str(&found.expect(200).text).unwrap();
    let theirs = found["entries"][0]["persons"][0].as_str().unwrap().to_owned();
    both.post("/reveals", &format!("case=7&person={theirs}&reason=too+short")).expect(422);
    both.post("/reveals", &format!("case=7&person={theirs}&reason=A+complaint+by+telephone"))
        .expect(303);
    let own = gateway.count() - 1;
    both.get(&format!("/reveals/{own}")).expect(404);
    both.post(&format!("/reveals/{own}/confirm"), "").expect(404);
    both.post(&format!("/reveals/{own}/read"), "").expect(404);

    // Nobody agreed within a day.
    let late = posts(&auditor, "reveal", &ask).expect(202).json["reveal"].as_u64().unwrap();
    gateway.pass(24 * HOUR_MS);
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    ines.post(&format!("/reveals/{late}/confirm"), "").expect(404);
    // Agreed to, and not read within an hour.
    let entry = posts(&auditor, "reveal", &ask).expect(202).json["reveal"].as_u64().unwrap();
    ines.post(&format!("/reveals/{entry}/confirm"), "").expect(200);
    gateway.pass(HOUR_MS);
    let over = posts(&auditor, &format!("reveal/{entry}/read"), &json!({})).expect(404);
    assert!(!over.text.contains("Maria"));
    for wrong in [
        json!({ "person": person, "reason": "short" }),
        json!({ "person": person, "reason": "x".repeat(501) }),
    ] {
        posts(&auditor, "reveal", &wrong).expect(422);
    }
    posts(&auditor, "reveal", &json!({ "person": person })).expect(400);
    posts(&auditor, "reveal", &json!({ "person": theirs, "reason": "another auditor's name" }))
        .expect(404);
    gateway.stop();
}
