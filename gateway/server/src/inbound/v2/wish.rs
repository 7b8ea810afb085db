//! From a state and a pivot to what a party wants done.

use loopgate_hl7v2::{ErrorCode, Flaw};
use loopgate_mapping::Read;
use loopgate_referral::{Appointment, SourceMove, StatusReason, TargetMove, Timestamp};
use serde_json::Value;

use super::No;
use crate::partner::Partner;
use crate::scribe::{Service, Wish};
use crate::v2;

/// The end of a text that is longer than a referral takes: whoever reads it sees that there was more.
/// The message itself is kept whole.
const CUT: &str = " […]";

/// What the target wants done when it says this; nothing, if it only says that the message came.
pub fn of(state: &str, pivot: &Value, partner: &Partner) -> Result<Option<Wish>, No> {
    let why = |class: &str, words: &str| reason(pivot, class, words);
    Ok(Some(match state {
        "received" | "sent" => return Ok(None),
        "accepted" => Wish::Target(TargetMove::Accept),
        "declined" => Wish::Target(TargetMove::Reject { why: why("declined", "declined") }),
        "declined-late" | "expired" | "stopped" => {
            Wish::Target(TargetMove::Withdraw { why: why("declined", "declined") })
        }
        "active" | "released" | "scheduled-somewhen" => Wish::Target(TargetMove::Start),
        "on-hold" => Wish::Target(TargetMove::Hold { why: why("on-hold", "on hold") }),
        "failed" => Wish::Target(TargetMove::Fail { why: why("not-achieved", "not achieved") }),
        "scheduled" => Wish::Book(appointment(pivot, partner)?),
        "no-show" => Wish::NoShow,
        "appointment-cancelled" => Wish::CancelAppointment,
        "interim-note" | "interim-result" => {
            Wish::Note(text(pivot).unwrap_or_else(|| "interim note".to_owned()))
        }
        "cancelled" => Wish::AgreeCancel,
        "cancel-refused" => Wish::RefuseCancel { why: why("cancel-refused", "goes on") },
        "completed" => {
            let text = text(pivot).unwrap_or_else(|| "service given".to_owned());
            let service = Service { code: code(pivot), text, performed: performed(pivot) };
            Wish::Serve { services: vec![service] }
        }
        _ => {
            let words = "is not for a target to say";
            return Err(Flaw::whole(ErrorCode::ApplicationInternalError, words).into());
        }
    }))
}

/// The reason a message gives, or these words where it gives none.
///
/// # Panics
/// Never: the words and classes here are well-formed.
pub fn reason(pivot: &Value, class: &str, words: &str) -> StatusReason {
    let said = pivot["Task"]["statusReason"]["text"].as_str().map(str::to_owned);
    let said = said.or_else(|| notes(pivot)).map(short);
    let found = said.and_then(|text| StatusReason::new(class, &text));
    match found.or_else(|| StatusReason::new(class, words)) {
        Some(reason) => reason,
        None => unreachable!("our own reasons are well-formed"),
    }
}

fn appointment(pivot: &Value, partner: &Partner) -> Result<Appointment, No> {
    let said = &pivot["Appointment"];
    let start = said["start"].as_str().and_then(|text| instant(text, partner));
    let Some(start) = start else {
        let words = "says no start of the appointment";
        return Err(Flaw::whole(ErrorCode::RequiredFieldMissing, words).into());
    };
    let place = said["participant"]
        .as_array()
        .into_iter()
        .flatten()
        .find_map(|one| one["actor"]["display"].as_str())
        .or(said["description"].as_str())
        .map(|text| short(text.to_owned()));
    Ok(Appointment { start, place })
}

fn instant(text: &str, partner: &Partner) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(at.as_millisecond()));
    }
    // A day alone begins where the partner is.
    let day: jiff::civil::Date = text.parse().ok()?;
    let at = day.to_zoned(partner.time_zone.clone()).ok()?;
    Some(Timestamp(at.timestamp().as_millisecond()))
}

fn code(pivot: &Value) -> Option<(String, String)> {
    let coding = &pivot["Procedure"]["code"]["coding"][0];
    let part = |name: &str| coding[name].as_str().map(str::to_owned);
    Some((part("system")?, part("code")?))
}

