//! Who is the same person. A person holds identifiers and is never formed from demographics:
//! a name and a birth date shared by two patients make a candidate for review, never a link.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{OrgId, PersonId, ReferralId};

/// Candidates noted for one new person: a name that hundreds share is no hint to anybody.
const CANDIDATES_MAX: usize = 8;

/// A business identifier: the pair that FHIR's `Identifier` and HL7's CX have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// The namespace.
    pub system: String,
    /// The value within it.
    pub value: String,
}

/// Why two sources' patients are one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum LinkBasis {
    /// They share an identifier whose system the tenant lists in `[identity] shared_systems`.
    SharedIdentifier {
        /// Which system.
        system: String,
    },
    /// The organization presented again an identifier of its own patient index, which it owns.
    OwnIdentifier {
        /// Which system.
        system: String,
    },
    /// The organization refers on whom it serves in a referral: loopgate told it of them.
    ReferredOn {
        /// Which referral.
        referral: ReferralId,
    },
}

/// What an organization tells us of a patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// Who tells.
    pub by: OrgId,
    /// What identifies the patient.
    pub identifiers: Vec<Identifier>,
    /// The system of its own patient index, in which one identifier is one person.
    pub index: Option<String>,
    /// Folded name and birth date, if both are known: only ever compared, for candidates.
    pub sameness: Option<Sameness>,
}

/// Name and birth date folded for comparison.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sameness(String);

impl Sameness {
    /// Folds a name and a birth date; `None` unless both are there.
    pub fn of(family: &str, given: &str, birth_date: &str) -> Option<Sameness> {
        let fold = |text: &str| -> String {
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let (family, given) = (fold(family), fold(given));
        if family.is_empty() || given.is_empty() || birth_date.is_empty() {
            return None;
        }
        Some(Sameness(format!("{family}|{given}|{birth_date}")))
    }
}

/// A fact about who is who.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum PersonEvent {
    /// A person not seen before.
    Registered {
        /// The new person.
        person: PersonId,
        /// Who presented them.
        by: OrgId,
        /// With what.
        identifiers: Vec<Identifier>,
        /// For candidates.
        sameness: Option<Sameness>,
    },
    /// A patient was presented that is a person already known.
    Linked {
        /// The known person.
        person: PersonId,
        /// Who presented them.
        by: OrgId,
        /// All identifiers presented.
        identifiers: Vec<Identifier>,
        /// Why they are the same.
        basis: LinkBasis,
    },
    /// Two were one person all along, as the organization says whose patient index holds both
    /// identifiers. Everything of the retired one is the survivor's from now on.
    Merged {
        /// Who they are.
        survivor: PersonId,
        /// Who is nobody of their own any more.
        retired: PersonId,
        /// Who says so.
        by: OrgId,
        /// The identifiers that stay.
        identifiers: Vec<Identifier>,
        /// The identifiers that they replace.
        superseded: Vec<Identifier>,
    },
    /// An identifier of a person was replaced by another of the same person.
    Superseded {
        /// Who.
        person: PersonId,
        /// Who says so.
        by: OrgId,
        /// The identifiers that stay.
        identifiers: Vec<Identifier>,
        /// The identifiers that they replace.
        superseded: Vec<Identifier>,
    },
    /// Two persons look alike; a named human may confirm it one day.
    CandidateNoted {
        /// The newer.
        person: PersonId,
        /// The older.
        other: PersonId,
    },
}

/// Two persons that look alike.
pub type Candidate = (PersonId, PersonId);

/// What is known of one person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Person {
    pub(crate) identifiers: BTreeSet<(OrgId, Identifier)>,
    pub(crate) sameness: BTreeSet<Sameness>,
}

/// Everyone: a fold of [`PersonEvent`]s.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Persons {
    pub(crate) persons: BTreeMap<PersonId, Person>,
    pub(crate) by_identifier: BTreeMap<Identifier, BTreeSet<(OrgId, PersonId)>>,
    pub(crate) by_sameness: BTreeMap<Sameness, BTreeSet<PersonId>>,
    pub(crate) candidates: BTreeSet<Candidate>,
    /// Who was merged into whom; survivors are never among the merged.
    pub(crate) merged: BTreeMap<PersonId, PersonId>,
    /// Identifiers that their organization replaced, and by which.
    pub(crate) superseded: BTreeMap<(OrgId, Identifier), Identifier>,
}

impl Persons {
    /// Who a presented patient is: a known person, or `fresh`. Identifiers that point to two
    /// persons point to neither: then it is a new person and both are candidates.
    pub fn decide(
        &self,
        presented: &Presented,
        shared_systems: &[String],
        fresh: PersonId,
    ) -> (PersonId, Vec<PersonEvent>) {
        let known = self.matches(presented, shared_systems);
        let distinct: BTreeSet<PersonId> = known.iter().map(|(person, _)| *person).collect();
        if let (1, Some((person, basis))) = (distinct.len(), known.into_iter().next()) {
            let linked = PersonEvent::Linked {
                person,
                by: presented.by.clone(),
                identifiers: presented.identifiers.clone(),
                basis,
            };
            return (person, vec![linked]);
        }
        let mut events = vec![PersonEvent::Registered {
            person: fresh,
            by: presented.by.clone(),
            identifiers: presented.identifiers.clone(),
            sameness: presented.sameness.clone(),
        }];
        let alike = presented.sameness.iter().filter_map(|key| self.by_sameness.get(key)).flatten();
        let others: BTreeSet<PersonId> = distinct.into_iter().chain(alike.copied()).collect();
        events.extend(
            others
                .into_iter()
                .take(CANDIDATES_MAX)
                .map(|other| PersonEvent::CandidateNoted { person: fresh, other }),
        );
        (fresh, events)
    }

