//! When a partner is told by e-mail, as its file says it.

use crate::partner::{Digest, Timing};

pub(super) fn timing(timing: &Timing) -> String {
    let (digest, time) = match timing.digest {
        Digest::AtOnce => ("at-once", None),
        Digest::Hourly => ("hourly", None),
        Digest::Daily(time) => ("daily", Some(time)),
    };
    let time = match time {
        Some(time) => format!("digest_at = \"{time}\"\n"),
        None => "# digest_at = \"08:00\"\n".to_owned(),
    };
    let quiet = match timing.quiet {
        Some(quiet) => format!("quiet = \"{quiet}\"\n"),
        None => "# quiet = \"20:00-07:00\"\n".to_owned(),
    };
    let days: Vec<String> =
        timing.quiet_days.iter().map(|day| format!("\"{}\"", day.name())).collect();
    format!(
        "# News is gathered: \"at-once\", for some seconds; \"hourly\"; \"daily\", until digest_at. Nothing is\n\
         # sent in quiet hours and on quiet_days (mon to sun). All in time_zone; what is urgent does not wait.\n\
         digest = \"{digest}\"\n{time}{quiet}quiet_days = [{}]\n",
        days.join(", ")
    )
}
