//! The in-memory fold: everything the scribe decides on, computed from events alone.
//!
//! The scribe folds events as it decides them; readers see a second fold that is one commit behind.
//! Start-up is replay, so recovery runs every day.

mod heard;
mod held;
mod line;
mod spent;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use loopgate_consent::{GrantDraft, GrantEvent, Grants};
use loopgate_ledger::Link;
use loopgate_referral::{
    Event as ReferralEvent, Identifier, OrgId, PersonId, Persons, PlacementId, Referral,
    ReferralId, ResourceId, TaskStatus, Timestamp,
};

pub use crate::journal::Minted;
pub use heard::{Heard, Spoken};
pub use held::{Held, Locator, Part};
pub use line::Line;
pub use spent::Spent;

use crate::fields::Links;
use crate::journal::{BasisUsed, Event};
use crate::staff::StaffName;

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
type Shown = (OrgId, String, ResourceId, u64, Vec<BasisUsed>);

/// Everything, after some prefix of the log.
#[derive(Debug, Clone, Default, PartialEq)]
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
    /// What was consented to.
    pub grants: Grants,
    /// What is kept.
    pub resources: BTreeMap<ResourceId, Held>,
    /// Every referral.
    pub referrals: BTreeMap<ReferralId, Referral>,
    /// Resources that are part of a referral.
    pub parts: BTreeMap<ResourceId, Part>,
    /// Referrals nobody has answered.
    pub unanswered: BTreeSet<ReferralId>,
    /// Referrals by the organizations that take part.
    pub by_org: BTreeMap<OrgId, BTreeSet<ReferralId>>,
    /// Which referral a placement belongs to.
    pub placements: BTreeMap<PlacementId, ReferralId>,
    /// When a wrong PIN was given at a referral's link, newest last.
    pub wrong_pins: BTreeMap<(OrgId, ReferralId), VecDeque<Timestamp>>,
    /// First answers, by who asked and what.
    pub answers: HashMap<(OrgId, [u8; 32]), Answer>,
    /// HL7 v2 messages taken in, by link and MSH-3, MSH-4, MSH-10.
    pub heard: HashMap<(OrgId, [u8; 32]), Heard>,
    /// Referrals that came as HL7 v2, and are answered so.
    pub spoken: BTreeMap<ReferralId, Spoken>,
    /// Referral Tasks by their supplier's business identifiers.
    pub task_keys: HashMap<(OrgId, Identifier), ResourceId>,
    /// Versions already disclosed.
    shown: HashSet<Shown>,
    /// Partner files in force: hash, suspended.
    pub partners: BTreeMap<OrgId, ([u8; 32], bool)>,
    /// Assertions and single-use tokens that were used.
    pub spent: Spent,
    /// Tokens that were revoked.
    pub revoked_tokens: Spent,
    /// Consent tokens that may be alive, by their place on the status list.
    pub minted: BTreeMap<u32, Minted>,
    /// Forms that one person read, and a second has to.
    pub proposals: BTreeMap<ResourceId, (StaffName, GrantDraft)>,
    /// When somebody of the staff gave something wrong, newest last.
    pub wrong_sign_ins: BTreeMap<StaffName, VecDeque<Timestamp>>,
    /// What happened to each person's data, for them to read.
    pub accounts: BTreeMap<PersonId, Vec<Line>>,
    /// When strangers were last counted.
    pub strangers_at: Timestamp,
    chains: HashMap<(Class, String), (u64, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Class {
    Subject,
    Patient,
    Party,
}

impl World {
    /// The state after `event`, which lies at `place`.
    pub fn evolve(&mut self, event: &Event, place: Place) {
        self.chain(event, place.index);
        self.leaves = place.index + 1;
        self.frames = place.sequence + 1;
        self.last_at = place.at;
        if let Some((person, line)) = Line::of(event, place) {
            self.accounts.entry(person).or_default().push(line);
        }
        match event {
            Event::Stored { org, person, resources } => {
                for (doc, stored) in resources.iter().enumerate() {
                    let at = Locator { sequence: place.sequence, entry: place.entry, doc };
                    let held = Held {
                        org: org.clone(),
                        person: *person,
                        version: stored.version,
                        at,
                        changed: place.at,
                        identifiers: stored.identifiers.clone(),
                        rewrites: stored.rewrites.clone(),
                        request: stored.request.clone(),
                        labels: stored.labels.clone(),
                        dated: stored.dated,
                    };
                    if stored.resource.kind() == "Task" {
                        for identifier in &stored.identifiers {
                            let key = (org.clone(), identifier.clone());
                            self.task_keys.insert(key, stored.resource.clone());
                        }
                    }
                    self.resources.insert(stored.resource.clone(), held);
                }
            }
            Event::Patient { patient, person } => {
                self.patients.insert(patient.clone(), *person);
            }
            Event::Person(fact) => self.persons.evolve(fact),
            Event::Grant(fact) => {
                if let GrantEvent::Given { says } = fact {
                    self.proposals.remove(&says.consent);
                }
                self.grants.evolve(fact);
            }
            Event::Proposed { by, says } => {
                self.proposals.insert(says.consent.clone(), (by.clone(), says.clone()));
            }
            Event::SignIn { staff, right } => {
                let tries = self.wrong_sign_ins.entry(staff.clone()).or_default();
                if *right {
                    tries.clear();
                } else {
                    tries.push_back(place.at);
                    if tries.len() > WRONG_PINS_KEPT {
                        tries.pop_front();
                    }
                }
            }
            Event::Referral { referral, fact } => self.evolve_referral(*referral, fact, place.at),
            Event::Answered { org, request, answer } => {
                self.answers.insert((org.clone(), *request), answer.clone());
            }
            Event::Heard { org, key, content, control, asked, referrals, not_carried, .. } => {
                let ack = Locator { sequence: place.sequence, entry: place.entry, doc: 1 };
                let heard = Heard { content: *content, ack };
                self.heard.insert((org.clone(), *key), heard);
                for referral in referrals {
                    let spoken = Spoken {
                        control: control.clone(),
                        asked: *asked,
                        not_carried: not_carried.clone(),
                    };
                    self.spoken.insert(*referral, spoken);
                }
            }
            Event::Disclosed(d) => {
                for (resource, version) in &d.resources {
                    let shown = (
                        d.recipient.clone(),
                        d.view.clone(),
                        resource.clone(),
                        *version,
                        d.bases.clone(),
                    );
                    self.shown.insert(shown);
                }
            }
            Event::Partner { org, sha256, suspended } => {
                self.partners.insert(org.clone(), (*sha256, *suspended));
            }
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
            Event::Denied { org, referral: Some(referral), code, .. } if code == WRONG_PIN => {
                let tries = self.wrong_pins.entry((org.clone(), *referral)).or_default();
                tries.push_back(place.at);
                if tries.len() > WRONG_PINS_KEPT {
                    tries.pop_front();
                }
            }
            Event::Reread { .. } | Event::Denied { .. } | Event::Exported { .. } => {}
        }
    }

    fn evolve_referral(&mut self, id: ReferralId, fact: &ReferralEvent, at: Timestamp) {
        match fact {
            ReferralEvent::Received { source, task, .. } => {
                self.parts.insert(task.clone(), Part::SourceTask(id));
                self.by_org.entry(source.clone()).or_default().insert(id);
            }
            ReferralEvent::Placed { placement, target, task, request } => {
                self.parts.insert(task.clone(), Part::PlacementTask(id, *placement));
                self.parts.insert(request.clone(), Part::PlacementRequest(id, *placement));
                self.placements.insert(*placement, id);
                self.by_org.entry(target.clone()).or_default().insert(id);
            }
            ReferralEvent::OutcomeRecorded { placement, outcome } => {
                self.parts.insert(outcome.procedure.clone(), Part::Outcome(id, *placement));
            }
            _ => {}
        }
        let Some(referral) = Referral::evolve(self.referrals.remove(&id), fact, at) else { return };
        if referral.state.status() == TaskStatus::Requested {
            self.unanswered.insert(id);
        } else {
            self.unanswered.remove(&id);
        }
        self.referrals.insert(id, referral);
    }

    /// Whose key an event is kept under: a referral's events under its first person's.
    pub fn person_of(&self, event: &Event) -> Option<PersonId> {
        match event {
            Event::Referral { referral, fact: _ } => event
                .person()
                .or_else(|| self.referrals.get(referral).and_then(|r| r.persons.first().copied())),
            _ => event.person(),
        }
    }

    /// Ordinals and back-links of an event that would come next.
    pub fn links(&self, event: &Event) -> Links {
        let link = |class: Class, id: &String| {
            let (n, last) = self.chains.get(&(class, id.clone())).copied().unwrap_or((0, -1));
            Link { id: id.clone(), n: n + 1, prev: last }
        };
        let about = self.about(event);
        Links {
            subject: about.subject.iter().map(|id| link(Class::Subject, id)).collect(),
            patient: about.patient.iter().map(|id| link(Class::Patient, id)).collect(),
            parties: about.parties.iter().map(|id| link(Class::Party, id)).collect(),
        }
    }

    fn chain(&mut self, event: &Event, index: u64) {
        let about = self.about(event);
        let classes = [
            (Class::Subject, about.subject),
            (Class::Patient, about.patient),
            (Class::Party, about.parties),
        ];
        for (class, ids) in classes {
            for id in ids {
                let entry = self.chains.entry((class, id)).or_insert((0, -1));
                *entry = (entry.0 + 1, i64::try_from(index).unwrap_or(i64::MAX));
            }
        }
    }

    fn about(&self, event: &Event) -> About {
        let mut about = About::default();
        about.patient.extend(self.person_of(event).map(|p| p.to_string()));
        match event {
            Event::Stored { org, .. }
            | Event::Answered { org, .. }
            | Event::Spent { org, .. }
            | Event::TokenRevoked { org, .. }
            | Event::Partner { org, .. } => {
                about.parties.insert(org.to_string());
            }
            Event::Heard { org, referrals, .. } => {
                about.parties.insert(org.to_string());
                about.subject.extend(referrals.iter().map(ToString::to_string));
            }
            Event::Denied { org, referral, .. } => {
                about.parties.insert(org.to_string());
                about.subject.extend(referral.map(|r| r.to_string()));
            }
            Event::Person(fact) => {
                use loopgate_referral::PersonEvent::{CandidateNoted, Linked, Registered};
                match fact {
                    Registered { by, .. } | Linked { by, .. } => {
                        about.parties.insert(by.to_string());
                    }
                    CandidateNoted { other, .. } => {
                        about.patient.insert(other.to_string());
                    }
                }
            }
            Event::Referral { referral, fact } => {
                about.subject.insert(referral.to_string());
                if let ReferralEvent::Received { source, persons, .. } = fact {
                    about.parties.insert(source.to_string());
                    about.patient.extend(persons.iter().map(ToString::to_string));
                } else if let Some(known) = self.referrals.get(referral) {
                    about.parties.insert(known.source.to_string());
                    about.parties.extend(known.placements.iter().map(|p| p.target.to_string()));
                    about.patient.extend(known.persons.iter().map(ToString::to_string));
                }
                if let ReferralEvent::Placed { target, .. } = fact {
                    about.parties.insert(target.to_string());
                }
            }
            Event::Disclosed(d) => {
                about.parties.insert(d.recipient.to_string());
                about.subject.extend(d.referral.map(|r| r.to_string()));
            }
            Event::TokenMinted { org, minted, .. } => {
                about.parties.extend([org.to_string(), minted.recipient.to_string()]);
            }
            Event::Reread { recipient, .. } => {
                about.parties.insert(recipient.to_string());
            }
            Event::Grant(loopgate_consent::GrantEvent::Given { says }) => {
                about.parties.extend(says.disclosers.iter().map(ToString::to_string));
            }
            Event::Proposed { says, .. } => {
                about.parties.extend(says.disclosers.iter().map(ToString::to_string));
            }
            Event::Grant(_)
            | Event::SignIn { .. }
            | Event::Patient { .. }
            | Event::Strangers { .. }
            | Event::Exported { .. } => {}
        }
        about
    }

    /// Whether this recipient was already shown all of these versions on these bases.
    pub fn was_shown(
        &self,
        recipient: &OrgId,
        view: &str,
        items: &[(ResourceId, u64)],
        bases: &[BasisUsed],
    ) -> bool {
        items.iter().all(|(resource, version)| {
            let key =
                (recipient.clone(), view.to_owned(), resource.clone(), *version, bases.to_vec());
            self.shown.contains(&key)
        })
    }

    /// The version of a Task of a referral.
    pub fn task_version(&self, task: &ResourceId) -> Option<u64> {
        match self.parts.get(task)? {
            Part::SourceTask(referral) => self.referrals.get(referral).map(|one| one.version),
            Part::PlacementTask(referral, placement) => {
                self.referrals.get(referral)?.placement(placement).map(|one| one.version)
            }
            Part::PlacementRequest(..) | Part::Outcome(..) => None,
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

#[derive(Default)]
struct About {
    subject: BTreeSet<String>,
    patient: BTreeSet<String>,
    parties: BTreeSet<String>,
}
