//! What may happen to a referral. `decide` may refuse and changes nothing.

mod beside;
mod ours;

use crate::late;
use crate::{
    Appointment, Attachment, ContactAttempt, Event, HeldWhy, OrgId, Outcome, Placement,
    PlacementId, Referral, ResourceId, SourceMove, StatusReason, TargetMove, TaskStatus, Timestamp,
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
    /// By the source: it sent what it refers anew.
    Amend {
        /// What the new ServiceRequest says of contacting the person.
        contact_prohibited: bool,
    },
    /// By the target: a move of its Task.
    Target(PlacementId, TargetMove),
    /// By the target: an appointment; booking again is rescheduling.
    Book(PlacementId, Appointment),
    /// By the target: the appointment is off.
    CancelAppointment(PlacementId),
    /// By the target: the person did not come.
    NoShow(PlacementId),
    /// By the target: a note on the way.
    Note(PlacementId, String),
    /// By the target: these services were given, one or more.
    Serve(PlacementId, Vec<Outcome>),
    /// By the target: what it said of services given was not right; these were given, one or more.
    Correct(PlacementId, Vec<Outcome>),
    /// By the target: it tried to reach the person.
    Attempt(PlacementId, ContactAttempt),
    /// By source or target: words to the other.
    Comment(PlacementId, String),
    /// By the target: who of its staff works on it.
    Assign(PlacementId, Option<String>),
    /// By the target: how the person is safely reached.
    SafeContact(PlacementId, Option<String>),
    /// By the target, before it answered: it is for another organization.
    Reroute(PlacementId, OrgId, StatusReason),
    /// By the target, at that instant: its answer was a mistake.
    TakeBack(PlacementId, Timestamp),
    /// By source or target: a document.
    Attach(PlacementId, Attachment),
    /// By the target: it stops, as it was asked to.
    AgreeCancel(PlacementId),
    /// By the target: it does not stop.
    RefuseCancel(PlacementId, StatusReason),
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
    /// By loopgate: the target's system took the pushed delivery, amended to that version.
    Delivered(PlacementId, u64),
    /// By loopgate: the source's system took the news up to this version.
    Told(u64),
    /// By loopgate: the target's system took what it is told up to this version.
    TargetTold(PlacementId, u64),
    /// By loopgate: the source is to be told again what it was told at or after that instant.
    TellAgain(Timestamp),
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
    decide_at(referral, actor, command, None)
}

/// The same, of something that happened then by the clock of who says it. What a target says that
/// happened before what it said already is a fact that came late: it is recorded and moves nothing,
/// unless it ends the loop, which nothing that was before can undo.
pub fn decide_at(
    referral: &Referral,
    actor: &Actor,
    command: Command,
    happened: Option<Timestamp>,
) -> Result<Vec<Event>, Illegal> {
    let mut events = match (actor, command) {
        (Actor::Source(org), Command::Source(step)) => source(referral, org, step),
        (Actor::Source(org), Command::Amend { contact_prohibited })
            if *org == referral.source && !referral.state.is_final() =>
        {
            Ok(vec![Event::Amended { contact_prohibited }])
        }
        (Actor::Source(org), Command::Amend { .. }) if *org == referral.source => {
            Err(Illegal::NoSuchEdge)
        }
        (Actor::Source(org), Command::Comment(id, text)) if *org == referral.source => {
            let placement = beside::open_to_source(referral, &id)?;
            Ok(vec![Event::Commented { placement, by_target: false, text }])
        }
        (Actor::Source(org), Command::Attach(id, attachment)) if *org == referral.source => {
            let placement = beside::open_to_source(referral, &id)?;
            Ok(vec![Event::Attached { placement, by_target: false, attachment }])
        }
        (Actor::Target(org), command) => by_target(referral, org, command, happened),
        (Actor::Gateway, command) => ours::gateway(referral, command),
        (Actor::Source(org), _) if *org == referral.source => Err(Illegal::NotYourAct),
        _ => Err(Illegal::NotYours),
    }?;
    events.iter_mut().for_each(|event| late::stamp(event, happened));
    Ok(events)
}

fn source(referral: &Referral, org: &OrgId, step: SourceMove) -> Result<Vec<Event>, Illegal> {
    if *org != referral.source {
        return Err(Illegal::NotYours);
    }
    Ok(vec![match step {
        SourceMove::Cancel { why } if referral.state.cancel(&why).is_some() => {
            Event::SourceMoved { step: SourceMove::Cancel { why } }
        }
        SourceMove::AskToCancel { why } if referral.is_unanswered() => {
            Event::SourceMoved { step: SourceMove::Cancel { why } }
        }
        SourceMove::AskToCancel { why }
            if !referral.state.is_final() && referral.cancel_asked().is_none() =>
        {
            Event::CancelRequested { why }
        }
        SourceMove::EnterInError if referral.state.status() != TaskStatus::EnteredInError => {
            Event::SourceMoved { step: SourceMove::EnterInError }
        }
        _ => return Err(Illegal::NoSuchEdge),
    }])
}

