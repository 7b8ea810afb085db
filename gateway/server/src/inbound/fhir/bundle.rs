//! `POST /fhir`: a transaction, all of it or nothing.

use loopgate_fhir::{Json, ResponseItem, transaction_response};
use loopgate_referral::{ResourceId, Timestamp};

use super::write::{loss, source_only};
use super::{MEDIA, fhir, location};
use crate::fold::Answer;
use crate::gate::{Gate, Request, Session};
use crate::identity::Interaction;
use crate::intake;
use crate::refusal::Trouble;
use crate::reply::Reply;

/// Whether the session's access token covers every entry.
pub fn covered(session: &Session, request: &Request) -> bool {
    let bundle: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let entries = bundle["entry"].as_array().into_iter().flatten();
    let mut kinds = entries.filter_map(|entry| entry["resource"]["resourceType"].as_str());
    // What is no Bundle is refused for that.
    kinds.all(|kind| session.covers(kind, Interaction::Create))
}

/// Carries out a Bundle.
pub fn post(gate: &Gate, session: &Session, request: &Request) -> Result<Reply, Trouble> {
    let caller = &session.partner;
    source_only(gate, caller)?;
    request.speaks(MEDIA)?;
    let answer = intake::transaction(gate, &caller.org, request)?;
    Ok(fhir(200, &transaction_answer(gate, answer)))
}

/// Nothing of the resources goes back, so nothing is disclosed: `Prefer: return=minimal`.
fn transaction_answer(gate: &Gate, answer: Answer) -> Json {
    let items = answer.into_iter().map(|(id, version)| ResponseItem {
        outcome: loss(gate, &id),
        status: "201 Created",
        location: location(gate, &id, version),
        version,
        last_modified: changed(gate, &id),
        resource: None,
    });
    transaction_response(items.collect())
}

fn changed(gate: &Gate, id: &ResourceId) -> Timestamp {
    let world = gate.scribe.published().world();
    world.resources.get(id).map_or(world.last_at, |held| held.changed)
}
