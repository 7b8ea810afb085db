//! A small log and its bundle, for this crate's tests.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

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

/// The tree of so many leaves; two of them are one up to leaf `from`.
pub fn tree(size: u64, from: u64) -> Tree {
    let mut tree = Tree::new();
    for leaf in 0..size {
        let data = if leaf < from { leaf } else { leaf + 1000 };
        tree.append(leaf_hash(&data.to_be_bytes()));
    }
    tree
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

    /// What the log says of itself once it has so many leaves.
    pub fn checkpoint(&self, size: u64) -> Checkpoint {
        let root = self.tree().root_at(size).unwrap();
        Checkpoint { origin: ORIGIN.to_owned(), size, root }
    }

    pub fn note(&self, key: &LogKey) -> String {
        key.sign(&self.checkpoint(self.leaves.len() as u64))
    }

    pub fn write(&self, dir: &Path) {
        self.write_showing(dir, self.openings());
    }

    pub fn write_showing(&self, dir: &Path, openings: Vec<Opening>) {
        self.write_signed(dir, &[log_key().vkey()], &[], &self.note(&log_key()), openings);
    }

    pub fn write_signed(
        &self,
        dir: &Path,
        vkeys: &[String],
        rotations: &[String],
        checkpoint_note: &str,
        openings: Vec<Opening>,
    ) {
        let parts = BundleParts {
            vkeys,
            rotations,
            checkpoint_note,
            leaves: self.leaves.iter().cloned().map(io::Result::Ok),
            openings: openings.into_iter().map(io::Result::Ok),
        };
        write_bundle(dir, parts).unwrap();
    }
}

/// Every file below a folder by its path from there, sorted.
pub fn files(dir: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    for item in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let name = item.file_name().into_string().unwrap();
        match item.file_type().unwrap().is_dir() {
            true => paths.extend(files(&item.path()).iter().map(|path| format!("{name}/{path}"))),
            false => paths.push(name),
        }
    }
    paths.sort_unstable();
    paths
}

/// Rewrites the manifest to list the files as they are now, as a forger would.
pub fn reseal(dir: &Path) {
    let line = |path: &String| {
        let hash = hex::encode(Sha256::digest(fs::read(dir.join(path)).unwrap()));
        format!(r#""{path}":"{hash}""#)
    };
    let listed = files(dir).into_iter().filter(|path| path != "manifest.json");
    let lines: Vec<String> = listed.map(|path| line(&path)).collect();
    let files = lines.join(",");
    let manifest = format!(r#"{{"files":{{{files}}},"format":"loopgate-bundle","version":2}}"#);
    fs::write(dir.join("manifest.json"), manifest).unwrap();
}

/// A bundle on disk, to be spoilt.
pub struct Copy(pub TempDir);

impl Copy {
    pub fn of(sample: &Sample) -> Copy {
        let copy = Copy::empty();
        sample.write(&copy.dir());
        copy
    }

    pub fn empty() -> Copy {
        Copy(TempDir::new().unwrap())
    }

    pub fn dir(&self) -> PathBuf {
        self.0.path().join("bundle")
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.dir().join(name)).unwrap()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.dir().join(name), bytes).unwrap();
    }

    /// Rewrites the lines of a file, and the manifest to match.
    pub fn edit(&self, name: &str, edit: impl FnOnce(&mut Vec<String>)) {
        let text = String::from_utf8(self.read(name)).unwrap();
        let mut lines = text.lines().map(str::to_owned).collect();
        edit(&mut lines);
        let ended = lines.iter().map(|line| format!("{line}\n"));
        self.write(name, ended.collect::<String>());
        reseal(&self.dir());
    }

    /// Rewrites the leaves of a tile in place, and the manifest to match.
    pub fn edit_leaves(&self, name: &str, edit: impl FnOnce(&mut Vec<String>)) {
        let (mut leaves, bytes) = (Vec::new(), self.read(name));
        let mut rest = &bytes[..];
        while let [high, low, after @ ..] = rest {
            let (leaf, after) = after.split_at(usize::from(*high) * 256 + usize::from(*low));
            leaves.push(String::from_utf8(leaf.to_vec()).unwrap());
            rest = after;
        }
        edit(&mut leaves);
        let mut bytes = Vec::new();
        for leaf in leaves {
            bytes.extend([(leaf.len() / 256) as u8, (leaf.len() % 256) as u8]);
            bytes.extend(leaf.as_bytes());
        }
        self.write(name, bytes);
        reseal(&self.dir());
    }

    /// Verifies with the log's key pinned; no report may quote what a file holds.
    pub fn verify(&self) -> Report {
        let report = verify_bundle(&self.dir(), Some(&log_key().vkey()));
        let text = serde_json::to_string(&report).unwrap() + &format!("{report:?}");
        assert!(!text.contains(SECRET), "{text}");
        report
    }

    pub fn check(&self, exit_code: u8, first_bad: Option<u64>, problem: &str) {
        let report = self.verify();
        let found = (report.exit_code(), report.first_bad, report.first_problem());
        assert_eq!(found, (exit_code, first_bad, Some(problem)));
    }
}
