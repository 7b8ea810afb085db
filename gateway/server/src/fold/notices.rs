//! Who holds what a person agreed to once and has withdrawn since: each such organization is told to
//! stop using it.

use std::collections::{BTreeMap, BTreeSet};

use loopgate_consent::{Action, GrantEvent, GrantId};
use loopgate_referral::{OrgId, PersonId, ReferralId, Timestamp};
use serde::{Deserialize, Serialize};

use super::Place;
use crate::journal::{BasisUsed, Event};

/// That a person withdrew, for one holder. It names referrals, and nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// When the person withdrew.
    pub at: Timestamp,
    /// Of which referrals the holder has something.
    pub referrals: BTreeSet<ReferralId>,
    /// The holder was told.
    pub told: bool,
}

/// What each organization was shown of a person under a Grant.
type Held = BTreeMap<OrgId, BTreeSet<ReferralId>>;

/// Holders, and what they are to be told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Notices {
    holders: BTreeMap<(PersonId, GrantId), Held>,
    /// By the entry of the withdrawal, and the holder.
    pub of: BTreeMap<(u64, OrgId), Notice>,
}

impl Notices {
    pub(super) fn evolve(&mut self, event: &Event, place: Place) {
        match event {
            Event::Disclosed(one) => {
                for basis in &one.bases {
                    let BasisUsed::Consent { grant, action, .. } = basis else { continue };
                    // An answer that went back is the source's own chart by now.
                    if action == Action::UpdateBack.name() {
                        continue;
                    }
                    let held = self.holders.entry((one.person, grant.id.clone())).or_default();
                    held.entry(one.recipient.clone()).or_default().extend(one.referral);
                }
            }
            Event::Grant(GrantEvent::Revoked { grant, person, .. }) => {
                let held = self.holders.remove(&(*person, grant.clone())).unwrap_or_default();
                for (org, referrals) in held {
                    let notice = Notice { at: place.at, referrals, told: false };
                    self.of.insert((place.index, org), notice);
                }
            }
            Event::StopUseTold { org, entry, of } => {
                if let Some(notice) = self.of.get_mut(&(*entry, org.clone())) {
                    if let Some(referral) = of {
                        notice.referrals.remove(referral);
                    }
                    notice.told = of.is_none() || notice.referrals.is_empty();
                }
            }
            _ => {}
        }
    }

    /// Two persons are one.
    pub(super) fn merge(&mut self, survivor: PersonId, retired: PersonId) {
        let all = std::mem::take(&mut self.holders);
        for ((person, grant), held) in all {
            let person = if person == retired { survivor } else { person };
            let known = self.holders.entry((person, grant)).or_default();
            for (org, referrals) in held {
                known.entry(org).or_default().extend(referrals);
            }
        }
    }

    /// What one organization is to be told, and has not heard yet.
    pub fn untold<'a>(&'a self, org: &'a OrgId) -> impl Iterator<Item = (u64, &'a Notice)> {
        let of = self.of.iter().filter(move |((_, holder), one)| holder == org && !one.told);
        of.map(|((entry, _), notice)| (*entry, notice))
    }
}
