//! What an event is about: the chains it stands in, of a referral, a person, an organization, each with
//! its ordinal and the entry before. The verifiable index is made of the same chains.

use std::collections::BTreeSet;

use loopgate_ledger::{Field, Hash, IndexValue, Link, index_key};
use loopgate_referral::Event as ReferralEvent;
use serde::{Deserialize, Serialize};

use super::World;
use crate::fields::Links;
use crate::journal::{Erased, Event, StaffEvent};

/// What a chain is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A referral.
    Subject,
    /// A person.
    Patient,
    /// An organization.
    Party,
}

impl Class {
    /// The committed field that holds its links.
    pub fn field(self) -> Field {
        match self {
            Class::Subject => Field::Subject,
            Class::Patient => Field::Patient,
            Class::Party => Field::Parties,
        }
    }
}

impl World {
    /// Ordinals and back-links of an event that would come next.
    pub fn links(&self, event: &Event) -> Links {
        let link = |class: Class, id: &String| {
            let (n, prev) = match self.chains.get(&(class, id.clone())) {
                Some(value) => (value.count, i64::try_from(value.last).unwrap_or(i64::MAX)),
                None => (0, -1),
            };
            Link { id: id.clone(), n: n + 1, prev }
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
            ids.into_iter().for_each(|id| self.lengthen(class, id, index));
        }
    }

    pub(super) fn chain_erased(&mut self, erased: &Erased) {
        let classes = [
            (Class::Subject, &erased.subject),
            (Class::Patient, &erased.patient),
            (Class::Party, &erased.parties),
        ];
        for (class, links) in classes {
            links.iter().for_each(|link| self.lengthen(class, link.id.clone(), erased.index));
        }
    }

    fn lengthen(&mut self, class: Class, id: String, index: u64) {
        let chain = self.chains.entry((class, id));
        chain.and_modify(|value| *value = value.after(index)).or_insert(IndexValue::first(index));
    }

    /// What the verifiable index holds of a chain, if there is one.
    pub fn indexed(&self, class: Class, id: &str) -> Option<IndexValue> {
        self.chains.get(&(class, id.to_owned())).copied()
    }

    /// What the verifiable index holds of each of these chains, with its key there.
    pub fn indexed_by(&self, links: &Links) -> Vec<(Hash, IndexValue)> {
        let classes = [
            (Class::Subject, &links.subject),
            (Class::Patient, &links.patient),
            (Class::Party, &links.parties),
        ];
        let of = classes.into_iter().flat_map(|(class, links)| {
            links.iter().filter_map(move |link| {
                let value = self.indexed(class, &link.id)?;
                Some((index_key(class.field(), &link.id), value))
            })
        });
        of.collect()
    }

    /// Every chain.
    pub fn chains(&self) -> impl Iterator<Item = (Class, &str, IndexValue)> {
        self.chains.iter().map(|((class, id), value)| (*class, id.as_str(), *value))
    }

    fn about(&self, event: &Event) -> About {
        let mut about = About::default();
        about.patient.extend(self.person_of(event).map(|p| p.to_string()));
        match event {
            Event::Stored { org, .. }
            | Event::Answered { org, .. }
            | Event::Spent { org, .. }
            | Event::TokenRevoked { org, .. }
            | Event::Capacity { org, .. }
            | Event::Partner { org, .. } => {
                about.parties.insert(org.to_string());
            }
            Event::Heard { org, referrals, about: said_of, .. } => {
                about.parties.insert(org.to_string());
                let subjects = referrals.iter().chain(said_of);
                about.subject.extend(subjects.map(ToString::to_string));
            }
            Event::Denied { org, referral, .. } => {
                about.parties.insert(org.to_string());
                about.subject.extend(referral.map(|r| r.to_string()));
            }
            Event::Person(fact) => {
                use loopgate_referral::PersonEvent::{
                    CandidateNoted, Linked, Merged, Registered, Superseded,
                };
                match fact {
                    Registered { by, .. } | Linked { by, .. } => {
                        about.parties.insert(by.to_string());
                    }
                    Superseded { by, .. } => {
                        about.parties.insert(by.to_string());
                    }
                    Merged { by, retired, .. } => {
                        about.parties.insert(by.to_string());
                        about.patient.insert(retired.to_string());
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
            Event::Link(fact) => {
                about.parties.insert(fact.org().to_string());
                about.subject.extend(fact.referral().map(|one| one.to_string()));
            }
            Event::Mail(fact) => {
                about.parties.insert(fact.org().to_string());
            }
            Event::Webhook(fact) => {
                about.parties.insert(fact.org().to_string());
                about.subject.extend(fact.referral().map(|one| one.to_string()));
            }
            Event::Ledger(fact) => {
                about.patient.extend(fact.about().map(|person| person.to_string()));
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
