//! `GET /fhir/Type/id` and `GET /fhir/Type/id/_history/version`.
//!
//! A conditional read is weighed like any other: what may not be read is not there, changed or not. That
//! nothing changed is said only to whoever was shown just this before, and is recorded as reading it again.

use loopgate_fhir::{Fault, Handling, IssueCode, Search, Served, Shape, shaped};
use loopgate_referral::{OrgId, ResourceId, Timestamp};

use super::etag;
use super::negotiation::{Condition, http_date};
use super::sight::Sight;
use crate::egress::{Released, Way};
use crate::gate::{Gate, Request, Session};
use crate::identity::Interaction;
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply::{FHIR_JSON, Reply};

const CHANNEL: &str = "fhir";

/// One resource, for one caller.
pub fn read(
    gate: &Gate,
    session: &Session,
    id: &ResourceId,
    request: &Request,
) -> Result<Reply, Trouble> {
    let shape = shape(gate, id, request)?;
    let sight = Sight::of(gate, session, id)?.ok_or(Trouble::from(Kind::NotFound))?;
    release(gate, &session.partner.org, (&sight, &shape), &Condition::of(request))
}

/// How much of it is asked for: `_summary` and `_elements` are for reads too (R4 search.html#summary).
fn shape(gate: &Gate, id: &ResourceId, request: &Request) -> Result<Shape, Trouble> {
    let Some(served) = Served::of(id.kind()) else { return Ok(Shape::Full) };
    let shaping = |name: &str| matches!(name, "_summary" | "_elements");
    let pairs = request.query.iter().filter(|(name, _)| shaping(name)).cloned();
    let pairs: Vec<_> = pairs.collect();
    let base = gate.config.organization.base_url.as_str();
    let search = Search::parse(served, &pairs, base, Handling::Strict);
    let search = search.map_err(|faults| Refusal::at(Kind::Malformed, faults))?;
    Ok(search.shape().clone())
}

/// What was written, for who may read it and not only write.
pub fn written(gate: &Gate, session: &Session, id: &ResourceId) -> Result<Reply, Trouble> {
    if !session.covers(id.kind(), Interaction::Read) {
        return Err(Kind::Forbidden.into());
    }
    let sight = Sight::of(gate, session, id)?.ok_or(Trouble::from(Kind::NotFound))?;
    release(gate, &session.partner.org, (&sight, &Shape::Full), &Condition::None)
}

/// One version of it. Of what loopgate computes only the newest is kept.
pub fn version(
    gate: &Gate,
    session: &Session,
    id: &ResourceId,
    version: &str,
) -> Result<Reply, Trouble> {
    let org = &session.partner.org;
    let sight = Sight::of(gate, session, id)?.ok_or(Trouble::from(Kind::NotFound))?;
    let digits = version.bytes().all(|b| b.is_ascii_digit()) && !version.starts_with('0');
    let wanted: Option<u64> = version.parse().ok().filter(|_| digits);
    let newest = sight.version.unwrap_or_default();
    match wanted {
        Some(wanted) if wanted < newest && !sight.has_versions() => {
            // What consent hides is not there, in whatever version.
            for ask in &sight.asks {
                if let Err(denial) = gate.egress.weigh(org, ask) {
                    return Err(gate.egress.deny(org, ask, denial));
                }
            }
            let words = "only the newest version of this is kept: it is made anew as it changes";
            let fault = Fault::new(IssueCode::NotFound, "", words);
            Err(Refusal::at(Kind::NotFound, vec![fault]).into())
        }
        Some(wanted) => {
            let sight = sight.in_version(gate, wanted)?.ok_or(Trouble::from(Kind::NotFound))?;
            release(gate, org, (&sight, &Shape::Full), &Condition::None)
        }
        None => Err(Kind::NotFound.into()),
    }
}

/// How it leaves.
pub fn way(org: &OrgId) -> Way<'_> {
    Way { to: org, channel: CHANNEL, mapping: None, by: None }
}

fn release(
    gate: &Gate,
    org: &OrgId,
    (sight, shape): (&Sight, &Shape),
    condition: &Condition,
) -> Result<Reply, Trouble> {
    // That the target's news were withheld from their source is recorded.
    if let Some((whole, denial)) = sight.withheld()
        && let trouble @ Trouble::Outage = gate.egress.deny(org, &whole, denial)
    {
        return Err(trouble);
    }
    let unchanged = condition.is_unchanged(sight.version, sight.changed)
        && sight.asks.iter().all(|ask| gate.egress.shown_before(org, ask));
    let render = |permits: &[_]| {
        let json = || sight.render(gate, permits).map(|json| shaped(&json, shape).to_bytes());
        if unchanged { Ok(Vec::new()) } else { json() }
    };
    let body = if sight.asks.is_empty() {
        Released { bytes: render(&[])?, sending: None, receipt: None }
    } else {
        gate.egress.release_all(way(org), &sight.asks, render)?
    };
    let reply = if unchanged {
        Reply::released(304, "", body)
    } else {
        Reply::released(200, FHIR_JSON, body)
    };
    Ok(stamped(reply, sight.version, sight.changed))
}

fn stamped(mut reply: Reply, version: Option<u64>, changed: Option<Timestamp>) -> Reply {
    if let Some(version) = version {
        reply = reply.header("etag", etag(version));
    }
    match changed.and_then(http_date) {
        Some(date) => reply.header("last-modified", date),
        None => reply,
    }
}
