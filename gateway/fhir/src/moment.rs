//! FHIR's date, dateTime and instant (R4 datatypes.html): a span of time as wide as what was
//! written, so `2027-05-01` starts at its midnight and ends at the next.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use loopgate_referral::Timestamp;

/// A span of time: what a date or dateTime covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
    /// It was written with seconds, or finer.
    pub has_seconds: bool,
}

impl Moment {
    /// Reads a date, dateTime or instant; `zone` holds where none is written.
    pub fn parse(text: &str, zone: Offset) -> Option<Moment> {
        let Some((date, clock)) = text.split_once('T') else { return whole_days(text, zone) };
        let mut parts = date.split('-');
        let date = date_of(parts.next()?, parts.next()?, parts.next()?)?;
        if parts.next().is_some() {
            return None;
        }
        let (clock, zone) = split_zone(clock, zone)?;
        let (time, span_ms) = time_of(clock)?;
        let start = instant(date.to_datetime(time), zone);
        Some(Moment { start, end: Timestamp(start.0 + span_ms), has_seconds: span_ms < 60_000 })
    }
}

/// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
fn whole_days(text: &str, zone: Offset) -> Option<Moment> {
    let parts: Vec<&str> = text.split('-').collect();
    let (first, last) = match parts[..] {
        [year] => {
            let first = date_of(year, "01", "01")?;
            (first, first.last_of_year())
        }
        [year, month] => {
            let first = date_of(year, month, "01")?;
            (first, first.last_of_month())
        }
        [year, month, day] => {
            let day = date_of(year, month, day)?;
            (day, day)
        }
        _ => return None,
    };
    let start = instant(first.to_datetime(Time::midnight()), zone);
    let last = instant(last.to_datetime(Time::midnight()), zone);
    Some(Moment { start, end: last.plus_days(1), has_seconds: false })
}

