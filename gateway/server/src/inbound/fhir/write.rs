//! `POST /fhir/Type`, `PUT /fhir/Type/id` and `PUT /fhir/Type?query`: an organization hands in a
//! resource, or a new version. A source hands in any type, a target what the table lets it.

use loopgate_consent::GrantId;
use loopgate_fhir::{Fault, IssueCode, Json, ProcedureIn, Resource, Served, informational, taken};
use loopgate_referral::{Placement, Referral, ResourceId, Timestamp};

use super::matching::{self, Condition};
use super::prefer::{Return, returned};
use super::{MEDIA, etag, fhir, location, put, read};
use crate::exit::loss;
use crate::fold::{Answer, Part};
use crate::gate::{Gate, Request, Session};
use crate::intake::{self, Named, Names};
use crate::partner::{Partner, Role};
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply::Reply;
use crate::scribe::{Act, Along, Command, Incoming, Verb, Wish, answered};

/// How often a write is decided anew because what it depends on changed under it.
const TRIES_MAX: usize = 3;

/// What a write left behind.
pub struct Written {
    /// 200 or 201.
    pub status: u16,
    /// Which resource.
    pub id: ResourceId,
    /// Its version.
    pub version: u64,
}

/// A single create.
pub fn create(
    gate: &Gate,
    session: &Session,
    served: &'static Served,
    request: &Request,
) -> Result<Reply, Trouble> {
    let caller = &session.partner;
    may_hand_in(gate, caller, served)?;
    request.speaks(MEDIA)?;
    // Some mean a condition by it, which is If-None-Exist's: passed over, it would be made twice.
    let query =
        request.query.iter().any(|(name, _)| !matches!(name.as_str(), "_format" | "_pretty"));
    if query {
        let words = "a create takes no query; its condition is If-None-Exist";
        let fault = Fault::new(IssueCode::NotSupported, "", words);
        return Err(Refusal::at(Kind::Malformed, vec![fault]).into());
    }
    let resource = intake::single(gate, served.kind, request)?;
    let key = (caller.org.clone(), request.digest());
    let known = answered(&gate.scribe.published().world(), &key, true);
    if let Some(answer) = known {
        return replied(gate, session, (written(201, answer)?, &resource.warnings), request);
    }
    let done = again(|| {
        let mut looked = None;
        if let Some(query) = &request.if_none_exist {
            let base = gate.config.organization.base_url.as_str();
            let pairs = matching::pairs_on(query, served.kind, base);
            let pairs = pairs.ok_or(Trouble::from(Kind::Malformed))?;
            let condition = Condition { served, pairs: &pairs, place: "" };
            if let Some(id) = matching::one(gate, session, &condition, &mut looked)? {
                let version = gate.scribe.published().world().version(&id);
                return Ok(Written { status: 200, id, version: version.ok_or(Trouble::Outage)? });
            }
        }
        let id = intake::fresh(gate, served.kind);
        let one = named(gate, session, resource.clone(), (&id, Verb::Create))?;
        let along = Along { looked, ..Along::default() };
        written(201, intake::submit(gate, &caller.org, request, vec![one], along)?)
    })?;
    // What was there already was not taken in.
    let warnings = if done.status == 201 { resource.warnings.as_slice() } else { &[] };
    replied(gate, session, (done, warnings), request)
}

