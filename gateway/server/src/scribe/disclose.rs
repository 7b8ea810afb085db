//! Disclosures: decided anew at the instant they are recorded.

use std::collections::BTreeMap;

use loopgate_consent::{
    Action, Ask, Caller, Claim, Dated, Denial, Detail, Glass, Health, Item, Party, Permit, Policy,
    Presented, Purpose, ReasonCode, Token, release,
};
use loopgate_referral::{OrgId, PersonId, ReferralId, ResourceId, Timestamp};

use super::desk::{Desk, Proof, by};
use super::told::{basis, denied};
use crate::fold::World;
use crate::gate::{Gate, Session};
use crate::journal::{BasisUsed, Disclosure, Event};
use crate::refusal::{Kind, Refusal, Trouble};
use crate::roster::Roster;

/// To whom, about whom, on which day (since 1970): what a summary entry of re-reads covers.
pub type CoverKey = (OrgId, PersonId, i64);

/// Why the recipient may have it; owned, so that it can be asked again by the scribe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnedClaim {
    /// The person consented.
    Consent {
        /// To do this.
        action: Action,
        /// Supplied by this organization.
        from: OrgId,
        /// How much goes back.
        detail: Detail,
        /// In which referral, whose need decides.
        referral: ReferralId,
    },
    /// The recipient supplied it.
    ReturnToSupplier {
        /// Who.
        supplier: OrgId,
    },
    /// The recipient treats the person, whom this organization knows too.
    Treatment {
        /// Who supplied it.
        from: OrgId,
    },
    /// The recipient works for the organization that supplied it.
    BusinessAssociate {
        /// Who.
        from: OrgId,
    },
    /// It is the person who asks, or who speaks for them.
    ThePerson {
        /// Somebody who speaks for them.
        proxy: bool,
    },
    /// It is an emergency.
    BreakGlass {
        /// Which.
        glass: Glass,
        /// The entry that says why.
        entry: u64,
        /// Who supplied it, if it is some organization's.
        from: Option<OrgId>,
    },
    /// It is audited.
    Audit {
        /// Of which case.
        case: Option<String>,
        /// With names, as this entry asked and a second person agreed; without, if none.
        reveal: Option<u64>,
    },
}

/// One person's part of a payload.
#[derive(Debug, Clone)]
pub struct AskFor {
    /// Whose data.
    pub person: PersonId,
    /// On which claims; each must hold.
    pub claims: Vec<OwnedClaim>,
    /// Which resources, in which version.
    pub resources: Vec<(ResourceId, u64)>,
    /// About which referral.
    pub referral: Option<ReferralId>,
    /// In which shape: two shapes of one version may show different things of it.
    pub view: &'static str,
    /// The consent token that came with the request.
    pub token: OwnedToken,
}

impl AskFor {
    /// The same, with the consent token that a session shows.
    pub fn shown(self, gate: &Gate, session: &Session) -> AskFor {
        let token = session.consent.about(gate, self.person, &session.partner.org);
        AskFor { token, ..self }
    }

    /// The same, for a delivery: nobody asked, and nobody presents a token.
    pub fn unasked(self) -> AskFor {
        AskFor { token: OwnedToken::NotAsked, ..self }
    }
}

/// A consent token; owned, so that it can be looked at again by the scribe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OwnedToken {
    /// None came: the Grant on file decides, unless the partner's file wants a token.
    #[default]
    None,
    /// loopgate sends at its own initiative: nobody presents anything.
    NotAsked,
    /// It does not verify.
    Refused(ReasonCode),
    /// It narrows.
    Narrows(Box<Presented>),
}

impl OwnedToken {
    fn as_token(&self, to: &Party) -> Token<'_> {
        match self {
            OwnedToken::None if to.wants_token => Token::Missing,
            OwnedToken::None | OwnedToken::NotAsked => Token::None,
            OwnedToken::Refused(code) => Token::Refused(*code),
            OwnedToken::Narrows(presented) => Token::Narrows(presented),
        }
    }
}

/// A payload about to leave.
#[derive(Debug)]
pub struct Disclose {
    /// To whom.
    pub recipient: OrgId,
    /// One for each part; a person may be in several.
    pub asks: Vec<AskFor>,
    /// The permits it was rendered under, one per claim of each part, in order.
    pub permits: Vec<Permit>,
    /// By which way.
    pub channel: &'static str,
    /// Which mapping file, by SHA-256.
    pub mapping: Option<[u8; 32]>,
    /// The person of the recipient who looks, where that is known.
    pub by: Option<String>,
    /// SHA-256 of the payload.
    pub sha256: [u8; 32],
    /// Its length.
    pub bytes: usize,
}

