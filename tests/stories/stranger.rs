//! A stranger learns nothing: not from errors, not from counts, not from files.

use std::fs;
use std::path::{Path, PathBuf};

use loopgate_server::certificates::{Authority, Validity};
use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Need, Party, Referral};

const CANARY: &str = "Canary-7Q";

#[test]
fn who_is_not_known_is_told_nothing_and_counted() {
    let mut gateway = Gateway::start();
    let unknown = with_unknown_certificate(&gateway);
    let nobody = gateway.stranger();
    let before = gateway.kinds();
    let paths = ["/fhir/Task", "/fhir/Task/1", "/fhir/Patient/1", "/cbo/v1/referrals"];
    let answers = |party: &Party| -> Vec<(u16, String)> {
        let mut all: Vec<Answer> = paths.iter().map(|path| party.get(path)).collect();
        all.push(party.post("/fhir", &Referral::food().bundle()));
        all.push(party.act("ref_1", "accept", &json!({})));
        all.into_iter().map(|answer| (answer.status, answer.text)).collect()
    };
    let told = answers(&nobody);
    assert!(told.iter().all(|(status, _)| *status == 401), "{told:?}");
    assert_eq!(answers(&unknown), told);
    // Nothing is written down until the gateway looks, and then once a minute.
    assert_eq!(gateway.kinds(), before);
    gateway.tick();
    let counts = |gateway: &Gateway| -> Vec<Value> {
        let entries = gateway.of_kind("strangers.counted");
        entries.iter().map(|fields| fields["disclosed"]["attempts"].clone()).collect()
    };
    assert_eq!(counts(&gateway), [json!(12)]);
    answers(&nobody);
    gateway.tick();
    gateway.pass(59_000);
    unknown.get("/fhir/Task");
    gateway.tick();
    assert_eq!(counts(&gateway).len(), 1);
    gateway.pass(2_000);
    assert_eq!(counts(&gateway), [json!(12), json!(7)]);
    gateway.pass(600_000);
    assert_eq!(counts(&gateway).len(), 2);
    // Of who they were, nothing is kept.
    for fields in gateway.of_kind("strangers.counted") {
        assert_eq!((&fields["parties"], &fields["command"]), (&Value::Null, &Value::Null));
        assert_eq!(fields["actor"], json!({ "org": "loopgate" }));
    }
    // What anybody may read is about nobody.
    assert_eq!(
        nobody.get("/fhir/metadata").expect(200).json["resourceType"],
        "CapabilityStatement"
    );
    nobody.get("/ledger/checkpoint").expect(200);
    gateway.stop();
}

#[test]
fn what_is_not_ones_own_is_not_there_whatever_the_reason() {
    let mut gateway = Gateway::start();
    let (clinic, hospital) = (gateway.party("clinic-b"), gateway.party("hospital-a"));
    let (pantry, housing) = (gateway.party("pantry"), gateway.party("housing"));
    let referral = Referral::food();
    let answer = clinic.post("/fhir", &referral.bundle()).expect(200);
    let theirs = pantry.only_referral();
    let placed = pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    // One for housing that never was placed, and one that is held after it was.
    let unplaced =
        Referral { mrn: "B-2", consent: None, needs: vec![Need::Housing], ..Referral::food() };
    let unplaced = clinic.post("/fhir", &unplaced.bundle()).expect(200);
    let lapsing = Referral {
        mrn: "B-3",
        consent: Some(vec![Need::Housing]),
        needs: vec![Need::Housing],
        period: ("2026-11-20", "2026-11-22"),
        ..Referral::food()
    };
    clinic.post("/fhir", &lapsing.bundle()).expect(200);
    let lapsed = housing.only_referral();
    let lapsed_task = housing.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    gateway.pass(15 * 3_600_000);

    let held = gateway.of_kind("referral.held");
    let waiting = held.iter().map(|fields| fields["subject"][0]["id"].as_str().unwrap().to_owned());
    let waiting = waiting.filter(|id| *id != lapsed).collect::<Vec<_>>();
    assert_eq!(waiting.len(), 1);
    let nowhere = "ref_00000000000000000000000000000000";
    let referrals = [theirs.as_str(), &waiting[0], &lapsed, nowhere, "nonsense"];
    let read = referrals.map(|id| housing.get(&format!("/cbo/v1/referrals/{id}")));
    all_the_same(&read);
    let acts = referrals.map(|id| housing.act(id, "accept", &json!({})));
    all_the_same(&[&acts[..], &read[..1]].concat());

    let reference = |task: &Value, member: &str| {
        format!("/fhir/{}", task[member]["reference"].as_str().unwrap())
    };
    let own = |task: &Value| format!("/fhir/Task/{}", task["id"].as_str().unwrap());
    let paths = [
        answer.entry(0),
        answer.entry(1),
        answer.entry(2),
        answer.entry(referral.task_entry(0)),
        own(&placed),
        reference(&placed, "focus"),
        unplaced.entry(2),
        own(&lapsed_task),
        reference(&lapsed_task, "focus"),
        reference(&lapsed_task, "for"),
        "/fhir/Task/1".to_owned(),
        "/fhir/Patient/1".to_owned(),
        "/fhir/Procedure/1".to_owned(),
        "/fhir/Nonsense/1".to_owned(),
        "/fhir/Organization/nobody".to_owned(),
    ];
    all_the_same(&paths.clone().map(|path| housing.get(&path)));
    // Another source is no better off, but for the directory.
    all_the_same(&paths.map(|path| hospital.get(&path)));
    for party in [&clinic, &hospital, &housing, &pantry] {
        let page = party.get("/fhir/Task").expect(200).json;
        assert_eq!((&page["type"], page.get("total")), (&json!("searchset"), None));
    }
    assert!(housing.inbox().is_empty());
    // Each attempt of somebody known is one entry, whether or not there was anything.
    let denied = gateway.of_kind("phi.denied");
    assert_eq!(denied.len(), read.len() + acts.len() + 2 * 15);
    let (lapsed_ones, others): (Vec<_>, Vec<_>) =
        denied.iter().partition(|fields| fields["basis"]["reason"] == "C3");
    assert_eq!(lapsed_ones.len(), 3);
    assert!(lapsed_ones.iter().all(|fields| fields["subject"][0]["id"] == lapsed.as_str()));
    assert!(others.iter().all(|fields| fields["basis"]["reason"] == "R1"), "{others:?}");
    gateway.stop();
}

