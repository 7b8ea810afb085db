//! What is seen of HL7 v2 links while the gateway runs: the last exchanges, who is connected, streams that
//! broke off. It is in memory, counts from the start of the process, and decides nothing; what has to
//! outlive a restart is in the log. Nothing of a message is here but its type and its answer's code.

mod status;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loopgate_hl7v2::AckCode;
use loopgate_referral::{OrgId, Timestamp};

pub use status::{Next, ParkedOne, State, Status, find_due, find_parked, said, status, words};

const DAY_MS: i64 = 86_400_000;
/// Types of one day that are counted apart; the rest is counted together.
const TYPES_MAX: usize = 64;
/// What the type of a message is called that has none, or one too many.
const OTHER: &str = "other";

/// What was seen of one link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The last message of ours that was acknowledged, and how.
    pub told: Option<(Timestamp, AckCode)>,
    /// Negative acknowledgements since the last positive one.
    pub refusals: u32,
    /// Since when the other side cannot be reached, or does not acknowledge.
    pub unreachable: Option<Timestamp>,
    /// The last message of theirs: when, its type, and MSA-1 of our answer if there was one.
    pub heard: Option<(Timestamp, String, Option<AckCode>)>,
    /// Days since 1970 (UTC), and how many messages of each type came on that day.
    today: (i64, BTreeMap<String, u64>),
    /// Frames that began and did not end.
    pub half_frames: u64,
    /// Connections that ended in something other than whole frames.
    pub broken_streams: u64,
    /// Connections that are open.
    pub connections: usize,
}

impl Seen {
    /// How many messages of each type came on the day of `now` (UTC).
    pub fn today(&self, now: Timestamp) -> BTreeMap<String, u64> {
        let (day, counts) = &self.today;
        if *day == now.0.div_euclid(DAY_MS) { counts.clone() } else { BTreeMap::new() }
    }

    fn count(&mut self, kind: &str, at: Timestamp) {
        let day = at.0.div_euclid(DAY_MS);
        if self.today.0 != day {
            self.today = (day, BTreeMap::new());
        }
        let counts = &mut self.today.1;
        let fits = counts.contains_key(kind) || counts.len() < TYPES_MAX;
        *counts.entry(if fits { kind } else { OTHER }.to_owned()).or_default() += 1;
    }
}

/// What was seen of all links.
#[derive(Default)]
pub struct Watch {
    seen: Mutex<BTreeMap<OrgId, Seen>>,
    turns: Mutex<BTreeMap<OrgId, Arc<Mutex<()>>>>,
    serving: AtomicBool,
}

impl Watch {
    fn all(&self) -> MutexGuard<'_, BTreeMap<OrgId, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, link: &OrgId, then: impl FnOnce(&mut Seen) -> T) -> T {
        let mut all = self.all();
        if let Some(seen) = all.get_mut(link) {
            return then(seen);
        }
        then(all.entry(link.clone()).or_default())
    }

    /// What was seen of a link.
    pub fn of(&self, link: &OrgId) -> Seen {
        self.all().get(link).cloned().unwrap_or_default()
    }

    /// Held by who has a message of a link in hand, where one is to be after the other.
    pub fn turn(&self, link: &OrgId) -> Arc<Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(link.clone()).or_default().clone()
    }

    /// From now on messages are sent.
    pub fn begin(&self) {
        self.serving.store(true, Ordering::Release);
    }

    /// Whether this process sends messages: an operator's command on a gateway that is down does not.
    pub fn is_serving(&self) -> bool {
        self.serving.load(Ordering::Acquire)
    }

    /// The other side acknowledged a message of ours.
    pub fn told(&self, link: &OrgId, at: Timestamp, code: AckCode) {
        self.with(link, |seen| {
            seen.told = Some((at, code));
            seen.unreachable = None;
            seen.refusals = if code.is_positive() { 0 } else { seen.refusals.saturating_add(1) };
        });
    }

    /// The other side could not be reached, or did not acknowledge.
    pub fn silent(&self, link: &OrgId, at: Timestamp) {
        self.with(link, |seen| seen.unreachable = seen.unreachable.or(Some(at)));
    }

    /// A frame of theirs came whole, and this is its answer.
    pub fn heard(&self, link: &OrgId, at: Timestamp, kind: String, answer: Option<AckCode>) {
        self.with(link, |seen| {
            seen.count(&kind, at);
            seen.heard = Some((at, kind, answer));
        });
    }

    /// A frame of theirs began and did not end.
    pub fn half_frame(&self, link: &OrgId) {
        self.with(link, |seen| seen.half_frames += 1);
    }

    /// A connection of theirs ended in something other than whole frames.
    pub fn broke_off(&self, link: &OrgId) {
        self.with(link, |seen| seen.broken_streams += 1);
    }

    /// A connection of theirs is open, unless as many are as may be.
    pub fn connect(&self, link: &OrgId, connections_max: usize) -> bool {
        self.with(link, |seen| {
            let fits = seen.connections < connections_max;
            seen.connections += usize::from(fits);
            fits
        })
    }

    /// A connection of theirs is closed.
    pub fn disconnect(&self, link: &OrgId) {
        self.with(link, |seen| seen.connections = seen.connections.saturating_sub(1));
    }

    /// Connections of all links that ended in something other than whole frames.
    pub fn broken_streams(&self) -> u64 {
        self.all().values().map(|seen| seen.broken_streams).sum()
    }
}

/// MSH-9 as `REF^I12`; `batch` for a batch. What is not of that form is not repeated.
pub fn kind_of(message: &[u8]) -> String {
    let message = message.trim_ascii_start();
    if message.starts_with(b"FHS") || message.starts_with(b"BHS") {
        return "batch".to_owned();
    }
    let other = || OTHER.to_owned();
    let Some([b'M', b'S', b'H', field, component, ..]) = message.get(..5) else { return other() };
    let head = message.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let kind = head.split(|byte| byte == field).nth(8).unwrap_or_default();
    let parts: Vec<&[u8]> = kind.split(|byte| byte == component).take(2).collect();
    let is_code = |part: &&[u8]| {
        part.len() == 3 && part.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    if !parts.iter().all(is_code) {
        return other();
    }
    let parts: Vec<_> = parts.into_iter().map(String::from_utf8_lossy).collect();
    parts.join("^")
}

/// MSA-1 of an answer of ours; of a batch, its first.
pub fn code_of(answer: &[u8]) -> Option<AckCode> {
    let mut segments = answer.split(|byte| *byte == b'\r');
    let msa = segments.find(|segment| segment.starts_with(b"MSA"))?;
    AckCode::parse(std::str::from_utf8(msa.get(4..6)?).ok()?)
}

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;