fn performed(pivot: &Value) -> Option<Timestamp> {
    let said = pivot["Procedure"]["performedDateTime"]
        .as_str()
        .or(pivot["DiagnosticReport"]["effectiveDateTime"].as_str())
        .or(pivot["DocumentReference"]["date"].as_str())?;
    let at: jiff::Timestamp = said.parse().ok()?;
    Some(Timestamp(at.as_millisecond()))
}

/// What was done, or noted, in words: the service, notes, observations.
fn text(pivot: &Value) -> Option<String> {
    let procedure = &pivot["Procedure"]["code"];
    let service = procedure["text"].as_str().or(procedure["coding"][0]["display"].as_str());
    let observed = pivot["Observation"].as_array().into_iter().flatten().filter_map(observation);
    let report = pivot["DiagnosticReport"]["conclusion"].as_str().map(str::to_owned);
    let document = pivot["DocumentReference"]["description"].as_str().map(str::to_owned);
    let all: Vec<String> = service
        .map(str::to_owned)
        .into_iter()
        .chain(notes(pivot))
        .chain(observed)
        .chain(report)
        .chain(document)
        .collect();
    (!all.is_empty()).then(|| short(all.join("\n")))
}

fn observation(one: &Value) -> Option<String> {
    let value = one["valueString"].as_str().map(str::to_owned).or_else(|| {
        let quantity = &one["valueQuantity"];
        let number = quantity["value"].as_number()?;
        let unit = quantity["unit"].as_str().or(quantity["code"].as_str()).unwrap_or_default();
        Some(format!("{number} {unit}").trim().to_owned())
    });
    let value = value.or_else(|| {
        let concept = &one["valueCodeableConcept"];
        concept["text"].as_str().or(concept["coding"][0]["display"].as_str()).map(str::to_owned)
    })?;
    let name = one["code"]["text"].as_str().or(one["code"]["coding"][0]["display"].as_str());
    Some(name.map_or(value.clone(), |name| format!("{name}: {value}")))
}

fn notes(pivot: &Value) -> Option<String> {
    let notes = pivot["Task"]["note"].as_array()?;
    let texts: Vec<&str> = notes.iter().filter_map(|one| one["text"].as_str()).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn short(text: String) -> String {
    let text = text.trim();
    if text.len() <= StatusReason::TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let mut end = StatusReason::TEXT_BYTES_MAX - CUT.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{CUT}", &text[..end])
}

/// Whether a text of it was longer than a referral takes.
pub fn is_cut(wish: &Wish) -> bool {
    use SourceMove::AskToCancel;
    use TargetMove::{Fail, Hold, Reject, Withdraw};
    let text = match wish {
        Wish::Source(AskToCancel { why })
        | Wish::Target(Reject { why } | Withdraw { why } | Hold { why } | Fail { why })
        | Wish::RefuseCancel { why } => why.text(),
        Wish::Book(Appointment { place: Some(text), .. }) | Wish::Note(text) => text,
        Wish::Serve { services } => return services.iter().any(|one| one.text.ends_with(CUT)),
        _ => return false,
    };
    text.ends_with(CUT)
}

/// What only says which referral and person it is about.
const CONTEXT: [&str; 6] = [
    "Patient",
    "Task.identifier",
    "Task.owner",
    "Task.status",
    "Task.intent",
    "ServiceRequest.identifier",
];

/// The fields of a message that nothing here says on: those that no row takes, and those whose value
/// an act has no place for.
pub fn unused(read: &Read, wish: &Wish) -> Vec<String> {
    let words: &[&str] = &[
        "Task.note",
        "Task.statusReason",
        "Procedure",
        "Observation.value",
        "Observation.code",
        "DiagnosticReport.conclusion",
        "DocumentReference.description",
    ];
    let used: &[&str] = match wish {
        Wish::Book(_) => {
            &["Appointment.start", "Appointment.participant", "Appointment.description"]
        }
        Wish::Note(_) | Wish::Serve { .. } => words,
        Wish::Source(_) | Wish::Target(_) | Wish::RefuseCancel { .. } => {
            &["Task.note", "Task.statusReason"]
        }
        _ => &[],
    };
    let says = |left: &str| {
        let all = CONTEXT.iter().chain(used);
        all.into_iter().any(|one| left.starts_with(one))
    };
    let idle = read.carried.iter().filter(|one| !says(&one.left)).map(|one| one.right.clone());
    let mut all: Vec<String> = read.not_carried.iter().cloned().chain(idle).collect();
    all.retain(|place| v2::place(Some(place.clone())).is_some());
    all.sort();
    all.dedup();
    all
}