/// What a decision is made on.
pub struct Grounds<'a> {
    /// What is known.
    pub world: &'a World,
    /// Partners in force.
    pub roster: &'a Roster,
    /// The tenant's policy.
    pub policy: &'a Policy,
    /// Whether anything can be decided.
    pub health: Health,
    /// The instant.
    pub at: Timestamp,
}

/// Decides all claims of one person's part.
pub fn permits(ask: &AskFor, to: &Party, on: &Grounds<'_>) -> Result<Vec<Permit>, Denial> {
    let emergency: Option<Purpose> = "ETREAT".parse().ok();
    let party = |org: &OrgId| on.roster.party(org).ok_or_else(|| Denial::of(ReasonCode::R2));
    let decide = |claim: &OwnedClaim| {
        let from: Party;
        let items = items(ask, claim, on.world);
        let claim = match claim {
            OwnedClaim::ReturnToSupplier { supplier } => Claim::ReturnToSupplier { supplier },
            OwnedClaim::ThePerson { proxy } => Claim::ThePerson { proxy: *proxy },
            OwnedClaim::BreakGlass { glass, from: None, .. } => {
                Claim::BreakGlass { glass, from: None }
            }
            OwnedClaim::BreakGlass { glass, from: Some(org), .. } => {
                from = party(org)?;
                Claim::BreakGlass { glass, from: Some(&from) }
            }
            OwnedClaim::Audit { case, reveal: None } => {
                Claim::Audit { case: case.as_deref(), reveal: false }
            }
            OwnedClaim::Audit { case, reveal: Some(entry) } => {
                let reveal = on.world.staff.reveals.get(*entry);
                let open = reveal.filter(|one| {
                    one.is_open(on.at)
                        && (one.person, &one.org, Some(&one.case))
                            == (ask.person, &to.org, case.as_ref())
                });
                if open.is_none() {
                    return Err(Denial::of(ReasonCode::A4));
                }
                Claim::Audit { case: case.as_deref(), reveal: true }
            }
            OwnedClaim::Treatment { from: org } => {
                from = party(org)?;
                Claim::Treatment { from: &from }
            }
            OwnedClaim::BusinessAssociate { from: org } => {
                from = party(org)?;
                Claim::BusinessAssociate { from: &from }
            }
            OwnedClaim::Consent { action, from: org, detail, referral } => {
                from = party(org)?;
                Claim::Consent {
                    action: *action,
                    from: &from,
                    token: ask.token.as_token(to),
                    referral: Some(*referral),
                    detail: *detail,
                }
            }
        };
        let question = Ask {
            tenant: on.roster.tenant(),
            health: on.health,
            caller: Caller::Known,
            to,
            person: ask.person,
            items: &items,
            claim,
            purpose: if matches!(claim, Claim::BreakGlass { .. }) {
                emergency.as_ref()
            } else {
                to.purpose.as_ref()
            },
            at: on.at,
        };
        release(&question, on.world.grants.of(ask.person), on.policy)
    };
    ask.claims.iter().map(decide).collect()
}

/// What would leave, as the decision sees it: the need of the referral, which the rest says nothing
/// without, and what comes along.
fn items(ask: &AskFor, claim: &OwnedClaim, world: &World) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    if let OwnedClaim::Consent { referral, .. } = claim
        && let Some(referral) = world.referrals.get(referral)
    {
        let of = |id: &ResourceId| world.resources.get(id);
        let both = [&referral.task, &referral.request];
        let labels = both.into_iter().filter_map(of).flat_map(|held| held.labels.clone());
        let whose = referral.persons.contains(&ask.person).then_some(ask.person);
        items.push(Item {
            resource: referral.request.clone(),
            person: whose.or(referral.persons.first().copied()),
            needs: referral.needs.clone(),
            labels: labels.collect(),
            dated: of(&referral.request).map_or(Dated::Unknown, |held| held.dated),
            must: true,
        });
    }
    for (id, _) in &ask.resources {
        if world.parts.contains_key(id) || items.iter().any(|item| item.resource == *id) {
            continue;
        }
        let held = world.resources.get(id);
        items.push(Item {
            resource: id.clone(),
            person: held.and_then(|held| held.person),
            needs: held
                .and_then(|held| held.request.clone())
                .map(|it| it.needs)
                .unwrap_or_default(),
            labels: held.map(|held| held.labels.clone()).unwrap_or_default(),
            dated: held.map_or(Dated::Unknown, |held| held.dated),
            // Without the person a referral says nothing.
            must: id.kind() == "Patient",
        });
    }
    items
}

