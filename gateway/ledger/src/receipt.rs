//! A disclosure receipt: one entry, that it is in the log, and who saw the log so. One file, offline.
//!
//! Spec: <https://c2sp.org/tlog-proof>, with an `extra` line that is always there: canonical JSON of
//! the leaf and an opening of it. The spec calls `extra` unauthenticated; here all of it is checked
//! against the leaf hash. A receipt of an erased entry cannot be made, since no opening can; one
//! that was handed out before still verifies. Not here: files and clocks.

use std::ops::Deref;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::canonical::{self, INTEGER_MAX};
use crate::checkpoint::Checkpoint;
use crate::leaf::{Leaf, log_id};
use crate::note::{NOTE_BYTES_MAX, Parts};
use crate::opening::Opening;
use crate::report::{Report, Verdict};
use crate::tree::{Hash, check_inclusion};
use crate::trust::{Freshness, Trust};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// An opening is at most a line of a bundle, and then base64.
const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024 + NOTE_BYTES_MAX;
const PROOF_LINES_MAX: usize = 64;

/// Why a receipt is not written or not read. Never says what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReceiptError {
    /// Not a tlog-proof with our `extra` line, or spelt otherwise than it would be written.
    #[error("the receipt is malformed")]
    Malformed,
    /// The leaf is not canonical, or of another index or log than the receipt says.
    #[error("the leaf is not the one the receipt names")]
    Leaf,
    /// The leaf is not at that index under the checkpoint's root.
    #[error("the leaf is not in the log")]
    Inclusion,
    /// What is shown is not what the leaf commits to.
    #[error("what is shown is not what was recorded")]
    Opening,
}

/// What was found. A receipt says nothing of completeness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptReport {
    /// The verdicts.
    pub report: Report,
    /// The entry's index in the log, once integrity holds.
    pub index: Option<u64>,
}

impl Deref for ReceiptReport {
    type Target = Report;

    fn deref(&self) -> &Report {
        &self.report
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extra {
    leaf: String,
    opening: Box<RawValue>,
}

struct Parsed<'a> {
    leaf: String,
    opening: Opening,
    index: u64,
    proof: Vec<Hash>,
    note: &'a str,
}

/// The receipt's text. `leaf` is the stored leaf, `proof` its inclusion proof in the tree of `note`.
///
/// # Errors
/// If it would not verify but for signatures.
pub fn write_receipt(
    leaf: &[u8],
    opening: &Opening,
    proof: &[Hash],
    note: &str,
) -> Result<String, ReceiptError> {
    let leaf = std::str::from_utf8(leaf).map_err(|_| ReceiptError::Leaf)?;
    let opened = opening.to_json().ok().and_then(|json| RawValue::from_string(json).ok());
    let opened = opened.ok_or(ReceiptError::Malformed)?;
    let extra = canonical::write(&Extra { leaf: leaf.to_owned(), opening: opened });
    let extra = BASE64_STANDARD.encode(extra);
    let mut text = format!("{FIRST_LINE}\nextra {extra}\nindex {}\n", opening.index);
    for hash in proof {
        text.push_str(&BASE64_STANDARD.encode(hash));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(note);
    let parsed = parse(&text)?;
    let checkpoint = Parts::parse(note).and_then(|parts| Checkpoint::parse(parts.body));
    check(&parsed, &checkpoint.ok_or(ReceiptError::Malformed)?)?;
    Ok(text)
}

/// Verifies a receipt: signed, in the log, and what it shows is what was recorded. A receipt holds no
/// key of its own, so that [`Trust::Own`] fails.
pub fn verify_receipt(text: &str, trust: Trust<'_>, freshness: Option<Freshness>) -> ReceiptReport {
    let mut report = Report::unchecked();
    report.completeness = Verdict::NotChecked("not checked, a receipt shows one entry".to_owned());
    let mut index = None;
    match verify(text, trust, freshness, &mut report) {
        Ok(entry) => {
            index = Some(entry);
            report.integrity = trust.holds();
        }
        Err(why) => report.integrity = Verdict::Fails(why),
    }
    ReceiptReport { report, index }
}

fn verify(
    text: &str,
    trust: Trust<'_>,
    freshness: Option<Freshness>,
    report: &mut Report,
) -> Result<u64, String> {
    let parsed = parse(text).map_err(|why| why.to_string())?;
    let opened = trust.open(parsed.note, None)?;
    report.size = opened.checkpoint.size;
    let leaf = check(&parsed, &opened.checkpoint).map_err(|why| {
        report.first_bad = Some(parsed.index);
        why.to_string()
    })?;
    report.entries = 1;
    opened.word.tell(freshness, leaf.time_s, report);
    Ok(parsed.index)
}

fn check(parsed: &Parsed<'_>, signed: &Checkpoint) -> Result<Leaf, ReceiptError> {
    let bytes = parsed.leaf.as_bytes();
    let leaf = Leaf::parse(bytes).map_err(|_| ReceiptError::Leaf)?;
    let (index, size) = (parsed.index, signed.size);
    if leaf.index != index || leaf.log != log_id(&signed.origin) {
        return Err(ReceiptError::Leaf);
    }
    check_inclusion(&Leaf::hash(bytes), index, size, &parsed.proof, &signed.root)
        .map_err(|_| ReceiptError::Inclusion)?;
    if parsed.opening.index != index {
        return Err(ReceiptError::Opening);
    }
    parsed.opening.check(&leaf.commitment).map_err(|_| ReceiptError::Opening)?;
    Ok(leaf)
}

fn parse(text: &str) -> Result<Parsed<'_>, ReceiptError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(ReceiptError::Malformed);
    }
    read(text).ok_or(ReceiptError::Malformed)
}

fn read(text: &str) -> Option<Parsed<'_>> {
    let (head, note) = text.split_once("\n\n")?;
    let mut lines = head.split('\n');
    if lines.next()? != FIRST_LINE {
        return None;
    }
    let extra = BASE64_STANDARD.decode(lines.next()?.strip_prefix("extra ")?).ok()?;
    let extra: Extra = canonical::read(&extra)?;
    let digits = lines.next()?.strip_prefix("index ")?;
    let index: u64 = digits.parse().ok()?;
    if index.to_string() != digits || index > INTEGER_MAX {
        return None;
    }
    let mut proof = Vec::new();
    for line in lines {
        if proof.len() == PROOF_LINES_MAX {
            return None;
        }
        proof.push(BASE64_STANDARD.decode(line).ok()?.try_into().ok()?);
    }
    let opening = Opening::parse(extra.opening.get().as_bytes()).ok()?;
    Some(Parsed { leaf: extra.leaf, opening, index, proof, note })
}

#[cfg(test)]
mod tests;
