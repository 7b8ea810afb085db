//! A proof from the index: this chain has this value, or it has none.
//!
//! The siblings along the key's path from the root down, and what stands at its end: the key's own
//! leaf, the leaf of another key, or nothing. A path is followed while there are inner nodes, so
//! that under one root each key has exactly one proof.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{EMPTY, IndexValue, KEY_BITS, bit, inner_node, leaf_node};
use crate::canonical::{self, INTEGER_MAX};
use crate::tree::{Hash, ProofError};

/// What an index says of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexProof {
    /// From the root down.
    siblings: Vec<Hash>,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The key's own leaf.
    This(IndexValue),
    /// A leaf that stands for its whole subtree, of another key.
    Other(Hash, IndexValue),
    Empty,
}

/// Bytes that are not the one spelling of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the index proof is not canonical")]
pub struct IndexProofError;

impl IndexProof {
    pub(super) fn new(
        key: &Hash,
        siblings: Vec<Hash>,
        end: Option<(Hash, IndexValue)>,
    ) -> IndexProof {
        let end = match end {
            Some((found, value)) if found == *key => End::This(value),
            Some((other, value)) => End::Other(other, value),
            None => End::Empty,
        };
        IndexProof { siblings, end }
    }

    /// The value `key` has under `root`, or `None` if it is proved to have none.
    pub fn check(&self, key: &Hash, root: &Hash) -> Result<Option<IndexValue>, ProofError> {
        let depth = self.siblings.len();
        if depth > KEY_BITS || self.siblings.last() == Some(&EMPTY) {
            // A subtree of one key is its leaf, and of none is nothing.
            return Err(ProofError::Shape);
        }
        let (mut hash, value) = match &self.end {
            End::This(value) => (leaf_node(key, value), Some(*value)),
            End::Other(other, value) => {
                let same_path = (0..depth).all(|depth| bit(key, depth) == bit(other, depth));
                if other == key || !same_path {
                    return Err(ProofError::Shape);
                }
                (leaf_node(other, value), None)
            }
            End::Empty => (EMPTY, None),
        };
        for (depth, sibling) in self.siblings.iter().enumerate().rev() {
            hash = match bit(key, depth) {
                0 => inner_node(&hash, sibling),
                _ => inner_node(sibling, &hash),
            };
        }
        (hash == *root).then_some(value).ok_or(ProofError::Mismatch)
    }

    /// The canonical JSON, without a line end.
    pub fn to_json(&self) -> String {
        let siblings = self.siblings.iter().map(hex::encode).collect();
        let mut wire = Wire { other: None, siblings, value: None };
        match &self.end {
            End::This(value) => wire.value = Some(WireValue::of(value)),
            End::Other(key, value) => {
                let (key, value) = (hex::encode(key), WireValue::of(value));
                wire.other = Some(WireOther { key, value });
            }
            End::Empty => {}
        }
        canonical::write(&wire)
    }

    /// Refuses anything [`IndexProof::to_json`] would not write byte for byte, and values no index
    /// holds.
    pub fn parse(bytes: &[u8]) -> Result<IndexProof, IndexProofError> {
        let wire: Wire = canonical::read(bytes).ok_or(IndexProofError)?;
        wire.proof().ok_or(IndexProofError)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    other: Option<WireOther>,
    siblings: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<WireValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireOther {
    key: String,
    value: WireValue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireValue {
    count: u64,
    last: u64,
    running: String,
}

impl Wire {
    fn proof(self) -> Option<IndexProof> {
        if self.siblings.len() > KEY_BITS {
            return None;
        }
        let siblings = self.siblings.iter().map(|hex| canonical::hash_from_hex(hex));
        let end = match (self.value, self.other) {
            (Some(value), None) => End::This(value.value()?),
            (None, Some(other)) => {
                End::Other(canonical::hash_from_hex(&other.key)?, other.value.value()?)
            }
            (None, None) => End::Empty,
            (Some(_), Some(_)) => return None,
        };
        Some(IndexProof { siblings: siblings.collect::<Option<_>>()?, end })
    }
}

impl WireValue {
    fn of(value: &IndexValue) -> WireValue {
        let running = hex::encode(value.running);
        WireValue { count: value.count, last: value.last, running }
    }

    /// A chain has an entry, and no more of them than there are up to the last.
    fn value(&self) -> Option<IndexValue> {
        let sound = self.count >= 1 && self.last <= INTEGER_MAX && self.count - 1 <= self.last;
        let running = canonical::hash_from_hex(&self.running)?;
        sound.then_some(IndexValue { count: self.count, last: self.last, running })
    }
}

#[cfg(test)]
mod tests;
