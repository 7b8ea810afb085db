//! The scribe: one thread that decides and appends.
//!
//! For each queued command it decides and folds on its own copy of the world, gathers the group
//! into one frame, commits, publishes, answers. The next group forms while the sync runs.
//! Idempotency, `If-Match`, grant epochs and ordinals are checked here and nowhere else.

mod act;
mod attest;
mod command;
mod desk;
mod disclose;
mod known;
mod settle;
mod submission;
mod submit;
mod token;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use loopgate_consent::Sends;
use loopgate_ledger::Committed;
use loopgate_referral::{OrgId, PersonId, Timestamp};
use loopgate_store::{Appended, Attachments, Epoch, Log, LogKeys};
use tokio::sync::Notify;

use crate::archive::{Kept, Keyring, Vault, seal};
use crate::catalogue::Catalogue;
use crate::clock::{Clock, ClockGuard};
use crate::fold::{Place, World};
use crate::journal::Event;
use crate::notary::Notary;
use crate::refusal::Trouble;
use crate::roster::Roster;
use crate::view::View;

pub use act::{Act, Acted, Wish};
pub use attest::{Attest, Attested, Form};
pub use command::{Command, Published, Reply, Scribe, Settings};
pub use disclose::{AskFor, Disclose, Grounds, OwnedClaim, OwnedToken, denied, permits};
pub use settle::{is_held, strangers_due};
pub use submission::{Hearing, Incoming, Meaning, Submission};
pub use submit::resolved;

