//! The RFC 6962 tree, its proofs and their checks, over the arithmetic of `tlog_tiles`.
//!
//! Hashes are stored in the order of <https://c2sp.org/tlog-tiles>' reference code, about two per
//! leaf. In memory and append-only; crate `store` refills it at start-up.

use thiserror::Error;
use tlog_tiles::{Error as TlogError, Hash as TlogHash, HashReader};

use crate::commit;

/// SHA-256.
pub type Hash = [u8; 32];

/// No RFC 6962 proof is longer: a tree of u64 size is at most 64 levels deep.
const PROOF_HASHES_MAX: usize = 64;

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The index or size lies outside the tree.
    #[error("the index or size is out of range")]
    OutOfRange,
    /// The parts do not have the form a proof of this size has.
    #[error("the proof has the wrong shape")]
    Shape,
    /// The recomputed root is another one.
    #[error("the proof does not lead to the root")]
    Mismatch,
}

/// `SHA-256(0x00 || data)`.
pub fn leaf_hash(data: &[u8]) -> Hash {
    tlog_tiles::record_hash(data).0
}

/// An append-only tree.
#[derive(Clone, Default)]
pub struct Tree {
    stored: Stored,
    size: u64,
}

impl Tree {
    /// The empty tree.
    pub fn new() -> Tree {
        Tree::default()
    }

    /// Adds a leaf hash (see [`leaf_hash`]) and returns its index.
    pub fn append(&mut self, leaf: Hash) -> u64 {
        let index = self.size;
        self.stored.0.push(TlogHash(leaf));
        for height in 0..index.trailing_ones() {
            self.stored.join(height);
        }
        self.size += 1;
        index
    }

    /// The number of leaves.
    pub fn len(&self) -> u64 {
        self.size
    }

    /// Whether there is no leaf yet.
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// The root over all leaves; `SHA-256("")` if there are none.
    pub fn root(&self) -> Hash {
        match self.root_at(self.size) {
            Some(root) => root,
            None => unreachable!("a tree holds every hash its own root needs"),
        }
    }

    /// The root over the first `size` leaves.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        if size > self.size {
            return None;
        }
        let root = tlog_tiles::tree_hash(size, &self.stored).ok()?;
        Some(root.0)
    }

    /// One leaf hash.
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        if index >= self.size {
            return None;
        }
        self.stored.get(tlog_tiles::stored_hash_index(0, index))
    }

    /// The root over leaves `[index << height, (index + 1) << height)`, if they are all there.
    pub fn subtree(&self, height: u8, index: u64) -> Option<Hash> {
        if index >= self.size.checked_shr(u32::from(height))? {
            return None;
        }
        self.stored.get(tlog_tiles::stored_hash_index(height, index))
    }

    /// That leaf `index` is in the tree of the first `size` leaves.
    pub fn prove_inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if size > self.size || index >= size {
            return None;
        }
        let proof = tlog_tiles::prove_record(size, index, &self.stored).ok()?;
        Some(bare(proof))
    }

    /// That the first `old` leaves begin the tree of the first `new`. Empty if `old` is 0.
    pub fn prove_consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        if new > self.size || old > new {
            return None;
        }
        if old == 0 {
            return Some(Vec::new());
        }
        let proof = tlog_tiles::prove_tree(new, old, &self.stored).ok()?;
        Some(bare(proof))
    }
}

/// Checks that `leaf` is the leaf hash at `index` under `root`.
///
/// RFC 6962 proofs bind the pair (size, root), not the size alone: take both from one checkpoint.
pub fn check_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    let proof = wrapped(proof)?;
    tlog_tiles::check_record(&proof, size, TlogHash(*root), index, TlogHash(*leaf))
        .map_err(|_| ProofError::Mismatch)
}

/// Checks that the tree (`old_size`, `old_root`) begins the tree (`new_size`, `new_root`).
pub fn check_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::OutOfRange);
    }
    if old_size == 0 {
        return check_from_empty(old_root, new_size, new_root, proof);
    }
    let proof = wrapped(proof)?;
    let (new_root, old_root) = (TlogHash(*new_root), TlogHash(*old_root));
    tlog_tiles::check_tree(&proof, new_size, new_root, old_size, old_root)
        .map_err(|_| ProofError::Mismatch)
}

/// Every tree continues the empty one, so only the empty root itself can be wrong.
fn check_from_empty(
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    let empty = tlog_tiles::EMPTY_HASH.0;
    if !proof.is_empty() {
        return Err(ProofError::Shape);
    }
    if *old_root != empty || (*new_root == empty) != (new_size == 0) {
        return Err(ProofError::Mismatch);
    }
    Ok(())
}

fn bare(hashes: Vec<TlogHash>) -> Vec<Hash> {
    hashes.into_iter().map(|hash| hash.0).collect()
}

fn wrapped(hashes: &[Hash]) -> Result<Vec<TlogHash>, ProofError> {
    if hashes.len() > PROOF_HASHES_MAX {
        return Err(ProofError::Shape);
    }
    Ok(hashes.iter().map(|hash| TlogHash(*hash)).collect())
}

#[derive(Clone, Default)]
struct Stored(Vec<TlogHash>);

impl Stored {
    /// Stores the parent of the last two subtrees of this height. A subtree lies in one piece
    /// with its root last: the right one is the last `2^(height+1) - 1` hashes.
    fn join(&mut self, height: u32) {
        let last = self.0.len() - 1;
        let left = last - ((2 << height) - 1);
        self.0.push(TlogHash(commit::node(&self.0[left].0, &self.0[last].0)));
    }

    fn get(&self, index: u64) -> Option<Hash> {
        let index = usize::try_from(index).ok()?;
        self.0.get(index).map(|hash| hash.0)
    }
}

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<TlogHash>, TlogError> {
        let read = |index: &u64| self.get(*index).map(TlogHash);
        let found: Option<Vec<TlogHash>> = indexes.iter().map(read).collect();
        found.ok_or(TlogError::IndexesNotInTree)
    }
}

#[cfg(test)]
mod tests;
