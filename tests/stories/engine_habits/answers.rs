//! An engine's habits as it answers: late, for another message, with no, not at all. Each of our
//! messages is sent until it is acknowledged, under one control id, and counts as told once.

use std::time::Duration;

use loopgate_hl7v2::frame;
use serde_json::json;

use crate::harness::{Call, Callee, Engine, Gateway, field, referral_v2};

use super::{holds, told};

const HOUR_MS: i64 = 3_600_000;
/// How long nothing has to come.
const QUIET: Duration = Duration::from_millis(250);

/// Hospital A, which answers as the story says; the gateway waits for it, but not long.
fn hospital() -> (Gateway, Engine, Callee) {
    let mut gateway = Gateway::prepare(&[
        (["delivery", "private_targets"], "[\"127.0.0.1\"]"),
        (["delivery", "timeout_s"], "2"),
    ]);
    let callee = Callee::open(&gateway.root());
    gateway.speaks_v2(Some(callee.port), "");
    gateway.serve();
    gateway.maria_consents();
    let engine = gateway.engine("hospital-a");
    (gateway, engine, callee)
}

/// Refers Maria; the answer is asked for and comes on the hospital's own link.
#[track_caller]
fn refer(engine: &Engine, control: &str, placer: &str) {
    let ack = engine.send(&referral_v2(control, "AL|AL", placer, "A-99871"));
    assert_eq!(field(&ack, "MSA", 1), "CA");
}

/// The next call, however long the gateway waits before it.
#[track_caller]
fn called_again(gateway: &mut Gateway, callee: &Callee) -> Call {
    for _ in 0..20 {
        if let Some(call) = callee.call_within(QUIET) {
            return call;
        }
        gateway.pass(HOUR_MS);
    }
    panic!("the gateway does not call again");
}

fn id(message: &str) -> String {
    field(message, "MSH", 10)
}

/// Nobody calls any more, whatever time passes.
#[track_caller]
fn quiet(gateway: &mut Gateway, callee: &Callee) {
    for _ in 0..2 {
        gateway.pass(2 * HOUR_MS);
        assert!(callee.call_within(QUIET).is_none(), "nothing is told twice");
    }
}

#[test]
fn an_acknowledgement_that_comes_late_is_not_the_next_messages() {
    let (mut gateway, engine, callee) = hospital();
    refer(&engine, "MSG-1", "RA-1");
    // What happened at one instant may be told in any order.
    gateway.pass(1000);
    refer(&engine, "MSG-2", "RA-2");
    let mut first = callee.call();
    let message = first.message().unwrap();
    // The gateway hangs up once it has waited; the answer finds nobody.
    assert_eq!(first.message(), None);
    let _ = first.answer("CA", &id(&message));
    told(&mut gateway, 0);
    let mut second = called_again(&mut gateway, &callee);
    let mut ids = Vec::new();
    for _ in 0..2 {
        let again = second.message().unwrap();
        second.answer("CA", &id(&again)).unwrap();
        ids.push((id(&again), field(&again, "RF1", 6)));
    }
    assert_eq!(ids[0], (id(&message), field(&message, "RF1", 6)), "sent again as it was");
    assert_ne!(ids[0].0, ids[1].0);
    told(&mut gateway, 2);
    quiet(&mut gateway, &callee);
    told(&mut gateway, 2);
    holds(&gateway, 2);
    gateway.stop();
}

#[test]
fn what_is_no_acknowledgement_of_this_message_ends_the_connection() {
    let (mut gateway, engine, callee) = hospital();
    refer(&engine, "MSG-1", "RA-1");
    let mut call = callee.call();
    let first = call.message().unwrap();
    // Of another message; of none; a code there is not; no message; no frame; a frame cut off.
    let ack = |msa: &str| {
        let ack = format!("\x0bMSH|^~\\&|EHR|HOSPA|||2026||ACK|1|T|2.5.1\r{msa}\r\x1c\r");
        ack.into_bytes()
    };
    for answer in [
        ack("MSA|CA|ANOTHER"),
        ack("MSA|CA"),
        ack(&format!("MSA|CA|{}", id(&first).to_lowercase())),
        ack(&format!("MSA|OK|{}", id(&first))),
        ack(""),
        b"\x0bhello\x1c\r".to_vec(),
        b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
        ack("MSA|CA|")[..40].to_vec(),
    ] {
        call.say(&answer).unwrap();
        // Half an answer is waited for as long as a whole one.
        let words = String::from_utf8_lossy(&answer).into_owned();
        assert_eq!(call.message(), None, "{words}");
        told(&mut gateway, 0);
        call = called_again(&mut gateway, &callee);
        assert_eq!(id(&call.message().unwrap()), id(&first), "{words}");
    }
    call.answer("AA", &id(&first)).unwrap();
    told(&mut gateway, 1);
    quiet(&mut gateway, &callee);
    gateway.stop();
}

