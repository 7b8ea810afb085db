//! What happens to the queue of an HL7 v2 link.

use loopgate_referral::{PlacementId, ReferralId};
use serde::{Deserialize, Serialize};

/// One message that a link's other side is to take. What it says is made when it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "to")]
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
