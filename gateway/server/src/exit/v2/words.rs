//! News in words, for NTE, where the fields of a message cannot say all of it.

use jiff::tz::TimeZone;
use loopgate_referral::{Outcome, Says, Served, Timestamp};

use super::family::Said;

/// What NTE says beside `said`. In an RRI that is the reason too, which orders have ORC-16 for.
pub fn beside(says: Option<&Says>, said: &Said, zone: &TimeZone) -> Option<String> {
    let words = |text: &str| Some(text.to_owned());
    let (referral, schedule) = (said.code == "RRI", said.code == "SIU");
    match says? {
        Says::Waiting => words("waiting for consent"),
        Says::NoLongerWaiting => words("no longer waiting for consent"),
        Says::Note(text) => words(text),
        // SIU has fields for all of it; other messages say no more than that work goes on.
        Says::Booked(_) | Says::Rebooked(_) | Says::AppointmentCancelled | Says::NoShow
            if schedule =>
        {
            None
        }
        Says::Booked(booked) | Says::Rebooked(booked) => {
            let start = local(booked.start, zone);
            let place = booked.place.as_ref().map(|place| format!(", {place}"));
            Some(format!("appointment scheduled: {start}{}", place.unwrap_or_default()))
        }
        Says::AppointmentCancelled => words("appointment cancelled"),
        Says::NoShow => words("appointment missed"),
        // What has OBX says it there.
        Says::Served(_) if !matches!(said.code.as_str(), "OSU" | "ORM" | "ORR" | "ORG") => None,
        Says::Served(Served(given)) if given.is_empty() => None,
        Says::Served(Served(given)) => Some(format!("service given: {}", texts(given))),
        Says::Attempted(attempt) => Some(attempt.words()),
        Says::Commented(text) => Some(format!("comment: {text}")),
        Says::SafeContact(Some(text)) => Some(format!("safe contact: {text}")),
        Says::SafeContact(None) => words("the note on safe contact holds no more"),
        Says::Rerouted(why) => Some(format!("sent on to another organization: {}", why.text())),
        Says::TakenBack => words("the answer was a mistake and is taken back"),
        Says::Attached(attachment) => Some(format!("a document was added: {}", attachment.name)),
        Says::Accepted => None,
        _ if !referral => None,
        Says::Started => words("work has begun"),
        Says::OnHold(why) => Some(format!("on hold: {}", why.text())),
        Says::CancelRefused(why) => Some(format!("not cancelled: {}", why.text())),
        Says::Declined(why) | Says::Failed(why) | Says::GivenBack(why) | Says::Cancelled(why) => {
            words(why.text())
        }
    }
}

/// What was given, service by service, in words.
pub fn texts(given: &[Outcome]) -> String {
    given.iter().map(|one| one.text.as_str()).collect::<Vec<_>>().join("; ")
}

fn local(at: Timestamp, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}
