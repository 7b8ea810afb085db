//! N27 to N32: bodies that are not what they say, or more than anybody can hold.

use std::net::TcpListener;

use serde_json::json;

use crate::harness::{
    Answer, Gateway, Need, Party, Referral, Wire, client_config, consent, patient, status,
};

const FHIR: [(&str, &str); 1] = [("content-type", "application/fhir+json")];

fn post(clinic: &Party, path: &str, media: &str, body: impl Into<Vec<u8>>) -> Answer {
    clinic.call("POST", path, &[("content-type", media)], body.into())
}

#[test]
fn n27_xml_and_other_alphabets() {
    let gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let at = format!("http://127.0.0.1:{}/x", trap.local_addr().unwrap().port());
    let patient_xml = "<Patient xmlns=\"http://hl7.org/fhir\"><gender value=\"female\"/></Patient>";
    let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]>\
                  <Patient xmlns=\"http://hl7.org/fhir\"><gender value=\"&c;\"/></Patient>";
    let bodies = [
        patient_xml.to_owned(),
        format!("<!DOCTYPE p SYSTEM \"{at}\">{patient_xml}"),
        format!(
            "<!DOCTYPE p [<!ENTITY e SYSTEM \"{at}\">]><Patient xmlns=\"http://hl7.org/fhir\"><gender value=\"&e;\"/></Patient>"
        ),
        "<!DOCTYPE p [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><Patient>&e;</Patient>".to_owned(),
        format!(
            "<Patient xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include href=\"{at}\"/></Patient>"
        ),
        laughs.to_owned(),
    ];
    let before = gateway.count();
    for body in &bodies {
        for media in ["application/fhir+xml", "application/xml", "text/xml", "text/html", ""] {
            post(&clinic, "/fhir/Patient", media, body.as_str()).expect(415);
        }
        post(&clinic, "/fhir/Patient", "application/fhir+json", body.as_str()).expect(400);
        post(&clinic, "/fhir", "application/fhir+json; charset=utf-7", body.as_str()).expect(400);
    }
    // JSON in another alphabet than UTF-8 (RFC 8259 §8.1).
    let text = patient("clinic-b", "B-1").to_string();
    let wide: Vec<u16> = text.encode_utf16().collect();
    let utf16 =
        |order: fn(u16) -> [u8; 2]| wide.iter().flat_map(|unit| order(*unit)).collect::<Vec<u8>>();
    let utf32 = text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect::<Vec<u8>>();
    let utf7 = text.replace('{', "+AHs-").replace('"', "+ACI-").into_bytes();
    for body in [
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
        [&[0xff, 0xfe][..], &utf16(u16::to_le_bytes)].concat(),
        utf32,
        utf7,
    ] {
        post(&clinic, "/fhir/Patient", "application/fhir+json; charset=utf-16", body.clone())
            .expect(400);
        post(&clinic, "/fhir/Patient", "application/fhir+json", body).expect(400);
    }
    assert_eq!(gateway.count(), before);
    assert!(trap.accept().is_err(), "somebody fetched");
}

/// A Patient that nests so deep.
fn nested(depth: usize) -> String {
    // The resource itself, then two for each extension; one more for a coding in the last.
    let (levels, odd) = ((depth - 1) / 2, (depth - 1) % 2 == 1);
    let value = if odd { "\"valueCoding\":{\"code\":\"x\"}" } else { "\"valueString\":\"x\"" };
    let open = "\"extension\":[{\"url\":\"urn:example:e\",".repeat(levels);
    format!("{{\"resourceType\":\"Patient\",{open}{value}{}}}", "}]".repeat(levels))
}

