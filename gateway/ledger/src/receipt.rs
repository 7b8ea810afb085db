//! A disclosure receipt: one entry, that it is in the log, and who saw the log so. One file, offline.
//!
//! Spec: <https://c2sp.org/tlog-proof>, with an `extra` line that is always there: canonical JSON of
//! the leaf and an opening of it. The spec calls `extra` unauthenticated; here all of it is checked
//! against the leaf hash. A receipt of an erased entry cannot be made, since no opening can; one
//! that was handed out before still verifies. Not here: files and clocks.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::canonical::{self, INTEGER_MAX};
use crate::checkpoint::{Checkpoint, open_checkpoint};
use crate::leaf::{Leaf, log_id};
use crate::note::{NOTE_BYTES_MAX, Parts};
use crate::opening::Opening;
use crate::policy::{Accepted, Policy, PolicyError};
use crate::report::{Report, Verdict};
use crate::tree::{Hash, check_inclusion};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// An opening is at most a line of a bundle, and then base64.
const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024 + NOTE_BYTES_MAX;
const PROOF_LINES_MAX: usize = 64;
/// A witness's clock may be ahead of ours by this much; what is later says nothing of freshness.
const AHEAD_S_MAX: u64 = 300;

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

/// Whom the reader of a receipt trusts.
#[derive(Debug, Clone, Copy)]
pub enum Trust<'a> {
    /// The log's key alone; cosignatures are not asked for.
    Key(&'a str),
    /// A policy.
    Policy(&'a Policy),
}

/// How old the newest cosignature may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// The reader's time, seconds since 1970.
    pub now_s: u64,
    /// The oldest that still counts as fresh.
    pub age_s_max: u64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptReport {
    /// The three verdicts. A receipt says nothing of completeness.
    pub report: Report,
    /// Whether the quorum cosigned.
    pub policy: Verdict,
    /// Whether the newest cosignature is young enough.
    pub fresh: Verdict,
    /// The entry's index in the log, once integrity holds.
    pub index: Option<u64>,
}

impl ReceiptReport {
    /// 0 all that was checked holds, 2 integrity, 4 quorum, 5 stale; the first of them.
    pub fn exit_code(&self) -> u8 {
        match self.report.exit_code() {
            0 if self.policy.fails() => 4,
            0 if self.fresh.fails() => 5,
            code => code,
        }
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

/// Verifies a receipt: signed, in the log, and what it shows is what was recorded.
pub fn verify_receipt(text: &str, trust: Trust<'_>, freshness: Option<Freshness>) -> ReceiptReport {
    let mut found = ReceiptReport {
        report: Report {
            integrity: Verdict::NotChecked("not checked".to_owned()),
            completeness: Verdict::NotChecked("not checked, a receipt shows one entry".to_owned()),
            capture: Verdict::NotChecked("not checked".to_owned()),
            entries: 0,
            size: 0,
            first_bad: None,
        },
        policy: Verdict::NotChecked("not checked".to_owned()),
        fresh: Verdict::NotChecked("not checked".to_owned()),
        index: None,
    };
    if let Err(why) = verify(text, trust, freshness, &mut found) {
        found.policy = Verdict::NotChecked("not checked, integrity fails".to_owned());
        found.report.integrity = Verdict::Fails(why);
    }
    found
}

fn verify(
    text: &str,
    trust: Trust<'_>,
    freshness: Option<Freshness>,
    found: &mut ReceiptReport,
) -> Result<(), String> {
    let parsed = parse(text).map_err(|why| why.to_string())?;
    let accepted = match trust {
        Trust::Key(vkey) => {
            let checkpoint = open_checkpoint(parsed.note, vkey).map_err(|why| why.to_string())?;
            Accepted { checkpoint, cosigned_by: Vec::new() }
        }
        Trust::Policy(policy) => {
            let (accepted, met) = policy.look(parsed.note).map_err(|why| why.to_string())?;
            let cosigned = accepted.cosigned_by.len();
            found.policy = if met {
                Verdict::Holds(format!("ok, cosigned by {cosigned}"))
            } else {
                Verdict::Fails(PolicyError::Quorum { cosigned }.to_string())
            };
            accepted
        }
    };
    found.report.size = accepted.checkpoint.size;
    if let Err(why) = check(&parsed, &accepted.checkpoint) {
        found.report.first_bad = Some(parsed.index);
        return Err(why.to_string());
    }
    found.report.integrity = Verdict::Holds("ok, key pinned".to_owned());
    found.report.entries = 1;
    found.index = Some(parsed.index);
    if let Some(freshness) = freshness {
        found.fresh = freshness.verdict(&accepted);
    }
    Ok(())
}

impl Freshness {
    fn verdict(self, accepted: &Accepted) -> Verdict {
        let latest_s = self.now_s.saturating_add(AHEAD_S_MAX);
        let times = accepted.cosigned_by.iter().map(|witnessed| witnessed.time_s);
        match times.filter(|time_s| *time_s <= latest_s).max() {
            None => Verdict::Fails("no cosignature says when".to_owned()),
            Some(time_s) if self.now_s.saturating_sub(time_s) > self.age_s_max => {
                let age_s = self.now_s - time_s;
                Verdict::Fails(format!("the newest cosignature is {age_s} s old"))
            }
            Some(_) => Verdict::Holds("ok".to_owned()),
        }
    }
}

fn check(parsed: &Parsed<'_>, signed: &Checkpoint) -> Result<(), ReceiptError> {
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
    parsed.opening.check(&leaf.commitment).map_err(|_| ReceiptError::Opening)
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
