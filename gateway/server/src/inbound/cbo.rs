//! `/cbo/v1`: plain REST for community organizations.
//!
//! A list shows need and status only; the whole referral is one read away, and each read is a
//! disclosure. What consent does not permit is not there. What there is to ask is one table
//! (`operations.rs`): requests are dispatched by it, and the document at `/openapi.json` is written from it.

mod attachments;
mod bodies;
mod body;
mod capacity;
mod inbox;
mod meant;
pub mod notices;
mod operations;
mod organizations;
mod refer;
mod say;
mod says;
mod sent;
pub mod spreadsheet;
mod verbs;
pub mod wait;

use std::cell::Cell;

use loopgate_referral::{OrgId, Placement, Referral, ReferralId};
use serde_json::json;

use crate::exit;
use crate::gate::{self, Gate, Request, Session};
use crate::identity::Interaction;
use crate::meter::{Left, Rate};
use crate::partner::Role;
use crate::refusal::{Kind, Trouble};
use crate::reply::{self, JSON, Reply, json_reply};
use crate::scribe::{Act, Acted, Command, Wish, is_held};

#[cfg(test)]
pub use inbox::STATUS;
pub use operations::{Operation, operations};
pub use says::finish;

/// No key is longer, in bytes.
const KEY_BYTES_MAX: usize = 255;

/// A caller that is known, and how often it may still ask.
pub struct Door {
    session: Session,
    left: Left,
}

/// An answer, and for how long a better one may be waited for.
pub struct Answered {
    reply: Reply,
    waits_s: Option<u64>,
}

/// One request of one caller.
pub struct Call<'a> {
    gate: &'a Gate,
    session: &'a Session,
    request: &'a Request,
    /// What the path names, in its order.
    ids: Vec<&'a str>,
    /// There is nothing, and that many seconds may be waited for something.
    waits_s: Cell<Option<u64>>,
}

impl Call<'_> {
    /// Who asks.
    fn org(&self) -> &OrgId {
        &self.session.partner.org
    }

    /// The second id of the path.
    fn second(&self) -> &str {
        self.ids.get(1).copied().unwrap_or_default()
    }

    /// The first id of the path.
    fn id(&self) -> &str {
        self.ids.first().copied().unwrap_or_default()
    }
}

impl Door {
    /// Who asks, if it may ask now.
    fn enter(gate: &Gate, request: &Request) -> Result<Door, Reply> {
        let session = gate.session(request).map_err(reply::problem)?;
        let limits = &gate.config.limits;
        let rate =
            Rate { per_minute: limits.cbo_requests_per_minute, burst: limits.cbo_requests_burst };
        let left = gate.meter.take(&session.partner.org, gate.clock.monotonic_ms(), rate);
        let door = Door { session, left };
        match left.refused_for_s {
            Some(seconds) => {
                let reply = reply::problem(Kind::TooMany.into());
                Err(door.metered(reply.header("retry-after", seconds.to_string())))
            }
            None => Ok(door),
        }
    }

    fn org(&self) -> &OrgId {
        &self.session.partner.org
    }

    /// An answer that says how often may still be asked.
    fn metered(&self, reply: Reply) -> Reply {
        reply
            .header("ratelimit-limit", self.left.burst.to_string())
            .header("ratelimit-remaining", self.left.requests.to_string())
            .header("ratelimit-reset", self.left.full_in_s.to_string())
    }

    /// Answers what is asked, as things are now.
    fn answer(&self, gate: &Gate, request: &Request) -> Answered {
        let (session, caller) = (&self.session, &self.session.partner);
        let segments = request.segments();
        // The plain dialect says of a Task what FHIR says of it: the same scopes cover it.
        let get = request.method == "GET";
        let act = if get { Interaction::Read } else { Interaction::Update };
        if !caller.is(Role::Target) || !session.covers("Task", act) {
            let trouble = gate.refused(&caller.org, "A4", Kind::Forbidden);
            return Answered { reply: reply::problem(trouble), waits_s: None };
        }
        let here = operations().filter_map(|one| Some((one, one.said.ids(&segments)?)));
        let here: Vec<(&Operation, Vec<&str>)> = here.collect();
        if !here.is_empty() && here.iter().all(|(one, _)| one.said.method != request.method) {
            let allowed: Vec<&str> = here.iter().map(|(one, _)| one.said.method).collect();
            let reply = reply::problem(Kind::Method.into()).header("allow", allowed.join(", "));
            return Answered { reply, waits_s: None };
        }
        let found = here.into_iter().find(|(one, _)| one.said.method == request.method);
        let (operation, ids) = found.unzip();
        let ids = ids.unwrap_or_default();
        let call = Call { gate, session, request, ids, waits_s: Cell::new(None) };
        let outcome = match operation {
            Some(operation) => sound(operation, request).and_then(|()| (operation.run)(&call)),
            None => Err(Kind::NotFound.into()),
        };
        let outcome = gate.not_there(&caller.org, outcome);
        Answered { reply: outcome.unwrap_or_else(reply::problem), waits_s: call.waits_s.get() }
    }
}