/// A new version of the one resource that a query matches; a new resource, if there is none.
pub fn update_where(
    gate: &Gate,
    session: &Session,
    served: &'static Served,
    request: &Request,
) -> Result<Reply, Trouble> {
    let caller = &session.partner;
    may_hand_in(gate, caller, served)?;
    request.speaks(MEDIA)?;
    let resource = intake::single(gate, served.kind, request)?;
    let key = (caller.org.clone(), request.digest());
    let known = answered(&gate.scribe.published().world(), &key, false);
    if let Some(answer) = known {
        let status =
            if answer.first().is_some_and(|(_, version)| *version == 1) { 201 } else { 200 };
        return replied(gate, session, (written(status, answer)?, &resource.warnings), request);
    }
    let condition = Condition { served, pairs: &request.query, place: "" };
    let mut is_move = None;
    let done = again(|| {
        let mut looked = None;
        let found = matching::one(gate, session, &condition, &mut looked)?;
        let if_match = request.version()?;
        if let Some(id) = found.clone().filter(|id| id.kind() == "Task")
            && !put::is_resource(gate, session, &id)
        {
            is_move = Some(id.clone());
            return Ok(Written { status: 200, id, version: 0 });
        }
        let (status, id, verb) = match found {
            Some(id) => (200, id, Verb::Update(if_match)),
            None if if_match.is_some() => return Err(Kind::VersionConflict.into()),
            None => (201, intake::fresh(gate, served.kind), Verb::Create),
        };
        // What replaces what matches has its id, or none; ids of what is new are ours to give.
        if resource.id().is_some() {
            intake::same_id(&resource, &id)?;
        }
        let one = named(gate, session, resource.clone(), (&id, verb))?;
        let mut along = Along { looked, ..Along::default() };
        along.acts.extend(reword(gate, session, &one, request.digest())?);
        written(status, intake::submit(gate, &caller.org, request, vec![one], along)?)
    })?;
    match is_move {
        Some(id) => put::task(gate, session, &id, request),
        None => replied(gate, session, (done, &resource.warnings), request),
    }
}

/// A new version of what the caller supplied.
pub fn update(
    gate: &Gate,
    session: &Session,
    id: &ResourceId,
    request: &Request,
) -> Result<Reply, Trouble> {
    let caller = &session.partner;
    let served = Served::of(id.kind()).ok_or(Trouble::from(Kind::NotFound))?;
    may_hand_in(gate, caller, served)?;
    request.speaks(MEDIA)?;
    let resource = intake::single(gate, id.kind(), request)?;
    intake::same_id(&resource, id)?;
    let answer = again(|| replace(gate, session, id, (&resource, request)))?;
    replied(gate, session, (written(200, answer)?, &resource.warnings), request)
}

fn replace(
    gate: &Gate,
    session: &Session,
    id: &ResourceId,
    (resource, request): (&Resource, &Request),
) -> Result<Answer, Trouble> {
    let org = &session.partner.org;
    let verb = Verb::Update(request.version()?);
    let one = named(gate, session, resource.clone(), (id, verb))?;
    let mut along = Along::default();
    along.acts.extend(reword(gate, session, &one, request.digest())?);
    intake::submit(gate, org, request, vec![one], along)
}

fn named(
    gate: &Gate,
    session: &Session,
    resource: Resource,
    (id, verb): (&ResourceId, Verb),
) -> Result<Incoming, Trouble> {
    let named = Named { id: id.clone(), place: id.kind().to_owned(), verb, url: None };
    let org = &session.partner.org;
    let read = intake::read(resource, named, &Names::default(), (gate, org));
    Ok(read.map_err(Refusal::invalid)?)
}

/// Does a thing until what it was decided on has not changed under it.
pub fn again<T>(mut attempt: impl FnMut() -> Result<T, Trouble>) -> Result<T, Trouble> {
    for _ in 1..TRIES_MAX {
        match attempt() {
            Err(Trouble::Outage) => {}
            outcome => return outcome,
        }
    }
    attempt()
}

/// Where a Procedure that is replaced was told as an outcome, the outcome is corrected along with it: what
/// its place and its act are.
pub fn reword(
    gate: &Gate,
    session: &Session,
    one: &Incoming,
    request: [u8; 32],
) -> Result<Option<(String, Act)>, Trouble> {
    let org = &session.partner.org;
    let told = |(referral, _): (&Referral, &Placement)| referral.id;
    let referral = gate.scribe.published().world().outcome_of(&one.id).map(told);
    let Some(referral) = referral else { return Ok(None) };
    // An outcome that loopgate wrote itself is nobody's to replace: the scribe refuses it like what is not here.
    if gate.held(&one.id).is_none_or(|held| held.org != *org) {
        return Ok(None);
    }
    let json = crate::scribe::resolved(&one.doc, &one.rewrites).ok_or(Trouble::Outage)?;
    let zone = intake::zone_of(gate, org);
    let said = ProcedureIn::read(&json, &one.place, zone).map_err(Refusal::invalid)?;
    let wish = Wish::Reword {
        procedure: one.id.clone(),
        code: said.service.code,
        text: said.service.text,
        performed: said.performed,
    };
    Ok(Some((one.place.clone(), act(session, referral, request, None, wish))))
}

