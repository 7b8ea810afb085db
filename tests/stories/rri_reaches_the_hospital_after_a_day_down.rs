//! A hospital's engine that is down for a day misses nothing, gets nothing twice, and in order.

use serde_json::json;

use crate::harness::{Gateway, field, referral_v2};

const HOUR_MS: i64 = 3_600_000;

#[test]
fn everything_arrives_in_order_once_the_engine_is_back() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    inbox.down(true);
    let pantry = gateway.party("pantry");
    for (control, placer) in [("MSG-1", "RA-1"), ("MSG-2", "RA-2")] {
        engine.send(&referral_v2(control, "AL|AL", placer, "A-99871"));
    }
    let ids: Vec<String> =
        pantry.inbox().iter().map(|row| row["referral_id"].as_str().unwrap().to_owned()).collect();
    pantry.act(&ids[0], "accept", &json!({})).expect(200);
    for _ in 0..12 {
        gateway.pass(HOUR_MS);
    }
    gateway.kill();
    gateway.serve();
    let pantry = gateway.party("pantry");
    pantry.act(&ids[0], "no-show", &json!({})).expect(200);
    for _ in 0..12 {
        gateway.pass(HOUR_MS);
    }
    assert!(inbox.waiting().is_empty());

    inbox.down(false);
    let got: Vec<String> = (0..4).map(|_| inbox.in_time(&mut gateway)).collect();
    let said: Vec<(String, String, String)> = got
        .iter()
        .map(|one| (field(one, "RF1", 6), field(one, "RF1", 1), field(one, "NTE", 3)))
        .collect();
    let expected = [
        ("RA-1^HOSPA", "P", ""),
        ("RA-1^HOSPA", "A", ""),
        ("RA-1^HOSPA", "A", "appointment missed"),
    ];
    let of = |placer: &str| {
        said.iter().filter(|one| one.0.starts_with(placer)).cloned().collect::<Vec<_>>()
    };
    let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
    assert_eq!(of("RA-1"), expected);
    assert_eq!(of("RA-2"), [("RA-2^HOSPA".into(), "P".into(), String::new())]);
    gateway.pass(2 * HOUR_MS);
    assert!(inbox.waiting().is_empty(), "nothing comes twice");
    // The engine's answer is recorded a moment after it was given.
    let told =
        |gateway: &Gateway| gateway.kinds().iter().filter(|kind| *kind == "referral.told").count();
    for _ in 0..200 {
        if told(&gateway) == 4 {
            break;
        }
        gateway.tick();
    }
    assert_eq!(told(&gateway), 4);
    gateway.stop();
}

#[test]
fn a_message_the_engine_refuses_stops_its_own_referral_alone() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    inbox.say("CE");
    engine.send(&referral_v2("MSG-1", "AL|AL", "RA-1", "A-99871"));
    let refused = inbox.next();
    inbox.say("CA");
    engine.send(&referral_v2("MSG-2", "AL|AL", "RA-2", "A-99871"));
    assert_eq!(field(&inbox.next(), "RF1", 6), "RA-2^HOSPA");
    // Sent again as it was: the engine can tell a resend by its control id.
    let again = inbox.in_time(&mut gateway);
    assert_eq!(field(&again, "MSH", 10), field(&refused, "MSH", 10));
    assert_eq!(field(&again, "RF1", 6), "RA-1^HOSPA");
    gateway.stop();
}

#[test]
fn an_engine_that_says_nothing_is_asked_again_on_another_connection() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    inbox.say("");
    engine.send(&referral_v2("MSG-1", "AL|AL", "RA-1", "A-99871"));
    let silent = inbox.next();
    inbox.say("AA");
    let again = inbox.in_time(&mut gateway);
    assert_eq!(field(&again, "MSH", 10), field(&silent, "MSH", 10));
    gateway.pass(2 * HOUR_MS);
    assert!(inbox.waiting().is_empty());
    gateway.stop();
}

#[test]
fn an_acknowledgement_of_another_message_is_not_taken_for_this_one() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    inbox.say("CA|ANOTHER");
    engine.send(&referral_v2("MSG-1", "AL|AL", "RA-1", "A-99871"));
    let first = inbox.next();
    inbox.say("CA");
    let again = inbox.in_time(&mut gateway);
    assert_eq!(field(&again, "MSH", 10), field(&first, "MSH", 10));
    gateway.stop();
}
