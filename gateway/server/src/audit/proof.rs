//! What stands behind what an auditor is told: the newest signed checkpoint, and who cosigned it.

use loopgate_referral::Timestamp;
use serde_json::{Value, json};

use super::instant;
use crate::gate::Gate;

/// Whether others signed a checkpoint as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cosigned {
    /// Not yet.
    Pending,
    /// So many witnesses did: enough.
    By(usize),
}

/// The newest signed checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// How many entries it covers.
    pub size: u64,
    /// When the newest of them was recorded. A checkpoint itself bears no time.
    pub until: Option<Timestamp>,
    /// Who else signed it.
    pub cosigned: Cosigned,
}

impl Proof {
    /// As of now.
    pub fn of(gate: &Gate) -> Option<Proof> {
        let (_, signed) = gate.signed()?;
        let newest = signed.size.checked_sub(1);
        let catalogue = gate.scribe.published().catalogue();
        let until = newest.and_then(|index| catalogue.row(index)).map(|row| row.at);
        Some(Proof { size: signed.size, until, cosigned: cosigned(gate, signed.size) })
    }

    /// Whether it covers an entry.
    pub fn covers(&self, index: u64) -> bool {
        index < self.size
    }

    /// For programs.
    pub fn to_json(self) -> Value {
        let cosigned = match self.cosigned {
            Cosigned::Pending => json!("pending"),
            Cosigned::By(witnesses) => json!({ "witnesses": witnesses }),
        };
        json!({ "size": self.size, "newest_entry": self.until.map(instant), "cosigned": cosigned })
    }
}

/// Whether enough witnesses signed a checkpoint of this size or a larger one.
fn cosigned(gate: &Gate, size: u64) -> Cosigned {
    let newest = gate.cosigned.load_full().filter(|newest| newest.size >= size);
    newest.map_or(Cosigned::Pending, |newest| Cosigned::By(newest.witnesses))
}
