//! Local times as partners write them in JSON, without a zone: `as = "us-datetime"`. They are in the
//! partner's zone. A time that its clocks show twice, or never, names no instant: it is not guessed.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, Zoned};
use serde_json::Value;

use crate::refused::Why;

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Local {
    /// `8/4/2021 10:30:00 AM`.
    UsDatetime,
}

impl Local {
    /// Every form with its name in mapping files.
    pub(crate) const ALL: [(&str, Local); 1] = [("us-datetime", Local::UsDatetime)];

    /// From the pivot's instant to a local time; whole seconds, as the form has no others.
    pub(crate) fn to_right(self, value: &Value, zone: &TimeZone) -> Result<Value, Why> {
        let at: Option<Timestamp> = value.as_str().and_then(|text| text.parse().ok());
        let local = at.ok_or(Why::BadForm)?.to_zoned(zone.clone());
        // What would read back as another instant, or as none, is not said.
        instant(local.datetime(), zone)?;
        let Local::UsDatetime = self;
        Ok(local.strftime("%-m/%-d/%Y %-I:%M:%S %p").to_string().into())
    }

    /// From a local time to the pivot's instant, with the zone's offset then.
    pub(crate) fn to_left(self, value: &Value, zone: &TimeZone) -> Result<Value, Why> {
        let Local::UsDatetime = self;
        let text = value.as_str().ok_or(Why::BadForm)?.trim();
        // Two digits are no year.
        let year = text.split('/').nth(2).and_then(|rest| rest.split(' ').next());
        if year.is_none_or(|year| year.len() != 4) {
            return Err(Why::BadForm);
        }
        let local = DateTime::strptime("%m/%d/%Y %I:%M:%S %p", text).map_err(|_| Why::BadForm)?;
        let zoned = instant(local, zone)?;
        let offset = zoned.strftime("%:z").to_string();
        let offset = if offset == "+00:00" { "Z" } else { offset.as_str() };
        Ok(format!("{}{offset}", local.strftime("%Y-%m-%dT%H:%M:%S")).into())
    }
}

fn instant(local: DateTime, zone: &TimeZone) -> Result<Zoned, Why> {
    let found = zone.to_ambiguous_zoned(local);
    match found.offset() {
        AmbiguousOffset::Unambiguous { .. } => found.unambiguous().map_err(|_| Why::BadForm),
        AmbiguousOffset::Fold { .. } => Err(Why::Twice),
        AmbiguousOffset::Gap { .. } => Err(Why::Never),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str) -> Result<Value, Why> {
        let zone = TimeZone::get("America/Los_Angeles").unwrap();
        Local::UsDatetime.to_left(&text.into(), &zone)
    }

    fn right(text: &str) -> Result<Value, Why> {
        let zone = TimeZone::get("America/Los_Angeles").unwrap();
        Local::UsDatetime.to_right(&text.into(), &zone)
    }

    #[test]
    fn a_local_time_is_in_the_partners_zone() {
        for (local, instant) in [
            ("8/4/2021 10:30:00 AM", "2021-08-04T10:30:00-07:00"),
            ("12/31/2021 12:00:00 AM", "2021-12-31T00:00:00-08:00"),
            ("1/2/2022 12:05:09 PM", "2022-01-02T12:05:09-08:00"),
        ] {
            assert_eq!(left(local), Ok(instant.into()));
            assert_eq!(right(instant), Ok(local.into()));
        }
        assert_eq!(left("08/04/2021 10:30:00 am"), Ok("2021-08-04T10:30:00-07:00".into()));
        assert_eq!(right("2021-08-04T17:30:00.75Z"), Ok("8/4/2021 10:30:00 AM".into()));
        let utc = Local::UsDatetime.to_left(&"8/4/2021 10:30:00 AM".into(), &TimeZone::UTC);
        assert_eq!(utc, Ok("2021-08-04T10:30:00Z".into()));
    }

    /// The clocks went back on 7 November 2021, and forward on 14 March.
    #[test]
    fn a_time_that_the_clocks_show_twice_or_never_is_no_instant() {
        assert_eq!(left("11/7/2021 1:30:00 AM"), Err(Why::Twice));
        assert_eq!(left("3/14/2021 2:30:00 AM"), Err(Why::Never));
        assert_eq!(left("11/7/2021 2:00:00 AM"), Ok("2021-11-07T02:00:00-08:00".into()));
        for instant in ["2021-11-07T01:30:00-07:00", "2021-11-07T01:30:00-08:00"] {
            assert_eq!(right(instant), Err(Why::Twice));
        }
    }

    #[test]
    fn what_is_not_of_the_form_is_not_guessed_at() {
        for text in [
            "",
            "yesterday",
            "8/4/21 10:30:00 AM",
            "13/4/2021 10:30:00 AM",
            "2/30/2021 10:30:00 AM",
            "8/4/2021 10:30:00",
            "8/4/2021 13:30:00 PM",
            "8/4/2021",
            "2021-08-04T10:30:00Z",
            "8/4/2021 10:30:00 AM PST",
        ] {
            assert_eq!(left(text), Err(Why::BadForm), "{text}");
        }
        assert_eq!(right("2021-08-04"), Err(Why::BadForm));
    }
}
