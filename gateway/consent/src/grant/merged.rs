//! The Grants of two persons who are one.

use loopgate_referral::{PersonId, Timestamp};

use super::Grants;

impl Grants {
    /// Two persons are one: what either agreed to or denied is the survivor's, and whatever either of
    /// them withdrew is withdrawn.
    pub fn merge(&mut self, survivor: PersonId, retired: PersonId) {
        if survivor == retired {
            return;
        }
        let theirs = self.of.remove(&retired).unwrap_or_default();
        let waits_with = self.suspended.remove(&retired).unwrap_or_default();
        let others = self.suspended.entry(survivor).or_default();
        others.extend(waits_with);
        // They cannot be taken for each other any more.
        others.retain(|other| *other != survivor && *other != retired);
        let suspended = !others.is_empty();
        for others in self.suspended.values_mut() {
            if others.remove(&retired) {
                others.insert(survivor);
            }
        }
        let withdrawn = self.withdrawn.remove(&retired).max(self.withdrawn.get(&survivor).copied());
        self.withdrawn.extend(withdrawn.map(|at| (survivor, at)));
        let grants = self.of.entry(survivor).or_default();
        grants.extend(theirs);
        for grant in grants {
            // What a Grant is of changed, for who was told of it before.
            grant.epoch += 1;
            grant.suspended = suspended;
            grant.says.person = survivor;
        }
    }

    /// When a person withdrew all there was.
    pub fn all_withdrawn(&self, person: PersonId) -> Option<Timestamp> {
        self.withdrawn.get(&person).copied()
    }
}
