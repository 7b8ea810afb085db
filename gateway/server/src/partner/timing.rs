//! When a partner that is told by e-mail is told: at once, or gathered; and when it is left alone.
//!
//! Hours are of the partner's own zone, so they move with its clocks twice a year. Not here: what is to
//! be told, and what does not wait (`outbound/mailing/due.rs`).

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use loopgate_referral::Timestamp;

const HOUR_MS: i64 = 3_600_000;

/// How e-mails to a partner are timed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timing {
    /// How news is gathered.
    pub digest: Digest,
    /// Each day from the first to the second of these nothing is sent; over midnight if the first is later.
    pub quiet: Option<Quiet>,
    /// Nothing is sent on these days at all.
    pub quiet_days: BTreeSet<Day>,
}

/// How news for a partner is gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Digest {
    /// For some seconds, `[mail] digest_gather_s`.
    #[default]
    AtOnce,
    /// Until the next full hour.
    Hourly,
    /// Until this time of the day comes next.
    Daily(Clock),
}

/// A time of the day, to the minute, as a clock on the wall shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock(Time);

/// From one time of the day to another, which is not the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    /// The first quiet minute.
    pub from: Clock,
    /// The first that is not.
    pub to: Clock,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // they are called as they are
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Neither HH:MM nor HH:MM-HH:MM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time of the day")]
pub struct BadClock;

impl FromStr for Clock {
    type Err = BadClock;

    fn from_str(text: &str) -> Result<Clock, BadClock> {
        let digits = |part: &str| -> Option<i8> {
            (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse().ok())?
        };
        let (hour, minute) = text.split_once(':').ok_or(BadClock)?;
        let (hour, minute) = digits(hour).zip(digits(minute)).ok_or(BadClock)?;
        Time::new(hour, minute, 0, 0).map(Clock).map_err(|_| BadClock)
    }
}

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl FromStr for Quiet {
    type Err = BadClock;

    fn from_str(text: &str) -> Result<Quiet, BadClock> {
        let (from, to) = text.split_once('-').ok_or(BadClock)?;
        let (from, to) = (from.parse()?, to.parse()?);
        if from == to { Err(BadClock) } else { Ok(Quiet { from, to }) }
    }
}

impl std::fmt::Display for Quiet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

impl Quiet {
    fn covers(&self, time: Time) -> bool {
        let (from, to) = (self.from.0, self.to.0);
        if from < to { (from..to).contains(&time) } else { time >= from || time < to }
    }
}

impl Day {
    /// Every day, with its word in partner files.
    pub const NAMES: [(&'static str, Day); 7] = [
        ("mon", Day::Mon),
        ("tue", Day::Tue),
        ("wed", Day::Wed),
        ("thu", Day::Thu),
        ("fri", Day::Fri),
        ("sat", Day::Sat),
        ("sun", Day::Sun),
    ];

    /// Its word.
    pub fn name(self) -> &'static str {
        Day::NAMES.iter().find(|(_, day)| *day == self).map_or("", |(name, _)| name)
    }

    fn of(day: Weekday) -> Day {
        match day {
            Weekday::Monday => Day::Mon,
            Weekday::Tuesday => Day::Tue,
            Weekday::Wednesday => Day::Wed,
            Weekday::Thursday => Day::Thu,
            Weekday::Friday => Day::Fri,
            Weekday::Saturday => Day::Sat,
            Weekday::Sunday => Day::Sun,
        }
    }
}

impl Timing {
    /// Whether nothing that can wait is sent now.
    pub fn is_quiet(&self, now: Timestamp, zone: &TimeZone) -> bool {
        let local = local(now, zone);
        self.quiet_days.contains(&Day::of(local.weekday()))
            || self.quiet.is_some_and(|quiet| quiet.covers(local.time()))
    }

    /// When news since then is gathered, quiet hours aside.
    pub fn gathered(&self, since: Timestamp, zone: &TimeZone, gather_ms: i64) -> Timestamp {
        let local = local(since, zone);
        match self.digest {
            Digest::AtOnce => Timestamp(since.0.saturating_add(gather_ms)),
            Digest::Hourly => {
                let time = local.time();
                let seconds = i64::from(time.minute()) * 60 + i64::from(time.second());
                let past = seconds * 1000 + i64::from(time.millisecond());
                // On the hour is the hour.
                if past == 0 { since } else { Timestamp(since.0 + HOUR_MS - past) }
            }
            Digest::Daily(Clock(time)) => {
                let today = at(&local, time, zone).filter(|today| *today >= since);
                let next = || at(&local.checked_add(1.day()).ok()?, time, zone);
                today.or_else(next).unwrap_or(since)
            }
        }
    }
}

/// That time of that day. A time that the clocks skip is as much later as they skip; of one that comes
/// twice it is the first.
fn at(day: &Zoned, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    let zoned = day.date().to_datetime(time).to_zoned(zone.clone()).ok()?;
    Some(Timestamp(zoned.timestamp().as_millisecond()))
}

