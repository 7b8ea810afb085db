use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::index::{INDEX_KIND, Index, IndexRoot, IndexValue, index_key};
use crate::testing::{SECRET, Sample, link, log_key, seed};
use crate::{Fields, Leaf, LogKey, Report, links_to_value, log_id};

/// The leaf with the index root; one more entry of chain `Zyxw1` comes after it.
const INDEX_AT: u64 = 5;
/// The entries of `Zyxw1` before it. Entries 2 and 3 are of `Zyxw2`.
const LISTED: [u64; 3] = [0, 1, 4];
const ALL: [Field; 4] = [Field::Kind, Field::Subject, Field::Payload, Field::Note];

/// A log and its index, and a report being put together from it.
struct Draft {
    sample: Sample,
    index: Index,
    id: String,
    entries: Vec<u64>,
    skipped: Option<Skipped>,
    shown: Vec<Field>,
    erased: Vec<u64>,
    index_at: u64,
    index_shown: Vec<Field>,
    signers: Vec<LogKey>,
}

impl Draft {
    fn new() -> Draft {
        Draft::of(|_| ())
    }

    /// `spoil` changes what is recorded, after the index was made.
    fn of(spoil: impl FnOnce(&mut Vec<Fields>)) -> Draft {
        let (one, two) = ("Zyxw1", "Zyxw2");
        let mut entries = Sample::about(&[&[one], &[one, two], &[two], &[two], &[one]]).entries;
        let mut index = Index::new();
        for (id, indices) in [(one, &LISTED[..]), (two, &[1, 2, 3][..])] {
            indices.iter().for_each(|at| {
                index.extend(Field::Subject, id, *at);
            });
        }
        let mut root = Fields::default();
        root.set(Field::Kind, INDEX_KIND);
        root.set(Field::Payload, IndexRoot { root: index.root(), leaves: INDEX_AT }.to_value());
        let mut after = Fields::default();
        after.set(Field::Subject, links_to_value(&[link(one, 4, 4)]));
        entries.extend([root, after]);
        spoil(&mut entries);
        Draft {
            sample: Sample::of(entries),
            index,
            id: one.to_owned(),
            entries: LISTED.to_vec(),
            skipped: None,
            shown: ALL.to_vec(),
            erased: Vec::new(),
            index_at: INDEX_AT,
            index_shown: vec![Field::Kind, Field::Payload],
            signers: vec![log_key()],
        }
    }

    fn entry(&self, index: u64, shown: &[Field]) -> ReportEntry {
        let at = index as usize;
        let (tree, erased) = (self.sample.tree(), self.erased.contains(&index));
        let opening = Opening::make(index, &seed(index), &self.sample.entries[at], shown);
        ReportEntry {
            leaf: self.sample.leaves[at].clone(),
            inclusion: tree.prove_inclusion(index, tree.len()).unwrap(),
            opening: (!erased).then_some(opening),
        }
    }

    fn write(&self) -> Written {
        let dir = TempDir::new().unwrap();
        let proof = self.index.clone().prove(&index_key(Field::Subject, &self.id));
        let signers: Vec<&LogKey> = self.signers.iter().collect();
        let checkpoint = self.sample.checkpoint(self.sample.leaves.len() as u64);
        let parts = ReportParts {
            field: Field::Subject,
            id: &self.id,
            vkey: &log_key().vkey(),
            checkpoint_note: &LogKey::sign_with(&signers, &checkpoint),
            index_entry: &self.entry(self.index_at, &self.index_shown),
            proof: &proof,
            skipped: self.skipped,
            entries: self.entries.iter().map(|index| Ok(self.entry(*index, &self.shown))),
        };
        write_report(&dir.path().join("report"), parts).unwrap();
        Written(dir)
    }

    #[track_caller]
    fn check(&self, exit_code: u8, first_bad: Option<u64>, problem: &str) {
        self.write().check(exit_code, first_bad, problem);
    }

    fn skip(&mut self, count: usize) {
        let skipped = LISTED[1..count].iter().fold(IndexValue::first(0), |it, at| it.after(*at));
        self.skipped = Some(Skipped { count: count as u64, running: skipped.running });
        self.entries.drain(..count);
    }
}

/// A report on disk, to be spoilt.
struct Written(TempDir);

impl Written {
    fn path(&self) -> PathBuf {
        self.0.path().join("report")
    }

    /// With the log's key pinned; no text may quote what the report holds.
    fn verify(&self) -> Report {
        let (report, listing) = read_report(&self.path(), Some(&log_key().vkey()));
        assert_eq!(report, verify_report(&self.path(), Some(&log_key().vkey())));
        assert_eq!(listing.is_some(), report.integrity.holds());
        let rows = listing.map(|listing| listing.rows);
        let text = format!("{report:?} {rows:?}");
        assert!(!text.contains(SECRET), "{text}");
        report
    }

    #[track_caller]
    fn check(&self, exit_code: u8, first_bad: Option<u64>, problem: &str) {
        let report = self.verify();
        let found = (report.exit_code(), report.first_bad, report.first_problem());
        assert_eq!(found, (exit_code, first_bad, Some(problem)));
    }

    #[track_caller]
    fn holds(&self, completeness: &str) {
        let report = self.verify();
        assert_eq!(report.exit_code(), 0, "{report:?}");
        assert_eq!(report.integrity.text(), "ok, key pinned");
        assert_eq!(report.completeness.text(), completeness);
        assert_eq!((report.capture.text(), report.size), ("not checked", 7));
    }

