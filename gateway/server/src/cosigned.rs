//! The newest checkpoint that enough witnesses cosigned: kept, synced, beside the keys, and shown to
//! anybody. How witnesses are asked is `outbound/witnesses.rs`.

use std::io;
use std::path::Path;

use loopgate_ledger::{CheckpointError, open_checkpoint};
use loopgate_referral::Timestamp;

use crate::config::Ledger;
use crate::gate::Gate;
use crate::notary::{Grove, Halt};

/// The file in `[keys] dir`.
pub const FILE: &str = "checkpoint.cosigned";

/// A checkpoint with the lines of a quorum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The signed note, the log's lines first.
    pub note: String,
    /// How many entries it covers.
    pub size: u64,
    /// How many witnesses cosigned it.
    pub witnesses: usize,
}

impl Cosigned {
    /// The kept one. `None` if there is none, or if those who cosigned it are no quorum any more.
    /// What others cosigned is the past of this log, or the log was cut or replaced.
    pub fn load(
        keys: &Path,
        ledger: &Ledger,
        vkeys: &[String],
        grove: &Grove,
    ) -> Result<Option<Cosigned>, Halt> {
        let note = match std::fs::read_to_string(keys.join(FILE)) {
            Ok(note) => note,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let signed = vkeys.iter().rev().find_map(|key| open_checkpoint(&note, key).ok());
        let signed = signed.filter(|signed| signed.origin == ledger.origin).ok_or(Halt::NotOurs)?;
        let tree = grove.tree();
        if tree.len() < signed.size {
            return Err(Halt::Shorter { has: tree.len(), signed: signed.size });
        }
        if tree.root_at(signed.size) != Some(signed.root) {
            return Err(Halt::Forked);
        }
        let witnesses = count(ledger, &note).map_err(|_| Halt::NotOurs)?;
        let enough = ledger.quorum > 0 && witnesses >= ledger.quorum;
        Ok(enough.then_some(Cosigned { note, size: signed.size, witnesses }))
    }

    /// Keeps it; durable when this returns.
    pub fn keep(&self, keys: &Path) -> io::Result<()> {
        loopgate_store::write_durably(&keys.join(FILE), self.note.as_bytes(), 0o600)
    }
}

fn count(ledger: &Ledger, note: &str) -> Result<usize, CheckpointError> {
    let mut count = 0;
    for witness in &ledger.witnesses {
        count += usize::from(witness.cosigner.cosigned_at(note)?.is_some());
    }
    Ok(count)
}

/// When the first entry was recorded that no cosigned checkpoint covers; `None` if there is none, or
/// nobody is asked.
pub fn waiting_since(gate: &Gate) -> Option<Timestamp> {
    if gate.config.ledger.witnesses.is_empty() {
        return None;
    }
    let size = gate.cosigned.load().as_ref().map_or(0, |cosigned| cosigned.size);
    gate.scribe.published().catalogue().row(size).map(|row| row.at)
}

/// For how long that entry has waited, in ms.
pub fn waiting_ms(gate: &Gate) -> i64 {
    waiting_since(gate).map_or(0, |since| gate.now().0.saturating_sub(since.0).max(0))
}
