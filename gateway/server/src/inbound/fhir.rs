//! `/fhir`: the FHIR R4 door of a coordination platform (SDOHCC 3.0.0), on mutual TLS.
//!
//! A source submits, reads back and cancels; a target reads what was placed with it and moves its
//! own Task. What is not the caller's, and what consent does not permit, is not there.

mod clinician;
mod put;
mod read;
mod search;

use loopgate_consent::{Action, GrantId};
use loopgate_fhir::{
    Capability, Json, ResponseItem, RoutedResource, SearchParam, capability_statement, not_carried,
    transaction_response,
};
use loopgate_referral::{ResourceId, Timestamp};

use crate::consent_token;
use crate::exit::loss;
use crate::fold::{Answer, Part};
use crate::gate::{Gate, Request, Session};
use crate::identity::Interaction;
use crate::intake;
use crate::partner::{Partner, Role};
use crate::refusal::{Kind, Trouble};
use crate::reply::{FHIR_JSON, Reply};
use crate::scribe::Command;

const MEDIA: &[&str] = &[FHIR_JSON, "application/json"];

/// Answers one request.
pub fn handle(gate: &Gate, request: &Request) -> Result<Reply, Trouble> {
    let segments = request.segments();
    if segments.first() != Some(&"fhir") {
        return Err(Kind::NotFound.into());
    }
    if (request.method.as_str(), &segments[1..]) == ("GET", &["metadata"]) {
        return Ok(fhir(200, &metadata(gate)));
    }
    let session = gate.session(request)?;
    let caller = &session.partner;
    if !covered(&session, request, &segments[1..]) {
        return Err(gate.refused(&caller.org, "A4", Kind::Forbidden));
    }
    gate.not_there(&caller.org, route(gate, &session, request, &segments[1..]))
}

/// Whether the session's access token covers the interaction; a transaction is judged by each of its
/// entries (SMART App Launch 2.2, scopes and launch context).
fn covered(session: &Session, request: &Request, segments: &[&str]) -> bool {
    use Interaction::{Create, Read, Search, Update};
    if session.scopes.is_none() {
        return true;
    }
    match (request.method.as_str(), segments) {
        ("POST", [] | [""]) => {
            let bundle: serde_json::Value =
                serde_json::from_slice(&request.body).unwrap_or_default();
            let entries = bundle["entry"].as_array().into_iter().flatten();
            let mut kinds = entries.filter_map(|entry| entry["resource"]["resourceType"].as_str());
            // What is no Bundle is refused for that.
            kinds.all(|kind| session.covers(kind, Create))
        }
        ("POST", [kind]) => session.covers(kind, Create),
        ("POST", ["Consent", _, _]) => session.covers("Consent", Update),
        ("POST", ["Patient", "$break-glass"]) => session.covers("Patient", Read),
        ("GET", [kind]) => session.covers(kind, Search),
        ("GET", [kind, _]) => session.covers(kind, Read),
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
        ("POST", [] | [""]) => {
            source_only(gate, caller)?;
            request.speaks(MEDIA)?;
            let answer = intake::transaction(gate, &caller.org, request)?;
            Ok(fhir(200, &transaction_answer(gate, answer)))
        }
        ("POST", [kind]) => {
            source_only(gate, caller)?;
            request.speaks(MEDIA)?;
            let answer = intake::create(gate, &caller.org, kind, request)?;
            created(gate, answer)
        }
        ("GET", ["Task"]) => search::tasks(gate, session, request),
        ("GET", [kind, id]) => read::read(gate, session, &named(kind, id)?),
        ("PUT", ["Task", id]) => {
            request.speaks(MEDIA)?;
            put::task(gate, session, &named("Task", id)?, request)
        }
        ("POST", ["Consent", id, "$token"]) => {
            source_only(gate, caller)?;
            request.speaks(MEDIA)?;
            consent_token::mint(gate, caller, &named("Consent", id)?, request)
        }
        ("POST", ["Consent", id, "$revoke"]) => {
            source_only(gate, caller)?;
            revoke(gate, caller, &named("Consent", id)?)
        }
        ("POST", ["Patient", "$break-glass"]) => {
            request.speaks(MEDIA)?;
            clinician::break_glass(gate, caller, request)
        }
        ("PUT", ["Consent", id]) => {
            source_only(gate, caller)?;
            request.speaks(MEDIA)?;
            let answer = intake::update(gate, &caller.org, &named("Consent", id)?, request)?;
            updated(gate, answer)
        }
        _ => Err(Kind::Method.into()),
    }
}

