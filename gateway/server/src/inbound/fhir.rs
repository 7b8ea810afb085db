//! `/fhir`: the FHIR R4 door of a coordination platform (SDOHCC 3.0.0), on mutual TLS.
//!
//! A source submits, reads back and cancels; a target reads what was placed with it and moves its
//! own Task. What is not the caller's, and what consent does not permit, is not there.

mod bundle;
mod clinician;
mod directory;
mod find;
mod matching;
mod metadata;
mod negotiation;
mod prefer;
mod put;
mod read;
mod sight;
pub mod transaction;
mod write;

use loopgate_fhir::{Json, Served};
use loopgate_referral::ResourceId;

use crate::consent_token;
use crate::gate::{Gate, Request, Session};
use crate::identity::Interaction;
use crate::refusal::{Kind, Trouble};
use crate::reply::{FHIR_JSON, Reply};

const MEDIA: &[&str] = &[FHIR_JSON, "application/json"];

/// Answers one request.
pub fn handle(gate: &Gate, request: &Request) -> Result<Reply, Trouble> {
    let segments = request.segments();
    if segments.first() != Some(&"fhir") {
        return Err(Kind::NotFound.into());
    }
    if (request.method.as_str(), &segments[1..]) == ("GET", &["metadata"]) {
        negotiation::takes_json(request)?;
        return Ok(fhir(200, &metadata::statement(gate)));
    }
    let session = gate.session(request)?;
    negotiation::takes_json(request)?;
    gate.not_there(&session.partner.org, judged(gate, &session, request, &segments[1..]))
}

/// One request of a known caller, or one entry of its batch, if its access token covers it.
fn judged(
    gate: &Gate,
    session: &Session,
    request: &Request,
    segments: &[&str],
) -> Result<Reply, Trouble> {
    if !covered(session, request, segments) {
        return Err(gate.refused(&session.partner.org, "A4", Kind::Forbidden));
    }
    route(gate, session, request, segments)
}

/// Whether the session's access token covers the interaction; a Bundle is judged by each of its
/// entries (SMART App Launch 2.2, scopes and launch context).
fn covered(session: &Session, request: &Request, segments: &[&str]) -> bool {
    use Interaction::{Create, Read, Search, Update};
    if session.scopes.is_none() {
        return true;
    }
    match (request.method.as_str(), segments) {
        // Each of its entries is judged.
        ("POST", [] | [""]) => true,
        ("GET", [kind]) | ("POST", [kind, "_search"]) => session.covers(kind, Search),
        ("POST", [kind]) => session.covers(kind, Create),
        ("POST", ["Consent", _, _]) => session.covers("Consent", Update),
        ("POST", ["Patient", "$break-glass"]) => session.covers("Patient", Read),
        ("GET", [kind, _] | [kind, _, "_history", _]) => session.covers(kind, Read),
        ("PUT", [kind]) => session.covers(kind, Create) && session.covers(kind, Update),
        ("PUT", [kind, _]) => session.covers(kind, Update),
        _ => false,
    }
}

fn route(
    gate: &Gate,
    session: &Session,
    request: &Request,
    segments: &[&str],
) -> Result<Reply, Trouble> {
    let caller = &session.partner;
    match (request.method.as_str(), segments) {
        ("POST", [] | [""]) => bundle::post(gate, session, request),
        ("GET", [kind]) => {
            let asked = (request.query.as_slice(), request.prefer.as_deref());
            find::search(gate, session, served(kind)?, asked)
        }
        ("POST", [kind, "_search"]) => {
            let (served, pairs) = (served(kind)?, find::form(request)?);
            find::search(gate, session, served, (&pairs, request.prefer.as_deref()))
        }
        ("GET", [kind, id]) => read::read(gate, session, &named(kind, id)?, request),
        ("GET", [kind, id, "_history", version]) => {
            served(kind)?;
            read::version(gate, session, &named(kind, id)?, version)
        }
        ("POST", ["Consent", id, "$token"]) => {
            write::source_only(gate, caller)?;
            request.speaks(MEDIA)?;
            consent_token::mint(gate, caller, &named("Consent", id)?, request)
        }
        ("POST", ["Consent", id, "$revoke"]) => {
            write::source_only(gate, caller)?;
            write::revoke(gate, caller, &named("Consent", id)?)
        }
        ("POST", ["Patient", "$break-glass"]) => {
            request.speaks(MEDIA)?;
            clinician::break_glass(gate, caller, request)
        }
        ("POST", [kind]) => write::create(gate, session, served(kind)?, request),
        ("PUT", ["Task", id]) => {
            request.speaks(MEDIA)?;
            put::task(gate, session, &named("Task", id)?, request)
        }
        ("PUT", [kind]) => write::update_where(gate, session, served(kind)?, request),
        ("PUT", [kind, id]) => {
            served(kind)?;
            write::update(gate, session, &named(kind, id)?, request)
        }
        _ => Err(Kind::Method.into()),
    }
}

/// The row of a type; a type that is not served leads nowhere.
fn served(kind: &str) -> Result<&'static Served, Trouble> {
    Served::of(kind).ok_or(Kind::NotFound.into())
}

/// A resource the path names; a path that names none leads nowhere.
fn named(kind: &str, id: &str) -> Result<ResourceId, Trouble> {
    ResourceId::of(kind, id).map_err(|_| Kind::NotFound.into())
}

/// A FHIR body that is about nobody.
fn fhir(status: u16, body: &Json) -> Reply {
    Reply::with(status, FHIR_JSON, body.to_bytes())
}

/// The projections do not read: said once, and no more than that it has to be tried again.
fn unreadable(outage: loopgate_store::Outage) -> Trouble {
    tracing::error!(%outage, "the projections do not read");
    Trouble::Outage
}

fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// `Type/id/_history/version` under the base URL.
fn location(gate: &Gate, id: &ResourceId, version: u64) -> String {
    format!("{}/{id}/_history/{version}", gate.config.organization.base_url)
}
