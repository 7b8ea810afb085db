//! An interface engine's habits, good and bad, as it sends: whatever happens on the wire, each message
//! is taken in once or refused with a word, what is not answered can be sent again, and nobody is held
//! up by somebody else.

mod answers;

use std::io;

use loopgate_hl7v2::frame;
use loopgate_server::admin::Ask;

use crate::harness::{
    Engine, Gateway, Wire, anonymous_config, client_config, field, msh, referral_v2,
};

/// FS, which ends a frame.
const FS: u8 = 0x1c;

/// A food referral about Maria.
fn referral(control: &str, placer: &str) -> String {
    referral_v2(control, "", placer, "A-99871")
}

fn framed(control: &str, placer: &str) -> Vec<u8> {
    frame(referral(control, placer).as_bytes()).unwrap()
}

/// A connection of hospital A's on which the story says every byte.
fn wire(gateway: &Gateway) -> Wire {
    Wire::open(client_config(&gateway.root(), "hospital-a"), gateway.mllp())
}

/// So many answers, or those that come before the gateway hangs up.
fn answers(wire: &mut Wire, count: usize) -> Vec<String> {
    let heard = wire.hear(|heard| heard.iter().filter(|byte| **byte == FS).count() >= count);
    let each = heard.split(|byte| *byte == FS);
    let each = each.map(|one| String::from_utf8_lossy(one).trim_matches(['\x0b', '\r']).to_owned());
    each.filter(|one| !one.is_empty()).collect()
}

/// MSA-1 and MSA-2.
fn msa(ack: &str) -> (String, String) {
    (field(ack, "MSA", 1), field(ack, "MSA", 2))
}

fn all_msa(acks: &[String]) -> Vec<(String, String)> {
    acks.iter().map(|ack| msa(ack)).collect()
}

fn said(code: &str, control: &str) -> (String, String) {
    (code.to_owned(), control.to_owned())
}

fn count(gateway: &Gateway, kind: &str) -> usize {
    gateway.kinds().iter().filter(|one| *one == kind).count()
}

/// So often it was told: an acknowledgement is recorded a moment after it was given.
#[track_caller]
fn told(gateway: &mut Gateway, times: usize) {
    for _ in 0..200 {
        if count(gateway, "referral.told") >= times {
            break;
        }
        gateway.tick();
    }
    assert_eq!(count(gateway, "referral.told"), times);
}

/// All that the world sees of it are so many referrals, each by one message, each at the pantry.
#[track_caller]
fn holds(gateway: &Gateway, referrals: usize) {
    let kinds = (count(gateway, "message.heard"), count(gateway, "referral.received"));
    assert_eq!(kinds, (referrals, referrals));
    assert_eq!(gateway.party("pantry").inbox().len(), referrals);
}

#[test]
fn a_resend_is_answered_alike_and_another_message_of_its_name_is_refused() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let first = referral("MSG-1", "RA-1");
    // The acknowledgement is lost: the engine hangs up as soon as it has sent.
    let mut lost = wire(&gateway);
    lost.say(&frame(first.as_bytes()).unwrap()).unwrap();
    drop(lost);
    let ack = engine.send(&first);
    assert_eq!(msa(&ack), said("AA", "MSG-1"));
    gateway.pass(60_000);
    assert_eq!(engine.send(&first), ack, "byte for byte, with the first MSH-7 and MSH-10");
    // An engine that stamps the resend with a new MSH-7 says something else under the same name.
    let stamped = first.replace("20261122094000+0000", "20261122094500+0000");
    assert_ne!(stamped, first);
    let refused = engine.send(&stamped);
    assert_eq!(msa(&refused), said("AE", "MSG-1"));
    assert_eq!(field(&refused, "ERR", 2), "MSH^1^10");
    assert_eq!(field(&refused, "ERR", 3), "205^Duplicate key identifier^HL70357");
    assert_eq!(engine.send(&first), ack);
    holds(&gateway, 1);
    assert!(inbox.waiting().is_empty());
    gateway.stop();
}

