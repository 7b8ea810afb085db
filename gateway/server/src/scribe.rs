//! The scribe: one thread that decides and appends.
//!
//! For each queued command it decides and folds on its own copy of the world, gathers the group
//! into one frame, commits, publishes, answers. The next group forms while the sync runs.
//! Idempotency, `If-Match`, grant epochs and ordinals are checked here and nowhere else.

mod act;
mod amend;
mod attest;
mod behalf;
mod capacity;
mod chores;
mod command;
mod desk;
mod disclose;
mod dispatch;
mod erase;
mod hear;
mod keep;
mod known;
mod look;
mod mail;
mod merge;
mod pace;
mod plan;
mod serves;
mod settle;
mod submission;
mod submit;
mod token;
mod told;
mod wish;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use loopgate_consent::Sends;
use loopgate_ledger::{Committed, Index, LogKey};
use loopgate_referral::{ReferralId, Timestamp};
use loopgate_store::{Appended, Attachments, Epoch, Log, LogKeys};
use tokio::sync::Notify;

use crate::archive::{Kept, Keyring, Vault, seal};
use crate::catalogue::Catalogue;
use crate::clock::{Clock, ClockGuard};
use crate::fold::{Place, World};
use crate::journal::Event;
use crate::keks::Keks;
use crate::notary::Notary;
use crate::refusal::Trouble;
use crate::replay::Replayed;
use crate::roster::Roster;
use crate::view::{Documents, Folding, View};
use crate::waits::Waits;
use crate::{signing_keys, state};

pub use act::{Act, Acted};
pub use attest::{Attest, Attested, Form};
pub use command::{Command, Proved, Published, Reply, Scribe, Settings};
pub use disclose::{AskFor, CoverKey, Disclose, Grounds, OwnedClaim, OwnedToken, permits};
pub use erase::{Erase, Erasure, finish as finish_erasures};
pub use mail::{Mailed, MailedWhat, PinChange};
pub use merge::Merge;
pub use plan::located;
pub use serves::{PUBLISHED, is_over, is_published};
pub use settle::{is_held, strangers_due};
pub use submission::{
    Along, HearOnly, Hearing, Incoming, Looked, Meaning, Purpose, Submission, Verb,
};
pub use submit::{answered, resolved};
pub use told::{basis, denied};
pub use wish::{ASSIGNED_BYTES_MAX, NOTE_BYTES_MAX, SERVICES_MAX, Service, Wish};

/// Everything the scribe's thread owns.
pub struct Bench {
    /// The log.
    pub log: Box<dyn Log>,
    /// Its epoch.
    pub epoch: Epoch,
    /// The fold of all of it.
    pub world: World,
    /// What readers find entries by; it is theirs once the scribe runs.
    pub catalogue: Catalogue,
    /// Summary entries that cover re-reads.
    pub covers: HashMap<CoverKey, Committed>,
    /// The verifiable index over all of it.
    pub index: Index,
    /// Keys.
    pub keyring: Arc<Keyring>,
    /// The files of key-encryption keys.
    pub keks: Keks,
    /// Files of large documents.
    pub attachments: Attachments,
    /// Tree and checkpoints.
    pub notary: Notary,
    /// Projections.
    pub view: Arc<View>,
    /// Time and randomness.
    pub clock: Arc<dyn Clock>,
    /// Watches the time.
    pub guard: ClockGuard,
    /// Partners in force.
    pub roster: Arc<Roster>,
    /// The unanswered referral that was looked at last.
    pub swept: Option<ReferralId>,
    /// What else it needs.
    pub settings: Settings,
}

/// Starts the scribe. The thread ends when it is told to stop or when the disk fails; then
/// `Published::stopped` is set and `ended` is called.
pub fn start(
    mut bench: Bench,
    ended: Box<dyn FnOnce() + Send>,
) -> std::io::Result<(Scribe, JoinHandle<()>)> {
    let (queue, commands) = sync_channel(bench.settings.queue_commands_max);
    let published = Arc::new(Published {
        world: RwLock::new(bench.world.clone()),
        catalogue: RwLock::new(std::mem::take(&mut bench.catalogue)),
        roster: ArcSwap::new(bench.roster.clone()),
        viewed_at: AtomicI64::new(bench.world.last_at.0),
        stopped: AtomicBool::new(false),
        halted: AtomicBool::new(false),
        sends: Sends::default(),
        queued: AtomicU64::new(0),
        waits: Waits::default(),
        moved: [(); 5].map(|()| Arc::new(Notify::new())),
    });
    let scribe = Scribe { queue, published: published.clone() };
    let thread = std::thread::Builder::new().name("scribe".into()).spawn(move || {
        // However the thread ends, a panic included, nothing is acknowledged after it.
        let _last = Last { published: published.clone(), ended: Some(ended) };
        let mut thread = Thread { bench, published, next: None };
        thread.run(&commands);
        // What is still queued is dropped: its callers see an outage and try again.
    })?;
    Ok((scribe, thread))
}

