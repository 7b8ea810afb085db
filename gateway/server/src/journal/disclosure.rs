//! What left, and on which basis.

use loopgate_consent::{Dropped, GrantRef, Obligation};
use loopgate_referral::{OrgId, PersonId, ReferralId, ResourceId};
use serde::{Deserialize, Serialize};

/// One disclosure: one person, one recipient, one payload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Disclosure {
    /// Whose data.
    pub person: PersonId,
    /// To whom.
    pub recipient: OrgId,
    /// On which bases.
    pub bases: Vec<BasisUsed>,
    /// Which resources, in which version.
    pub resources: Vec<(ResourceId, u64)>,
    /// About which referral.
    pub referral: Option<ReferralId>,
    /// In which shape.
    pub view: String,
    /// By which way: `fhir`, `cbo-rest`, `push`.
    pub channel: String,
    /// Which mapping file, by SHA-256, if one was used.
    pub mapping: Option<String>,
    /// SHA-256 of the payload.
    #[serde(with = "hex::serde")]
    pub sha256: [u8; 32],
    /// Its length.
    pub bytes: usize,
}

/// A legal basis, as used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "basis")]
pub enum BasisUsed {
    /// The person's consent.
    Consent {
        /// Under which Grant.
        grant: GrantRef,
        /// For which action.
        action: String,
        /// For which purpose of use.
        purpose: Option<String>,
        /// `OK1` or `OK2`.
        code: String,
        /// By which minimum-necessary templates, each `name/version`.
        templates: Vec<String>,
        /// Which field groups passed.
        groups: Vec<String>,
        /// What did not pass.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dropped: Vec<Dropped>,
        /// What the recipient was told along with it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        obligations: Vec<Obligation>,
    },
    /// It returned to its supplier.
    ReturnToSupplier,
    /// The recipient treats the person.
    Treatment,
    /// The recipient works for the supplier.
    BusinessAssociate,
    /// A court or a statute, by this order.
    Law {
        /// Its reference.
        order: String,
    },
    /// An emergency; to be reviewed.
    BreakGlass {
        /// The entry that says why.
        entry: u64,
    },
    /// It went to the person.
    ThePerson,
    /// An audit.
    Audit {
        /// Of this case.
        case: String,
    },
}
