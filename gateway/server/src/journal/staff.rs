//! What staff did, and what somebody in an emergency did that staff have to look at.

use loopgate_consent::GrantDraft;
use loopgate_referral::{OrgId, PersonId, ReferralId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::staff::StaffName;

/// A fact about staff, or for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum StaffEvent {
    /// Somebody signed in, or tried to.
    SignIn {
        /// Who.
        staff: StaffName,
        /// Password and one-time password were right.
        right: bool,
        /// The step of the one-time password, which is good once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<u64>,
    },
    /// A first person read a form; a second has to read the same.
    Proposed {
        /// Who.
        by: StaffName,
        /// What they read.
        says: GrantDraft,
    },
    /// A link of their own was made for a person.
    LinkMade {
        /// By whom.
        by: StaffName,
        /// For whom.
        person: PersonId,
        /// For somebody who speaks for them.
        proxy: bool,
    },
    /// All links that were made for a person, or who speaks for them, lead nowhere any more.
    LinksEnded {
        /// By whom.
        by: StaffName,
        /// Of whom.
        person: PersonId,
    },
    /// A clinician broke the glass: what is known of a person may be read for an hour.
    GlassBroken {
        /// Of which organization.
        org: OrgId,
        /// About whom.
        person: PersonId,
        /// Why, in their words.
        reason: String,
        /// A medical emergency (42 CFR 2.51).
        medical_emergency: bool,
        /// When; a commit's own time may be a little ahead of the clock's.
        at: Timestamp,
    },
    /// Somebody looked at an emergency access.
    GlassReviewed {
        /// Who.
        by: StaffName,
        /// The entry of the emergency.
        entry: u64,
        /// About whom it was.
        person: PersonId,
        /// It was one.
        justified: bool,
    },
    /// Somebody entered what an organization said on the phone; the act itself is an entry of its own,
    /// the organization's.
    Entered {
        /// Who.
        by: StaffName,
        /// Whose answer it is.
        org: OrgId,
        /// On which referral.
        referral: ReferralId,
        /// About whom.
        person: PersonId,
        /// Which act.
        act: String,
    },
    /// Somebody entered the code of a sheet, and there is none.
    WrongReplyCode {
        /// Who.
        by: StaffName,
    },
    /// An auditor looked, and what was shown is about nobody: partners, or that there is nothing.
    Looked {
        /// The recipient.
        org: OrgId,
        /// Who of them, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// Of which case.
        case: String,
        /// In which shape: `search`, `roster`.
        view: String,
    },
    /// An auditor asks who somebody is, whom they know by a pseudonym.
    RevealAsked {
        /// The recipient.
        org: OrgId,
        /// Who of them, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// About whom.
        person: PersonId,
        /// Of which case.
        case: String,
        /// Why, in their words.
        reason: String,
        /// When; a commit's own time may be a little ahead of the clock's.
        at: Timestamp,
    },
    /// A second person agreed that the first may learn who it is.
    RevealConfirmed {
        /// Who.
        by: StaffName,
        /// The entry of the question.
        entry: u64,
        /// About whom.
        person: PersonId,
        /// When.
        at: Timestamp,
    },
}

impl StaffEvent {
    /// Whose key it is kept under.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            StaffEvent::SignIn { .. }
            | StaffEvent::WrongReplyCode { .. }
            | StaffEvent::Looked { .. } => None,
            StaffEvent::Proposed { says, .. } => Some(says.person),
            StaffEvent::LinkMade { person, .. }
            | StaffEvent::LinksEnded { person, .. }
            | StaffEvent::Entered { person, .. }
            | StaffEvent::GlassBroken { person, .. }
            | StaffEvent::GlassReviewed { person, .. }
            | StaffEvent::RevealAsked { person, .. }
            | StaffEvent::RevealConfirmed { person, .. } => Some(*person),
        }
    }
}
