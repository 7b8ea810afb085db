//! `PUT /fhir/Task/id`: the author may call its Task off; the owner may change status,
//! statusReason and output of its own; nobody else may change anything (SDOHCC, `Task.update`).

use jiff::tz::Offset;
use loopgate_fhir::{
    Fault, IssueCode, Json, ProcedureIn, RefText, ServiceIn, changed_members, rewrite,
};
use loopgate_referral::{
    CANCELLATION_REQUESTED, ReferralId, ResourceId, SourceMove, StatusReason, TargetMove,
    TaskStatus,
};

use super::write;
use super::write::{Written, act, again, replied};
use crate::exit;
use crate::fold::Part;
use crate::gate::{Gate, Request, Session};
use crate::intake;
use crate::partner::Partner;
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply::Reply;
use crate::scribe::{Command, Service, Wish, is_held};

/// What a Procedure says that an output refers to, with its version.
pub type Said<'a> = &'a dyn Fn(&ResourceId) -> Result<Option<(Json, u64)>, Trouble>;

/// Moves a Task; one that is no referral's is a resource of its author like any other.
pub fn task(
    gate: &Gate,
    session: &Session,
    id: &ResourceId,
    request: &Request,
) -> Result<Reply, Trouble> {
    let caller = &session.partner;
    if is_resource(gate, session, id) {
        return write::update(gate, session, id, request);
    }
    let resource = intake::single(gate, "Task", request)?;
    intake::same_id(&resource, id)?;
    let moved = |id: &ResourceId, version| {
        let written = Written { status: 200, id: id.clone(), version };
        replied(gate, session, (written, &resource.warnings), request)
    };
    if let Some(version) = resent(gate, caller, id, request) {
        return moved(id, version);
    }
    let acted = again(|| {
        let said = |id: &ResourceId| own_procedure(gate, session, id);
        let Moving { referral, wish } = wish(gate, session, id, &resource.json, &said)?;
        let Some(wish) = wish else {
            return Ok((id.clone(), unchanged(gate, id, &referral, request.version()?)?));
        };
        let act = act(session, referral, request.digest(), request.version()?, wish);
        let acted = gate.scribe.ask_blocking(|reply| Command::Act(Box::new(act), reply))?;
        Ok((acted.task, acted.version))
    })?;
    moved(&acted.0, acted.1)
}

/// Whether it is a resource that the caller supplied and no referral's, which is replaced and not moved.
pub fn is_resource(gate: &Gate, session: &Session, id: &ResourceId) -> bool {
    let world = gate.scribe.published().world();
    let held = world.resources.get(id);
    !world.parts.contains_key(id) && held.is_some_and(|held| held.org == session.partner.org)
}

/// A Procedure that the caller supplied, as it is kept.
pub fn own_procedure(
    gate: &Gate,
    session: &Session,
    id: &ResourceId,
) -> Result<Option<(Json, u64)>, Trouble> {
    match gate.held(id).filter(|held| held.org == session.partner.org) {
        Some(held) => Ok(Some((gate.document(&held)?, held.version))),
        None => Ok(None),
    }
}

/// What a new Task asks for.
pub struct Moving {
    /// Which referral it is about.
    pub referral: ReferralId,
    /// What is wished; nothing, if it is the same Task again.
    pub wish: Option<Wish>,
}

/// What is asked for by putting this in the place of a Task that the caller reads.
pub fn wish(
    gate: &Gate,
    session: &Session,
    id: &ResourceId,
    new: &Json,
    said: Said<'_>,
) -> Result<Moving, Trouble> {
    let caller = &session.partner;
    let new = &relative(gate, new);
    let part = gate.scribe.published().world().parts.get(id).copied();
    let (referral, wish) = match part.ok_or(Trouble::from(Kind::NotFound))? {
        Part::SourceTask(referral) => (referral, by_source(gate, caller, &referral, new)?),
        Part::PlacementTask(referral, placement) => {
            let found = gate.referral(&referral).ok_or(Trouble::from(Kind::NotFound))?;
            let placement = found.placement(&placement).filter(|p| p.target == caller.org);
            // One that waits for consent is not there for its target.
            let placement = placement.filter(|_| !is_held(&found));
            let placement = placement.ok_or(Trouble::from(Kind::NotFound))?;
            // What consent does not show it, it cannot compare with either.
            let ask = exit::forward_ask(&found, placement).shown(gate, session);
            let permits = match gate.egress.weigh(&caller.org, &ask) {
                Ok(permits) => permits,
                Err(denial) => return Err(gate.egress.deny(&caller.org, &ask, denial)),
            };
            let old = exit::target_task(gate, &found, placement, &exit::Passing::of(&permits))?;
            let asked = placement.cancel_asked.is_some();
            let zone = intake::zone_of(gate, &caller.org);
            (referral, by_target(&old, new, asked, (said, zone))?)
        }
        Part::PlacementRequest(..) | Part::Outcome(..) => return Err(Kind::NotFound.into()),
    };
    Ok(Moving { referral, wish })
}

