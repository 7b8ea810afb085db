//! What a form of the link page wishes, or what to put right in it.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use loopgate_referral::{Appointment, Placement, StatusReason, TargetMove, TaskStatus, Timestamp};

use super::form::Filled;
use super::words::Problem;
use crate::scribe::Wish;

/// Why a target declines: code, and words for it.
pub const DECLINE_REASONS: [(&str, &str); 8] = [
    ("no-capacity", "We have no room at the moment"),
    ("not-eligible", "We cannot offer this to the person"),
    ("out-of-area", "The person is outside our area"),
    ("not-reached", "We could not reach the person"),
    ("not-our-client", "The person is not a client of ours"),
    ("already-served", "The person was served already"),
    ("client-declined", "The person does not want it"),
    ("other", "Another reason"),
];

/// No text is longer, in bytes.
pub const TEXT_BYTES_MAX: usize = StatusReason::TEXT_BYTES_MAX;

/// A field and what to put right there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The form.
    pub act: &'static str,
    /// The field.
    pub field: &'static str,
    /// What to do.
    pub problem: Problem,
}

/// How a placement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Served,
    Declined,
    SentOn,
    NotServed,
    GivenBack,
    Otherwise,
}

impl Ended {
    /// How this one did.
    pub fn of(placement: &Placement) -> Ended {
        match placement.state.status() {
            TaskStatus::Completed => Ended::Served,
            TaskStatus::Rejected => Ended::Declined,
            TaskStatus::Failed => Ended::NotServed,
            TaskStatus::Cancelled if !placement.is_called_off() => Ended::GivenBack,
            _ => Ended::Otherwise,
        }
    }
}

/// The act of this name, as the form fills it.
pub fn wish(act: &str, filled: &Filled, zone: &TimeZone) -> Option<Result<Wish, Wrong>> {
    Some(match act {
        "accept" => Ok(Wish::Target(TargetMove::Accept)),
        "decline" => chosen("decline", filled).map(|why| Wish::Target(TargetMove::Reject { why })),
        "appointment" => appointment(filled, zone),
        "cancel-appointment" => Ok(Wish::CancelAppointment),
        "no-show" => Ok(Wish::NoShow),
        "hold" => said("hold", "on-hold", filled).map(|why| Wish::Target(TargetMove::Hold { why })),
        "resume" => Ok(Wish::Target(TargetMove::Start)),
        "fail" => chosen("fail", filled).map(|why| Wish::Target(TargetMove::Fail { why })),
        "withdraw" => {
            chosen("withdraw", filled).map(|why| Wish::Target(TargetMove::Withdraw { why }))
        }
        "note" => text("note", filled, Problem::Words).map(Wish::Note),
        "agree-cancel" => Ok(Wish::AgreeCancel),
        "refuse-cancel" => {
            said("refuse-cancel", "goes-on", filled).map(|why| Wish::RefuseCancel { why })
        }
        "served" => served(filled, zone),
        _ => return None,
    })
}

/// A reason from the list, with words of their own if they gave some.
fn chosen(act: &'static str, filled: &Filled) -> Result<StatusReason, Wrong> {
    let wrong = |field, problem| Wrong { act, field, problem };
    let code = filled.text("reason");
    let reason = DECLINE_REASONS.iter().find(|(known, _)| *known == code);
    let (code, words) = reason.ok_or_else(|| wrong("reason", Problem::Reason))?;
    let own = filled.text("text");
    if *code == "other" && own.is_empty() {
        return Err(wrong("text", Problem::Words));
    }
    // Whoever reads it may speak another language than who chose it.
    let text = if own.is_empty() { words } else { own };
    StatusReason::new(code, text).ok_or_else(|| wrong("text", Problem::TooLong))
}

/// A reason in words alone.
fn said(act: &'static str, code: &str, filled: &Filled) -> Result<StatusReason, Wrong> {
    let text = text(act, filled, Problem::Words)?;
    StatusReason::new(code, &text).ok_or(Wrong { act, field: "text", problem: Problem::TooLong })
}

/// Words that have to be there.
fn text(act: &'static str, filled: &Filled, missing: Problem) -> Result<String, Wrong> {
    let wrong = |problem| Wrong { act, field: "text", problem };
    match filled.text("text") {
        "" => Err(wrong(missing)),
        long if long.len() > TEXT_BYTES_MAX => Err(wrong(Problem::TooLong)),
        text => Ok(text.to_owned()),
    }
}

