//! What staff did, and what waits for them: forms that a second person has to read, emergencies to
//! look at, who gave what wrong how often.

use std::collections::{BTreeMap, VecDeque};

use loopgate_consent::{Glass, GrantDraft, GrantEvent};
use loopgate_referral::{OrgId, PersonId, ResourceId, Timestamp};
use serde::{Deserialize, Serialize};

use super::reveals::Reveals;
use super::{Place, WRONG_PIN, note_try};
use crate::journal::{Event, StaffEvent};
use crate::staff::StaffName;

/// A pane that was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// By which organization.
    pub org: OrgId,
    /// About whom.
    pub person: PersonId,
    /// The entry that says so.
    pub entry: u64,
    /// As the release decision sees it.
    pub glass: Glass,
    /// Who looked at it, and whether it was an emergency.
    pub reviewed: Option<(StaffName, bool)>,
}

/// A fold of [`StaffEvent`]s.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StaffBook {
    /// Forms that one person read, and a second has to.
    pub proposals: BTreeMap<ResourceId, (StaffName, GrantDraft)>,
    /// When somebody gave something wrong, newest last.
    pub wrong: BTreeMap<StaffName, VecDeque<Timestamp>>,
    /// When a wrong code was given at a person's own link, newest last.
    pub wrong_codes: BTreeMap<PersonId, VecDeque<Timestamp>>,
    /// When somebody of the staff entered the code of a sheet that there is none of, newest last.
    pub wrong_reply_codes: BTreeMap<StaffName, VecDeque<Timestamp>>,
    /// How often the links of a person, or of who speaks for them, were ended.
    link_epochs: BTreeMap<(PersonId, bool), u32>,
    /// The last step of a one-time password that each used.
    pub steps: BTreeMap<StaffName, u64>,
    /// Every pane that was broken, oldest first.
    pub broken: Vec<Broken>,
    /// Who is to learn who somebody is.
    pub reveals: Reveals,
}

impl StaffBook {
    pub(super) fn evolve(&mut self, event: &Event, place: Place) {
        self.reveals.evolve(event, place);
        match event {
            Event::Grant(GrantEvent::Given { says }) => drop(self.proposals.remove(&says.consent)),
            Event::Grant(GrantEvent::AllRevoked { person, .. }) => {
                self.proposals.retain(|_, (_, says)| says.person != *person);
            }
            Event::Grant(GrantEvent::Doubted { person, .. }) => self.end_links(*person, true),
            Event::Grant(GrantEvent::Revoked { grant, .. }) => {
                self.proposals.retain(|_, (_, says)| {
                    loopgate_consent::GrantId::of_consent(&says.consent) != *grant
                });
            }
            Event::Denied { person: Some(person), referral: None, code, .. }
                if code == WRONG_PIN =>
            {
                note_try(self.wrong_codes.entry(*person).or_default(), place.at);
            }
            Event::Staff(fact) => self.by_staff(fact, place),
            _ => {}
        }
    }

    fn by_staff(&mut self, fact: &StaffEvent, place: Place) {
        match fact {
            StaffEvent::Proposed { by, says } => {
                self.proposals.insert(says.consent.clone(), (by.clone(), says.clone()));
            }
            StaffEvent::SignIn { staff, right, step } => {
                let tries = self.wrong.entry(staff.clone()).or_default();
                if *right {
                    tries.clear();
                } else {
                    note_try(tries, place.at);
                }
                if let Some(step) = step {
                    let last = self.steps.entry(staff.clone()).or_default();
                    *last = (*last).max(*step);
                }
            }
            StaffEvent::GlassBroken { org, person, reason, medical_emergency, at } => {
                let glass = Glass {
                    broken: *at,
                    reason: reason.clone(),
                    medical_emergency: *medical_emergency,
                    is_read: true,
                };
                let (org, person, entry) = (org.clone(), *person, place.index);
                self.broken.push(Broken { org, person, entry, glass, reviewed: None });
            }
            StaffEvent::GlassReviewed { by, entry, justified, .. } => {
                let broken = self.broken.iter_mut().find(|one| one.entry == *entry);
                if let Some(broken) = broken {
                    broken.reviewed = Some((by.clone(), *justified));
                }
            }
            StaffEvent::WrongReplyCode { by } => {
                note_try(self.wrong_reply_codes.entry(by.clone()).or_default(), place.at);
            }
            StaffEvent::LinkMade { .. }
            | StaffEvent::Entered { .. }
            | StaffEvent::Looked { .. }
            | StaffEvent::RevealAsked { .. }
            | StaffEvent::RevealConfirmed { .. } => {}
            StaffEvent::LinksEnded { person, .. } => {
                self.end_links(*person, false);
                self.end_links(*person, true);
            }
        }
    }

    /// Two persons are one. Links stay under the name they were made for.
    pub(super) fn merge(&mut self, survivor: PersonId, retired: PersonId) {
        for (_, says) in self.proposals.values_mut().filter(|(_, says)| says.person == retired) {
            says.person = survivor;
        }
        for broken in self.broken.iter_mut().filter(|broken| broken.person == retired) {
            broken.person = survivor;
        }
        self.reveals.merge(survivor, retired);
    }

    /// Ends the links of who speaks for a person, and of the person too if `all`.
    pub(super) fn end_links_of(&mut self, person: PersonId, all: bool) {
        self.end_links(person, true);
        if all {
            self.end_links(person, false);
        }
    }

    fn end_links(&mut self, person: PersonId, proxy: bool) {
        *self.link_epochs.entry((person, proxy)).or_default() += 1;
    }

    /// Which links of a person, or of who speaks for them, are good: those of this count.
    pub fn link_epoch(&self, person: PersonId, proxy: bool) -> u32 {
        self.link_epochs.get(&(person, proxy)).copied().unwrap_or_default()
    }

    /// The newest pane that an organization broke about somebody.
    pub fn glass(&self, org: &OrgId, person: PersonId) -> Option<&Broken> {
        self.broken.iter().rev().find(|one| one.org == *org && one.person == person)
    }
}
