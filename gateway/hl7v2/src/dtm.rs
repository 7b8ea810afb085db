//! `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]` (DTM, v2.5.1 §2.A.22).
//!
//! As precise as it was written, with days that the calendar has. Not here: time zones by name.

use std::fmt;
use std::str::FromStr;

/// A date, or a date and time, to some precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dtm {
    /// Four digits.
    pub year: u16,
    /// 1 to 12.
    pub month: Option<u8>,
    /// 1 to the month's last.
    pub day: Option<u8>,
    /// 0 to 23.
    pub hour: Option<u8>,
    /// 0 to 59; there if the hour is (some write the hour alone: then it is 0).
    pub minute: Option<u8>,
    /// 0 to 59.
    pub second: Option<u8>,
    /// Ten-thousandths of a second, with how many digits were written.
    pub fraction: Option<(u16, u8)>,
    /// Minutes east of UTC.
    pub offset: Option<i16>,
}

/// Not a date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date and time")]
pub struct BadDtm;

impl FromStr for Dtm {
    type Err = BadDtm;

    fn from_str(text: &str) -> Result<Dtm, BadDtm> {
        if !text.is_ascii() {
            return Err(BadDtm);
        }
        let (local, offset) = match text.find(['+', '-']) {
            Some(at) => (&text[..at], Some(offset(&text[at..])?)),
            None => (text, None),
        };
        let (digits, fraction) = match local.split_once('.') {
            Some((digits, fraction)) => (digits, Some(self::fraction(fraction)?)),
            None => (local, None),
        };
        let known = matches!(digits.len(), 4 | 6 | 8 | 10 | 12 | 14)
            && digits.bytes().all(|b| b.is_ascii_digit())
            && (fraction.is_none() || digits.len() == 14);
        if !known {
            return Err(BadDtm);
        }
        let year: u16 = digits[..4].parse().map_err(|_| BadDtm)?;
        let two = |at: usize, range: std::ops::RangeInclusive<u8>| match digits.get(at..at + 2) {
            None => Ok(None),
            Some(text) => {
                let found = text.parse().ok().filter(|n| range.contains(n));
                found.map(Some).ok_or(BadDtm)
            }
        };
        let month = two(4, 1..=12)?;
        let day = two(6, 1..=month.map_or(31, |month| days(year, month)))?;
        let found = Dtm {
            year,
            month,
            day,
            hour: two(8, 0..=23)?,
            minute: two(10, 0..=59)?,
            second: two(12, 0..=59)?,
            fraction,
            offset,
        };
        if found.year == 0 { Err(BadDtm) } else { Ok(found) }
    }
}

fn fraction(text: &str) -> Result<(u16, u8), BadDtm> {
    let digits = u8::try_from(text.len()).ok().filter(|n| (1..=4).contains(n)).ok_or(BadDtm)?;
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BadDtm);
    }
    let number: u16 = text.parse().map_err(|_| BadDtm)?;
    Ok((number * 10u16.pow(4 - u32::from(digits)), digits))
}

fn offset(text: &str) -> Result<i16, BadDtm> {
    let (sign, digits) = text.split_at(1);
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BadDtm);
    }
    let hours: i16 = digits[..2].parse().map_err(|_| BadDtm)?;
    let minutes: i16 = digits[2..].parse().map_err(|_| BadDtm)?;
    if hours > 14 || minutes > 59 {
        return Err(BadDtm);
    }
    let total = hours * 60 + minutes;
    Ok(if sign == "-" { -total } else { total })
}

fn days(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Dtm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        for part in [self.month, self.day, self.hour, self.minute, self.second] {
            let Some(part) = part else { break };
            write!(f, "{part:02}")?;
        }
        if let Some((number, digits)) = self.fraction {
            let text = format!("{number:04}");
            write!(f, ".{}", &text[..usize::from(digits.clamp(1, 4))])?;
        }
        if let Some(offset) = self.offset {
            let sign = if offset < 0 { '-' } else { '+' };
            let minutes = offset.unsigned_abs();
            write!(f, "{sign}{:02}{:02}", minutes / 60, minutes % 60)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_precision_reads_and_prints() {
        for text in [
            "1988",
            "198804",
            "19880402",
            "1988040209",
            "198804020941",
            "19880402094159",
            "19880402094159.1",
            "19880402094159.0001",
            "19880402094159.1230+0545",
            "20240229",
            "20000229",
            "2026-0500",
            "20261120094000-0330",
        ] {
            assert_eq!(text.parse::<Dtm>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_the_calendar_does_not_have_is_refused() {
        for text in [
            "",
            "\"\"",
            "88",
            "19881",
            "198813",
            "19880230",
            "20230229",
            "19000229",
            "19880431",
            "1988040224",
            "198804020960",
            "19880402094160",
            "198804020941.1",
            "19880402094159.",
            "19880402094159.12345",
            "19880402+25",
            "19880402+1500",
            "19880402+0060",
            "1988-04-02",
            "00000101",
            "１９８８",
            "198804 2",
        ] {
            assert_eq!(text.parse::<Dtm>(), Err(BadDtm), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9.+é-]{0,24}") {
            if let Ok(found) = text.parse::<Dtm>() {
                prop_assert_eq!(found.to_string().parse::<Dtm>(), Ok(found));
            }
        }
    }
}
