//! A consent token, as far as the log knows it: never the token itself.

use loopgate_consent::GrantRef;
use loopgate_referral::{OrgId, PersonId, Timestamp};
use serde::{Deserialize, Serialize};

/// A token that was made of a Grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minted {
    /// About whom.
    pub person: PersonId,
    /// For whom.
    pub recipient: OrgId,
    /// Of which Grant, in which version.
    pub grant: GrantRef,
    /// SHA-256 of its `jti`.
    #[serde(with = "hex::serde")]
    pub jti: [u8; 32],
    /// Until when it is good.
    pub until: Timestamp,
}
