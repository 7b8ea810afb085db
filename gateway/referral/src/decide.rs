//! What may happen to a referral. `decide` may refuse and changes nothing.

use crate::{
    Appointment, Event, HeldWhy, OrgId, Outcome, Placement, PlacementId, Referral, ResourceId,
    SourceMove, Standing, StatusReason, TargetMove, TaskStatus,
};

/// Who asks: author and owner may change only what is theirs (SDOHCC, `Task.update` documentation).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The organization whose Task it is.
    Source(OrgId),
    /// The organization a placement is with.
    Target(OrgId),
    /// loopgate itself, for what consent and clocks decide.
    Gateway,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// By the source.
    Source(SourceMove),
    /// By the target: a move of its Task.
    Target(PlacementId, TargetMove),
    /// By the target: an appointment.
    Book(PlacementId, Appointment),
    /// By the target: the person did not come.
    NoShow(PlacementId),
    /// By the target: the service was given.
    Serve(PlacementId, Outcome),
    /// By loopgate: it waits for consent.
    Hold(HeldWhy),
    /// By loopgate: consent permits again what waited after it was placed.
    Resume,
    /// By loopgate: it ends here, before anyone accepted.
    Refuse(StatusReason),
    /// By loopgate: our own Task and ServiceRequest to the owner.
    Place {
        /// The placement.
        placement: PlacementId,
        /// Our Task.
        task: ResourceId,
        /// Our ServiceRequest.
        request: ResourceId,
    },
    /// By loopgate: the target's system took the pushed delivery.
    Delivered(PlacementId),
    /// By loopgate: the source's system took the news up to this version.
    Told(u64),
}

/// Why a command changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Illegal {
    /// The actor has no part in this referral, or names a placement that is not its own.
    #[error("no such referral for this organization")]
    NotYours,
    /// The actor may see it, but this act belongs to another party.
    #[error("this act belongs to another party")]
    NotYourAct,
    /// SDOHCC's diagram draws no such edge from the present status.
    #[error("no such move from the present status")]
    NoSuchEdge,
}

/// The events that `command` makes happen, at least one.
pub fn decide(referral: &Referral, actor: &Actor, command: Command) -> Result<Vec<Event>, Illegal> {
    match (actor, command) {
        (Actor::Source(org), Command::Source(step)) => source(referral, org, step),
        (Actor::Target(org), Command::Target(id, step)) => {
            let placement = own(referral, org, &id)?;
            target(placement, step)
        }
        (Actor::Target(org), Command::Book(id, appointment)) => {
            let mut events = working(own(referral, org, &id)?)?;
            events.push(Event::AppointmentBooked { placement: id, appointment });
            Ok(events)
        }
        (Actor::Target(org), Command::NoShow(id)) => {
            let mut events = working(own(referral, org, &id)?)?;
            events.push(Event::NoShow { placement: id });
            Ok(events)
        }
        (Actor::Target(org), Command::Serve(id, outcome)) => {
            let placement = own(referral, org, &id)?;
            let mut events = inferred_acceptance(placement);
            if placement.state.is_final() {
                return Err(Illegal::NoSuchEdge);
            }
            events.push(Event::OutcomeRecorded { placement: id, outcome });
            events.push(moved(id, TargetMove::Complete, false));
            Ok(events)
        }
        (Actor::Gateway, command) => gateway(referral, command),
        (Actor::Source(org), _) if *org == referral.source => Err(Illegal::NotYourAct),
        (Actor::Target(org), _) if referral.placements.iter().any(|p| p.target == *org) => {
            Err(Illegal::NotYourAct)
        }
        _ => Err(Illegal::NotYours),
    }
}

fn source(referral: &Referral, org: &OrgId, step: SourceMove) -> Result<Vec<Event>, Illegal> {
    if *org != referral.source {
        return Err(Illegal::NotYours);
    }
    let legal = match &step {
        SourceMove::Cancel { why } => referral.state.cancel(why).is_some(),
        SourceMove::EnterInError => referral.state.status() != TaskStatus::EnteredInError,
    };
    if !legal {
        return Err(Illegal::NoSuchEdge);
    }
    Ok(vec![Event::SourceMoved { step }])
}

fn own<'r>(
    referral: &'r Referral,
    org: &OrgId,
    id: &PlacementId,
) -> Result<&'r Placement, Illegal> {
    referral.placement(id).filter(|placement| placement.target == *org).ok_or(Illegal::NotYours)
}

fn target(placement: &Placement, step: TargetMove) -> Result<Vec<Event>, Illegal> {
    if placement.state.target(&step).is_some() {
        return Ok(vec![moved(placement.id, step, false)]);
    }
    // A later fact implies the moves it skipped; they are recorded as inferred.
    let mut events = match &step {
        TargetMove::Complete | TargetMove::Fail { .. } | TargetMove::Start => {
            inferred_acceptance(placement)
        }
        TargetMove::Accept | TargetMove::Reject { .. } | TargetMove::Hold { .. } => Vec::new(),
    };
    if events.is_empty() {
        return Err(Illegal::NoSuchEdge);
    }
    events.push(moved(placement.id, step, false));
    Ok(events)
}

/// What brings a placement under way: an appointment says that the target accepted and began.
fn working(placement: &Placement) -> Result<Vec<Event>, Illegal> {
    let mut events = inferred_acceptance(placement);
    match placement.state.status() {
        TaskStatus::InProgress => {}
        TaskStatus::Requested | TaskStatus::Accepted | TaskStatus::OnHold => {
            events.push(moved(placement.id, TargetMove::Start, true));
        }
        _ => return Err(Illegal::NoSuchEdge),
    }
    Ok(events)
}

fn inferred_acceptance(placement: &Placement) -> Vec<Event> {
    if placement.state.status() == TaskStatus::Requested {
        vec![moved(placement.id, TargetMove::Accept, true)]
    } else {
        Vec::new()
    }
}

fn moved(placement: PlacementId, step: TargetMove, inferred: bool) -> Event {
    Event::TargetMoved { placement, step, inferred }
}

fn gateway(referral: &Referral, command: Command) -> Result<Vec<Event>, Illegal> {
    let waiting = matches!(referral.standing, Standing::Held { .. });
    let unanswered = referral.is_unanswered();
    match command {
        Command::Hold(why) if unanswered && !waiting => Ok(vec![Event::Held { why }]),
        Command::Resume if unanswered && waiting && !referral.placements.is_empty() => {
            Ok(vec![Event::Resumed])
        }
        Command::Refuse(why) if unanswered => Ok(vec![Event::Refused { why }]),
        Command::Place { placement, task, request }
            if unanswered && referral.placements.is_empty() =>
        {
            Ok(vec![Event::Placed { placement, target: referral.owner.clone(), task, request }])
        }
        Command::Delivered(id) => match referral.placement(&id) {
            Some(placement) if !placement.delivered => Ok(vec![Event::Delivered { placement: id }]),
            _ => Err(Illegal::NoSuchEdge),
        },
        Command::Told(version) if referral.told < version && version <= referral.version => {
            Ok(vec![Event::SourceTold { version }])
        }
        Command::Told(_) => Err(Illegal::NoSuchEdge),
        Command::Hold(_) | Command::Resume | Command::Refuse(_) | Command::Place { .. } => {
            Err(Illegal::NoSuchEdge)
        }
        Command::Source(_)
        | Command::Target(..)
        | Command::Book(..)
        | Command::NoShow(_)
        | Command::Serve(..) => Err(Illegal::NotYourAct),
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
