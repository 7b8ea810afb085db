//! When to try again, on the monotonic clock, and how often it was tried. It is in memory: a start tries
//! at once.

use std::collections::{HashMap, HashSet};

use loopgate_referral::OrgId;

use crate::gate::Gate;
use crate::journal::Due;
use crate::outbound::courier::delay_ms;

/// What a round on one link came to.
pub struct Round {
    /// Which link.
    pub link: OrgId,
    /// The other side answered to all it was told.
    pub reached: bool,
    /// What it took.
    pub taken: Vec<Due>,
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

/// Refusals of one message after which it is said in the log that somebody should look.
const REFUSALS_MAX: u32 = 5;

/// Who waits until when.
#[derive(Default)]
pub struct Patience {
    links: HashMap<OrgId, (i64, u32)>,
    messages: HashMap<Due, (i64, u32)>,
    /// Denied before: asked again without an entry for each time.
    denied: HashSet<Due>,
}

impl Patience {
    /// Whether nothing is to be tried on a link now.
    pub fn rests(&self, link: &OrgId, now: i64) -> bool {
        self.links.get(link).is_some_and(|(at, _)| *at > now)
    }

    /// Whether a message may be tried now.
    pub fn is_open(&self, due: &Due, now: i64) -> bool {
        self.messages.get(due).is_none_or(|(at, _)| *at <= now)
    }

    /// Whether consent said no to it the last time.
    pub fn was_denied(&self, due: &Due) -> bool {
        self.denied.contains(due)
    }

    /// Learns from a round.
    pub fn learn(&mut self, gate: &Gate, round: Round) {
        let now = gate.clock.monotonic_ms();
        let Round { link, reached, taken, refused } = round;
        if reached {
            self.links.remove(&link);
        } else {
            let count = self.links.get(&link).map_or(0, |(_, count)| *count);
            self.links.insert(link, (now + jittered(gate, count), count + 1));
        }
        for due in taken {
            self.messages.remove(&due);
            self.denied.remove(&due);
        }
        for (due, no) in refused {
            let count = self.messages.get(&due).map_or(0, |(_, count)| *count);
            if count + 1 == REFUSALS_MAX {
                let referral = due.referral();
                tracing::error!(%referral, "a referral response is refused again and again");
            }
            self.messages.insert(due, (now + jittered(gate, count), count + 1));
            if no == No::Denied {
                self.denied.insert(due);
            }
        }
    }
}

/// The delay, shortened by up to a quarter, so that links do not all try at once.
fn jittered(gate: &Gate, tries: u32) -> i64 {
    let delay = delay_ms(&gate.config.delivery, tries);
    let mut random = [0; 2];
    gate.clock.random(&mut random);
    delay - delay / 4 * i64::from(u16::from_be_bytes(random)) / i64::from(u16::MAX)
}
