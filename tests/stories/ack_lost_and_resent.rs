//! An acknowledgement that is lost costs nothing: the resend gets the first answer, byte for byte, and
//! there is one referral.

use crate::harness::{Gateway, field, referral_v2};

#[test]
fn a_resend_gets_the_first_answer_even_after_a_restart() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let message = referral_v2("MSG-1", "AL|AL", "RA-1", "A-99871");
    let first = engine.send(&message);
    assert_eq!(field(&first, "MSA", 1), "CA");
    assert_eq!(field(&inbox.next(), "RF1", 1), "P");
    gateway.pass(60_000);
    assert_eq!(engine.send(&message), first);
    gateway.kill();
    gateway.serve();
    assert_eq!(engine.send(&message), first);
    // All at once, on connections of their own.
    let again: Vec<String> = std::thread::scope(|scope| {
        let sends: Vec<_> = (0..4).map(|_| scope.spawn(|| engine.send(&message))).collect();
        sends.into_iter().map(|send| send.join().unwrap()).collect()
    });
    assert!(again.iter().all(|one| *one == first));
    assert_eq!(gateway.party("pantry").inbox().len(), 1);
    assert!(inbox.waiting().is_empty(), "nothing is told twice");
    let kinds = gateway.kinds();
    let count = |kind: &str| kinds.iter().filter(|one| *one == kind).count();
    assert_eq!((count("message.heard"), count("referral.received")), (1, 1));
    gateway.stop();
}

#[test]
fn a_control_id_used_again_for_something_else_is_refused() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    engine.send(&referral_v2("MSG-1", "", "RA-1", "A-99871"));
    let other = engine.send(&referral_v2("MSG-1", "", "RA-2", "A-99871"));
    assert_eq!((field(&other, "MSA", 1), field(&other, "MSA", 2)), ("AE".into(), "MSG-1".into()));
    assert_eq!(field(&other, "ERR", 2), "MSH^1^10");
    assert_eq!(field(&other, "ERR", 3), "205^Duplicate key identifier^HL70357");
    // Nor is one referral two because its message has another control id.
    let twice = engine.send(&referral_v2("MSG-3", "", "RA-1", "A-99871"));
    assert_eq!(
        (field(&twice, "MSA", 1), field(&twice, "ERR", 2)),
        ("AE".into(), "RF1^1^6^1^1".into())
    );
    assert_eq!(gateway.party("pantry").inbox().len(), 1);
    gateway.stop();
}

#[test]
fn no_acknowledgement_is_given_before_the_entry_is_safe() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    for (n, step) in ["write", "torn", "sync", "synced"].into_iter().enumerate() {
        gateway.die_at(step, 1);
        let message = referral_v2(&format!("MSG-{n}"), "AL|NE", &format!("RA-{n}"), "A-99871");
        assert_eq!(engine.try_send(&message), None, "{step}");
        gateway.ended();
        gateway.serve();
        assert_eq!(field(&engine.send(&message), "MSA", 1), "CA");
    }
    assert_eq!(gateway.party("pantry").inbox().len(), 4);
    gateway.stop();
}
