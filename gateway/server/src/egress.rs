//! The exit: every byte of a person's data that leaves passes here, whatever the way out.
//!
//! Decide, render under the permits, seal; the scribe decides anew and records; only the committed
//! entries open the seal. A denial of a known partner is recorded before it is answered.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use base64::prelude::{BASE64_STANDARD, Engine};
use loopgate_consent::{Class, Denial, Health, Permit, Policy, Sealed, Sending};
use loopgate_ledger::Committed;
use loopgate_referral::OrgId;

use crate::clock::Clock;
use crate::refusal::{Kind, Refusal, Trouble};
use crate::scribe::{AskFor, Command, Disclose, Grounds, Scribe, basis, denied, permits};

/// How often a payload is rendered anew because a decision changed under it.
const RENDER_TRIES_MAX: usize = 3;

/// The one egress.
pub struct Egress {
    scribe: Scribe,
    clock: Arc<dyn Clock>,
    policy: Policy,
    origin: String,
}

/// Bytes that may leave, and the send that they are. While this is held they are on their way; a
/// change of the person's mind waits for it, and cuts it in the end.
#[derive(Clone)]
pub struct Released {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The send; none for what is about nobody.
    pub sending: Option<Arc<Sending>>,
    /// What the recipient can hold us to: the entries that say it received this.
    pub receipt: Option<Receipt>,
}

/// Disclosure receipts, for a header field: origin, index and leaf hash of each entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt(String);

/// Entries that one receipt names; of a longer page the rest is counted.
const RECEIPT_ENTRIES_MAX: usize = 16;

impl Receipt {
    fn of(origin: &str, committed: &[Committed]) -> Receipt {
        let entry = |one: &Committed| {
            let hash = BASE64_STANDARD.encode(one.leaf_hash());
            format!("{origin} {} {hash}", one.leaf_index())
        };
        let named = committed.iter().take(RECEIPT_ENTRIES_MAX).map(entry);
        let mut all: Vec<String> = named.collect();
        if let more @ 1.. = committed.len().saturating_sub(RECEIPT_ENTRIES_MAX) {
            all.push(format!("{origin} +{more}"));
        }
        Receipt(all.join(", "))
    }

    /// The receipts of several answers that leave as one.
    pub fn joined(receipts: &[String]) -> Option<String> {
        let (mut named, mut more, mut origin) = (Vec::new(), 0, "");
        for one in receipts.iter().flat_map(|receipt| receipt.split(", ")) {
            match one.split_once(" +") {
                Some((of, count)) => {
                    origin = of;
                    more += count.parse::<usize>().unwrap_or_default();
                }
                None if named.len() < RECEIPT_ENTRIES_MAX => named.push(one.to_owned()),
                None => {
                    origin = one.split(' ').next().unwrap_or_default();
                    more += 1;
                }
            }
        }
        if more > 0 {
            named.push(format!("{origin} +{more}"));
        }
        (!named.is_empty()).then(|| named.join(", "))
    }

    /// The value of `Loopgate-Receipt`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Released {
    /// Runs `send` to its end, or until the send is cut.
    pub async fn while_uncut<T>(&self, send: impl Future<Output = T>) -> Option<T> {
        let Some(sending) = &self.sending else { return Some(send.await) };
        let mut look = tokio::time::interval(CUT_LOOK);
        tokio::pin!(send);
        loop {
            tokio::select! {
                done = &mut send => return Some(done),
                _ = look.tick() => if sending.is_cut() { return None },
            }
        }
    }
}

/// How often a send looks whether it was cut.
const CUT_LOOK: std::time::Duration = std::time::Duration::from_millis(50);

/// One way out: who, how, by which mapping.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    /// The recipient.
    pub to: &'a OrgId,
    /// `fhir`, `cbo-rest`, `push`.
    pub channel: &'static str,
    /// SHA-256 of the mapping file, if one is used.
    pub mapping: Option<[u8; 32]>,
    /// The person of the recipient who looks, where that is known.
    pub by: Option<&'a str>,
}

/// What is asked for a part of a page, and the permits it was rendered under.
pub type Weighed = (AskFor, Vec<Permit>);

impl Egress {
    /// The exit of a gateway.
    pub fn new(scribe: Scribe, clock: Arc<dyn Clock>, policy: Policy, origin: String) -> Egress {
        Egress { scribe, clock, policy, origin }
    }

    /// What consent says of one part, now. Records nothing: for choosing what to ask for.
    pub fn weigh(&self, to: &OrgId, ask: &AskFor) -> Result<Vec<Permit>, Option<Denial>> {
        let roster = self.scribe.published().roster.load();
        let party = roster.party(to).ok_or(None)?;
        let world = self.scribe.published().world();
        let on = Grounds {
            world: &world,
            roster: &roster,
            policy: &self.policy,
            health: self.health(),
            at: self.clock.now(),
        };
        permits(ask, &party, &on).map_err(Some)
    }

    /// The same, for lists: `None` where it may not leave, an outage where nothing can be decided.
    pub fn may(&self, to: &OrgId, ask: &AskFor) -> Result<Option<Vec<Permit>>, Trouble> {
        match self.weigh(to, ask) {
            Ok(permits) => Ok(Some(permits)),
            Err(Some(denial)) if denial.code.class() == Some(Class::Unavailable) => {
                Err(Trouble::Outage)
            }
            Err(_) => Ok(None),
        }
    }