#[test]
fn messages_in_one_packet_are_each_answered_by_itself_and_in_order() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let two = [framed("A-1", "RA-1"), framed("A-2", "RA-2")].concat();
    let mut line = wire(&gateway);
    line.say(&two).unwrap();
    assert_eq!(all_msa(&answers(&mut line, 2)), [said("AA", "A-1"), said("AA", "A-2")]);
    // Of three the second cannot be used, or cannot be read: the third is none the worse.
    let unusable = referral("B-2", "RA-9").replace("RA-9^HOSPA", "");
    let unreadable = referral("C-2", "RA-9").replace("PID|", "\rPID|");
    for (name, broken, code) in [("B", &unusable, "AE"), ("C", &unreadable, "AR")] {
        let id = |n: u8| format!("{name}-{n}");
        let three = [
            framed(&id(1), &format!("R{name}-1")),
            frame(broken.as_bytes()).unwrap(),
            framed(&id(3), &format!("R{name}-3")),
        ];
        line.say(&three.concat()).unwrap();
        let heard = all_msa(&answers(&mut line, 3));
        assert_eq!(heard, [said("AA", &id(1)), said(code, &id(2)), said("AA", &id(3))]);
    }
    holds(&gateway, 6);
    // The one whose frame has another inside it ends the connection: what follows was not read, and is
    // not lost, since it was not answered.
    let half = &framed("D-2", "RD-2")[..300];
    line.say(&[&framed("D-1", "RD-1")[..], half, &framed("D-3", "RD-3")].concat()).unwrap();
    let heard = all_msa(&answers(&mut line, 3));
    assert_eq!(heard, [said("AA", "D-1"), said("AR", "D-2")]);
    assert!(line.rest().is_empty());
    holds(&gateway, 7);
    for (control, placer) in [("D-2", "RD-2"), ("D-3", "RD-3")] {
        assert_eq!(msa(&engine.send(&referral(control, placer))), said("AA", control));
    }
    holds(&gateway, 9);
    gateway.stop();
}

#[test]
fn bytes_may_come_one_by_one_and_what_stands_between_frames_is_said() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let mut line = wire(&gateway);
    for byte in framed("A-1", "RA-1") {
        line.say(&[byte]).unwrap();
    }
    assert_eq!(all_msa(&answers(&mut line, 1)), [said("AA", "A-1")]);
    // Line ends between two frames mean nothing.
    line.say(&[&framed("A-2", "RA-2")[..], b"\r\n\n", &framed("A-3", "RA-3")].concat()).unwrap();
    assert_eq!(all_msa(&answers(&mut line, 2)), [said("AA", "A-2"), said("AA", "A-3")]);
    // A NUL does: from there on nobody can tell what is a message.
    line.say(&[&framed("A-4", "RA-4")[..], b"\0", &framed("A-5", "RA-5")].concat()).unwrap();
    let heard = answers(&mut line, 3);
    assert_eq!(all_msa(&heard), [said("AA", "A-4"), said("AR", "")]);
    assert_eq!(field(&heard[1], "ERR", 8), "bytes are outside any frame");
    holds(&gateway, 4);
    assert_eq!(msa(&engine.send(&referral("A-5", "RA-5"))), said("AA", "A-5"));
    holds(&gateway, 5);
    gateway.stop();
}

