//! Grants: what a person consented to, normalised from a Consent that was interpreted.
//!
//! A Grant is authoritative; the Consent it came from is its evidence, kept as received.

mod merged;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use loopgate_referral::{BadId, OrgId, PersonId, ReferralId, ResourceId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Effect, GrantRef, Rule};

/// A Grant's name: `grt_` and the Consent's logical id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GrantId(String);

impl GrantId {
    /// The Grant that comes from this Consent.
    pub fn of_consent(consent: &ResourceId) -> GrantId {
        GrantId(format!("grt_{}", consent.id()))
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for GrantId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let id = text.strip_prefix("grt_").ok_or(BadId)?;
        ResourceId::of("Consent", id).map(|consent| GrantId::of_consent(&consent))
    }
}

impl TryFrom<String> for GrantId {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<GrantId> for String {
    fn from(id: GrantId) -> String {
        id.0
    }
}

/// On which law the person's permission rests; each wants its own evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LegalBasis {
    /// An authorization (45 CFR 164.508(c)).
    #[default]
    Authorization,
    /// A consent under 42 CFR 2.31.
    Part2,
    /// A release under VAWA, FVPSA or VOCA (34 USC 12291(b)(2)).
    Vawa,
    /// Words spoken and written down by staff.
    Verbal,
}

/// Who gave the permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grantor {
    /// The person, of age.
    #[default]
    Person,
    /// The person, a minor, where the law lets them.
    MinorAlone,
    /// A parent or guardian of a minor.
    Guardian,
    /// A personal representative (45 CFR 164.502(g)).
    Representative,
    /// A court.
    Court,
}

/// To whom a recipient may pass it on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Redisclosure {
    /// To nobody.
    #[default]
    None,
    /// To these.
    Named(Vec<OrgId>),
}

/// How much of the answer may go back to the discloser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Back {
    /// The status code.
    StatusOnly,
    /// Status, outcome and what the target wrote.
    #[default]
    Full,
}

/// What beside the provisions decides whether, and how far, a Grant holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Terms {
    /// The law it rests on.
    #[serde(default)]
    pub basis: LegalBasis,
    /// Who gave it.
    #[serde(default)]
    pub grantor: Grantor,
    /// Who gave it may not any more, or is not to be asked (45 CFR 164.502(g)(5)).
    #[serde(default)]
    pub authority_withdrawn: bool,
    /// What the law wants on the form is missing from it.
    #[serde(default)]
    pub incomplete: bool,
    /// For one referral alone.
    #[serde(default)]
    pub referral: Option<ReferralId>,
    /// Passing on.
    #[serde(default)]
    pub redisclosure: Redisclosure,
    /// The way back.
    #[serde(default)]
    pub back: Back,
    /// Who read it off a form or heard it, and who checked; empty for a Consent read by program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attested_by: Vec<String>,
}

/// Whether a Grant can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantState {
    /// It can.
    Active,
    /// The Consent says nothing computable; a person must transcribe it.
    Pending,
    /// The Consent says something that we do not interpret; nothing else may overrule it.
    Uninterpretable,
    /// Withdrawn.
    Revoked,
}

/// A Consent, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantDraft {
    /// The Consent.
    pub consent: ResourceId,
    /// Whom it is about.
    pub person: PersonId,
    /// Whether it can be used.
    pub state: GrantState,
    /// Who may disclose: `Consent.organization`.
    pub disclosers: Vec<OrgId>,
    /// Its provisions.
    pub rules: Vec<Rule>,
    /// `Consent.dateTime`.
    pub signed: Option<Timestamp>,
    /// SHA-256 of the Consent as received.
    pub consent_sha256: [u8; 32],
    /// Its terms.
    #[serde(default)]
    pub terms: Terms,
}

/// What a person consented to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its name.
    pub id: GrantId,
    /// 1 for the first reading of its Consent, then one more for each.
    pub version: u32,
    /// Counts every change.
    pub epoch: u64,
    /// When the person withdrew it with us.
    pub withdrawn: Option<Timestamp>,
    /// The person may be two, or two may be one: it does not hold until somebody has looked.
    pub suspended: bool,
    /// Who signed it may not any more, as somebody of the staff found out.
    pub doubted: bool,
    /// What it says.
    pub says: GrantDraft,
}

impl Grant {
    /// This Grant, as it is now.
    pub fn reference(&self) -> GrantRef {
        GrantRef { id: self.id.clone(), version: self.version, epoch: self.epoch }
    }
}

/// A fact about Grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum GrantEvent {
    /// A Consent was read, for the first time or again.
    Given {
        /// What it says.
        says: GrantDraft,
    },
    /// All Grants of a person wait: two persons may be one. They hold again once none is left with whom
    /// they may be.
    Suspended {
        /// Whose.
        person: PersonId,
        /// Who may be the same.
        with: PersonId,
        /// They may be; otherwise they are not.
        suspended: bool,
    },
    /// The person withdrew all there was, and all that was signed before and is not known yet.
    AllRevoked {
        /// Who.
        person: PersonId,
        /// When.
        at: Timestamp,
    },
    /// Who signed may not any more, or may again (45 CFR 164.502(g)(5)), whatever the Consent says.
    Doubted {
        /// Which.
        grant: GrantId,
        /// Whom it is about.
        person: PersonId,
        /// They may not.
        doubted: bool,
    },
    /// A Grant was withdrawn.
    Revoked {
        /// Which.
        grant: GrantId,
        /// Whom it is about.
        person: PersonId,
        /// When the person said so to us; none where the source's Consent says it. What was signed
        /// before does not hold again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
}