#[test]
fn no_error_repeats_a_value_that_was_sent() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let whole = Referral { contact_prohibited: true, ..Referral::food() }.bundle();
    let mut places = Vec::new();
    strings(&whole, &mut Vec::new(), &mut places);
    assert!(places.len() > 60, "{}", places.len());
    let (mut refused, mut taken) = (0, 0);
    for (n, place) in places.iter().enumerate() {
        // Each is a referral of its own, so that no earlier one gets in its way.
        let text = whole.to_string().replace("B-20417", &format!("B-{n}"));
        for canary in [json!(CANARY), json!([CANARY]), json!({ "value": CANARY })] {
            let mut bundle: Value = serde_json::from_str(&text).unwrap();
            *bundle.pointer_mut(place).unwrap() = canary;
            let answer = clinic.post("/fhir", &bundle);
            assert!(matches!(answer.status, 200 | 400 | 409 | 422), "{place} {}", answer.text);
            silent(&answer);
            *(if answer.status == 200 { &mut taken } else { &mut refused }) += 1;
        }
    }
    assert!(refused > 100 && taken > 10, "{refused} {taken}");

    // As a member's name, as broken JSON, in paths, queries and headers.
    let named = whole.to_string().replace("\"birthDate\"", &format!("\"{CANARY}\""));
    let twice = format!("{{\"{CANARY}\":1,\"{CANARY}\":2}}");
    let fhir = [("content-type", "application/fhir+json")];
    for body in [named, twice, CANARY.to_owned(), format!("{{\"resourceType\":\"{CANARY}\"}}")] {
        silent(&clinic.call("POST", "/fhir", &fhir, body.into_bytes()));
    }
    for path in [
        format!("/fhir/{CANARY}/1"),
        format!("/fhir/Task/{CANARY}"),
        format!("/fhir/Task?_id={CANARY}!"),
        format!("/fhir/Task?status:{CANARY}=requested"),
        format!("/fhir/Task?_lastUpdated={CANARY}"),
        format!("/fhir/Task?_cursor={CANARY}"),
        format!("/cbo/v1/referrals/{CANARY}"),
        format!("/cbo/v1/referrals?after={CANARY}"),
        format!("/cbo/v1/{CANARY}"),
        format!("/{CANARY}"),
    ] {
        for party in [&clinic, &pantry] {
            let answer = party.get(&path);
            assert!(answer.status >= 400, "{path}");
            silent(&answer);
        }
    }
    let odd = [("content-type", CANARY), ("if-match", CANARY)];
    silent(&clinic.call("POST", "/fhir", &odd, Vec::new()));
    let id = pantry.inbox()[0]["referral_id"].as_str().unwrap().to_owned();
    for body in [
        json!({ CANARY: 1 }),
        json!({ "reason": { "code": CANARY, "text": CANARY } }),
        json!({ "start": CANARY }),
        json!({ "outcome": { "text": "x", "code": CANARY } }),
        json!(CANARY),
    ] {
        for act in ["accept", "decline", "appointment", "served", CANARY] {
            silent(&pantry.act(&id, act, &body));
        }
    }
    gateway.stop();
    nothing_in_the_clear(&gateway, &[CANARY]);
}

