//! The proof, to the rest of the program, that an entry is on stable storage.

use crate::tree::Hash;

/// What an append returns. Holding one means the entry survives power loss.
///
/// Only crate `store` calls [`Committed::new`]; a test over the sources checks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    sequence: u64,
    leaf_index: u64,
    leaf_hash: Hash,
    payload: Option<Hash>,
}

impl Committed {
    /// For crate `store` alone, after the sync of the frame has returned.
    pub fn new(
        sequence: u64,
        leaf_index: u64,
        leaf_hash: Hash,
        payload: Option<Hash>,
    ) -> Committed {
        Committed { sequence, leaf_index, leaf_hash, payload }
    }

    /// The number of the frame the entry came in.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The entry's index in the log.
    pub fn leaf_index(&self) -> u64 {
        self.leaf_index
    }

    /// The entry's RFC 6962 leaf hash.
    pub fn leaf_hash(&self) -> &Hash {
        &self.leaf_hash
    }

    /// The SHA-256 of the payload the entry is about. In memory only, for opening a seal.
    pub fn payload(&self) -> Option<&Hash> {
        self.payload.as_ref()
    }
}
