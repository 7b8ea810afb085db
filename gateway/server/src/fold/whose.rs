//! What is about a person, found from the person: however much else there is, it takes no longer.

use std::collections::{BTreeMap, BTreeSet};

use loopgate_referral::{PersonId, Referral, ReferralId, ResourceId};
use serde::{Deserialize, Serialize};

use super::{Held, World};

/// What is about each person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Whose {
    patients: BTreeMap<PersonId, BTreeSet<ResourceId>>,
    referrals: BTreeMap<PersonId, BTreeSet<ReferralId>>,
}

impl World {
    /// The Patients of a person, and what is known of each.
    pub fn patients_of(&self, person: PersonId) -> impl Iterator<Item = (&ResourceId, &Held)> {
        let ids = self.whose.patients.get(&person).into_iter().flatten();
        ids.filter_map(|id| Some((id, self.resources.get(id)?)))
    }

    /// The referrals about a person, in the order of their ids.
    pub fn referrals_of(&self, person: PersonId) -> impl DoubleEndedIterator<Item = &Referral> {
        let ids = self.whose.referrals.get(&person).into_iter().flatten();
        ids.filter_map(|id| self.referrals.get(id))
    }

    /// A Patient is that person.
    pub(super) fn know(&mut self, patient: &ResourceId, person: PersonId) {
        let before = self.patients.insert(patient.clone(), person);
        if let Some(ids) = before.and_then(|before| self.whose.patients.get_mut(&before)) {
            ids.remove(patient);
        }
        self.whose.patients.entry(person).or_default().insert(patient.clone());
    }

    /// A referral is about these persons.
    pub(super) fn concerns(&mut self, referral: ReferralId, persons: &[PersonId]) {
        for person in persons {
            self.whose.referrals.entry(*person).or_default().insert(referral);
        }
    }

    /// What was about one of two is about the other.
    pub(super) fn hand_over(&mut self, survivor: PersonId, retired: PersonId) {
        let patients = self.whose.patients.remove(&retired).unwrap_or_default();
        patients.iter().for_each(|patient| self.know(patient, survivor));
        let referrals = self.whose.referrals.remove(&retired).unwrap_or_default();
        for id in referrals {
            if let Some(referral) = self.referrals.get_mut(&id) {
                referral.merge(survivor, retired);
            }
            self.concerns(id, &[survivor]);
        }
    }
}
