//! `/cbo/v1/sent`: what became of what an organization sent itself. Each read is a disclosure, like any
//! source's.

use loopgate_consent::Permit;
use loopgate_referral::{OrgId, Referral, ReferralId, SourceMove};
use serde_json::{Value, json};

use super::body::{bad, parse};
use super::{act_of, done, etag, inbox, says};
use crate::egress::{Way, Weighed};
use crate::exit;
use crate::exit::sent::Sent;
use crate::fold::Part;
use crate::gate::{Gate, Request, Session};
use crate::refusal::{Kind, Trouble};
use crate::reply::{JSON, Reply};
use crate::scribe::Wish;
use crate::view::{Order, Place};

/// One of its own.
pub fn own(gate: &Gate, org: &OrgId, id: &str) -> Result<Referral, Trouble> {
    let id: ReferralId = id.parse().map_err(|_| Trouble::from(Kind::NotFound))?;
    let found = gate.referral(&id).filter(|referral| referral.source == *org);
    found.ok_or(Kind::NotFound.into())
}

/// `GET /cbo/v1/sent/ID`.
pub fn read(gate: &Gate, session: &Session, id: &str) -> Result<Reply, Trouble> {
    let org = &session.partner.org;
    let referral = own(gate, org, id)?;
    let sent = Sent::of(gate, &referral, false)?;
    let mapping = exit::mapping(gate)?;
    let way = Way { to: org, channel: "cbo-rest", mapping: Some(mapping.digest()), by: None };
    let body = gate.egress.release_all(way, &sent.asks, |permits| {
        let said = sent.whole(gate, &referral, permits)?;
        Ok(said.ok_or(Trouble::Outage)?.to_string().into_bytes())
    })?;
    // That the target's news were withheld from their source is recorded.
    if let Some((whole, denial)) = sent.withheld(&referral)
        && let trouble @ Trouble::Outage = gate.egress.deny(org, &whole, denial)
    {
        return Err(trouble);
    }
    Ok(Reply::released(200, JSON, body).header("etag", etag(referral.version)))
}

/// `GET /cbo/v1/sent`: where each stands, those that changed last at the end.
pub fn list(gate: &Gate, session: &Session, request: &Request) -> Result<Reply, Trouble> {
    let org = &session.partner.org;
    let (after, count) = inbox::page_of(request, gate.config.limits.page_entries_max)?;
    let (rows, next) = page(gate, org, after, count)?;
    let (shown, parts): (Vec<Value>, Vec<Vec<Weighed>>) = rows.into_iter().unzip();
    let mut page = json!({ "sent": shown });
    if let Some(next) = next {
        page["next"] = json!(hex::encode(next));
    }
    let mapping = exit::mapping(gate)?;
    let way = Way { to: org, channel: "cbo-rest", mapping: Some(mapping.digest()), by: None };
    let body =
        gate.egress.release_page(way, parts.concat(), || Ok(page.to_string().into_bytes()))?;
    Ok(Reply::released(200, JSON, body))
}

/// One row, and what it shows.
type Row = (Value, Vec<Weighed>);

fn page(
    gate: &Gate,
    org: &OrgId,
    mut after: Option<Place>,
    count: usize,
) -> Result<(Vec<Row>, Option<Place>), Trouble> {
    let mut rows = Vec::new();
    loop {
        let of = (std::slice::from_ref(org), "Task");
        let found = gate.view.find(Order::Changed, of, None, after.as_ref(), count);
        let found = found.map_err(|outage| {
            tracing::error!(%outage, "the projections do not read");
            Trouble::Outage
        })?;
        let exhausted = found.len() < count;
        for task in found {
            after = Some(task.place);
            let part = gate.scribe.published().world().parts.get(&task.id).copied();
            let Some(Part::SourceTask(referral)) = part else { continue };
            let found = gate.referral(&referral).filter(|one| one.source == *org);
            let Some(referral) = found else { continue };
            rows.extend(row(gate, org, &referral)?);
            if rows.len() == count {
                return Ok((rows, after));
            }
        }
        if exhausted {
            return Ok((rows, None));
        }
    }
}

fn row(gate: &Gate, org: &OrgId, referral: &Referral) -> Result<Option<Row>, Trouble> {
    let sent = Sent::of(gate, referral, true)?;
    let mut parts: Vec<Weighed> = Vec::new();
    for ask in &sent.asks {
        let Some(permits) = gate.egress.may(org, ask)? else { return Ok(None) };
        parts.push((ask.clone(), permits));
    }
    let permits: Vec<Permit> = parts.iter().flat_map(|(_, these)| these.clone()).collect();
    let row = sent.row(gate, referral, &permits)?;
    Ok(row.map(|row| (row, parts)))
}

/// `POST /cbo/v1/sent/ID/ACT`.
pub fn act(
    gate: &Gate,
    session: &Session,
    (id, act): (&str, &str),
    request: &Request,
) -> Result<Reply, Trouble> {
    let org = &session.partner.org;
    let wish = match act {
        "cancel" => {
            let says::Because { reason } = parse(&request.body)?;
            Wish::Source(SourceMove::AskToCancel { why: super::verbs::why(reason)? })
        }
        "comment" => {
            let says::Text { text } = parse(&request.body)?;
            Wish::Comment(text.0)
        }
        _ => return Err(Kind::NotFound.into()),
    };
    let referral = own(gate, org, id)?;
    if matches!(wish, Wish::Comment(_)) && !exit::notes::reach(gate, &referral) {
        return Err(bad(
            "#/text",
            "does not reach the target: consent lets no words of yours pass",
        ));
    }
    done(gate, act_of(org, request, referral.id, wish))
}
