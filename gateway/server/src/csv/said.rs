//! What the cells of one row say, each by itself, or what is wrong with them.
//!
//! An empty cell says nothing. Not here: what of it is not so yet (`row`).

use std::borrow::Cow;

use jiff::civil::{Date, Time};
use loopgate_referral::{ContactAttempt, ContactHow, StatusReason, TaskStatus};

use super::layout::{Answer, Holds, Layout};
use super::report::Flaw;
use super::{cell, moment};
use crate::scribe::{ASSIGNED_BYTES_MAX, NOTE_BYTES_MAX, SERVICES_MAX};

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
pub enum Status {
    /// In this status.
    Is(TaskStatus),
    /// The person did not come.
    NoShow,
    /// The appointment is off.
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

    /// A flaw in the column of this part.
    pub fn flaw(&self, answer: Answer, code: &'static str, words: &'static str) -> Flaw {
        let column = self.layout.name_of(&Holds::Answer(answer)).map(str::to_owned);
        Flaw { column, code, words }
    }
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// Where it stands, or what to do.
    pub status: Option<Status>,
    /// The code of a reason.
    pub reason: Option<String>,
    /// A reason in words.
    pub reason_text: Option<String>,
    /// The day and time of the appointment, where the organization is.
    pub booked: Option<(Date, Time)>,
    /// Its place.
    pub place: Option<String>,
    /// What was given.
    pub services: Vec<Given>,
    /// The day on which it was given.
    pub performed: Option<Date>,
    /// A note.
    pub note: Option<String>,
    /// An attempt to reach the person.
    pub attempt: Option<ContactAttempt>,
    /// Who works on it.
    pub assigned: Option<String>,
    /// How the person is safely reached.
    pub safe_contact: Option<String>,
}

/// One service: its words, and its code with its system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The words.
    pub text: String,
    /// The code.
    pub code: Option<(String, String)>,
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
        flaws.push(cells.flaw(
            Answer::AppointmentDate,
            "missing",
            "Give the day of the appointment.",
        ));
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
