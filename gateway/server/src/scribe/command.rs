//! Commands, and the way to the scribe.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, RwLock};

use arc_swap::ArcSwap;
use loopgate_consent::{GrantId, Policy, Sending, Sends};
use loopgate_ledger::{Committed, Hash, IndexProof, LogKey};
use loopgate_referral::{OrgId, PersonId, PlacementId, ReferralId, Timestamp};
use tokio::sync::{Notify, oneshot};

use super::look::{self, Look};
use super::{
    Act, Acted, Attest, Attested, Disclose, Erase, Erasure, HearOnly, Mailed, Merge, PinChange,
    Submission,
};
use crate::catalogue::Catalogue;
use crate::fold::{Answer, World};
use crate::journal::{Capacity, Event, LinkEvent, MailEvent, Minted, StaffEvent, WebhookEvent};
use crate::refusal::Trouble;
use crate::roster::Roster;
use crate::staff::StaffName;
use crate::waits::Waits;

/// A command with the channel its answer goes to.
pub enum Command {
    /// Resources come in.
    Submit(Box<Submission>, Reply<Answer>),
    /// A party acts on a referral.
    Act(Box<Act>, Reply<Acted>),
    /// The same, entered by somebody of the staff for the party, who said it on the phone; and the name of
    /// the act.
    Behalf(Box<Act>, (StaffName, String), Reply<Acted>),
    /// Data is about to leave.
    Disclose(Box<Disclose>, Reply<(Vec<Committed>, Sending)>),
    /// A known partner was refused data.
    Deny(Box<Event>, Reply<()>),
    /// An organization says that two patients of its own index are one. `false` if nobody is known by the
    /// identifier that retires. Sends about them settle as after any change of consent.
    Merge(Box<Merge>, Reply<bool>),
    /// An HL7 v2 message without effect was taken in.
    Hear(Box<HearOnly>, Reply<()>),
    /// A target's system took a pushed delivery, as amended to this version of its Task.
    Delivered(ReferralId, (PlacementId, u64), Reply<()>),
    /// A source's system took the news up to this version.
    Told(ReferralId, u64, Reply<()>),
    /// A target's system took what it is told up to this version of its placement's Task.
    TargetTold(ReferralId, PlacementId, u64, Reply<()>),
    /// A source is to be told again what it was told at or after an instant, of all its referrals, as
    /// somebody of the operator's says; answered with how many that is.
    TellAgain(OrgId, Timestamp, String, Reply<u64>),
    /// The submission server took an e-mail to this organization, which told all of this.
    Mailed(OrgId, Vec<Mailed>, Reply<()>),
    /// Something happened to the e-mails of an organization, or to its PIN; by whom, and by which way.
    /// `false` if it changes nothing, or is not allowed now.
    Mail(Box<MailEvent>, (String, &'static str), Reply<bool>),
    /// An organization sets another PIN. `false` if its link or its code is not good any more.
    ChangePin(Box<PinChange>, Reply<bool>),
    /// A name is used: an assertion's, a single-use token's. `false` if it was before.
    Spend(OrgId, [u8; 32], Timestamp, Reply<bool>),
    /// A token is revoked.
    Revoke(OrgId, [u8; 32], Timestamp, Reply<()>),
    /// A consent token is made, by whom; answered with its place on the status list.
    Mint(OrgId, Box<Minted>, Reply<u32>),
    /// Somebody of the staff read a form.
    Attest(Box<Attest>, Reply<Attested>),
    /// A person withdraws a Grant, or all; who says so for them, and by which way.
    Withdraw(PersonId, Option<GrantId>, (String, &'static str), Reply<bool>),
    /// Who signed a Grant may not any more, or may again, as somebody of the staff says.
    Doubt((PersonId, GrantId), bool, StaffName, Reply<bool>),
    /// All Grants of these two persons wait, or hold again, as somebody of the staff says.
    Suspend((PersonId, PersonId), bool, StaffName, Reply<()>),
    /// Somebody of the staff gave a right password, and this step of a one-time password if it was
    /// right. `false` if they are not in.
    SignIn(StaffName, Option<u64>, Reply<bool>),
    /// Something that staff did, or that waits for them; answered with its entry's index.
    Staff(Box<StaffEvent>, (String, &'static str), Reply<u64>),
    /// The queue of an HL7 v2 link is stopped, goes on, or puts a message aside or takes it back; by
    /// whom, and by which way. `false` if that is so already.
    Link(Box<LinkEvent>, (String, &'static str), Reply<bool>),
    /// Something that happened to a partner's webhooks, by whom, and by which way. `false` if that is so
    /// already.
    Webhook(Box<WebhookEvent>, (String, &'static str), Reply<bool>),
    /// A holder was told of a withdrawal; twice is once.
    StopUseTold(u64, OrgId, Option<ReferralId>, Reply<()>),
    /// An organization says how much it can take on, in a request of this SHA-256.
    Capacity(OrgId, Box<Capacity>, [u8; 32], Reply<()>),
    /// Clocks moved on.
    Tick {
        /// Attempts by strangers since they were last written down.
        strangers: u64,
        /// When what the clocks did is durable.
        reply: Reply<()>,
    },
    /// Partner files changed.
    Partners(Arc<Roster>, Reply<()>),
    /// Something else to record, and who of the operator's says so.
    Record(Box<Event>, String, Reply<Committed>),
    /// An operator says that the clock is right.
    ConfirmClock(Reply<()>),
    /// A new key of the log; it signs once this is durable.
    Announce(Box<LogKey>, Reply<()>),
    /// Erase persons; done by itself.
    Erase(Box<Erase>, Reply<Erasure>),
    /// Write down the root of the index, prove what it says of these keys, and sign.
    Prove(Vec<Hash>, Reply<Proved>),
    /// Sign a checkpoint now.
    Checkpoint(Reply<String>),
    /// Finish what is queued, sign, stop.
    Stop,
}

/// What the index says, under a signed checkpoint.
pub struct Proved {
    /// The entry of the root, which is over every entry before it.
    pub entry: u64,
    /// Of each key asked for, in order.
    pub proofs: Vec<IndexProof>,
    /// A checkpoint that covers the entry.
    pub note: String,
}

/// Where an answer goes.
pub type Reply<T> = oneshot::Sender<Result<T, Trouble>>;

/// What the scribe needs to know beside the log.
pub struct Settings {
    /// Days a referral waits for consent.
    pub hold_days_max: u32,
    /// Identifier systems that all organizations share.
    pub shared_systems: Vec<String>,
    /// The tenant's policy.
    pub policy: Policy,
    /// The community takes words spoken.
    pub verbal: bool,
    /// Commands that may wait.
    pub queue_commands_max: usize,
    /// Bytes of one frame, before another is begun.
    pub frame_bytes_max: usize,
    /// Entries of one frame, before another is begun.
    pub frame_events_max: usize,
    /// Where the fold is written down.
    pub state_path: PathBuf,
    /// Entries between two times that it is.
    pub snapshot_entries: u64,
    /// Days that what is about a person has to be kept after the last of it.
    pub retention_days: u32,
    /// Days for which two keys sign.
    pub key_overlap_days: u32,
    /// Least time between two roots of the index, ms.
    pub index_interval_ms: i64,
    /// Where the log's keys lie.
    pub keys_dir: PathBuf,
    /// The first verifier key of the log.
    pub first_vkey: String,
    /// Least time between two checkpoints, ms.
    pub checkpoint_interval_ms: i64,
}

/// What every other thread sees.
pub struct Published {
    pub(super) world: RwLock<World>,
    pub(super) catalogue: RwLock<Catalogue>,
    /// Partners in force.
    pub roster: ArcSwap<Roster>,
    /// Commit time of the newest frame that the projections hold, ms.
    pub viewed_at: AtomicI64,
    /// Set when the scribe stopped acknowledging.
    pub stopped: AtomicBool,
    /// Set while the clock is not trusted.
    pub halted: AtomicBool,
    /// What is on its way out.
    pub sends: Sends,
    /// Commands waiting.
    pub queued: AtomicU64,
    /// Who waits for a referral to come.
    pub waits: Waits,
    /// Told after each commit, and when clocks move: one for each who waits.
    pub moved: [Arc<Notify>; 5],
}

impl Published {
    /// Wakes who waits for things to move.
    pub fn stir(&self) {
        self.moved.iter().for_each(|waits| waits.notify_one());
    }

    /// What has been committed and published.
    pub fn world(&self) -> Look<'_, World> {
        Look::at(&self.world, look::WORLD)
    }

    /// Where the committed entries are. Whoever looks at the world as well does so first.
    pub fn catalogue(&self) -> Look<'_, Catalogue> {
        Look::at(&self.catalogue, look::CATALOGUE)
    }
}

/// The way to the scribe.
#[derive(Clone)]
pub struct Scribe {
    pub(super) queue: SyncSender<Command>,
    pub(super) published: Arc<Published>,
}

impl Scribe {
    /// What has been committed and published.
    pub fn published(&self) -> &Arc<Published> {
        &self.published
    }

    /// Queues a command and waits for its answer. A full queue, like a stopped scribe, is an
    /// outage: try again.
    pub async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, Trouble> {
        let (reply, answer) = oneshot::channel();
        self.tell(command(reply))?;
        answer.await.unwrap_or(Err(Trouble::Outage))
    }

    /// The same, for threads that may block.
    pub fn ask_blocking<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, Trouble> {
        look::is_over();
        let (reply, answer) = oneshot::channel();
        self.tell(command(reply))?;
        answer.blocking_recv().unwrap_or(Err(Trouble::Outage))
    }

    /// The same for several, queued before the first answer is waited for: they may share a frame. The
    /// answers are in their order.
    pub fn ask_all_blocking<T>(
        &self,
        commands: impl IntoIterator<Item = impl FnOnce(Reply<T>) -> Command>,
    ) -> Vec<Result<T, Trouble>> {
        look::is_over();
        let queued: Vec<_> = commands
            .into_iter()
            .map(|command| {
                let (reply, answer) = oneshot::channel();
                self.tell(command(reply)).map(|()| answer)
            })
            .collect();
        let answered = queued.into_iter().map(|queued| {
            queued.and_then(|answer| answer.blocking_recv().unwrap_or(Err(Trouble::Outage)))
        });
        answered.collect()
    }

    /// Queues a command whose answer nobody waits for.
    pub fn tell(&self, command: Command) -> Result<(), Trouble> {
        if self.published.stopped.load(Ordering::Acquire) {
            return Err(Trouble::Outage);
        }
        self.published.queued.fetch_add(1, Ordering::Relaxed);
        self.queue.try_send(command).map_err(|error| {
            self.published.queued.fetch_sub(1, Ordering::Relaxed);
            if matches!(error, TrySendError::Full(_)) {
                tracing::warn!("the scribe's queue is full");
            }
            Trouble::Outage
        })
    }

    /// Asks it to finish what is queued and stop, waiting for a place in the queue.
    pub fn stop(&self) {
        self.published.queued.fetch_add(1, Ordering::Relaxed);
        // A scribe that has stopped already has nothing to finish.
        let _ = self.queue.send(Command::Stop);
    }
}