/// Asks anew, part by part, and records one entry for each person: one proof per permit.
pub fn decide(desk: &mut Desk<'_>, disclose: Disclose) -> Result<Vec<Proof>, Trouble> {
    let to = desk.roster().party(&disclose.recipient).ok_or(Trouble::from(Kind::NotFound))?;
    let mut fresh = Vec::new();
    for ask in &disclose.asks {
        match permits(ask, &to, &desk.grounds()) {
            Ok(permits) => fresh.push(permits),
            Err(denial) => {
                let name = desk.reference();
                let event = denied(&disclose.recipient, ask, &denial, name);
                desk.record(
                    &by(disclose.recipient.as_str(), disclose.channel),
                    event,
                    Vec::new(),
                    None,
                );
                return Err(Refusal::named(Kind::Denied, hex::encode(name)).into());
            }
        }
    }
    // It was rendered under other permits: something changed in between. Render again.
    if !same(&disclose.permits, fresh.iter().flatten()) {
        return Err(Trouble::Outage);
    }
    let mut told: BTreeMap<PersonId, Proof> = BTreeMap::new();
    for (ask, bases) in by_person(&disclose.asks, &fresh, &to) {
        told.insert(ask.person, record(desk, &disclose, &ask, bases));
    }
    let of = |ask: &AskFor| told.get(&ask.person).cloned();
    let each = disclose.asks.iter().zip(&fresh);
    Ok(each.flat_map(|(ask, permits)| permits.iter().filter_map(move |_| of(ask))).collect())
}

/// What is told of each person, once: all that was asked for, and on what. Each part was decided by itself.
fn by_person(
    asks: &[AskFor],
    permits: &[Vec<Permit>],
    to: &Party,
) -> Vec<(AskFor, Vec<BasisUsed>)> {
    let mut merged: BTreeMap<PersonId, (AskFor, Vec<BasisUsed>)> = BTreeMap::new();
    for (part, permits) in asks.iter().zip(permits) {
        let bases = permits.iter().map(|permit| basis(permit, to, &part.claims));
        let Some((ask, known)) = merged.get_mut(&part.person) else {
            merged.insert(part.person, (part.clone(), bases.collect()));
            continue;
        };
        for basis in bases {
            if !known.contains(&basis) {
                known.push(basis);
            }
        }
        ask.resources.extend(part.resources.iter().cloned());
        if ask.view != part.view {
            ask.view = "page";
        }
        if ask.referral != part.referral {
            ask.referral = None;
        }
    }
    merged.into_values().collect()
}

/// Whether two decisions, made at different instants, let the same thing pass on the same grounds.
fn same<'p>(rendered: &[Permit], fresh: impl Iterator<Item = &'p Permit>) -> bool {
    let key = |p: &Permit| {
        let passing = (p.groups().clone(), p.dropped().to_vec(), p.obligations().to_vec());
        (p.basis().clone(), p.person(), p.action(), passing)
    };
    rendered.iter().map(key).eq(fresh.map(key))
}

fn record(desk: &mut Desk<'_>, disclose: &Disclose, ask: &AskFor, bases: Vec<BasisUsed>) -> Proof {
    let (recipient, person, day) = (&disclose.recipient, ask.person, desk.at.day());
    let who = disclose.by.as_deref().unwrap_or(recipient.as_str());
    let cause = by(who, disclose.channel);
    let mapping = disclose.mapping.map(hex::encode);
    let view = (ask.view, mapping.as_deref());
    if desk.world().was_shown((recipient, ask.person), view, &ask.resources, &bases) {
        if let Some(known) = desk.cover(recipient, person, day) {
            return known;
        }
        let event = Event::Reread { person, recipient: recipient.clone(), day };
        return Proof::Entry(desk.record(&cause, event, Vec::new(), None));
    }
    let event = Event::Disclosed(Disclosure {
        person,
        recipient: recipient.clone(),
        bases,
        resources: ask.resources.clone(),
        referral: ask.referral,
        view: ask.view.into(),
        channel: disclose.channel.into(),
        mapping,
        sha256: disclose.sha256,
        bytes: disclose.bytes,
    });
    Proof::Entry(desk.record(&cause, event, Vec::new(), Some(disclose.sha256)))
}
