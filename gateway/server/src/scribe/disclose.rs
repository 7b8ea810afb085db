//! Disclosures: decided anew at the instant they are recorded.

use loopgate_consent::{Action, Ask, Claim, Denial, Party, Permit, ReasonCode, release};
use loopgate_referral::{NeedCode, OrgId, PersonId, ReferralId, ResourceId};

use super::desk::{Desk, Proof, by};
use crate::fold::World;
use crate::journal::{BasisUsed, Disclosure, Event};
use crate::refusal::{Kind, Trouble};
use crate::roster::Roster;
use loopgate_consent::Templates;
use loopgate_referral::Timestamp;

/// Why the recipient may have it; owned, so that it can be asked again by the scribe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnedClaim {
    /// The person consented.
    Consent {
        /// To do this.
        action: Action,
        /// About these needs.
        needs: Vec<NeedCode>,
        /// Supplied by this organization.
        from: OrgId,
    },
    /// The recipient supplied it.
    ReturnToSupplier {
        /// Who.
        supplier: OrgId,
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
}

/// A payload about to leave.
#[derive(Debug)]
pub struct Disclose {
    /// To whom.
    pub recipient: OrgId,
    /// One per person.
    pub asks: Vec<AskFor>,
    /// The permits it was rendered under, one per claim, in order.
    pub permits: Vec<Permit>,
    /// By which way.
    pub channel: &'static str,
    /// Which mapping file, by SHA-256.
    pub mapping: Option<[u8; 32]>,
    /// SHA-256 of the payload.
    pub sha256: [u8; 32],
    /// Its length.
    pub bytes: usize,
}

/// Decides all claims of one person's part.
pub fn permits(
    ask: &AskFor,
    to: &Party,
    world: &World,
    roster: &Roster,
    templates: &Templates,
    at: Timestamp,
) -> Result<Vec<Permit>, Denial> {
    let decide = |claim: &OwnedClaim| {
        let from: Party;
        let claim = match claim {
            OwnedClaim::ReturnToSupplier { supplier } => Claim::ReturnToSupplier { supplier },
            OwnedClaim::Consent { action, needs, from: org } => {
                from = roster.party(org).ok_or(Denial { code: ReasonCode::R2, grant: None })?;
                Claim::Consent { action: *action, needs, from: &from }
            }
        };
        let ask = Ask { tenant: roster.tenant(), to, person: ask.person, claim, at };
        release(&ask, world.grants.of(ask.person), templates).and_then(whole)
    };
    ask.claims.iter().map(decide).collect()
}

/// A permit for a part of the need lets nothing pass: a request about several needs is one item,
/// whose codes cannot be told apart.
pub fn whole(permit: Permit) -> Result<Permit, Denial> {
    if permit.code() == ReasonCode::OK2 {
        return Err(Denial { code: ReasonCode::L4, grant: permit.grant().cloned() });
    }
    Ok(permit)
}

/// Asks anew, and records: one proof per permit.
pub fn decide(desk: &mut Desk<'_>, disclose: Disclose) -> Result<Vec<Proof>, Trouble> {
    let to = desk.roster().party(&disclose.recipient).ok_or(Trouble::from(Kind::NotFound))?;
    let mut fresh = Vec::new();
    for ask in &disclose.asks {
        let templates = &desk.settings().templates;
        match permits(ask, &to, desk.world(), desk.roster(), templates, desk.at) {
            Ok(permits) => fresh.push(permits),
            Err(denial) => {
                let event = denied(&disclose.recipient, ask, &denial);
                desk.record(
                    &by(disclose.recipient.as_str(), disclose.channel),
                    event,
                    Vec::new(),
                    None,
                );
                return Err(Kind::Denied.into());
            }
        }
    }
    // It was rendered under other permits: something changed in between. Render again.
    if !same(&disclose.permits, fresh.iter().flatten()) {
        return Err(Trouble::Outage);
    }
    let mut proofs = Vec::new();
    for (ask, permits) in disclose.asks.iter().zip(fresh) {
        let bases: Vec<BasisUsed> = permits.iter().map(|permit| basis(permit, &to)).collect();
        let count = permits.len();
        let proof = record(desk, &disclose, ask, bases);
        for _ in 1..count {
            proofs.push(match &proof {
                Proof::Entry(entry) => Proof::Entry(*entry),
                Proof::Known(known) => Proof::Known(known.clone()),
            });
        }
        proofs.push(proof);
    }
    Ok(proofs)
}

/// Whether two decisions, made at different instants, let the same thing pass on the same grounds.
fn same<'p>(rendered: &[Permit], fresh: impl Iterator<Item = &'p Permit>) -> bool {
    let key = |p: &Permit| (p.basis().clone(), p.person(), p.groups().clone(), p.action());
    rendered.iter().map(key).eq(fresh.map(key))
}

fn record(desk: &mut Desk<'_>, disclose: &Disclose, ask: &AskFor, bases: Vec<BasisUsed>) -> Proof {
    let (recipient, person, day) = (&disclose.recipient, ask.person, desk.at.day());
    let cause = by(recipient.as_str(), disclose.channel);
    if desk.world().was_shown(recipient, ask.view, &ask.resources, &bases) {
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
        mapping: disclose.mapping.map(hex::encode),
        sha256: disclose.sha256,
        bytes: disclose.bytes,
    });
    Proof::Entry(desk.record(&cause, event, Vec::new(), Some(disclose.sha256)))
}

fn basis(permit: &Permit, to: &Party) -> BasisUsed {
    match (permit.grant(), permit.action()) {
        (Some(grant), Some(action)) => BasisUsed::Consent {
            grant: grant.clone(),
            action: action.name().into(),
            purpose: to.purpose.as_ref().map(|purpose| purpose.code().into()),
            code: permit.code().name().into(),
            templates: permit.templates().to_vec(),
            groups: permit.groups().iter().map(|group| group.name().into()).collect(),
        },
        _ => BasisUsed::ReturnToSupplier,
    }
}

/// The entry that says that somebody known was refused.
pub fn denied(org: &OrgId, ask: &AskFor, denial: &Denial) -> Event {
    let action = ask.claims.iter().find_map(|claim| match claim {
        OwnedClaim::Consent { action, .. } => Some(action.name().to_owned()),
        OwnedClaim::ReturnToSupplier { .. } => None,
    });
    Event::Denied {
        org: org.clone(),
        person: Some(ask.person),
        referral: ask.referral,
        action,
        code: denial.code.name().into(),
    }
}
