//! The same referral, answered in the same way by five organizations that speak five ways, is the same in the
//! ledger: what happened does not depend on who typed it where.

use serde_json::{Value, json};

use super::csv_round_trip::{download, filled, rows, upload};
use super::webhooks;
use crate::harness::{Browser, Gateway, Referral, letter};

/// What happened to referrals, without ids, times, and what only one channel does.
fn happened(gateway: &Gateway) -> Vec<(String, Value)> {
    const CHANNEL: [&str; 3] = ["referral.delivered", "referral.target-told", "referral.told"];
    const IDS: [&str; 6] =
        ["placement", "outcome", "target", "owner", "happened_ms", "performed_ms"];
    let all = gateway.entries().into_iter().filter(|one| one.kind.starts_with("referral."));
    let told = all.filter(|one| !CHANNEL.contains(&one.kind.as_str())).map(|one| {
        let mut transition = one.fields["transition"].clone();
        if let Some(members) = transition.as_object_mut() {
            IDS.iter().for_each(|id| drop(members.remove(*id)));
        }
        (one.kind, transition)
    });
    told.collect()
}

/// The channels by which it was shown to this organization.
fn channels(gateway: &Gateway, to: &str) -> Vec<String> {
    let all = gateway.of_kind("phi.disclosed").into_iter().map(|one| one["disclosed"].clone());
    let to = all.filter(|one| one["recipient"] == to);
    let mut found: Vec<String> =
        to.map(|one| one["channel"].as_str().unwrap().to_owned()).collect();
    found.sort();
    found.dedup();
    found
}

fn refer(gateway: &Gateway, owner: Option<&'static str>) {
    let referral = Referral { owner, contact_prohibited: true, ..Referral::food() };
    gateway.party("clinic-b").post("/fhir", &referral.bundle()).expect(200);
}

fn by_rest() -> (Vec<(String, Value)>, Vec<String>) {
    let mut gateway = Gateway::start();
    refer(&gateway, None);
    let pantry = gateway.party("pantry");
    let id = pantry.only_referral();
    let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200);
    assert_eq!(read.json["need"]["contact"], "do-not-contact");
    pantry.act(&id, "accept", &json!({})).expect(200);
    pantry.act(&id, "served", &json!({ "outcome": { "text": "Food box" } })).expect(200);
    let told = (happened(&gateway), channels(&gateway, "pantry"));
    gateway.stop();
    told
}

fn by_webhook() -> (Vec<(String, Value)>, Vec<String>) {
    let (mut gateway, receiver) = webhooks::start(&[]);
    receiver.partner(&gateway, "push-pantry", "");
    // Who brings a consent is answered when nothing about the person is on its way.
    let hook = std::thread::scope(|scope| {
        scope.spawn(|| refer(&gateway, Some("push-pantry")));
        receiver.take().json()
    });
    let path = hook["data"]["url"].as_str().unwrap().split_once("/cbo/").unwrap().1.to_owned();
    let pantry = gateway.party("push-pantry");
    let read = pantry.get(&format!("/cbo/{path}")).expect(200);
    assert_eq!(read.json["need"]["contact"], "do-not-contact");
    let id = read.json["referral_id"].as_str().unwrap().to_owned();
    pantry.act(&id, "accept", &json!({})).expect(200);
    pantry.act(&id, "served", &json!({ "outcome": { "text": "Food box" } })).expect(200);
    let told = (happened(&gateway), channels(&gateway, "push-pantry"));
    gateway.stop();
    told
}

fn by_link() -> (Vec<(String, Value)>, Vec<String>) {
    let (mut gateway, post) = Gateway::with_mailbox();
    refer(&gateway, Some("mail-pantry"));
    let mail = letter(&post);
    assert!(mail.text.contains("Do not contact the person"), "{}", mail.text);
    let link = mail.link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    browser.give_pin(&link);
    assert!(browser.get(&link).text.contains("Do not contact"));
    assert!(browser.get(&format!("{link}/sheet")).expect(200).text.contains("Do not contact"));
    browser.act(&link, "accept", "");
    browser.act(&link, "served", "text=Food+box&date=");
    let told = (happened(&gateway), channels(&gateway, "mail-pantry"));
    gateway.stop();
    told
}

fn by_spreadsheet() -> (Vec<(String, Value)>, Vec<String>) {
    let mut gateway = Gateway::start();
    refer(&gateway, None);
    let pantry = gateway.party("pantry");
    let file = download(&pantry);
    let row = &rows(&file)[0];
    assert_eq!(row["Do not contact"], "do-not-contact");
    let id = row["Referral"].clone();
    upload(&pantry, &filled(&file, &id, &[("Status", "accepted")])).expect(200);
    let file = download(&pantry);
    let served = [("Status", "served"), ("Service given", "Food box")];
    let report = upload(&pantry, &filled(&file, &id, &served)).expect(200);
    assert_eq!(report.json["taken"], 1, "{}", report.text);
    let told = (happened(&gateway), channels(&gateway, "pantry"));
    gateway.stop();
    told
}

fn by_hub() -> (Vec<(String, Value)>, Vec<String>) {
    let mut gateway = Gateway::start();
    gateway.change_partner("pantry", |text| text.replace("\"cbo-json\"", "\"cie-hub\""));
    refer(&gateway, None);
    let pantry = gateway.party("pantry");
    let rows = pantry.get("/v1/referrals").expect(200).json["referrals"].clone();
    assert_eq!(rows[0]["contactRestriction"], "Do Not Contact");
    let id = rows[0]["referralId"].as_str().unwrap().to_owned();
    for (outcome, status, notes) in [("o-1", "Work Started", ""), ("o-2", "Complete", "Food box")] {
        let body = json!({
            "referralId": id, "outcomeId": outcome, "createdFromAssessmentId": "", "dateTime": "",
            "domain": "Economic Stability", "subDomain": "Food Insecurity",
            "organizationName": "Pantry", "status": status, "notes": notes,
        });
        let path = format!("/v1/referrals/{id}/outcomes");
        let json = [("content-type", "application/json")];
        pantry.call("POST", &path, &json, body.to_string().into_bytes()).expect(200);
    }
    let told = (happened(&gateway), channels(&gateway, "pantry"));
    gateway.stop();
    told
}

#[test]
fn one_referral_told_five_ways_is_one_history() {
    let (rest, channel) = by_rest();
    let kinds: Vec<&str> = rest.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "referral.received",
            "referral.sent",
            "referral.accepted",
            "referral.outcome",
            "referral.closed"
        ]
    );
    assert_eq!(channel, ["cbo-rest"]);
    for (told, way, by) in [
        (by_webhook(), "webhook", &["cbo-rest", "push"][..]),
        (by_link(), "link", &["email", "link", "sheet"]),
        (by_spreadsheet(), "spreadsheet", &["csv"]),
        (by_hub(), "hub", &["cbo-rest"]),
    ] {
        assert_eq!(told.0, rest, "by {way}");
        assert_eq!(told.1, by, "by {way}");
    }
}
