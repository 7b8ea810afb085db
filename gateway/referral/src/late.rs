//! Facts that come twice, or after others that happened later.
//!
//! Not here: what a fact that comes in time makes happen (`decide`).

use crate::{
    Actor, Business, Command, Event, Placement, Referral, Says, Served, SourceMove, TargetMove,
    TaskStatus, Timestamp,
};

/// Whether what `command` says is so already.
pub(crate) fn knows(referral: &Referral, actor: &Actor, command: &Command) -> bool {
    match (actor, command) {
        (Actor::Source(org), Command::Source(step)) if *org == referral.source => {
            source_knows(referral, step)
        }
        (Actor::Target(org), command) => command
            .by_target()
            .and_then(|id| referral.placement(&id))
            .filter(|placement| placement.target == *org)
            .is_some_and(|placement| target_knows(placement, command)),
        _ => false,
    }
}

fn source_knows(referral: &Referral, step: &SourceMove) -> bool {
    let status = referral.state.status();
    match step {
        SourceMove::Cancel { .. } => status == TaskStatus::Cancelled,
        SourceMove::AskToCancel { .. } => {
            status == TaskStatus::Cancelled || referral.cancel_asked().is_some()
        }
        SourceMove::EnterInError => status == TaskStatus::EnteredInError,
    }
}

fn target_knows(placement: &Placement, command: &Command) -> bool {
    use TaskStatus::{Accepted, Cancelled, Completed, Failed, InProgress, OnHold, Rejected};
    let status = placement.state.status();
    let given_back = status == Cancelled && placement.given_back;
    match command {
        Command::Target(_, step) => match step {
            TargetMove::Accept => {
                matches!(status, Accepted | InProgress | OnHold | Completed | Failed) || given_back
            }
            TargetMove::Reject { .. } => status == Rejected,
            TargetMove::Start => matches!(status, InProgress | Completed | Failed),
            TargetMove::Hold { .. } => status == OnHold,
            TargetMove::Complete => status == Completed,
            TargetMove::Fail { .. } => status == Failed,
            TargetMove::Withdraw { .. } => status == Rejected || given_back,
        },
        Command::Book(_, appointment) => {
            status == InProgress && placement.appointment.as_ref() == Some(appointment)
        }
        Command::NoShow(_) => placement.business == Some(Business::Missed),
        Command::CancelAppointment(_) => placement.business == Some(Business::Cancelled),
        Command::Serve(_, services) | Command::Correct(_, services) => {
            let said = |all: &mut dyn Iterator<Item = &crate::Outcome>| -> Vec<_> {
                all.map(|one| (one.code.clone(), one.text.clone())).collect()
            };
            let known = said(&mut placement.given());
            status == Completed && !known.is_empty() && known == said(&mut services.iter())
        }
        Command::AgreeCancel(_) => given_back,
        Command::RefuseCancel(..) => placement.cancel_refused && placement.cancel_asked.is_none(),
        _ => false,
    }
}

/// The fact that came late, if what `command` says did: it happened before what the target said last,
/// or before its placement ended.
pub(crate) fn late(
    placement: &Placement,
    command: &Command,
    happened: Option<Timestamp>,
) -> Option<Event> {
    let happened = happened?;
    let over = placement.state.is_final();
    // Its own clock told the one, ours the other.
    let last = if placement.is_called_off() { Some(placement.changed) } else { placement.said };
    let before = last.is_some_and(|last| happened < last);
    let (says, is_step) = said(command)?;
    (before && (over || is_step)).then_some(Event::CameLate {
        placement: placement.id,
        says,
        happened,
    })
}

/// What a command says, and whether it is a step on the way that a later one leaves behind. An end is
/// none, nor is a note; a decline is, since it ends nothing once a later fact says that it was taken on.
fn said(command: &Command) -> Option<(Says, bool)> {
    Some(match command {
        Command::Target(_, step) => match step {
            TargetMove::Accept => (Says::Accepted, true),
            TargetMove::Start => (Says::Started, true),
            TargetMove::Hold { why } => (Says::OnHold(why.clone()), true),
            TargetMove::Reject { why } => (Says::Declined(why.clone()), true),
            TargetMove::Complete => (Says::Served(Served::default()), false),
            TargetMove::Fail { why } => (Says::Failed(why.clone()), false),
            TargetMove::Withdraw { why } => (Says::GivenBack(why.clone()), false),
        },
        Command::Book(_, appointment) => (Says::Booked(appointment.clone()), true),
        Command::CancelAppointment(_) => (Says::AppointmentCancelled, true),
        Command::NoShow(_) => (Says::NoShow, true),
        Command::Note(_, text) => (Says::Note(text.clone()), false),
        Command::Serve(_, services) => (Says::Served(Served(services.clone())), false),
        Command::Attempt(_, attempt) => (Says::Attempted(attempt.clone()), false),
        // A correction is always of what was before it.
        _ => return None,
    })
}

/// Says when it happened on what a target said.
pub(crate) fn stamp(event: &mut Event, when: Option<Timestamp>) {
    match event {
        Event::TargetMoved { happened, .. }
        | Event::AppointmentBooked { happened, .. }
        | Event::AppointmentCancelled { happened, .. }
        | Event::NoShow { happened, .. }
        | Event::InterimNote { happened, .. }
        | Event::CancelAgreed { happened, .. }
        | Event::CancelRefused { happened, .. }
        | Event::OutcomeRecorded { happened, .. }
        | Event::OutcomeCorrected { happened, .. }
        | Event::OutcomeWithdrawn { happened, .. }
        | Event::ContactAttempted { happened, .. } => *happened = when,
        _ => {}
    }
}
