//! `YYYY-MM-DDTHH:MM:SSZ` for the years 1970 to 9999, both ways. No clock.
//!
//! Days and dates convert by Howard Hinnant's `civil_from_days` and its inverse (proleptic
//! Gregorian, years starting in March so that the leap day comes last).

const DAY_S: i64 = 86_400;
/// 9999-12-31T23:59:59Z.
pub(crate) const TIME_S_MAX: i64 = 253_402_300_799;

/// `None` outside 1970..=9999.
pub(crate) fn render(time_s: i64) -> Option<String> {
    if !(0..=TIME_S_MAX).contains(&time_s) {
        return None;
    }
    let (year, month, day) = civil_from_days(time_s / DAY_S);
    let second = time_s % DAY_S;
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    ))
}

/// `None` unless [`render`] gives the same text back.
pub(crate) fn parse(text: &[u8]) -> Option<i64> {
    let bytes: &[u8; 20] = text.try_into().ok()?;
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if marks.into_iter().any(|(at, mark)| bytes[at] != mark) {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i64> {
        bytes[from..to].iter().try_fold(0, |sum, byte| {
            let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
            Some(sum * 10 + digit)
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let sound = year >= 1970
        && (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let day_start_s = days_from_civil(year, month, day) * DAY_S;
    sound.then_some(day_start_s + hour * 3600 + minute * 60 + second)
}

fn days_of(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468; // from 0000-03-01
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = (month + 9).rem_euclid(12);
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values from `date -u -d @N`.
    #[test]
    fn known_instants() {
        let check = |time_s, text: &str| {
            assert_eq!(render(time_s).as_deref(), Some(text));
            assert_eq!(parse(text.as_bytes()), Some(time_s));
        };
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_399, "2000-02-28T23:59:59Z");
        check(951_782_400, "2000-02-29T00:00:00Z");
        check(1_234_567_890, "2009-02-13T23:31:30Z");
        check(4_107_542_400, "2100-03-01T00:00:00Z");
        check(TIME_S_MAX, "9999-12-31T23:59:59Z");
    }

    /// A second way to count: walk every day of 1970..=9999 by the calendar's own rule.
    #[test]
    fn every_day_of_the_calendar() {
        let mut days = 0;
        for year in 1970..=9999 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let february = if leap { 29 } else { 28 };
            let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (month, length) in (1..).zip(lengths) {
                for day in 1..=length {
                    assert_eq!(civil_from_days(days), (year, month, day));
                    assert_eq!(days_from_civil(year, month, day), days);
                    let text = format!("{year}-{month:02}-{day:02}T00:00:00Z");
                    assert_eq!(parse(text.as_bytes()), Some(days * DAY_S));
                    days += 1;
                }
                let text = format!("{year}-{month:02}-{:02}T00:00:00Z", length + 1);
                assert_eq!(parse(text.as_bytes()), None);
            }
        }
        assert_eq!(days * DAY_S - 1, TIME_S_MAX);
    }

    #[test]
    fn refuses_what_is_no_instant() {
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T01:02:03",
            "2026-11-22T01:02:03z",
            "2026-11-22 01:02:03Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T01:60:03Z",
            "2026-12-31T23:59:60Z",
            "2026-02-29T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-13-10T00:00:00Z",
            "2026-11-00T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2026-11-22T01:02:+3Z",
            "2026/11-22T01:02:03Z",
            "2026-11/22T01:02:03Z",
            "2026-11-22T01.02:03Z",
            "2026-11-22T01:02.03Z",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(render(-1), None);
        assert_eq!(render(TIME_S_MAX + 1), None);
    }
}
