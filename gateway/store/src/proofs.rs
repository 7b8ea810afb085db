//! Proofs that entries are in the log: the one place that makes a [`Committed`].

use loopgate_ledger::{Committed, Leaf};

use crate::{EntryRecord, Frame};

/// One proof per entry. Called for a frame after its sync, or for what was read back.
pub(crate) fn proofs(frame: &Frame) -> Vec<Committed> {
    let prove = |(n, entry): (usize, &EntryRecord)| {
        let index = frame.first_leaf + n as u64;
        Committed::new(frame.sequence, index, Leaf::hash(&entry.leaf), entry.payload)
    };
    frame.entries.iter().enumerate().map(prove).collect()
}
