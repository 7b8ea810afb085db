//! Verifying a report: no network, no clock, no trust in who wrote it.
//!
//! Integrity: what is shown is what was signed, and the index entry's root leads to the chain's
//! value. Completeness: the listed entries are exactly those of that value. The report cannot show
//! that the index is right; whoever has all openings can (`index::IndexWalk`).

use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine};

use super::chain::Listed;
use super::{FORMAT, Skipped, VERSION, WireEntry, WireHeader};
use crate::canonical::{self, INTEGER_MAX};
use crate::chain::CHAINED;
use crate::checkpoint::Checkpoint;
use crate::entry::Field;
use crate::index::{INDEX_KIND, IndexProof, IndexRoot, IndexValue, index_key};
use crate::leaf::{Leaf, log_id};
use crate::opening::{FieldOpening, Opening};
use crate::read::Lines;
use crate::report::{Problem, Report, Verdict};
use crate::time;
use crate::tree::{Hash, check_inclusion};
use crate::trust::{Freshness, Trust, Word};

/// What a report lists, once its integrity holds.
pub struct Listing {
    /// The chained field.
    pub field: Field,
    /// Whose chain it is.
    pub id: String,
    /// The index of the `ledger.index` entry: the list is of the entries before it.
    pub as_of: u64,
    /// How many entries of the chain there are by the index.
    pub count: u64,
    /// How many of them come before the first one listed.
    pub skipped: u64,
    /// The listed entries, ascending.
    pub rows: Vec<ReportRow>,
}

/// One listed entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// The entry's index in the log.
    pub index: u64,
    /// Seconds since 1970.
    pub time_s: i64,
    /// The same instant as `YYYY-MM-DDTHH:MM:SSZ`.
    pub time: String,
    /// The shown fields in field order; `None` if the entry is said to be erased.
    pub shown: Option<Vec<FieldOpening>>,
}

/// Verifies one report. Without a pinned key its own is used, and the verdict says so.
pub fn verify_report(path: &Path, pinned_vkey: Option<&str>) -> Report {
    read(path, Trust::pinned(pinned_vkey), None, &mut |_| ()).0
}

/// Verifies one report and gives what it lists if its integrity holds. Whether the list is whole
/// is in the verdict.
pub fn read_report(path: &Path, pinned_vkey: Option<&str>) -> (Report, Option<Listing>) {
    read_report_trusting(path, Trust::pinned(pinned_vkey), None)
}

/// As [`read_report`], by a policy if need be. Without a cosignature, the index entry's time is the
/// one that must be fresh.
pub fn read_report_trusting(
    path: &Path,
    trust: Trust<'_>,
    freshness: Option<Freshness>,
) -> (Report, Option<Listing>) {
    let mut rows = Vec::new();
    let (report, read) = read(path, trust, freshness, &mut |row| rows.push(row));
    let listing = read.map(|(header, _)| Listing {
        field: header.field,
        count: header.value.map_or(0, |value| value.count),
        skipped: header.skipped.map_or(0, |skipped| skipped.count),
        as_of: header.as_of,
        id: header.id,
        rows,
    });
    (report, listing)
}

fn read(
    path: &Path,
    trust: Trust<'_>,
    freshness: Option<Freshness>,
    each: &mut dyn FnMut(ReportRow),
) -> (Report, Option<(Header, Option<Problem>)>) {
    let mut seen = Seen::default();
    let found = read_file(path, trust, &mut seen, each);
    let mut report = Report::unchecked();
    (report.entries, report.size) = (seen.entries, seen.size);
    match found {
        Ok((header, hole)) => {
            report.integrity = trust.holds();
            report.completeness = match &hole {
                None => Verdict::Holds(header.whole(seen.erased)),
                Some(hole) => Verdict::Fails(hole.text.clone()),
            };
            report.first_bad = hole.as_ref().and_then(|hole| hole.entry);
            if let Some(word) = seen.word {
                word.tell(freshness, header.time_s, &mut report);
            }
            (report, Some((header, hole)))
        }
        Err(problem) => {
            report.integrity = trust.fails(problem.text);
            report.first_bad = problem.entry;
            (report, None)
        }
    }
}

