//! What waits for a hospital's engine is the operator's to see, to stop and to set aside; nothing of it is
//! lost, nothing comes out of order, and nothing of it says who it is about.

use serde_json::{Value, json};

use crate::harness::{Gateway, field, referral_v2};
use loopgate_server::staff::StaffRole;

const HOUR_MS: i64 = 3_600_000;

/// What a message says: placer number, RF1-1, event.
fn said(message: &str) -> (String, String, String) {
    let event = field(message, "MSH", 9).split('^').nth(1).unwrap_or_default().to_owned();
    (field(message, "RF1", 6), field(message, "RF1", 1), event)
}

fn expect(placer: &str, status: &str, event: &str) -> (String, String, String) {
    (format!("{placer}^HOSPA"), status.to_owned(), event.to_owned())
}

/// The pantry's referrals, in the order they came.
fn ids(gateway: &Gateway) -> Vec<String> {
    let rows = gateway.party("pantry").inbox();
    rows.iter().map(|row| row["referral_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_link_that_is_stopped_keeps_everything_and_sends_it_in_order() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    assert_eq!(gateway.pause(true).unwrap(), "hospital-a is paused");
    assert!(gateway.pause(true).is_err(), "it is so already");
    for (control, placer) in [("MSG-1", "RA-1"), ("MSG-2", "RA-2")] {
        // It is heard as ever.
        let ack = engine.send(&referral_v2(control, "AL|AL", placer, "A-99871"));
        assert_eq!(field(&ack, "MSA", 1), "CA");
    }
    gateway.party("pantry").act(&ids(&gateway)[0], "accept", &json!({})).expect(200);
    let link = gateway.link();
    assert_eq!((&link["state"], &link["depth"]), (&"paused".into(), &3.into()), "{link}");
    assert_eq!(link["next"].as_array().unwrap().len(), 2);

    gateway.kill();
    gateway.serve();
    gateway.pass(2 * HOUR_MS);
    let link = gateway.link();
    assert_eq!((&link["state"], &link["depth"]), (&"paused".into(), &3.into()), "{link}");
    assert!(link["oldest_due"].as_str().unwrap().starts_with("2026-11-22T10:00:00"), "{link}");
    assert!(gateway.metrics().contains("loopgate_link_paused{link=\"hospital-a\"} 1\n"));
    assert!(inbox.waiting().is_empty());

    gateway.pause(false).unwrap();
    let got: Vec<_> = (0..3).map(|_| said(&inbox.next())).collect();
    let first = [expect("RA-1", "P", "I12"), expect("RA-2", "P", "I12")];
    assert_eq!(got, [&first[..], &[expect("RA-1", "A", "I12")]].concat());
    gateway.link_once(|link| link["depth"] == 0 && link["state"] == "running");
    let by: Vec<Value> = ["link.paused", "link.resumed"]
        .iter()
        .flat_map(|kind| gateway.of_kind(kind))
        .map(|entry| entry["actor"]["org"].clone())
        .collect();
    assert_eq!(by, ["ops", "ops"]);
    gateway.stop();
}

#[test]
fn a_message_that_is_always_refused_is_put_aside_and_the_others_go_on() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let err =
        "ERR||PID^1^5^1^1|101^Required field missing^HL70357|E||||Lindqvist is not one of ours";
    inbox.refuse(Some(("|RA-1^HOSPA", err)));
    engine.send(&referral_v2("MSG-1", "AL|AL", "RA-1", "A-99871"));
    let poison = inbox.next();
    engine.send(&referral_v2("MSG-2", "AL|AL", "RA-2", "A-99871"));
    assert_eq!(said(&inbox.next()), expect("RA-2", "P", "I12"));
    for _ in 0..4 {
        // Refused again, under the same control id each time.
        assert_eq!(field(&inbox.in_time(&mut gateway), "MSH", 10), field(&poison, "MSH", 10));
    }
    let link = gateway.link_once(|link| link["parked"][0].is_object());
    for _ in 0..3 {
        gateway.pass(6 * HOUR_MS);
    }
    assert!(inbox.waiting().is_empty(), "it is not tried any more");
    let parked = &link["parked"][0];
    assert_eq!(parked["message"], field(&poison, "MSH", 10));
    assert_eq!((&parked["refusals"], &parked["code"]), (&5.into(), &"AE".into()));
    assert_eq!(parked["errors"], json!([{ "code": 101, "at": "PID-5.1" }]));
    assert!(!link.to_string().contains("Lindqvist"), "{link}");
    // Somebody is told, and not about whom.
    assert!(gateway.metrics().contains("loopgate_link_parked{link=\"hospital-a\"} 1\n"));
    let log = gateway.log();
    let alert = log.lines().find(|line| line.contains("put aside")).unwrap();
    assert!(alert.contains("ERROR") && alert.contains("hospital-a"), "{alert}");
    assert!(!log.contains("Lindqvist") && !log.contains("RA-1"));

    // What comes after it about the same referral waits behind it, and nothing else does.
    let of = ids(&gateway);
    let pantry = gateway.party("pantry");
    pantry.act(&of[0], "accept", &json!({})).expect(200);
    pantry.act(&of[1], "accept", &json!({})).expect(200);
    assert_eq!(said(&inbox.next()), expect("RA-2", "A", "I12"));
    gateway.link_once(|link| link["depth"] == 1);
    gateway.kill();
    gateway.serve();
    gateway.pass(HOUR_MS);
    assert!(inbox.waiting().is_empty());
    assert_eq!(gateway.link()["depth"], 1);

    inbox.refuse(None);
    let message = field(&poison, "MSH", 10);
    assert!(gateway.park("NOBODY", false).is_err());
    gateway.park(&message, false).unwrap();
    let again = inbox.next();
    assert_eq!((field(&again, "MSH", 10), said(&again)), (message, expect("RA-1", "P", "I12")));
    assert_eq!(said(&inbox.next()), expect("RA-1", "A", "I12"));
    let entry = &gateway.of_kind("link.parked")[0];
    assert_eq!(entry["actor"]["org"], "loopgate");
    assert_eq!(entry["transition"]["nack"]["errors"][0]["at"], "PID-5.1");
    assert_eq!(gateway.of_kind("link.unparked").len(), 1);
    gateway.stop();
}

#[test]
fn an_operator_puts_a_message_aside_before_it_is_refused() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    gateway.pause(true).unwrap();
    engine.send(&referral_v2("MSG-1", "AL|AL", "RA-1", "A-99871"));
    engine.send(&referral_v2("MSG-2", "AL|AL", "RA-2", "A-99871"));
    let link = gateway.link();
    let first = link["next"][0]["message"].as_str().unwrap();
    gateway.park(first, true).unwrap();
    assert!(gateway.park(first, true).is_err(), "it is no longer among what is sent");
    gateway.pause(false).unwrap();
    assert_eq!(said(&inbox.next()), expect("RA-2", "P", "I12"));
    let link = gateway.link_once(|link| link["depth"] == 0);
    assert_eq!(link["parked"][0]["message"], first);
    assert_eq!(
        (&link["parked"][0]["code"], &link["parked"][0]["refusals"]),
        (&Value::Null, &0.into())
    );
    gateway.park(first, false).unwrap();
    assert_eq!(field(&inbox.next(), "MSH", 10), first);
    gateway.stop();
}