/// To whom, about whom, on which day (since 1970): what a summary entry of re-reads covers.
pub type CoverKey = (OrgId, PersonId, i64);

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
    /// Keys.
    pub keyring: Arc<Keyring>,
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
        stopped: AtomicBool::new(false),
        halted: AtomicBool::new(false),
        sends: Sends::default(),
        queued: AtomicU64::new(0),
        moved: [(); 3].map(|()| Arc::new(Notify::new())),
    });
    let scribe = Scribe { queue, published: published.clone() };
    let thread = std::thread::Builder::new().name("scribe".into()).spawn(move || {
        // However the thread ends, a panic included, nothing is acknowledged after it.
        let _last = Last { published: published.clone(), ended: Some(ended) };
        let mut thread = Thread { bench, published };
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
}

/// What to do once the frame is durable; given one proof per entry of the frame.
type Settle = Box<dyn FnOnce(&[Committed])>;

impl Thread {
    fn run(&mut self, commands: &Receiver<Command>) {
        let idle = Duration::from_millis(200);
        loop {
            let first = match commands.recv_timeout(idle) {
                Ok(command) => command,
                Err(RecvTimeoutError::Timeout) => {
                    if self.sign_if_due(false).is_err() {
                        return;
                    }
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            match self.group(first, commands) {
                Ok(true) => {}
                Ok(false) => {
                    if let Err(outage) = self.sign_if_due(true) {
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

    /// One group: decide all, commit once, answer all. `false` when told to stop.
    fn group(
        &mut self,
        first: Command,
        commands: &Receiver<Command>,
    ) -> Result<bool, loopgate_store::Outage> {
        let now = self.bench.guard.now(self.bench.clock.as_ref(), self.bench.world.last_at);
        let confirms = matches!(first, Command::ConfirmClock(_));
        let halted = self.published.halted.load(Ordering::Acquire);
        if (now.is_none() || halted) && !confirms && !matches!(first, Command::Stop) {
            if !self.published.halted.swap(true, Ordering::AcqRel) {
                tracing::error!("the clock jumped; waiting for an operator to confirm it");
            }
            self.published.queued.fetch_sub(1, Ordering::Relaxed);
            return Ok(true);
        }
        let now = now.unwrap_or_else(|| self.bench.clock.now());
        // Commit times are strictly increasing, so that polling `_lastUpdated=gt` never skips.
        let at = Timestamp(now.0.max(self.bench.world.last_at.0 + 1));
        let mut desk = desk::Desk::new(&mut self.bench, at);
        let mut settles: Vec<Settle> = Vec::new();
        let mut after = After::default();
        let mut command = Some(first);
        let mut more = true;
        while let Some(next) = command.take() {
            self.published.queued.fetch_sub(1, Ordering::Relaxed);
            if matches!(next, Command::Stop) {
                more = false;
                break;
            }
            decide(&mut desk, next, &mut settles, &mut after, &self.published.sends);
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
        settles.into_iter().for_each(|settle| settle(&committed));
        let forced = !after.checkpoints.is_empty();
        self.sign_if_due(forced)?;
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
            bench.view.apply(&draft.body.event, &world, place)?;
        }
        drop((world, catalogue));
        bench.view.stamp(frame.sequence)?;
        self.published.stir();
        Ok(committed)
    }

    fn sign_if_due(&mut self, now: bool) -> Result<(), loopgate_store::Outage> {
        let at = self.bench.clock.monotonic_ms();
        let interval = if now { 0 } else { self.bench.settings.checkpoint_interval_ms };
        self.bench.notary.sign_if_due(at, interval).map_err(loopgate_store::Outage::Disk)
    }
}

/// What a group also does once it is durable.
#[derive(Default)]
struct After {
    roster: Option<Arc<Roster>>,
    clock_confirmed: bool,
    checkpoints: Vec<Reply<String>>,
}

fn decide(
    desk: &mut desk::Desk<'_>,
    command: Command,
    settles: &mut Vec<Settle>,
    after: &mut After,
    sends: &Sends,
) {
    match command {
        Command::Submit(submission, reply) => {
            let answer = submit::decide(desk, *submission);
            settles.push(Box::new(move |_| drop(reply.send(answer))));
        }
        Command::Act(act, reply) => {
            let answer = act::decide(desk, *act);
            settles.push(Box::new(move |_| drop(reply.send(answer))));
        }
        Command::Disclose(disclose, reply) => {
            let about = disclose.asks.iter().map(|ask| ask.person).collect();
            let proofs = disclose::decide(desk, *disclose);
            // It begins here, in one order with every change of a Grant: what changes one later in
            // this very group is answered after it began.
            let sending = proofs.is_ok().then(|| sends.begin(about));
            settles.push(Box::new(move |committed| {
                let found = proofs.map(|proofs| {
                    proofs.into_iter().filter_map(|proof| proof.find(committed)).collect()
                });
                let Some(sending) = sending else {
                    drop(reply.send(found.and(Err(Trouble::Outage))));
                    return;
                };
                drop(reply.send(found.map(|found| (found, sending))));
            }));
        }
        Command::Deny(event, reply) => {
            desk.record(&desk::by("loopgate", "egress"), *event, Vec::new(), None);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Delivered(referral, placement, reply) => {
            settle::delivered(desk, referral, placement);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Told(referral, version, reply) => {
            settle::source_told(desk, referral, version);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Spend(org, jti, until, reply) => {
            let fresh = token::spend(desk, org, jti, until);
            settles.push(Box::new(move |_| drop(reply.send(Ok(fresh)))));
        }
        Command::Revoke(org, jti, until, reply) => {
            token::revoke(desk, org, jti, until);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Mint(org, minted, reply) => {
            let index = token::mint(desk, org, *minted);
            settles.push(Box::new(move |_| drop(reply.send(index))));
        }
        Command::Attest(attest, reply) => {
            let attested = attest::attest(desk, *attest);
            settles.push(Box::new(move |_| drop(reply.send(Ok(attested)))));
        }
        Command::Withdraw(person, only, who, reply) => {
            let found = attest::withdraw(desk, person, only.as_ref(), (&who.0, who.1));
            settles.push(Box::new(move |_| drop(reply.send(Ok(found)))));
        }
        Command::Doubt((person, grant), doubted, who, reply) => {
            let found = attest::doubt(desk, (person, &grant), doubted, &who);
            settles.push(Box::new(move |_| drop(reply.send(Ok(found)))));
        }
        Command::Suspend(persons, suspended, who, reply) => {
            attest::suspend(desk, persons, suspended, &who);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::SignIn(staff, step, reply) => {
            let right = attest::sign_in(desk, staff, step);
            settles.push(Box::new(move |_| drop(reply.send(Ok(right)))));
        }
        Command::Staff(fact, (who, transport), reply) => {
            let cause = desk::by(&who, transport);
            let entry = desk.record(&cause, Event::Staff(*fact), Vec::new(), None);
            settles.push(Box::new(move |committed| {
                let index = committed.get(entry).map(Committed::leaf_index);
                drop(reply.send(index.ok_or(Trouble::Outage)));
            }));
        }
        Command::StopUseTold(entry, org, reply) => {
            settle::holder_told(desk, entry, org);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Tick { strangers, reply } => {
            settle::tick(desk, strangers);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Partners(roster, reply) => {
            settle::partners(desk, &roster);
            after.roster = Some(roster);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Record(event, reply) => {
            let entry = desk.record(&desk::by("loopgate", "admin"), *event, Vec::new(), None);
            settles.push(Box::new(move |committed| {
                drop(reply.send(committed.get(entry).cloned().ok_or(Trouble::Outage)));
            }));
        }
        Command::ConfirmClock(reply) => {
            after.clock_confirmed = true;
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Checkpoint(reply) => after.checkpoints.push(reply),
        Command::Stop => unreachable!("the caller ends the group at a stop"),
    }
}
