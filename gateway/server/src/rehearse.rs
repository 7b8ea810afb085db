//! A log of any length about invented persons, for benches: what appending, starting, proving and
//! searching cost as it grows. The real scribe, vault and disk, without sockets.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use loopgate_consent::{GrantId, GrantRef};
use loopgate_referral::{OrgId, PersonId, ReferralId, ResourceId};
use tokio::sync::oneshot;

use crate::assemble::{self, Deployment, load_config};
use crate::catalogue::Query;
use crate::clock::SystemClock;
use crate::journal::{BasisUsed, Disclosure, Event};
use crate::scribe::Command;

/// Entries about one person.
const ENTRIES_PER_PERSON: u64 = 40;
/// Commands that are on their way at once.
const FLIGHT: u64 = 256;

/// An opened deployment that is filled with what nobody said.
pub struct Rehearsal(Deployment);

impl Rehearsal {
    /// Opens the deployment in this folder, as `serve` would.
    pub fn open(root: &Path) -> anyhow::Result<Rehearsal> {
        let config = load_config(&root.join("loopgate.toml"))?;
        let clock = Arc::new(SystemClock::new());
        Ok(Rehearsal(assemble::open(config, clock, None, Box::new(|| {}))?))
    }

    /// How many entries there are.
    pub fn len(&self) -> u64 {
        self.0.gate.scribe.published().world().leaves
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends disclosures, each durable before this returns.
    pub fn append(&self, count: u64) -> anyhow::Result<()> {
        let begin = self.len();
        let mut waiting = Vec::new();
        for n in begin..begin + count {
            let (reply, answer) = oneshot::channel();
            let event = Box::new(Event::Disclosed(disclosure(n)?));
            let told = self.0.gate.scribe.tell(Command::Deny(event, reply));
            told.map_err(|_| anyhow!("the scribe takes nothing more"))?;
            waiting.push(answer);
            if waiting.len() as u64 == FLIGHT || n + 1 == begin + count {
                for answer in waiting.drain(..) {
                    let recorded = answer.blocking_recv().context("the scribe stopped")?;
                    recorded.map_err(|_| anyhow!("an entry was not recorded"))?;
                }
            }
        }
        Ok(())
    }

    /// The length of an inclusion proof of an entry, made as for a receipt.
    pub fn prove(&self, index: u64) -> usize {
        let tree = self.0.gate.grove.tree();
        tree.prove_inclusion(index, tree.len()).map_or(0, |proof| proof.len())
    }

    /// How many entries a page about the nth person has.
    pub fn search(&self, nth: u64) -> anyhow::Result<usize> {
        let query = Query { person: Some(person(nth)), count_max: 50, ..Query::default() };
        Ok(self.0.gate.scribe.published().catalogue().search(&query).entries.len())
    }

    /// Ends it cleanly.
    pub fn close(self) -> anyhow::Result<()> {
        crate::run::finish(self.0)
    }
}

fn person(nth: u64) -> PersonId {
    PersonId::from_random(random(nth, 1))
}

/// 16 bytes that look like chance and are the same each time.
fn random(nth: u64, what: u8) -> [u8; 16] {
    let mut bytes = [0; 16];
    let hash = loopgate_token::sha256(&[&nth.to_be_bytes()[..], &[what]].concat());
    bytes.copy_from_slice(&hash[..16]);
    bytes
}

fn disclosure(n: u64) -> anyhow::Result<Disclosure> {
    let nth = n / ENTRIES_PER_PERSON;
    let consent = ResourceId::of("Consent", &format!("c-{nth}"))?;
    let task = ResourceId::of("Task", &format!("t-{nth}"))?;
    let recipient: OrgId = format!("org-{}", n % 20).parse()?;
    Ok(Disclosure {
        person: person(nth),
        recipient,
        bases: vec![BasisUsed::Consent {
            grant: GrantRef { id: GrantId::of_consent(&consent), version: 1, epoch: 1 },
            action: "forward".into(),
            purpose: Some("CAREMGT".into()),
            code: "OK1".into(),
            templates: vec!["food/1".into()],
            groups: vec!["need".into(), "identity".into()],
            dropped: Vec::new(),
            obligations: Vec::new(),
        }],
        resources: vec![(task, n)],
        referral: Some(ReferralId::from_random(random(nth, 2))),
        view: "cbo-json".into(),
        channel: "cbo-rest".into(),
        mapping: None,
        sha256: loopgate_token::sha256(&n.to_be_bytes()),
        bytes: 1_400,
    })
}