#[test]
fn n28_json_that_is_nested_deep() {
    let gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    for depth in [63, 64] {
        clinic.call("POST", "/fhir/Patient", &FHIR, nested(depth).into_bytes()).expect(201);
    }
    let before = gateway.count();
    for depth in [65, 66, 128, 129, 100_001] {
        let answer = clinic.call("POST", "/fhir/Patient", &FHIR, nested(depth).into_bytes());
        assert_eq!(answer.expect(400).json["issue"][0]["code"], "too-costly", "{depth}");
        let request = json!({ "method": "POST", "url": "Patient" });
        let bundle = format!(
            "{{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{{\"resource\":{},\"request\":{request}}}]}}",
            nested(depth)
        );
        clinic.call("POST", "/fhir", &FHIR, bundle.into_bytes()).expect(400);
    }
    for body in ["[".repeat(100_000), "{\"a\":".repeat(100_000), "[{\"a\":".repeat(300_000)] {
        clinic.call("POST", "/fhir", &FHIR, body.into_bytes()).expect(400);
    }
    // The plain dialect likewise.
    let path = "/cbo/v1/referrals/ref_00000000000000000000000000000000/accept";
    let json_type = [("content-type", "application/json")];
    let pantry = gateway.party("pantry");
    let deep = format!("{}1{}", "{\"reason\":".repeat(5000), "}".repeat(5000));
    pantry.call("POST", path, &json_type, deep.into_bytes()).expect(400);
    assert_eq!(gateway.count(), before);
}

#[test]
fn n29_a_name_said_twice() {
    let gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let bundle = Referral::food().bundle();
    let whole = bundle.to_string();
    let before = gateway.count();
    for (member, other) in [
        ("\"resourceType\":\"Task\"", "\"resourceType\":\"Patient\""),
        ("\"status\":\"requested\"", "\"status\":\"completed\""),
        ("\"status\":\"active\"", "\"status\":\"draft\""),
        ("\"subject\":", "\"subject\":{\"reference\":\"Patient/other\"},\"subject\":"),
        ("\"for\":", "\"for\":{\"reference\":\"Patient/other\"},\"for\":"),
        ("\"resourceType\":\"Bundle\"", "\"id\":\"a\",\"id\":\"b\""),
        ("\"type\":\"transaction\"", "\"type\":\"batch\""),
    ] {
        assert!(whole.contains(member), "{member}");
        for twice in [format!("{member},{other}"), format!("{other},{member}")] {
            let twice = if member.ends_with(':') { other.to_owned() } else { twice };
            let body = whole.replacen(member, &twice, 1);
            let answer = clinic.call("POST", "/fhir", &FHIR, body.into_bytes()).expect(400);
            assert!(answer.text.contains("occurs twice"), "{member}: {}", answer.text);
        }
    }
    let one = patient("clinic-b", "B-1").to_string();
    for (n, twice) in [
        one.replacen('{', "{\"resourceType\":\"Patient\",", 1),
        one.replacen('{', "{\"id\":\"a\",\"id\":\"a\",", 1),
        // Another spelling of the same name is the same name.
        one.replacen('{', "{\"birth\\u0044ate\":\"2001-01-01\",", 1),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = clinic.call("POST", "/fhir/Patient", &FHIR, twice.into_bytes());
        assert!(answer.expect(400).text.contains("occurs twice"), "{n}");
    }
    assert_eq!(gateway.count(), before);
}

