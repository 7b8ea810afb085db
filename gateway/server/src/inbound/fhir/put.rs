//! `PUT /fhir/Task/id`: the author may call its Task off; the owner may change status,
//! statusReason and output of its own; nobody else may change anything (SDOHCC, `Task.update`).

use loopgate_fhir::{Fault, IssueCode, Json, changed_members};
use loopgate_referral::{
    CANCELLATION_REQUESTED, ReferralId, ResourceId, SourceMove, StatusReason, TargetMove,
    TaskStatus,
};

use super::{etag, location, write};
use crate::exit;
use crate::fold::Part;
use crate::gate::{Gate, Request, Session};
use crate::intake;
use crate::partner::Partner;
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply::Reply;
use crate::scribe::{Act, Command, Wish, is_held};

/// Moves a Task.
pub fn task(
    gate: &Gate,
    session: &Session,
    id: &ResourceId,
    request: &Request,
) -> Result<Reply, Trouble> {
    let caller = &session.partner;
    let resource = intake::single(gate, "Task", request)?;
    intake::same_id(&resource, id)?;
    if let Some(version) = resent(gate, caller, id, request) {
        return Ok(moved(gate, id, version));
    }
    let part = gate.scribe.published().world().parts.get(id).copied();
    let Some(part) = part else { return no_referral(gate, session, id, request) };
    let (referral, wish) = match part {
        Part::SourceTask(referral) => {
            (referral, by_source(gate, caller, &referral, &resource.json)?)
        }
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
            (referral, by_target(&old, &resource.json, asked)?)
        }
        Part::PlacementRequest(..) | Part::Outcome(..) => return Err(Kind::NotFound.into()),
    };
    let Some(wish) = wish else { return unchanged(gate, id, &referral, request) };
    let act = Act {
        org: caller.org.clone(),
        request: request.digest(),
        once: false,
        transport: "fhir",
        referral,
        if_match: request.version()?,
        happened: None,
        message: None,
        wish,
    };
    let acted = gate.scribe.ask_blocking(|reply| Command::Act(Box::new(act), reply))?;
    Ok(moved(gate, &acted.task, acted.version))
}

/// A Task for a patient: a resource of its author like any other.
fn no_referral(
    gate: &Gate,
    session: &Session,
    id: &ResourceId,
    request: &Request,
) -> Result<Reply, Trouble> {
    let own = gate.held(id).is_some_and(|held| held.org == session.partner.org);
    if own { write::update(gate, session, id, request) } else { Err(Kind::NotFound.into()) }
}

/// The version that the very same request led to, if nothing came in between.
fn resent(gate: &Gate, caller: &Partner, id: &ResourceId, request: &Request) -> Option<u64> {
    let world = gate.scribe.published().world();
    let answer = world.answers.get(&(caller.org.clone(), request.digest()))?;
    let (task, version) = answer.first()?;
    (task == id && world.task_version(id) == Some(*version)).then_some(*version)
}

fn moved(gate: &Gate, task: &ResourceId, version: u64) -> Reply {
    let reply = Reply::empty(200).header("content-location", location(gate, task, version));
    reply.header("etag", etag(version))
}

/// The same Task again: a resend, which changes nothing and is not refused.
fn unchanged(
    gate: &Gate,
    id: &ResourceId,
    referral: &ReferralId,
    request: &Request,
) -> Result<Reply, Trouble> {
    let referral = gate.referral(referral).ok_or(Trouble::from(Kind::NotFound))?;
    let placed = referral.placements.iter().find(|placement| placement.task == *id);
    let version = placed.map_or(referral.version, |placement| placement.version);
    if request.version()?.is_some_and(|wanted| wanted != version) {
        return Err(Kind::VersionConflict.into());
    }
    Ok(moved(gate, id, version))
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

fn by_target(old: &Json, new: &Json, asked: bool) -> Result<Option<Wish>, Trouble> {
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
        TaskStatus::Completed => served(new)?,
        // `cancelled` is either party's to set. As its source asked, or for a reason of its own.
        TaskStatus::Cancelled if asked => Wish::AgreeCancel,
        // Before acceptance it is `rejected` that a target sets.
        TaskStatus::Cancelled if old.text("status") != Some("requested") => {
            Wish::Target(TargetMove::Withdraw { why: why("withdrawn", new)? })
        }
        _ => return Err(Kind::IllegalMove.into()),
    }))
}

/// `completed` brings what was done: an output with a code of it (SDOHCC PerformedActivityCode).
fn served(new: &Json) -> Result<Wish, Trouble> {
    let outputs = new.list("output");
    if outputs.len() > 1 {
        return Err(fault(
            IssueCode::NotSupported,
            "Task.output",
            "more than one is not taken yet",
        ));
    }
    let performed = outputs.iter().find_map(|output| output.get("valueCodeableConcept"));
    let Some(concept) = performed else {
        return Err(fault(IssueCode::Required, "Task.output", "needs a valueCodeableConcept"));
    };
    let coding = concept.list("coding").first();
    let pair =
        coding.and_then(|c| Some((c.text("system")?.to_owned(), c.text("code")?.to_owned())));
    let text = concept.text("text").or_else(|| coding.and_then(|c| c.text("display")));
    let text = text.map(str::to_owned).or_else(|| pair.as_ref().map(|(_, code)| code.clone()));
    match text {
        Some(text) if text.len() <= StatusReason::TEXT_BYTES_MAX => {
            Ok(Wish::Serve { code: pair, text, performed: None })
        }
        _ => {
            Err(fault(IssueCode::Value, "Task.output", "needs a code or a text of 1 to 1000 bytes"))
        }
    }
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
