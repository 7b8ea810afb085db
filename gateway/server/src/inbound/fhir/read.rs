//! `GET /fhir/Type/id`.

use loopgate_fhir::{as_supplied, organization};
use loopgate_referral::{OrgId, Placement, PlacementId, Referral, ReferralId, ResourceId};

use super::{clinician, etag};
use crate::egress::{Released, Way};
use crate::exit;
use crate::fold::{Held, Part};
use crate::gate::{Gate, OWN_ID, Session};
use crate::refusal::{Kind, Trouble};
use crate::reply::{FHIR_JSON, Reply};
use crate::scribe::{AskFor, OwnedClaim, OwnedToken};

const CHANNEL: &str = "fhir";

/// One resource, for one caller.
pub fn read(gate: &Gate, session: &Session, id: &ResourceId) -> Result<Reply, Trouble> {
    let caller = &session.partner;
    let part = gate.scribe.published().world().parts.get(id).copied();
    if let Some(part) = part {
        return of_referral(gate, session, part);
    }
    match gate.held(id) {
        Some(held) if held.org == caller.org => supplied(gate, &caller.org, id, &held),
        Some(held) if let Some(claim) = clinician::claim(gate, session, &held) => {
            clinician::read(gate, &caller.org, (id, &held), claim)
        }
        Some(held) if id.kind() == "Patient" => patient(gate, session, id, &held),
        Some(_) => Err(Kind::NotFound.into()),
        None => directory(gate, id).ok_or(Kind::NotFound.into()),
    }
}

pub fn way(org: &OrgId) -> Way<'_> {
    Way { to: org, channel: CHANNEL, mapping: None, by: None }
}

pub fn found(body: Released, version: u64) -> Reply {
    Reply::released(200, FHIR_JSON, body).header("etag", etag(version))
}

fn parties(
    gate: &Gate,
    referral: &ReferralId,
    placement: &PlacementId,
) -> Result<(Referral, Placement), Trouble> {
    let referral = gate.referral(referral).ok_or(Trouble::from(Kind::NotFound))?;
    let placement = referral.placement(placement).cloned();
    placement.map(|placement| (referral, placement)).ok_or(Kind::NotFound.into())
}

fn of_referral(gate: &Gate, session: &Session, part: Part) -> Result<Reply, Trouble> {
    let org = &session.partner.org;
    match part {
        Part::SourceTask(referral) => {
            let referral = gate.referral(&referral).ok_or(Trouble::from(Kind::NotFound))?;
            if referral.source != *org {
                return Err(Kind::NotFound.into());
            }
            source_task(gate, org, &referral)
        }
        Part::PlacementTask(referral, placement) => {
            let (referral, placement) = placed(gate, org, &referral, &placement)?;
            let ask = exit::forward_ask(&referral, &placement).shown(gate, session);
            let body = gate.egress.release(way(org), ask, |permits| {
                let passing = exit::Passing::of(permits);
                Ok(exit::target_task(gate, &referral, &placement, &passing)?.to_bytes())
            })?;
            Ok(found(body, placement.version))
        }
        Part::PlacementRequest(referral, placement) => {
            let (referral, placement) = placed(gate, org, &referral, &placement)?;
            let mut ask = exit::forward_ask(&referral, &placement).shown(gate, session);
            ask.resources = vec![(placement.request.clone(), placement.version)];
            ask.view = "request";
            let body = gate.egress.release(way(org), ask, |permits| {
                let passing = exit::Passing::of(permits);
                Ok(exit::target_request(gate, &referral, &placement, &passing)?.to_bytes())
            })?;
            Ok(found(body, placement.version))
        }
        Part::Outcome(referral, placement) => {
            let (referral, placement) = parties(gate, &referral, &placement)?;
            if referral.source != *org {
                return Err(Kind::NotFound.into());
            }
            let mut ask = exit::source_ask(&referral, exit::Answer::Whole);
            // What the target did was never the source's: only consent brings it back.
            ask.claims.retain(|claim| matches!(claim, OwnedClaim::Consent { .. }));
            let version = placement.outcome_version;
            let shown = placement.outcome.iter().map(|one| (one.procedure.clone(), version));
            ask.resources = shown.collect();
            ask.view = "outcome";
            let body = gate.egress.release(way(org), ask, |permits| {
                // An outcome is more than a status.
                if exit::Answer::permitted(permits) != exit::Answer::Whole {
                    return Err(Kind::NotFound.into());
                }
                Ok(exit::source_procedure(gate, &referral, &placement)?.to_bytes())
            })?;
            Ok(found(body, version))
        }
    }
}

