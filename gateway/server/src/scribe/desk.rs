//! The scribe's desk: what one group of commands has decided so far.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use loopgate_consent::Health;
use loopgate_ledger::{Committed, Hash, IndexProof};
use loopgate_referral::{OrgId, PersonId, ReferralId, Timestamp};

use crate::archive::Draft;
use crate::fields::{Cause, fields};
use crate::fold::{Place, World};
use crate::journal::{Body, Document, Event};
use crate::roster::Roster;
use crate::scribe::disclose::Grounds;
use crate::scribe::{Bench, Settings};

/// A proof that will exist once the group is committed, or exists already.
#[derive(Clone)]
pub enum Proof {
    /// The entry at this place of the frame.
    Entry(usize),
    /// An entry committed before.
    Known(Committed),
}

impl Proof {
    pub fn find(self, committed: &[Committed]) -> Option<Committed> {
        match self {
            Proof::Entry(entry) => committed.get(entry).cloned(),
            Proof::Known(proof) => Some(proof),
        }
    }
}

/// The working state of a group.
pub struct Desk<'a> {
    bench: &'a mut Bench,
    drafts: Vec<Draft>,
    bytes: usize,
    rereads: HashMap<(OrgId, PersonId, i64), usize>,
    /// The commit time of the group.
    pub at: Timestamp,
}

/// A cause without a request.
pub fn by(actor: &str, transport: &str) -> Cause {
    Cause { actor: actor.into(), transport: transport.into(), request: String::new() }
}

impl<'a> Desk<'a> {
    pub fn new(bench: &'a mut Bench, at: Timestamp) -> Desk<'a> {
        Desk { bench, drafts: Vec::new(), bytes: 0, rereads: HashMap::new(), at }
    }

    /// The world as it will be once this group is committed.
    pub fn world(&self) -> &World {
        &self.bench.world
    }

    pub fn roster(&self) -> &Roster {
        &self.bench.roster
    }

    pub fn set_roster(&mut self, roster: std::sync::Arc<Roster>) {
        self.bench.roster = roster;
    }

    /// The unanswered referrals that come after those that were given last, at most so many; after the last
    /// of them the first.
    pub fn sweep(&mut self, most: usize) -> Vec<ReferralId> {
        let found = following(&self.bench.world.unanswered, self.bench.swept, most);
        self.bench.swept = found.last().copied();
        found
    }

    /// What a decision is made on, at this instant.
    pub fn grounds(&self) -> Grounds<'_> {
        Grounds {
            world: &self.bench.world,
            roster: &self.bench.roster,
            policy: &self.bench.settings.policy,
            health: Health::Sound,
            at: self.at,
        }
    }

    pub fn settings(&self) -> &Settings {
        &self.bench.settings
    }

    /// The summary entry that covers re-reads of that day: committed, or of this group.
    pub fn cover(&self, org: &OrgId, person: PersonId, day: i64) -> Option<Proof> {
        let key = (org.clone(), person, day);
        let known = self.bench.covers.get(&key).cloned().map(Proof::Known);
        known.or_else(|| self.rereads.get(&key).copied().map(Proof::Entry))
    }

    /// The root of the verifiable index over everything recorded so far.
    pub fn index_root(&mut self) -> Hash {
        self.bench.index.root()
    }

    /// What the verifiable index says of a key.
    pub fn prove(&mut self, key: &Hash) -> IndexProof {
        self.bench.index.prove(key)
    }

    /// The size of the newest signed log.
    pub fn signed_size(&self) -> u64 {
        self.bench.notary.signed_size()
    }

    /// The newest signed checkpoint.
    pub fn checkpoint(&self) -> Option<String> {
        self.bench.notary.checkpoint()
    }

    /// 16 random bytes.
    pub fn random16(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.bench.clock.random(&mut bytes);
        bytes
    }

    /// By what a refusal is asked about.
    pub fn reference(&self) -> [u8; 8] {
        let mut bytes = [0; 8];
        self.bench.clock.random(&mut bytes);
        bytes
    }

    /// A new logical id for a resource of ours.
    pub fn fresh_id(&self) -> String {
        crate::ids::resource_id(self.at, self.random16())
    }

    /// Records an event: folds it into the working world, and keeps it for the frame. Returns its
    /// place among the frame's entries.
    pub fn record(
        &mut self,
        cause: &Cause,
        event: Event,
        docs: Vec<Vec<u8>>,
        payload: Option<[u8; 32]>,
    ) -> usize {
        let entry = self.drafts.len();
        if let Event::Reread { person, recipient, day } = &event {
            self.rereads.insert((recipient.clone(), *person, *day), entry);
        }
        let head = self.bench.log.head();
        let place =
            Place { sequence: head.next, entry, index: head.leaves + entry as u64, at: self.at };
        let world = &mut self.bench.world;
        let links = world.links(&event);
        let fields = fields(&event, cause, &links, self.at.0);
        let person = world.person_of(&event);
        world.evolve(&event, place);
        for (key, value) in world.indexed_by(&links) {
            self.bench.index.put(key, value);
        }
        self.bytes += docs.iter().map(Vec::len).sum::<usize>() + 1024;
        let docs = docs.into_iter().map(Document::Here).collect();
        self.drafts.push(Draft { body: Body { event, fields, docs }, person, payload });
        entry
    }

    pub fn is_full(&self) -> bool {
        self.bytes >= self.bench.settings.frame_bytes_max
            || self.drafts.len() >= self.bench.settings.frame_events_max
    }

    pub fn finish(self) -> Vec<Draft> {
        self.drafts
    }
}

/// Those that come after the last, and then the first again; none twice.
fn following<T: Ord + Copy>(all: &BTreeSet<T>, last: Option<T>, most: usize) -> Vec<T> {
    let Some(last) = last else { return all.iter().take(most).copied().collect() };
    let rest = all.range((Bound::Excluded(last), Bound::Unbounded));
    rest.chain(all.range(..=last)).take(most).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_after_the_last_is_next_and_nobody_is_passed_over() {
        let mut all = BTreeSet::from([2, 4, 6, 8, 10]);
        assert_eq!(following(&all, None, 2), [2, 4]);
        assert_eq!(following(&all, Some(4), 2), [6, 8]);
        assert_eq!(following(&all, Some(8), 2), [10, 2]);
        // The last is gone, or came meanwhile.
        all.remove(&4);
        all.insert(5);
        assert_eq!(following(&all, Some(4), 3), [5, 6, 8]);
        assert_eq!(following(&all, Some(10), 9), [2, 5, 6, 8, 10]);
        assert_eq!(following(&all, Some(6), 9), [8, 10, 2, 5, 6]);
        assert!(following(&BTreeSet::<i32>::new(), Some(6), 9).is_empty());
    }
}
