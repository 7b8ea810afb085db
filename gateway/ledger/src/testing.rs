//! A small log and its bundle, for this crate's tests.

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::*;

pub const ORIGIN: &str = "log.example/ledger/0";
/// Stands in values that are shown; no report may hold it.
pub const SECRET: &str = "Zyxw";

pub fn hex32(text: &str) -> Hash {
    hex::decode(text).unwrap().try_into().unwrap()
}

pub fn seed(number: u64) -> Seed {
    Seed::new(Sha256::digest(number.to_be_bytes()).into())
}

pub fn log_key() -> LogKey {
    LogKey::from_seed(ORIGIN, [7; 32]).unwrap()
}

pub fn link(id: &str, n: u64, prev: i64) -> Link {
    let id = id.to_owned();
    Link { id, n, prev }
}

/// Every other copy of `bytes` with one bit flipped.
pub fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}

/// Entries, and the log they make.
pub struct Sample {
    pub entries: Vec<Fields>,
    pub leaves: Vec<Vec<u8>>,
    pub shown: Vec<Field>,
}

impl Sample {
    /// The `i`-th entry is about `subjects[i]`; every chain is written as it should be.
    pub fn about(subjects: &[&[&str]]) -> Sample {
        let mut entries = Vec::new();
        for (at, ids) in subjects.iter().enumerate() {
            let mut links = Vec::new();
            for id in *ids {
                let earlier = subjects[..at].iter().enumerate();
                let earlier: Vec<usize> =
                    earlier.filter(|(_, ids)| ids.contains(id)).map(|(index, _)| index).collect();
                let prev = earlier.last().map_or(-1, |index| *index as i64);
                links.push(link(id, earlier.len() as u64 + 1, prev));
            }
            let mut fields = Fields::default();
            fields.set(Field::Kind, "demo.opened");
            fields.set(Field::Subject, links_to_value(&links));
            fields.set(Field::Note, SECRET);
            entries.push(fields);
        }
        Sample::of(entries)
    }

    /// Three entries over two subjects: what most tests use.
    pub fn small() -> Sample {
        Sample::about(&[&["Zyxw1"], &["Zyxw1", "Zyxw2"], &["Zyxw2"]])
    }

    pub fn of(entries: Vec<Fields>) -> Sample {
        let leaf = |(index, fields): (usize, &Fields)| {
            let (index, time_s) = (index as u64, 1_795_309_323 + index as i64);
            let commitment = commitment(&seed(index), fields);
            let leaf = Leaf::new(commitment, index, &log_id(ORIGIN), time_s);
            leaf.unwrap().to_bytes()
        };
        Sample {
            leaves: entries.iter().enumerate().map(leaf).collect(),
            entries,
            shown: vec![Field::Subject, Field::Patient, Field::Parties],
        }
    }

    pub fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        for leaf in &self.leaves {
            tree.append(Leaf::hash(leaf));
        }
        tree
    }

    pub fn openings(&self) -> Vec<Opening> {
        let open = |(index, fields): (usize, &Fields)| {
            Opening::make(index as u64, &seed(index as u64), fields, &self.shown)
        };
        self.entries.iter().enumerate().map(open).collect()
    }

    pub fn note(&self, key: &LogKey) -> String {
        let tree = self.tree();
        key.sign(&Checkpoint { origin: key.name().to_owned(), size: tree.len(), root: tree.root() })
    }

    pub fn write(&self, dir: &Path) {
        self.write_showing(dir, self.openings());
    }

    pub fn write_showing(&self, dir: &Path, openings: Vec<Opening>) {
        let key = log_key();
        let parts = BundleParts {
            vkey: &key.vkey(),
            checkpoint_note: &self.note(&key),
            leaves: self.leaves.iter().cloned().map(io::Result::Ok),
            openings: openings.into_iter().map(io::Result::Ok),
        };
        write_bundle(dir, parts).unwrap();
    }
}

/// Rewrites the manifest to list the files as they are now, as a forger would.
pub fn reseal(dir: &Path) {
    let hash = |name: &str| hex::encode(Sha256::digest(fs::read(dir.join(name)).unwrap()));
    let manifest = format!(
        concat!(
            r#"{{"files":{{"checkpoint":"{}","entries.jsonl":"{}","leaves.jsonl":"{}","#,
            r#""log.vkey":"{}"}},"format":"loopgate-bundle","version":1}}"#
        ),
        hash("checkpoint"),
        hash("entries.jsonl"),
        hash("leaves.jsonl"),
        hash("log.vkey"),
    );
    fs::write(dir.join("manifest.json"), manifest).unwrap();
}