fn by_target(
    referral: &Referral,
    org: &OrgId,
    command: Command,
    happened: Option<Timestamp>,
) -> Result<Vec<Event>, Illegal> {
    let Some(id) = command.by_target() else {
        let party = referral.placements.iter().any(|placement| placement.target == *org);
        return Err(if party { Illegal::NotYourAct } else { Illegal::NotYours });
    };
    let placement = own(referral, org, &id)?;
    if let Some(late) = late::late(placement, &command, happened) {
        return Ok(vec![late]);
    }
    let happened = None; // stamped once all of them are there
    Ok(match command {
        Command::Target(_, step) => return target(placement, step),
        Command::Book(_, appointment) => {
            let mut events = working(placement)?;
            events.push(Event::AppointmentBooked { placement: id, appointment, happened });
            events
        }
        Command::CancelAppointment(_) => {
            let mut events = working(placement)?;
            events.push(Event::AppointmentCancelled { placement: id, happened });
            events
        }
        Command::NoShow(_) => {
            let mut events = working(placement)?;
            events.push(Event::NoShow { placement: id, happened });
            events
        }
        Command::Note(_, text) => {
            // One that is on hold stays so: a note does not say that work goes on.
            let mut events = match placement.state.status() {
                TaskStatus::OnHold => Vec::new(),
                _ => working(placement)?,
            };
            events.push(Event::InterimNote { placement: id, text, happened });
            events
        }
        Command::Serve(_, services) => {
            let mut events = inferred_acceptance(placement);
            if placement.state.is_final() || services.is_empty() {
                return Err(Illegal::NoSuchEdge);
            }
            let given = services.into_iter();
            let given =
                given.map(|outcome| Event::OutcomeRecorded { placement: id, outcome, happened });
            events.extend(given);
            events.push(moved(id, TargetMove::Complete, false));
            events
        }
        Command::Correct(_, services)
            if placement.state.status() == TaskStatus::Completed && !services.is_empty() =>
        {
            beside::corrections(placement, services)
        }
        Command::Attempt(_, attempt) if !placement.state.is_final() => {
            vec![Event::ContactAttempted { placement: id, attempt, happened }]
        }
        Command::Comment(_, text) => {
            let placement = beside::open_to_words(referral, &id)?;
            vec![Event::Commented { placement, by_target: true, text }]
        }
        Command::Attach(_, attachment) => {
            let placement = beside::open_to_words(referral, &id)?;
            vec![Event::Attached { placement, by_target: true, attachment }]
        }
        Command::Assign(_, to) if !placement.state.is_final() => {
            vec![Event::Assigned { placement: id, to }]
        }
        Command::SafeContact(_, text) if !placement.state.is_final() => {
            vec![Event::SafeContactNoted { placement: id, text }]
        }
        Command::Reroute(_, to, why)
            if placement.state.status() == TaskStatus::Requested
                && referral.placements.iter().all(|one| one.target != to) =>
        {
            vec![Event::Rerouted { placement: id, to, why }]
        }
        Command::TakeBack(_, at)
            if referral.take_back_until(placement).is_some_and(|until| at <= until) =>
        {
            vec![Event::TakenBack { placement: id }]
        }
        Command::AgreeCancel(_) if placement.cancel_asked.is_some() => {
            vec![Event::CancelAgreed { placement: id, happened }]
        }
        Command::RefuseCancel(_, why) if placement.cancel_asked.is_some() => {
            vec![Event::CancelRefused { placement: id, why, happened }]
        }
        _ => return Err(Illegal::NoSuchEdge),
    })
}

impl Command {
    /// The placement that a target says it of.
    pub(crate) fn by_target(&self) -> Option<PlacementId> {
        match self {
            Command::Target(id, _)
            | Command::Book(id, _)
            | Command::CancelAppointment(id)
            | Command::NoShow(id)
            | Command::Note(id, _)
            | Command::Serve(id, _)
            | Command::Correct(id, _)
            | Command::Attempt(id, _)
            | Command::Comment(id, _)
            | Command::Assign(id, _)
            | Command::SafeContact(id, _)
            | Command::Reroute(id, ..)
            | Command::TakeBack(id, _)
            | Command::Attach(id, _)
            | Command::AgreeCancel(id)
            | Command::RefuseCancel(id, _) => Some(*id),
            _ => None,
        }
    }
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
        // Given back before it was taken on: declined.
        TargetMove::Withdraw { why } if placement.state.status() == TaskStatus::Requested => {
            let step = TargetMove::Reject { why: why.clone() };
            return Ok(vec![moved(placement.id, step, false)]);
        }
        TargetMove::Complete
        | TargetMove::Fail { .. }
        | TargetMove::Start
        | TargetMove::Hold { .. } => inferred_acceptance(placement),
        TargetMove::Accept | TargetMove::Reject { .. } | TargetMove::Withdraw { .. } => Vec::new(),
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
    Event::TargetMoved { placement, step, inferred, happened: None }
}

/// Whether what `command` says is so already: said again, it is no news and no error.
pub fn knows(referral: &Referral, actor: &Actor, command: &Command) -> bool {
    late::knows(referral, actor, command)
}

#[cfg(test)]
#[path = "decide_tests.rs"]
pub(crate) mod tests;