#[test]
fn no_file_holds_a_word_about_a_person() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let id = pantry.only_referral();
    pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200);
    let appointment = json!({ "start": "2026-11-27T16:00:00Z", "place": "12 Larch Lane" });
    pantry.act(&id, "appointment", &appointment).expect(200);
    pantry.act(&id, "served", &json!({ "outcome": { "text": "Food box, no nuts" } })).expect(200);
    clinic.get(&task).expect(200);
    let evidence = gateway.evidence();
    let words = [
        "Maria",
        "Lindqvist",
        "Okafor",
        "555 0142",
        "B-20417",
        "1988-04-02",
        "Juniper",
        "Fernhill",
        "Larch",
        "no nuts",
    ];
    // While it runs, and after it has ended.
    nothing_in_the_clear(&gateway, &words);
    gateway.stop();
    nothing_in_the_clear(&gateway, &words);
    // What an auditor is shown names no person either.
    search(&evidence, &words);
    // The search would find them, were they there.
    let stray = gateway.root().join("data/stray");
    fs::write(&stray, b"\0\0Lindqvist\0").unwrap();
    let found = std::panic::catch_unwind(|| nothing_in_the_clear(&gateway, &words));
    assert!(found.is_err());
}

/// The same but for the name of the refusal, which each has.
#[track_caller]
fn all_the_same(answers: &[Answer]) {
    let unnamed = |answer: &Answer| {
        let mut json = answer.json.clone();
        if let Some(instance) = json.get_mut("instance") {
            let name = instance.as_str().unwrap().strip_prefix("urn:loopgate:refusal:").unwrap();
            assert!(name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit()));
            *instance = Value::Null;
        }
        (json, answer.text.len())
    };
    for answer in answers {
        assert_eq!((answer.status, unnamed(answer)), (404, unnamed(&answers[0])));
        assert_eq!((&answer.etag, &answer.location), (&None, &None));
    }
}

#[track_caller]
fn silent(answer: &Answer) {
    assert_ne!(answer.status, 0, "the connection broke");
    let text = answer.text.to_lowercase();
    assert!(!text.contains(&CANARY.to_lowercase()), "{}", answer.text);
}

/// JSON pointers of every string.
fn strings(json: &Value, place: &mut Vec<String>, found: &mut Vec<String>) {
    let mut enter = |name: String, inner: &Value| {
        place.push(name);
        strings(inner, place, found);
        place.pop();
    };
    match json {
        Value::Object(members) => {
            members.iter().for_each(|(name, inner)| enter(name.clone(), inner));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, inner)| enter(n.to_string(), inner));
        }
        Value::String(_) => {
            found.push(place.iter().map(|name| format!("/{name}")).collect());
        }
        _ => {}
    }
}

#[track_caller]
fn nothing_in_the_clear(gateway: &Gateway, words: &[&str]) {
    search(&gateway.root().join("data"), words);
}

/// Looks for words in the names and bytes of all files under a folder.
#[track_caller]
fn search(folder: &Path, words: &[&str]) {
    let mut files = Vec::new();
    walk(folder, &mut files);
    assert!(!files.is_empty());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let name = file.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        for word in words {
            let inside = bytes.windows(word.len()).any(|part| part == word.as_bytes());
            assert!(!inside && !name.contains(word), "{word} in {name}");
        }
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            walk(&entry.path(), files);
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
}

/// Somebody whose certificate the authority issued and who is in no partner file.
fn with_unknown_certificate(gateway: &Gateway) -> Party {
    let certs = gateway.root().join("certs");
    let read = |name: &str| fs::read_to_string(certs.join(name)).unwrap();
    let authority = Authority::load(&read("ca.pem"), &read("ca.key")).unwrap();
    let (from, until) = ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z");
    let validity = Validity { from: from.parse().unwrap(), until: until.parse().unwrap() };
    // It claims to be a partner: what counts is the certificate, not its name.
    let issued = authority.client(&"pantry".parse().unwrap(), validity).unwrap();
    fs::write(certs.join("clients/unknown.pem"), issued.certificate_pem).unwrap();
    fs::write(certs.join("clients/unknown.key"), issued.key_pem).unwrap();
    gateway.party("unknown")
}