#[test]
fn what_was_told_is_told_again_under_the_same_control_ids() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let pantry = gateway.party("pantry");
    engine.send(&referral_v2("MSG-1", "AL|AL", "RA-1", "A-99871"));
    let before = inbox.next();
    let of = ids(&gateway);
    gateway.pass(HOUR_MS);
    pantry.act(&of[0], "accept", &json!({})).expect(200);
    let accepted = inbox.next();
    gateway.pass(HOUR_MS);
    pantry.act(&of[0], "no-show", &json!({})).expect(200);
    let missed = inbox.next();
    gateway.link_once(|link| link["depth"] == 0);

    assert_eq!(gateway.replay(HOUR_MS), "2 messages are sent again");
    let control = |message: &str| field(message, "MSH", 10);
    let again: Vec<String> = (0..2).map(|_| control(&inbox.next())).collect();
    assert_eq!(again, [control(&accepted), control(&missed)]);
    assert!(!again.contains(&control(&before)));
    gateway.link_once(|link| link["depth"] == 0);
    gateway.pass(2 * HOUR_MS);
    assert!(inbox.waiting().is_empty());
    assert_eq!(gateway.replay(3 * HOUR_MS), "0 messages are sent again");
    gateway.stop();
}

#[test]
fn an_engine_that_is_away_is_shown_as_such() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    inbox.down(true);
    engine.send(&referral_v2("MSG-1", "AL|AL", "RA-1", "A-99871"));
    let link = gateway.link_once(|link| link["state"] == "unreachable");
    assert_eq!((&link["depth"], &link["last_out"]), (&1.into(), &Value::Null));
    assert!(gateway.metrics().contains("loopgate_link_unreachable{link=\"hospital-a\"} 1\n"));
    inbox.down(false);
    inbox.in_time(&mut gateway);
    let link = gateway.link_once(|link| link["state"] == "running" && link["depth"] == 0);
    assert_eq!(link["last_out"]["code"], "CA");
    gateway.stop();
}