fn local(at: Timestamp, zone: &TimeZone) -> Zoned {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(zone.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("America/New_York").unwrap()
    }

    fn ms(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn quiet(hours: &str, days: &[Day]) -> Timing {
        let quiet_days = days.iter().copied().collect();
        Timing { quiet: Some(hours.parse().unwrap()), quiet_days, ..Timing::default() }
    }

    #[test]
    fn quiet_hours_are_the_partners_own_also_when_its_clocks_change() {
        let nights = quiet("20:00-07:00", &[]);
        let is_quiet = |text: &str| nights.is_quiet(ms(text), &zone());
        // Winter: five hours behind UTC.
        assert!(is_quiet("2026-11-22T10:00:00Z") && is_quiet("2026-11-23T01:00:00Z"));
        assert!(is_quiet("2026-11-22T11:59:59Z") && !is_quiet("2026-11-22T12:00:00Z"));
        assert!(!is_quiet("2026-11-23T00:59:59Z"));
        // Clocks go forward on 14 March 2027 at 2: seven o'clock comes at 11:00 UTC on that day.
        assert!(!is_quiet("2027-03-13T12:00:00Z") && is_quiet("2027-03-13T11:00:00Z"));
        assert!(!is_quiet("2027-03-14T11:00:00Z") && is_quiet("2027-03-14T10:59:59Z"));
        // And back on 7 November 2027.
        assert!(!is_quiet("2027-11-06T11:00:00Z"));
        assert!(is_quiet("2027-11-07T11:00:00Z") && !is_quiet("2027-11-07T12:00:00Z"));
        // By day.
        let noon = quiet("12:00-13:30", &[]);
        assert!(noon.is_quiet(ms("2026-11-22T17:00:00Z"), &zone()));
        assert!(noon.is_quiet(ms("2026-11-22T18:29:59Z"), &zone()));
        assert!(!noon.is_quiet(ms("2026-11-22T18:30:00Z"), &zone()));
    }

    #[test]
    fn quiet_days_are_whole_days_there() {
        // 22 November 2026 is a Sunday.
        let weekend = quiet("20:00-07:00", &[Day::Sat, Day::Sun]);
        let is_quiet = |text: &str| weekend.is_quiet(ms(text), &zone());
        assert!(is_quiet("2026-11-22T17:00:00Z") && is_quiet("2026-11-23T04:59:59Z"));
        assert!(is_quiet("2026-11-23T05:00:00Z") && !is_quiet("2026-11-23T12:00:00Z"));
        assert!(!is_quiet("2026-11-20T17:00:00Z"));
    }

    #[test]
    fn news_is_gathered_until_the_hour_or_the_day_there() {
        let by = |digest| Timing { digest, ..Timing::default() };
        let gathered = |digest, text: &str| by(digest).gathered(ms(text), &zone(), 60_000);
        let at_once = gathered(Digest::AtOnce, "2026-11-22T10:00:00Z");
        assert_eq!(at_once, ms("2026-11-22T10:01:00Z"));
        let hourly = |text: &str| gathered(Digest::Hourly, text);
        assert_eq!(hourly("2026-11-22T10:00:00.001Z"), ms("2026-11-22T11:00:00Z"));
        assert_eq!(hourly("2026-11-22T10:00:00Z"), ms("2026-11-22T10:00:00Z"));
        // A zone of half hours: the hour there.
        let delhi = TimeZone::get("Asia/Kolkata").unwrap();
        let there = by(Digest::Hourly).gathered(ms("2026-11-22T10:10:00Z"), &delhi, 0);
        assert_eq!(there, ms("2026-11-22T10:30:00Z"));
        let daily = |time: &str, text: &str| gathered(Digest::Daily(time.parse().unwrap()), text);
        assert_eq!(daily("08:00", "2026-11-22T12:59:00Z"), ms("2026-11-22T13:00:00Z"));
        assert_eq!(daily("08:00", "2026-11-22T13:00:00.001Z"), ms("2026-11-23T13:00:00Z"));
        // The next eight o'clock is an hour sooner when clocks go forward, later when they go back.
        assert_eq!(daily("08:00", "2027-03-13T14:00:00Z"), ms("2027-03-14T12:00:00Z"));
        assert_eq!(daily("08:00", "2027-11-06T13:00:00Z"), ms("2027-11-07T13:00:00Z"));
        // 02:30 is skipped on 14 March, and comes twice at 01:30 on 7 November.
        assert_eq!(daily("02:30", "2027-03-14T06:00:00Z"), ms("2027-03-14T07:30:00Z"));
        assert_eq!(daily("01:30", "2027-11-07T05:00:00Z"), ms("2027-11-07T05:30:00Z"));
    }

    #[test]
    fn times_are_hours_and_minutes() {
        assert_eq!("08:05".parse::<Clock>().unwrap().to_string(), "08:05");
        assert_eq!("20:00-07:00".parse::<Quiet>().unwrap().to_string(), "20:00-07:00");
        for text in ["", "8:00", "08:60", "24:00", "08:00:00", "+8:00", "0800"] {
            assert_eq!(text.parse::<Clock>(), Err(BadClock), "{text}");
        }
        for text in ["08:00", "08:00-08:00", "08:00-", "08:00–09:00"] {
            assert_eq!(text.parse::<Quiet>(), Err(BadClock), "{text}");
        }
    }
}
