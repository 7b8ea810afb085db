//! What happens to the webhooks of a partner that is pushed to: they are stopped and go on, and what was
//! told is told again. What is due is no event; it follows from the referrals.

use loopgate_referral::{OrgId, PlacementId, ReferralId, TargetSays, Timestamp};
use serde::{Deserialize, Serialize};

/// What a webhook says happened to a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookKind {
    /// There is one for it.
    Created,
    /// Its source changed what it says.
    Amended,
    /// Its source asks it to stop.
    CancelRequested,
    /// It is off.
    Cancelled,
    /// Its source wrote to it.
    Commented,
}

impl HookKind {
    /// What a piece of news is to a receiver.
    pub fn of(says: &TargetSays) -> HookKind {
        match says {
            TargetSays::Placed => HookKind::Created,
            TargetSays::Amended => HookKind::Amended,
            TargetSays::CancelAsked(_) => HookKind::CancelRequested,
            TargetSays::Cancelled(_) | TargetSays::EnteredInError => HookKind::Cancelled,
            TargetSays::Commented(_) => HookKind::Commented,
        }
    }

    /// `type` of the payload.
    pub fn name(self) -> &'static str {
        match self {
            HookKind::Created => "referral.created",
            HookKind::Amended => "referral.amended",
            HookKind::CancelRequested => "referral.cancel-requested",
            HookKind::Cancelled => "referral.cancelled",
            HookKind::Commented => "comment.created",
        }
    }

    /// Whether it says what the referral is.
    pub fn is_delivery(self) -> bool {
        matches!(self, HookKind::Created | HookKind::Amended)
    }

    /// Whether it says that the target has to stop, which it is told whatever consent says by now.
    pub fn is_closing(self) -> bool {
        matches!(self, HookKind::CancelRequested | HookKind::Cancelled)
    }
}

/// One message to a receiver. What it says is made when it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookMessage {
    /// Something happened to a referral.
    News {
        /// Which referral.
        referral: ReferralId,
        /// Which placement.
        placement: PlacementId,
        /// The version of its Task that it tells; 0 is the placement as it was placed.
        version: u64,
        /// What happened.
        kind: HookKind,
    },
    /// A person withdrew: stop using what is held.
    StopUse {
        /// The entry of the withdrawal.
        entry: u64,
    },
}

impl HookMessage {
    /// `webhook-id`: the same each time it is sent.
    pub fn id(&self) -> String {
        match self {
            HookMessage::News { placement, version: 0, .. } => placement.to_string(),
            HookMessage::News { placement, version, .. } => format!("{placement}-{version}"),
            HookMessage::StopUse { entry } => format!("ntc_{entry}"),
        }
    }

    /// `type` of the payload.
    pub fn kind(&self) -> &'static str {
        match self {
            HookMessage::News { kind, .. } => kind.name(),
            HookMessage::StopUse { .. } => "notice.stop-use",
        }
    }

    /// The referral it is about, if it is about one.
    pub fn referral(&self) -> Option<ReferralId> {
        match self {
            HookMessage::News { referral, .. } => Some(*referral),
            HookMessage::StopUse { .. } => None,
        }
    }
}

/// Why nothing is sent to a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookStop {
    /// It answered 410.
    Gone,
    /// It took nothing for so long.
    Failing,
    /// An operator said so.
    Operator,
}

impl HookStop {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            HookStop::Gone => "gone",
            HookStop::Failing => "failing",
            HookStop::Operator => "operator",
        }
    }
}

/// A fact about a partner's webhooks. Who says so is in the entry's own fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum WebhookEvent {
    /// It has taken nothing since then.
    Failing {
        /// Whose.
        org: OrgId,
        /// Since when.
        since: Timestamp,
    },
    /// Nothing is sent to it any more; what is due waits.
    Disabled {
        /// Whose.
        org: OrgId,
        /// Why.
        why: HookStop,
    },
    /// What waited is sent.
    Enabled {
        /// Whose.
        org: OrgId,
    },
    /// What it was told of that happened at this instant or after is told again, under the same ids.
    Replayed {
        /// Whose.
        org: OrgId,
        /// From when on.
        since: Timestamp,
    },
    /// It took a message that was told again.
    ToldAgain {
        /// Whose.
        org: OrgId,
        /// Which.
        message: HookMessage,
    },
}

impl WebhookEvent {
    /// Whose webhooks.
    pub fn org(&self) -> &OrgId {
        match self {
            WebhookEvent::Failing { org, .. }
            | WebhookEvent::Disabled { org, .. }
            | WebhookEvent::Enabled { org }
            | WebhookEvent::Replayed { org, .. }
            | WebhookEvent::ToldAgain { org, .. } => org,
        }
    }

    /// The referral of the message it is about, if it is about one.
    pub fn referral(&self) -> Option<ReferralId> {
        match self {
            WebhookEvent::ToldAgain { message, .. } => message.referral(),
            _ => None,
        }
    }

    /// The entry's kind.
    pub fn kind(&self) -> &'static str {
        match self {
            WebhookEvent::Failing { .. } => "webhook.failing",
            WebhookEvent::Disabled { .. } => "webhook.disabled",
            WebhookEvent::Enabled { .. } => "webhook.enabled",
            WebhookEvent::Replayed { .. } => "webhook.replayed",
            WebhookEvent::ToldAgain { .. } => "webhook.told-again",
        }
    }
}
