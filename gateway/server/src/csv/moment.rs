//! Days and times as people write them in a spreadsheet, and as it saves them.
//!
//! A day of two readings is read as the organization's file says (`day_first`), and one that does not
//! fit that reading is no day: nothing is guessed.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use loopgate_referral::Timestamp;

/// How days are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dates {
    /// `2026-11-27`
    Iso,
    /// `27/11/2026` or `11/27/2026`, by `day_first`.
    Local,
}

/// Days that a serial number of Excel is taken for: 1954 to 2119.
const SERIALS: std::ops::Range<f64> = 20_000.0..80_000.0;
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const SECONDS_OF_DAY: f64 = 86_400.0;

/// A day, and the time if the cell has one.
pub fn day(text: &str, day_first: bool) -> Option<(Date, Option<Time>)> {
    let text = text.trim();
    if let Some(serial) = number(text) {
        return serial_day(serial);
    }
    let (date, rest) = match text.find(['T', ' ']) {
        // `Nov 27, 2026` has spaces of its own.
        Some(at) if text.starts_with(|c: char| c.is_ascii_digit()) => {
            (&text[..at], text[at + 1..].trim())
        }
        _ => (text, ""),
    };
    let time = if rest.is_empty() { None } else { Some(self::time(rest)?) };
    let date = iso(date).or_else(|| named(date)).or_else(|| parted(date, day_first))?;
    Some((date, time))
}

/// A time of day.
pub fn time(text: &str) -> Option<Time> {
    let text = text.trim();
    // A part of a day, as Excel keeps it.
    if let Some(part) = number(text).filter(|_| text.contains(['.', ','])) {
        let seconds = (part.fract() * SECONDS_OF_DAY).round();
        return ((0.0..1.0).contains(&part)).then(|| at_second(seconds)).flatten();
    }
    let lower = text.to_ascii_lowercase().replace('.', "");
    let (clock, half) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(clock), _) => (clock.trim_end(), Some(0)),
        (_, Some(clock)) => (clock.trim_end(), Some(12)),
        _ => (lower.as_str(), None),
    };
    let parts: Option<Vec<i8>> = clock.split(':').map(|part| small(part, 2)).collect();
    let (hour, minute, second) = match parts?[..] {
        [hour] if half.is_some() => (hour, 0, 0),
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = match half {
        None => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
    };
    Time::new(hour, minute, second, 0).ok()
}

/// The instant at which it is that time there; none where a change of clocks makes it missing or
/// come twice.
pub fn instant(date: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    let local = zone.to_ambiguous_zoned(date.to_datetime(time)).unambiguous().ok()?;
    Some(Timestamp(local.timestamp().as_millisecond()))
}

/// When it is there.
pub fn local(at: Timestamp, zone: &TimeZone) -> DateTime {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned(zone.clone()).datetime()
}

/// A day, written.
pub fn written(date: Date, dates: Dates, day_first: bool) -> String {
    match (dates, day_first) {
        (Dates::Iso, _) => date.strftime("%Y-%m-%d").to_string(),
        (Dates::Local, true) => date.strftime("%d/%m/%Y").to_string(),
        (Dates::Local, false) => date.strftime("%m/%d/%Y").to_string(),
    }
}

/// A time, written.
pub fn clock(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}

/// A plain number; the decimal sign is a point or a comma.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',');
    if !plain || !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    text.replace(',', ".").parse().ok()
}

fn serial_day(serial: f64) -> Option<(Date, Option<Time>)> {
    if !SERIALS.contains(&serial) {
        return None;
    }
    // Day 0 of Excel, as it has counted since its leap day of 1900 that never was.
    let begin = Date::constant(1899, 12, 30);
    let days: Span = (serial.trunc() as i64).days();
    let date = begin.checked_add(days).ok()?;
    let seconds = (serial.fract() * SECONDS_OF_DAY).round();
    let time = if seconds == 0.0 { None } else { Some(at_second(seconds)?) };
    Some((date, time))
}

/// To the minute, since a part of a day is seldom exact.
fn at_second(seconds: f64) -> Option<Time> {
    let minutes = (seconds / 60.0).round() as i64;
    let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
    Time::new(hour, minute, 0, 0).ok()
}

fn iso(text: &str) -> Option<Date> {
    let shaped = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    if shaped { text.parse().ok() } else { None }
}

