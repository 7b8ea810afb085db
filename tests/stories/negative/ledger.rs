//! N60: evidence that is not what the log signed.

use std::fs;
use std::path::{Path, PathBuf};

use loopgate_ledger::{Report, verify_bundle, verify_consistency};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::harness::{Gateway, Referral};

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A bundle with one file replaced, as a careful forger does it: with its hash in the manifest.
fn forged(gateway: &Gateway, good: &Path, name: &str, file: &str, new: &[u8]) -> PathBuf {
    let copy = gateway.beside(name);
    copy_folder(good, &copy);
    let old = fs::read(copy.join(file)).unwrap();
    assert_ne!(old, new, "{name}");
    fs::write(copy.join(file), new).unwrap();
    let manifest = fs::read_to_string(copy.join("manifest.json")).unwrap();
    let lied = manifest.replace(&sha256(&old), &sha256(new));
    assert_ne!(lied, manifest, "{name}");
    fs::write(copy.join("manifest.json"), lied).unwrap();
    copy
}

fn lines(path: &Path) -> Vec<Vec<u8>> {
    fs::read(path).unwrap().split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// The one entries tile of a log of so many leaves, and each leaf with its length before it.
fn leaves(bundle: &Path, count: usize) -> (String, Vec<Vec<u8>>) {
    assert!(count < 256, "one tile");
    let tile = format!("tile/entries/000.p/{count}");
    let (bytes, mut leaves) = (fs::read(bundle.join(&tile)).unwrap(), Vec::new());
    let mut rest = &bytes[..];
    while let [high, low, ..] = rest {
        let (leaf, after) = rest.split_at(2 + usize::from(*high) * 256 + usize::from(*low));
        leaves.push(leaf.to_vec());
        rest = after;
    }
    (tile, leaves)
}

#[test]
fn n60_evidence_that_was_changed() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let id = pantry.only_referral();
    let old = gateway.evidence();
    pantry.act(&id, "accept", &json!({})).expect(200);
    let good = gateway.evidence();
    let checked = |dir: &Path| -> Report { verify_bundle(dir, None) };
    assert_eq!((checked(&old).exit_code(), checked(&good).exit_code()), (0, 0));
    assert_eq!(verify_consistency(&old, &good, None).exit_code(), 0);
    let count = usize::try_from(checked(&good).size).unwrap();
    assert!(count > 8);

    // One bit of an entry, whichever it is: the verifier says which.
    let entries = lines(&good.join("entries.jsonl"));
    assert_eq!(entries.len(), count);
    for at in [0, 1, count / 2, count - 1] {
        let mut changed = entries.clone();
        // The last letter of a salt or a hash: still canonical, and another one.
        let text = String::from_utf8(changed[at].clone()).unwrap();
        let end = text.rfind("\"i\":").unwrap();
        let digit = text[..end].rfind(|c: char| c.is_ascii_digit()).unwrap();
        changed[at][digit] = if changed[at][digit] == b'7' { b'3' } else { b'7' };
        let copy =
            forged(&gateway, &good, &format!("bit-{at}"), "entries.jsonl", &changed.concat());
        let report = checked(&copy);
        assert_eq!((report.exit_code(), report.first_bad), (2, Some(at as u64)), "{report:?}");
    }
    // Two swapped, in the openings and in the leaves.
    let mut swapped = entries.clone();
    swapped.swap(3, 4);
    let copy = forged(&gateway, &good, "swapped", "entries.jsonl", &swapped.concat());
    let report = checked(&copy);
    assert_eq!((report.exit_code(), report.first_bad), (2, Some(3)), "{report:?}");
    let (tile, leaves) = leaves(&good, count);
    let mut swapped = leaves.clone();
    swapped.swap(3, 4);
    let copy = forged(&gateway, &good, "swapped-leaves", &tile, &swapped.concat());
    let report = checked(&copy);
    assert_eq!((report.exit_code(), report.first_bad), (2, Some(3)), "{report:?}");
    // The tail cut off, and the old checkpoint put before a new tail.
    let cut = forged(&gateway, &good, "cut", &tile, &leaves[..count - 1].concat());
    assert_eq!(checked(&cut).exit_code(), 2);
    let checkpoint = fs::read(old.join("checkpoint")).unwrap();
    let replayed = forged(&gateway, &good, "replayed", "checkpoint", &checkpoint);
    assert_eq!(checked(&replayed).exit_code(), 2);
    assert_eq!(verify_consistency(&good, &old, None).exit_code(), 2, "a shorter log");

    // A fork: the same log, the same keys, another history after the first export.
    gateway.stop();
    let [data, keys] = ["data", "keys"].map(|name| gateway.root().join(name));
    let [data_aside, keys_aside] = ["data-aside", "keys-aside"].map(|name| gateway.beside(name));
    copy_folder(&data, &data_aside);
    copy_folder(&keys, &keys_aside);
    gateway.serve();
    gateway.party("pantry").act(&id, "no-show", &json!({})).expect(200);
    let one = gateway.evidence();
    gateway.stop();
    for (kept, now) in [(&data_aside, &data), (&keys_aside, &keys)] {
        fs::remove_dir_all(now).unwrap();
        copy_folder(kept, now);
    }
    gateway.serve();
    let appointment = json!({ "start": "2026-11-27T16:00:00Z" });
    gateway.party("pantry").act(&id, "appointment", &appointment).expect(200);
    let other = gateway.evidence();
    assert_eq!((checked(&one).exit_code(), checked(&other).exit_code()), (0, 0), "each for itself");
    assert_eq!(verify_consistency(&good, &one, None).exit_code(), 0);
    assert_eq!(verify_consistency(&good, &other, None).exit_code(), 0);
    assert_eq!(verify_consistency(&one, &other, None).exit_code(), 2);
    assert_eq!(verify_consistency(&other, &one, None).exit_code(), 2);
    gateway.stop();
    // Nor is a log served that is shorter than what was signed: the keys remember.
    fs::remove_dir_all(&data).unwrap();
    copy_folder(&data_aside, &data);
    assert!(!gateway.try_serve());
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy_folder(&entry, &target);
        } else if entry.is_file() {
            fs::copy(&entry, &target).unwrap();
        }
    }
}
