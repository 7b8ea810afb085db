use std::fs;
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;
use crate::entry::{Field, Fields};
use crate::testing::{ORIGIN, SECRET, Sample, flips, link, log_key, reseal};
use crate::{LogKey, links_to_value};

const FILES: [&str; 5] = [CHECKPOINT, ENTRIES, LEAVES, MANIFEST, VKEY];

/// A bundle on disk, to be spoilt.
struct Copy(TempDir);

impl Copy {
    fn of(sample: &Sample) -> Copy {
        let copy = Copy(TempDir::new().unwrap());
        sample.write(&copy.dir());
        copy
    }

    fn dir(&self) -> PathBuf {
        self.0.path().join("bundle")
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.dir().join(name)).unwrap()
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.dir().join(name), bytes).unwrap();
    }

    /// Rewrites the lines of a file, and the manifest to match.
    fn edit(&self, name: &str, edit: impl FnOnce(&mut Vec<String>)) {
        let text = String::from_utf8(self.read(name)).unwrap();
        let mut lines = text.lines().map(str::to_owned).collect();
        edit(&mut lines);
        let ended = lines.iter().map(|line| format!("{line}\n"));
        self.write(name, ended.collect::<String>());
        reseal(&self.dir());
    }

    /// Verifies with the log's key pinned; no report may quote what a file holds.
    fn verify(&self) -> Report {
        let report = verify_bundle(&self.dir(), Some(&log_key().vkey()));
        let text = serde_json::to_string(&report).unwrap() + &format!("{report:?}");
        assert!(!text.contains(SECRET), "{text}");
        report
    }

    fn check(&self, exit_code: u8, first_bad: Option<u64>, problem: &str) {
        let report = self.verify();
        let found = (report.exit_code(), report.first_bad, report.first_problem());
        assert_eq!(found, (exit_code, first_bad, Some(problem)));
    }
}

#[test]
fn a_good_bundle_verifies() {
    let mut sample = Sample::small();
    sample.shown = Field::ALL.to_vec();
    for sample in [sample, Sample::small(), Sample::of(Vec::new())] {
        let copy = Copy::of(&sample);
        let report = copy.verify();
        assert_eq!(report.exit_code(), 0, "{report:?}");
        assert_eq!(report.integrity.text(), "ok, key pinned");
        assert!(report.completeness.holds());
        assert_eq!(report.capture, Verdict::NotChecked("not checked".to_owned()));
        let size = sample.leaves.len() as u64;
        assert_eq!((report.entries, report.size), (size, size));
        assert_eq!((report.first_bad, report.first_problem()), (None, None));

        let unpinned = verify_bundle(&copy.dir(), None);
        assert_eq!(unpinned.exit_code(), 0);
        assert_eq!(unpinned.integrity.text(), "ok, key not pinned");

        let manifest = copy.read(MANIFEST);
        reseal(&copy.dir()); // the test's own writing of the manifest gives the same bytes
        assert_eq!(copy.read(MANIFEST), manifest);
    }
}

/// One bit of every byte of one file, with the manifest as it was or made to match.
///
/// Each try costs an unoptimised signature check, so the bundle is of one entry.
fn no_flip_verifies(name: &str, resealed: bool) {
    let copy = Copy::of(&Sample::about(&[&["Zyxw"]]));
    let bytes = copy.read(name);
    let manifest = copy.read(MANIFEST);
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        copy.write(name, flipped);
        if resealed {
            reseal(&copy.dir());
        }
        let report = copy.verify();
        assert_eq!(report.exit_code(), 2, "{name} byte {at}: {report:?}");
    }
    copy.write(name, bytes);
    copy.write(MANIFEST, manifest);
    assert_eq!(copy.verify().exit_code(), 0);
}

#[test]
fn no_flip_in_the_small_files_verifies() {
    for name in [CHECKPOINT, MANIFEST, VKEY, LEAVES] {
        no_flip_verifies(name, false);
    }
    no_flip_verifies(CHECKPOINT, true);
    no_flip_verifies(VKEY, true);
}

#[test]
fn no_flip_in_the_entries_verifies() {
    no_flip_verifies(ENTRIES, false);
}

