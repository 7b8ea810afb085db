//! What was known of a person can be destroyed for ever: nothing that is left on any disk gives it back,
//! every proof still holds, and nobody else notices.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use loopgate_ledger::{Field, verify_bundle};
use loopgate_referral::PersonId;
use loopgate_server::admin::{Ask, Who};
use loopgate_server::config::Config;
use loopgate_server::journal::ShredGround;
use loopgate_store::{FileLog, Kek, KeyName, KeyRow, Log, LogKeys};
use serde_json::{Value, json};

use crate::harness::{Gateway, Need, Referral, consent};

/// The person that a source's patient of this number is, as the log calls them.
fn person(gateway: &Gateway, resource: &str) -> PersonId {
    let stored = gateway.of_kind("resource.stored");
    let of = stored.iter().find(|entry| {
        let payload = entry["payload"].as_array().unwrap();
        payload.iter().any(|one| resource.ends_with(one["resource"].as_str().unwrap()))
    });
    of.unwrap()["patient"][0]["id"].as_str().unwrap().parse().unwrap()
}

fn every_file(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(every_file(&path)) } else { found.push(path) }
    }
    found
}

/// Where in the deployment, the sockets aside, these bytes lie as they are or in hex.
fn survivors(root: &Path, secrets: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for path in every_file(root).iter().filter(|path| fs::metadata(path).unwrap().is_file()) {
        let bytes = fs::read(path).unwrap();
        for (what, secret) in secrets {
            for spelt in [secret.clone(), hex::encode(secret).into_bytes()] {
                if bytes.windows(spelt.len()).any(|window| window == spelt) {
                    found.push(format!("{what} in {}", path.display()));
                }
            }
        }
    }
    found
}

fn erase(gateway: &Gateway, person: PersonId, ground: ShredGround) -> anyhow::Result<String> {
    let persons = BTreeSet::from([Who::Person(person)]);
    gateway.try_admin(&Ask::Erase { persons, ground, by: "privacy-officer".into() })
}

fn order() -> ShredGround {
    ShredGround::Order { order: "case 4711".into() }
}

/// Keys of the entries kept under a person's key, and the old key-encryption key, taken while the gateway
/// does not run.
fn secrets(root: &Path, person: PersonId) -> Vec<(String, Vec<u8>)> {
    let kek = fs::read_to_string(root.join("keys/kek-1.key")).unwrap();
    let kek: [u8; 32] = hex::decode(kek.trim()).unwrap().try_into().unwrap();
    let config = Config::load(&root.join("loopgate.toml")).unwrap();
    let tenant = Kek::new(1, kek).tenant(config.tenant.name.as_str());
    let log = FileLog::open(&root.join("data/log"), None).unwrap();
    let name = KeyName::new(*person.bytes());
    let Some(KeyRow::Wrapped(wrapped)) = log.key(&name).unwrap() else { panic!("no key") };
    let key = tenant.open(&name, &wrapped).unwrap();
    let mut secrets = vec![("the old KEK".to_owned(), kek.to_vec())];
    for sequence in 0..log.head().next {
        let frame = log.read(sequence).unwrap().unwrap().frame;
        for (n, entry) in frame.entries.iter().enumerate().filter(|(_, entry)| entry.key == name) {
            let opened = key.open(frame.first_leaf + n as u64, &entry.seed).unwrap();
            secrets.push((format!("body key {sequence}/{n}"), opened.seed().body_key().to_vec()));
            let field = opened.seed().field_key(Field::Patient);
            secrets.push((format!("field key {sequence}/{n}"), field.to_vec()));
        }
    }
    assert!(secrets.len() > 10, "the story made too little");
    secrets
}

