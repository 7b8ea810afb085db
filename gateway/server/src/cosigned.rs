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

#[cfg(test)]
mod tests {
    use loopgate_ledger::{Checkpoint, Cosigner, CosignerKey, LogKey};

    use super::*;
    use crate::config::WitnessAt;
    use crate::notary::Notary;

    const ORIGIN: &str = "log.example/1";

    fn witness(n: u8) -> CosignerKey {
        CosignerKey::from_seed(&format!("w{n}.example"), [n; 32]).unwrap()
    }

    /// Two witnesses are known; both have to cosign.
    fn ledger(quorum: usize) -> Ledger {
        let at = |n| WitnessAt {
            cosigner: Cosigner::parse(&witness(n).vkey()).unwrap(),
            url: "https://w.example".parse().unwrap(),
        };
        Ledger {
            origin: ORIGIN.to_owned(),
            checkpoint_interval_s: 1,
            index_interval_s: 1,
            retention_days: 1,
            key_overlap_days: 1,
            snapshot_entries: 1,
            witnesses: vec![at(1), at(2)],
            quorum,
        }
    }

    fn key() -> LogKey {
        LogKey::from_seed(ORIGIN, [9; 32]).unwrap()
    }

    /// What is loaded where a checkpoint of this size, over a tree of nothing or of another past, is
    /// kept, cosigned by these.
    fn loaded(
        size: u64,
        root: [u8; 32],
        by: &[u8],
        quorum: usize,
    ) -> Result<Option<Cosigned>, Halt> {
        let dir = tempfile::tempdir().unwrap();
        let note = key().sign(&Checkpoint { origin: ORIGIN.to_owned(), size, root });
        let body = note.split_once("\n\n").unwrap().0.to_owned() + "\n";
        let lines: String = by.iter().map(|n| witness(*n).cosign(&body, 7).unwrap()).collect();
        Cosigned { note: note + &lines, size, witnesses: by.len() }.keep(dir.path()).unwrap();
        let grove = Notary::new(ORIGIN, dir.path()).grove();
        Cosigned::load(dir.path(), &ledger(quorum), &[key().vkey()], &grove)
    }

    #[test]
    fn what_was_cosigned_is_shown_after_a_start_if_it_still_counts() {
        let empty = loopgate_ledger::Tree::new().root();
        let found = loaded(0, empty, &[1, 2], 2).unwrap().unwrap();
        assert_eq!((found.size, found.witnesses), (0, 2));
        assert!(found.note.contains("— w1.example ") && found.note.contains("— w2.example "));
        // A witness was taken out of the configuration, or never was in it.
        assert_eq!(loaded(0, empty, &[1, 3], 2).unwrap(), None);
        assert_eq!(loaded(0, empty, &[1, 3], 1).unwrap().unwrap().witnesses, 1);
        assert_eq!(loaded(0, empty, &[], 0).unwrap(), None);
    }

    #[test]
    fn a_log_that_others_saw_longer_or_otherwise_is_not_served() {
        let empty = loopgate_ledger::Tree::new().root();
        let shorter = loaded(5, [1; 32], &[1, 2], 2);
        assert!(matches!(shorter, Err(Halt::Shorter { has: 0, signed: 5 })));
        assert!(matches!(loaded(0, [1; 32], &[1, 2], 2), Err(Halt::Forked)));
        assert!(matches!(loaded(0, empty, &[1, 1], 2), Err(Halt::NotOurs)), "one counts once");
        let dir = tempfile::tempdir().unwrap();
        let grove = Notary::new(ORIGIN, dir.path()).grove();
        let load = |keys: &[String]| Cosigned::load(dir.path(), &ledger(2), keys, &grove);
        assert!(matches!(load(&[key().vkey()]), Ok(None)));
        std::fs::write(dir.path().join(FILE), "no note").unwrap();
        assert!(matches!(load(&[key().vkey()]), Err(Halt::NotOurs)));
    }
}