/// How far the reading came, for the verdict.
#[derive(Default)]
struct Seen {
    entries: u64,
    erased: u64,
    size: u64,
    /// What the witnesses say, once the checkpoint is opened.
    word: Option<Word>,
}

/// A header whose integrity holds.
struct Header {
    field: Field,
    id: String,
    checkpoint: Checkpoint,
    /// The `ledger.index` entry's index and time.
    as_of: u64,
    time_s: i64,
    value: Option<IndexValue>,
    skipped: Option<Skipped>,
}

impl Header {
    /// The words for a list without a hole.
    fn whole(&self, erased: u64) -> String {
        let count = self.value.map_or(0, |value| value.count);
        let mut text = match self.skipped {
            None if count == 0 => "ok, nothing is recorded".to_owned(),
            None => format!("ok, all {count} entries are listed"),
            Some(skipped) => format!("ok, complete from entry {} of {count} on", skipped.count + 1),
        };
        text.push_str(&format!(" as of entry {}", self.as_of));
        if erased > 0 {
            text.push_str(&format!("; {erased} said to be erased"));
        }
        text
    }
}

fn read_file(
    path: &Path,
    trust: Trust<'_>,
    seen: &mut Seen,
    each: &mut dyn FnMut(ReportRow),
) -> Result<(Header, Option<Problem>), Problem> {
    let mut lines = Lines::open(path, "the report")?;
    let first = lines.next()?.ok_or_else(|| Problem::of_bundle("the report is empty"))?;
    let header = read_header(&first, trust, seen)?;
    let mut listed = Listed::new(header.field, &header.id, header.skipped);
    let (mut next, mut time_s) = (0, 0);
    while let Some(line) = lines.next()? {
        let at = lines.at - 1;
        let malformed = || Problem::of_bundle(format!("line {at} of the report is not canonical"));
        let wire: WireEntry = canonical::read(&line).ok_or_else(malformed)?;
        let (leaf, opening) = check_entry(&wire, &header.checkpoint)?;
        let index = leaf.index;
        if index < next {
            return Err(Problem::of_entry(index, "listed twice or out of order"));
        }
        if index >= header.as_of {
            return Err(Problem::of_entry(index, "the entry lies beyond the index"));
        }
        if leaf.time_s < time_s || leaf.time_s > header.time_s {
            return Err(Problem::of_entry(index, "the leaf is older than one before it"));
        }
        listed.take(index, opening.as_ref())?;
        (next, time_s) = (index + 1, leaf.time_s);
        seen.entries += 1;
        seen.erased += u64::from(opening.is_none());
        each(row(&leaf, opening));
    }
    let hole = listed.finish(header.value.as_ref())?;
    Ok((header, hole))
}

pub(crate) fn row(leaf: &Leaf, opening: Option<Opening>) -> ReportRow {
    let Some(time) = time::render(leaf.time_s) else {
        unreachable!("a leaf that was parsed has an instant that can be written");
    };
    let shown = opening.map(|opening| opening.fields);
    ReportRow { index: leaf.index, time_s: leaf.time_s, time, shown }
}

