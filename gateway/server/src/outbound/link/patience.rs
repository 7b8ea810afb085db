//! When to try again, on the monotonic clock, and how often it was tried. It is in memory: a start tries
//! at once.

use std::collections::{BTreeMap, HashMap, HashSet};

use loopgate_referral::OrgId;

use super::due::Waiting;
use crate::gate::Gate;
use crate::journal::Due;
use crate::outbound::courier::jittered_ms;

/// A message that is to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Try {
    /// Which.
    pub due: Due,
    /// How often the other side refused it before.
    pub refusals: u32,
    /// Consent said no to it the last time.
    pub denied: bool,
}

/// What a round on one link came to.
pub struct Round {
    /// Which link.
    pub link: OrgId,
    /// The other side answered to all it was told.
    pub reached: bool,
    /// What it took, and what was put aside.
    pub done: Vec<Due>,
    /// What it, or consent, said no to.
    pub refused: Vec<(Due, No)>,
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum No {
    /// The other side refused it.
    Theirs,
    /// Consent does not let it pass.
    Denied,
    /// It could not be made.
    Unmade,
}

/// Who waits until when.
#[derive(Default)]
pub struct Patience {
    links: HashMap<OrgId, (i64, u32)>,
    /// Until when, how often it was tried, how often the other side refused it.
    messages: HashMap<Due, (i64, u32, u32)>,
    /// Denied before: asked again without an entry for each time.
    denied: HashSet<Due>,
}

impl Patience {
    /// Forgets what waits no more.
    pub fn keep(&mut self, waiting: &BTreeMap<OrgId, Vec<Waiting>>) {
        let waits: HashSet<Due> = waiting.values().flatten().map(|one| one.due).collect();
        self.messages.retain(|due, _| waits.contains(due));
        self.denied.retain(|due| waits.contains(due));
    }

    /// Whether nothing is to be tried on a link now.
    pub fn rests(&self, link: &OrgId, now: i64) -> bool {
        self.links.get(link).is_some_and(|(at, _)| *at > now)
    }

    /// A message, if it may be tried now.
    pub fn of(&self, due: Due, now: i64) -> Option<Try> {
        let (at, _, refusals) = self.messages.get(&due).copied().unwrap_or((i64::MIN, 0, 0));
        (at <= now).then_some(Try { due, refusals, denied: self.denied.contains(&due) })
    }

    /// What is not to be tried yet.
    pub fn later(&self, now: i64) -> HashSet<Due> {
        let waits = self.messages.iter().filter(|(_, (at, ..))| *at > now);
        waits.map(|(due, _)| *due).collect()
    }

    /// Learns from a round.
    pub fn learn(&mut self, gate: &Gate, round: Round) {
        let now = gate.clock.monotonic_ms();
        let Round { link, reached, done, refused } = round;
        if reached {
            self.links.remove(&link);
        } else {
            // Who took something is there: the wait begins anew.
            let known = self.links.get(&link).filter(|_| done.is_empty());
            let count = known.map_or(0, |(_, count)| *count);
            self.links.insert(link, (now + jittered_ms(gate, count), count + 1));
        }
        for due in done {
            self.messages.remove(&due);
            self.denied.remove(&due);
        }
        for (due, no) in refused {
            let (_, tries, refusals) = self.messages.get(&due).copied().unwrap_or_default();
            let refusals = refusals + u32::from(no == No::Theirs);
            self.messages.insert(due, (now + jittered_ms(gate, tries), tries + 1, refusals));
            if no == No::Denied {
                self.denied.insert(due);
            }
        }
    }
}
