//! News in words, for NTE, where the fields of a message cannot say all of it.

use jiff::tz::TimeZone;
use loopgate_referral::{Outcome, Says, Served};

use super::family::Said;
use crate::exit::notes;

/// What NTE says beside `said`. In an RRI that is the reason too, which orders have ORC-16 for.
pub fn beside(says: Option<&Says>, said: &Said, zone: &TimeZone) -> Option<String> {
    let words = |text: &str| Some(text.to_owned());
    let (referral, schedule) = (said.code == "RRI", said.code == "SIU");
    match says? {
        Says::Waiting => words("waiting for consent"),
        Says::NoLongerWaiting => words("no longer waiting for consent"),
        // SIU has fields for all of it; other messages say no more than that work goes on.
        Says::Booked(_) | Says::Rebooked(_) | Says::AppointmentCancelled | Says::NoShow
            if schedule =>
        {
            None
        }
        // What has OBX says it there.
        Says::Served(_) if !matches!(said.code.as_str(), "OSU" | "ORM" | "ORR" | "ORG") => None,
        Says::Served(Served(given)) if given.is_empty() => None,
        Says::Served(Served(given)) => Some(format!("service given: {}", texts(given))),
        Says::Accepted => None,
        Says::Booked(_)
        | Says::Rebooked(_)
        | Says::AppointmentCancelled
        | Says::NoShow
        | Says::Note(_)
        | Says::Attempted(_)
        | Says::Commented(_)
        | Says::SafeContact(_)
        | Says::Rerouted(_)
        | Says::TakenBack
        | Says::Attached(_) => notes::told(says?, zone),
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
