//! What happens to the e-mails of an organization: its address refuses them, and takes them again; and to
//! the PIN of its page, when it is forgotten. Nothing of a person is here.

use loopgate_referral::{OrgId, PlacementId, Timestamp};
use serde::{Deserialize, Serialize};

/// How it became known that an address takes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bounce {
    /// The submission server refused it for good.
    Refused,
    /// A delivery status notification (RFC 3464) said so.
    Reported,
}

/// A fact about e-mails and PINs. Who says so is in the entry's own fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum MailEvent {
    /// Its address takes nothing: nothing is sent there until its file changes, or an operator says so.
    Bounced {
        /// Whose.
        org: OrgId,
        /// How that is known.
        how: Bounce,
        /// The status code (RFC 3463), or the reply code of the submission server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
    },
    /// An operator says that its address takes e-mails again.
    Mended {
        /// Whose.
        org: OrgId,
    },
    /// What was sent to an address that took nothing was sent again.
    SentAgain {
        /// To whom.
        org: OrgId,
        /// About which placements.
        placements: Vec<PlacementId>,
    },
    /// Somebody at its page says that its PIN is forgotten: a link goes to its address.
    RecoveryAsked {
        /// Whose.
        org: OrgId,
        /// Until when the link is good.
        until: Timestamp,
    },
    /// The link went out.
    RecoverySent {
        /// Whose.
        org: OrgId,
        /// The how many-eth link of its own it was.
        epoch: u32,
    },
    /// The phone desk has a code for it.
    CodeMade {
        /// Whose.
        org: OrgId,
        /// Until when the code is good.
        until: Timestamp,
    },
    /// It has another PIN.
    PinChanged {
        /// Whose.
        org: OrgId,
        /// The hash of the PIN in its file, which this one is instead of until the file has another.
        instead_of: String,
        /// The hash of the new one.
        hash: String,
    },
    /// Its address was told so.
    PinChangeSent {
        /// Whose.
        org: OrgId,
    },
}

impl MailEvent {
    /// Whose.
    pub fn org(&self) -> &OrgId {
        match self {
            MailEvent::Bounced { org, .. }
            | MailEvent::Mended { org }
            | MailEvent::SentAgain { org, .. }
            | MailEvent::RecoveryAsked { org, .. }
            | MailEvent::RecoverySent { org, .. }
            | MailEvent::CodeMade { org, .. }
            | MailEvent::PinChanged { org, .. }
            | MailEvent::PinChangeSent { org } => org,
        }
    }

    /// The entry's kind.
    pub fn kind(&self) -> &'static str {
        match self {
            MailEvent::Bounced { .. } => "email.bounced",
            MailEvent::Mended { .. } => "email.mended",
            MailEvent::SentAgain { .. } => "email.sent-again",
            MailEvent::RecoveryAsked { .. } => "pin.recovery-asked",
            MailEvent::RecoverySent { .. } => "pin.recovery-sent",
            MailEvent::CodeMade { .. } => "pin.code-made",
            MailEvent::PinChanged { .. } => "pin.changed",
            MailEvent::PinChangeSent { .. } => "pin.change-sent",
        }
    }
}
