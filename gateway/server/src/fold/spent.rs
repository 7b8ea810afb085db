//! What may be used once, or not any more, until it would be too old anyway: assertions that were
//! spent, tokens that were revoked.

use std::collections::BTreeSet;

use loopgate_referral::{OrgId, Timestamp};
use serde::{Deserialize, Serialize};

/// Names, each until an instant after which nobody takes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    known: BTreeSet<(OrgId, [u8; 32])>,
    until: BTreeSet<(Timestamp, OrgId, [u8; 32])>,
}

/// How long a name is kept past its instant: clocks differ, and one that an operator sets back must not
/// make what was used good again.
const KEPT_MS: i64 = 24 * 3_600_000;

impl Spent {
    /// Notes a name; what is too old to matter at `now` is forgotten.
    pub fn note(&mut self, org: &OrgId, name: [u8; 32], until: Timestamp, now: Timestamp) {
        self.known.insert((org.clone(), name));
        self.until.insert((until, org.clone(), name));
        while let Some((oldest, org, name)) = self.until.first()
            && oldest.0 + KEPT_MS < now.0
        {
            self.known.remove(&(org.clone(), *name));
            self.until.pop_first();
        }
    }

    /// Whether a name is noted.
    pub fn has(&self, org: &OrgId, name: &[u8; 32]) -> bool {
        self.known.contains(&(org.clone(), *name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_until_it_is_too_old_to_matter() {
        let (one, two): (OrgId, OrgId) = ("one".parse().unwrap(), "two".parse().unwrap());
        let mut spent = Spent::default();
        spent.note(&one, [1; 32], Timestamp(1_000), Timestamp(0));
        assert!(spent.has(&one, &[1; 32]));
        assert!(!spent.has(&two, &[1; 32]) && !spent.has(&one, &[2; 32]));
        spent.note(&two, [2; 32], Timestamp(9_000_000), Timestamp(1_000 + KEPT_MS));
        assert!(spent.has(&one, &[1; 32]));
        spent.note(&two, [3; 32], Timestamp(9_000_000), Timestamp(1_001 + KEPT_MS));
        assert!(!spent.has(&one, &[1; 32]) && spent.has(&two, &[2; 32]));
    }
}
