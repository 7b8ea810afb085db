//! N53 to N58: what is logged, recorded and told, and when.

use std::fs;
use std::path::Path;

use loopgate_hl7v2::frame;
use loopgate_server::admin::Ask;
use loopgate_server::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use super::jose::{Doors, KINDS, Kind};
use crate::harness::{
    Answer, Browser, Gateway, Party, Referral, credentials, form, letter, referral_v2, status,
};

/// Sends a text to every door, in every place there is.
fn everywhere(gateway: &Gateway, evil: &str) {
    let clinic = gateway.party("clinic-b");
    let escaped: String = form_urlencoded::byte_serialize(evil.as_bytes()).collect();
    for path in [
        format!("/fhir/Task/{escaped}"),
        format!("/fhir/{escaped}"),
        format!("/fhir/Task?_id={escaped}"),
        format!("/fhir/Task?{escaped}=1"),
        format!("/cbo/v1/referrals/{escaped}"),
        format!("/{escaped}"),
        format!("/oauth/{escaped}"),
        format!("/ledger/{escaped}"),
    ] {
        for party in [&clinic, &gateway.party("pantry"), &gateway.stranger()] {
            assert_ne!(party.get(&path).status, 0, "{path}");
        }
    }
    for (n, place) in [
        "/entry/0/resource/name/0/family",
        "/entry/2/resource/code/coding/0/display",
        "/entry/3/resource/description",
    ]
    .iter()
    .enumerate()
    {
        let mut bundle = Referral { mrn: ["L-0", "L-1", "L-2"][n], ..Referral::food() }.bundle();
        let (parent, member) = place.rsplit_once('/').unwrap();
        bundle.pointer_mut(parent).unwrap()[member] = json!(evil);
        clinic.post("/fhir", &bundle);
    }
    form(&clinic, "/oauth/token", &credentials(evil, "system/Task.r")).expect(401);
    form(&clinic, "/oauth/token", &credentials(evil, evil)).expect(400);
    let raw = [&b"\x0b"[..], evil.as_bytes(), b"\x1c\r"].concat();
    gateway.engine("hospital-a").bytes(&raw, 0);
    let said = referral_v2(evil, "", evil, evil);
    if let Ok(framed) = frame(said.as_bytes()) {
        gateway.engine("hospital-a").bytes(&framed, 0);
    }
    let mut browser = Browser::new(gateway);
    browser.get(&format!("{}/r/{escaped}", gateway.people()));
    browser.post(&format!("{}/r/x/pin", gateway.people()), &format!("pin={escaped}"));
    let _ = gateway
        .try_admin(&Ask::PartnerSuspend { name: "nobody".parse().unwrap(), suspended: true });
}

#[test]
fn n53_lines_within_lines() {
    let mut gateway = Gateway::prepare(&[]);
    gateway.speaks_v2(None, "");
    let config = gateway.root().join("loopgate.toml");
    let text = fs::read_to_string(&config).unwrap();
    for format in ["text", "json"] {
        let values = [(["log", "format"], format!("\"{format}\""))];
        fs::write(&config, loopgate_server::init::configured(&text, &values).unwrap()).unwrap();
        gateway.serve();
        for evil in [
            "x\r\n2026-11-22T10:00:00.000000Z ERROR forged",
            "\x1b[31mforged\x1b[0m\x1b]0;forged\x07",
            "\"}\n{\"level\":\"ERROR\",\"fields\":{\"message\":\"forged\"}}",
            "\u{2028}forged\u{85}forged\u{202e}",
        ] {
            everywhere(&gateway, evil);
        }
        gateway.tick();
        let log = gateway.log();
        gateway.stop();
        assert!(log.lines().count() >= 4, "{log}");
        assert!(!log.contains("forged") && !log.contains('\x1b') && !log.contains('\r'), "{log}");
        for line in log.lines() {
            match format {
                "json" => {
                    let line: Value = serde_json::from_str(line).expect(line);
                    assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
                }
                _ => {
                    let (time, rest) = line.split_once(' ').unwrap();
                    assert!(time.parse::<jiff::Timestamp>().is_ok(), "{line}");
                    let level = rest.trim_start().split(' ').next().unwrap();
                    assert!(["INFO", "WARN", "ERROR"].contains(&level), "{line}");
                }
            }
        }
    }
}

