//! What a form of the link page wishes, or what to put right in it.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use loopgate_referral::{
    Appointment, ContactAttempt, ContactHow, DECLINE_REASONS, OrgId, Placement, StatusReason,
    TargetMove, TaskStatus, Timestamp,
};

use super::form::Filled;
use super::words::Problem;
use crate::scribe::{ASSIGNED_BYTES_MAX, Service, Wish};

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
            TaskStatus::Rejected if placement.rerouted => Ended::SentOn,
            TaskStatus::Rejected => Ended::Declined,
            TaskStatus::Failed => Ended::NotServed,
            TaskStatus::Cancelled if !placement.is_called_off() => Ended::GivenBack,
            _ => Ended::Otherwise,
        }
    }
}

/// The services of one form: the fields of each, text and day. The first has to be filled.
pub const SERVICES: [(&str, &str); 4] =
    [("text", "date"), ("text2", "date2"), ("text3", "date3"), ("text4", "date4")];

/// What a form is read with.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Where the organization is.
    pub zone: &'a TimeZone,
    /// Organizations that it can be sent on to, with their names.
    pub others: &'a [(OrgId, String)],
}

/// The act of this name, as the form fills it.
pub fn wish(act: &str, filled: &Filled, known: Known<'_>) -> Option<Result<Wish, Wrong>> {
    Some(match act {
        "accept" => Ok(Wish::Target(TargetMove::Accept)),
        "decline" => chosen("decline", filled).map(|why| Wish::Target(TargetMove::Reject { why })),
        "appointment" => appointment(filled, known.zone),
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
        "served" => served(filled, known.zone),
        "attempt" => attempt(filled),
        "comment" => text("comment", filled, Problem::Words).map(Wish::Comment),
        "safe-contact" => {
            short("safe-contact", "text", filled, TEXT_BYTES_MAX).map(Wish::SafeContact)
        }
        "assign" => short("assign", "to", filled, ASSIGNED_BYTES_MAX).map(Wish::Assign),
        "reroute" => reroute(filled, known.others),
        "take-back" => Ok(Wish::TakeBack),
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
    let mut services = Vec::new();
    for (field, day) in SERVICES {
        let wrong = |problem| Wrong { act: "served", field, problem };
        let first = field == SERVICES[0].0;
        let text = match filled.text(field) {
            "" if first || filled.some(day).is_some() => return Err(wrong(Problem::Given)),
            "" => continue,
            long if long.len() > TEXT_BYTES_MAX => return Err(wrong(Problem::TooLong)),
            text => text.to_owned(),
        };
        let performed = noon("served", day, filled, zone)?;
        services.push(Service { code: None, text, performed });
    }
    Ok(Wish::Serve { services })
}

fn attempt(filled: &Filled) -> Result<Wish, Wrong> {
    let wrong = |field, problem| Wrong { act: "attempt", field, problem };
    let how = ContactHow::from_code(filled.text("how"));
    let how = how.ok_or_else(|| wrong("how", Problem::Choice))?;
    let reached = match filled.text("reached") {
        "yes" => true,
        "no" => false,
        _ => return Err(wrong("reached", Problem::Choice)),
    };
    let text = short("attempt", "text", filled, TEXT_BYTES_MAX)?;
    Ok(Wish::Attempt(ContactAttempt { how, reached, text }))
}

/// Sent on to an organization of the list.
fn reroute(filled: &Filled, others: &[(OrgId, String)]) -> Result<Wish, Wrong> {
    let wrong = |field, problem| Wrong { act: "reroute", field, problem };
    let to = others.iter().find(|(org, _)| org.as_str() == filled.text("to"));
    let (to, _) = to.ok_or_else(|| wrong("to", Problem::Choice))?;
    let text = short("reroute", "text", filled, TEXT_BYTES_MAX)?;
    let text = text.unwrap_or_else(|| "It is for another organization".to_owned());
    let why =
        StatusReason::new("misdirected", &text).ok_or_else(|| wrong("text", Problem::TooLong))?;
    Ok(Wish::Reroute { to: to.clone(), why })
}

/// Words that may be left out.
fn short(
    act: &'static str,
    field: &'static str,
    filled: &Filled,
    bytes_max: usize,
) -> Result<Option<String>, Wrong> {
    let text = filled.some(field);
    if text.is_some_and(|text| text.len() > bytes_max) {
        return Err(Wrong { act, field, problem: Problem::TooLong });
    }
    Ok(text.map(str::to_owned))
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
        let others = [("diaper-bank".parse().unwrap(), "Diaper Bank".to_owned())];
        let (zone, others) = (&zone(), &others[..]);
        wish(act, &filled, Known { zone, others })
            .unwrap()
            .map_err(|wrong| (wrong.field, wrong.problem))
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

    fn gave(services: &[(&str, Option<i64>)]) -> Result<Wish, (&'static str, Problem)> {
        let service = |(text, at): &(&str, Option<i64>)| {
            let performed = at.map(Timestamp);
            Service { code: None, text: (*text).to_owned(), performed }
        };
        Ok(Wish::Serve { services: services.iter().map(service).collect() })
    }

    #[test]
    fn what_was_given_is_said_and_when_may_be() {
        let given = wished("served", "text=Food+box&date=2026-11-27");
        assert_eq!(given, gave(&[("Food box", Some(1_795_798_800_000))]));
        assert_eq!(wished("served", "text=Food+box&date="), gave(&[("Food box", None)]));
        let two = "text=Food+box&date=&text2=&date2=&text3=Diapers&date3=2026-11-27";
        let both = gave(&[("Food box", None), ("Diapers", Some(1_795_798_800_000))]);
        assert_eq!(wished("served", two), both);
        assert_eq!(wished("served", "text="), Err(("text", Problem::Given)));
        assert_eq!(wished("served", "text=x&date=soon"), Err(("date", Problem::Day)));
        assert_eq!(wished("served", "text=x&text2=y&date2=soon"), Err(("date2", Problem::Day)));
        let what = wished("served", "text=x&text4=&date4=2026-11-27");
        assert_eq!(what, Err(("text4", Problem::Given)));
    }

    #[test]
    fn an_attempt_says_how_and_whether_it_reached_them() {
        let tried = |how, reached, text: Option<&str>| {
            let text = text.map(str::to_owned);
            Ok(Wish::Attempt(ContactAttempt { how, reached, text }))
        };
        let phoned = wished("attempt", "how=phone&reached=no&text=No+voicemail");
        assert_eq!(phoned, tried(ContactHow::Phone, false, Some("No voicemail")));
        let met = wished("attempt", "how=visit&reached=yes&text=");
        assert_eq!(met, tried(ContactHow::Visit, true, None));
        assert_eq!(wished("attempt", "how=owl&reached=no"), Err(("how", Problem::Choice)));
        assert_eq!(wished("attempt", "how=phone"), Err(("reached", Problem::Choice)));
    }

    #[test]
    fn it_is_sent_on_to_who_is_on_the_list_alone() {
        let Ok(Wish::Reroute { to, why }) = wished("reroute", "to=diaper-bank&text=") else {
            panic!()
        };
        assert_eq!((to.as_str(), why.code()), ("diaper-bank", "misdirected"));
        assert_eq!(why.text(), "It is for another organization");
        assert_eq!(wished("reroute", "to=clinic-b&text="), Err(("to", Problem::Choice)));
        assert_eq!(wished("reroute", "text=x"), Err(("to", Problem::Choice)));
    }

    #[test]
    fn who_works_on_it_and_what_is_safe_may_be_taken_away() {
        assert_eq!(wished("assign", "to=Ana+P."), Ok(Wish::Assign(Some("Ana P.".into()))));
        assert_eq!(wished("assign", "to=+"), Ok(Wish::Assign(None)));
        let long = format!("to={}", "x".repeat(101));
        assert_eq!(wished("assign", &long), Err(("to", Problem::TooLong)));
        let safe = wished("safe-contact", "text=Only+by+text");
        assert_eq!(safe, Ok(Wish::SafeContact(Some("Only by text".into()))));
        assert_eq!(wished("safe-contact", "text="), Ok(Wish::SafeContact(None)));
    }

    #[test]
    fn what_is_no_act_is_none() {
        let known = Known { zone: &zone(), others: &[] };
        assert!(wish("delete", &Filled::default(), known).is_none());
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
