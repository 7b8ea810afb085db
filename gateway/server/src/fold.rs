//! The in-memory fold: everything the scribe decides on, computed from events alone.
//!
//! The scribe folds events as it decides them; readers see a second fold that is one commit behind.
//! Start-up is replay, so recovery runs every day.

mod about;
mod book;
mod capacity;
mod heard;
mod held;
mod line;
mod links;
mod mail;
mod merged;
mod notices;
mod refusals;
mod reveals;
mod spent;
mod staff;
mod webhooks;
mod whose;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use loopgate_consent::Grants;
use loopgate_ledger::IndexValue;
use loopgate_referral::{
    Event as ReferralEvent, Identifier, OrgId, PersonId, Persons, Placement, PlacementId, Referral,
    ReferralId, ResourceId, TaskStatus, Timestamp,
};
use serde::{Deserialize, Serialize};

pub use crate::journal::Minted;
pub use about::Class;
pub use book::{Announced, Book};
pub use capacity::{Capacities, Reported};
pub use heard::{Heard, Spoken};
pub use held::{Held, Locator, Part, document_id};
pub use line::Line;
pub use links::{Links, Parked};
pub use mail::{MailBook, Mailbox, RECOVER_PIN};
pub use notices::{Notice, Notices};
pub use refusals::Refusals;
pub use reveals::{REVEAL, Reveal};
pub use spent::Spent;
pub use staff::{Broken, StaffBook};
pub use webhooks::{ToldHook, Webhooks, message as hook_message};
use whose::Whose;

use crate::journal::{BasisUsed, Erased, Event, MailEvent};

/// Where an event lies in the log.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Frame.
    pub sequence: u64,
    /// Entry in the frame.
    pub entry: usize,
    /// Leaf.
    pub index: u64,
    /// Commit time of the frame.
    pub at: Timestamp,
}

/// The reason code of a wrong PIN.
pub const WRONG_PIN: &str = "PIN";
/// No limit on tries is higher.
const WRONG_PINS_KEPT: usize = 20;

/// An answer: each resource with its version.
pub type Answer = Vec<(ResourceId, u64)>;

/// One disclosed version: to whom, in which shape, what, which version, under which basis.
type Shown = (OrgId, PersonId, (String, Option<String>), ResourceId, u64, Vec<BasisUsed>);