/// The person said so to the source: what this Consent permitted is permitted no more. Answered once
/// nothing goes out on it. The Consent itself stays as it was supplied.
fn revoke(gate: &Gate, caller: &Partner, id: &ResourceId) -> Result<Reply, Trouble> {
    let held = gate.held(id).filter(|held| held.org == caller.org);
    let person = held.and_then(|held| held.person).ok_or(Trouble::from(Kind::NotFound))?;
    let grant = Some(GrantId::of_consent(id));
    let who = (caller.org.to_string(), "fhir");
    gate.scribe.ask_blocking(|reply| Command::Withdraw(person, grant, who, reply))?;
    gate.settle_sends(person);
    Ok(Reply::empty(204))
}

/// A resource the path names; a path that names none leads nowhere.
fn named(kind: &str, id: &str) -> Result<ResourceId, Trouble> {
    ResourceId::of(kind, id).map_err(|_| Kind::NotFound.into())
}

fn source_only(gate: &Gate, caller: &Partner) -> Result<(), Trouble> {
    if caller.is(Role::Source) && caller.actions.contains(&Action::Submit) {
        return Ok(());
    }
    Err(gate.refused(&caller.org, "A4", Kind::Forbidden))
}

/// A FHIR body that is about nobody.
fn fhir(status: u16, body: &Json) -> Reply {
    Reply::with(status, FHIR_JSON, body.to_bytes())
}

fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// `Type/id/_history/version` under the base URL.
fn location(gate: &Gate, id: &ResourceId, version: u64) -> String {
    format!("{}/{id}/_history/{version}", gate.config.organization.base_url)
}

fn changed(gate: &Gate, id: &ResourceId) -> Timestamp {
    let world = gate.scribe.published().world();
    world.resources.get(id).map_or(world.last_at, |held| held.changed)
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

/// What of a referral is not passed on to the community organization, for its source to know.
fn loss(gate: &Gate, id: &ResourceId) -> Option<Json> {
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

const TASK_SEARCH: &[SearchParam] = &[
    SearchParam { name: "_id", kind: "token" },
    SearchParam { name: "_lastUpdated", kind: "date" },
    SearchParam { name: "owner", kind: "reference" },
    SearchParam { name: "patient", kind: "reference" },
    SearchParam { name: "requester", kind: "reference" },
    SearchParam { name: "status", kind: "token" },
];

/// What is routed above, and nothing more.
fn routed() -> Vec<RoutedResource> {
    loopgate_fhir::ACCEPTED
        .iter()
        .map(|kind| {
            let (interactions, search_params): (&'static [&'static str], &'static [SearchParam]) =
                match *kind {
                    "Task" => (&["create", "read", "update", "search-type"], TASK_SEARCH),
                    "Consent" => (&["create", "read", "update"], &[]),
                    _ => (&["create", "read"], &[]),
                };
            RoutedResource {
                kind,
                profiles: &[],
                interactions,
                search_params,
                conditional_create: false,
            }
        })
        .collect()
}

fn metadata(gate: &Gate) -> Json {
    capability_statement(&Capability {
        date: BUILD_DATE,
        software_version: env!("CARGO_PKG_VERSION"),
        url: Some(&gate.config.organization.base_url),
        // Not the guide's CoordinationPlatform statement yet: it asks for more than is routed here.
        instantiates: &[],
        security: "Mutual TLS: a client certificate of a known partner.",
        system: &["transaction"],
        resources: &routed(),
    })
}

/// When the routes last changed: 2026-11-22.
const BUILD_DATE: Timestamp = Timestamp(1_795_305_600_000);