fn read_header(line: &[u8], trust: Trust<'_>, seen: &mut Seen) -> Result<Header, Problem> {
    let malformed = || Problem::of_bundle("the header is not canonical");
    let wire: WireHeader = canonical::read(line).ok_or_else(malformed)?;
    if wire.format != FORMAT || wire.version != VERSION {
        return Err(Problem::of_bundle("the report is of an unknown format or version"));
    }
    let field: Field = wire.field.parse().map_err(|_| malformed())?;
    if !CHAINED.contains(&field) {
        return Err(Problem::of_bundle("the report is about a field without chains"));
    }
    let refused = |why| Problem::of_bundle(format!("checkpoint: {why}"));
    let opened = trust.open(&wire.checkpoint, Some(&wire.vkey)).map_err(refused)?;
    let checkpoint = opened.checkpoint;
    seen.word = Some(opened.word);
    seen.size = checkpoint.size;
    let (as_of, time_s, root) = check_index(&wire.index, &checkpoint)?;
    let proof = IndexProof::parse(wire.proof.get().as_bytes());
    let proof = proof.map_err(|why| Problem::of_bundle(why.to_string()))?;
    let value = proof.check(&index_key(field, &wire.id), &root);
    let value = value.map_err(|why| Problem::of_bundle(format!("index: {why}")))?;
    let skipped = match wire.skipped {
        None => None,
        Some(skipped) => {
            let running = canonical::hash_from_hex(&skipped.running).ok_or_else(malformed)?;
            if !(1..=INTEGER_MAX).contains(&skipped.count) {
                return Err(malformed());
            }
            Some(Skipped { count: skipped.count, running })
        }
    };
    Ok(Header { field, id: wire.id, checkpoint, as_of, time_s, value, skipped })
}

/// The index, the time and the root of the `ledger.index` entry.
fn check_index(wire: &WireEntry, checkpoint: &Checkpoint) -> Result<(u64, i64, Hash), Problem> {
    let (leaf, opening) = check_entry(wire, checkpoint)?;
    let problem = |why: &str| Problem::of_entry(leaf.index, why);
    let opening = opening.ok_or_else(|| problem("the index entry is not shown"))?;
    if opening.shown(Field::Kind) != Some(INDEX_KIND.as_bytes()) {
        return Err(problem("not an index entry, or `kind` is not shown"));
    }
    let payload = opening.shown(Field::Payload);
    let payload = payload.ok_or_else(|| problem("`payload` is not shown"))?;
    let stated = IndexRoot::from_value(payload);
    let stated = stated.map_err(|why| Problem::of_entry(leaf.index, why))?;
    if stated.leaves != leaf.index {
        return Err(problem("the index is not over the leaves before it"));
    }
    Ok((leaf.index, leaf.time_s, stated.root))
}

/// The leaf, which is under the signed root, and the opening, which is of this leaf.
pub(crate) fn check_entry(
    wire: &WireEntry,
    checkpoint: &Checkpoint,
) -> Result<(Leaf, Option<Opening>), Problem> {
    let refused = |why| Problem::of_bundle(format!("a leaf of the report: {why}"));
    let leaf = Leaf::parse(wire.leaf.as_bytes()).map_err(refused)?;
    let problem = |why: &str| Problem::of_entry(leaf.index, why);
    if leaf.log != log_id(&checkpoint.origin) {
        return Err(problem("the leaf is of another log"));
    }
    let hash = |text: &String| -> Option<Hash> {
        BASE64_STANDARD.decode(text).ok()?.try_into().ok() // its decoder takes one spelling only
    };
    let proof: Option<Vec<Hash>> = wire.proof.iter().map(hash).collect();
    let proof = proof.ok_or_else(|| problem("the inclusion proof is malformed"))?;
    let hash = Leaf::hash(wire.leaf.as_bytes());
    check_inclusion(&hash, leaf.index, checkpoint.size, &proof, &checkpoint.root)
        .map_err(|why| Problem::of_entry(leaf.index, why))?;
    let opening = match (&wire.opening, wire.erased) {
        (None, Some(true)) => None,
        (Some(opening), None) => {
            let opening = Opening::parse(opening.get().as_bytes());
            Some(opening.map_err(|why| Problem::of_entry(leaf.index, why))?)
        }
        _ => return Err(problem("neither shown nor erased, or both")),
    };
    let matches = opening.as_ref().is_none_or(|opening| {
        opening.index == leaf.index && opening.check(&leaf.commitment).is_ok()
    });
    if !matches {
        return Err(problem("what is shown is not what was recorded"));
    }
    Ok((leaf, opening))
}
