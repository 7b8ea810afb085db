//! How much each organization can take on, as it said last of each need.

use std::collections::BTreeMap;

use loopgate_referral::{NeedCode, OrgId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::journal::Capacity;

/// What was said, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// What.
    pub said: Capacity,
    /// When.
    pub at: Timestamp,
}

/// A fold of [`crate::journal::Event::Capacity`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacities(BTreeMap<OrgId, BTreeMap<Option<NeedCode>, Reported>>);

impl Capacities {
    pub(super) fn evolve(&mut self, org: &OrgId, said: &Capacity, at: Timestamp) {
        let reported = Reported { said: said.clone(), at };
        self.0.entry(org.clone()).or_default().insert(said.need.clone(), reported);
    }

    /// What an organization said that still is so, of all needs first.
    pub fn of(&self, org: &OrgId, now: Timestamp) -> impl Iterator<Item = &Reported> {
        let all = self.0.get(org).into_iter().flat_map(BTreeMap::values);
        all.filter(move |one| one.said.ends.is_none_or(|ends| now < ends))
    }

    /// What it said last of a need, whether that still is so or not.
    pub fn last(&self, org: &OrgId, need: &Option<NeedCode>) -> Option<&Reported> {
        self.0.get(org)?.get(need)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::CapacityStatus;

    fn said(need: Option<&str>, status: CapacityStatus, ends: Option<i64>) -> Capacity {
        let need = need.map(|need| need.parse().unwrap());
        Capacity { need, status, until: None, ends: ends.map(Timestamp), note: None }
    }

    #[test]
    fn the_last_word_of_each_need_stands_until_it_ends() {
        let org: OrgId = "pantry".parse().unwrap();
        let mut all = Capacities::default();
        let food = Some("food-insecurity");
        all.evolve(&org, &said(food, CapacityStatus::Waitlist, None), Timestamp(1));
        all.evolve(&org, &said(food, CapacityStatus::NoCapacity, Some(10)), Timestamp(2));
        all.evolve(&org, &said(None, CapacityStatus::Capacity, None), Timestamp(3));
        let now = |at| -> Vec<&str> {
            all.of(&org, Timestamp(at)).map(|one| one.said.status.code()).collect()
        };
        assert_eq!(now(9), ["capacity", "no-capacity"]);
        assert_eq!(now(10), ["capacity"]);
        assert_eq!(all.of(&"other".parse().unwrap(), Timestamp(0)).count(), 0);
    }
}
