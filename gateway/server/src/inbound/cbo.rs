//! `/cbo/v1`: plain REST for community organizations, and `/v1` for those whose dialect has doors of its own.
//!
//! A list shows need and status only; the whole referral is one read away, and each read is a
//! disclosure. What consent does not permit is not there.

mod attachments;
mod capacity;
mod meant;
pub mod notices;
mod onward;
mod organizations;
mod refer;
mod say;
mod sent;
pub mod spreadsheet;
mod verbs;

use loopgate_consent::FieldGroup;
use loopgate_fhir::{Fault, IssueCode};
use loopgate_mapping::Mapping;
use loopgate_referral::{OrgId, Placement, Referral, ReferralId};
use serde_json::{Value, json};

use crate::dialect;
use crate::egress::{Way, Weighed};
use crate::exit;
use crate::fold::Part;
use crate::gate::{Gate, Request, Session};
use crate::identity::Interaction;
use crate::partner::{Partner, Role};
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply::{JSON, Reply, json_reply};
use crate::scribe::{Act, Acted, Command, is_held};
use crate::view::{Order, Place};

/// Answers one request.
pub fn handle(gate: &Gate, request: &Request) -> Result<Reply, Trouble> {
    let session = gate.session(request)?;
    let caller = &session.partner;
    // The plain dialect says of a Task what FHIR says of it: the same scopes cover it.
    let writes = matches!(request.method.as_str(), "POST" | "PUT");
    let act = if writes { Interaction::Update } else { Interaction::Read };
    if !caller.is(Role::Target) || !session.covers("Task", act) {
        return Err(gate.refused(&caller.org, "A4", Kind::Forbidden));
    }
    gate.not_there(&caller.org, route(gate, &session, request))
}

fn route(gate: &Gate, session: &Session, request: &Request) -> Result<Reply, Trouble> {
    let caller = &session.partner;
    if let Some(answered) = onward::route(gate, session, request) {
        return answered;
    }
    match (request.method.as_str(), request.segments().as_slice()) {
        ("GET", ["cbo", "v1", "referrals"] | ["v1", "referrals"]) => list(gate, session, request),
        ("GET", ["cbo", "v1", "referrals.csv"]) => spreadsheet::download(gate, session, request),
        ("POST", ["cbo", "v1", "referrals.csv"]) => spreadsheet::upload(gate, session, request),
        ("GET", ["cbo", "v1", "hmis", name]) => spreadsheet::hmis(gate, session, name),
        ("GET", ["cbo", "v1", "referrals", id] | ["v1", "referrals", id]) => {
            read(gate, session, id)
        }
        ("POST", ["cbo", "v1", "referrals", id, "say"]) => {
            request.speaks(&[JSON])?;
            say::status(gate, caller, id, request)
        }
        ("POST", ["v1", "referrals", id, door]) => {
            request.speaks(&[JSON])?;
            say::at_door(gate, caller, (id, door), request)
        }
        ("POST", ["cbo", "v1", "referrals", id, act]) => {
            request.speaks(&[JSON])?;
            self::act(gate, caller, id, act, request)
        }
        ("GET", ["cbo", "v1", "notices"]) => Ok(notices::list(gate, &caller.org)),
        ("POST", ["cbo", "v1", "notices", id, "read"]) => notices::read(gate, &caller.org, id),
        (
            _,
            ["cbo", "v1", "referrals" | "referrals.csv" | "notices", ..] | ["v1", "referrals", ..],
        ) => Err(Kind::Method.into()),
        _ => Err(Kind::NotFound.into()),
    }
}

/// The placement of a referral with this organization, if it may know of it.
fn placement(gate: &Gate, org: &OrgId, id: &str) -> Result<(Referral, Placement), Trouble> {
    let id: ReferralId = id.parse().map_err(|_| Trouble::from(Kind::NotFound))?;
    let world = gate.scribe.published().world();
    let (referral, placement) =
        world.placement_at(&id, org).ok_or(Trouble::from(Kind::NotFound))?;
    let placement = referral.placement(&placement).ok_or(Trouble::from(Kind::NotFound))?;
    Ok((referral.clone(), placement.clone()))
}