#[test]
fn a_no_is_asked_again_alone_and_in_order() {
    let (mut gateway, engine, callee) = hospital();
    refer(&engine, "MSG-1", "RA-1");
    let pantry = gateway.party("pantry");
    let refused = pantry.only_referral();
    let mut call = callee.call();
    let first = call.message().unwrap();
    call.answer("AE", &id(&first)).unwrap();
    // What happens to that referral meanwhile has to wait; to another it does not.
    pantry.act(&refused, "accept", &json!({})).expect(200);
    for code in ["AR", "CE", "CR"] {
        let mut call = called_again(&mut gateway, &callee);
        assert_eq!(id(&call.message().unwrap()), id(&first), "before {code}");
        call.answer(code, &id(&first)).unwrap();
        assert_eq!(call.message(), None, "nothing else is due");
    }
    told(&mut gateway, 0);
    refer(&engine, "MSG-2", "RA-2");
    let mut call = callee.call();
    let other = call.message().unwrap();
    assert_eq!(field(&other, "RF1", 6), "RA-2^HOSPA");
    call.answer("CA", &id(&other)).unwrap();
    told(&mut gateway, 1);
    // Once it says yes, it gets all of it, in the order in which it happened.
    let mut call = called_again(&mut gateway, &callee);
    let again = call.message().unwrap();
    assert_eq!((id(&again), field(&again, "RF1", 1)), (id(&first), "P".into()));
    call.answer("AA", &id(&again)).unwrap();
    let accepted = call.message().unwrap();
    assert_eq!(
        (field(&accepted, "RF1", 6), field(&accepted, "RF1", 1)),
        ("RA-1^HOSPA".into(), "A".into())
    );
    call.answer("AA", &id(&accepted)).unwrap();
    told(&mut gateway, 3);
    quiet(&mut gateway, &callee);
    // The log says that somebody should look, and of no value of the message.
    for value in ["Maria", "Lindqvist", "A-99871", "RA-1"] {
        assert!(!gateway.log().contains(value), "{value} is in the log");
    }
    gateway.stop();
}

#[test]
fn an_engine_that_hangs_up_after_each_answer_gets_all_of_them_in_order() {
    let (mut gateway, engine, callee) = hospital();
    let placers = ["RA-1", "RA-2", "RA-3"];
    for (n, placer) in placers.into_iter().enumerate() {
        // What happened at one instant may be told in any order.
        gateway.pass(1000);
        refer(&engine, &format!("MSG-{n}"), placer);
    }
    let mut heard = Vec::new();
    // One after the other, and no time passes: that it hangs up is not that it is away.
    for _ in placers {
        let mut call = callee.call();
        let message = call.message().unwrap();
        // Its answer comes in pieces, and then it is gone.
        let ack = format!("MSH|^~\\&|EHR|HOSPA|||2026||ACK|1|T|2.5.1\rMSA|AA|{}\r", id(&message));
        for byte in frame(ack.as_bytes()).unwrap() {
            call.say(&[byte]).unwrap();
        }
        drop(call);
        heard.push(field(&message, "RF1", 6));
    }
    assert_eq!(heard, placers.map(|placer| format!("{placer}^HOSPA")));
    told(&mut gateway, 3);
    // Each was disclosed once, however often it had to be said.
    let disclosed = gateway.of_kind("phi.disclosed").into_iter();
    let mllp = disclosed.filter(|entry| entry["disclosed"]["channel"] == "mllp").count();
    assert_eq!(mllp, 3);
    quiet(&mut gateway, &callee);
    told(&mut gateway, 3);
    gateway.stop();
}
