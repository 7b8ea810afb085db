//! What happens to the queue of an HL7 v2 link: it is stopped and goes on, and a message that the other
//! side refuses again and again is put aside. What is due is no event; it follows from the referrals.

use loopgate_referral::{OrgId, PlacementId, ReferralId};
use serde::{Deserialize, Serialize};

/// One message that a link's other side is to take. What it says is made when it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Due {
    /// The source of a referral is told what its Task says in this version.
    Source {
        /// Which referral.
        referral: ReferralId,
        /// The version of its Task; 1 is the first answer.
        version: u64,
    },
    /// The target of a placement is told what its Task says in this version.
    Target {
        /// Which referral.
        referral: ReferralId,
        /// Which placement.
        placement: PlacementId,
        /// The version of its Task; 1 is the referral itself.
        version: u64,
    },
    /// A holder is told to stop using what it holds of a referral.
    StopUse {
        /// Which referral.
        referral: ReferralId,
        /// The entry of the withdrawal.
        entry: u64,
    },
}

impl Due {
    /// The referral it speaks of.
    pub fn referral(&self) -> ReferralId {
        match self {
            Due::Source { referral, .. }
            | Due::Target { referral, .. }
            | Due::StopUse { referral, .. } => *referral,
        }
    }
}

/// A negative acknowledgement, in its codes alone: its texts may repeat what the message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nack {
    /// MSA-1: AE, AR, CE or CR.
    pub code: String,
    /// One for each ERR, of the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<NackError>,
}

/// One ERR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NackError {
    /// ERR-3.1, if it is a number as table 0357 has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// ERR-2 as `PID-3.1`, if it is a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// A fact about the queue of a link. Who says so is in the entry's own fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum LinkEvent {
    /// Nothing is said to the other side any more; what it says is heard.
    Paused {
        /// Whose link.
        org: OrgId,
    },
    /// What waited is sent, in the order it happened.
    Resumed {
        /// Whose link.
        org: OrgId,
    },
    /// A message is put aside: what comes after it about the same referral waits behind it, and nothing else.
    Parked {
        /// Whose link.
        org: OrgId,
        /// Which message.
        due: Due,
        /// How often the other side refused it before.
        refusals: u32,
        /// What it said the last time; nothing if an operator did not wait for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nack: Option<Nack>,
    },
    /// Whatever number comes next in MSH-13 is the first.
    Resynchronized {
        /// Whose link.
        org: OrgId,
    },
    /// It is tried again.
    Unparked {
        /// Whose link.
        org: OrgId,
        /// Which message.
        due: Due,
    },
}

impl LinkEvent {
    /// Whose link.
    pub fn org(&self) -> &OrgId {
        match self {
            LinkEvent::Paused { org }
            | LinkEvent::Resumed { org }
            | LinkEvent::Resynchronized { org }
            | LinkEvent::Parked { org, .. }
            | LinkEvent::Unparked { org, .. } => org,
        }
    }

    /// The referral of the message it is about, if it is about one.
    pub fn referral(&self) -> Option<ReferralId> {
        match self {
            LinkEvent::Paused { .. }
            | LinkEvent::Resumed { .. }
            | LinkEvent::Resynchronized { .. } => None,
            LinkEvent::Parked { due, .. } | LinkEvent::Unparked { due, .. } => Some(due.referral()),
        }
    }

    /// The entry's kind.
    pub fn kind(&self) -> &'static str {
        match self {
            LinkEvent::Paused { .. } => "link.paused",
            LinkEvent::Resumed { .. } => "link.resumed",
            LinkEvent::Resynchronized { .. } => "link.resynchronized",
            LinkEvent::Parked { .. } => "link.parked",
            LinkEvent::Unparked { .. } => "link.unparked",
        }
    }
}