fn read(gate: &Gate, session: &Session, id: &str) -> Result<Reply, Trouble> {
    let org = &session.partner.org;
    let (referral, placement) = placement(gate, org, id)?;
    if is_held(&referral) {
        let ask = exit::forward_ask(&referral, &placement).shown(gate, session);
        let denial = gate.egress.weigh(org, &ask).err().flatten();
        return Err(gate.egress.deny(org, &ask, denial));
    }
    let body = exit::for_target(gate, &referral, &placement, Some(session))?;
    Ok(Reply::released(200, JSON, body).header("etag", etag(placement.version)))
}

fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}

fn list(gate: &Gate, session: &Session, request: &Request) -> Result<Reply, Trouble> {
    let org = &session.partner.org;
    let (mut after, mut count) = (None, gate.config.limits.page_entries_max);
    for (name, value) in &request.query {
        match name.as_str() {
            "after" => {
                let given = hex::decode(value).map_err(|_| bad("after", "is not a cursor"))?;
                // One that is none of ours starts at the beginning.
                after = Place::try_from(given).ok();
            }
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=count).contains(limit));
                count = limit.ok_or_else(|| bad("limit", "is not a number in range"))?;
            }
            _ => return Err(bad("", "has an unknown parameter")),
        }
    }
    let (mapping, _) = dialect::mapping(gate, org, "referral")?;
    let (rows, next) = page(gate, session, mapping, after, count)?;
    let (shown, parts): (Vec<Value>, Vec<Weighed>) = rows.into_iter().unzip();
    let way = Way { to: org, channel: "cbo-rest", mapping: Some(mapping.digest()), by: None };
    let mut page = json!({ "referrals": shown });
    if let Some(next) = next {
        page["next"] = json!(hex::encode(next));
    }
    let body = gate.egress.release_page(way, parts, || Ok(page.to_string().into_bytes()))?;
    Ok(Reply::released(200, JSON, body))
}

/// A row of the list says no more.
const SHOWN: [FieldGroup; 2] = [FieldGroup::Need, FieldGroup::Status];

/// One row of the list, and what it shows.
type Row = (Value, Weighed);

/// The rows that consent permits now, and where to go on.
fn page(
    gate: &Gate,
    session: &Session,
    mapping: &Mapping,
    mut after: Option<Place>,
    count: usize,
) -> Result<(Vec<Row>, Option<Place>), Trouble> {
    let org = &session.partner.org;
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
            let Some(Part::PlacementTask(referral, placement)) = part else { continue };
            let Some(referral) = gate.referral(&referral).filter(|one| !is_held(one)) else {
                continue;
            };
            let Some(placement) = referral.placement(&placement).cloned() else { continue };
            let ask = exit::need_ask(&referral, &placement).shown(gate, session);
            let Some(permits) = gate.egress.may(org, &ask)? else { continue };
            let passing = exit::Passing::of(&permits).only(&SHOWN);
            // One that the dialect cannot say must not hide the others.
            let row = exit::community(gate, mapping, &referral, &placement, &passing)?;
            rows.extend(row.map(|row| (row, (ask, permits))));
            if rows.len() == count {
                return Ok((rows, after));
            }
        }
        if exhausted {
            return Ok((rows, None));
        }
    }
}

fn act(
    gate: &Gate,
    caller: &Partner,
    id: &str,
    act: &str,
    request: &Request,
) -> Result<Reply, Trouble> {
    let wish = verbs::wish(act, &request.body)?;
    let referral: ReferralId = id.parse().map_err(|_| Trouble::from(Kind::NotFound))?;
    let act = Act {
        org: caller.org.clone(),
        request: request.digest(),
        once: request.idempotency_key.is_some(),
        transport: "cbo-rest",
        referral,
        if_match: request.version()?,
        happened: None,
        message: None,
        wish,
    };
    let Acted { version, status, .. } =
        gate.scribe.ask_blocking(|reply| Command::Act(Box::new(act), reply))?;
    let mut body = exit::standing(gate, &caller.org, &referral, status)?;
    body["version"] = json!(version);
    Ok(json_reply(200, JSON, &body).header("etag", etag(version)))
}

fn bad(at: &str, words: &'static str) -> Trouble {
    Refusal::invalid(vec![Fault::new(IssueCode::Value, at, words)]).into()
}
