//! What one row of an organization's file says, and what of it is not so yet.
//!
//! An empty cell says nothing. Whether an act is open now is not decided here: the scribe does.

use std::borrow::Cow;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use loopgate_referral::{
    Appointment, Business, ContactAttempt, ContactHow, DECLINE_REASONS, Outcome, Placement,
    StatusReason, TargetMove, TaskStatus, Timestamp,
};

use super::layout::{Answer, Holds, Layout};
use super::report::Flaw;
use super::{cell, moment};
use crate::scribe::{ASSIGNED_BYTES_MAX, NOTE_BYTES_MAX, SERVICES_MAX, Service, Wish};

/// Bytes of the place of an appointment.
const PLACE_BYTES_MAX: usize = 200;
/// The words of the status column, and what they mean.
const STATUSES: [(&str, Status); 28] = [
    ("new", Status::Is(TaskStatus::Requested)),
    ("accept", Status::Is(TaskStatus::Accepted)),
    ("accepted", Status::Is(TaskStatus::Accepted)),
    ("decline", Status::Is(TaskStatus::Rejected)),
    ("declined", Status::Is(TaskStatus::Rejected)),
    ("rejected", Status::Is(TaskStatus::Rejected)),
    ("start", Status::Is(TaskStatus::InProgress)),
    ("in-progress", Status::Is(TaskStatus::InProgress)),
    ("appointment", Status::Is(TaskStatus::InProgress)),
    ("hold", Status::Is(TaskStatus::OnHold)),
    ("on-hold", Status::Is(TaskStatus::OnHold)),
    ("served", Status::Is(TaskStatus::Completed)),
    ("done", Status::Is(TaskStatus::Completed)),
    ("completed", Status::Is(TaskStatus::Completed)),
    ("not-served", Status::Is(TaskStatus::Failed)),
    ("failed", Status::Is(TaskStatus::Failed)),
    ("give-back", Status::Is(TaskStatus::Cancelled)),
    ("withdraw", Status::Is(TaskStatus::Cancelled)),
    ("cancelled", Status::Is(TaskStatus::Cancelled)),
    ("canceled", Status::Is(TaskStatus::Cancelled)),
    ("withdrawn", Status::Is(TaskStatus::EnteredInError)),
    ("no-show", Status::NoShow),
    ("did-not-come", Status::NoShow),
    ("appointment-cancelled", Status::AppointmentOff),
    ("appointment-canceled", Status::AppointmentOff),
    ("goes-on", Status::GoesOn),
    ("refuse-cancel", Status::GoesOn),
    ("take-back", Status::TakenBack),
];

/// Where a row says that its referral stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Is(TaskStatus),
    NoShow,
    AppointmentOff,
    /// The organization does not stop, though it was asked to.
    GoesOn,
    /// What it answered was a mistake.
    TakenBack,
}

/// Which cell of a row holds which part of the answer.
pub struct Cells<'r> {
    /// The parts and the place of their cell.
    pub at: &'r [(Answer, usize)],
    /// The row.
    pub cells: &'r [Cow<'r, str>],
    /// For the headings in a report.
    pub layout: &'r Layout,
}

impl Cells<'_> {
    fn text(&self, answer: Answer) -> Option<String> {
        let (_, at) = self.at.iter().find(|(one, _)| *one == answer)?;
        let text = cell::original(self.cells.get(*at)?).trim();
        (!text.is_empty()).then(|| text.replace("\r\n", "\n").replace('\r', "\n"))
    }

    fn flaw(&self, answer: Answer, code: &'static str, words: &'static str) -> Flaw {
        let column = self.layout.name_of(&Holds::Answer(answer)).map(str::to_owned);
        Flaw { column, code, words }
    }
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    status: Option<Status>,
    reason: Option<String>,
    reason_text: Option<String>,
    booked: Option<(Date, Time)>,
    place: Option<String>,
    services: Vec<Given>,
    performed: Option<Date>,
    note: Option<String>,
    attempt: Option<ContactAttempt>,
    assigned: Option<String>,
    safe_contact: Option<String>,
}