/// The version that the very same request led to, if nothing came in between.
fn resent(gate: &Gate, caller: &Partner, id: &ResourceId, request: &Request) -> Option<u64> {
    let world = gate.scribe.published().world();
    let answer = world.answers.get(&(caller.org.clone(), request.digest()))?;
    let (task, version) = answer.first()?;
    (task == id && world.task_version(id) == Some(*version)).then_some(*version)
}

/// The same Task again: a resend, which changes nothing and is not refused. Its version.
pub fn unchanged(
    gate: &Gate,
    id: &ResourceId,
    referral: &ReferralId,
    if_match: Option<u64>,
) -> Result<u64, Trouble> {
    let referral = gate.referral(referral).ok_or(Trouble::from(Kind::NotFound))?;
    let placed = referral.placements.iter().find(|placement| placement.task == *id);
    let version = placed.map_or(referral.version, |placement| placement.version);
    if if_match.is_some_and(|wanted| wanted != version) {
        return Err(Kind::VersionConflict.into());
    }
    Ok(version)
}

/// The same, with references to what is here as we write them.
fn relative(gate: &Gate, task: &Json) -> Json {
    let base = gate.config.organization.base_url.as_str();
    let mut task = task.clone();
    rewrite(&mut task, &|text| match RefText::of(text)?.on_server(base)? {
        RefText::Relative { kind, id } => Some(format!("{kind}/{id}")),
        _ => None,
    });
    task
}

fn by_source(
    gate: &Gate,
    caller: &Partner,
    referral: &ReferralId,
    new: &Json,
) -> Result<Option<Wish>, Trouble> {
    let referral = gate.referral(referral).filter(|referral| referral.source == caller.org);
    let referral = referral.ok_or(Trouble::from(Kind::NotFound))?;
    let held = gate.held(&referral.task).ok_or(Trouble::from(Kind::NotFound))?;
    // Against what it reads now: else each answer would tell of news that consent withholds.
    let (_, answer, _) = exit::source_may(gate, &referral);
    let old = exit::source_task(gate, &referral, &held, answer)?;
    let changed = changed_members(&old, new);
    // What else a move lays over the Task is ours: a resend brings it as it was before.
    only(&changed, &["status", "statusReason", "businessStatus", "lastModified"])?;
    if asks_to_cancel(&old, new) {
        let why = why("cancelled", new)?;
        return Ok(Some(Wish::Source(SourceMove::AskToCancel { why })));
    }
    if !changed.iter().any(|member| member == "status") {
        only(&changed, &["lastModified"])?;
        return Ok(None);
    }
    match status(new)? {
        TaskStatus::Cancelled => {
            let why = why("cancelled", new)?;
            Ok(Some(Wish::Source(SourceMove::Cancel { why })))
        }
        TaskStatus::EnteredInError => Ok(Some(Wish::Source(SourceMove::EnterInError))),
        _ => Err(Kind::IllegalMove.into()),
    }
}

/// Its status is not the source's to set once it was accepted, but for `cancelled`; that it asks its
/// target to stop, BSeR says by the business status.
fn asks_to_cancel(old: &Json, new: &Json) -> bool {
    let asks = |task: &Json| {
        task.text("businessStatus.text").is_some_and(|text| text == CANCELLATION_REQUESTED)
    };
    old.text("status") == new.text("status") && asks(new) && !asks(old)
}

