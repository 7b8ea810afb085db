//! What the target of a placement was told, and what that leaves to tell.

use super::{Placement, TargetSays};
use crate::{StatusReason, TaskStatus, Timestamp};

impl Placement {
    /// Its target took it, as it was placed or amended to this version: so it was told that much.
    pub(crate) fn took(&mut self, amended: u64, at: Timestamp) {
        self.delivered = amended == self.amended;
        self.told(amended.max(1), at);
        // It was amended while its target was told of it.
        if !self.delivered && !self.state.is_final() {
            self.tell(TargetSays::Amended, at);
        }
    }

    pub(crate) fn told(&mut self, version: u64, at: Timestamp) {
        let first = self.told == 0;
        self.told = self.told.max(version);
        self.due.retain(|news| news.version > version);
        // It was called off while its target was told of it.
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
