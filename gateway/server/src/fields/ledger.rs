//! The fields of what happened to the log itself. Four payloads are part of the ledger's format, and a
//! verifier reads them (`gateway/ledger/FORMAT.md`): of the index, the keys, the snapshot, an erasure.

use loopgate_ledger::{Erased as Payload, ErasedEntry, Field, Fields, IndexRoot, KeyEvent};
use serde_json::json;

use super::set;
use crate::journal::{Erased, LedgerEvent};

pub(super) fn detail(fact: &LedgerEvent, fields: &mut Fields) {
    match fact {
        LedgerEvent::Indexed { root, leaves } => {
            let root = IndexRoot { root: *root, leaves: *leaves };
            fields.set(Field::Payload, root.to_value());
        }
        LedgerEvent::KeyAnnounced { from, to } => {
            let next = KeyEvent::Next { from: from.clone(), to: to.clone() };
            fields.set(Field::Payload, next.to_payload());
        }
        LedgerEvent::KeyRetired { vkey, size } => {
            let retired = KeyEvent::Retired { retired: vkey.clone(), size: *size };
            fields.set(Field::Payload, retired.to_payload());
        }
        LedgerEvent::KeyRotated { note } => {
            set(fields, Field::Payload, json!({ "note": note }));
        }
        LedgerEvent::Kept { frames, leaves, sha256 } => set(
            fields,
            Field::Payload,
            json!({ "frames": frames, "leaves": leaves, "sha256": hex::encode(sha256) }),
        ),
        LedgerEvent::Shredded { ground, erased, .. } => {
            set(fields, Field::Basis, crate::journal::json(ground));
            fields.set(Field::Payload, payload(erased));
        }
        LedgerEvent::ShredRefused { why, .. } => {
            set(fields, Field::Basis, crate::journal::json(why));
        }
        LedgerEvent::HoldPlaced { case, .. } => {
            set(fields, Field::Basis, json!({ "case": case, "held": true }));
        }
        LedgerEvent::HoldEnded { case, .. } => {
            set(fields, Field::Basis, json!({ "case": case, "held": false }));
        }
        LedgerEvent::Unwitnessed { size, since } => {
            set(fields, Field::Transition, json!({ "cosigned": size, "since_ms": since.0 }));
        }
        LedgerEvent::Configured { part, sha256, says, gone } => set(
            fields,
            Field::Transition,
            json!({ "gone": gone, "part": part, "says": says, "sha256": hex::encode(sha256) }),
        ),
    }
}

fn payload(erased: &[Erased]) -> Vec<u8> {
    Payload { entries: erased.iter().map(entry).collect() }.to_value()
}

/// As many of these erased entries together as one entry's payload may name, and so on to the last.
///
/// # Panics
/// Never: entries are asked for in order, and one alone stands in far fewer chains than would fill it.
pub fn in_payloads(erased: Vec<Erased>) -> Vec<Vec<Erased>> {
    let Ok(payloads) = Payload::split(erased.iter().map(entry).collect()) else {
        unreachable!("erased entries are named in order, each far below a payload's length")
    };
    let mut rest = erased.into_iter();
    payloads.iter().map(|one| rest.by_ref().take(one.entries.len()).collect()).collect()
}

fn entry(one: &Erased) -> ErasedEntry {
    ErasedEntry::new(one.index, |field| match field {
        Field::Subject => one.subject.clone(),
        Field::Patient => one.patient.clone(),
        Field::Parties => one.parties.clone(),
        _ => Vec::new(),
    })
}