/// One bit of every byte of one file, read alone and under a manifest made to match: what remains
/// is the signed root for the leaves and the leaves for the entries.
fn no_resealed_flip_reads(copy: &Copy, name: &str, read: impl Fn(&Hash) -> bool) {
    let bytes = copy.read(name);
    let hash = |bytes: &[u8]| -> Hash { Sha256::digest(bytes).into() };
    assert!(read(&hash(&bytes)));
    let one_of_each_byte = |(bit, _): &(usize, Vec<u8>)| bit % 8 == bit / 8 % 8;
    for (_, flipped) in flips(&bytes).enumerate().filter(one_of_each_byte) {
        copy.write(name, &flipped);
        assert!(!read(&hash(&flipped)), "{}", String::from_utf8_lossy(&flipped));
    }
}

#[test]
fn no_flip_in_the_leaves_reads_under_a_forged_manifest() {
    let (sample, copy) = (Sample::small(), Copy::of(&Sample::small()));
    let checkpoint = open_checkpoint(&sample.note(&log_key()), &log_key().vkey()).unwrap();
    no_resealed_flip_reads(&copy, LEAVES, |hash| {
        read_leaves(&copy.dir(), hash, &checkpoint).is_ok()
    });
}

#[test]
fn no_flip_in_the_entries_reads_under_a_forged_manifest() {
    let (sample, copy) = (Sample::small(), Copy::of(&Sample::small()));
    let commitment = |leaf: &Vec<u8>| Leaf::parse(leaf).unwrap().commitment;
    let commitments: Vec<Hash> = sample.leaves.iter().map(commitment).collect();
    no_resealed_flip_reads(&copy, ENTRIES, |hash| {
        read_entries(&copy.dir(), hash, &commitments, &mut Seen::default()).is_ok()
    });
}

#[test]
fn a_byte_more_or_less_fails() {
    for name in FILES {
        let copy = Copy::of(&Sample::small());
        let bytes = copy.read(name);
        for more in [&b"\n"[..], b" ", b"x", b"\0"] {
            copy.write(name, [&bytes[..], more].concat());
            assert_eq!(copy.verify().exit_code(), 2, "{name}");
            if name != MANIFEST {
                reseal(&copy.dir());
                assert_eq!(copy.verify().exit_code(), 2, "{name} resealed");
            }
        }
        copy.write(name, &bytes[..bytes.len() - 1]);
        assert_eq!(copy.verify().exit_code(), 2, "{name}");
    }
}

#[test]
fn a_file_more_or_less_fails() {
    for name in FILES {
        let copy = Copy::of(&Sample::small());
        fs::remove_file(copy.dir().join(name)).unwrap();
        copy.check(2, None, &format!("{name} is missing or not a plain file"));
        fs::create_dir(copy.dir().join(name)).unwrap();
        copy.check(2, None, &format!("{name} is missing or not a plain file"));
    }
    for name in ["extra", ".hidden", "entries.jsonl.bak"] {
        let copy = Copy::of(&Sample::small());
        copy.write(name, "");
        copy.check(2, None, "a file is not listed in the manifest");
    }
    let nowhere = verify_bundle(Path::new("/nonexistent/bundle"), None);
    assert_eq!(nowhere.exit_code(), 2);
}

#[cfg(unix)]
#[test]
fn a_link_is_not_a_file() {
    let copy = Copy::of(&Sample::small());
    let outside = copy.0.path().join("outside");
    fs::rename(copy.dir().join(LEAVES), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, copy.dir().join(LEAVES)).unwrap();
    copy.check(2, None, "leaves.jsonl is missing or not a plain file");
}

