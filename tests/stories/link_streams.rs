//! What comes in on a link: answered in order, bounded in time, counted when it breaks off, and never half
//! done at the end.

use loopgate_hl7v2::frame;
use serde_json::json;

use crate::harness::{Gateway, Wire, client_config, field, msh, referral_v2};

fn framed(control: &str) -> Vec<u8> {
    frame(referral_v2(control, "", control, "A-99871").as_bytes()).unwrap()
}

fn wire(gateway: &Gateway) -> Wire {
    Wire::open(client_config(&gateway.root(), "hospital-a"), gateway.mllp())
}

/// MSA-1 and MSA-2 of each answer.
fn answers(text: &str) -> Vec<(String, String)> {
    let all = text.split('\u{1c}').filter(|one| one.contains("MSA"));
    all.map(|one| (field(one, "MSA", 1), field(one, "MSA", 2))).collect()
}

#[test]
fn what_came_whole_is_answered_before_the_end_and_the_rest_is_not_begun() {
    let (mut gateway, _engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let controls: Vec<String> = (0..8).map(|n| format!("MSG-{n}")).collect();
    let half = framed("HALF");
    let mut packet: Vec<u8> = controls.iter().flat_map(|control| framed(control)).collect();
    packet.extend(&half[..half.len() / 2]);
    // All of it is one record of TLS: once the first is answered, all were read.
    assert!(packet.len() < 16 * 1024);
    let mut wire = wire(&gateway);
    let mut quiet = self::wire(&gateway);
    quiet.say(b"\r").unwrap();
    wire.say(&packet).unwrap();
    let first = wire.acknowledgement();
    gateway.terminate();
    let mut got = answers(&first);
    got.extend(answers(&wire.rest()));
    let expected: Vec<_> = controls.iter().map(|one| ("AA".to_owned(), one.clone())).collect();
    assert_eq!(got, expected, "each once, in order");
    assert_eq!(quiet.rest(), "");
    assert!(!gateway.log().contains("broke off"), "{}", gateway.log());

    gateway.serve();
    assert_eq!(gateway.party("pantry").inbox().len(), 8);
    assert_eq!(gateway.link()["half_frames"], 0);
    // What was not begun is sent again, and taken.
    assert_eq!(
        field(
            &gateway.engine("hospital-a").send(&referral_v2("HALF", "", "HALF", "A-99871")),
            "MSA",
            1
        ),
        "AA"
    );
    gateway.stop();
}

#[test]
fn a_frame_that_drips_in_is_given_up() {
    let mut gateway = Gateway::prepare(&[(["limits", "mllp_frame_timeout_s"], "1")]);
    gateway.speaks_v2(None, "");
    gateway.serve();
    let mut slow = wire(&gateway);
    slow.say(&framed("FIRST")).unwrap();
    slow.acknowledgement();
    // Each byte comes in time, and the frame does not.
    let long = referral_v2("SLOW", "", "SLOW", "A-99871") + &"NTE|1||x\r".repeat(8000);
    let given_up = frame(long.as_bytes()).unwrap().iter().any(|byte| {
        gateway.tick();
        slow.say(std::slice::from_ref(byte)).is_err()
    });
    assert!(given_up, "it is not heard to its end");
    let link = gateway.link_once(|link| link["connections"] == 0);
    assert_eq!((&link["half_frames"], &link["broken_streams"]), (&1.into(), &1.into()), "{link}");
    assert!(gateway.log().contains("a message took too long"));
    gateway.stop();
}

#[test]
fn what_comes_is_counted_by_type_and_what_breaks_off_as_such() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let mut open = wire(&gateway);
    open.say(&framed("OPEN")).unwrap();
    open.acknowledgement();
    let lab =
        referral_v2("LAB", "", "L", "A-99871").replacen("REF^I12^REF_I12", "OML^O21^OML_O21", 1);
    engine.send(&lab);
    let ack = format!("{}MSA|AA|1\r", msh("ACK", "X", ""));
    assert!(engine.bytes(&frame(ack.as_bytes()).unwrap(), 0).is_empty());
    let link = gateway.link_once(|link| link["connections"] == 1);
    assert_eq!(link["heard_today"], json!({ "ACK": 1, "OML^O21": 1, "REF^I12": 1 }));
    assert_eq!(
        (&link["last_in"]["type"], &link["last_in"]["answer"]),
        (&"ACK".into(), &json!(null))
    );
    assert_eq!((&link["half_frames"], &link["broken_streams"]), (&0.into(), &0.into()));

    // Half a frame; NUL between frames; bytes that are no frame; a frame in a frame.
    let whole = framed("X");
    let nested = [&whole[..100], &whole[..]].concat();
    let nul = [&whole[..], b"\0", &framed("Y")[..]].concat();
    for (bytes, half) in [(&whole[..50], 1), (&nul, 1), (b"GET / HTTP/1.1\r\n", 1), (&nested, 2)] {
        engine.bytes(bytes, 0);
        let link = gateway.link_once(|link| link["connections"] == 1);
        assert_eq!(link["half_frames"], half, "{bytes:?}");
    }
    assert_eq!(gateway.link()["broken_streams"], 4);
    let metrics = gateway.metrics();
    assert!(metrics.contains("loopgate_mllp_streams_broken 4\n"), "{metrics}");
    assert!(metrics.contains("loopgate_link_half_frames{link=\"hospital-a\"} 2\n"));
    assert!(!gateway.log().contains("Lindqvist"));
    // NUL within a message is refused in words, and the connection lives.
    let nul = referral_v2("NUL", "", "N", "A-99871").replacen("Maria", "Ma\0ria", 1);
    assert_eq!(field(&engine.send(&nul), "MSA", 1), "AR");
    assert_eq!(gateway.link()["broken_streams"], 4);
    gateway.stop();
}