/// An act by this door.
pub fn act(
    session: &Session,
    referral: loopgate_referral::ReferralId,
    request: [u8; 32],
    if_match: Option<u64>,
    wish: Wish,
) -> Act {
    Act {
        org: session.partner.org.clone(),
        request,
        once: false,
        transport: "fhir",
        referral,
        if_match,
        happened: None,
        message: None,
        wish,
    }
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
    if caller.submits() {
        return Ok(());
    }
    Err(gate.refused(&caller.org, "A4", Kind::Forbidden))
}

/// Whether a partner may hand in resources of this type.
pub fn hands_in(caller: &Partner, served: &Served) -> bool {
    caller.submits() || caller.is(Role::Target) && served.by_target
}

fn may_hand_in(gate: &Gate, caller: &Partner, served: &Served) -> Result<(), Trouble> {
    if hands_in(caller, served) {
        return Ok(());
    }
    Err(gate.refused(&caller.org, "A4", Kind::Forbidden))
}

/// The OperationOutcome that a write is answered with, if the caller asks for one, or if it is new and not
/// all of it is passed on to the community organization.
pub fn outcome(
    gate: &Gate,
    id: &ResourceId,
    warnings: &[Fault],
    (wanted, created): (Option<Return>, bool),
) -> Option<Json> {
    match wanted {
        Some(Return::Minimal | Return::Representation) => None,
        Some(Return::Outcome) => {
            Some(taken(&lost(gate, id), warnings).unwrap_or_else(|| informational("all ok")))
        }
        None if created => taken(&lost(gate, id), &[]),
        None => None,
    }
}

/// What of a referral is not passed on to the community organization, for its source to know.
fn lost(gate: &Gate, id: &ResourceId) -> Vec<String> {
    let part = gate.scribe.published().world().parts.get(id).copied();
    let Some(Part::SourceTask(referral)) = part else { return Vec::new() };
    let referral = gate.referral(&referral);
    referral.and_then(|one| loss::of_source(gate, &one).ok()).unwrap_or_default()
}

/// When a version that was written last changed, as whoever wrote it reads it.
pub fn changed(gate: &Gate, id: &ResourceId, version: u64) -> Timestamp {
    let world = gate.scribe.published().world();
    let part = world.parts.get(id).and_then(|part| match part {
        Part::SourceTask(referral) => {
            world.referrals.get(referral).map(|one| (one.version, one.changed))
        }
        Part::PlacementTask(referral, placement) => {
            let placement = world.referrals.get(referral)?.placement(placement)?;
            Some((placement.version, placement.changed))
        }
        Part::PlacementRequest(..) | Part::Outcome(..) | Part::Attached(..) => None,
    });
    // A resend is answered as it was: what it moved to since is no part of that.
    let moved = part.filter(|(now, _)| *now == version).map(|(_, at)| at);
    let held = world.resources.get(id).map(|held| held.changed);
    moved.max(held).or(part.map(|(_, at)| at)).unwrap_or(world.last_at)
}

fn written(status: u16, answer: Answer) -> Result<Written, Trouble> {
    let (id, version) = answer.into_iter().next().ok_or(Trouble::Outage)?;
    Ok(Written { status, id, version })
}

/// The answer to a write, with so much of it as the caller asks for. What it says of the resource is
/// released as a read is.
pub fn replied(
    gate: &Gate,
    session: &Session,
    (written, warnings): (Written, &[Fault]),
    request: &Request,
) -> Result<Reply, Trouble> {
    let Written { status, id, version } = written;
    let wanted = returned(request);
    let reply = match outcome(gate, &id, warnings, (wanted, status == 201)) {
        Some(outcome) => fhir(status, &outcome),
        None if wanted == Some(Return::Representation) => {
            // It was written, whether or not it may be read.
            match read::written(gate, session, &id) {
                Ok(read) => Reply { status, ..read },
                Err(_) => Reply::empty(status),
            }
        }
        None => Reply::empty(status),
    };
    let name = if status == 201 { "location" } else { "content-location" };
    let reply = reply.header(name, location(gate, &id, version));
    if reply.headers.iter().any(|(name, _)| *name == "etag") {
        return Ok(reply);
    }
    Ok(reply.header("etag", etag(version)))
}