#[test]
fn half_a_message_is_none() {
    let mut gateway = Gateway::prepare(&[(["limits", "mllp_frame_timeout_s"], "1")]);
    gateway.speaks_v2(None, "");
    gateway.serve();
    gateway.maria_consents();
    let before = gateway.kinds();
    let whole = framed("A-1", "RA-1");
    // The connection ends mid-frame, with a word of TLS and without.
    for cut in [1, 200, whole.len() - 2] {
        let mut line = wire(&gateway);
        line.say(&whole[..cut]).unwrap();
        line.done().unwrap();
        assert_eq!(line.rest(), "", "{cut}");
        let mut line = wire(&gateway);
        line.say(&whole[..cut]).unwrap();
        drop(line);
    }
    assert_eq!(gateway.kinds(), before);
    // Where the CR alone is missing, the message is whole.
    let mut line = wire(&gateway);
    let hasty = framed("A-9", "RA-9");
    line.say(&hasty[..hasty.len() - 1]).unwrap();
    line.done().unwrap();
    assert_eq!(all_msa(&answers(&mut line, 2)), [said("AA", "A-9")]);
    holds(&gateway, 1);
    let before = gateway.kinds();
    // It goes silent mid-frame: it is not waited for longer than a frame may take.
    let mut line = wire(&gateway);
    line.say(&whole[..300]).unwrap();
    assert_eq!(line.rest(), "");
    assert_eq!(gateway.kinds(), before);
    // What was whole before was answered before.
    let mut line = wire(&gateway);
    line.say(&[&framed("A-0", "RA-0")[..], &whole[..300]].concat()).unwrap();
    assert_eq!(all_msa(&answers(&mut line, 2)), [said("AA", "A-0")]);
    holds(&gateway, 2);
    // Whole, it is taken in as if nothing had been said before.
    let engine = gateway.engine("hospital-a");
    assert_eq!(msa(&engine.send(&referral("A-1", "RA-1"))), said("AA", "A-1"));
    holds(&gateway, 3);
    gateway.stop();
}

#[test]
fn long_messages_and_many_are_taken_as_short_ones_and_few() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let note = format!("NTE|1||{}\rNK1|1|", "word ".repeat((1 << 20) / 5));
    let long = referral("L-1", "RL-1").replace("NK1|1|", &note);
    assert!(long.len() > 1 << 20);
    let ack = engine.send(&long);
    assert_eq!(msa(&ack), said("AA", "L-1"), "{ack}");
    assert_eq!(engine.send(&long), ack);
    // A hundred before the first answer is read.
    let hundred: Vec<u8> =
        (0..100).flat_map(|n| framed(&format!("P-{n}"), &format!("RP-{n}"))).collect();
    let mut line = wire(&gateway);
    line.say(&hundred).unwrap();
    let expected: Vec<_> = (0..100).map(|n| said("AA", &format!("P-{n}"))).collect();
    assert_eq!(all_msa(&answers(&mut line, 100)), expected);
    let kinds = (count(&gateway, "message.heard"), count(&gateway, "referral.received"));
    assert_eq!(kinds, (101, 101));
    gateway.stop();
}

#[test]
fn an_engine_that_never_reads_its_answers_is_left_and_holds_up_nobody() {
    let limits =
        [(["limits", "mllp_frame_timeout_s"], "1"), (["limits", "mllp_connections_max"], "2")];
    let mut gateway = Gateway::prepare(&limits);
    gateway.speaks_v2(None, "");
    gateway.serve();
    gateway.maria_consents();
    // What is not carried makes the answer long.
    let more: String = (10..60).map(|n| format!("Z{n}|x\r")).collect();
    let long = frame(format!("{}{more}", referral("A-1", "RA-1")).as_bytes()).unwrap();
    let (mut deaf, mut steady) = (wire(&gateway), wire(&gateway));
    let mut asks = move || {
        steady.say(&framed("B", "RB")).unwrap();
        steady.acknowledgement()
    };
    let ack = asks();
    // It says the same again and again, until the gateway, which cannot answer, reads no more and then
    // hangs up; so much fits into no buffer on the way.
    let ended = std::thread::scope(|scope| {
        let deaf = scope.spawn(|| (0..(64 << 20) / long.len()).find_map(|_| deaf.say(&long).err()));
        while !deaf.is_finished() {
            assert_eq!(asks(), ack, "others are served all the time");
        }
        deaf.join().unwrap().expect("the gateway hangs up")
    });
    assert_ne!(ended.kind(), io::ErrorKind::WouldBlock, "it hangs up before the engine does");
    // Its place is free again, and there is no other.
    let mut next = wire(&gateway);
    next.say(&framed("C", "RC")).unwrap();
    assert_eq!(all_msa(&answers(&mut next, 1)), [said("AA", "C")]);
    assert_eq!(gateway.engine("hospital-a").try_send(&referral("D", "RD")), None);
    assert_eq!(asks(), ack);
    holds(&gateway, 3);
    gateway.stop();
}

