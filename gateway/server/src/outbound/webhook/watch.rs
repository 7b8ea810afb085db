//! What is seen of each receiver since the gateway was started: in memory, and nothing about any person.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock, PoisonError};

use loopgate_referral::{OrgId, Timestamp};
use tokio::runtime::Handle;

use super::post::{Post, Tried};

/// What is seen of one receiver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Since when it has taken nothing.
    pub failing: Option<Timestamp>,
    /// Failures since it last took something.
    pub failures: u64,
    /// When it last took something.
    pub taken: Option<Timestamp>,
    /// What it took.
    pub count: u64,
    /// The last failure: when, and its status if it answered.
    pub failed: Option<(Timestamp, Option<u16>)>,
}

/// What is seen of all receivers, and the way to send to them.
#[derive(Default)]
pub struct Watch {
    seen: Mutex<BTreeMap<OrgId, Seen>>,
    eager: Mutex<BTreeSet<OrgId>>,
    way: OnceLock<(Handle, Post)>,
}

impl Watch {
    /// What was seen of a receiver.
    pub fn of(&self, org: &OrgId) -> Seen {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(org).cloned().unwrap_or_default()
    }

    /// A receiver was sent something, and this came of it.
    pub fn note(&self, org: &OrgId, tried: Tried, now: Timestamp) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.entry(org.clone()).or_default();
        let status = match tried {
            Tried::Taken => {
                (seen.taken, seen.failing, seen.failures) = (Some(now), None, 0);
                seen.count += 1;
                return;
            }
            Tried::Denied => return,
            Tried::Refused(status) => Some(status),
            Tried::Gone => Some(410),
            Tried::Busy(status, _) => status,
            Tried::Unsent => None,
        };
        seen.failing = seen.failing.or(Some(now));
        seen.failures += 1;
        seen.failed = Some((now, status));
    }

    /// From now on it has failed at nothing, and is tried at once.
    pub fn afresh(&self, org: &OrgId) {
        if let Some(seen) = self.seen.lock().unwrap_or_else(PoisonError::into_inner).get_mut(org) {
            (seen.failing, seen.failures) = (None, 0);
        }
        self.eager.lock().unwrap_or_else(PoisonError::into_inner).insert(org.clone());
    }

    /// Who is to be tried at once.
    pub fn eager(&self) -> BTreeSet<OrgId> {
        std::mem::take(&mut *self.eager.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on webhooks are sent this way.
    pub fn begin(&self, post: Post) {
        // It begins once.
        let _ = self.way.set((Handle::current(), post));
    }

    /// The way webhooks are sent; none in a gateway that is down.
    pub fn way(&self) -> Option<&(Handle, Post)> {
        self.way.get()
    }
}