#[test]
fn n30_more_than_anybody_can_hold() {
    let limits = [
        (["limits", "http_body_bytes_max"], "20000"),
        (["limits", "bundle_entries_max"], "10"),
        (["limits", "request_timeout_s"], "1"),
    ];
    let gateway = Gateway::start_with(&limits);
    let clinic = gateway.party("clinic-b");
    let entries = |n: usize| {
        let one = json!({ "resource": { "resourceType": "Patient", "gender": "other" }, "request": { "method": "POST", "url": "Patient" } });
        json!({ "resourceType": "Bundle", "type": "transaction", "entry": vec![one; n] })
    };
    clinic.post("/fhir", &entries(10)).expect(200);
    let before = gateway.count();
    clinic.post("/fhir", &entries(11)).expect(413);
    clinic.post("/fhir", &entries(1_000)).expect(413);
    // Read no further than the limit, whatever length is announced.
    let root = gateway.root();
    let wire = || Wire::open(client_config(&root, "clinic-b"), gateway.machines());
    let head = "POST /fhir HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/fhir+json\r\n";
    let long = format!("{head}content-length: 52428800\r\n\r\n{}", " ".repeat(20_001));
    assert_eq!(status(&wire().http(long.as_bytes())), Some(413));
    // Chunks without end.
    let mut endless = wire();
    endless.say(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    let chunk = format!("3e8\r\n{}\r\n", " ".repeat(1000));
    let mut sent = 0;
    while sent < 25 && endless.say(chunk.as_bytes()).is_ok() {
        sent += 1;
    }
    assert_eq!(status(&endless.rest()), Some(413));
    // Half a body, and then nothing.
    let mut slow = wire();
    slow.say(format!("{head}content-length: 100\r\n\r\n{{").as_bytes()).unwrap();
    assert_eq!(status(&slow.rest()), Some(408));
    // What is compressed is not unpacked: 2 MB of spaces in 13 kB.
    let packed = gzip_of_spaces(2 << 20);
    assert!(packed.len() < 20_000, "{}", packed.len());
    let headers = [FHIR[0], ("content-encoding", "gzip")];
    // On a connection of its own: those above were closed on.
    gateway.party("clinic-b").call("POST", "/fhir", &headers, packed).expect(400);
    assert_eq!(gateway.count(), before);
    // A stranger's body is not read at all.
    let mut stranger = Wire::open(crate::harness::anonymous_config(&root), gateway.machines());
    stranger.say(format!("{head}content-length: 52428800\r\n\r\n ").as_bytes()).unwrap();
    assert_eq!(status(&stranger.rest()), Some(401));
}

/// A gzip member (RFC 1952) of so many spaces: one stored byte, then the longest matches there are.
fn gzip_of_spaces(bytes: usize) -> Vec<u8> {
    // RFC 1951 §3.2.6, fixed codes, least significant bit first.
    let (mut bits, mut out) = (Vec::new(), vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    let mut code = |value: u32, length: u32| {
        bits.extend((0..length).rev().map(|bit| (value >> bit) & 1));
    };
    // BFINAL, BTYPE 01; literal 32 is 0x30 + 32.
    code(1, 1);
    code(0b10, 2);
    code(0x30 + 32, 8);
    for _ in 0..bytes / 258 {
        // Length 258 is 285, distance 1 is 0.
        code(0b1100_0101, 8);
        code(0, 5);
    }
    code(0, 7);
    for byte in bits.chunks(8) {
        let value = byte.iter().enumerate().fold(0, |value, (n, bit)| value | (bit << n));
        out.push(u8::try_from(value).unwrap());
    }
    out.extend([0; 8]);
    out
}

#[test]
fn n31_characters_that_are_none_or_show_as_others() {
    let gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let text = patient("clinic-b", "B-1").to_string();
    let named = |name: &[u8]| {
        let (head, tail) = text.split_once("Lindqvist-Okafor").unwrap();
        [head.as_bytes(), name, tail.as_bytes()].concat()
    };
    let before = gateway.count();
    for (what, name) in [
        ("no UTF-8", &b"Lind\xffqvist"[..]),
        ("an overlong slash", b"Lind\xc0\xafqvist"),
        ("a surrogate in UTF-8", b"Lind\xed\xa0\x80qvist"),
        ("a lone surrogate", b"Lind\\ud800qvist"),
        ("a lone low surrogate", b"Lind\\udc00qvist"),
        ("surrogates the wrong way round", b"Lind\\udc00\\ud800qvist"),
        ("NUL", b"Lind\\u0000qvist"),
        ("a bare NUL", b"Lind\0qvist"),
        ("a bell", b"Lind\\u0007qvist"),
        ("an escape", b"Lind\\u001b[31mqvist"),
        ("a bare line end", b"Lind\nqvist"),
    ] {
        let answer = post(&clinic, "/fhir/Patient", "application/fhir+json", named(name));
        assert_eq!(answer.status, 400, "{what}: {}", answer.text);
        let at = answer.expressions();
        assert!(at.len() == 1 && at[0].ends_with(".name[0].family"), "{what}: {at:?}");
    }
    let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    post(&clinic, "/fhir/Patient", "application/fhir+json", marked).expect(400);
    // An organization whose name only looks like the pantry's is nobody.
    for look_alike in ["p\u{430}ntry", "pantry\u{200b}", "\u{202e}yrtnap", "Pantry", "pantry "] {
        let mut bundle = Referral::food().bundle();
        bundle["entry"][3]["resource"]["owner"]["identifier"]["value"] = json!(look_alike);
        let refused = clinic.post("/fhir", &bundle).expect(422);
        assert_eq!(refused.expressions(), ["Bundle.entry[3].resource.owner"], "{look_alike}");
    }
    assert_eq!(gateway.count(), before);
    assert!(gateway.party("pantry").inbox().is_empty());
}

#[test]
fn n32_numbers_and_dates_that_are_none() {
    let gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let maria = clinic.post("/fhir/Patient", &patient("clinic-b", "B-1")).expect(201).created();
    let subject = maria.trim_start_matches("/fhir/").to_owned();
    let seen = |value: &str| {
        let text = json!({
            "resourceType": "Observation", "status": "final",
            "code": { "coding": [{ "system": "http://loinc.org", "code": "63512-8" }] },
            "subject": { "reference": subject },
            "valueQuantity": { "value": "VALUE" },
        });
        text.to_string().replace("\"VALUE\"", value)
    };
    let put_in = |value: &str| clinic.call("POST", "/fhir/Observation", &FHIR, seen(value).into());
    let before = gateway.count();
    for number in [
        "1e999", "-1e999", "01", "1.", ".5", "+1", "0x10", "NaN", "Infinity", "1_000", "\"7\"",
        "[7]", "true",
    ] {
        let answer = put_in(number);
        assert_eq!(answer.status, 400, "{number}: {}", answer.text);
    }
    // An id that is a number is no id.
    let id = seen("1").replacen('{', "{\"id\":12345678901234567890,", 1);
    clinic.call("POST", "/fhir/Observation", &FHIR, id.into_bytes()).expect(422);
    for date in [
        "0000-01-01",
        "2026-13-01",
        "2026-02-30",
        "2026-11-22T25:00:00Z",
        "2026-11-22T10:61:00Z",
        "2026-11-22T10:00:61Z",
        "2026-11-22T10:00:00+15:00",
        "22.11.2026",
        "now",
    ] {
        let text = seen("1").replacen('{', &format!("{{\"effectiveDateTime\":\"{date}\","), 1);
        let answer = clinic.call("POST", "/fhir/Observation", &FHIR, text.into_bytes());
        assert_eq!(answer.status, 422, "{date}: {}", answer.text);
        assert!(!answer.text.contains(date), "{date}");
        // In a consent, where a period that cannot be read might permit anything.
        let form = consent(&subject, "clinic-b", &[Need::Food], "2026-11-20", date);
        let answer = clinic.post("/fhir/Consent", &form);
        assert_eq!(answer.status, 422, "{date}: {}", answer.text);
    }
    assert_eq!(gateway.count(), before);
    // What R4 takes comes back with every digit; a day has a 60th second now and then.
    for number in ["-0", "0.10", "1E+2", "12345678901234567890"] {
        let kept = put_in(number).expect(201).created();
        let read = clinic.get(&kept).expect(200).text;
        assert!(read.contains(&format!("\"value\":{number}")), "{number}: {read}");
    }
    let leap = seen("1").replacen('{', "{\"effectiveDateTime\":\"2016-12-31T23:59:60Z\",", 1);
    clinic.call("POST", "/fhir/Observation", &FHIR, leap.into_bytes()).expect(201);
    clinic.get(&maria).expect(200);
}