#[test]
fn n54_no_output_says_who_it_is_about() {
    const CANARY: &str = "Canary-7Q";
    let (mut gateway, post) = Gateway::with_mailbox();
    gateway.stop();
    gateway.speaks_v2(None, "");
    gateway.serve();
    let clinic = gateway.party("clinic-b");
    everywhere(&gateway, CANARY);
    // One that goes all the way, with the canary wherever a person is named.
    let text = Referral { owner: Some("mail-pantry"), ..Referral::food() }.bundle().to_string();
    let text = ["Lindqvist-Okafor", "Maria", "14 Juniper Row", "+1 555 0142", "B-20417"]
        .iter()
        .fold(text, |text, word| text.replace(word, CANARY));
    let bundle: Value = serde_json::from_str(&text).unwrap();
    let parts = clinic.post("/fhir", &bundle).expect(200);
    let mail = letter(&post);
    let told = [parts.text.clone(), mail.text.clone()];
    let link = mail.link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    let first = browser.get(&link).expect(200).text;
    browser.give_pin(&link);
    assert!(
        browser.get(&link).expect(200).text.contains(CANARY),
        "after the PIN, to whom it is for"
    );
    browser.act(&link, "accept", "");
    // Whoever is refused, and whatever anybody may read.
    let hospital = gateway.party("hospital-a");
    let mut errors: Vec<String> = Vec::new();
    for n in 0..4 {
        errors.push(hospital.get(&parts.entry(n)).expect(404).text);
        let mut body = bundle["entry"][n]["resource"].clone();
        body["id"] = json!(CANARY);
        errors.push(clinic.put(&parts.entry(n), &body).text);
    }
    errors.push(clinic.post("/fhir", &json!({ "resourceType": CANARY })).expect(400).text);
    for path in [
        "/fhir/metadata",
        "/ledger/checkpoint",
        "/status/1",
        "/.well-known/jwks.json",
        "/fhir/.well-known/smart-configuration",
    ] {
        errors.push(gateway.stranger().get(path).expect(200).text);
    }
    for path in ["/metrics", "/healthz", "/readyz"] {
        errors.push(operator(&gateway, path));
    }
    let evidence = gateway.evidence();
    gateway.stop();
    for text in told.iter().chain([&first, &gateway.log()]).chain(&errors) {
        assert!(!text.contains(CANARY), "{text}");
    }
    for folder in [evidence.as_path(), &gateway.root().join("data"), &gateway.root().join("keys")] {
        hold_nothing(folder, CANARY);
    }
}

/// What the operator's own listener says.
fn operator(gateway: &Gateway, path: &str) -> String {
    use std::io::{Read, Write};
    let config = fs::read_to_string(gateway.root().join("loopgate.toml")).unwrap();
    let line = config.lines().find(|line| line.starts_with("ops = ")).unwrap();
    let mut stream = std::net::TcpStream::connect(line.split('"').nth(1).unwrap()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(status(&answer), Some(200));
    answer
}

fn hold_nothing(folder: &Path, word: &str) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            hold_nothing(&entry, word);
        } else if entry.is_file() {
            let bytes = fs::read(&entry).unwrap();
            assert!(!bytes.windows(word.len()).any(|part| part == word.as_bytes()), "{entry:?}");
        }
    }
}