/// Refuses what no operation of this kind takes, before anything is looked for.
fn sound(operation: &Operation, request: &Request) -> Result<(), Trouble> {
    let key = request.idempotency_key.as_ref();
    if key.is_some_and(|key| key.is_empty() || key.len() > KEY_BYTES_MAX) {
        return Err(body::bad("Idempotency-Key", "is not a text of 1 to 255 bytes"));
    }
    if version(request).is_none() {
        return Err(body::bad("If-Match", "is not one ETag, nor *"));
    }
    let unknown = |name: &String| !operation.said.query.iter().any(|query| query.name == name);
    if request.query.iter().any(|(name, _)| unknown(name)) {
        return Err(body::bad("", "has an unknown parameter"));
    }
    match &operation.said.takes {
        Some(takes) if takes.optional && request.body.is_empty() => Ok(()),
        Some(takes) => request.speaks(takes.media),
        None => Ok(()),
    }
}

/// The version that `If-Match` names, if there is one; nothing, if it does not read. There is always one: `*`
/// is no condition.
fn version(request: &Request) -> Option<Option<u64>> {
    gate::version(request.if_match.as_deref().filter(|condition| *condition != "*"))
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

/// `GET /cbo/v1/referrals/ID`.
fn read(call: &Call<'_>) -> Result<Reply, Trouble> {
    let (gate, org) = (call.gate, call.org());
    let (referral, placement) = placement(gate, org, call.id())?;
    if is_held(&referral) {
        return Err(held((call.gate, call.session), &referral, &placement));
    }
    let body = exit::for_target(gate, &referral, &placement, |ask| ask.shown(gate, call.session))?;
    Ok(Reply::released(200, JSON, body).header("etag", etag(placement.version)))
}

/// `GET /cbo/v1/referrals/ID/comments`.
fn comments(call: &Call<'_>) -> Result<Reply, Trouble> {
    let (referral, placement) = placement(call.gate, call.org(), call.id())?;
    if is_held(&referral) {
        return Err(held((call.gate, call.session), &referral, &placement));
    }
    let body = exit::comments(call.gate, &referral, &placement, call.session)?;
    Ok(Reply::released(200, JSON, body).header("etag", etag(placement.version)))
}

/// What waits for consent is not there, and that it was asked for is recorded.
fn held((gate, session): (&Gate, &Session), referral: &Referral, placement: &Placement) -> Trouble {
    let org = &session.partner.org;
    let ask = exit::forward_ask(referral, placement).shown(gate, session);
    let denial = gate.egress.weigh(org, &ask).err().flatten();
    gate.egress.deny(org, &ask, denial)
}

fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// What the scribe found wrong, as a place in the body of the act.
fn pointed(trouble: Trouble) -> Trouble {
    let Trouble::Refused(mut refusal) = trouble else { return trouble };
    for fault in &mut refusal.faults {
        let member = fault.expression.rsplit('.').next().unwrap_or_default();
        fault.expression = format!("#/{member}");
    }
    refusal.into()
}

/// An act on a referral.
fn act(call: &Call<'_>, read: verbs::Read) -> Result<Reply, Trouble> {
    let (gate, request) = (call.gate, call.request);
    let wish = read(&request.body)?;
    let referral: ReferralId = call.id().parse().map_err(|_| Trouble::from(Kind::NotFound))?;
    done(gate, act_of(call.org(), request, referral, wish))
}

/// An act by this door.
fn act_of(org: &OrgId, request: &Request, referral: ReferralId, wish: Wish) -> Act {
    Act {
        org: org.clone(),
        request: request.digest(),
        once: request.idempotency_key.is_some(),
        transport: "cbo-rest",
        referral,
        if_match: version(request).flatten(),
        happened: None,
        message: None,
        wish,
    }
}

/// Has it recorded, and answers where the referral stands then.
fn done(gate: &Gate, act: Act) -> Result<Reply, Trouble> {
    let (org, referral) = (act.org.clone(), act.referral);
    let acted = gate.scribe.ask_blocking(|reply| Command::Act(Box::new(act), reply));
    let Acted { version, status, .. } = acted.map_err(pointed)?;
    let mut body = exit::standing(gate, &org, &referral, status)?;
    body["version"] = json!(version);
    Ok(json_reply(200, JSON, &body).header("etag", etag(version)))
}
