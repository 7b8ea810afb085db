//! An RFC 6962 log over blinded leaves, its proofs and checkpoints, and the offline verifier.
//!
//! A leaf says that something was recorded, where and when; what it was sits behind one salted
//! commitment and is shown field by field. The byte formats are in `FORMAT.md`, so that a stranger
//! can write another verifier. Not here: disks (crate `store`), clocks, randomness, and any idea of
//! what the fields mean.

mod bundle;
mod canonical;
mod chain;
mod checkpoint;
mod commit;
mod committed;
mod complete;
mod cosign;
mod diff;
mod entry;
mod index;
mod keys;
mod leaf;
mod list;
mod manifest;
mod note;
mod opening;
mod policy;
mod read;
mod receipt;
mod report;
mod scan;
mod sealed;
mod tile;
mod time;
mod tree;
mod trust;
mod verify;
mod witness;

pub use bundle::{BundleError, BundleParts, write_bundle};
pub use chain::{ChainError, Link, links_from_value, links_to_value};
pub use checkpoint::{Checkpoint, CheckpointError, LogKey, open_checkpoint};
pub use committed::Committed;
pub use entry::{
    FIELD_COUNT, FIELD_NAMES, Field, Fields, Seed, UnknownField, commitment, field_digest,
};
pub use index::{
    ERASED_KIND, Erased, ErasedEntry, INDEX_KIND, Index, IndexProof, IndexProofError, IndexRoot,
    IndexValue, IndexWalk, PAYLOAD_BYTES_MAX, PayloadError, WalkError, Walked, index_key,
    rebuild_index,
};
pub use keys::{KeyEvent, KeyEventError};
pub use leaf::{Leaf, LeafError, log_id};
pub use list::{
    Listing, ReportEntry, ReportError, ReportParts, ReportRow, Skipped, read_report,
    read_report_trusting, report_to, verify_report, write_report,
};
pub use opening::{FieldOpening, Opening, OpeningError};
pub use report::{Report, Verdict};
pub use tile::{TILE_WIDTH, Tile, TileError, TileKind, decode_entries, encode_entries};
pub use tree::{Hash, ProofError, Tree, check_consistency, check_inclusion, leaf_hash};
pub use verify::{bundle_tree, verify_bundle, verify_bundle_trusting, verify_consistency};

pub use cosign::{Cosigner, CosignerKey};
pub use diff::{Evidence, EvidenceError, Outcome, View, check_evidence, verify_diff};
pub use policy::{Accepted, Policy, PolicyError, PolicyFault, Witnessed};
pub use receipt::{ReceiptError, ReceiptReport, verify_receipt, write_receipt};
pub use sealed::{
    Custody, CustodyWhat, EvidenceParts, HandOver, SealedError, SealedEvidence, hand_over,
    verify_evidence, write_evidence,
};
pub use trust::{Freshness, Trust};
pub use witness::{
    Answer, Asked, Known, KnownLog, Pending, REQUEST_BYTES_MAX, Shelf, Witness, add_checkpoint,
};

#[cfg(test)]
mod testing;
