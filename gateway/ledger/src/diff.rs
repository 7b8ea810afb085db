//! Split views: two checkpoints of one log that cannot both be true, and a file that proves it.
//!
//! Two signed roots of one size that differ prove themselves. For two sizes, the larger tree's own
//! leaves give the root it has at the smaller size, and a consistency proof from there to the larger
//! signed root; if that root is not the one signed at the smaller size, no tree has both. The
//! evidence needs no leaves and no trust in who wrote it. Not here: reading bundles.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical;
use crate::checkpoint::{Checkpoint, CheckpointError, open_checkpoint};
use crate::tree::{Hash, Tree, check_consistency};

const FORMAT: &str = "loopgate-split-view";
const VERSION: u64 = 1;
const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;
const PROOF_HASHES_MAX: usize = 64;

/// What somebody was shown of a log.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The signed checkpoint.
    pub note: &'a str,
    /// The tree over the leaves, if they were shown as well.
    pub tree: Option<&'a Tree>,
}

/// What two views are to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The larger one continues the smaller.
    Agree,
    /// They cannot both be true; the text is the evidence.
    Split(String),
    /// The sizes differ, and nobody showed the larger one's leaves.
    Unknown,
}

/// A split that was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The smaller signed checkpoint.
    pub older: Checkpoint,
    /// The larger one.
    pub newer: Checkpoint,
    /// The root the larger tree has at the smaller size.
    pub root: Hash,
}

/// Why views cannot be compared, or evidence proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EvidenceError {
    /// A checkpoint is not signed by a key of the log.
    #[error("{0}")]
    Checkpoint(CheckpointError),
    /// They are of two logs.
    #[error("the checkpoints are of two logs")]
    TwoLogs,
    /// The leaves shown are not those of the checkpoint.
    #[error("the leaves do not hash to the signed root")]
    Leaves,
    /// Not the canonical JSON it should be.
    #[error("the evidence is malformed")]
    Malformed,
    /// The key in it is not one of those that are trusted.
    #[error("the evidence names a key that is not pinned")]
    Key,
    /// The proof does not lead to the larger root, or the roots are the same.
    #[error("the evidence does not show a split")]
    NoSplit,
}

impl From<CheckpointError> for EvidenceError {
    fn from(why: CheckpointError) -> EvidenceError {
        EvidenceError::Checkpoint(why)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    format: String,
    newer: String,
    newer_vkey: String,
    older: String,
    older_vkey: String,
    proof: Vec<String>,
    root: String,
    version: u64,
}

/// Compares two views of one log, each signed by one of its keys.
pub fn verify_diff(
    view_a: View<'_>,
    view_b: View<'_>,
    vkeys: &[&str],
) -> Result<Outcome, EvidenceError> {
    let (a, b) = (Signed::open(view_a, vkeys)?, Signed::open(view_b, vkeys)?);
    if a.checkpoint.origin != b.checkpoint.origin {
        return Err(EvidenceError::TwoLogs);
    }
    let order = |signed: &Signed<'_>| (signed.checkpoint.size, signed.checkpoint.root);
    let (older, newer) = if order(&a) <= order(&b) { (a, b) } else { (b, a) };
    let size = older.checkpoint.size;
    let Some((root, proof)) = newer.at(size) else { return Ok(Outcome::Unknown) };
    if root == older.checkpoint.root {
        return Ok(Outcome::Agree);
    }
    let evidence = canonical::write(&Wire {
        format: FORMAT.to_owned(),
        newer: newer.view.note.to_owned(),
        newer_vkey: newer.vkey.to_owned(),
        older: older.view.note.to_owned(),
        older_vkey: older.vkey.to_owned(),
        proof: proof.iter().map(|hash| BASE64_STANDARD.encode(hash)).collect(),
        root: hex::encode(root),
        version: VERSION,
    });
    Ok(Outcome::Split(evidence))
}

/// Checks evidence as a stranger would. Without pinned keys those in it are believed, and all that is
/// shown is that their holder signed both.
pub fn check_evidence(text: &str, pinned: Option<&[&str]>) -> Result<Evidence, EvidenceError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(EvidenceError::Malformed);
    }
    let wire: Wire = canonical::read(text.as_bytes()).ok_or(EvidenceError::Malformed)?;
    if wire.format != FORMAT || wire.version != VERSION || wire.proof.len() > PROOF_HASHES_MAX {
        return Err(EvidenceError::Malformed);
    }
    let vkeys = [wire.older_vkey.as_str(), wire.newer_vkey.as_str()];
    if pinned.is_some_and(|pinned| vkeys.iter().any(|vkey| !pinned.contains(vkey))) {
        return Err(EvidenceError::Key);
    }
    let older = open_checkpoint(&wire.older, vkeys[0])?;
    let newer = open_checkpoint(&wire.newer, vkeys[1])?;
    if older.origin != newer.origin {
        return Err(EvidenceError::TwoLogs);
    }
    let root = canonical::hash_from_hex(&wire.root).ok_or(EvidenceError::Malformed)?;
    let read = |text: &String| BASE64_STANDARD.decode(text).ok()?.try_into().ok();
    let proof: Option<Vec<Hash>> = wire.proof.iter().map(read).collect();
    let proof = proof.ok_or(EvidenceError::Malformed)?;
    let proven = if older.size == newer.size {
        proof.is_empty() && root == newer.root
    } else {
        check_consistency(older.size, &root, newer.size, &newer.root, &proof).is_ok()
    };
    if !proven || root == older.root {
        return Err(EvidenceError::NoSplit);
    }
    Ok(Evidence { older, newer, root })
}

/// A view whose checkpoint is signed and whose leaves, if any, are the signed ones.
struct Signed<'a> {
    view: View<'a>,
    vkey: &'a str,
    checkpoint: Checkpoint,
}

impl<'a> Signed<'a> {
    fn open(view: View<'a>, vkeys: &[&'a str]) -> Result<Signed<'a>, EvidenceError> {
        let mut refused = CheckpointError::Unsigned;
        for vkey in vkeys.iter().copied() {
            match open_checkpoint(view.note, vkey) {
                Ok(checkpoint) => {
                    let shown = view.tree.is_none_or(|tree| {
                        tree.len() == checkpoint.size && tree.root() == checkpoint.root
                    });
                    let signed = Signed { view, vkey, checkpoint };
                    return if shown { Ok(signed) } else { Err(EvidenceError::Leaves) };
                }
                Err(why) => refused = why,
            }
        }
        Err(refused.into())
    }

    /// The root this view has at `size`, and the proof that it leads to its own.
    fn at(&self, size: u64) -> Option<(Hash, Vec<Hash>)> {
        if size == self.checkpoint.size {
            return Some((self.checkpoint.root, Vec::new()));
        }
        if size == 0 {
            return Some((Tree::new().root(), Vec::new()));
        }
        let tree = self.view.tree?;
        Some((tree.root_at(size)?, tree.prove_consistency(size, self.checkpoint.size)?))
    }
}

#[cfg(test)]
mod tests;
