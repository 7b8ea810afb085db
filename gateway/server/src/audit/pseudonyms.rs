//! From what an auditor calls a person back to the person. A pseudonym is a MAC, which nothing undoes:
//! who is called what is worked out once for each auditor, and kept in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use loopgate_referral::{OrgId, PersonId};

use crate::gate::Gate;

/// The bytes of a pseudonym.
type Name = [u8; 26];

/// Who is called what by whom.
#[derive(Default)]
pub struct Pseudonyms(Mutex<BTreeMap<OrgId, Known>>);

#[derive(Default)]
struct Known {
    by_name: HashMap<Name, PersonId>,
    /// How many of those who appeared in the log it has.
    seen: usize,
}

impl Pseudonyms {
    /// The person whom `towards` calls so, if anybody. The first question of an auditor costs a MAC for
    /// each person in the log, the next ones for each who appeared since.
    pub fn find(&self, gate: &Gate, towards: &OrgId, name: &str) -> Option<PersonId> {
        let wanted: Name = name.as_bytes().try_into().ok()?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(towards.clone()).or_default();
        let fresh: Vec<PersonId> = {
            let catalogue = gate.scribe.published().catalogue();
            catalogue.appeared.iter().skip(known.seen).copied().collect()
        };
        known.seen += fresh.len();
        for person in fresh {
            let called = gate.doorkeys.pseudonym(&gate.config.tenant.name, person, towards);
            if let Ok(called) = Name::try_from(called.as_bytes()) {
                known.by_name.insert(called, person);
            }
        }
        known.by_name.get(&wanted).copied()
    }
}
