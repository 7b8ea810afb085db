//! News in words, for NTE, where the fields of a message cannot say all of it.

use jiff::tz::TimeZone;
use loopgate_referral::{Says, Timestamp};

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
        Says::Served(outcome) => {
            outcome.as_ref().map(|outcome| format!("service given: {}", outcome.text))
        }
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

fn local(at: Timestamp, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}