fn appointment(filled: &Filled, zone: &TimeZone) -> Result<Wish, Wrong> {
    let wrong = |field, problem| Wrong { act: "appointment", field, problem };
    let date: Result<Date, _> = filled.text("date").parse();
    let date = date.map_err(|_| wrong("date", Problem::Day))?;
    let time: Result<Time, _> = filled.text("time").parse();
    let time = time.map_err(|_| wrong("time", Problem::Time))?;
    // A clock change makes some times come twice and some not at all.
    let local = zone.to_ambiguous_zoned(date.to_datetime(time));
    let start = local.unambiguous().map_err(|_| wrong("time", Problem::Clocks))?;
    let place = filled.some("place").map(str::to_owned);
    if place.as_ref().is_some_and(|place| place.len() > TEXT_BYTES_MAX) {
        return Err(wrong("place", Problem::TooLong));
    }
    let start = Timestamp(start.timestamp().as_millisecond());
    Ok(Wish::Book(Appointment { start, place }))
}

fn served(filled: &Filled, zone: &TimeZone) -> Result<Wish, Wrong> {
    let text = text("served", filled, Problem::Given)?;
    let performed = noon("served", "date", filled, zone)?;
    Ok(Wish::Serve { code: None, text, performed })
}

/// A day where the organization is, as its noon; none, if it is left empty.
fn noon(
    act: &'static str,
    field: &'static str,
    filled: &Filled,
    zone: &TimeZone,
) -> Result<Option<Timestamp>, Wrong> {
    let Some(date) = filled.some(field) else { return Ok(None) };
    let wrong = Wrong { act, field, problem: Problem::Day };
    let date: Result<Date, _> = date.parse();
    let noon = date.and_then(|date| date.at(12, 0, 0, 0).to_zoned(zone.clone()));
    noon.map(|noon| Some(Timestamp(noon.timestamp().as_millisecond()))).map_err(|_| wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("America/New_York").unwrap()
    }

    fn wished(act: &str, body: &str) -> Result<Wish, (&'static str, Problem)> {
        let filled = Filled::read(body.as_bytes()).unwrap();
        wish(act, &filled, &zone()).unwrap().map_err(|wrong| (wrong.field, wrong.problem))
    }

    #[test]
    fn a_reason_is_chosen_and_said() {
        let Ok(Wish::Target(TargetMove::Reject { why })) =
            wished("decline", "reason=no-capacity&text=")
        else {
            panic!()
        };
        assert_eq!((why.code(), why.text()), ("no-capacity", "We have no room at the moment"));
        let Ok(Wish::Target(TargetMove::Fail { why })) =
            wished("fail", "reason=other&text=We+moved")
        else {
            panic!()
        };
        assert_eq!((why.code(), why.text()), ("other", "We moved"));
        assert_eq!(wished("decline", "text=x"), Err(("reason", Problem::Reason)));
        assert_eq!(wished("withdraw", "reason=made-up&text=x"), Err(("reason", Problem::Reason)));
        assert_eq!(wished("decline", "reason=other&text=++"), Err(("text", Problem::Words)));
        let long = format!("reason=other&text={}", "x".repeat(1001));
        assert_eq!(wished("decline", &long), Err(("text", Problem::TooLong)));
    }

    #[test]
    fn an_appointment_is_where_the_organization_is() {
        let booked = wished("appointment", "date=2026-11-27&time=16%3A00&place=Side+door");
        let start = Timestamp(1_795_813_200_000);
        let place = Some("Side door".to_owned());
        assert_eq!(booked, Ok(Wish::Book(Appointment { start, place })));
        for (body, field, problem) in [
            ("date=&time=16:00", "date", Problem::Day),
            ("date=27.11.2026&time=16:00", "date", Problem::Day),
            ("date=2026-11-27&time=", "time", Problem::Time),
            ("date=2026-03-08&time=02:30", "time", Problem::Clocks),
            ("date=2026-11-01&time=01:30", "time", Problem::Clocks),
        ] {
            assert_eq!(wished("appointment", body), Err((field, problem)), "{body}");
        }
    }

    #[test]
    fn what_was_given_is_said_and_when_may_be() {
        let given = wished("served", "text=Food+box&date=2026-11-27");
        let performed = Some(Timestamp(1_795_798_800_000));
        assert_eq!(given, Ok(Wish::Serve { code: None, text: "Food box".into(), performed }));
        let now = wished("served", "text=Food+box&date=");
        assert_eq!(now, Ok(Wish::Serve { code: None, text: "Food box".into(), performed: None }));
        assert_eq!(wished("served", "text="), Err(("text", Problem::Given)));
        assert_eq!(wished("served", "text=x&date=soon"), Err(("date", Problem::Day)));
        assert!(wish("delete", &Filled::default(), &zone()).is_none());
    }

    #[test]
    fn a_note_and_a_hold_need_words() {
        assert_eq!(wished("note", "text=+"), Err(("text", Problem::Words)));
        assert_eq!(wished("note", "text=Called+twice"), Ok(Wish::Note("Called twice".into())));
        assert_eq!(wished("hold", "text="), Err(("text", Problem::Words)));
        let Ok(Wish::Target(TargetMove::Hold { why })) = wished("hold", "text=Papers") else {
            panic!()
        };
        assert_eq!((why.code(), why.text()), ("on-hold", "Papers"));
    }
}