/// Every Grant: a fold of [`GrantEvent`]s.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Grants {
    of: BTreeMap<PersonId, Vec<Grant>>,
    /// With whom each may be one.
    suspended: BTreeMap<PersonId, BTreeSet<PersonId>>,
    /// When each withdrew all there was.
    withdrawn: BTreeMap<PersonId, Timestamp>,
}

impl Grants {
    /// The Grants of one person, oldest first.
    pub fn of(&self, person: PersonId) -> &[Grant] {
        self.of.get(&person).map_or(&[], Vec::as_slice)
    }

    /// The Grant that a reference names, as it is now.
    pub fn get(&self, person: PersonId, id: &GrantId) -> Option<&Grant> {
        self.of(person).iter().find(|grant| grant.id == *id)
    }

    /// What a Consent that arrived, or changed, makes happen at this instant.
    pub fn decide(&self, mut draft: GrantDraft, now: Timestamp) -> Option<GrantEvent> {
        let id = GrantId::of_consent(&draft.consent);
        let known = self.get(draft.person, &id);
        if draft.state == GrantState::Revoked {
            let already = known?.says.state == GrantState::Revoked;
            let revoked = GrantEvent::Revoked { grant: id, person: draft.person, at: None };
            return (!already).then_some(revoked);
        }
        // A signature of the future is none yet.
        draft.signed = draft.signed.filter(|signed| *signed <= now);
        let before = |at| draft.signed.is_none_or(|signed| signed <= at);
        if self.withdrawn(&draft, known).is_some_and(before) {
            // What was withdrawn permits nothing again; what forbids is heard whenever it was said.
            draft.rules.retain(|rule| rule.effect == Effect::Deny);
            if draft.state == GrantState::Active && draft.rules.is_empty() {
                return None;
            }
        }
        Some(GrantEvent::Given { says: draft })
    }

    /// When the person withdrew with us what this says: this very Consent, all of them, or, where it is
    /// new to us, another of the same discloser, of which it may be a copy.
    fn withdrawn(&self, draft: &GrantDraft, known: Option<&Grant>) -> Option<Timestamp> {
        let all = self.withdrawn.get(&draft.person).copied();
        let own = match known {
            Some(known) => known.withdrawn,
            None => {
                let same = |one: &&Grant| {
                    one.says.disclosers.iter().any(|org| draft.disclosers.contains(org))
                };
                let others = self.of(draft.person).iter().filter(same);
                others.filter_map(|one| one.withdrawn).max()
            }
        };
        own.max(all)
    }

    /// The state after `event`.
    pub fn evolve(&mut self, event: &GrantEvent) {
        match event {
            GrantEvent::Given { says } => {
                let id = GrantId::of_consent(&says.consent);
                let suspended = self.are_suspended(says.person);
                let grants = self.of.entry(says.person).or_default();
                match grants.iter_mut().find(|grant| grant.id == id) {
                    Some(grant) => {
                        grant.version += 1;
                        grant.epoch += 1;
                        grant.says = says.clone();
                    }
                    None => grants.push(Grant {
                        id,
                        version: 1,
                        epoch: 1,
                        withdrawn: None,
                        suspended,
                        doubted: false,
                        says: says.clone(),
                    }),
                }
            }
            GrantEvent::Suspended { person, with, suspended } => {
                let before = self.are_suspended(*person);
                let others = self.suspended.entry(*person).or_default();
                match suspended {
                    true => others.insert(*with),
                    false => others.remove(with),
                };
                let now = !others.is_empty();
                for grant in self.of.entry(*person).or_default().iter_mut() {
                    grant.epoch += u64::from(before != now);
                    grant.suspended = now;
                }
            }
            GrantEvent::AllRevoked { person, at } => {
                self.withdrawn.insert(*person, *at);
            }
            GrantEvent::Doubted { grant: id, person, doubted } => {
                let grants = self.of.entry(*person).or_default();
                if let Some(grant) = grants.iter_mut().find(|grant| grant.id == *id) {
                    grant.epoch += 1;
                    grant.doubted = *doubted;
                }
            }
            GrantEvent::Revoked { grant: id, person, at } => {
                let grants = self.of.entry(*person).or_default();
                if let Some(grant) = grants.iter_mut().find(|grant| grant.id == *id) {
                    grant.epoch += 1;
                    grant.withdrawn = grant.withdrawn.max(*at);
                    grant.says.state = GrantState::Revoked;
                }
            }
        }
    }

    /// Whether the Grants of a person wait for somebody to look.
    pub fn are_suspended(&self, person: PersonId) -> bool {
        self.suspended.get(&person).is_some_and(|others| !others.is_empty())
    }

    /// Every Grant.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.of.values().flatten()
    }
}

#[cfg(test)]
#[path = "grant_tests.rs"]
mod tests;
