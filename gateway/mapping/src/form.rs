//! How a value is written in HL7 v2, where it is written otherwise in FHIR: `as = "date"`.
//! `whole.rs` has the forms that take several components.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use loopgate_hl7v2::Dtm;
use serde_json::{Number, Value};

/// What a row's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// FHIR date, DTM without a time.
    Date,
    /// FHIR dateTime or instant, DTM.
    Instant,
    /// FHIR instant, or a dateTime that needs a time; DTM with one.
    Moment,
    /// JSON number, NM.
    Number,
    /// true or false, Y or N (table 0136).
    Flag,
}

impl Form {
    /// Every form with its name in mapping files.
    pub(crate) const ALL: [(&str, Form); 5] = [
        ("date", Form::Date),
        ("instant", Form::Instant),
        ("moment", Form::Moment),
        ("number", Form::Number),
        ("flag", Form::Flag),
    ];

    /// From the pivot's form to HL7's; `None` if it is not of that form.
    pub(crate) fn to_right(self, value: &Value) -> Option<Value> {
        match self {
            Form::Number => value.as_number().map(|number| number.to_string().into()),
            Form::Flag => value.as_bool().map(|flag| if flag { "Y" } else { "N" }.into()),
            Form::Date | Form::Instant | Form::Moment => {
                let text = value.as_str()?;
                let (date, time) = match text.split_once('T') {
                    Some((date, time)) => (date, Some(time)),
                    None => (text, None),
                };
                let digits = date.replace('-', "");
                let whole = match time {
                    None if self == Form::Moment => return None,
                    None => digits,
                    Some(_) if self == Form::Date => return None,
                    Some(time) => format!("{digits}{}", written_time(time)?),
                };
                let dtm: Dtm = whole.parse().ok()?;
                Some(dtm.to_string().into())
            }
        }
    }

    /// From HL7's form to the pivot's. A time without an offset is in `zone`.
    pub(crate) fn to_left(self, value: &Value, zone: &TimeZone) -> Option<Value> {
        let text = value.as_str()?.trim();
        match self {
            Form::Number => {
                let number: Number = serde_json::from_str(text).ok()?;
                Some(Value::Number(number))
            }
            Form::Flag => match text {
                "Y" => Some(true.into()),
                "N" => Some(false.into()),
                _ => None,
            },
            Form::Date | Form::Instant | Form::Moment => {
                let dtm: Dtm = text.parse().ok()?;
                let mut date = format!("{:04}", dtm.year);
                for part in [dtm.month, dtm.day].into_iter().flatten() {
                    date += &format!("-{part:02}");
                }
                let Some(hour) = dtm.hour.filter(|_| self != Form::Date) else {
                    return (self != Form::Moment).then(|| date.into());
                };
                let (minute, second) = (dtm.minute.unwrap_or(0), dtm.second.unwrap_or(0));
                let fraction = dtm.fraction.map(|(number, digits)| {
                    let text = format!("{number:04}");
                    format!(".{}", &text[..usize::from(digits.clamp(1, 4))])
                });
                let fraction = fraction.unwrap_or_default();
                let offset = match dtm.offset {
                    Some(minutes) => minutes,
                    None => offset_in(zone, &dtm)?,
                };
                Some(
                    format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}{}", zoned(offset))
                        .into(),
                )
            }
        }
    }
}

/// `09:40:00.5Z` as `094000.5+0000`.
fn written_time(time: &str) -> Option<String> {
    let at = time.find(['Z', '+', '-'])?;
    let (clock, offset) = time.split_at(at);
    let offset = if offset == "Z" { "+0000".to_owned() } else { offset.replace(':', "") };
    let clock = clock.replace(':', "");
    // DTM has four digits of a second's fraction at most.
    let clock = match clock.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{}", &fraction[..fraction.len().min(4)]),
        None => clock,
    };
    Some(format!("{clock}{offset}"))
}

fn zoned(minutes: i16) -> String {
    if minutes == 0 {
        return "Z".to_owned();
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The zone's offset at that local time; of two, the earlier instant's.
fn offset_in(zone: &TimeZone, dtm: &Dtm) -> Option<i16> {
    let two = |n: Option<u8>, least: i8| n.map_or(Some(least), |n| i8::try_from(n).ok());
    let local = DateTime::new(
        i16::try_from(dtm.year).ok()?,
        two(dtm.month, 1)?,
        two(dtm.day, 1)?,
        two(dtm.hour, 0)?,
        two(dtm.minute, 0)?,
        two(dtm.second, 0)?,
        0,
    );
    let zoned = local.ok()?.to_zoned(zone.clone()).ok()?;
    let offset: Offset = zoned.offset();
    i16::try_from(offset.seconds() / 60).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(form: Form, left: Value, right: &str) {
        assert_eq!(form.to_right(&left), Some(right.into()), "{left}");
        assert_eq!(form.to_left(&right.into(), &TimeZone::UTC), Some(left), "{right}");
    }

    #[test]
    fn dates_keep_their_precision_and_times_their_offset() {
        both(Form::Date, "1988".into(), "1988");
        both(Form::Date, "1988-04".into(), "198804");
        both(Form::Date, "1988-04-02".into(), "19880402");
        both(Form::Instant, "2026-11-20".into(), "20261120");
        both(Form::Instant, "2026-11-20T09:40:00Z".into(), "20261120094000+0000");
        both(Form::Instant, "2026-11-20T09:40:00.5-05:30".into(), "20261120094000.5-0530");
        both(Form::Number, 4.into(), "4");
        both(Form::Moment, "2026-11-20T09:40:00Z".into(), "20261120094000+0000");
        both(Form::Flag, true.into(), "Y");
        both(Form::Flag, false.into(), "N");
    }

    #[test]
    fn a_time_without_an_offset_is_the_links_own() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let left = |text: &str| Form::Instant.to_left(&text.into(), &zone).unwrap();
        assert_eq!(left("202611200940"), "2026-11-20T09:40:00-05:00");
        assert_eq!(left("202607200940"), "2026-07-20T09:40:00-04:00");
        assert_eq!(left("202607200940+0000"), "2026-07-20T09:40:00Z");
        assert_eq!(Form::Date.to_left(&"202607200940".into(), &zone).unwrap(), "2026-07-20");
    }

    #[test]
    fn what_is_not_of_the_form_is_not_guessed_at() {
        for text in ["yesterday", "2026-11-20", "20261320", ""] {
            assert_eq!(Form::Date.to_left(&text.into(), &TimeZone::UTC), None, "{text}");
        }
        for text in ["four", "", "1,5", "0x4", "4 5"] {
            assert_eq!(Form::Number.to_left(&text.into(), &TimeZone::UTC), None, "{text}");
        }
        for text in ["2026-11-20T09:40:00Z", "20-11-2026"] {
            assert_eq!(Form::Date.to_right(&text.into()), None, "{text}");
        }
        assert_eq!(Form::Instant.to_right(&"2026-11-20T09:40:00".into()), None, "no offset");
        assert_eq!(Form::Number.to_right(&"4".into()), None);
        assert_eq!(Form::Moment.to_left(&"20261120".into(), &TimeZone::UTC), None, "no time");
        assert_eq!(Form::Moment.to_right(&"2026-11-20".into()), None, "no time");
        assert_eq!(Form::Flag.to_left(&"yes".into(), &TimeZone::UTC), None);
    }
}