/// Everything, after some prefix of the log.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct World {
    /// How many leaves were folded.
    pub leaves: u64,
    /// How many frames were folded.
    pub frames: u64,
    /// Commit time of the last.
    pub last_at: Timestamp,
    /// Who is who.
    pub persons: Persons,
    /// Which person a Patient resource is.
    pub patients: BTreeMap<ResourceId, PersonId>,
    /// The same and the referrals, by person.
    whose: Whose,
    /// What was consented to.
    pub grants: Grants,
    /// What is kept.
    pub resources: BTreeMap<ResourceId, Held>,
    /// Every referral.
    pub referrals: BTreeMap<ReferralId, Referral>,
    /// The referrals of a source's ServiceRequest.
    pub requests: BTreeMap<ResourceId, BTreeSet<ReferralId>>,
    /// When an organization last handed in something of a type.
    pub supplied_at: BTreeMap<(OrgId, String), Timestamp>,
    /// Resources that are part of a referral.
    pub parts: BTreeMap<ResourceId, Part>,
    /// Referrals nobody has answered.
    pub unanswered: BTreeSet<ReferralId>,
    /// Referrals by the organizations that take part.
    pub by_org: BTreeMap<OrgId, BTreeSet<ReferralId>>,
    /// Which referral a placement belongs to.
    pub placements: BTreeMap<PlacementId, ReferralId>,
    /// When a wrong PIN was given at a referral's link, newest last.
    pub wrong_pins: BTreeMap<(OrgId, Option<ReferralId>), VecDeque<Timestamp>>,
    /// First answers, by who asked and what.
    pub answers: BTreeMap<(OrgId, [u8; 32]), Answer>,
    /// HL7 v2 messages taken in, by link and MSH-3, MSH-4, MSH-10.
    pub heard: BTreeMap<(OrgId, [u8; 32]), Heard>,
    /// The same, oldest first.
    heard_at: VecDeque<(Timestamp, (OrgId, [u8; 32]))>,
    /// Referrals that came as HL7 v2, and are answered so.
    pub spoken: BTreeMap<ReferralId, Spoken>,
    /// Referral Tasks by their supplier's business identifiers.
    pub task_keys: BTreeMap<(OrgId, Identifier), ResourceId>,
    /// Versions already disclosed.
    shown: BTreeSet<Shown>,
    /// Partner files in force: hash, suspended.
    pub partners: BTreeMap<OrgId, ([u8; 32], bool)>,
    /// Assertions and single-use tokens that were used.
    pub spent: Spent,
    /// Tokens that were revoked.
    pub revoked_tokens: Spent,
    /// Consent tokens that may be alive, by their place on the status list.
    pub minted: BTreeMap<u32, Minted>,
    /// What staff did, and what waits for them.
    pub staff: StaffBook,
    /// Who holds what a person has withdrawn, and has to be told.
    pub notices: Notices,
    /// The queues of HL7 v2 links.
    pub links: Links,
    /// E-mails of organizations, and what becomes of their PINs.
    pub mail: MailBook,
    /// The webhooks of partners that are pushed to.
    pub webhooks: Webhooks,
    /// Referrals of which a target is to be told something, by target and since when.
    pub untold: BTreeMap<OrgId, BTreeSet<(Timestamp, ReferralId)>>,
    /// Refusals by the name they were told under.
    pub refusals: Refusals,
    /// How much each organization can take on.
    pub capacities: Capacities,
    /// What happened to each person's data, for them to read.
    pub accounts: BTreeMap<PersonId, Vec<Line>>,
    /// What the log says of itself.
    pub book: Book,
    /// When strangers were last counted.
    pub strangers_at: Timestamp,
    chains: BTreeMap<(Class, String), IndexValue>,
}

