//! `POST /fhir/Type` and `PUT /fhir/Type/id`: an organization hands in a resource, or a new version.

use loopgate_consent::{Action, GrantId};
use loopgate_fhir::{Json, Served, not_carried};
use loopgate_referral::ResourceId;

use super::{MEDIA, etag, fhir, location};
use crate::exit::loss;
use crate::fold::{Answer, Part};
use crate::gate::{Gate, Request, Session};
use crate::intake;
use crate::partner::{Partner, Role};
use crate::refusal::{Kind, Trouble};
use crate::reply::Reply;
use crate::scribe::Command;

/// A single create.
pub fn create(
    gate: &Gate,
    session: &Session,
    served: &Served,
    request: &Request,
) -> Result<Reply, Trouble> {
    let caller = &session.partner;
    source_only(gate, caller)?;
    request.speaks(MEDIA)?;
    // Not offered yet: to pass a condition over would do what was not asked.
    if request.if_none_exist.is_some() {
        return Err(Kind::VersionConflict.into());
    }
    let answer = intake::create(gate, &caller.org, served.kind, request)?;
    created(gate, answer)
}

/// A new version of what the caller supplied.
pub fn update(
    gate: &Gate,
    session: &Session,
    id: &ResourceId,
    request: &Request,
) -> Result<Reply, Trouble> {
    let caller = &session.partner;
    source_only(gate, caller)?;
    request.speaks(MEDIA)?;
    let answer = intake::update(gate, &caller.org, id, request)?;
    updated(gate, answer)
}

/// The person said so to the source: what this Consent permitted is permitted no more. Answered once
/// nothing goes out on it. The Consent itself stays as it was supplied.
pub fn revoke(gate: &Gate, caller: &Partner, id: &ResourceId) -> Result<Reply, Trouble> {
    let held = gate.held(id).filter(|held| held.org == caller.org);
    let person = held.and_then(|held| held.person).ok_or(Trouble::from(Kind::NotFound))?;
    let grant = Some(GrantId::of_consent(id));
    let who = (caller.org.to_string(), "fhir");
    gate.scribe.ask_blocking(|reply| Command::Withdraw(person, grant, who, reply))?;
    gate.settle_sends(person);
    Ok(Reply::empty(204))
}

pub fn source_only(gate: &Gate, caller: &Partner) -> Result<(), Trouble> {
    if caller.is(Role::Source) && caller.actions.contains(&Action::Submit) {
        return Ok(());
    }
    Err(gate.refused(&caller.org, "A4", Kind::Forbidden))
}

/// What of a referral is not passed on to the community organization, for its source to know.
pub fn loss(gate: &Gate, id: &ResourceId) -> Option<Json> {
    let part = gate.scribe.published().world().parts.get(id).copied();
    let Some(Part::SourceTask(referral)) = part else { return None };
    let referral = gate.referral(&referral)?;
    let paths = loss::of_source(gate, &referral).unwrap_or_default();
    not_carried(&paths)
}

fn created(gate: &Gate, answer: Answer) -> Result<Reply, Trouble> {
    let (id, version) = answer.into_iter().next().ok_or(Trouble::Outage)?;
    let reply = match loss(gate, &id) {
        Some(outcome) => fhir(201, &outcome),
        None => Reply::empty(201),
    };
    let reply = reply.header("location", location(gate, &id, version));
    Ok(reply.header("etag", etag(version)))
}

fn updated(gate: &Gate, answer: Answer) -> Result<Reply, Trouble> {
    let (id, version) = answer.into_iter().next().ok_or(Trouble::Outage)?;
    let reply = Reply::empty(200).header("content-location", location(gate, &id, version));
    Ok(reply.header("etag", etag(version)))
}