/// What happens when the scribe's thread is gone.
struct Last {
    published: Arc<Published>,
    ended: Option<Box<dyn FnOnce() + Send>>,
}

impl Drop for Last {
    fn drop(&mut self) {
        self.published.stopped.store(true, Ordering::Release);
        if let Some(ended) = self.ended.take() {
            ended();
        }
    }
}

struct Thread {
    bench: Bench,
    published: Arc<Published>,
    /// Taken from the queue, and to be done by itself.
    next: Option<Command>,
}

/// What to do once the frame is durable; given one proof per entry of the frame.
type Settle = Box<dyn FnOnce(&[Committed])>;

impl Thread {
    fn run(&mut self, commands: &Receiver<Command>) {
        let idle = Duration::from_millis(200);
        loop {
            let next = self.next.take().map_or_else(|| commands.recv_timeout(idle), Ok);
            let first = match next {
                Ok(command) => command,
                Err(RecvTimeoutError::Timeout) => {
                    if self.sign_if_due(false).is_err() {
                        return;
                    }
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            match self.next_group(first, commands) {
                Ok(true) => {
                    if let Err(outage) = self.keep_state(false) {
                        tracing::error!(%outage, "the disk failed; no acknowledgement is given");
                        return;
                    }
                }
                Ok(false) => {
                    let kept = self.keep_state(true);
                    if let Err(outage) = kept.and_then(|()| self.sign_if_due(true)) {
                        tracing::error!(%outage, "the last checkpoint was not signed");
                    }
                    return;
                }
                Err(outage) => {
                    // Never retry: the next start recovers from what is on disk.
                    tracing::error!(%outage, "the disk failed; no acknowledgement is given");
                    return;
                }
            }
        }
    }

    /// One group, or one command that is done by itself. `false` when told to stop.
    fn next_group(
        &mut self,
        first: Command,
        commands: &Receiver<Command>,
    ) -> Result<bool, loopgate_store::Outage> {
        let Some(at) = self.instant(&first) else {
            self.published.queued.fetch_sub(1, Ordering::Relaxed);
            return Ok(true);
        };
        if let Command::Erase(erase, reply) = first {
            self.published.queued.fetch_sub(1, Ordering::Relaxed);
            let outcome = self.erase(*erase, at)?;
            drop(reply.send(outcome));
            return Ok(true);
        }
        self.group(first, commands, at)
    }

    /// One group: decide all, commit once, answer all. `false` when told to stop.
    fn group(
        &mut self,
        first: Command,
        commands: &Receiver<Command>,
        at: Timestamp,
    ) -> Result<bool, loopgate_store::Outage> {
        let mut desk = desk::Desk::new(&mut self.bench, at);
        let mut settles: Vec<Settle> = Vec::new();
        let mut after = dispatch::After::default();
        let mut command = Some(first);
        let mut more = true;
        while let Some(next) = command.take() {
            if matches!(next, Command::Erase(..)) {
                self.next = Some(next);
                break;
            }
            self.published.queued.fetch_sub(1, Ordering::Relaxed);
            if matches!(next, Command::Stop) {
                more = false;
                break;
            }
            dispatch::decide(&mut desk, next, &mut settles, &mut after, &self.published.sends);
            if !desk.is_full() {
                command = commands.try_recv().ok();
            }
        }
        let drafts = desk.finish();
        let committed = if drafts.is_empty() { Vec::new() } else { self.commit(drafts, at)? };
        if let Some(roster) = after.roster {
            self.published.roster.store(roster);
            self.published.stir();
        }
        if after.clock_confirmed {
            let last_at = self.bench.world.last_at;
            self.bench.guard.confirm(self.bench.clock.as_ref(), last_at);
            self.published.halted.store(false, Ordering::Release);
        }
        let keys_changed = !after.announced.is_empty() || !after.retired.is_empty();
        self.change_keys(after.announced, &after.retired)?;
        settles.into_iter().for_each(|settle| settle(&committed));
        let asked = !after.checkpoints.is_empty() || !after.proved.is_empty();
        let forced = asked || keys_changed;
        self.sign_if_due(forced)?;
        for (entry, proofs, reply) in after.proved {
            let proved = committed.get(entry).zip(self.bench.notary.checkpoint());
            let proved = proved.map(|(one, note)| Proved { entry: one.leaf_index(), proofs, note });
            drop(reply.send(proved.ok_or(Trouble::Outage)));
        }
        for reply in after.checkpoints {
            let _ = reply.send(self.bench.notary.checkpoint().ok_or(Trouble::Outage));
        }
        Ok(more)
    }

    fn commit(
        &mut self,
        mut drafts: Vec<crate::archive::Draft>,
        at: Timestamp,
    ) -> Result<Vec<Committed>, loopgate_store::Outage> {
        let bench = &mut self.bench;
        let head = bench.log.head();
        let keys: &dyn LogKeys = bench.log.as_ref();
        let vault = Vault { keyring: &bench.keyring, keys, attachments: &bench.attachments };
        let place = (head.next, head.leaves, at);
        let log_id = bench.notary.log_id();
        let frame = match seal(&mut drafts, place, log_id, &vault, bench.clock.as_ref())? {
            Kept::Here(frame) => frame,
            Kept::Erased { .. } => {
                let words = "an entry is about somebody whose key was destroyed";
                return Err(loopgate_store::Outage::Damaged(words));
            }
        };
        let committed = match bench.log.append(bench.epoch, &frame, head.next)? {
            Appended::Committed(committed) => committed,
            Appended::Conflict { .. } | Appended::Fenced { .. } | Appended::Indeterminate => {
                return Err(loopgate_store::Outage::Damaged("another process owns the log"));
            }
        };
        // COMMIT POINT: everything below only catches up.
        for proof in &committed {
            bench.notary.append(*proof.leaf_hash());
        }
        let mut folding = Folding::of(frame.sequence, at);
        let published = &self.published;
        let mut world = published.world.write().unwrap_or_else(PoisonError::into_inner);
        let mut catalogue = published.catalogue.write().unwrap_or_else(PoisonError::into_inner);
        for (entry, (draft, proof)) in drafts.iter().zip(&committed).enumerate() {
            let index = proof.leaf_index();
            let place = Place { sequence: frame.sequence, entry, index, at };
            if let Event::Reread { person, recipient, day } = &draft.body.event {
                bench.covers.insert((recipient.clone(), *person, *day), proof.clone());
            }
            catalogue.note(place, &draft.body.event, &world.links(&draft.body.event));
            world.evolve(&draft.body.event, place);
            folding.note(entry, &draft.body.event);
        }
        drop((world, catalogue));
        // Before anybody is answered: what was written is found.
        let documents = Documents {
            sequence: frame.sequence,
            bodies: drafts.iter().map(|draft| Some(&draft.body)).collect(),
            log: bench.log.as_ref(),
            keyring: &bench.keyring,
            attachments: &bench.attachments,
        };
        bench.view.fold(&folding, &bench.world, &documents)?;
        self.published.viewed_at.store(at.0, Ordering::Release);
        self.published.waits.stir(&drafts, &bench.world);
        self.published.stir();
        Ok(committed)
    }

    /// After an erasure: what is in memory is computed anew, of what can still be read.
    fn fold_anew(&mut self) -> Result<(), loopgate_store::Outage> {
        let bench = &mut self.bench;
        state::forget(&bench.settings.state_path).map_err(loopgate_store::Outage::Disk)?;
        bench.view.begin_anew()?;
        let mut replayed = Replayed::default();
        let log = bench.log.as_ref();
        let kept = (bench.keyring.as_ref(), &bench.attachments);
        replayed.fold(0, log, kept, |_| {}, &bench.view).map_err(|error| {
            tracing::error!(%error, "the log does not fold after an erasure");
            loopgate_store::Outage::Damaged("the log does not fold after an erasure")
        })?;
        bench.index = replayed.index();
        bench.covers = replayed.covers;
        bench.world = replayed.world.clone();
        let published = &self.published;
        let mut world = published.world.write().unwrap_or_else(PoisonError::into_inner);
        let mut catalogue = published.catalogue.write().unwrap_or_else(PoisonError::into_inner);
        (*world, *catalogue) = (replayed.world, replayed.catalogue);
        drop((world, catalogue));
        self.published.stir();
        Ok(())
    }

    /// Once the entries that say so are durable.
    fn change_keys(
        &mut self,
        announced: Vec<LogKey>,
        retired: &[String],
    ) -> Result<(), loopgate_store::Outage> {
        let bench = &mut self.bench;
        announced.into_iter().for_each(|key| bench.notary.sign_with(key));
        for vkey in retired {
            bench.notary.retire(vkey);
            let dir = &bench.settings.keys_dir;
            signing_keys::destroy(dir, vkey, &bench.world.book)
                .map_err(loopgate_store::Outage::Disk)?;
        }
        Ok(())
    }

    fn sign_if_due(&mut self, now: bool) -> Result<(), loopgate_store::Outage> {
        let at = self.bench.clock.monotonic_ms();
        let interval = if now { 0 } else { self.bench.settings.checkpoint_interval_ms };
        self.bench.notary.sign_if_due(at, interval).map_err(loopgate_store::Outage::Disk)
    }
}
