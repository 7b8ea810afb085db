//! The queues of HL7 v2 links: which are stopped, and which of their messages are put aside.

use std::collections::BTreeMap;

use loopgate_referral::{OrgId, Timestamp};
use serde::{Deserialize, Serialize};

use super::Place;
use crate::journal::{Due, LinkEvent, Nack};

/// A message that is put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Since when.
    pub since: Timestamp,
    /// How often the other side refused it before.
    pub refusals: u32,
    /// What it said the last time, if it was asked.
    pub nack: Option<Nack>,
}

/// The queue of one link.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Since when nothing is said to the other side, if it is so.
    pub paused: Option<Timestamp>,
    /// MSH-13 of the next message of theirs; none if any will do.
    pub expected: Option<u64>,
    /// What is put aside.
    pub parked: BTreeMap<Due, Parked>,
}

/// A fold of [`LinkEvent`]s.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links(BTreeMap<OrgId, Queue>);

impl Links {
    pub(super) fn evolve(&mut self, fact: &LinkEvent, place: Place) {
        let queue = self.0.entry(fact.org().clone()).or_default();
        match fact {
            LinkEvent::Paused { .. } => queue.paused = Some(place.at),
            LinkEvent::Resumed { .. } => queue.paused = None,
            LinkEvent::Resynchronized { .. } => queue.expected = None,
            LinkEvent::Parked { due, refusals, nack, .. } => {
                let parked = Parked { since: place.at, refusals: *refusals, nack: nack.clone() };
                queue.parked.insert(*due, parked);
            }
            LinkEvent::Unparked { due, .. } => drop(queue.parked.remove(due)),
        }
    }

    /// The queue of a link; none if nothing ever happened to it.
    pub fn of(&self, org: &OrgId) -> Option<&Queue> {
        self.0.get(org)
    }

    /// Whether nothing is said to the other side.
    pub fn is_paused(&self, org: &OrgId) -> bool {
        self.of(org).is_some_and(|queue| queue.paused.is_some())
    }

    /// A message of theirs with this number was taken in.
    pub(super) fn took(&mut self, org: &OrgId, number: u64) {
        self.0.entry(org.clone()).or_default().expected = Some(number.saturating_add(1));
    }

    /// MSH-13 of the next message of theirs; none if any will do.
    pub fn expected(&self, org: &OrgId) -> Option<u64> {
        self.of(org)?.expected
    }

    /// Whether a message is put aside.
    pub fn is_parked(&self, org: &OrgId, due: &Due) -> bool {
        self.of(org).is_some_and(|queue| queue.parked.contains_key(due))
    }

    /// Whether a fact would change nothing.
    pub fn is_so(&self, fact: &LinkEvent) -> bool {
        match fact {
            LinkEvent::Paused { org } => self.is_paused(org),
            LinkEvent::Resumed { org } => !self.is_paused(org),
            LinkEvent::Resynchronized { org } => self.expected(org).is_none(),
            LinkEvent::Parked { org, due, .. } => self.is_parked(org, due),
            LinkEvent::Unparked { org, due } => !self.is_parked(org, due),
        }
    }
}