/// A placement with this organization; one that waits for consent is not there, and that somebody
/// known was refused it is recorded.
fn placed(
    gate: &Gate,
    org: &OrgId,
    referral: &ReferralId,
    placement: &PlacementId,
) -> Result<(Referral, Placement), Trouble> {
    let (referral, placement) = parties(gate, referral, placement)?;
    if placement.target != *org {
        return Err(Kind::NotFound.into());
    }
    Ok((referral, placement))
}

/// The source's own Task. The target's news are in it only while consent lets them come back; that
/// they were withheld is recorded.
fn source_task(gate: &Gate, org: &OrgId, referral: &Referral) -> Result<Reply, Trouble> {
    let held = gate.held(&referral.task).ok_or(Trouble::from(Kind::NotFound))?;
    let (ask, answer, denial) = exit::source_may(gate, referral);
    if let Some(denial) = denial {
        let whole = exit::source_ask(referral, exit::Answer::Whole);
        if let trouble @ Trouble::Outage = gate.egress.deny(org, &whole, denial) {
            return Err(trouble);
        }
    }
    let body = gate.egress.release(way(org), ask, |_| {
        Ok(exit::source_task(gate, referral, &held, answer)?.to_bytes())
    })?;
    Ok(found(body, referral.version))
}

/// What the caller supplied, as it supplied it.
fn supplied(gate: &Gate, org: &OrgId, id: &ResourceId, held: &Held) -> Result<Reply, Trouble> {
    let render = || {
        let json = gate.document(held)?;
        Ok(as_supplied(&json, id.id(), held.version, held.changed, None).to_bytes())
    };
    let Some(person) = held.person else {
        return Ok(found(
            Released { bytes: render()?, sending: None, receipt: None },
            held.version,
        ));
    };
    let ask = AskFor {
        person,
        claims: vec![OwnedClaim::ReturnToSupplier { supplier: held.org.clone() }],
        resources: vec![(id.clone(), held.version)],
        referral: None,
        view: "supplied",
        token: OwnedToken::default(),
    };
    let body = gate.egress.release(way(org), ask, |_| render())?;
    Ok(found(body, held.version))
}

/// A Patient, for a target that serves them.
fn patient(gate: &Gate, session: &Session, id: &ResourceId, held: &Held) -> Result<Reply, Trouble> {
    let org = &session.partner.org;
    let (referral, placement) =
        exit::serving(gate, org, id).ok_or(Trouble::from(Kind::NotFound))?;
    if held.org != referral.source {
        return Err(Kind::NotFound.into());
    }
    let mut ask = exit::forward_ask(&referral, &placement).shown(gate, session);
    ask.resources = vec![(id.clone(), held.version)];
    ask.view = "patient";
    let body = gate.egress.release(way(org), ask, |permits| {
        Ok(exit::target_patient(gate, id, held, &exit::Passing::of(permits))?.to_bytes())
    })?;
    Ok(found(body, held.version))
}

/// Organizations of the tenant, by the names loopgate gives them: they are about nobody.
fn directory(gate: &Gate, id: &ResourceId) -> Option<Reply> {
    if id.kind() != "Organization" {
        return None;
    }
    let (name, identifiers) = if id.id() == OWN_ID {
        let own = &gate.config.organization;
        (own.name.clone(), vec![own.identifier.clone()])
    } else {
        let roster = gate.scribe.published().roster.load();
        let partner = roster.get(&id.id().parse().ok()?)?;
        (partner.name.clone(), partner.identifiers.clone())
    };
    let pairs = identifiers.iter().map(|one| (one.system.as_str(), one.value.as_str()));
    let organization = organization(id.id(), &name, pairs);
    Some(Reply::with(200, FHIR_JSON, organization.to_bytes()))
}