/// `27-Nov-26`, `27 Nov 2026`, `Nov 27, 2026`.
fn named(text: &str) -> Option<Date> {
    let parts = text.split(['-', ' ', ',', '/']).filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.collect();
    let [one, two, year] = parts[..] else { return None };
    let month = |text: &str| {
        let name = text.to_ascii_lowercase();
        let at = MONTHS.iter().position(|month| name.get(..3) == Some(month) && name.is_ascii())?;
        i8::try_from(at + 1).ok()
    };
    let (day, month) = match (month(one), month(two)) {
        (Some(month), None) => (two, month),
        (None, Some(month)) => (one, month),
        _ => return None,
    };
    Date::new(self::year(year)?, month, small(day, 2)?).ok()
}

/// `27/11/2026`, `27.11.2026`, `11/27/26`, `2026/11/27`. With points the day comes first everywhere.
fn parted(text: &str, day_first: bool) -> Option<Date> {
    let sign = ['/', '.', '-'].into_iter().find(|sign| text.contains(*sign))?;
    let parts: Vec<&str> = text.trim_end_matches('.').split(sign).collect();
    let [one, two, three] = parts[..] else { return None };
    if one.len() == 4 {
        return Date::new(year(one)?, small(two, 2)?, small(three, 2)?).ok();
    }
    let (day, month) = if day_first || sign == '.' { (one, two) } else { (two, one) };
    Date::new(year(three)?, small(month, 2)?, small(day, 2)?).ok()
}

fn year(text: &str) -> Option<i16> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    match (digits, text.len()) {
        (true, 4) => text.parse().ok(),
        (true, 2) => text.parse::<i16>().ok().map(|year| 2000 + year),
        _ => None,
    }
}

fn small(text: &str, digits: usize) -> Option<i8> {
    let sound = (1..=digits).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if sound { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, day_first: bool) -> Option<String> {
        day(text, day_first).map(|(date, time)| match time {
            Some(time) => format!("{date} {}", clock(time)),
            None => date.to_string(),
        })
    }

    #[test]
    fn a_day_is_read_as_it_was_saved() {
        for text in
            ["2026-11-27", "27.11.2026", "27/11/2026", "27-11-26", "46353", "27-Nov-26", "27.11.26"]
        {
            assert_eq!(read(text, true).as_deref(), Some("2026-11-27"), "{text}");
        }
        for text in [
            "2026-11-27",
            "11/27/2026",
            "11/27/26",
            "46353",
            "46353,0",
            "Nov 27, 2026",
            "2026/11/27",
        ] {
            assert_eq!(read(text, false).as_deref(), Some("2026-11-27"), "{text}");
        }
        for text in
            ["46353.6666666667", "2026-11-27T16:00", "2026-11-27 16:00:00", "11/27/2026 4:00 PM"]
        {
            assert_eq!(read(text, false).as_deref(), Some("2026-11-27 16:00"), "{text}");
        }
        assert_eq!(read("03/04/2026", true).as_deref(), Some("2026-04-03"));
        assert_eq!(read("03/04/2026", false).as_deref(), Some("2026-03-04"));
        for (text, day_first) in [
            ("27/11/2026", false),
            ("11/27/2026", true),
            ("2026-02-30", true),
            ("soon", true),
            ("27/11", true),
            ("1", true),
            ("999999", true),
            ("", true),
            ("2026-11-27 25:00", true),
        ] {
            assert_eq!(read(text, day_first), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_read_as_it_was_saved() {
        for text in
            ["16:00", "16:00:00", "4:00 PM", "4 pm", "4:00 p.m.", "0.6666666667", "0,666666667"]
        {
            assert_eq!(time(text).map(clock).as_deref(), Some("16:00"), "{text}");
        }
        assert_eq!(time("12:30 AM").map(clock).as_deref(), Some("00:30"));
        assert_eq!(time("12 pm").map(clock).as_deref(), Some("12:00"));
        for text in ["", "16", "25:00", "13 pm", "noon", "1.5", "16:60"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn a_local_time_that_is_not_or_comes_twice_is_no_instant() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let at =
            |day: &str, clock: &str| instant(day.parse().unwrap(), time(clock).unwrap(), &zone);
        assert_eq!(at("2026-11-27", "16:00"), Some(Timestamp(1_795_813_200_000)));
        assert_eq!(at("2026-03-08", "02:30"), None);
        assert_eq!(at("2026-11-01", "01:30"), None);
        let there = local(Timestamp(1_795_813_200_000), &zone);
        assert_eq!(
            (there.date().to_string(), clock(there.time())),
            ("2026-11-27".into(), "16:00".into())
        );
        let date = there.date();
        assert_eq!(written(date, Dates::Local, true), "27/11/2026");
        assert_eq!(written(date, Dates::Local, false), "11/27/2026");
    }
}
