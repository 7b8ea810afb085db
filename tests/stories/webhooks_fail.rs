//! A receiver that is slow, refuses, is gone, leads elsewhere or is told twice: nothing is lost, nobody is
//! pestered, and the operator sees it.

use std::net::TcpListener;

use serde_json::{Value, json};

use super::webhooks::{start, submit};
use crate::harness::{Gateway, Receiver, letter, partner_file};

const HOUR_MS: i64 = 3_600_000;
/// The delay after one failed try is well below this, and after two.
const AFTER_RETRY_MS: i64 = 120_000;

fn delivered(gateway: &Gateway) -> Vec<Value> {
    let all = gateway.of_kind("referral.delivered").into_iter();
    all.map(|fields| fields["transition"]["delivered"].clone()).collect()
}

#[test]
fn who_is_too_slow_gets_it_again_under_the_same_id() {
    let (mut gateway, receiver) = start(&[(["delivery", "timeout_s"], "1")]);
    let secret = receiver.partner(&gateway, "hooked", "");
    let other = receiver.partner(&gateway, "other", "");
    let clinic = gateway.party("clinic-b");
    submit(&clinic, "B-1", "hooked");
    // It read the webhook, and says nothing.
    let silent = receiver.next();
    // Another receiver does not wait for it.
    submit(&clinic, "B-2", "other");
    let quick = receiver.take();
    assert!(quick.verifies(&other) && quick.path() == "/hooks/other");
    gateway.hooks_once("hooked", |one| one["state"] == "failing");
    gateway.pass(AFTER_RETRY_MS);
    let again = receiver.take();
    assert_eq!((&again.id, &again.body), (&silent.id, &silent.body));
    assert!(again.verifies(&secret));
    // Signed anew, at another time.
    assert!(again.timestamp.parse::<i64>().unwrap() > silent.timestamp.parse().unwrap());
    assert_ne!(again.signature, silent.signature);
    gateway.hooks_once("hooked", |one| one["depth"] == 0 && one["state"] == "running");
    assert_eq!(delivered(&gateway).iter().filter(|id| **id == again.id.as_str()).count(), 1);
    drop(silent);
    gateway.stop();
}

#[test]
fn who_fails_is_tried_less_and_less_and_then_gets_everything() {
    let (mut gateway, receiver) = start(&[]);
    receiver.partner(&gateway, "hooked", "");
    let clinic = gateway.party("clinic-b");
    submit(&clinic, "B-1", "hooked");
    let mut first = receiver.next();
    first.answer(500, "");
    // Each time it is left alone for longer: 5, 10, 20, … seconds, up to a quarter less.
    for tries in 0..6i64 {
        gateway.hooks_once("hooked", |one| one["failures_in_a_row"] == tries + 1);
        let delay = 5000 << tries;
        gateway.pass(delay * 3 / 4 - 1);
        gateway.tick();
        assert!(receiver.is_quiet(), "after {tries}");
        gateway.pass(delay / 4 + 1);
        let mut again = receiver.next();
        assert_eq!((&again.id, &again.body), (&first.id, &first.body));
        again.answer(500, "");
    }
    let seen = gateway.hooks_once("hooked", |one| one["failures_in_a_row"] == 7);
    assert_eq!((&seen["state"], &seen["depth"]), (&json!("failing"), &json!(1)));
    assert_eq!(seen["last_failure"]["status"], 500);
    assert_eq!(seen["next"][0]["id"], first.id.as_str());
    let metrics = gateway.metrics();
    assert!(metrics.contains("loopgate_webhook_due{partner=\"hooked\"} 1\n"), "{metrics}");
    assert!(metrics.contains("loopgate_webhook_failures_in_a_row{partner=\"hooked\"} 7\n"));
    // One that is refused holds up no other.
    submit(&clinic, "B-2", "hooked");
    let second = receiver.take();
    assert_ne!(second.id, first.id);
    gateway.pass(HOUR_MS);
    assert_eq!(receiver.take().id, first.id);
    gateway.hooks_once("hooked", |one| one["depth"] == 0 && one["state"] == "running");
    let mut ids = delivered(&gateway);
    ids.sort_by_key(|id| *id != first.id.as_str());
    assert_eq!(ids, [json!(first.id), json!(second.id)]);
    assert!(gateway.of_kind("webhook.failing").is_empty(), "no hour of it");
    gateway.stop();
}

#[test]
fn who_asks_for_patience_gets_it() {
    let (mut gateway, receiver) = start(&[]);
    receiver.partner(&gateway, "hooked", "");
    let clinic = gateway.party("clinic-b");
    submit(&clinic, "B-1", "hooked");
    let mut first = receiver.next();
    first.answer(429, "retry-after: 600\r\n");
    gateway.hooks_once("hooked", |one| one["last_failure"]["status"] == 429);
    // Others wait too.
    submit(&clinic, "B-2", "hooked");
    gateway.pass(599_000);
    gateway.tick();
    assert!(receiver.is_quiet());
    gateway.pass(2000);
    // The oldest comes first.
    assert_eq!(receiver.take().id, first.id);
    assert_ne!(receiver.take().id, first.id);
    gateway.hooks_once("hooked", |one| one["depth"] == 0);
    gateway.stop();
}

