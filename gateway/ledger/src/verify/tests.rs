//! A bundle as it should be, and one that is short of something or of another log.
//! What is done to its files is in `tamper`, keys in `keys`.

use std::fs;

use super::*;
use crate::entry::{Field, Fields};
use crate::testing::{Copy, ORIGIN, SECRET, Sample, link, log_key, reseal};
use crate::{LogKey, links_to_value, log_id};

mod keys;
mod tamper;

const TILE: &str = "tile/entries/000.p/3";

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

#[test]
fn leaves_cut_swapped_doubled_or_added_fail() {
    let check = |edit: fn(&mut Vec<String>), first_bad, problem: &str| {
        let copy = Copy::of(&Sample::small());
        copy.edit_leaves(TILE, edit);
        copy.check(2, first_bad, problem);
    };
    let malformed = "tile/entries/000.p/3: the entries tile is malformed";
    check(|lines| drop(lines.pop()), None, malformed);
    check(|lines| lines.swap(0, 1), Some(0), "entry 0: the leaf has another index");
    check(|lines| drop(lines.remove(0)), None, malformed);
    check(|lines| lines[1] = lines[0].clone(), Some(1), "entry 1: the leaf has another index");
    check(|lines| lines.push(lines[2].replace(r#""i":2"#, r#""i":3"#)), None, malformed);
    check(|lines| lines.push(String::new()), None, malformed);
    check(|lines| lines[2] = String::new(), Some(2), "entry 2: the leaf is not canonical");
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
    assert_eq!(report.first_problem(), Some("log.vkeys does not hold the pinned key"));
    assert_eq!(report.exit_code(), 2);

    // Signed by another key throughout: sound in itself, and exposed by the pin alone.
    copy.write(VKEYS, other.vkey() + "\n");
    copy.write(CHECKPOINT, Sample::small().note(&other));
    reseal(&copy.dir());
    assert_eq!(verify_bundle(&copy.dir(), None).exit_code(), 0);
    assert_eq!(copy.verify().exit_code(), 2);
    copy.write(VKEYS, log_key().vkey() + "\n");
    reseal(&copy.dir());
    copy.check(2, None, "checkpoint: the checkpoint is not signed by the key");
}

#[test]
fn lines_and_files_over_the_limit_fail() {
    let copy = Copy::of(&Sample::small());
    copy.edit(ENTRIES, |lines| lines[1] = "x".repeat(1024 * 1024 + 1));
    copy.check(2, None, "line 1 of entries.jsonl is too long or has no line end");
    let copy = Copy::of(&Sample::small());
    copy.write(VKEYS, vec![b' '; 64 * 512 + 1]);
    copy.check(2, None, "log.vkeys is too long");
}

#[test]
fn a_bundle_of_version_1_is_refused() {
    let copy = Copy::of(&Sample::small());
    let manifest = String::from_utf8(copy.read(MANIFEST)).unwrap();
    let unknown = "manifest.json is of an unknown format or version";
    copy.write(MANIFEST, manifest.replace(r#""version":2"#, r#""version":1"#));
    copy.check(2, None, unknown);
    let hash = "0".repeat(64);
    let old = ["checkpoint", "entries.jsonl", "leaves.jsonl", "log.vkey"];
    let files = old.map(|name| format!(r#""{name}":"{hash}""#)).join(",");
    let manifest = format!(r#"{{"files":{{{files}}},"format":"loopgate-bundle","version":1}}"#);
    copy.write(MANIFEST, manifest);
    copy.check(2, None, unknown);
    copy.write(MANIFEST, "{}");
    copy.check(2, None, "manifest.json is not canonical");
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
    other.write(VKEYS, key.vkey() + "\n");
    other.write(CHECKPOINT, Sample::about(&[&["a"], &["c"], &["a"]]).note(&key));
    reseal(&other.dir());
    let expected = "newer bundle: log.vkeys does not hold the pinned key (key not pinned)";
    assert_eq!(problem(&bundle(1), &other, None), expected);

    let spoilt = bundle(5);
    let tile = "tile/entries/000.p/5";
    spoilt.edit_leaves(tile, |lines| drop(lines.pop()));
    let expected = "newer bundle: tile/entries/000.p/5: the entries tile is malformed";
    assert_eq!(problem(&bundle(2), &spoilt, Some(&vkey)), expected);
    let expected = "older bundle: tile/entries/000.p/5: the entries tile is malformed";
    assert_eq!(problem(&spoilt, &bundle(5), Some(&vkey)), expected);
}