fn by_target(
    old: &Json,
    new: &Json,
    asked: bool,
    (said, zone): (Said<'_>, Offset),
) -> Result<Option<Wish>, Trouble> {
    let changed = changed_members(old, new);
    // `lastModified` is ours to set: a resend brings the one from before the move.
    only(&changed, &["status", "statusReason", "output", "lastModified"])?;
    if !changed.iter().any(|member| member == "status") {
        only(&changed, &["lastModified"])?;
        return Ok(None);
    }
    if status(new)? != TaskStatus::Completed && changed.iter().any(|member| member == "output") {
        let words = "is taken with completed only";
        return Err(fault(IssueCode::NotSupported, "Task.output", words));
    }
    Ok(Some(match status(new)? {
        TaskStatus::Accepted => Wish::Target(TargetMove::Accept),
        TaskStatus::Rejected => Wish::Target(TargetMove::Reject { why: why("rejected", new)? }),
        TaskStatus::InProgress => Wish::Target(TargetMove::Start),
        TaskStatus::OnHold => Wish::Target(TargetMove::Hold { why: why("on-hold", new)? }),
        TaskStatus::Failed => Wish::Target(TargetMove::Fail { why: why("failed", new)? }),
        TaskStatus::Completed => served(new, said, zone)?,
        // `cancelled` is either party's to set. As its source asked, or for a reason of its own.
        TaskStatus::Cancelled if asked => Wish::AgreeCancel,
        // Before acceptance it is `rejected` that a target sets.
        TaskStatus::Cancelled if old.text("status") != Some("requested") => {
            Wish::Target(TargetMove::Withdraw { why: why("withdrawn", new)? })
        }
        _ => return Err(Kind::IllegalMove.into()),
    }))
}

/// `completed` brings what was done: an output with a code of it (SDOHCC PerformedActivityCode), or a
/// Procedure that the target supplied (PerformedActivityReference).
fn served(new: &Json, said: Said<'_>, zone: Offset) -> Result<Wish, Trouble> {
    let outputs = new.list("output");
    let coded = outputs.iter().filter_map(|output| output.get("valueCodeableConcept"));
    let coded: Vec<&Json> = coded.collect();
    if outputs.len() > 1 && coded.len() < outputs.len() {
        let words = "takes several services in codes, or one Procedure";
        return Err(fault(IssueCode::NotSupported, "Task.output", words));
    }
    let Some(output) = outputs.first() else {
        let words = "needs a valueCodeableConcept or a valueReference to a Procedure";
        return Err(fault(IssueCode::Required, "Task.output", words));
    };
    if !coded.is_empty() {
        let words = "needs a code or a text of 1 to 1000 bytes";
        let service = |(n, concept): (usize, &Json)| {
            let at = format!("Task.output[{n}]");
            let read = ServiceIn::read(concept);
            let ServiceIn { code, text } =
                read.ok_or_else(|| fault(IssueCode::Value, &at, words))?;
            Ok(Service { code, text, performed: None })
        };
        let services: Result<Vec<Service>, Trouble> =
            coded.into_iter().enumerate().map(service).collect();
        return Ok(Wish::Serve { services: services? });
    }
    let at = "Task.output[0].valueReference";
    let Some(text) = output.text("valueReference.reference") else {
        let words = "needs a valueCodeableConcept or a valueReference to a Procedure";
        return Err(fault(IssueCode::Required, "Task.output", words));
    };
    let id: Option<ResourceId> = text.parse().ok();
    let Some(procedure) = id.filter(|id| id.kind() == "Procedure") else {
        return Err(fault(IssueCode::NotSupported, at, "refers to no Procedure"));
    };
    let Some((json, version)) = said(&procedure)? else {
        return Err(fault(IssueCode::NotFound, at, "refers to no Procedure that is here"));
    };
    let done = ProcedureIn::read(&json, &format!("{at}.resolve()"), zone);
    let ProcedureIn { service, performed } = done.map_err(Refusal::invalid)?;
    let ServiceIn { code, text } = service;
    Ok(Wish::Perform { procedure, version, code, text, performed })
}

fn status(task: &Json) -> Result<TaskStatus, Trouble> {
    let status = task.text("status").and_then(TaskStatus::from_code);
    status.ok_or_else(|| fault(IssueCode::Value, "Task.status", "is not a referral status"))
}

/// `statusReason.text`, which SDOHCC asks for with these statuses.
fn why(code: &str, task: &Json) -> Result<StatusReason, Trouble> {
    let reason = task.text("statusReason.text").and_then(|text| StatusReason::new(code, text));
    reason.ok_or_else(|| {
        let words = "needs a text of 1 to 1000 bytes with this status";
        fault(IssueCode::Required, "Task.statusReason.text", words)
    })
}

/// Refuses a change to any other member, and says which.
fn only(changed: &[String], allowed: &[&str]) -> Result<(), Trouble> {
    let faults: Vec<Fault> = changed
        .iter()
        .filter(|member| !allowed.contains(&member.as_str()))
        .map(|member| {
            let words = "may not be changed by this party";
            Fault::at_member(IssueCode::BusinessRule, "Task", member, words)
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Refusal::invalid(faults).into()) }
}

fn fault(code: IssueCode, at: &str, words: &'static str) -> Trouble {
    Refusal::invalid(vec![Fault::new(code, at, words)]).into()
}