    fn edit(self, edit: impl FnOnce(&mut Vec<String>)) -> Written {
        let text = fs::read_to_string(self.path()).unwrap();
        let mut lines = text.lines().map(str::to_owned).collect();
        edit(&mut lines);
        let ended = lines.iter().map(|line| format!("{line}\n"));
        fs::write(self.path(), ended.collect::<String>()).unwrap();
        self
    }

    /// Changes one line, which must hold `from`.
    fn put(self, line: usize, from: &str, to: &str) -> Written {
        self.edit(|lines| {
            assert!(lines[line].contains(from), "{}", lines[line]);
            lines[line] = lines[line].replacen(from, to, 1);
        })
    }
}

mod complete;
mod sound;

#[test]
fn a_good_report_verifies_and_is_read() {
    let draft = Draft::new();
    draft.write().holds("ok, all 3 entries are listed as of entry 5");
    let written = draft.write();
    let unpinned = verify_report(&written.path(), None);
    assert_eq!(unpinned.integrity.text(), "ok, key not pinned");
    assert_eq!((unpinned.exit_code(), unpinned.entries), (0, 3));

    let (_, listing) = read_report(&written.path(), Some(&log_key().vkey()));
    let listing = listing.unwrap();
    assert_eq!((listing.field, listing.id.as_str()), (Field::Subject, "Zyxw1"));
    assert_eq!((listing.as_of, listing.count, listing.skipped), (5, 3, 0));
    let times: Vec<(u64, &str)> =
        listing.rows.iter().map(|row| (row.index, row.time.as_str())).collect();
    // The sample's first entry is at 1,795,309,323 s, each other a second later.
    let expected =
        [(0, "2026-11-22T01:02:03Z"), (1, "2026-11-22T01:02:04Z"), (4, "2026-11-22T01:02:07Z")];
    assert_eq!(times, expected);
    let shown = listing.rows[2].shown.as_ref().unwrap();
    let fields: Vec<Field> = shown.iter().map(|opened| opened.field).collect();
    assert_eq!(fields, ALL);
    assert_eq!(
        (shown[3].value.as_slice(), listing.rows[2].time_s),
        (SECRET.as_bytes(), 1_795_309_327)
    );
}

#[test]
fn another_chain_and_none_at_all() {
    let mut draft = Draft::new();
    (draft.id, draft.entries) = ("Zyxw2".to_owned(), vec![1, 2, 3]);
    draft.write().holds("ok, all 3 entries are listed as of entry 5");
    (draft.id, draft.entries) = ("Zyxw3".to_owned(), Vec::new());
    draft.write().holds("ok, nothing is recorded as of entry 5");
    let (_, listing) = read_report(&draft.write().path(), None);
    assert_eq!(listing.map(|listing| (listing.count, listing.rows.len())), Some((0, 0)));
}

#[test]
fn one_bit_of_every_byte_matters() {
    let mut some_hidden = Draft::new();
    (some_hidden.shown, some_hidden.erased) = (vec![Field::Note], vec![1]);
    some_hidden.skip(1);
    let pinned = log_key().vkey();
    for (draft, pinned) in [(Draft::new(), None), (some_hidden, Some(pinned.as_str()))] {
        let written = draft.write();
        let bytes = fs::read(written.path()).unwrap();
        assert_eq!(verify_report(&written.path(), pinned).exit_code(), 0);
        let mut codes = [0; 4];
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            fs::write(written.path(), flipped).unwrap();
            let code = verify_report(&written.path(), pinned).exit_code();
            assert!(matches!(code, 2 | 3), "byte {at}");
            codes[code as usize] += 1;
        }
        assert!(codes[2] > codes[3], "{codes:?}");
    }
}

#[test]
fn nothing_is_written_over_or_too_long() {
    let draft = Draft::new();
    let written = draft.write();
    let before = fs::read(written.path()).unwrap();
    let proof = draft.index.clone().prove(&[0; 32]);
    let (entry, key) = (draft.entry(INDEX_AT, &ALL), log_key().vkey());
    let write = |path: &Path, index_entry: &ReportEntry, leaf: Vec<u8>| {
        let entry = ReportEntry { leaf, inclusion: Vec::new(), opening: None };
        let parts = ReportParts {
            field: Field::Subject,
            id: "Zyxw1",
            vkey: &key,
            checkpoint_note: "",
            index_entry,
            proof: &proof,
            skipped: None,
            entries: [Ok(entry)],
        };
        write_report(path, parts)
    };
    let other = |name: &str| written.0.path().join(name);
    let refused = write(&written.path(), &entry, Vec::new());
    assert!(matches!(refused, Err(ReportError::Io(_))));
    assert_eq!(fs::read(written.path()).unwrap(), before);
    let refused = write(&other("a"), &entry, vec![b'x'; 1024 * 1024]);
    assert!(matches!(refused, Err(ReportError::Line(1))));
    assert!(matches!(write(&other("b"), &entry, vec![0xff]), Err(ReportError::Leaf(1))));
    let hidden = ReportEntry { opening: None, ..entry };
    assert!(matches!(write(&other("c"), &hidden, Vec::new()), Err(ReportError::Index)));
}