#[test]
fn a_link_that_counts_its_messages_takes_each_in_its_turn() {
    let (mut gateway, ..) = Gateway::with_hospital();
    gateway.maria_consents();
    gateway.stop();
    let path = gateway.root().join("partners/hospital-a.toml");
    let file = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, file.replacen("sequence = false", "sequence = true", 1)).unwrap();
    gateway.serve();
    let engine = gateway.engine("hospital-a");
    let with = |control: &str, number: &str| {
        let message = referral_v2(control, "", control, "A-99871");
        message.replacen("|T|2.5.1||", &format!("|T|2.5.1|{number}|"), 1)
    };
    let said = |ack: &str| {
        let error = field(ack, "ERR", 3).split('^').next().unwrap_or_default().to_owned();
        (field(ack, "MSA", 1), error, field(ack, "MSA", 4))
    };
    let told = |ack: &str, number: &str| (ack.to_owned(), String::new(), number.to_owned());
    let refused =
        |error: &str, number: &str| ("AE".to_owned(), error.to_owned(), number.to_owned());
    // v2.5.1 2.10.1: at the first start no number is known, and the first that comes is the first.
    assert_eq!(said(&engine.send(&with("START", "0"))), told("AA", "-1"));
    assert_eq!(said(&engine.send(&with("A", "41"))).2, "41");
    assert_eq!(said(&engine.send(&with("C", "43"))), refused("207", "42"));
    assert_eq!(said(&engine.send(&with("C", ""))), refused("101", "42"));
    // The acknowledgement was lost: the same again.
    assert_eq!(said(&engine.send(&with("A", "41"))).2, "41");
    gateway.kill();
    gateway.serve();
    assert_eq!(said(&engine.send(&with("START", "0"))), told("AA", "42"));
    assert_eq!(said(&engine.send(&with("B", "42"))).2, "42");
    // Counted anew.
    assert_eq!(said(&engine.send(&with("RESET", "-1"))), told("AA", "-1"));
    assert_eq!(said(&engine.send(&with("C", "1"))).2, "1");
    assert_eq!(said(&engine.send(&with("D", "43"))), refused("207", "2"));
    assert_eq!(gateway.party("pantry").inbox().len(), 3, "A, B and C, each once");
    assert_eq!(gateway.of_kind("link.resynchronized").len(), 1);
    gateway.stop();
}
