//! N48 to N51: HL7 v2 messages and streams that are not what they seem.

use loopgate_hl7v2::frame;
use serde_json::json;

use crate::harness::{Gateway, Wire, client_config, field, referral_v2};

/// The names of a message's segments, in order.
fn segments(message: &str) -> Vec<&str> {
    message.split('\r').filter(|line| !line.is_empty()).map(|line| &line[..3]).collect()
}

#[test]
fn n48_text_that_would_be_a_message() {
    let (gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let pantry = gateway.party("pantry");
    let plain = engine.send(&referral_v2("M-0", "", "RA-0", "A-99871"));
    assert_eq!(field(&plain, "MSA", 1), "AA");
    let first = pantry.only_referral();
    pantry.act(&first, "accept", &json!({})).expect(200);
    let shape: Vec<String> = segments(&inbox.next()).iter().map(|&name| name.to_owned()).collect();
    assert_eq!(shape.iter().filter(|name| *name == "MSH").count(), 1);

    // Escapes that would end a field, a segment, a message.
    let evil =
        "RA\\X0D\\MSH\\F\\\\S\\\\R\\\\E\\\\T\\\\F\\EVIL\\F\\HOSPB\\.br\\PID\\F\\\\F\\\\F\\OTHER";
    let ack = engine.send(&referral_v2("M-1", "", evil, "A-99871"));
    assert_eq!(
        (segments(&ack)[..2].to_vec(), field(&ack, "MSA", 1)),
        (vec!["MSH", "MSA"], "AA".into())
    );
    let id = pantry
        .inbox()
        .iter()
        .map(|row| row["referral_id"].as_str().unwrap().to_owned())
        .find(|id| *id != first)
        .unwrap();
    pantry.act(&id, "accept", &json!({})).expect(200);
    let told = inbox.next();
    assert_eq!(segments(&told), shape);
    let number = field(&told, "RF1", 6);
    assert!(
        number.starts_with("RA\\.br\\MSH\\F\\\\S\\\\R\\\\E\\\\T\\\\F\\EVIL\\F\\HOSPB\\.br\\PID"),
        "{number}"
    );
    assert_eq!(field(&told, "MSH", 3), "LOOPGATE");

    // The same from the other side, by JSON.
    let place =
        "Door\rMSH|^~\\&|EVIL|HOSPB|||2026||ADT^A01|X|P|2.5.1\rPID|||1^^^HOSPA\n\u{b}\u{1c}\r";
    let booked = json!({ "start": "2026-11-27T16:00:00Z", "place": place });
    pantry.act(&id, "appointment", &booked).expect(200);
    let told = inbox.next();
    assert_eq!(segments(&told).iter().filter(|name| **name == "MSH").count(), 1, "{told}");
    assert_eq!(segments(&told).iter().filter(|name| **name == "PID").count(), 1, "{told}");
    let note = field(&told, "NTE", 3);
    assert!(note.contains("Door\\.br\\MSH\\F\\\\S\\\\R\\\\E\\\\T\\\\F\\EVIL\\F\\HOSPB"), "{note}");
    assert!(inbox.waiting().is_empty());

    // Delimiters of one's own are taken as they are said; ones that cannot be told apart are not.
    let own = referral_v2("M-3", "", "RA-3", "A-99871").replace('^', "$");
    assert!(own.starts_with("MSH|$~\\&|"));
    assert_eq!(field(&engine.send(&own), "MSA", 1), "AA");
    let before = gateway.count();
    let sound = referral_v2("M-4", "", "RA-4", "A-99871");
    for signs in ["^~\\^", "^^^^", "^~\\", "^~", "", "|~\\&", "^~\\&&", "abcd", "^~\\\"", "^~\\&#x"]
    {
        let other = sound.replacen("^~\\&", signs, 1);
        let answers = engine.bytes(&frame(other.as_bytes()).unwrap(), 1);
        let codes: Vec<String> = answers.iter().map(|ack| field(ack, "MSA", 1)).collect();
        assert_eq!(codes, ["AR"], "{signs}: {answers:?}");
    }
    assert_eq!(gateway.count(), before);
    assert_eq!(pantry.inbox().len(), 3);
}

#[test]
fn n49_characters_of_another_set() {
    let (gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let before = gateway.count();
    // MSH-18, then how Maria's name is written.
    let message = |n: usize, set: &str, name: &[u8]| {
        let text = referral_v2(&format!("M-{n}"), "", &format!("RA-{n}"), "A-99871");
        let text = text.replacen("|T|2.5.1|||\r", &format!("|T|2.5.1||||||{set}\r"), 1);
        assert!(set.is_empty() || text.contains(set), "{text}");
        let (head, tail) = text.split_once("Lindqvist-Okafor^Maria").unwrap();
        frame(&[head.as_bytes(), name, tail.as_bytes()].concat()).unwrap()
    };
    let answered = |bytes: &[u8]| {
        let ack = engine.bytes(bytes, 1).pop().unwrap();
        (field(&ack, "MSA", 1), field(&ack, "ERR", 2))
    };
    let refused = || ("AR".to_owned(), "MSH^1^18".to_owned());
    for (n, (set, name)) in [
        // A set that is not read here.
        ("ISO IR87", &b"Lindqvist^Maria"[..]),
        ("UNICODE", b"Lindqvist^Maria"),
        ("UNICODE UTF-16", b"Lindqvist^Maria"),
        ("UTF-7", b"Lindqvist^Maria"),
        ("EBCDIC", b"Lindqvist^Maria"),
        // Shifts to a second one.
        ("8859/1~ISO IR87", b"Lindqvist^Maria"),
        ("ASCII~UNICODE UTF-8", b"Lindqvist^Maria"),
        // Bytes that are no character of what is said, or of UTF-8 where nothing is.
        ("UNICODE UTF-8", b"M\xfcller^Maria"),
        ("ASCII", b"M\xfcller^Maria"),
        ("ASCII", "M\u{fc}ller^Maria".as_bytes()),
        ("", b"M\xfcller^Maria"),
        ("", b"\xed\xa0\x80^Maria"),
        ("UNICODE UTF-8", b"\xc0\xaf^Maria"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(answered(&message(n, set, name)), refused(), "{set} {name:?}");
    }
    // An escape of ISO 2022 is a control character.
    let shifted = message(50, "", b"\x1b$B^Maria");
    assert_eq!(answered(&shifted).0, "AR");
    assert_eq!(gateway.count(), before);
    assert!(gateway.party("pantry").inbox().is_empty());
    // What is said and is so is converted.
    for (n, set, name) in [
        (60, "8859/1", &b"M\xfcller^Maria"[..]),
        (61, "UNICODE UTF-8", "M\u{fc}ller^Maria".as_bytes()),
        (62, "", "M\u{fc}ller^Maria".as_bytes()),
    ] {
        assert_eq!(answered(&message(n, set, name)).0, "AA", "{set}");
    }
    let pantry = gateway.party("pantry");
    for row in pantry.inbox() {
        let id = row["referral_id"].as_str().unwrap();
        let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200).json;
        assert_eq!(read["client"]["name"]["family"], "M\u{fc}ller");
    }
    // A shift inside a field (\C..\, \M..\) stays as it stands: it turns no text into another.
    let ack = engine.send(&referral_v2("M-70", "", "RA\\C2842\\\\M244A\\", "A-99871"));
    assert_eq!(field(&ack, "MSA", 1), "AA");
}

#[test]
fn n50_streams_that_are_not_frames() {
    let (mut gateway, _engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    gateway.stop();
    let config = gateway.root().join("loopgate.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let values = [
        ("mllp_frame_bytes_max", "4096"),
        ("mllp_frame_timeout_s", "1"),
        ("mllp_connections_max", "3"),
    ];
    let values = values.map(|(name, value)| (["limits", name], value.to_owned()));
    std::fs::write(&config, loopgate_server::init::configured(&text, &values).unwrap()).unwrap();
    gateway.serve();
    let engine = gateway.engine("hospital-a");
    let message = |control: &str| referral_v2(control, "", control, "A-99871");
    let framed = |control: &str| frame(message(control).as_bytes()).unwrap();
    let before = gateway.count();
    let ends = |bytes: &[u8]| -> Vec<(String, String)> {
        engine
            .bytes(bytes, 0)
            .iter()
            .map(|ack| (field(ack, "MSA", 1), field(ack, "ERR", 8)))
            .collect()
    };
    let end = |words: &str| vec![("AR".to_owned(), words.to_owned())];
    let bare = message("A").into_bytes();
    let whole = framed("A");
    let long = frame(
        message("L").replace("NK1|1|", &format!("NTE|1||{}\rNK1|1|", "x".repeat(9000))).as_bytes(),
    )
    .unwrap();
    for (what, bytes, words) in [
        ("no VT", [&bare[..], b"\x1c\r"].concat(), "bytes are outside any frame"),
        ("VT VT", [&b"\x0b"[..], &whole].concat(), "a frame begins inside a frame"),
        ("VT in a message", [&whole[..200], &whole].concat(), "a frame begins inside a frame"),
        (
            "FS without CR",
            [&b"\x0b"[..], &bare, b"\x1c\x0b"].concat(),
            "the end of a frame is not FS CR",
        ),
        ("FS LF", [&b"\x0b"[..], &bare, b"\x1c\n"].concat(), "the end of a frame is not FS CR"),
        (
            "FS in a message",
            [&b"\x0bMSH|^~\\&|\x1c"[..], &bare, b"\x1c\r"].concat(),
            "the end of a frame is not FS CR",
        ),
        (
            "two messages in a frame",
            frame(&[&bare[..], message("B").as_bytes()].concat()).unwrap(),
            "another header is inside the message",
        ),
        ("over the limit", long, "a frame is over the limit"),
        ("HTTP", b"POST /fhir HTTP/1.1\r\n\r\n".to_vec(), "bytes are outside any frame"),
        ("line ends without end", vec![b'\r'; 100], "bytes are outside any frame"),
    ] {
        assert_eq!(ends(&bytes), end(words), "{what}");
    }
    // Half a frame is nothing, whether its sender hangs up or waits.
    assert!(ends(&whole[..whole.len() - 2]).is_empty());
    let wire = || Wire::open(client_config(&gateway.root(), "hospital-a"), gateway.mllp());
    let mut slow = wire();
    slow.say(&whole[..100]).unwrap();
    assert_eq!(slow.rest(), "", "it was waited for no longer than a second");
    // 64 MB: the sender is told, or hung up on.
    let mut huge = wire();
    let part = vec![b'x'; 1 << 20];
    huge.say(b"\x0bMSH|^~\\&|\r").unwrap();
    let _ = (0..64).try_for_each(|_| huge.say(&part));
    let heard = huge.rest();
    assert!(heard.is_empty() || heard.contains("a frame is over the limit"), "{heard}");
    assert_eq!(gateway.count(), before);
    assert!(gateway.party("pantry").inbox().is_empty());
    gateway.stop();
    gateway.serve();
    so_many_connections(&gateway);
}

fn so_many_connections(gateway: &Gateway) {
    let framed =
        |control: &str| frame(referral_v2(control, "", control, "A-99871").as_bytes()).unwrap();
    let wire = || Wire::open(client_config(&gateway.root(), "hospital-a"), gateway.mllp());
    // A partner has so many connections, each of which has said something, and no more.
    let mut open: Vec<Wire> = Vec::new();
    for n in 0..3 {
        let mut one = wire();
        one.say(&framed(&format!("C-{n}"))).unwrap();
        assert_eq!(field(&one.acknowledgement(), "MSA", 1), "AA");
        open.push(one);
    }
    for n in 0..20 {
        let mut one = wire();
        // It may be gone already.
        let _ = one.say(&framed(&format!("D-{n}")));
        assert_eq!(one.rest(), "", "{n}");
    }
    assert_eq!(gateway.party("pantry").inbox().len(), 3);
    // The others serve on; and who hangs up makes room.
    open[0].say(&framed("E")).unwrap();
    assert_eq!(field(&open[0].acknowledgement(), "MSA", 2), "E");
    open[1].done().unwrap();
    assert_eq!(open[1].rest(), "");
    let engine = gateway.engine("hospital-a");
    let last = referral_v2("F", "", "F", "A-99871");
    let ack = (0..50).find_map(|_| engine.try_send(&last)).expect("there is room again");
    assert_eq!(field(&ack, "MSA", 1), "AA");
}

#[test]
fn n51_a_control_id_used_again() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let message = referral_v2("M-1", "", "RA-1", "A-99871");
    let first = engine.send(&message);
    assert_eq!(field(&first, "MSA", 1), "AA");
    let before = gateway.kinds();
    // The same, as often as one likes: the first acknowledgement, byte for byte.
    for _ in 0..3 {
        assert_eq!(engine.send(&message), first);
    }
    // Something else in its name.
    let check = |engine: &crate::harness::Engine| {
        for other in [
            referral_v2("M-1", "", "RA-2", "A-99871"),
            message.replace("Maria", "Mario"),
            message.replace("|R|food", "|S|food"),
            format!("{message}NTE|1||more\r"),
        ] {
            assert_ne!(other, message);
            let ack = engine.send(&other);
            assert_eq!((field(&ack, "MSA", 1), field(&ack, "MSA", 2)), ("AE".into(), "M-1".into()));
            assert_eq!(field(&ack, "ERR", 2), "MSH^1^10");
            assert!(field(&ack, "ERR", 3).starts_with("205^"), "{ack}");
        }
        assert_eq!(engine.send(&message), first);
    };
    check(&engine);
    assert_eq!(gateway.kinds(), before);
    gateway.kill();
    gateway.serve();
    check(&gateway.engine("hospital-a"));
    assert_eq!(gateway.kinds(), before);
    assert_eq!(gateway.party("pantry").inbox().len(), 1);
}