#[test]
fn leaves_cut_swapped_doubled_or_added_fail() {
    let check = |edit: fn(&mut Vec<String>), first_bad, problem: &str| {
        let copy = Copy::of(&Sample::small());
        copy.edit(LEAVES, edit);
        copy.check(2, first_bad, problem);
    };
    check(|lines| drop(lines.pop()), Some(2), "entry 2: the leaf is missing");
    check(|lines| lines.swap(0, 1), Some(0), "entry 0: the leaf has another index");
    check(|lines| drop(lines.remove(0)), Some(0), "entry 0: the leaf has another index");
    check(
        |lines| lines.insert(1, lines[0].clone()),
        Some(1),
        "entry 1: the leaf has another index",
    );
    check(
        |lines| lines.push(lines[2].replace(r#""i":2"#, r#""i":3"#)),
        Some(3),
        "entry 3: the leaf lies beyond the checkpoint",
    );
    check(|lines| lines.push(String::new()), Some(3), "entry 3: the leaf is not canonical");
    check(
        |lines| lines[2] = lines[2].replace("2026-", "2025-"),
        Some(2),
        "entry 2: the leaf is older than the one before it",
    );
    check(
        |lines| lines[2] = lines[2].replace("2026-", "2027-"),
        None,
        "the leaves do not hash to the signed root",
    );
    check(
        |lines| lines[1] = lines[1].replace(&log_id(ORIGIN), &log_id("other.example")),
        Some(1),
        "entry 1: the leaf is of another log",
    );
}

#[test]
fn entries_swapped_doubled_or_moved_fail() {
    let check = |edit: fn(&mut Vec<String>), first_bad, problem: &str| {
        let copy = Copy::of(&Sample::small());
        copy.edit(ENTRIES, edit);
        copy.check(2, first_bad, problem);
    };
    check(|lines| lines.swap(1, 2), Some(1), "entry 1: shown twice or out of order");
    check(
        |lines| lines.insert(1, lines[0].clone()),
        Some(0),
        "entry 0: shown twice or out of order",
    );
    check(
        |lines| {
            let moved = lines.remove(0).replace(r#""i":0}"#, r#""i":1}"#);
            lines[0] = moved;
        },
        Some(1),
        "entry 1: what is shown is not what was recorded",
    );
    check(
        |lines| lines.push(lines[2].replace(r#""i":2}"#, r#""i":3}"#)),
        Some(3),
        "entry 3: the entry lies beyond the checkpoint",
    );
    check(
        |lines| lines[1] = lines[1].replace(r#""n":"subject","v":""#, r#""n":"subject","v":"x"#),
        Some(1),
        "entry 1: what is shown is not what was recorded",
    );
    check(
        |lines| lines.insert(1, String::new()),
        None,
        "line 1 of entries.jsonl: the opening is not canonical",
    );
    check(
        |lines| lines[0].push(' '),
        None,
        "line 0 of entries.jsonl: the opening is not canonical",
    );
}

#[test]
fn an_opening_left_out_is_incomplete() {
    for left_out in 0..3 {
        let copy = Copy::of(&Sample::small());
        copy.edit(ENTRIES, |lines| drop(lines.remove(left_out)));
        let problem = format!("entry {left_out} is not shown");
        copy.check(3, Some(left_out as u64), &problem);
        assert_eq!(copy.verify().integrity.text(), "ok, key pinned");
        assert_eq!((copy.verify().entries, copy.verify().size), (2, 3));
    }
    let mut sample = Sample::small();
    sample.shown = vec![Field::Kind, Field::Subject, Field::Parties];
    Copy::of(&sample).check(3, Some(0), "entry 0: `patient` is not shown");
}

/// The log itself was written with a hole: signed, sound, and not whole.
#[test]
fn a_hole_in_the_ordinals_is_incomplete() {
    let check = |links: &[(u64, i64)], first_bad, problem: &str| {
        let entry = |(n, prev): &(u64, i64)| {
            let mut fields = Fields::default();
            fields.set(Field::Parties, links_to_value(&[link("Zyxw", *n, *prev)]));
            fields
        };
        let sample = Sample::of(links.iter().map(entry).collect());
        Copy::of(&sample).check(3, Some(first_bad), problem);
    };
    let ordinal = "entry 1: `parties` has an ordinal out of order";
    let prev = "entry 2: `parties` does not point to the previous entry of its chain";
    check(&[(1, -1), (3, 0)], 1, ordinal);
    check(&[(1, -1), (1, 0)], 1, ordinal);
    check(&[(1, -1), (2, 0), (3, 0)], 2, prev);
    check(&[(2, -1)], 0, "entry 0: `parties` has an ordinal out of order");
    let mut fields = Fields::default();
    fields.set(Field::Subject, SECRET);
    let sample = Sample::of(vec![fields]);
    Copy::of(&sample).check(3, Some(0), "entry 0: `subject` is not a list of links");
}

#[test]
fn another_key_fails() {
    let copy = Copy::of(&Sample::small());
    let other = LogKey::from_seed(ORIGIN, [8; 32]).unwrap();
    let report = verify_bundle(&copy.dir(), Some(&other.vkey()));
    assert_eq!(report.first_problem(), Some("log.vkey is not the pinned key"));
    assert_eq!(report.exit_code(), 2);

    // Signed by another key throughout: sound in itself, and exposed by the pin alone.
    copy.write(VKEY, other.vkey() + "\n");
    copy.write(CHECKPOINT, Sample::small().note(&other));
    reseal(&copy.dir());
    assert_eq!(verify_bundle(&copy.dir(), None).exit_code(), 0);
    assert_eq!(copy.verify().exit_code(), 2);
    copy.write(VKEY, log_key().vkey() + "\n");
    reseal(&copy.dir());
    copy.check(2, None, "checkpoint: the checkpoint is not signed by the key");
}

#[test]
fn lines_and_files_over_the_limit_fail() {
    let copy = Copy::of(&Sample::small());
    copy.edit(ENTRIES, |lines| lines[1] = "x".repeat(1024 * 1024 + 1));
    copy.check(2, None, "line 1 of entries.jsonl is too long or has no line end");
    let copy = Copy::of(&Sample::small());
    copy.write(MANIFEST, vec![b' '; 5000]);
    copy.check(2, None, "manifest.json is too long");
}

#[test]
fn a_manifest_has_one_spelling() {
    let copy = Copy::of(&Sample::small());
    let manifest = String::from_utf8(copy.read(MANIFEST)).unwrap();
    let check = |from: &str, to: &str, problem: &str| {
        let changed = manifest.replacen(from, to, 1);
        assert_ne!(changed, manifest);
        copy.write(MANIFEST, changed);
        copy.check(2, None, problem);
    };
    let canonical = "manifest.json is not canonical";
    let unknown = "manifest.json is of an unknown format or version";
    check(",", ", ", canonical);
    check(r#""version":1"#, r#""version":1,"x":1"#, canonical);
    check(r#""version":1"#, r#""version":2"#, unknown);
    check("loopgate-bundle", "other-bundle", unknown);
    check(r#""checkpoint":""#, r#""checkpoint":"0"#, canonical);
    let (start, rest) = manifest.split_once(r#""checkpoint":""#).unwrap();
    let upper = format!(r#"{start}"checkpoint":"{}{}"#, rest[..64].to_uppercase(), &rest[64..]);
    check(&manifest, &upper, canonical);
}

#[test]
fn a_newer_bundle_continues_an_older_one() {
    let subjects: [&[&str]; 5] = [&["a"], &["b"], &["a"], &[], &["b", "a"]];
    let bundle = |size: usize| Copy::of(&Sample::about(&subjects[..size]));
    let vkey = log_key().vkey();
    for old in 0..=5 {
        for new in 0..=5 {
            let (old_bundle, new_bundle) = (bundle(old), bundle(new));
            for pin in [None, Some(vkey.as_str())] {
                let report = verify_consistency(&old_bundle.dir(), &new_bundle.dir(), pin);
                let expected = if old <= new { 0 } else { 2 };
                assert_eq!(report.exit_code(), expected, "{old} {new}: {report:?}");
            }
        }
    }
    // Another history of the same length: each is sound alone.
    let other = Copy::of(&Sample::about(&[&["a"], &["c"], &["a"]]));
    assert_eq!(other.verify().exit_code(), 0);
    let problem = |old: &Copy, new: &Copy, pin| {
        let report = verify_consistency(&old.dir(), &new.dir(), pin);
        assert_eq!(report.exit_code(), 2);
        report.first_problem().unwrap().to_owned()
    };
    let forked = "the newer tree does not begin with the older one";
    assert_eq!(problem(&bundle(2), &other, Some(&vkey)), forked);
    assert_eq!(problem(&bundle(3), &other, Some(&vkey)), forked);

    // Another key, even of the same name, is another log unless the pin says otherwise.
    let key = LogKey::from_seed(ORIGIN, [8; 32]).unwrap();
    other.write(VKEY, key.vkey() + "\n");
    other.write(CHECKPOINT, Sample::about(&[&["a"], &["c"], &["a"]]).note(&key));
    reseal(&other.dir());
    let expected = "newer bundle: log.vkey is not the pinned key (key not pinned)";
    assert_eq!(problem(&bundle(1), &other, None), expected);

    let spoilt = bundle(5);
    spoilt.edit(LEAVES, |lines| drop(lines.pop()));
    let expected = "newer bundle: entry 4: the leaf is missing";
    assert_eq!(problem(&bundle(2), &spoilt, Some(&vkey)), expected);
    let expected = "older bundle: entry 4: the leaf is missing";
    assert_eq!(problem(&spoilt, &bundle(5), Some(&vkey)), expected);
}
