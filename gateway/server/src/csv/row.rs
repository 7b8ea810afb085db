//! What of a row is not so yet: the acts that it asks for.
//!
//! Whether an act is open now is not decided here: the scribe does.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use loopgate_referral::{
    Appointment, Business, DECLINE_REASONS, Outcome, Placement, StatusReason, TargetMove,
    TaskStatus, Timestamp,
};

use super::layout::Answer;
use super::moment;
use super::report::Flaw;
use super::said::{Cells, Given, Said, Status};
use crate::scribe::{Service, Wish};

/// One act, and its word in the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The verb.
    pub done: &'static str,
    /// The act.
    pub wish: Wish,
}

/// What a row says that is not so yet, in the order in which it is done.
pub fn steps(
    said: &Said,
    placement: &Placement,
    (zone, cells): (&TimeZone, &Cells<'_>),
) -> Result<Vec<Step>, Flaw> {
    let flaw = |answer, code, words| Err(cells.flaw(answer, code, words));
    let now = placement.state.status();
    let step = |done, wish| Step { done, wish };
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let why = || why(said, cells);
    let mut with_reason = false;
    let books = books(said, placement, zone);
    match said.status {
        None => {}
        Some(Status::Is(TaskStatus::Completed)) if now == TaskStatus::Completed => {
            last.extend(corrected(said, placement, zone, cells)?);
        }
        Some(Status::Is(is)) if is == now => {}
        Some(Status::Is(is)) => match is {
            TaskStatus::Accepted => first.push(step("accept", Wish::Target(TargetMove::Accept))),
            // An appointment says that the work began.
            TaskStatus::InProgress if books => {}
            TaskStatus::InProgress => first.push(step("start", Wish::Target(TargetMove::Start))),
            TaskStatus::Rejected if books => {
                let words = "A referral that is declined has no appointment.";
                return flaw(Answer::AppointmentDate, "contradicts", words);
            }
            TaskStatus::Rejected => {
                with_reason = true;
                last.push(step("decline", Wish::Target(TargetMove::Reject { why: why()? })));
            }
            TaskStatus::OnHold => {
                with_reason = true;
                last.push(step("hold", Wish::Target(TargetMove::Hold { why: why()? })));
            }
            TaskStatus::Failed => {
                with_reason = true;
                last.push(step("not-served", Wish::Target(TargetMove::Fail { why: why()? })));
            }
            TaskStatus::Cancelled if placement.cancel_asked.is_some() => {
                last.push(step("agree-cancel", Wish::AgreeCancel));
            }
            TaskStatus::Cancelled => {
                with_reason = true;
                last.push(step("give-back", Wish::Target(TargetMove::Withdraw { why: why()? })));
            }
            TaskStatus::Completed => last.push(step("served", served(said, zone, cells)?)),
            _ => return flaw(Answer::Status, "not-an-answer", "Say what you do with it."),
        },
        Some(Status::NoShow) if placement.business == Some(Business::Missed) => {}
        Some(Status::NoShow) => last.push(step("no-show", Wish::NoShow)),
        Some(Status::AppointmentOff) if placement.business == Some(Business::Cancelled) => {}
        Some(Status::AppointmentOff) => {
            last.push(step("appointment-cancelled", Wish::CancelAppointment));
        }
        Some(Status::GoesOn) if placement.cancel_refused && placement.cancel_asked.is_none() => {}
        Some(Status::GoesOn) => {
            with_reason = true;
            last.push(step("refuse-cancel", Wish::RefuseCancel { why: why()? }));
        }
        Some(Status::TakenBack) => last.push(step("take-back", Wish::TakeBack)),
    }
    if !with_reason && !is_reason_of(said, placement) {
        let words = "A reason goes with declined, on-hold, not-served, give-back or goes-on, and stays as it was said.";
        return flaw(Answer::ReasonText, "reason-alone", words);
    }
    let serves = last.iter().any(|step| matches!(step.wish, Wish::Serve { .. }));
    if !said.services.is_empty() && now != TaskStatus::Completed && !serves {
        return flaw(Answer::Status, "service-alone", "Write served, if the service was given.");
    }
    if books {
        first.push(step("appointment", booking(said, zone, cells)?));
    }
    first.extend(beside(said, placement));
    first.extend(last);
    Ok(first)
}

/// Words in one line, as a service stands in its cell.
pub fn line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<&str>>().join(" ")
}

/// What moves nothing.
fn beside(said: &Said, placement: &Placement) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut step = |done, wish| steps.push(Step { done, wish });
    if said.assigned.is_some() && said.assigned != placement.assigned {
        step("assign", Wish::Assign(said.assigned.clone()));
    }
    if said.safe_contact.is_some() && said.safe_contact != placement.safe_contact {
        step("safe-contact", Wish::SafeContact(said.safe_contact.clone()));
    }
    if let Some(attempt) = &said.attempt {
        step("attempt", Wish::Attempt(attempt.clone()));
    }
    if let Some(text) = &said.note {
        step("note", Wish::Comment(text.clone()));
    }
    steps
}

