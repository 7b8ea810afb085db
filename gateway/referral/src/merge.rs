//! Two persons were one all along, as the organization says that owns both identifiers: an HL7 v2
//! ADT^A40, in which MRG-1 is retired and PID-3 survives.
//!
//! Not here: what else of a person moves with them (the server's fold), who may say so at which door.

use std::collections::BTreeSet;

use crate::{Identifier, OrgId, PersonEvent, PersonId, Persons};

/// What a merge comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merging {
    /// Nobody has the identifier that retires: there is nothing to do.
    Nobody,
    /// They are one already, for this very reason.
    Already(PersonId),
    /// This has to happen.
    Now(PersonEvent),
}

/// Why identifiers are not merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotMerged {
    /// One side has no identifier of the organization's own patient index.
    #[error("is no identifier of the organization's own patient index")]
    NotOwn,
    /// The identifier that is to survive was itself retired, by way of the one that is to retire.
    #[error("was retired before by the identifier that it is to replace")]
    Cycle,
    /// Identifiers of one side are of several persons.
    #[error("are identifiers of several persons")]
    Several,
}

impl Persons {
    /// What it comes to that `survivor` replaces `retired`; identifiers outside `index` count for
    /// nothing.
    pub fn decide_merge(
        &self,
        by: &OrgId,
        index: &str,
        survivor: &[Identifier],
        retired: &[Identifier],
    ) -> Result<Merging, NotMerged> {
        let own = |all: &[Identifier]| -> Vec<Identifier> {
            all.iter().filter(|one| one.system == index).cloned().collect()
        };
        let (identifiers, superseded) = (own(survivor), own(retired));
        if identifiers.is_empty() || superseded.is_empty() {
            return Err(NotMerged::NotOwn);
        }
        let leads = |from: &Identifier, to: &[Identifier]| self.leads(by, from, to);
        if identifiers.iter().any(|one| leads(one, &superseded)) {
            return Err(NotMerged::Cycle);
        }
        let Some(old) = self.whose(by, &superseded)? else { return Ok(Merging::Nobody) };
        let known = self.whose(by, &identifiers)?;
        if known == Some(old) && superseded.iter().all(|one| leads(one, &identifiers)) {
            return Ok(Merging::Already(old));
        }
        let by = by.clone();
        Ok(Merging::Now(match known {
            Some(survivor) if survivor != old => {
                PersonEvent::Merged { survivor, retired: old, by, identifiers, superseded }
            }
            _ => PersonEvent::Superseded { person: old, by, identifiers, superseded },
        }))
    }

    /// Whether an identifier is one of `to`, or was replaced by one, at once or by and by.
    fn leads(&self, by: &OrgId, from: &Identifier, to: &[Identifier]) -> bool {
        let mut seen = BTreeSet::new();
        let mut at = Some(from);
        while let Some(one) = at.filter(|one| seen.insert(*one)) {
            if to.contains(one) {
                return true;
            }
            at = self.superseded.get(&(by.clone(), one.clone()));
        }
        false
    }

    /// The one person that the organization presented with any of these.
    fn whose(&self, by: &OrgId, all: &[Identifier]) -> Result<Option<PersonId>, NotMerged> {
        let holders = all.iter().filter_map(|one| self.by_identifier.get(one)).flatten();
        let persons: BTreeSet<PersonId> =
            holders.filter(|(org, _)| org == by).map(|(_, person)| *person).collect();
        if persons.len() > 1 { Err(NotMerged::Several) } else { Ok(persons.first().copied()) }
    }

    pub(crate) fn merge(&mut self, survivor: PersonId, retired: PersonId) {
        if survivor == retired {
            return;
        }
        let of = |person: &PersonId| if *person == retired { survivor } else { *person };
        let old = self.persons.remove(&retired).unwrap_or_default();
        for (org, identifier) in &old.identifiers {
            if let Some(holders) = self.by_identifier.get_mut(identifier) {
                holders.remove(&(org.clone(), retired));
                holders.insert((org.clone(), survivor));
            }
        }
        for key in &old.sameness {
            if let Some(alike) = self.by_sameness.get_mut(key) {
                alike.remove(&retired);
                alike.insert(survivor);
            }
        }
        let pairs = std::mem::take(&mut self.candidates).into_iter();
        let pairs = pairs.map(|(one, other)| (of(&one), of(&other)));
        self.candidates = pairs.filter(|(one, other)| one != other).collect();
        let kept = self.persons.entry(survivor).or_default();
        kept.identifiers.extend(old.identifiers);
        kept.sameness.extend(old.sameness);
        self.merged.values_mut().for_each(|into| *into = of(into));
        self.merged.insert(retired, survivor);
    }

    pub(crate) fn supersede(&mut self, by: &OrgId, all: &[Identifier], with: &[Identifier]) {
        let Some(first) = with.first() else { return };
        for one in all.iter().filter(|one| !with.contains(one)) {
            self.superseded.insert((by.clone(), one.clone()), first.clone());
        }
    }

    /// Who somebody is now: the survivor, if they were merged into another.
    pub fn resolve(&self, person: PersonId) -> PersonId {
        self.merged.get(&person).copied().unwrap_or(person)
    }

    /// Everybody who was merged into this person, in order of their names.
    pub fn merged_into(&self, person: PersonId) -> impl Iterator<Item = PersonId> {
        let into = self.merged.iter().filter(move |(_, survivor)| **survivor == person);
        into.map(|(retired, _)| *retired)
    }

    /// All the names that a person has or had: who they are now comes first.
    pub fn names_of(&self, person: PersonId) -> Vec<PersonId> {
        let now = self.resolve(person);
        std::iter::once(now).chain(self.merged_into(now)).collect()
    }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
