//! An auditor who has nothing but an evidence bundle finds out whatever was done to it.

use std::fs;
use std::path::{Path, PathBuf};

use loopgate_ledger::{LogKey, verify_bundle};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::harness::{Gateway, Referral};

/// Every file of a bundle by its path.
fn files(bundle: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    for item in fs::read_dir(bundle).unwrap().map(Result::unwrap) {
        let name = item.file_name().into_string().unwrap();
        if item.path().is_dir() {
            paths.extend(files(&item.path()).iter().map(|path| format!("{name}/{path}")));
        } else {
            paths.push(name);
        }
    }
    paths
}

/// The bundle of a short history, and a place for copies of it.
struct Case {
    gateway: Gateway,
    good: PathBuf,
    copies: std::cell::Cell<u32>,
}

impl Case {
    fn make() -> Case {
        let gateway = Gateway::start();
        let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
        clinic.post("/fhir", &Referral::food().bundle()).expect(200);
        let id = pantry.only_referral();
        pantry.act(&id, "accept", &json!({})).expect(200);
        let good = gateway.evidence();
        Case { gateway, good, copies: std::cell::Cell::new(0) }
    }

    fn copy(&self) -> PathBuf {
        self.copies.set(self.copies.get() + 1);
        let copy = self.gateway.beside(&format!("copy-{}", self.copies.get()));
        for file in files(&self.good) {
            fs::create_dir_all(copy.join(&file).parent().unwrap()).unwrap();
            fs::copy(self.good.join(&file), copy.join(&file)).unwrap();
        }
        copy
    }

    /// A copy with one file changed, as found; and as a careful forger leaves it, who writes the
    /// file's new hash into the manifest.
    fn check(&self, file: &str, change: &dyn Fn(Vec<u8>) -> Vec<u8>, found: u8, forged: u8) {
        for (careful, code) in [(false, found), (true, forged)] {
            let copy = self.copy();
            let old = fs::read(copy.join(file)).unwrap();
            let new = change(old.clone());
            assert_ne!(old, new);
            fs::write(copy.join(file), &new).unwrap();
            if careful {
                let manifest = fs::read_to_string(copy.join("manifest.json")).unwrap();
                let forged = manifest.replace(&sha256(&old), &sha256(&new));
                assert!(forged != manifest || file == "manifest.json");
                fs::write(copy.join("manifest.json"), forged).unwrap();
            }
            assert_eq!(verdict(&copy), code, "{file}, careful: {careful}");
        }
    }
}

fn verdict(dir: &Path) -> u8 {
    verify_bundle(dir, None).exit_code()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The nth line taken out, counted from the end.
fn without_line(bytes: &[u8], from_end: usize) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    lines.remove(lines.len() - 1 - from_end);
    lines.concat()
}

#[test]
fn an_auditor_finds_whatever_was_done_to_a_bundle() {
    let case = Case::make();
    assert_eq!(verdict(&case.good), 0);
    assert_eq!(verdict(&case.copy()), 0);

    let files = files(&case.good);
    for file in &files {
        let len = fs::read(case.good.join(file)).unwrap().len();
        for at in [0, len / 3, len / 2, len - 2] {
            let flip = |mut bytes: Vec<u8>| {
                bytes[at] ^= 1;
                bytes
            };
            case.check(file, &flip, 2, 2);
        }
        let trailing = |mut bytes: Vec<u8>| {
            bytes.push(b'\n');
            bytes
        };
        case.check(file, &trailing, 2, 2);
    }
    let tile = files.iter().find(|file| file.starts_with("tile/entries/")).unwrap();
    case.check(tile, &|bytes| bytes[..bytes.len() / 2].to_vec(), 2, 2);
    case.check(tile, &|bytes| bytes[bytes.len() / 2..].to_vec(), 2, 2);
    // An entry that is not shown is a hole; who hides it without a word of it in the manifest, lies.
    for from_end in [0, 1, 5] {
        case.check("entries.jsonl", &|bytes| without_line(&bytes, from_end), 2, 3);
    }

    for file in &files {
        let copy = case.copy();
        fs::remove_file(copy.join(file)).unwrap();
        assert_eq!(verdict(&copy), 2, "without {file}");
    }
    let copy = case.copy();
    fs::write(copy.join("more.txt"), "unlisted").unwrap();
    assert_eq!(verdict(&copy), 2);
}

#[test]
fn a_pinned_key_decides_whose_log_it_is() {
    let case = Case::make();
    let own = fs::read_to_string(case.good.join("log.vkeys")).unwrap();
    let pinned = verify_bundle(&case.good, Some(own.trim()));
    assert_eq!(pinned.exit_code(), 0, "{pinned:?}");
    assert!(!pinned.integrity.text().contains("not pinned"));
    assert!(verify_bundle(&case.good, None).integrity.text().contains("not pinned"));

    let name = own.split('+').next().unwrap();
    let other = LogKey::from_seed(name, [9; 32]).unwrap().vkey();
    assert_ne!(other, own.trim());
    assert_eq!(verify_bundle(&case.good, Some(&other)).exit_code(), 2);
    assert_eq!(verify_bundle(&case.good, Some("not a key")).exit_code(), 2);
}
