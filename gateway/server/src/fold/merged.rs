//! Two persons are one: everything that is known of the retired one is the survivor's. Entries of before
//! say what they said; only what is decided on from now on changes.
//!
//! Not here: who is merged with whom (`loopgate_referral::Persons`), and the chains, which keep the names
//! that entries were recorded under.

use loopgate_referral::{PersonEvent, PersonId};

use super::World;
use crate::journal::{Event, StaffEvent};

impl World {
    pub(super) fn merge(&mut self, fact: &PersonEvent) {
        let PersonEvent::Merged { survivor, retired, .. } = fact else { return };
        if survivor == retired {
            return;
        }
        let (survivor, retired) = (*survivor, *retired);
        self.hand_over(survivor, retired);
        for held in self.resources.values_mut().filter(|held| held.person == Some(retired)) {
            held.person = Some(survivor);
        }
        self.grants.merge(survivor, retired);
        for minted in self.minted.values_mut().filter(|minted| minted.person == retired) {
            minted.person = survivor;
        }
        self.notices.merge(survivor, retired);
        self.staff.merge(survivor, retired);
        self.book.merge(survivor, retired);
        let theirs = self.accounts.remove(&retired).unwrap_or_default();
        let lines = self.accounts.entry(survivor).or_default();
        lines.extend(theirs);
        lines.sort_by_key(|line| line.index);
    }

    /// What ends the links of a person ends those that were made under the names they had before.
    pub(super) fn end_former_links(&mut self, event: &Event) {
        let (person, all) = match event {
            Event::Staff(StaffEvent::LinksEnded { person, .. }) => (*person, true),
            Event::Grant(loopgate_consent::GrantEvent::Doubted { person, .. }) => (*person, false),
            _ => return,
        };
        let former: Vec<PersonId> = self.persons.merged_into(person).collect();
        for person in former {
            self.staff.end_links_of(person, all);
        }
    }
}