#[test]
fn nobody_speaks_for_another_and_nobody_without_a_certificate() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let sound = referral("MSG-1", "RA-1");
    let ack = engine.send(&sound);
    let before = gateway.kinds();
    let mut nobody = Wire::open(anonymous_config(&gateway.root()), gateway.mllp());
    // TLS 1.3 tells a client after it has begun to speak.
    let _ = nobody.say(&frame(sound.as_bytes()).unwrap());
    assert_eq!(nobody.rest(), "");
    assert_eq!(gateway.kinds(), before);
    // Clinic B has a link of its own, and says what hospital A said, to the byte.
    let path = gateway.root().join("partners/clinic-b.toml");
    let file = std::fs::read_to_string(&path).unwrap();
    let link = "\n[hl7v2]\napplication = \"EHRB\"\nfacility = \"CLINB\"\nauthorities = [\n\
                { name = \"HOSPA\", system = \"urn:example:hospital-a:mrn\" },\n\
                { name = \"NPI\", system = \"urn:example:npi\" },\n]\n";
    std::fs::write(&path, file + link).unwrap();
    gateway.admin(&Ask::PartnersReload);
    let before = gateway.kinds();
    let clinic: Engine = gateway.engine("clinic-b");
    let refused = clinic.send(&sound);
    assert_ne!(refused, ack);
    assert_eq!(msa(&refused), said("AE", "MSG-1"));
    let places: Vec<&str> = refused.split('\r').filter(|line| line.starts_with("ERR")).collect();
    let places: Vec<&str> = places.iter().map(|line| line.split('|').nth(2).unwrap()).collect();
    assert_eq!(places, ["MSH^1^3", "MSH^1^4"]);
    assert_eq!(gateway.kinds()[before.len()..], ["phi.denied"]);
    let denied = gateway.of_kind("phi.denied").pop().unwrap();
    assert_eq!(denied["parties"][0]["id"], "clinic-b");
    // In its own name it uses hospital A's control id: that is a message of its own.
    let own = sound.replace("|EHR|HOSPA|", "|EHRB|CLINB|").replace("RA-1^HOSPA", "RB-1^HOSPA");
    assert_ne!(field(&clinic.send(&own), "ERR", 3).split('^').next(), Some("205"));
    assert_eq!(engine.send(&sound), ack);
    gateway.stop();
}

#[test]
fn acknowledgements_are_never_acknowledged() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    assert_eq!(
        field(&engine.send(&referral_v2("A-1", "AL|AL", "RA-1", "A-99871")), "MSA", 1),
        "CA"
    );
    // The engine took our answer in (CA), and says later, where it calls us, what became of it.
    let ours = field(&inbox.next(), "MSH", 10);
    let mut line = wire(&gateway);
    for (kind, modes, msa) in [
        ("ACK^I12^ACK", "", format!("MSA|AA|{ours}\r")),
        // It asks for an acknowledgement of its acknowledgement, says no, or is broken.
        ("ACK^I12^ACK", "AL|AL", format!("MSA|AA|{ours}\r")),
        ("ACK", "AL|NE", format!("MSA|AE|{ours}\r")),
        ("ACK", "AL|AL", "MSA|AR|NO-SUCH-MESSAGE\r".to_owned()),
        ("ACK", "AL|AL", "MSA\r\rXX|\r".to_owned()),
        ("ACK", "AL|AL", String::new()),
    ] {
        let ack = format!("{}{msa}", msh(kind, "ACK-1", modes));
        line.say(&frame(ack.as_bytes()).unwrap()).unwrap();
    }
    // The first answer on this connection is the next message's.
    line.say(&framed("A-2", "RA-2")).unwrap();
    assert_eq!(all_msa(&answers(&mut line, 1)), [said("AA", "A-2")]);
    line.done().unwrap();
    assert_eq!(line.rest(), "");
    holds(&gateway, 2);
    told(&mut gateway, 1);
    assert!(inbox.waiting().is_empty());
    gateway.stop();
}
