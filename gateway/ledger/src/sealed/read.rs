//! Verifying an evidence file: no network, no clock, no trust in who wrote it or held it.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Custody, CustodyWhat, FORMAT, LINES_MAX, VERSION, WireHeader, is_words};
use crate::canonical;
use crate::checkpoint::Checkpoint;
use crate::list::{ReportRow, WireEntry, check_entry, row};
use crate::read::Lines;
use crate::report::{Problem, Report, Verdict};
use crate::tree::Hash;
use crate::trust::{Trust, Word};

/// What an evidence file holds, once its integrity holds.
pub struct SealedEvidence {
    /// What it is about.
    pub case: String,
    /// Whom it was made for.
    pub made_for: String,
    /// The chosen entries, ascending, with their chosen fields.
    pub rows: Vec<ReportRow>,
    /// The seal, and every hand-over after it.
    pub custody: Vec<Custody>,
    pub(super) checkpoint: Checkpoint,
}

/// Verifies an evidence file: what it shows was recorded, the log sealed it, and every step of
/// custody is signed over all before it. That nothing was left out is not what such a file says.
pub fn verify_evidence(path: &Path, trust: Trust<'_>) -> (Report, Option<SealedEvidence>) {
    let mut report = Report::unchecked();
    let text = "not checked, evidence shows chosen entries";
    report.completeness = Verdict::NotChecked(text.to_owned());
    let mut seen = Seen::default();
    match Reading::of(path, trust, &mut seen) {
        Ok(reading) => {
            let found = reading.found;
            report.integrity = trust.holds();
            report.entries = found.rows.len() as u64;
            report.size = found.checkpoint.size;
            if let Some(word) = seen.word {
                word.tell(None, 0, &mut report);
            }
            (report, Some(found))
        }
        Err(problem) => {
            report.first_bad = problem.entry;
            report.integrity = trust.fails(problem.text);
            (report, None)
        }
    }
}

/// What the file holds, the hash of all of it, and its length in bytes.
pub(super) fn read(path: &Path, trust: Trust<'_>) -> Result<(SealedEvidence, Hash, u64), Problem> {
    let reading = Reading::of(path, trust, &mut Seen::default())?;
    Ok((reading.found, reading.hasher.finalize().into(), reading.bytes))
}

#[derive(Default)]
struct Seen {
    word: Option<Word>,
}

/// A file being read, line by line.
struct Reading {
    found: SealedEvidence,
    /// The key that signed the checkpoint and must seal.
    vkey: String,
    time_s: i64,
    /// Over everything before the line at hand.
    hasher: Sha256,
    bytes: u64,
}

impl Reading {
    fn of(path: &Path, trust: Trust<'_>, seen: &mut Seen) -> Result<Reading, Problem> {
        let mut lines = Lines::open(path, "the evidence")?;
        let first = lines.next()?.ok_or_else(|| Problem::of_bundle("the evidence is empty"))?;
        let mut reading = Reading::begin(&first, trust, seen)?;
        reading.pass(&first);
        while let Some(line) = lines.next()? {
            let at = lines.at - 1;
            if at >= LINES_MAX {
                return Err(Problem::of_bundle("the evidence has too many lines"));
            }
            match line.first() {
                Some(b'"') => reading.custody(&line).map_err(|why| {
                    Problem::of_bundle(format!("line {at} of the evidence {why}"))
                })?,
                _ => reading.entry(&line, at)?,
            }
            reading.pass(&line);
        }
        if reading.found.custody.is_empty() {
            return Err(Problem::of_bundle("the evidence is not sealed"));
        }
        Ok(reading)
    }

    fn begin(line: &[u8], trust: Trust<'_>, seen: &mut Seen) -> Result<Reading, Problem> {
        let malformed = || Problem::of_bundle("the header is not canonical");
        let wire: WireHeader = canonical::read(line).ok_or_else(malformed)?;
        if wire.format != FORMAT || wire.version != VERSION {
            return Err(Problem::of_bundle("the evidence is of an unknown format or version"));
        }
        if !is_words(&wire.case) || !is_words(&wire.made_for) {
            return Err(malformed());
        }
        let refused = |why| Problem::of_bundle(format!("checkpoint: {why}"));
        let opened = trust.open(&wire.checkpoint, Some(&wire.vkey)).map_err(refused)?;
        let checkpoint = opened.checkpoint;
        // A policy may list another key that signed as well; the seal must be by a listed one.
        if !trust.takes(&wire.vkey, checkpoint.size) {
            return Err(Problem::of_bundle("the key that seals is not one that is trusted"));
        }
        seen.word = Some(opened.word);
        let (case, made_for) = (wire.case, wire.made_for);
        let (rows, custody) = (Vec::new(), Vec::new());
        let found = SealedEvidence { case, made_for, rows, custody, checkpoint };
        Ok(Reading { found, vkey: wire.vkey, time_s: 0, hasher: Sha256::new(), bytes: 0 })
    }

    fn pass(&mut self, line: &[u8]) {
        self.hasher.update(line);
        self.hasher.update(b"\n");
        self.bytes += line.len() as u64 + 1;
    }

    fn entry(&mut self, line: &[u8], at: u64) -> Result<(), Problem> {
        let malformed =
            || Problem::of_bundle(format!("line {at} of the evidence is not canonical"));
        let wire: WireEntry = canonical::read(line).ok_or_else(malformed)?;
        if !self.found.custody.is_empty() {
            let text = format!("line {at} of the evidence comes after the seal");
            return Err(Problem::of_bundle(text));
        }
        let (leaf, opening) = check_entry(&wire, &self.found.checkpoint)?;
        if opening.is_none() {
            return Err(Problem::of_entry(leaf.index, "the entry is not shown"));
        }
        let in_order = self.found.rows.last().is_none_or(|last| last.index < leaf.index);
        if !in_order {
            return Err(Problem::of_entry(leaf.index, "listed twice or out of order"));
        }
        if leaf.time_s < self.time_s {
            return Err(Problem::of_entry(leaf.index, "the leaf is older than one before it"));
        }
        self.time_s = leaf.time_s;
        self.found.rows.push(row(&leaf, opening));
        Ok(())
    }

    fn custody(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let before: Hash = self.hasher.clone().finalize().into();
        let step = Custody::parse(line, &before)?;
        match self.found.custody.last() {
            Some(last) => step.check_after(last)?,
            None if step.what != CustodyWhat::Sealed => return Err("comes before the seal"),
            None if step.vkey != self.vkey => return Err("is not sealed by the log's key"),
            None if step.to != self.found.made_for => return Err("is sealed for another"),
            None => {}
        }
        self.found.custody.push(step);
        Ok(())
    }
}
