//! Nobody is shown a checkpoint that too few witnesses cosigned, and a witness never cosigns a second past.

use std::fs;

use loopgate_ledger::{Checkpoint, Cosigner, LogKey, Tree, open_checkpoint};
use loopgate_server::config::Config;

use crate::harness::{Gateway, Referral, Witness};

const HOUR_MS: i64 = 3_600_000;
/// A witness that was down is asked again after this, whatever came before.
const RETRY_MS: i64 = 300_000;

/// A gateway that is served, its log's key, and two witnesses.
fn witnessed() -> (Gateway, LogKey, [Witness; 2]) {
    let private = "[\"127.0.0.1\"]";
    let mut gateway = Gateway::prepare(&[(["delivery", "private_targets"], private)]);
    let file = gateway.root().join("loopgate.toml");
    let origin = Config::load(&file).unwrap().ledger.origin;
    let mut seed = [0; 32];
    let text = fs::read_to_string(gateway.root().join("keys/ledger.seed")).unwrap();
    hex::decode_to_slice(text.trim(), &mut seed).unwrap();
    let log = LogKey::from_seed(&origin, seed).unwrap();
    let witnesses = ["witness.example/w1", "witness.example/w2"].map(|name| {
        let dir = gateway.beside(&name.replace('/', "-"));
        Witness::start(&dir, &gateway.root(), name, &log.vkey())
    });
    let tables: String = witnesses.iter().map(Witness::table).collect();
    fs::write(&file, fs::read_to_string(&file).unwrap() + &tables).unwrap();
    gateway.serve();
    (gateway, log, witnesses)
}

/// Lets seconds pass until something is so.
fn until<T>(gateway: &mut Gateway, what: &str, found: impl Fn(&Gateway) -> Option<T>) -> T {
    for _ in 0..300 {
        if let Some(found) = found(gateway) {
            return found;
        }
        gateway.pass(100);
    }
    panic!("never: {what}: {}", gateway.log());
}

/// Something more is recorded: a referral, then each time it is read.
fn more(gateway: &Gateway) {
    let before = gateway.count();
    let clinic = gateway.party("clinic-b");
    clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    clinic.get("/fhir/Task").expect(200);
    assert!(gateway.count() > before);
}

fn shown(gateway: &Gateway, path: &str) -> Option<String> {
    let answer = gateway.stranger().get(path);
    (answer.status == 200).then_some(answer.text)
}

fn size(note: &str) -> u64 {
    note.lines().nth(1).unwrap().parse().unwrap()
}

/// The cosigned checkpoint, once it covers so many entries.
fn cosigned(gateway: &mut Gateway, entries: u64) -> String {
    until(gateway, "cosigned", |gateway| {
        shown(gateway, "/ledger/checkpoint").filter(|note| size(note) >= entries)
    })
}

#[test]
fn what_is_shown_is_cosigned_by_the_quorum() {
    let (mut gateway, log, [w1, mut w2]) = witnessed();
    more(&gateway);
    let entries = gateway.count();
    let note = cosigned(&mut gateway, entries);
    assert_eq!(open_checkpoint(&note, &log.vkey()).unwrap().size, size(&note));
    for witness in [&w1, &w2] {
        let cosigner = Cosigner::parse(witness.vkey()).unwrap();
        assert!(cosigner.cosigned_at(&note).unwrap().is_some(), "{note}");
        assert!(witness.size() >= size(&note));
    }

    // One of two is down: the other cosigns, and that is not enough.
    w2.stop();
    more(&gateway);
    let entries = gateway.count();
    assert!(entries > size(&note));
    until(&mut gateway, "w1 cosigned alone", |_| (w1.size() >= entries).then_some(()));
    let pending = shown(&gateway, "/ledger/checkpoint.pending").unwrap();
    assert!(size(&pending) >= entries && open_checkpoint(&pending, &log.vkey()).is_ok());
    let old = shown(&gateway, "/ledger/checkpoint").unwrap();
    assert!(size(&old) < entries, "{old}");

    // It is so after a restart, and over when the witness is back.
    gateway.kill();
    gateway.serve();
    assert_eq!(shown(&gateway, "/ledger/checkpoint"), Some(old));
    w2.serve();
    gateway.pass(RETRY_MS);
    cosigned(&mut gateway, entries);
}

