//! The fields of what happened to the log itself. Four payloads are part of the ledger's format, and a
//! verifier reads them (`gateway/ledger/FORMAT.md`): of the index, the keys, the snapshot, an erasure.

use loopgate_ledger::{Erased as Payload, ErasedEntry, Field, Fields, IndexRoot};
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
            set(fields, Field::Payload, json!({ "from": from, "to": to }));
        }
        LedgerEvent::KeyRetired { vkey, size } => {
            set(fields, Field::Payload, json!({ "retired": vkey, "size": size }));
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
    let entry = |one: &Erased| {
        ErasedEntry::new(one.index, |field| match field {
            Field::Subject => one.subject.clone(),
            Field::Patient => one.patient.clone(),
            Field::Parties => one.parties.clone(),
            _ => Vec::new(),
        })
    };
    Payload { entries: erased.iter().map(entry).collect() }.to_value()
}