#[test]
fn who_is_gone_gets_nothing_until_an_operator_says_so_and_then_everything() {
    let (mut gateway, receiver) = start(&[]);
    receiver.partner(&gateway, "hooked", "");
    let clinic = gateway.party("clinic-b");
    submit(&clinic, "B-1", "hooked");
    let mut first = receiver.next();
    first.answer(410, "");
    let seen = gateway.hooks_once("hooked", |one| one["state"] == "disabled");
    assert_eq!((&seen["why"], &seen["depth"]), (&json!("gone"), &json!(1)));
    let disabled = gateway.of_kind("webhook.disabled");
    assert_eq!(disabled.len(), 1);
    assert_eq!(disabled[0]["transition"], json!({ "disabled": true, "reason": "gone" }));
    assert_eq!(disabled[0]["parties"][0]["id"], "hooked");
    assert!(gateway.metrics().contains("loopgate_webhook_disabled{partner=\"hooked\"} 1\n"));
    assert!(gateway.log().contains("webhooks are disabled"), "{}", gateway.log());
    assert!(gateway.disable_hooks("hooked", true).is_err(), "it is so already");

    submit(&clinic, "B-2", "hooked");
    gateway.kill();
    gateway.serve();
    gateway.pass(48 * HOUR_MS);
    assert!(receiver.is_quiet());
    assert_eq!(gateway.hooks("hooked")["depth"], 2);
    assert_eq!(gateway.disable_hooks("hooked", false).unwrap(), "hooked is enabled");
    let mut ids = [receiver.take().id, receiver.take().id];
    ids.sort_by_key(|id| *id != first.id);
    assert_eq!(ids[0], first.id);
    gateway.hooks_once("hooked", |one| one["depth"] == 0 && one["state"] == "running");
    let enabled = gateway.of_kind("webhook.enabled");
    assert_eq!(enabled[0]["actor"]["org"], "ops");
    gateway.stop();
}

#[test]
fn who_takes_nothing_for_three_days_is_left_alone_and_told_by_e_mail() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let receiver = Receiver::open(&gateway.root());
    let file = gateway.root().join("loopgate.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let listed = format!("private_targets = [\"localhost:{}\"]", receiver.port());
    std::fs::write(&file, text.replace("private_targets = []", &listed)).unwrap();
    gateway.stop();
    gateway.serve();
    receiver.partner(&gateway, "hooked", "contact = \"it@hooked.example\"\n");
    submit(&gateway.party("clinic-b"), "B-1", "hooked");
    receiver.next().answer(503, "");
    gateway.hooks_once("hooked", |one| one["failures_in_a_row"] == 1);
    let mut tries = 1;
    for hour in 1..=71 {
        gateway.pass(HOUR_MS);
        receiver.next().answer(503, "");
        tries += 1;
        gateway.hooks_once("hooked", |one| one["failures_in_a_row"] == tries);
        if hour == 3 {
            // A restart does not begin the count anew.
            assert_eq!(gateway.of_kind("webhook.failing").len(), 1);
            gateway.kill();
            gateway.serve();
            receiver.next().answer(503, "");
            tries = 1;
            gateway.hooks_once("hooked", |one| one["failures_in_a_row"] == 1);
        }
    }
    assert!(gateway.of_kind("webhook.disabled").is_empty());
    gateway.pass(HOUR_MS);
    receiver.next().answer(503, "");
    gateway.hooks_once("hooked", |one| one["state"] == "disabled" && one["why"] == "failing");
    let told = letter(&post);
    assert!(told.text.contains("it@hooked.example"), "{}", told.text);
    assert!(told.text.contains("sends nothing to your webhook endpoint"), "{}", told.text);
    gateway.pass(24 * HOUR_MS);
    assert!(receiver.is_quiet());
    gateway.disable_hooks("hooked", false).unwrap();
    receiver.take();
    gateway.hooks_once("hooked", |one| one["depth"] == 0 && one["state"] == "running");
    gateway.stop();
}

