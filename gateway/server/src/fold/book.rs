//! What the log says of itself: its newest index, its keys, its newest snapshot, legal holds, who was
//! erased, which configuration is in force.

use std::collections::{BTreeMap, BTreeSet};

use loopgate_referral::{PersonId, Timestamp};
use serde::{Deserialize, Serialize};

use super::Place;
use crate::journal::LedgerEvent;

/// A key that was announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// The key before it.
    pub from: String,
    /// The key.
    pub to: String,
    /// The entry that says so.
    pub entry: u64,
    /// When.
    pub at: Timestamp,
    /// The checkpoint that both signed, once there is one.
    pub note: Option<String>,
    /// The size of the last log that the key before it signed, once it is retired.
    pub retired: Option<u64>,
}

/// A snapshot of the fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// How many frames it covers.
    pub frames: u64,
    /// How many leaves.
    pub leaves: u64,
    /// SHA-256 of it.
    pub sha256: [u8; 32],
}

/// A fold of [`LedgerEvent`]s.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Book {
    /// When the first entry was recorded.
    pub begun: Option<Timestamp>,
    /// The entry of the newest index, and when it was made.
    pub indexed: Option<(u64, Timestamp)>,
    /// Keys after the first, oldest first.
    pub keys: Vec<Announced>,
    /// The newest snapshot.
    pub kept: Option<Kept>,
    /// Open cases, by the person whose data they need.
    pub holds: BTreeMap<PersonId, BTreeSet<String>>,
    /// Who was erased, in which frame.
    pub shredded: BTreeMap<PersonId, u64>,
    /// Parts of the configuration in force.
    pub configured: BTreeMap<String, [u8; 32]>,
    /// When a day without enough witnesses was last written down.
    pub unwitnessed_at: Option<Timestamp>,
    /// When anything about a person was last recorded.
    pub last_about: BTreeMap<PersonId, Timestamp>,
}

impl Book {
    /// Two persons are one: what either is needed for keeps both.
    pub(super) fn merge(&mut self, survivor: PersonId, retired: PersonId) {
        if let Some(cases) = self.holds.remove(&retired) {
            self.holds.entry(survivor).or_default().extend(cases);
        }
        if let Some(at) = self.last_about.get(&retired).copied() {
            let last = self.last_about.entry(survivor).or_insert(at);
            *last = at.max(*last);
        }
    }

    pub(super) fn evolve(&mut self, event: &LedgerEvent, place: Place) {
        match event {
            LedgerEvent::Indexed { .. } => self.indexed = Some((place.index, place.at)),
            LedgerEvent::KeyAnnounced { from, to } => self.keys.push(Announced {
                from: from.clone(),
                to: to.clone(),
                entry: place.index,
                at: place.at,
                note: None,
                retired: None,
            }),
            LedgerEvent::KeyRotated { note } => {
                if let Some(key) = self.keys.iter_mut().find(|key| key.note.is_none()) {
                    key.note = Some(note.clone());
                }
            }
            LedgerEvent::KeyRetired { vkey, size } => {
                if let Some(key) = self.keys.iter_mut().find(|key| key.from == *vkey) {
                    key.retired = Some(*size);
                }
            }
            LedgerEvent::Kept { frames, leaves, sha256 } => {
                self.kept = Some(Kept { frames: *frames, leaves: *leaves, sha256: *sha256 });
            }
            LedgerEvent::Shredded { person, .. } => {
                self.shredded.entry(*person).or_insert(place.sequence);
            }
            LedgerEvent::HoldPlaced { person, case } => {
                self.holds.entry(*person).or_default().insert(case.clone());
            }
            LedgerEvent::HoldEnded { person, case } => {
                let cases = self.holds.entry(*person).or_default();
                cases.remove(case);
                if cases.is_empty() {
                    self.holds.remove(person);
                }
            }
            LedgerEvent::Unwitnessed { .. } => self.unwitnessed_at = Some(place.at),
            LedgerEvent::Configured { part, sha256, gone, .. } => {
                if *gone {
                    self.configured.remove(part);
                } else {
                    self.configured.insert(part.clone(), *sha256);
                }
            }
            LedgerEvent::ShredRefused { .. } => {}
        }
    }
}