impl World {
    /// The state after `event`, which lies at `place`.
    pub fn evolve(&mut self, event: &Event, place: Place) {
        self.chain(event, place.index);
        self.reached(place);
        if let Some(person) = self.person_of(event) {
            self.book.last_about.insert(person, place.at);
        }
        if let Some((person, line)) = Line::of(event, place) {
            self.accounts.entry(person).or_default().push(line);
        }
        self.staff.evolve(event, place);
        self.end_former_links(event);
        self.notices.evolve(event, place);
        self.refusals.evolve(event, place);
        self.mail.evolve(event, place);
        match event {
            Event::Stored { org, person, resources } => self.hold((org, *person), resources, place),
            Event::Patient { patient, person } => {
                self.know(patient, *person);
            }
            Event::Person(fact) => {
                self.persons.evolve(fact);
                self.merge(fact);
            }
            Event::Grant(fact) => self.grants.evolve(fact),
            Event::Referral { referral, fact } => self.evolve_referral(*referral, fact, place),
            Event::Answered { org, request, answer } => {
                self.answers.insert((org.clone(), *request), answer.clone());
            }
            Event::Heard { .. } => {
                let ack = Locator { sequence: place.sequence, entry: place.entry, doc: 1 };
                self.hear(event, ack, place.at);
            }
            // Each look of an auditor is an entry of its own: none is remembered as shown before.
            Event::Disclosed(d)
                if d.bases.iter().any(|basis| matches!(basis, BasisUsed::Audit { .. })) => {}
            Event::Disclosed(d) => {
                for (resource, version) in &d.resources {
                    let shown = (
                        d.recipient.clone(),
                        d.person,
                        (d.view.clone(), d.mapping.clone()),
                        resource.clone(),
                        *version,
                        d.bases.clone(),
                    );
                    self.shown.insert(shown);
                }
            }
            Event::Partner { org, sha256, suspended } => {
                let before = self.partners.insert(org.clone(), (*sha256, *suspended));
                if before.is_some_and(|(known, _)| known != *sha256) {
                    self.mail.changed(org);
                }
            }
            Event::Ledger(fact) => self.book.evolve(fact, place),
            Event::Link(fact) => self.links.evolve(fact, place),
            Event::Mail(MailEvent::Bounced { org, .. }) => self.bounce(org, place.at),
            Event::Webhook(fact) => self.webhooks.evolve(fact, place),
            Event::StopUseTold { org, entry, .. } => self.note_stop_use(org, *entry, place.at),
            Event::Capacity { org, said } => self.capacities.evolve(org, said, place.at),
            Event::Strangers { .. } => self.strangers_at = place.at,
            Event::Spent { org, jti, until } => self.spent.note(org, *jti, *until, place.at),
            Event::TokenRevoked { org, jti, until } => {
                self.revoked_tokens.note(org, *jti, *until, place.at);
            }
            Event::TokenMinted { minted, index, .. } => {
                self.minted.retain(|_, one| one.until > place.at);
                self.minted.insert(*index, minted.clone());
            }
            // The scribe keeps the proof of a summary entry; nothing is decided on it.
            Event::Denied { org, person, referral, code, action, .. }
                // Without either it was given at the organization's own page.
                if code == WRONG_PIN
                    && action.as_deref() != Some(RECOVER_PIN)
                    && (referral.is_some() || person.is_none()) =>
            {
                let tries = self.wrong_pins.entry((org.clone(), *referral)).or_default();
                note_try(tries, place.at);
            }
            Event::Reread { .. }
            | Event::Denied { .. }
            | Event::Exported { .. }
            | Event::Staff(_)
            | Event::Mail(_) => {}
        }
    }

    /// The state after an entry that cannot be read any more: it stands where it stood, and says nothing.
    pub fn pass(&mut self, erased: &Erased, place: Place) {
        self.chain_erased(erased);
        self.reached(place);
    }

    fn reached(&mut self, place: Place) {
        self.leaves = place.index + 1;
        self.frames = place.sequence + 1;
        self.last_at = place.at;
        self.book.begun.get_or_insert(place.at);
    }

    fn evolve_referral(&mut self, id: ReferralId, fact: &ReferralEvent, place: Place) {
        match fact {
            ReferralEvent::Received { source, task, request, persons, .. } => {
                self.concerns(id, persons);
                self.requests.entry(request.clone()).or_default().insert(id);
                self.parts.insert(task.clone(), Part::SourceTask(id));
                self.by_org.entry(source.clone()).or_default().insert(id);
            }
            ReferralEvent::Placed { placement, target, task, request } => {
                self.parts.insert(task.clone(), Part::PlacementTask(id, *placement));
                self.parts.insert(request.clone(), Part::PlacementRequest(id, *placement));
                self.placements.insert(*placement, id);
                self.by_org.entry(target.clone()).or_default().insert(id);
            }
            ReferralEvent::OutcomeRecorded { placement, outcome, .. } => {
                self.parts.insert(outcome.procedure.clone(), Part::Outcome(id, *placement));
            }
            ReferralEvent::Attached { placement, attachment, .. } => {
                let at = Locator { sequence: place.sequence, entry: place.entry, doc: 0 };
                let part = Part::Attached(id, *placement, at);
                self.parts.extend(document_id(attachment).map(|document| (document, part)));
            }
            _ => {}
        }
        let before = self.referrals.remove(&id);
        if let Some(before) = &before {
            self.webhooks.note(before, fact, place.at);
            self.owe(before, false);
        }
        let Some(referral) = Referral::evolve(before, fact, place.at) else { return };
        self.owe(&referral, true);
        if referral.state.status() == TaskStatus::Requested {
            self.unanswered.insert(id);
        } else {
            self.unanswered.remove(&id);
        }
        self.settle_mail(&referral);
        self.referrals.insert(id, referral);
    }