    /// Whether a presented patient is this very person again: nobody else by what makes persons one, and
    /// by that, or by any identifier that the same organization gave before, this one.
    pub fn is_again(
        &self,
        presented: &Presented,
        shared_systems: &[String],
        person: PersonId,
    ) -> bool {
        let matches = self.matches(presented, shared_systems);
        let gave = |known: &Person| {
            let given = presented.identifiers.iter();
            let mut given = given.map(|one| (presented.by.clone(), one.clone()));
            given.any(|one| known.identifiers.contains(&one))
        };
        matches.iter().all(|(one, _)| *one == person)
            && (!matches.is_empty() || self.persons.get(&person).is_some_and(gave))
    }

    /// That a patient who is known by a name given before is presented with these identifiers again; none,
    /// if what is presented is somebody else. Who has none of them is known again by name and birth date.
    pub fn again(
        &self,
        presented: &Presented,
        shared_systems: &[String],
        person: PersonId,
    ) -> Option<PersonEvent> {
        let known = self.persons.get(&person)?;
        let matches = self.matches(presented, shared_systems);
        if matches.iter().any(|(one, _)| *one != person) {
            return None;
        }
        let gave =
            |one: &&Identifier| known.identifiers.contains(&(presented.by.clone(), (*one).clone()));
        let before = presented.identifiers.iter().find(gave);
        let alike = presented.sameness.as_ref().is_some_and(|one| known.sameness.contains(one));
        let system = before.or(presented.identifiers.first()).map(|one| one.system.clone());
        let own = LinkBasis::OwnIdentifier { system: system.unwrap_or_default() };
        let basis = match matches.into_iter().next() {
            Some((_, basis)) => basis,
            None if before.is_some() || alike => own,
            None => return None,
        };
        Some(PersonEvent::Linked {
            person,
            by: presented.by.clone(),
            identifiers: presented.identifiers.clone(),
            basis,
        })
    }

    fn matches(&self, presented: &Presented, shared: &[String]) -> Vec<(PersonId, LinkBasis)> {
        let mut found = Vec::new();
        for identifier in &presented.identifiers {
            let is_shared = shared.contains(&identifier.system);
            for (by, person) in self.by_identifier.get(identifier).into_iter().flatten() {
                let system = identifier.system.clone();
                if is_shared {
                    found.push((*person, LinkBasis::SharedIdentifier { system }));
                } else if *by == presented.by && presented.index.as_ref() == Some(&system) {
                    found.push((*person, LinkBasis::OwnIdentifier { system }));
                }
            }
        }
        found
    }

    /// The state after `event`.
    pub fn evolve(&mut self, event: &PersonEvent) {
        match event {
            PersonEvent::Registered { person, by, identifiers, sameness } => {
                self.hold(*person, by, identifiers);
                if let Some(key) = sameness {
                    self.persons.entry(*person).or_default().sameness.insert(key.clone());
                    self.by_sameness.entry(key.clone()).or_default().insert(*person);
                }
            }
            PersonEvent::Linked { person, by, identifiers, .. } => {
                self.hold(*person, by, identifiers)
            }
            PersonEvent::Merged { survivor, retired, by, identifiers, superseded } => {
                self.merge(*survivor, *retired);
                self.hold(*survivor, by, identifiers);
                self.supersede(by, superseded, identifiers);
            }
            PersonEvent::Superseded { person, by, identifiers, superseded } => {
                self.hold(*person, by, identifiers);
                self.supersede(by, superseded, identifiers);
            }
            PersonEvent::CandidateNoted { person, other } => {
                self.candidates.insert((*person, *other));
            }
        }
    }

    fn hold(&mut self, person: PersonId, by: &OrgId, identifiers: &[Identifier]) {
        let entry = self.persons.entry(person).or_default();
        for identifier in identifiers {
            entry.identifiers.insert((by.clone(), identifier.clone()));
            let holders = self.by_identifier.entry(identifier.clone()).or_default();
            holders.insert((by.clone(), person));
        }
    }

    /// Everybody who has this identifier, whoever presented it.
    pub fn holding(&self, identifier: &Identifier) -> Vec<PersonId> {
        let holders = self.by_identifier.get(identifier).into_iter().flatten();
        let persons: BTreeSet<PersonId> = holders.map(|(_, person)| *person).collect();
        persons.into_iter().collect()
    }

    /// The pairs that look alike and that nobody has confirmed.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter()
    }

    /// How many persons are known.
    pub fn len(&self) -> usize {
        self.persons.len()
    }

    /// Whether nobody is known.
    pub fn is_empty(&self) -> bool {
        self.persons.is_empty()
    }
}

#[cfg(test)]
#[path = "person_tests.rs"]
mod tests;