/// One service: its words, and its code with its system.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    text: String,
    code: Option<(String, String)>,
}

/// One act, and its word in the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The verb.
    pub done: &'static str,
    /// The act.
    pub wish: Wish,
}

/// Reads a row, or says everything that is wrong with its cells.
pub fn said(cells: &Cells<'_>) -> Result<Said, Vec<Flaw>> {
    let mut flaws = Vec::new();
    let mut bounded = |answer, bytes_max| {
        let text = cells.text(answer)?;
        if text.len() > bytes_max {
            flaws.push(cells.flaw(answer, "too-long", "Use fewer words."));
            return None;
        }
        Some(text)
    };
    let reason_text = bounded(Answer::ReasonText, NOTE_BYTES_MAX);
    let place = bounded(Answer::AppointmentPlace, PLACE_BYTES_MAX);
    let note = bounded(Answer::Note, NOTE_BYTES_MAX);
    let assigned = bounded(Answer::Assigned, ASSIGNED_BYTES_MAX);
    let safe_contact = bounded(Answer::SafeContact, NOTE_BYTES_MAX);
    let status = status(cells, &mut flaws);
    let reason = reason(cells, &mut flaws);
    let booked = booked(cells, &mut flaws);
    let services = services(cells, &mut flaws);
    let attempt = attempt(cells, &mut flaws);
    let performed = cells.text(Answer::ServiceDate).and_then(|text| {
        let day = moment::day(&text, cells.layout.day_first);
        if day.is_none() {
            flaws.push(cells.flaw(Answer::ServiceDate, "not-a-day", NOT_A_DAY));
        }
        day.map(|(date, _)| date)
    });
    if place.is_some() && cells.text(Answer::AppointmentDate).is_none() {
        flaws.push(cells.flaw(Answer::AppointmentDate, "missing", "Give the day of the appointment."));
    }
    if !flaws.is_empty() {
        return Err(flaws);
    }
    Ok(Said {
        status,
        reason,
        reason_text,
        booked,
        place,
        services,
        performed,
        note,
        attempt,
        assigned,
        safe_contact,
    })
}

const NOT_A_DAY: &str = "Give the day as 2026-11-27, or as the gateway's operator agreed with you.";

fn status(cells: &Cells<'_>, flaws: &mut Vec<Flaw>) -> Option<Status> {
    let text = cells.text(Answer::Status)?;
    let word = text.to_lowercase().replace([' ', '_'], "-");
    let found = STATUSES.iter().find(|(one, _)| *one == word).map(|(_, status)| *status);
    if found.is_none() {
        let words = "Write accepted, declined, in-progress, on-hold, served, not-served, give-back, no-show, \
                     appointment-cancelled, goes-on or take-back.";
        flaws.push(cells.flaw(Answer::Status, "no-such-answer", words));
    }
    found
}

fn reason(cells: &Cells<'_>, flaws: &mut Vec<Flaw>) -> Option<String> {
    let text = cells.text(Answer::Reason)?.to_lowercase().replace([' ', '_'], "-");
    // Words in the place of a code would arrive as no code.
    if StatusReason::new(&text, "x").is_none() {
        let words = "Write a code such as no-capacity, not-eligible or other; words have a column of their own.";
        flaws.push(cells.flaw(Answer::Reason, "no-such-reason", words));
        return None;
    }
    Some(text)
}