/// The same answer for the same work: one entry, made durable before it is given.
#[test]
fn n55_no_and_never_was_sound_and_cost_alike() {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let housing = gateway.party("housing");
    let parts = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let id = pantry.only_referral();
    let withdrawn = Referral { mrn: "B-2", ..Referral::food() };
    let second = clinic.post("/fhir", &withdrawn.bundle()).expect(200);
    let inbox = pantry.inbox();
    let other = inbox
        .iter()
        .map(|row| row["referral_id"].as_str().unwrap())
        .find(|one| *one != id)
        .unwrap();
    let mut form = clinic.get(&second.entry(1)).expect(200).json;
    form["status"] = json!("inactive");
    clinic.put(&second.entry(1), &form).expect(200);
    // Never was; another's; the pantry's own, on a consent withdrawn. By both dialects.
    let never = parts
        .entry(0)
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect::<String>();
    let cbo = |id: &str| format!("/cbo/v1/referrals/{id}");
    let asks: [(&Party, String); 6] = [
        (&housing, cbo("ref_00000000000000000000000000000000")),
        (&housing, cbo(&id)),
        (&pantry, cbo(other)),
        (&housing, never),
        (&housing, parts.entry(0)),
        (&pantry, second.entry(0)),
    ];
    let clock = SystemClock::new();
    let mut times: Vec<Vec<i64>> = vec![Vec::new(); asks.len()];
    let mut texts: Vec<Answer> = Vec::new();
    let before = gateway.count();
    for round in 0..60 {
        for (n, (party, path)) in asks.iter().enumerate() {
            let began = clock.monotonic_ms();
            let answer = party.get(path).expect(404);
            times[n].push(clock.monotonic_ms() - began);
            if round == 0 {
                texts.push(answer);
            }
        }
    }
    assert_eq!(gateway.count() - before, 60 * 6);
    for half in [&texts[..3], &texts[3..]] {
        assert!(half.iter().all(|one| one.unnamed() == half[0].unnamed() && one.etag.is_none()));
    }
    // To a millisecond and the noise of this machine, nobody can tell them apart.
    let medians: Vec<i64> = times
        .into_iter()
        .map(|mut all| {
            all.sort_unstable();
            all[all.len() / 2]
        })
        .collect();
    for half in [&medians[..3], &medians[3..]] {
        let (least, most) = (half.iter().min().unwrap(), half.iter().max().unwrap());
        assert!(*most <= 2 * least + 2, "{medians:?}");
    }
}

/// Whatever is on its way when the person says no has left, or never does.
#[test]
fn n56_nothing_is_sent_after_a_no_is_answered() {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let parts = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let path = format!("/cbo/v1/referrals/{}", pantry.only_referral());
    pantry.act(path.rsplit('/').next().unwrap(), "accept", &json!({})).expect(200);
    let consent = parts.entry(1);
    let form = clinic.get(&consent).expect(200).json;
    let put = |status: &str| {
        let mut form = form.clone();
        form["status"] = json!(status);
        clinic.put(&consent, &form).expect(200);
    };
    let (mut shown, mut hidden) = (0, 0);
    for round in 0..25 {
        let (said_no, over) =
            (std::sync::atomic::AtomicBool::new(false), std::sync::atomic::AtomicBool::new(false));
        let begun = std::sync::Barrier::new(4);
        let order = std::sync::atomic::Ordering::SeqCst;
        let seen: Vec<(bool, u16)> = std::thread::scope(|scope| {
            let readers: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let party = gateway.party("pantry");
                        let mut seen = vec![(false, party.get(&path).status)];
                        begun.wait();
                        while !over.load(order) {
                            // Whether the no was answered before this was asked.
                            let after = said_no.load(order);
                            seen.push((after, party.get(&path).status));
                        }
                        seen
                    })
                })
                .collect();
            begun.wait();
            put("inactive");
            said_no.store(true, order);
            pantry.get(&path).expect(404);
            over.store(true, order);
            readers.into_iter().flat_map(|one| one.join().unwrap()).collect()
        });
        assert!(
            seen.iter()
                .all(|(after, status)| matches!((after, status), (true, 404) | (false, 200 | 404))),
            "{round}: {seen:?}"
        );
        shown += seen.iter().filter(|(_, status)| *status == 200).count();
        hidden += seen.iter().filter(|(_, status)| *status == 404).count();
        put("active");
        pantry.get(&path).expect(200);
    }
    assert!(shown > 0 && hidden > 25, "{shown} {hidden}");
}

