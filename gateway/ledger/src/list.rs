//! The report file: everything the log holds of one chain, for one reader, offline.
//!
//! A file of lines. The first is the header: the signed checkpoint, the `ledger.index` entry with
//! the index root, and the chain's value under that root. Each other line is one entry of the
//! chain: its leaf, the proof that it is in the log, and what is shown of it. Here is the writer;
//! the verifier is in `read`. What goes in is not checked on the way: that is the reader's part.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::bundle::LINE_BYTES_MAX;
use crate::canonical;
use crate::entry::Field;
use crate::index::IndexProof;
use crate::opening::{Opening, OpeningError};
use crate::tree::Hash;

mod chain;
mod read;

pub use read::{Listing, ReportRow, read_report, read_report_trusting, verify_report};
pub(crate) use read::{check_entry, row};

const FORMAT: &str = "loopgate-report";
const VERSION: u64 = 1;

/// What goes into a report. The iterator may fail, as a reader of stored leaves can.
pub struct ReportParts<'a, E> {
    /// The chained field.
    pub field: Field,
    /// Whose chain it is.
    pub id: &'a str,
    /// The log's public key, as `LogKey::vkey` gives it.
    pub vkey: &'a str,
    /// The signed checkpoint; every inclusion proof is for its size.
    pub checkpoint_note: &'a str,
    /// A `ledger.index` entry below that size; its opening shows `kind` and `payload`.
    pub index_entry: &'a ReportEntry,
    /// What the index of that entry says of the chain.
    pub proof: &'a IndexProof,
    /// The entries at the start of the chain that are not listed, if any.
    pub skipped: Option<Skipped>,
    /// The listed entries, ascending by index, up to the last one the index counts.
    pub entries: E,
}

/// One entry and what is shown of it.
pub struct ReportEntry {
    /// The stored leaf bytes.
    pub leaf: Vec<u8>,
    /// That they are in the tree of the checkpoint's size.
    pub inclusion: Vec<Hash>,
    /// `None` if the entry is erased.
    pub opening: Option<Opening>,
}

/// How a report starts late: the chain's own state before the first listed entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// How many entries of the chain come before, at least 1.
    pub count: u64,
    /// The running hash over their indices, see [`crate::IndexValue`].
    pub running: Hash,
}

/// Why a report was not written. The file is then left unfinished.
#[derive(Debug, Error)]
pub enum ReportError {
    /// Line `{0}` (from 0) is over the limit.
    #[error("line {0} of the report is too long")]
    Line(u64),
    /// A leaf is not text.
    #[error("line {0} of the report: the leaf is not text")]
    Leaf(u64),
    /// The index entry has no opening.
    #[error("the index entry is not shown")]
    Index,
    /// An opening cannot be written.
    #[error("entry {0}: {1}")]
    Opening(u64, OpeningError),
    /// Reading the source or writing the file failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireHeader {
    checkpoint: String,
    field: String,
    format: String,
    id: String,
    index: WireEntry,
    proof: Box<RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    skipped: Option<WireSkipped>,
    version: u64,
    vkey: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSkipped {
    count: u64,
    running: String,
}

/// Every other line. Either `erased` or `opening` is there.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireEntry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    erased: Option<bool>,
    leaf: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opening: Option<Box<RawValue>>,
    proof: Vec<String>,
}

/// Writes a report to a file that does not exist yet. No fsync.
pub fn write_report<E>(path: &Path, parts: ReportParts<'_, E>) -> Result<(), ReportError>
where
    E: IntoIterator<Item = io::Result<ReportEntry>>,
{
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let mut file = BufWriter::new(file);
    report_to(&mut file, parts)?;
    file.flush()?;
    Ok(())
}

/// Writes a report to wherever it goes.
pub fn report_to<E>(mut file: &mut impl Write, parts: ReportParts<'_, E>) -> Result<(), ReportError>
where
    E: IntoIterator<Item = io::Result<ReportEntry>>,
{
    if parts.index_entry.opening.is_none() {
        return Err(ReportError::Index);
    }
    let wire_skipped =
        |it: Skipped| WireSkipped { count: it.count, running: hex::encode(it.running) };
    let header = WireHeader {
        checkpoint: parts.checkpoint_note.to_owned(),
        field: parts.field.name().to_owned(),
        format: FORMAT.to_owned(),
        id: parts.id.to_owned(),
        index: wire_entry(0, parts.index_entry)?,
        proof: raw(parts.proof.to_json()),
        skipped: parts.skipped.map(wire_skipped),
        version: VERSION,
        vkey: parts.vkey.to_owned(),
    };
    write_line(&mut file, 0, &header)?;
    for (line, entry) in (1..).zip(parts.entries) {
        write_line(&mut file, line, &wire_entry(line, &entry?)?)?;
    }
    Ok(())
}

pub(crate) fn wire_entry(line: u64, entry: &ReportEntry) -> Result<WireEntry, ReportError> {
    let leaf = String::from_utf8(entry.leaf.clone()).map_err(|_| ReportError::Leaf(line))?;
    let opening = match &entry.opening {
        Some(opening) => {
            let text = opening.to_json();
            Some(raw(text.map_err(|why| ReportError::Opening(opening.index, why))?))
        }
        None => None,
    };
    let proof = entry.inclusion.iter().map(|hash| BASE64_STANDARD.encode(hash)).collect();
    Ok(WireEntry { erased: opening.is_none().then_some(true), leaf, opening, proof })
}

fn raw(json: String) -> Box<RawValue> {
    match RawValue::from_string(json) {
        Ok(raw) => raw,
        Err(_) => unreachable!("what canonical writes is JSON"),
    }
}

fn write_line<T: Serialize>(
    file: &mut impl Write,
    line: u64,
    content: &T,
) -> Result<(), ReportError> {
    let text = canonical::write(content);
    if text.len() > LINE_BYTES_MAX {
        return Err(ReportError::Line(line));
    }
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    Ok(())
}

#[cfg(test)]
mod tests;