#[test]
fn nobody_is_led_to_an_address_inside() {
    let (mut gateway, receiver) = start(&[]);
    receiver.partner(&gateway, "hooked", "");
    // Inside: a port of this machine that is not listed.
    let inside = TcpListener::bind("127.0.0.1:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let port = inside.local_addr().unwrap().port();
    submit(&gateway.party("clinic-b"), "B-1", "hooked");
    let mut ids = Vec::new();
    for status in [301, 302, 303, 307, 308] {
        for to in ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "2130706433"] {
            let mut hooked = receiver.next();
            hooked.answer(status, &format!("location: https://{to}:{port}/inside\r\n"));
            ids.push(hooked.id.clone());
            let tries = ids.len();
            gateway.hooks_once("hooked", |one| one["failures_in_a_row"] == tries);
            assert_eq!(gateway.hooks("hooked")["last_failure"]["status"], status);
            gateway.pass(HOUR_MS);
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    receiver.next().answer(200, "");
    gateway.hooks_once("hooked", |one| one["depth"] == 0);
    assert!(inside.accept().is_err(), "somebody called");
    gateway.stop();
}

#[test]
fn a_name_that_leads_inside_is_not_called() {
    let mut gateway = Gateway::start();
    let inside = TcpListener::bind("127.0.0.1:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let port = inside.local_addr().unwrap().port();
    let at = |name: &str, host: &str| {
        let channel = format!("kind = \"push\"\nendpoint = \"https://{host}:{port}/in\"");
        partner_file(name, "target", &channel)
    };
    // A name is known by where it leads, which is looked at when it is called.
    gateway.add_partner("hooked", &at("hooked", "localhost"));
    submit(&gateway.party("clinic-b"), "B-1", "hooked");
    for tries in 1..4 {
        gateway.hooks_once("hooked", |one| one["failures_in_a_row"] == tries);
        gateway.pass(HOUR_MS);
    }
    assert!(gateway.test_hook("hooked").is_err());
    assert!(inside.accept().is_err(), "somebody called");
    assert_eq!(gateway.hooks("hooked")["depth"], 1);
    gateway.stop();
}

#[test]
fn a_crash_between_the_answer_and_the_entry_sends_the_same_again() {
    for step in ["write", "torn", "sync"] {
        let (mut gateway, receiver) = start(&[]);
        receiver.partner(&gateway, "hooked", "");
        submit(&gateway.party("clinic-b"), "B-1", "hooked");
        let mut first = receiver.next();
        gateway.die_at(step, 1);
        first.answer(200, "");
        assert!(!gateway.ended().success(), "{step}");
        gateway.serve();
        // What was written and not synced may be there: then it was told.
        if step == "write" || gateway.hooks("hooked")["depth"] == 1 {
            let again = receiver.take();
            assert_eq!((&again.id, &again.body), (&first.id, &first.body), "{step}");
        }
        gateway.hooks_once("hooked", |one| one["depth"] == 0);
        assert_eq!(delivered(&gateway), [json!(first.id)], "{step}");
        gateway.pass(AFTER_RETRY_MS);
        assert!(receiver.is_quiet(), "{step}");
        gateway.stop();
    }
}

#[test]
fn what_was_told_is_told_again_under_the_same_id() {
    let (mut gateway, receiver) = start(&[]);
    let secret = receiver.partner(&gateway, "hooked", "");
    let (clinic, hooked) = (gateway.party("clinic-b"), gateway.party("hooked"));
    assert!(gateway.replay_hooks("hooked", 0).is_err(), "nothing was told");
    submit(&clinic, "B-1", "hooked");
    let first = receiver.take();
    gateway.hooks_once("hooked", |one| one["depth"] == 0);
    gateway.pass(2 * HOUR_MS);
    let (task, _) = submit(&clinic, "B-2", "hooked");
    let second = receiver.take();
    gateway.hooks_once("hooked", |one| one["depth"] == 0);
    let id = second.json()["data"]["referral_id"].as_str().unwrap().to_owned();
    hooked.act(&id, "accept", &json!({})).expect(200);
    let mut asked = clinic.get(&task).expect(200).json;
    asked["businessStatus"] = json!({ "text": "cancellation requested" });
    asked["statusReason"] = json!({ "text": "moved" });
    clinic.put(&task, &asked).expect(200);
    let third = receiver.take();
    gateway.hooks_once("hooked", |one| one["depth"] == 0);

    // Of the last hour: two of three, through a restart, the same ids and words at another time.
    gateway.disable_hooks("hooked", true).unwrap();
    assert_eq!(gateway.replay_hooks("hooked", HOUR_MS).unwrap(), "2 webhooks are sent again");
    gateway.kill();
    gateway.serve();
    assert_eq!(gateway.hooks("hooked")["depth"], 2);
    gateway.pass(60_000);
    gateway.disable_hooks("hooked", false).unwrap();
    let again = [receiver.take(), receiver.take()];
    for (one, before) in again.iter().zip([&second, &third]) {
        // Of one placement, in their order.
        assert_eq!((&one.id, &one.body), (&before.id, &before.body));
        assert!(one.verifies(&secret) && one.timestamp != before.timestamp);
    }
    gateway.hooks_once("hooked", |one| one["depth"] == 0);
    // A receiver that knows ids knows them all; whoever looks at the time refuses the old bytes.
    let known = [&first.id, &second.id, &third.id];
    assert!(again.iter().all(|one| known.contains(&&one.id)));
    assert_eq!(gateway.of_kind("webhook.told-again").len(), 2);
    assert_eq!(gateway.of_kind("webhook.replayed")[0]["actor"]["org"], "ops");
    assert_eq!(gateway.replay_hooks("hooked", 0).unwrap(), "3 webhooks are sent again");
    for _ in 0..3 {
        receiver.take();
    }
    gateway.hooks_once("hooked", |one| one["depth"] == 0);
    gateway.stop();
}