/// Whether it books another appointment than there is. Beside a status that says that the appointment
/// did not take place, the day is that one's.
fn books(said: &Said, placement: &Placement, zone: &TimeZone) -> bool {
    let Some(booked) = said.booked else { return false };
    if matches!(said.status, Some(Status::NoShow | Status::AppointmentOff)) {
        return false;
    }
    let Some(known) = &placement.appointment else {
        // What is over has no appointment to come; the cells may say the one there was.
        return !placement.state.is_final();
    };
    let there = moment::local(known.start, zone);
    let same = there.date() == booked.0
        && (there.hour(), there.minute()) == (booked.1.hour(), booked.1.minute());
    let elsewhere = said.place.is_some() && said.place != known.place;
    !same || elsewhere
}

fn booking(said: &Said, zone: &TimeZone, cells: &Cells<'_>) -> Result<Wish, Flaw> {
    let start = said.booked.and_then(|(date, time)| moment::instant(date, time, zone));
    let words = "The clocks change then, and this time is missing or comes twice. Choose another.";
    let start = start.ok_or_else(|| cells.flaw(Answer::AppointmentTime, "no-such-time", words))?;
    Ok(Wish::Book(Appointment { start, place: said.place.clone() }))
}

fn why(said: &Said, cells: &Cells<'_>) -> Result<StatusReason, Flaw> {
    let code = said.reason.as_deref().unwrap_or("other");
    let usual = DECLINE_REASONS.iter().find(|(one, _)| *one == code && code != "other");
    let usual = usual.map_or("", |(_, words)| words);
    let text = said.reason_text.as_deref().unwrap_or(usual);
    let words = "Say why, in a few words.";
    StatusReason::new(code, text).ok_or_else(|| cells.flaw(Answer::ReasonText, "missing", words))
}

/// Whether the reason that a row has is the one that was said, or none.
fn is_reason_of(said: &Said, placement: &Placement) -> bool {
    let known = placement.reason.as_ref();
    let same = |cell: &Option<String>, known: Option<&str>| {
        cell.as_deref().is_none_or(|cell| known.is_some_and(|known| known.trim() == cell))
    };
    let code = same(&said.reason, known.map(StatusReason::code));
    code && same(&said.reason_text, known.map(StatusReason::text))
}

fn served(said: &Said, zone: &TimeZone, cells: &Cells<'_>) -> Result<Wish, Flaw> {
    if said.services.is_empty() {
        let words = "Say what was given, in a few words.";
        return Err(cells.flaw(Answer::Service, "missing", words));
    }
    let performed = said.performed.map(|date| noon(date, zone, cells)).transpose()?;
    let services = said.services.iter().map(|one| Service {
        code: one.code.clone(),
        text: one.text.clone(),
        performed,
    });
    Ok(Wish::Serve { services: services.collect() })
}

/// What was given, said otherwise than before.
fn corrected(
    said: &Said,
    placement: &Placement,
    zone: &TimeZone,
    cells: &Cells<'_>,
) -> Result<Option<Step>, Flaw> {
    let known: Vec<&Outcome> = placement.given().collect();
    let Some(first) = known.first().filter(|_| !said.services.is_empty()) else { return Ok(None) };
    // The cell shows the day of the first.
    let day = moment::local(first.performed, zone).date();
    let other_day = said.performed.filter(|date| *date != day);
    let same = |(one, known): (&Given, &&Outcome)| {
        one.text == line(&known.text) && (one.code.is_none() || one.code == known.code)
    };
    let all = said.services.len() == known.len() && said.services.iter().zip(&known).all(same);
    if all && other_day.is_none() {
        return Ok(None);
    }
    let performed = other_day.map(|date| noon(date, zone, cells)).transpose()?;
    let services = said.services.iter().enumerate().map(|(at, one)| {
        let code = one.code.clone().or_else(|| known.get(at).and_then(|known| known.code.clone()));
        Service { code, text: one.text.clone(), performed }
    });
    let wish = Wish::Correct { services: services.collect() };
    Ok(Some(Step { done: "corrected", wish }))
}

/// Of a day without a time: noon there.
fn noon(date: Date, zone: &TimeZone, cells: &Cells<'_>) -> Result<Timestamp, Flaw> {
    let noon = Time::constant(12, 0, 0, 0);
    let words = "Give another day.";
    moment::instant(date, noon, zone)
        .ok_or_else(|| cells.flaw(Answer::ServiceDate, "no-such-time", words))
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