    /// What the decision can be made on: the log must take it, and the clock be trusted.
    fn health(&self) -> Health {
        let published = self.scribe.published();
        match (published.stopped.load(Ordering::Acquire), published.halted.load(Ordering::Acquire))
        {
            (true, _) => Health::NoLog,
            (false, true) => Health::NoClock,
            (false, false) => Health::Sound,
        }
    }

    /// Releases one person's part, or records the denial and answers as if it were not there.
    pub fn release(
        &self,
        way: Way<'_>,
        ask: AskFor,
        render: impl Fn(&[Permit]) -> Result<Vec<u8>, Trouble>,
    ) -> Result<Released, Trouble> {
        self.release_all(way, &[ask], render)
    }

    /// The same, of what is about several persons: all of them, or nothing.
    pub fn release_all(
        &self,
        way: Way<'_>,
        asks: &[AskFor],
        render: impl Fn(&[Permit]) -> Result<Vec<u8>, Trouble>,
    ) -> Result<Released, Trouble> {
        for _ in 0..RENDER_TRIES_MAX {
            let mut permits = Vec::new();
            for ask in asks {
                match self.weigh(way.to, ask) {
                    Ok(these) => permits.extend(these),
                    Err(denial) => return Err(self.deny(way.to, ask, denial)),
                }
            }
            let bytes = render(&permits)?;
            match self.send(way, asks.to_vec(), permits, bytes) {
                Err(Trouble::Outage) => {}
                outcome => return outcome,
            }
        }
        Err(Trouble::Outage)
    }

    /// Whether a recipient was shown just this before, on what permits it now. Records nothing.
    pub fn shown_before(&self, to: &OrgId, ask: &AskFor) -> bool {
        let Ok(permits) = self.weigh(to, ask) else { return false };
        let Some(party) = self.scribe.published().roster.load().party(to) else { return false };
        let bases: Vec<_> = permits.iter().map(|one| basis(one, &party, &ask.claims)).collect();
        let world = self.scribe.published().world();
        world.was_shown((to, ask.person), (ask.view, None), &ask.resources, &bases)
    }

    /// What consent says of several parts, now, for a page whose rendering does not go by it.
    pub fn weighed(&self, to: &OrgId, asks: Vec<AskFor>) -> Result<Vec<Weighed>, Trouble> {
        let weigh = |ask: AskFor| match self.weigh(to, &ask) {
            Ok(permits) => Ok((ask, permits)),
            Err(_) => Err(Trouble::Outage),
        };
        asks.into_iter().map(weigh).collect()
    }

    /// Releases a page of parts, each rendered under the permits beside it: one entry per person, in one
    /// frame. What consent does not permit was left out by the caller, with [`Egress::weigh`]. An outage, if
    /// a part may not leave just as it was rendered: then the page must be made again.
    pub fn release_page(
        &self,
        way: Way<'_>,
        parts: Vec<Weighed>,
        render: impl Fn() -> Result<Vec<u8>, Trouble>,
    ) -> Result<Released, Trouble> {
        let bytes = render()?;
        if parts.is_empty() {
            return Ok(Released { bytes, sending: None, receipt: None });
        }
        let (asks, permits): (Vec<AskFor>, Vec<Vec<Permit>>) = parts.into_iter().unzip();
        self.send(way, asks, permits.concat(), bytes)
    }

    fn send(
        &self,
        way: Way<'_>,
        asks: Vec<AskFor>,
        permits: Vec<Permit>,
        bytes: Vec<u8>,
    ) -> Result<Released, Trouble> {
        let sealed = Sealed::seal(permits.clone(), bytes);
        let disclose = Disclose {
            recipient: way.to.clone(),
            asks,
            permits,
            channel: way.channel,
            mapping: way.mapping,
            by: way.by.map(str::to_owned),
            sha256: sealed.sha256(),
            bytes: sealed.len(),
        };
        let command = |reply| Command::Disclose(Box::new(disclose), reply);
        let (committed, sending) = self.scribe.ask_blocking(command)?;
        match sealed.open(&committed) {
            Ok(opened) => Ok(Released {
                bytes: opened.into_bytes(),
                sending: Some(Arc::new(sending)),
                receipt: Some(Receipt::of(&self.origin, &committed)),
            }),
            Err(_) => unreachable!("the scribe answers one proof per permit, for this payload"),
        }
    }

    /// Records that somebody known was refused; the answer is the same as for what is not there.
    pub fn deny(&self, to: &OrgId, ask: &AskFor, denial: Option<Denial>) -> Trouble {
        let Some(denial) = denial else { return Kind::NotFound.into() };
        // Nothing could be recorded, and nothing was refused: it is to be tried again.
        if denial.code.class() == Some(Class::Unavailable) {
            return Trouble::Outage;
        }
        let mut name = [0; 8];
        self.clock.random(&mut name);
        let event = denied(to, ask, &denial, name);
        match self.scribe.ask_blocking(|reply| Command::Deny(Box::new(event), reply)) {
            Ok(()) => Refusal::named(Kind::Denied, hex::encode(name)).into(),
            Err(trouble) => trouble,
        }
    }
}
