//! Start-up is replay: every frame is folded, or a snapshot is taken for the frames it covers and the
//! ones after it are folded. After an erasure it is done again, since what nobody can read any more may
//! not live on in memory.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use anyhow::Context;
use loopgate_ledger::{Committed, Hash, Index, index_key};
use loopgate_referral::Timestamp;
use loopgate_store::{Attachments, Log, LogKeys, Outage, StateRead, read_state};

use crate::archive::{Kept, Keyring, unseal};
use crate::catalogue::Catalogue;
use crate::fold::{Place, World};
use crate::journal::{Erased, Event, LedgerEvent};
use crate::scribe::CoverKey;
use crate::state;
use crate::view::{Documents, Folding, View};

/// Everything that is computed from the log.
#[derive(Default)]
pub struct Replayed {
    /// The fold.
    pub world: World,
    /// The catalogue, for readers.
    pub catalogue: Catalogue,
    /// Summary entries that cover re-reads.
    pub covers: HashMap<CoverKey, Committed>,
    /// The entries that `key.shred` entries name, by the frame of those.
    erased: HashMap<u64, BTreeMap<u64, Erased>>,
}

impl Replayed {
    /// What was written down, and the frames after it, with every leaf hash. `None` if nothing was, if it
    /// is of another version of this program, or if no entry of the log vouches for it.
    pub fn from_state(
        path: &Path,
        log: &dyn Log,
        kept: (&Keyring, &Attachments),
        view: &View,
    ) -> anyhow::Result<Option<(Replayed, Vec<Hash>)>> {
        let (keyring, _) = kept;
        let keys = keyring.state_keys();
        let found = read_state(path, &keys, |input| state::read(input).map_err(io::Error::other));
        let Some(StateRead { head, sha256, state: Some(state) }) = found else { return Ok(None) };
        // Projections that are behind would want the frames before.
        if head.frames > log.head().next || view.folded() < head.frames {
            return Ok(None);
        }
        let covers = state::proved(state.covers, log)?;
        let (world, catalogue) = (state.world, state.catalogue);
        let mut replayed = Replayed { world, catalogue, covers, ..Replayed::default() };
        let mut leaves = state.leaves;
        replayed.fold(head.frames, log, kept, |proof| leaves.push(*proof.leaf_hash()), view)?;
        let vouched = replayed.world.book.kept.is_some_and(|kept| {
            (kept.frames, kept.leaves, kept.sha256) == (head.frames, head.leaves, sha256)
        });
        if !vouched {
            tracing::warn!("no entry vouches for the state that was written down: all is replayed");
            return Ok(None);
        }
        tracing::info!(frames = head.frames, "the fold began at a snapshot");
        Ok(Some((replayed, leaves)))
    }

    /// Folds the frames from `from` on.
    pub fn fold(
        &mut self,
        from: u64,
        log: &dyn Log,
        (keyring, attachments): (&Keyring, &Attachments),
        mut leaf: impl FnMut(&Committed),
        view: &View,
    ) -> anyhow::Result<()> {
        for sequence in from..log.head().next {
            let stored = log.read(sequence)?.context("a frame is missing")?;
            let at = Timestamp(stored.frame.at_ms);
            let mut folding = Folding::of(sequence, at);
            let mut bodies = Vec::new();
            for (entry, proof) in stored.committed.iter().enumerate() {
                leaf(proof);
                let index = proof.leaf_index();
                let place = Place { sequence, entry, index, at };
                match unseal(&stored.frame, entry, keyring, log_keys(log))? {
                    Kept::Here((body, _)) => {
                        self.cover(&body.event, proof);
                        let links = self.world.links(&body.event);
                        self.catalogue.note(place, &body.event, &links);
                        self.world.evolve(&body.event, place);
                        folding.note(entry, &body.event);
                        bodies.push(Some(body));
                    }
                    Kept::Erased { sequence: by } => {
                        let erased = self.erased(by, index, log, keyring)?;
                        self.catalogue.note_erased(place, &erased.links());
                        self.world.pass(&erased, place);
                        bodies.push(None);
                    }
                }
            }
            if sequence >= view.folded() {
                let bodies = bodies.iter().map(Option::as_ref).collect();
                let documents = Documents { sequence, bodies, log, keyring, attachments };
                view.fold(&folding, &self.world, &documents)?;
            }
        }
        Ok(())
    }

    fn cover(&mut self, event: &Event, proof: &Committed) {
        if let Event::Reread { person, recipient, day } = event {
            self.covers.insert((recipient.clone(), *person, *day), proof.clone());
        }
    }

    /// What the `key.shred` entries of a frame say of an entry that cannot be read.
    fn erased(
        &mut self,
        by: u64,
        index: u64,
        log: &dyn Log,
        keyring: &Keyring,
    ) -> Result<Erased, Outage> {
        let named = match self.erased.entry(by) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(shredded_in(by, log, keyring)?),
        };
        named
            .get(&index)
            .cloned()
            .ok_or(Outage::Damaged("an entry does not open and none says it was erased"))
    }

    /// The verifiable index over all that was folded.
    pub fn index(&self) -> Index {
        index_of(&self.world)
    }
}

/// The verifiable index of a fold.
pub fn index_of(world: &World) -> Index {
    world.chains().map(|(class, id, value)| (index_key(class.field(), id), value)).collect()
}

fn log_keys(log: &dyn Log) -> &dyn LogKeys {
    log
}

/// The entries that a frame says were erased.
pub fn shredded_in(
    sequence: u64,
    log: &dyn Log,
    keyring: &Keyring,
) -> Result<BTreeMap<u64, Erased>, Outage> {
    let stored = log.read(sequence)?.ok_or(Outage::Damaged("a frame is missing"))?;
    let mut named = BTreeMap::new();
    for entry in 0..stored.frame.entries.len() {
        let Kept::Here((body, _)) = unseal(&stored.frame, entry, keyring, log_keys(log))? else {
            continue;
        };
        if let Event::Ledger(LedgerEvent::Shredded { erased, .. }) = body.event {
            named.extend(erased.into_iter().map(|one| (one.index, one)));
        }
    }
    Ok(named)
}