fn booked(cells: &Cells<'_>, flaws: &mut Vec<Flaw>) -> Option<(Date, Time)> {
    let (day, clock) = (cells.text(Answer::AppointmentDate), cells.text(Answer::AppointmentTime));
    let clock = match &clock {
        None => None,
        Some(text) => match moment::time(text) {
            Some(time) => Some(time),
            None => {
                let words = "Give the time as 16:00 or 4:00 PM.";
                flaws.push(cells.flaw(Answer::AppointmentTime, "not-a-time", words));
                return None;
            }
        },
    };
    let Some(day) = day else {
        if clock.is_some() {
            let words = "Give the day of the appointment.";
            flaws.push(cells.flaw(Answer::AppointmentDate, "missing", words));
        }
        return None;
    };
    let Some((date, within)) = moment::day(&day, cells.layout.day_first) else {
        flaws.push(cells.flaw(Answer::AppointmentDate, "not-a-day", NOT_A_DAY));
        return None;
    };
    match clock.or(within) {
        Some(time) => Some((date, time)),
        None => {
            let words = "Give the time of the appointment.";
            flaws.push(cells.flaw(Answer::AppointmentTime, "missing", words));
            None
        }
    }
}

fn services(cells: &Cells<'_>, flaws: &mut Vec<Flaw>) -> Vec<Given> {
    let text = cells.text(Answer::Service).unwrap_or_default();
    let codes = cells.text(Answer::ServiceCode).unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let too_long = lines.iter().any(|line| line.len() > NOTE_BYTES_MAX);
    if too_long || lines.len() > SERVICES_MAX {
        flaws.push(cells.flaw(Answer::Service, "too-long", "Use fewer words."));
    }
    let codes: Vec<&str> = codes.lines().map(str::trim).collect();
    let parted = |code: &&str| {
        let parts = code.split_once('|').filter(|(system, code)| {
            !system.is_empty() && !code.is_empty() && system.len() + code.len() < NOTE_BYTES_MAX
        });
        code.is_empty() || parts.is_some()
    };
    if codes.len() > lines.len() || !codes.iter().all(parted) {
        let words = "Write system|code, a line for each service, or leave it empty.";
        flaws.push(cells.flaw(Answer::ServiceCode, "not-a-code", words));
    }
    let given = lines.iter().enumerate().map(|(at, line)| {
        let code = codes.get(at).and_then(|code| code.split_once('|'));
        let code = code.map(|(system, code)| (system.to_owned(), code.to_owned()));
        Given { text: (*line).to_owned(), code }
    });
    given.collect()
}

/// `phone, not reached; left a message`
fn attempt(cells: &Cells<'_>, flaws: &mut Vec<Flaw>) -> Option<ContactAttempt> {
    let text = cells.text(Answer::Attempt)?;
    let (head, rest) = text.split_once(';').unwrap_or((&text, ""));
    let (how, came) = head.split_once(',').unwrap_or((head, ""));
    let how = how.trim().to_lowercase().replace("e-mail", "email");
    let reached = match came.trim().to_lowercase().as_str() {
        "reached" | "yes" => Some(true),
        "not reached" | "no" => Some(false),
        _ => None,
    };
    let rest = rest.trim();
    match (ContactHow::from_code(&how), reached, rest.len() <= NOTE_BYTES_MAX) {
        (Some(how), Some(reached), true) => {
            let text = (!rest.is_empty()).then(|| rest.to_owned());
            Some(ContactAttempt { how, reached, text })
        }
        _ => {
            let words = "Write phone, text, email, visit or letter, a comma, and reached or not reached; \
                         words may follow a semicolon.";
            flaws.push(cells.flaw(Answer::Attempt, "no-such-attempt", words));
            None
        }
    }
}

/// Words in one line, as a service stands in its cell.
pub fn line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<&str>>().join(" ")
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
        Some(Status::Is(is)) if is == now => {
            if is == TaskStatus::Completed {
                last.extend(corrected(said, placement, zone, cells)?);
            }
        }
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
        Some(Status::GoesOn) if placement.cancel_refused => {}
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
    StatusReason::new(code, text)
        .ok_or_else(|| cells.flaw(Answer::ReasonText, "missing", words))
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