#[test]
fn staff_see_links_and_a_coordinator_stops_them() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let mut clerk = gateway.signed_in("casey", &[StaffRole::Coordinator]);
    let mut auditor = gateway.signed_in("alex-auditor", &[StaffRole::Auditor]);
    clerk.post("/links/hospital-a/pause", "").expect(303);
    engine.send(&referral_v2("MSG-1", "AL|AL", "RA-1", "A-99871"));
    let message = gateway.link()["next"][0]["message"].as_str().unwrap().to_owned();
    clerk.post("/links/hospital-a/park", &format!("message={message}")).expect(303);
    // Pressed twice is once.
    clerk.post("/links/hospital-a/park", &format!("message={message}")).expect(303);
    let page = clerk.get("/links").expect(200).text;
    for words in ["hospital-a", "paused since", &message, "Try it again", "Send what waits"] {
        assert!(page.contains(words), "{words} is not in {page}");
    }
    for personal in ["Maria", "Lindqvist", "A-99871", "RA-1"] {
        assert!(!page.contains(personal), "{personal}");
    }
    // An auditor reads, and presses nothing.
    let page = auditor.get("/links").expect(200).text;
    assert!(page.contains(&message) && !page.contains("<button"), "{page}");
    auditor.post("/links/hospital-a/resume", "").expect(404);
    // Another site's form does nothing, nobody's session neither; nor what is no link.
    let url = format!("{}/staff/links/hospital-a/resume", gateway.people());
    let form = ("content-type", "application/x-www-form-urlencoded");
    clerk.browser.call("POST", &url, &[form, ("sec-fetch-site", "cross-site")], "").expect(403);
    let mut stranger = crate::harness::Browser::new(&gateway);
    stranger.post(&url, "").expect(401);
    clerk.post("/links/pantry/pause", "").expect(404);
    clerk.post("/links/hospital-a/erase", "").expect(404);
    assert_eq!(gateway.link()["state"], "paused");

    clerk.post("/links/hospital-a/unpark", &format!("message={message}")).expect(303);
    clerk.post("/links/hospital-a/resume", "").expect(303);
    assert_eq!(field(&inbox.next(), "MSH", 10), message);
    let kinds = ["link.paused", "link.parked", "link.unparked", "link.resumed"];
    for kind in kinds {
        let entries = gateway.of_kind(kind);
        assert_eq!(entries.len(), 1, "{kind}");
        assert_eq!(entries[0]["actor"]["org"], "casey");
        assert_eq!(entries[0]["source"]["transport"], "staff");
    }
    gateway.stop();
}
