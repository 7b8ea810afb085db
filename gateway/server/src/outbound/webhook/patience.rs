//! When to try again, on the monotonic clock, and how often it was tried. It is in memory: a start tries at
//! once.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use loopgate_referral::OrgId;

use super::due::Waiting;
use crate::gate::Gate;
use crate::journal::HookMessage;
use crate::outbound::courier::jittered_ms;

/// A webhook that is to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Try {
    /// Which.
    pub one: Waiting,
    /// Consent said no to it the last time.
    pub denied: bool,
}

/// What a round to one partner came to.
#[derive(Default)]
pub struct Round {
    /// When it began, on the monotonic clock.
    pub began_ms: i64,
    /// What it took.
    pub done: Vec<HookMessage>,
    /// What it said no to.
    pub refused: Vec<HookMessage>,
    /// What consent said no to, or could not be made or recorded.
    pub denied: Vec<HookMessage>,
    /// It is not up to it: for so long at least.
    pub busy: Option<Option<Duration>>,
    /// It wants nothing any more.
    pub gone: bool,
}

#[derive(Default)]
struct Wait {
    until_ms: i64,
    tries: u32,
    denied: bool,
}

#[derive(Default)]
struct Of {
    whole: Wait,
    messages: HashMap<HookMessage, Wait>,
}

/// Who waits until when.
#[derive(Default)]
pub struct Patience(HashMap<OrgId, Of>);

impl Patience {
    /// What may be tried now, of what is due to a partner; so much at most.
    pub fn ready(
        &mut self,
        org: &OrgId,
        due: impl Iterator<Item = Waiting>,
        (now_ms, most): (i64, usize),
    ) -> Vec<Try> {
        let Some(of) = self.0.get_mut(org) else {
            return due.take(most).map(|one| Try { one, denied: false }).collect();
        };
        let rests = of.whole.until_ms > now_ms;
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for one in due {
            if found.len() == most {
                return found;
            }
            seen.insert(one.message);
            // That somebody withdrew waits for nothing but itself.
            let urgent = matches!(one.message, HookMessage::StopUse { .. });
            let wait = of.messages.get(&one.message);
            if (rests && !urgent) || wait.is_some_and(|wait| wait.until_ms > now_ms) {
                continue;
            }
            found.push(Try { one, denied: wait.is_some_and(|wait| wait.denied) });
        }
        // All of it was seen: what is due no more is forgotten.
        of.messages.retain(|message, _| seen.contains(message));
        found
    }

    /// It is tried at once.
    pub fn forget(&mut self, org: &OrgId) {
        self.0.remove(org);
    }

    /// Learns from a round.
    pub fn learn(&mut self, gate: &Gate, org: &OrgId, round: &Round) {
        let began_ms = round.began_ms;
        let of = self.0.entry(org.clone()).or_default();
        if !round.done.is_empty() {
            of.whole = Wait::default();
        }
        if let Some(asked) = round.busy {
            let asked = asked.map_or(0, |wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
            of.whole.until_ms = began_ms + jittered_ms(gate, of.whole.tries).max(asked);
            of.whole.tries += 1;
        }
        for message in &round.done {
            // It is due no more, as soon as that is seen.
            let until_ms = began_ms + jittered_ms(gate, 0);
            of.messages.insert(*message, Wait { until_ms, ..Wait::default() });
        }
        let denied = round.denied.iter().map(|message| (message, true));
        for (message, denied) in round.refused.iter().map(|one| (one, false)).chain(denied) {
            let wait = of.messages.entry(*message).or_default();
            wait.until_ms = began_ms + jittered_ms(gate, wait.tries);
            wait.tries += 1;
            wait.denied = denied;
        }
    }
}
