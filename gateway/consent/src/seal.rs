//! A sealed payload: rendered under permits, readable by nobody until the entry that records the
//! disclosure is on stable storage.

use loopgate_ledger::Committed;
use sha2::{Digest, Sha256};

use crate::Permit;

/// Rendered bytes that may not leave yet.
pub struct Sealed {
    permits: Vec<Permit>,
    sha256: [u8; 32],
    bytes: Vec<u8>,
}

/// The committed entries do not record this payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the committed entries do not record this payload")]
pub struct WrongEntry;

impl Sealed {
    /// Seals what was rendered under `permits`: one per person whose data it holds.
    pub fn seal(permits: Vec<Permit>, bytes: Vec<u8>) -> Sealed {
        Sealed { sha256: Sha256::digest(&bytes).into(), permits, bytes }
    }

    /// The permits it was rendered under.
    pub fn permits(&self) -> &[Permit] {
        &self.permits
    }

    /// The SHA-256 that the disclosure entry records.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// How many bytes it holds.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Opens with one committed entry per permit. An entry that names a payload must name this
    /// one; an entry that names none is a day's summary of re-reads, which covers any of them.
    pub fn open(self, committed: &[Committed]) -> Result<Opened, WrongEntry> {
        let names_it = |entry: &Committed| entry.payload().is_none_or(|hash| *hash == self.sha256);
        if committed.len() != self.permits.len() || !committed.iter().all(names_it) {
            return Err(WrongEntry);
        }
        Ok(Opened(self.bytes))
    }
}

/// Bytes whose disclosure is recorded. Only these may be written to a socket.
pub struct Opened(Vec<u8>);

impl Opened {
    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}