fn date_of(year: &str, month: &str, day: &str) -> Option<Date> {
    let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
    if year == 0 {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// A time of day and the milliseconds it spans.
fn time_of(text: &str) -> Option<(Time, i64)> {
    let mut parts = text.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let (hour, minute) = (number(hour, 2)?, number(minute, 2)?);
    let Some(second) = second else { return time(hour, minute, 0, 0).map(|time| (time, 60_000)) };
    let (second, fraction) = match second.split_once('.') {
        Some((second, fraction)) => (second, Some(fraction)),
        None => (second, None),
    };
    // A leap second is the last second of its minute, told twice.
    let second = number(second, 2)?;
    let second = if second == 60 { 59 } else { second };
    let Some(fraction) = fraction else {
        return time(hour, minute, second, 0).map(|time| (time, 1000));
    };
    if fraction.is_empty() || fraction.len() > 18 || !all_digits(fraction) {
        return None;
    }
    let millis: i16 = format!("{fraction:0<3}")[..3].parse().ok()?;
    let span_ms = match fraction.len() {
        1 => 100,
        2 => 10,
        _ => 1,
    };
    time(hour, minute, second, millis).map(|time| (time, span_ms))
}

fn time(hour: i16, minute: i16, second: i16, millis: i16) -> Option<Time> {
    let small = |n: i16| i8::try_from(n).ok();
    Time::new(small(hour)?, small(minute)?, small(second)?, i32::from(millis) * 1_000_000).ok()
}

/// The time of day and its zone: `Z`, `+hh:mm`, `-hh:mm`, or none.
fn split_zone(text: &str, zone: Offset) -> Option<(&str, Offset)> {
    if let Some(clock) = text.strip_suffix('Z') {
        return Some((clock, Offset::UTC));
    }
    let Some(at) = text.find(['+', '-']) else { return Some((text, zone)) };
    let (hours, minutes) = text[at + 1..].split_once(':')?;
    let (hours, minutes) = (i32::from(number(hours, 2)?), i32::from(number(minutes, 2)?));
    if hours > 14 || minutes > 59 {
        return None;
    }
    let seconds = (hours * 60 + minutes) * 60;
    let sign = if text[at..].starts_with('-') { -1 } else { 1 };
    Some((&text[..at], Offset::from_seconds(sign * seconds).ok()?))
}

/// Counted by hand: jiff's instants end before 9999-12-31, which is how many systems write "never".
fn instant(civil: DateTime, zone: Offset) -> Timestamp {
    let since_epoch = civil.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
    let ms = since_epoch.as_secs() * 1000 + i64::from(since_epoch.subsec_millis());
    Timestamp(ms - i64::from(zone.seconds()) * 1000)
}

fn number(text: &str, digits: usize) -> Option<i16> {
    if text.len() == digits && all_digits(text) { text.parse().ok() } else { None }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// 0001-01-01T00:00:00Z
const PRINTABLE_MS_MIN: i64 = -62_135_596_800_000;
/// 9999-12-30T22:00:00Z, the last hour that jiff has everywhere on Earth.
const PRINTABLE_MS_MAX: i64 = 253_402_207_200_000;

/// An instant in RFC 3339 with milliseconds, UTC: `2026-01-02T03:04:05.678Z`.
pub fn print_instant(at: Timestamp) -> String {
    let ms = at.0.clamp(PRINTABLE_MS_MIN, PRINTABLE_MS_MAX);
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(instant) => instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        Err(_) => unreachable!("the millisecond was clamped to what can be printed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Option<(&str, &str)>) {
        let got = Moment::parse(text, Offset::UTC);
        let got = got.map(|m| (print_instant(m.start), print_instant(m.end)));
        let got = got.as_ref().map(|(start, end)| (start.as_str(), end.as_str()));
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn a_moment_is_as_wide_as_it_was_written() {
        let rows = [
            ("2027", "2027-01-01T00:00:00.000Z", "2028-01-01T00:00:00.000Z"),
            ("2027-02", "2027-02-01T00:00:00.000Z", "2027-03-01T00:00:00.000Z"),
            ("2028-02-29", "2028-02-29T00:00:00.000Z", "2028-03-01T00:00:00.000Z"),
            ("2027-05-01T10:20Z", "2027-05-01T10:20:00.000Z", "2027-05-01T10:21:00.000Z"),
            ("2027-05-01T10:20:30", "2027-05-01T10:20:30.000Z", "2027-05-01T10:20:31.000Z"),
            ("2027-05-01T10:20:30.5Z", "2027-05-01T10:20:30.500Z", "2027-05-01T10:20:30.600Z"),
            (
                "2027-05-01T01:00:00.1239+02:00",
                "2027-04-30T23:00:00.123Z",
                "2027-04-30T23:00:00.124Z",
            ),
            ("2027-05-01T23:59:60-05:30", "2027-05-02T05:29:59.000Z", "2027-05-02T05:30:00.000Z"),
        ];
        for (text, start, end) in rows {
            check(text, Some((start, end)));
        }
        let never = Moment::parse("9999-12-31", Offset::UTC).unwrap();
        assert_eq!((never.start.0, never.end.0), (253_402_214_400_000, 253_402_300_800_000));
        assert_eq!(Moment::parse("9999", Offset::UTC).unwrap().end, never.end);
        assert_eq!(Moment::parse("9999-12-31T23:59:59Z", Offset::UTC).unwrap().end, never.end);
        let zoned = Moment::parse("2027-05-01", Offset::constant(-5)).unwrap();
        assert_eq!(print_instant(zoned.start), "2027-05-01T05:00:00.000Z");
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "27",
            "0000",
            "2027-13",
            "2027-02-29",
            "2027-2-1",
            "2027-05-01T",
            "2027-05-01T10Z",
            "2027-05-01T24:00:00Z",
            "2027-05-01T10:60:00Z",
            "2027-05-01T10:20:61Z",
            "2027-05-01T10:20:30.Z",
            "2027-05-01T10:20:30+2:00",
            "2027-05-01T10:20:30+15:00",
            "2027-05-01T10:20:30 02:00",
            "2027-05-01T10:20:30é",
            "2027-05-01T10:20:30.1éé",
            "+027",
            "2027-05-01 ",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn an_instant_prints_with_milliseconds_whatever_it_is() {
        assert_eq!(print_instant(Timestamp(5)), "1970-01-01T00:00:00.005Z");
        assert_eq!(print_instant(Timestamp(-1)), "1969-12-31T23:59:59.999Z");
        assert!(!print_instant(Timestamp(i64::MAX)).is_empty());
        assert!(!print_instant(Timestamp(i64::MIN)).is_empty());
    }
}
