//! What a target is to be told of its placement, and what it has been told.

use serde::{Deserialize, Serialize};

use super::Placement;
use crate::{StatusReason, TaskStatus, Timestamp};

/// One thing to tell a target that does not ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetNews {
    /// The version of the placement's Task that it made.
    pub version: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What.
    pub says: TargetSays,
}

/// What there is to tell a target. Whether it may read the words of a reason is the release decision's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TargetSays {
    /// A referral for it.
    Placed,
    /// Its source changed what it says; the state stays.
    Amended,
    /// Its source asks it to stop.
    CancelAsked(StatusReason),
    /// It is off: its source called it off, or consent ended before it was accepted.
    Cancelled(StatusReason),
    /// It should never have been sent.
    EnteredInError,
    /// Its source wrote to it.
    Commented(String),
}

impl TargetSays {
    /// Whether it says what the referral is: what a delivery carries.
    pub fn is_delivery(&self) -> bool {
        matches!(self, TargetSays::Placed | TargetSays::Amended)
    }

    /// Whether it asks the target to stop, or says that it is off.
    pub fn is_closing(&self) -> bool {
        !matches!(self, TargetSays::Placed | TargetSays::Amended | TargetSays::Commented(_))
    }
}

impl Placement {
    /// The newest of a kind is enough.
    pub(super) fn tell(&mut self, says: TargetSays, at: Timestamp) {
        let kind = std::mem::discriminant(&says);
        if !matches!(says, TargetSays::Commented(_)) {
            self.due.retain(|news| std::mem::discriminant(&news.says) != kind);
        }
        self.due.push(TargetNews { version: self.version, at, says });
    }

    /// What is over is not asked for any more, and who was never told of it is told nothing.
    pub(super) fn end_news(&mut self, says: TargetSays, at: Timestamp) {
        let untold = self.due.iter().any(|news| news.says == TargetSays::Placed);
        self.due.clear();
        if !untold && !self.taken_back && !self.rerouted {
            self.tell(says, at);
        }
    }

    /// Its target's system took what it said as amended to that version; 0: as it was placed.
    pub(crate) fn deliver(&mut self, amended: u64, at: Timestamp) {
        self.delivered = amended == self.amended;
        let first = self.told == 0;
        self.told = self.told.max(1);
        let newest = amended.max(1);
        let taken = |news: &TargetNews| news.says.is_delivery() && news.version <= newest;
        self.due.retain(|news| !taken(news));
        // It was amended while it was under way.
        let amends = |news: &TargetNews| news.says == TargetSays::Amended;
        if !self.delivered && !self.state.is_final() && !self.due.iter().any(amends) {
            let version = self.amended;
            self.due.push(TargetNews { version, at, says: TargetSays::Amended });
            self.due.sort_by_key(|news| news.version);
        }
        self.learn_end((first, newest), at);
    }

    pub(crate) fn told(&mut self, version: u64, at: Timestamp) {
        let first = self.told == 0;
        self.told = self.told.max(version);
        self.due.retain(|news| news.version > version);
        self.learn_end((first, version), at);
    }

    /// It was called off while its target was told of it for the first time, as it was in this version.
    fn learn_end(&mut self, (first, version): (bool, u64), at: Timestamp) {
        let gone = self.taken_back || self.rerouted;
        if first && version < self.version && self.due.is_empty() && self.is_called_off() && !gone {
            let says = match (self.state.status(), &self.reason) {
                (TaskStatus::EnteredInError, _) => TargetSays::EnteredInError,
                (_, Some(why)) => TargetSays::Cancelled(why.clone()),
                (_, None) => TargetSays::Cancelled(StatusReason::called_off()),
            };
            self.tell(says, at);
        }
    }
}