/// A denial is durable before it is told; a crash on the way tells nobody.
#[test]
fn n57_a_crash_loses_no_denial() {
    let mut gateway = Gateway::start();
    gateway.party("clinic-b").post("/fhir", &Referral::food().bundle()).expect(200);
    let path = format!("/cbo/v1/referrals/{}", gateway.party("pantry").only_referral());
    let mut told = 0;
    for step in ["write", "torn", "sync", "synced"] {
        gateway.die_at(step, 1);
        assert_eq!(gateway.party("housing").get(&path).status, 0, "{step}");
        assert!(!gateway.ended().success(), "{step}");
        gateway.serve();
        let found = gateway.of_kind("phi.denied").len();
        // Before the sync it may be there or not; after it, it is.
        let least = if step == "synced" { told + 1 } else { told };
        assert!((least..=told + 1).contains(&found), "{step}: {found}");
        gateway.party("housing").get(&path).expect(404);
        told = found + 1;
        assert_eq!(gateway.of_kind("phi.denied").len(), told, "{step}");
    }
    // The same for what is shown: an entry without a reader, never a reader without an entry.
    let shown = |gateway: &Gateway| {
        let all = gateway.of_kind("phi.disclosed").into_iter();
        all.filter(|one| one["disclosed"]["recipient"] == "pantry").count()
    };
    let before = shown(&gateway);
    gateway.die_at("synced", 1);
    assert_eq!(gateway.party("pantry").get(&path).status, 0);
    assert!(!gateway.ended().success());
    gateway.serve();
    assert_eq!(shown(&gateway), before + 1);
}

#[test]
fn n58_a_clock_that_jumps() {
    const HOUR_MS: i64 = 3_600_000;
    let mut doors = Doors::open();
    let old = KINDS.map(|kind| (kind, doors.good(kind)));
    for (kind, token) in &old {
        if *kind != Kind::Assertion {
            doors.show(*kind, token).expect(200);
        }
    }
    doors.gateway.pass(HOUR_MS);
    for (kind, token) in &old {
        let expected = if *kind == Kind::Consent { 404 } else { 401 };
        doors.show(*kind, token).expect(expected);
    }
    let before = doors.gateway.count();
    let reason = |doors: &Doors| {
        let denied = doors.gateway.of_kind("phi.denied");
        denied.last().unwrap()["basis"]["reason"].clone()
    };
    assert_eq!(reason(&doors), "T10");
    let kept = doors.gateway.count();
    assert_eq!(kept, before + 1, "the export");
    for jump in [HOUR_MS, -HOUR_MS, 24 * 365 * HOUR_MS, -24 * 365 * HOUR_MS] {
        // Each from a clock that was right a moment ago.
        doors.gateway.jump(jump);
        doors.clinic.get("/fhir/Task").expect(503);
        doors.pantry.get("/cbo/v1/referrals").expect(503);
        for (kind, token) in &old {
            // What expired is not good again because the clock went back.
            let status = doors.show(*kind, token).status;
            assert!(matches!(status, 401 | 503), "{jump} {kind:?}: {status}");
        }
        assert_eq!(doors.gateway.count(), kept, "{jump}");
        doors.gateway.jump(-jump);
        doors.clinic.get("/fhir/Task").expect(503);
        doors.gateway.admin(&Ask::ClockConfirm);
        doors.clinic.get("/fhir/Task/1/_history").expect(405);
    }
}
