//! Who is to learn who somebody is: an auditor asks, a second person agrees, the auditor reads once.

use std::collections::BTreeMap;

use loopgate_referral::OrgId;
use loopgate_referral::{PersonId, Timestamp};
use serde::{Deserialize, Serialize};

use super::Place;
use crate::journal::{Event, StaffEvent};
use crate::staff::StaffName;

/// The shape in which somebody's name is shown to an auditor.
pub const REVEAL: &str = "reveal";
/// A second person agrees within this time of the question, ms.
const CONFIRM_MS_MAX: i64 = 24 * 3_600_000;
/// The first reads within this time of that, ms.
const READ_MS_MAX: i64 = 3_600_000;

/// A question who somebody is, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reveal {
    /// The recipient.
    pub org: OrgId,
    /// Who of them asked, where that is known.
    pub by: Option<String>,
    /// About whom.
    pub person: PersonId,
    /// Of which case.
    pub case: String,
    /// Why, in their words.
    pub reason: String,
    /// When.
    pub asked: Timestamp,
    /// Who agreed, and when.
    pub confirmed: Option<(StaffName, Timestamp)>,
    /// It was read.
    pub read: bool,
}

/// Every such question, by its entry: a fold of what is recorded of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reveals(BTreeMap<u64, Reveal>);

impl Reveal {
    /// Whether a second person may still agree.
    pub fn waits(&self, now: Timestamp) -> bool {
        self.confirmed.is_none() && now.0 - self.asked.0 < CONFIRM_MS_MAX
    }

    /// Whether this person would be a second one.
    pub fn is_second(&self, staff: &StaffName) -> bool {
        self.by.as_deref() != Some(staff.as_str())
    }

    /// Whether the first may read now.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let fresh = |(_, at): &(StaffName, Timestamp)| now.0 - at.0 < READ_MS_MAX;
        !self.read && self.confirmed.as_ref().is_some_and(fresh)
    }

    /// How it stands, in one word.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match () {
            () if self.read => "read",
            () if self.waits(now) => "asked",
            () if self.is_open(now) => "confirmed",
            () => "over",
        }
    }
}

impl Reveals {
    pub(super) fn evolve(&mut self, event: &Event, place: Place) {
        match event {
            Event::Staff(StaffEvent::RevealAsked { org, by, person, case, reason, at }) => {
                let (org, by, case) = (org.clone(), by.clone(), case.clone());
                let (person, reason, asked) = (*person, reason.clone(), *at);
                let one =
                    Reveal { org, by, person, case, reason, asked, confirmed: None, read: false };
                self.0.insert(place.index, one);
            }
            // Whatever is recorded: nobody agrees with themselves, nor too late, nor twice.
            Event::Staff(StaffEvent::RevealConfirmed { by, entry, at, .. }) => {
                let one = self.0.get_mut(entry);
                if let Some(one) = one.filter(|one| one.waits(*at) && one.is_second(by)) {
                    one.confirmed = Some((by.clone(), *at));
                }
            }
            Event::Disclosed(shown) if shown.view == REVEAL => {
                let asked = shown.resources.iter().filter(|(id, _)| id.kind() == "AuditEvent");
                for entry in asked.filter_map(|(id, _)| id.id().parse().ok()) {
                    if let Some(one) = self.0.get_mut(&entry) {
                        one.read = true;
                    }
                }
            }
            _ => {}
        }
    }

    /// Two persons are one.
    pub(super) fn merge(&mut self, survivor: PersonId, retired: PersonId) {
        for one in self.0.values_mut().filter(|one| one.person == retired) {
            one.person = survivor;
        }
    }

    /// The question that an entry asked.
    pub fn get(&self, entry: u64) -> Option<&Reveal> {
        self.0.get(&entry)
    }

    /// Every question, newest first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Reveal)> {
        self.0.iter().rev().map(|(entry, one)| (*entry, one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Reveals {
        let fact = StaffEvent::RevealAsked {
            org: "the-staff".parse().unwrap(),
            by: Some("aud".to_owned()),
            person: PersonId::from_random([1; 16]),
            case: "c".to_owned(),
            reason: "r".to_owned(),
            at: Timestamp(0),
        };
        let mut reveals = Reveals::default();
        reveals.evolve(&Event::Staff(fact), place(7));
        reveals
    }

    fn place(index: u64) -> Place {
        Place { sequence: index, entry: 0, index, at: Timestamp(0) }
    }

    fn confirmed(by: &str, at: i64) -> Event {
        Event::Staff(StaffEvent::RevealConfirmed {
            by: by.parse().unwrap(),
            entry: 7,
            person: PersonId::from_random([1; 16]),
            at: Timestamp(at),
        })
    }

    #[test]
    fn nobody_agrees_with_themselves_nor_a_day_later() {
        let state = |event: &Event, now| {
            let mut reveals = asked();
            reveals.evolve(event, place(8));
            reveals.get(7).unwrap().state(Timestamp(now))
        };
        assert_eq!(state(&confirmed("aud", 1), 1), "asked");
        assert_eq!(state(&confirmed("ines", 1), 1), "confirmed");
        assert_eq!(state(&confirmed("ines", 86_399_999), 86_399_999), "confirmed");
        assert_eq!(state(&confirmed("ines", 86_400_000), 86_400_000), "over");
        assert_eq!(state(&confirmed("ines", 1), 3_600_000), "confirmed");
        assert_eq!(state(&confirmed("ines", 1), 3_600_001), "over");
    }
}
