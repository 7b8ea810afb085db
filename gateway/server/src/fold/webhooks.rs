//! Webhooks of partners that are pushed to: which are stopped, what was told, and what is told again.

use std::collections::{BTreeMap, VecDeque};

use loopgate_referral::{
    Event as ReferralEvent, OrgId, Placement, Referral, TargetNews, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{Place, World};
use crate::journal::{HookKind, HookMessage, HookStop, WebhookEvent};

/// For how long it is remembered what was told, and of how much at most.
const TOLD_DAYS: u32 = 30;
const TOLD_MAX: usize = 1000;

/// A message that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldHook {
    /// When what it says happened.
    pub at: Timestamp,
    /// Which.
    pub message: HookMessage,
}

/// The webhooks of one partner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// Since when nothing is sent, and why, if it is so.
    pub disabled: Option<(Timestamp, HookStop)>,
    /// Since when it has taken nothing, once that is worth an entry.
    pub failing: Option<Timestamp>,
    /// What it was told, oldest first.
    pub told: VecDeque<ToldHook>,
    /// What it is told again.
    pub again: Vec<ToldHook>,
}

/// A fold of [`WebhookEvent`]s, and of what was told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhooks(BTreeMap<OrgId, Hook>);

impl Webhooks {
    pub(super) fn evolve(&mut self, fact: &WebhookEvent, place: Place) {
        let hook = self.0.entry(fact.org().clone()).or_default();
        match fact {
            WebhookEvent::Failing { since, .. } => hook.failing = Some(*since),
            WebhookEvent::Disabled { why, .. } => hook.disabled = Some((place.at, *why)),
            WebhookEvent::Enabled { .. } => (hook.disabled, hook.failing) = (None, None),
            WebhookEvent::Replayed { since, .. } => {
                let again = hook.told.iter().filter(|one| one.at >= *since);
                let again: Vec<ToldHook> = again.copied().collect();
                hook.again.retain(|one| one.at < *since);
                hook.again.extend(again);
            }
            WebhookEvent::ToldAgain { message, .. } => {
                hook.again.retain(|one| one.message != *message);
                hook.failing = None;
            }
        }
    }

    /// A target's system took something, which its placement still has as due.
    pub(super) fn note(&mut self, referral: &Referral, fact: &ReferralEvent, now: Timestamp) {
        let (id, newest, all) = match fact {
            ReferralEvent::Delivered { placement, amended } => {
                (placement, (*amended).max(1), false)
            }
            ReferralEvent::TargetTold { placement, version } => (placement, *version, true),
            _ => return,
        };
        let Some(placement) = referral.placement(id) else { return };
        for news in &placement.due {
            if news.version <= newest && (all || news.says.is_delivery()) {
                let message = message(referral, placement, news);
                self.told(&placement.target, ToldHook { at: news.at, message }, now);
            }
        }
    }

    /// A holder took a message.
    pub(super) fn told(&mut self, org: &OrgId, one: ToldHook, now: Timestamp) {
        let hook = self.0.entry(org.clone()).or_default();
        hook.failing = None;
        hook.told.push_back(one);
        while hook.told.len() > TOLD_MAX
            || hook.told.front().is_some_and(|old| old.at.plus_days(TOLD_DAYS) < now)
        {
            hook.told.pop_front();
        }
    }

    /// The webhooks of a partner; none if nothing ever happened to them.
    pub fn of(&self, org: &OrgId) -> Option<&Hook> {
        self.0.get(org)
    }

    /// Whether nothing is sent to it.
    pub fn is_disabled(&self, org: &OrgId) -> bool {
        self.of(org).is_some_and(|hook| hook.disabled.is_some())
    }

    /// Whether a fact would change nothing.
    pub fn is_so(&self, fact: &WebhookEvent) -> bool {
        let hook = self.of(fact.org());
        match fact {
            WebhookEvent::Failing { .. } => hook.is_some_and(|one| one.failing.is_some()),
            WebhookEvent::Disabled { org, .. } => self.is_disabled(org),
            WebhookEvent::Enabled { org } => !self.is_disabled(org),
            WebhookEvent::Replayed { since, .. } => {
                !hook.is_some_and(|hook| hook.told.iter().any(|one| one.at >= *since))
            }
            WebhookEvent::ToldAgain { message, .. } => {
                !hook.is_some_and(|hook| hook.again.iter().any(|one| one.message == *message))
            }
        }
    }
}

impl World {
    /// Which targets are to be told something of a referral, or were before it changed.
    pub(super) fn owe(&mut self, referral: &Referral, now: bool) {
        for placement in &referral.placements {
            let Some(first) = placement.due.first() else { continue };
            let owed = self.untold.entry(placement.target.clone()).or_default();
            if now {
                owed.insert((first.at, referral.id));
            } else {
                owed.remove(&(first.at, referral.id));
            }
        }
    }

    /// A holder was told to stop.
    pub(super) fn note_stop_use(&mut self, org: &OrgId, entry: u64, now: Timestamp) {
        if let Some(notice) = self.notices.of.get(&(entry, org.clone())) {
            let one = ToldHook { at: notice.at, message: HookMessage::StopUse { entry } };
            self.webhooks.told(org, one, now);
        }
    }
}

/// The message that tells a piece of news.
pub fn message(referral: &Referral, placement: &Placement, news: &TargetNews) -> HookMessage {
    let kind = HookKind::of(&news.says);
    // What it has not been told it is told as it is now.
    let version = if kind == HookKind::Created { placement.amended } else { news.version };
    HookMessage::News { referral: referral.id, placement: placement.id, version, kind }
}
