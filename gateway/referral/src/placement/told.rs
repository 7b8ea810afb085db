//! What the target of a placement was told, and what that leaves to tell.

use super::{Placement, TargetNews, TargetSays};
use crate::{StatusReason, TaskStatus, Timestamp};

impl Placement {
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
        if first && version < self.version && self.due.is_empty() && self.is_called_off() {
            let says = match (self.state.status(), &self.reason) {
                (TaskStatus::EnteredInError, _) => TargetSays::EnteredInError,
                (_, Some(why)) => TargetSays::Cancelled(why.clone()),
                (_, None) => TargetSays::Cancelled(StatusReason::called_off()),
            };
            self.tell(says, at);
        }
    }
}
