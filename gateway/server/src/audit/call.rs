//! What an auditor asks for, by name: strict, since a filter that is passed over shows what was not asked
//! for.

use jiff::civil::Date;
use loopgate_referral::Timestamp;

use super::wrong;
use crate::refusal::Trouble;

/// Named parameters, none twice.
pub struct Call<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Call<'a> {
    /// Reads those that are known; another is refused. An empty one is none, as forms send it.
    pub fn of(pairs: &'a [(String, String)], known: &[&'static str]) -> Result<Call<'a>, Trouble> {
        let mut taken: Vec<(&str, &str)> = Vec::new();
        for (name, value) in pairs {
            let Some(name) = known.iter().find(|one| *one == name) else {
                return Err(wrong("query", "has a parameter that is not known here"));
            };
            if taken.iter().any(|(one, _)| one == name) {
                return Err(wrong(name, "is there twice"));
            }
            taken.push((name, value.trim()));
        }
        taken.retain(|(_, value)| !value.is_empty());
        Ok(Call(taken))
    }

    /// The text of a parameter.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(one, _)| *one == name).map(|(_, value)| *value)
    }

    /// A parameter that is an id or a number.
    pub fn parsed<T: std::str::FromStr>(&self, name: &'static str) -> Result<Option<T>, Trouble> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| wrong(name, "does not have the form it should have"))
    }

    /// An instant (RFC 3339), or a day (UTC): its first instant.
    pub fn from(&self, name: &'static str) -> Result<Option<Timestamp>, Trouble> {
        self.instant(name, 0)
    }

    /// The same, of which a day is meant whole: the first instant after it.
    pub fn to(&self, name: &'static str) -> Result<Option<Timestamp>, Trouble> {
        self.instant(name, 1)
    }

    fn instant(&self, name: &'static str, days: u32) -> Result<Option<Timestamp>, Trouble> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Ok(Some(Timestamp(at.as_millisecond())));
        }
        let day: Option<Date> = text.parse().ok().filter(|_| text.len() == 10);
        let start = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
        match start {
            Some(start) => Ok(Some(Timestamp(start.timestamp().as_millisecond()).plus_days(days))),
            None => Err(wrong(name, "is no day like 2026-11-22 and no instant of RFC 3339")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        form_urlencoded::parse(text.as_bytes()).into_owned().collect()
    }

    #[test]
    fn a_day_is_whole_and_what_is_not_known_is_refused() {
        let asked = pairs("since=2026-11-22&until=2026-11-22&kind=");
        let call = Call::of(&asked, &["since", "until", "kind"]).unwrap();
        // `date -u -d 2026-11-22 +%s`
        assert_eq!(call.from("since").unwrap(), Some(Timestamp(1_795_305_600_000)));
        assert_eq!(call.to("until").unwrap(), Some(Timestamp(1_795_392_000_000)));
        assert_eq!(call.text("kind"), None);
        for wrong in ["since=1&since=2", "other=1"] {
            assert!(Call::of(&pairs(wrong), &["since"]).is_err(), "{wrong}");
        }
        for wrong in ["since=22.11.2026", "since=2026-11", "since=2026-11-22T10:00:00", "since=x"] {
            let asked = pairs(wrong);
            assert!(Call::of(&asked, &["since"]).unwrap().from("since").is_err(), "{wrong}");
        }
        let asked = pairs("since=2026-11-22T10:00:00Z");
        let call = Call::of(&asked, &["since"]).unwrap();
        assert_eq!(call.to("since").unwrap(), Some(Timestamp(1_795_341_600_000)));
    }
}