#[test]
fn a_witness_does_not_go_back_and_takes_no_other_past() {
    let (mut gateway, log, [mut w1, _w2]) = witnessed();
    let entries = gateway.count();
    let first = cosigned(&mut gateway, entries);
    more(&gateway);
    let entries = gateway.count();
    let second = cosigned(&mut gateway, entries);
    gateway.stop();
    let (root, seen) = (gateway.root(), w1.size());
    assert!(size(&second) <= seen);

    // Stopped and started again, it still knows.
    w1.stop();
    w1.serve();
    assert!(size(&first) < seen);
    let rolled_back = w1.add(&root, &format!("old 0\n\n{first}")).expect(409);
    assert_eq!(rolled_back.text, format!("{seen}\n"));
    let fork = |size: u64| {
        let mut tree = Tree::new();
        for n in 0..size {
            tree.append([u8::try_from(n % 256).unwrap(); 32]);
        }
        log.sign(&Checkpoint { origin: log.name().to_owned(), size, root: tree.root() })
    };
    w1.add(&root, &format!("old {seen}\n\n{}", fork(seen))).expect(409);
    w1.add(&root, &format!("old {seen}\n\n{}", fork(seen + 1))).expect(422);
    let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    w1.add(&root, &format!("old {seen}\n{hash}\n{}", fork(seen + 1))).expect(422);
    w1.add(&root, &format!("old {}\n\n{}", seen + 2, fork(seen + 1))).expect(400);
    let stranger = LogKey::from_seed(log.name(), [7; 32]).unwrap();
    let at = Checkpoint { origin: log.name().to_owned(), size: seen, root: [0; 32] };
    w1.add(&root, &format!("old {seen}\n\n{}", stranger.sign(&at))).expect(403);
    assert_eq!(w1.size(), seen);
}

/// Who restored a witness from a backup says so, and the gateway believes it at once.
#[test]
fn a_witness_that_lags_is_asked_from_where_it_is() {
    let (mut gateway, _, [mut w1, _w2]) = witnessed();
    let entries = gateway.count();
    cosigned(&mut gateway, entries);
    let origin = fs::read_to_string(w1.state()).unwrap().lines().next().unwrap().to_owned();
    w1.stop();
    // RFC 6962: the root of nothing is the hash of nothing.
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    fs::write(w1.state(), format!("{origin}\n0\n{empty}\n")).unwrap();
    w1.serve();
    more(&gateway);
    let entries = gateway.count();
    cosigned(&mut gateway, entries);
    assert!(w1.size() >= entries);
}

#[test]
fn a_witness_that_cannot_keep_what_it_cosigns_does_not_cosign() {
    let (mut gateway, log, [w1, _w2]) = witnessed();
    let entries = gateway.count();
    cosigned(&mut gateway, entries);
    gateway.stop();
    let (root, seen) = (gateway.root(), w1.size());
    let state = fs::read_to_string(w1.state()).unwrap();
    let mut known = [0; 32];
    hex::decode_to_slice(state.lines().nth(2).unwrap(), &mut known).unwrap();
    let note = log.sign(&Checkpoint { origin: log.name().to_owned(), size: seen, root: known });
    let request = format!("old {seen}\n\n{note}");
    // Where the new state would be written, something is in the way.
    let mut beside = w1.state().into_os_string();
    beside.push(".new");
    fs::create_dir(&beside).unwrap();
    assert_eq!(w1.add(&root, &request).expect(500).text, "");
    assert_eq!(fs::read_to_string(w1.state()).unwrap(), state);
    fs::remove_dir(&beside).unwrap();
    let lines = w1.add(&root, &request).expect(200).text;
    assert!(Cosigner::parse(w1.vkey()).unwrap().line_for(&note, &lines).is_ok());
}

#[test]
fn a_day_without_witnesses_is_in_the_log() {
    let (mut gateway, _, [_w1, mut w2]) = witnessed();
    let entries = gateway.count();
    let last = size(&cosigned(&mut gateway, entries));
    w2.stop();
    more(&gateway);
    gateway.pass(HOUR_MS);
    gateway.pass(22 * HOUR_MS);
    assert!(gateway.of_kind("ledger.unwitnessed").is_empty());
    gateway.pass(2 * HOUR_MS);
    let told = until(&mut gateway, "recorded", |gateway| {
        Some(gateway.of_kind("ledger.unwitnessed")).filter(|told| !told.is_empty())
    });
    assert!(gateway.log().contains("wait for a quarter of an hour"));
    let said = &told[0]["transition"];
    assert!(said["cosigned"].as_u64().unwrap() >= last, "{said}");
    gateway.pass(20 * HOUR_MS);
    gateway.pass(1_000);
    assert_eq!(gateway.of_kind("ledger.unwitnessed").len(), 1, "once a day");
}
