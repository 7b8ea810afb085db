//! From `[channel]` of a partner that is told by e-mail to when it is told.

use crate::config::section::Section;
use crate::config::value;
use crate::partner::{Day, Digest, Timing};

/// The keys, each for a channel of kind `email` alone.
const KEYS: [&str; 4] = ["digest", "digest_at", "quiet", "quiet_days"];

#[derive(Clone, Copy, PartialEq)]
enum Gathers {
    AtOnce,
    Hourly,
    Daily,
}

pub(super) fn timing(s: &mut Section<'_, '_>, email: bool) -> Option<Timing> {
    for key in KEYS {
        let line = s.line_of(key);
        if !email && s.has(key) {
            s.note(line, key, "is for another kind of channel");
        }
    }
    let ways =
        [("at-once", Gathers::AtOnce), ("hourly", Gathers::Hourly), ("daily", Gathers::Daily)];
    let gathers = s.or("digest", Gathers::AtOnce, value::one_of(&ways));
    let (given, line) = (s.has("digest_at"), s.line_of("digest_at"));
    let time = s.maybe("digest_at", value::parsed("a time of the day, like 08:00"));
    match (gathers, given) {
        (Gathers::Daily, false) => {
            s.note(line, "digest_at", "is missing, a daily digest needs one")
        }
        (Gathers::AtOnce | Gathers::Hourly, true) => {
            s.note(line, "digest_at", "is for a daily digest");
        }
        _ => {}
    }
    let quiet = s.maybe("quiet", value::parsed("two times of the day, like 20:00-07:00"));
    let line = s.line_of("quiet_days");
    let days = s.list("quiet_days", value::one_of(&Day::NAMES));
    let quiet_days: std::collections::BTreeSet<Day> =
        days.into_iter().map(|(_, day)| day).collect();
    if quiet_days.len() == Day::NAMES.len() {
        s.note(line, "quiet_days", "is every day: nothing would ever be sent");
    }
    let digest = match (gathers, time) {
        (Gathers::AtOnce, _) => Digest::AtOnce,
        (Gathers::Hourly, _) => Digest::Hourly,
        (Gathers::Daily, Some(time)) => Digest::Daily(time),
        (Gathers::Daily, None) => return None,
    };
    Some(Timing { digest, quiet, quiet_days })
}
