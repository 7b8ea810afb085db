//! What happened to the log itself: its index, its keys, its snapshots, what was erased from it and what
//! may not be.

use loopgate_ledger::Link;
use loopgate_referral::{PersonId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fields::Links;

/// A fact about the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum LedgerEvent {
    /// The root of the verifiable index over every leaf before this one.
    Indexed {
        /// The root.
        #[serde(with = "hex::serde")]
        root: [u8; 32],
        /// How many leaves it covers.
        leaves: u64,
    },
    /// Another key signs from now on, beside the one before it.
    KeyAnnounced {
        /// The key before it.
        from: String,
        /// The new key.
        to: String,
    },
    /// A checkpoint that both keys signed, over the entry that announces the newer one.
    KeyRotated {
        /// The signed note.
        note: String,
    },
    /// A key signs nothing any more.
    KeyRetired {
        /// The key.
        vkey: String,
        /// The size of the last log it signed.
        size: u64,
    },
    /// The fold over these frames was written down.
    Kept {
        /// How many frames.
        frames: u64,
        /// How many leaves.
        leaves: u64,
        /// SHA-256 of the fold.
        #[serde(with = "hex::serde")]
        sha256: [u8; 32],
    },
    /// A person's key is destroyed. Named are the entries that nobody can read from now on, with the
    /// chains they stood in.
    Shredded {
        /// Whose.
        person: PersonId,
        /// Why it was lawful.
        ground: ShredGround,
        /// The entries, in index order; a part of them, if there are many.
        erased: Vec<Erased>,
    },
    /// An erasure was asked for and is not lawful now.
    ShredRefused {
        /// Whose.
        person: PersonId,
        /// Why not.
        why: ShredRefusal,
    },
    /// Nothing about a person may be erased while this case is open.
    HoldPlaced {
        /// Whose.
        person: PersonId,
        /// The case.
        case: String,
    },
    /// A case no longer needs what is held for it.
    HoldEnded {
        /// Whose.
        person: PersonId,
        /// The case.
        case: String,
    },
    /// For a day too few witnesses have cosigned.
    Unwitnessed {
        /// The size of the last cosigned log.
        size: u64,
        /// Since when.
        since: Timestamp,
    },
    /// A part of the configuration is in force from now on: a file of settings, the mappings, an account.
    Configured {
        /// Which part: `loopgate.toml`, `mappings/…`, `staff/NAME`.
        part: String,
        /// SHA-256 of it; zeros, if it is gone.
        #[serde(with = "hex::serde")]
        sha256: [u8; 32],
        /// What it says, where that is for every reader of the log: the roles of an account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        says: Option<String>,
        /// It is gone.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        gone: bool,
    },
}

/// An entry that cannot be read any more, and the chains it stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Its index.
    pub index: u64,
    /// Referrals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject: Vec<Link>,
    /// Persons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patient: Vec<Link>,
    /// Organizations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parties: Vec<Link>,
}

impl Erased {
    /// The chains it stands in.
    pub fn links(&self) -> Links {
        let Erased { subject, patient, parties, .. } = self.clone();
        Links { subject, patient, parties }
    }
}

/// Why an erasure is lawful.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "on")]
pub enum ShredGround {
    /// What has to be kept was kept long enough (45 CFR 164.316(b)(2), 164.528).
    RetentionOver,
    /// A court or an authority ordered it.
    Order {
        /// Its reference.
        order: String,
    },
}

/// Why an erasure is not lawful now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "for")]
pub enum ShredRefusal {
    /// A case is open.
    LegalHold,
    /// It has to be kept until then.
    Retention {
        /// Until when.
        until: Timestamp,
    },
    /// A referral about the person is open.
    OpenReferral,
}

impl LedgerEvent {
    /// Whom it is about. Its entry is kept under the tenant's key all the same: it outlives the person's.
    pub fn about(&self) -> Option<PersonId> {
        match self {
            LedgerEvent::Shredded { person, .. }
            | LedgerEvent::ShredRefused { person, .. }
            | LedgerEvent::HoldPlaced { person, .. }
            | LedgerEvent::HoldEnded { person, .. } => Some(*person),
            _ => None,
        }
    }

    /// The entry's kind.
    pub fn kind(&self) -> &'static str {
        match self {
            LedgerEvent::Indexed { .. } => "ledger.index",
            LedgerEvent::KeyAnnounced { .. } | LedgerEvent::KeyRetired { .. } => "ledger.key",
            LedgerEvent::KeyRotated { .. } => "ledger.rotation",
            LedgerEvent::Kept { .. } => "ledger.snapshot",
            LedgerEvent::Shredded { .. } => "key.shred",
            LedgerEvent::ShredRefused { .. } => "key.shred-refused",
            LedgerEvent::HoldPlaced { .. } => "hold.placed",
            LedgerEvent::HoldEnded { .. } => "hold.ended",
            LedgerEvent::Unwitnessed { .. } => "ledger.unwitnessed",
            LedgerEvent::Configured { .. } => "config.changed",
        }
    }
}