#[test]
fn an_erased_person_is_nowhere_and_every_proof_holds() {
    let mut gateway = Gateway::prepare(&[]);
    // The stories' keys are all alike; this one is to be found again.
    let kek = (0..32).map(|n| n * 7 + 11).collect::<Vec<u8>>();
    fs::write(gateway.root().join("keys/kek-1.key"), hex::encode(kek)).unwrap();
    gateway.serve();
    let (clinic, hospital) = (gateway.party("clinic-b"), gateway.party("hospital-a"));
    let pantry = gateway.party("pantry");
    // Somebody to forget, with a form of half a megabyte, and somebody else.
    let first = Referral::food();
    let answer = clinic.post("/fhir", &first.bundle()).expect(200);
    let (maria, task) = (answer.entry(0), answer.entry(first.task_entry(0)));
    let reference = maria.trim_start_matches("/fhir/").to_owned();
    let mut form = consent(&reference, "clinic-b", &[Need::Food], "2026-11-20", "2027-11-20");
    let scan = "TWFyaWEgc2lnbmVkIHRoaXMgZm9ybS4g".repeat(16_384);
    form["sourceAttachment"] = json!({ "contentType": "application/pdf", "data": scan });
    clinic.post("/fhir/Consent", &form).expect(201);
    let id = pantry.only_referral();
    pantry.act(&id, "accept", &json!({})).expect(200);
    let other = Referral { source: "hospital-a", mrn: "A-77", ..Referral::food() };
    let others = hospital.post("/fhir", &other.bundle()).expect(200).entry(other.task_entry(0));
    let person = person(&gateway, &maria);

    // Not while a referral is open, nor while a case is, nor before its time.
    let refused = erase(&gateway, person, order()).unwrap_err().to_string();
    assert!(refused.contains("a referral is open"), "{refused}");
    pantry.act(&id, "served", &json!({ "outcome": { "text": "Food box" } })).expect(200);
    let hold = |lift| {
        let (case, by) = ("C-1".to_owned(), "counsel".to_owned());
        // An identifier means the same person.
        let who = "urn:example:clinic-b:mrn|B-20417".parse().unwrap();
        gateway.admin(&Ask::Hold { person: who, case, by, lift })
    };
    hold(false);
    let refused = erase(&gateway, person, order()).unwrap_err().to_string();
    assert!(refused.contains("a case is open"), "{refused}");
    hold(true);
    let refused = erase(&gateway, person, ShredGround::RetentionOver).unwrap_err().to_string();
    assert!(refused.contains("it has to be kept until 2032-11-22"), "{refused}");
    assert_eq!(gateway.of_kind("key.shred-refused").len(), 3);
    let before = gateway.evidence();

    gateway.stop();
    let mut secrets = secrets(&gateway.root(), person);
    for (what, text) in
        [("the form", &scan[..32]), ("the note", "Food box"), ("the number", "B-20417")]
    {
        secrets.push((what.to_owned(), text.as_bytes().to_vec()));
    }
    let root = gateway.root();
    assert!(!survivors(&root, &secrets[..1]).is_empty(), "the search finds nothing at all");
    let vault = || fs::read_dir(root.join("data/vault")).unwrap().count();
    assert_eq!(vault(), 1);
    gateway.serve();

    let done = erase(&gateway, person, order()).unwrap();
    assert!(done.contains("entries cannot be read any more"), "{done}");
    assert!(erase(&gateway, person, order()).is_err(), "twice");
    let (clinic, hospital) = (gateway.party("clinic-b"), gateway.party("hospital-a"));
    let pantry = gateway.party("pantry");
    clinic.get(&task).expect(404);
    clinic.get(&maria).expect(404);
    assert_eq!(clinic.get("/fhir/Task").expect(200).json["entry"], Value::Null);
    hospital.get(&others).expect(200);
    assert_eq!(pantry.get("/cbo/v1/referrals").expect(200).json["referrals"][1], Value::Null);
    assert_eq!(vault(), 0);

    let seen = |gateway: &Gateway| {
        let dir = gateway.evidence();
        let report = verify_bundle(&dir, None);
        assert_eq!(report.exit_code(), 0, "{report:?}");
        let newer = loopgate_ledger::verify_consistency(&before, &dir, None);
        assert_eq!(newer.exit_code(), 0, "{newer:?}");
        report.entries
    };
    let shown = seen(&gateway);
    assert!(shown < gateway.count(), "an erased entry cannot be shown");
    let shred = gateway.of_kind("key.shred");
    assert_eq!(shred[0]["actor"]["org"], "privacy-officer");
    assert_eq!(shred[0]["basis"]["order"], "case 4711");

    // What is on the disks, after a clean stop and a start.
    gateway.stop();
    let found = survivors(&root, &secrets);
    assert!(found.is_empty(), "{found:#?}");
    gateway.serve();
    let (clinic, hospital) = (gateway.party("clinic-b"), gateway.party("hospital-a"));
    clinic.get(&task).expect(404);
    hospital.get(&others).expect(200);
    seen(&gateway);

    // The same patient comes again, as somebody new.
    clinic.post("/fhir", &first.bundle()).expect(200);
    seen(&gateway);
}

#[test]
fn an_erasure_that_was_cut_off_is_finished_at_the_next_start() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let first = Referral::food();
    let answer = clinic.post("/fhir", &first.bundle()).expect(200);
    let (maria, task) = (answer.entry(0), answer.entry(first.task_entry(0)));
    let id = pantry.only_referral();
    let no = json!({ "reason": { "code": "no-capacity", "text": "No room this month" } });
    pantry.act(&id, "decline", &no).expect(200);
    let person = person(&gateway, &maria);

    // It dies once the decision is durable, and nothing else is.
    gateway.die_at("synced", 1);
    assert!(erase(&gateway, person, order()).is_err());
    gateway.ended();
    let kek = |number: u32| gateway.root().join(format!("keys/kek-{number}.key")).exists();
    assert!(kek(1) && !kek(2), "the death came too late for this story");
    gateway.serve();
    let kek = |number: u32| gateway.root().join(format!("keys/kek-{number}.key")).exists();
    assert!(!kek(1) && kek(2));
    let clinic = gateway.party("clinic-b");
    clinic.get(&task).expect(404);
    clinic.get(&maria).expect(404);
    let report = verify_bundle(&gateway.evidence(), None);
    assert_eq!(report.exit_code(), 0, "{report:?}");
    gateway.stop();
    gateway.serve();
    gateway.party("clinic-b").get(&task).expect(404);
}