    /// Forgets e-mails that need not be sent again.
    fn settle_mail(&mut self, referral: &Referral) {
        for placement in &referral.placements {
            if mail::is_settled(placement) {
                self.mail.settled(&placement.target, &placement.id);
            }
        }
    }

    /// Whose key an event is kept under: a referral's events under its first person's.
    /// Nobody's, if that person's key was destroyed: what is asked about them still is about nobody.
    pub fn person_of(&self, event: &Event) -> Option<PersonId> {
        let person = match event {
            Event::Referral { referral, fact: _ } => {
                event.person().or_else(|| self.first_person(referral))
            }
            Event::Link(fact) => fact.referral().and_then(|one| self.first_person(&one)),
            Event::Webhook(fact) => fact.referral().and_then(|one| self.first_person(&one)),
            _ => event.person(),
        };
        person.filter(|person| !self.book.shredded.contains_key(person))
    }

    fn first_person(&self, referral: &ReferralId) -> Option<PersonId> {
        self.referrals.get(referral).and_then(|known| known.persons.first().copied())
    }

    /// Whether this recipient was already shown all of these versions on these bases, in this view and by
    /// this mapping (SHA-256 in hex), as about this person: a Group is about several.
    pub fn was_shown(
        &self,
        (recipient, person): (&OrgId, PersonId),
        (view, mapping): (&str, Option<&str>),
        items: &[(ResourceId, u64)],
        bases: &[BasisUsed],
    ) -> bool {
        let audited = bases.iter().any(|basis| matches!(basis, BasisUsed::Audit { .. }));
        !audited
            && items.iter().all(|(resource, version)| {
                let key = (
                    recipient.clone(),
                    person,
                    (view.to_owned(), mapping.map(str::to_owned)),
                    resource.clone(),
                    *version,
                    bases.to_vec(),
                );
                self.shown.contains(&key)
            })
    }

    /// The referral and placement whose outcome a Procedure is now: what was said in error is none.
    pub fn outcome_of(&self, procedure: &ResourceId) -> Option<(&Referral, &Placement)> {
        let Some(Part::Outcome(referral, placement)) = self.parts.get(procedure) else {
            return None;
        };
        let referral = self.referrals.get(referral)?;
        let placement = referral.placement(placement)?;
        let given = placement.outcome(procedure).filter(|given| !given.withdrawn);
        given.map(|_| (referral, placement))
    }

    /// The version that whoever handed a resource in, or moves it, knows it by.
    pub fn version(&self, id: &ResourceId) -> Option<u64> {
        self.task_version(id).or_else(|| self.resources.get(id).map(|held| held.version))
    }

    /// The version of a Task of a referral.
    pub fn task_version(&self, task: &ResourceId) -> Option<u64> {
        match self.parts.get(task)? {
            Part::SourceTask(referral) => self.referrals.get(referral).map(|one| one.version),
            Part::PlacementTask(referral, placement) => {
                self.referrals.get(referral)?.placement(placement).map(|one| one.version)
            }
            Part::PlacementRequest(..) | Part::Outcome(..) | Part::Attached(..) => None,
        }
    }

    /// The referral and placement a target may act on.
    pub fn placement_at(
        &self,
        id: &ReferralId,
        target: &OrgId,
    ) -> Option<(&Referral, PlacementId)> {
        let referral = self.referrals.get(id)?;
        let placement = referral.placements.iter().rev().find(|p| p.target == *target)?;
        Some((referral, placement.id))
    }
}

/// Notes one more, and forgets the oldest of too many.
fn note_try(tries: &mut VecDeque<Timestamp>, at: Timestamp) {
    tries.push_back(at);
    if tries.len() > WRONG_PINS_KEPT {
        tries.pop_front();
    }
}
