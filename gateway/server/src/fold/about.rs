//! What an event is about: the chains it stands in, of a referral, a person, an organization, each with
//! its ordinal and the entry before.

use std::collections::BTreeSet;

use loopgate_ledger::Link;
use loopgate_referral::Event as ReferralEvent;
use serde::{Deserialize, Serialize};

use super::World;
use crate::fields::Links;
use crate::journal::{Event, StaffEvent};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Class {
    Subject,
    Patient,
    Party,
}

impl World {
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

    pub(super) fn chain(&mut self, event: &Event, index: u64) {
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
            Event::Staff(StaffEvent::Proposed { says, .. }) => {
                about.parties.extend(says.disclosers.iter().map(ToString::to_string));
            }
            Event::Staff(
                StaffEvent::GlassBroken { org, .. }
                | StaffEvent::Looked { org, .. }
                | StaffEvent::RevealAsked { org, .. },
            )
            | Event::StopUseTold { org, .. } => {
                about.parties.insert(org.to_string());
            }
            Event::Grant(_)
            | Event::Staff(_)
            | Event::Patient { .. }
            | Event::Strangers { .. }
            | Event::Exported { .. } => {}
        }
        about
    }
}

#[derive(Default)]
struct About {
    subject: BTreeSet<String>,
    patient: BTreeSet<String>,
    parties: BTreeSet<String>,
}
