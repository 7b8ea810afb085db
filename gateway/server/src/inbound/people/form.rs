//! Forms of the page: from their fields to what a target may wish, or what to put right.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use loopgate_referral::{Appointment, StatusReason, TargetMove, Timestamp};

use crate::scribe::{Service, Wish};

/// The words of a decline reason; its code is for programs.
pub const REASONS: [(&str, &str); 5] = [
    ("no-capacity", "We have no room at the moment"),
    ("not-eligible", "We cannot offer this to the person"),
    ("out-of-area", "The person is outside our area"),
    ("not-reached", "We could not reach the person"),
    ("other", "Another reason"),
];

const TEXT_BYTES_MAX: usize = 1000;

/// The fields of a form, as they were filled in.
#[derive(Debug, Clone, Default)]
pub struct Filled(BTreeMap<String, String>);

/// A field and what to put right there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The form.
    pub act: &'static str,
    /// What to do.
    pub words: &'static str,
}

impl Filled {
    /// Reads a form; nothing if a field is there twice.
    pub fn read(body: &[u8]) -> Option<Filled> {
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            if fields.insert(name.into_owned(), value.trim().to_owned()).is_some() {
                return None;
            }
        }
        Some(Filled(fields))
    }

    /// What is in a field.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// What follows `prefix` in the names of the fields that are filled: a list of boxes.
    pub fn ticked(&self, prefix: &str) -> Vec<&str> {
        let filled = self.0.iter().filter(|(_, value)| !value.is_empty());
        filled.filter_map(|(name, _)| name.strip_prefix(prefix)).collect()
    }

    /// The version of the placement that the form was made for.
    pub fn version(&self) -> Option<u64> {
        self.text("version").parse().ok()
    }
}

/// The act of this name, as the form fills it.
pub fn wish(act: &str, filled: &Filled, zone: &TimeZone) -> Option<Result<Wish, Wrong>> {
    Some(match act {
        "accept" => Ok(Wish::Target(TargetMove::Accept)),
        "decline" => decline(filled),
        "appointment" => appointment(filled, zone),
        "no-show" => Ok(Wish::NoShow),
        "agree-cancel" => Ok(Wish::AgreeCancel),
        "refuse-cancel" => goes_on(filled),
        "served" => served(filled, zone),
        _ => return None,
    })
}

fn decline(filled: &Filled) -> Result<Wish, Wrong> {
    let wrong = |words| Wrong { act: "decline", words };
    let code = filled.text("reason");
    let reason = REASONS.iter().find(|(known, _)| *known == code);
    let (code, words) = reason.ok_or_else(|| wrong("Please choose a reason."))?;
    let own = filled.text("text");
    if *code == "other" && own.is_empty() {
        return Err(wrong("Please say why in a few words."));
    }
    let text = if own.is_empty() { words } else { own };
    let why = StatusReason::new(code, text).ok_or_else(|| wrong("Please use fewer words."))?;
    Ok(Wish::Target(TargetMove::Reject { why }))
}

fn goes_on(filled: &Filled) -> Result<Wish, Wrong> {
    let words = "Please say why in a few words.";
    let why = StatusReason::new("goes-on", filled.text("text"));
    let why = why.ok_or(Wrong { act: "refuse-cancel", words })?;
    Ok(Wish::RefuseCancel { why })
}

fn appointment(filled: &Filled, zone: &TimeZone) -> Result<Wish, Wrong> {
    let wrong = |words| Wrong { act: "appointment", words };
    let date: Result<Date, _> = filled.text("date").parse();
    let date = date.map_err(|_| wrong("Please give the day, like 2026-11-27."))?;
    let time: Result<Time, _> = filled.text("time").parse();
    let time = time.map_err(|_| wrong("Please give the time, like 16:00."))?;
    // A clock change makes some times come twice and some not at all.
    let local = zone.to_ambiguous_zoned(date.to_datetime(time));
    let start = local.unambiguous().map_err(|_| {
        wrong("The clocks change then, and this time is missing or comes twice. Please choose another.")
    })?;
    let place = filled.text("place");
    if place.len() > TEXT_BYTES_MAX {
        return Err(wrong("Please use fewer words for the place."));
    }
    let place = (!place.is_empty()).then(|| place.to_owned());
    let start = Timestamp(start.timestamp().as_millisecond());
    Ok(Wish::Book(Appointment { start, place }))
}

fn served(filled: &Filled, zone: &TimeZone) -> Result<Wish, Wrong> {
    let wrong = |words| Wrong { act: "served", words };
    let text = filled.text("text");
    if text.is_empty() {
        return Err(wrong("Please say in a few words what was given."));
    }
    if text.len() > TEXT_BYTES_MAX {
        return Err(wrong("Please use fewer words."));
    }
    let performed = match filled.text("date") {
        "" => None,
        date => {
            let date: Result<Date, _> = date.parse();
            let date = date.map_err(|_| wrong("Please give the day, like 2026-11-27."))?;
            let noon = date.at(12, 0, 0, 0).to_zoned(zone.clone());
            let noon = noon.map_err(|_| wrong("Please give another day."))?;
            Some(Timestamp(noon.timestamp().as_millisecond()))
        }
    };
    let text = text.to_owned();
    Ok(Wish::Serve { services: vec![Service { code: None, text, performed }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("America/New_York").unwrap()
    }

    fn wished(act: &str, body: &str) -> Result<Wish, &'static str> {
        let filled = Filled::read(body.as_bytes()).unwrap();
        wish(act, &filled, &zone()).unwrap().map_err(|wrong| wrong.words)
    }

    #[test]
    fn a_reason_is_chosen_and_said() {
        let Ok(Wish::Target(TargetMove::Reject { why })) =
            wished("decline", "reason=no-capacity&text=")
        else {
            panic!()
        };
        assert_eq!((why.code(), why.text()), ("no-capacity", "We have no room at the moment"));
        let Ok(Wish::Target(TargetMove::Reject { why })) =
            wished("decline", "reason=other&text=We+moved")
        else {
            panic!()
        };
        assert_eq!((why.code(), why.text()), ("other", "We moved"));
        assert_eq!(wished("decline", "text=x"), Err("Please choose a reason."));
        assert_eq!(wished("decline", "reason=made-up&text=x"), Err("Please choose a reason."));
        assert_eq!(
            wished("decline", "reason=other&text=++"),
            Err("Please say why in a few words.")
        );
        let long = format!("reason=other&text={}", "x".repeat(1001));
        assert_eq!(wished("decline", &long), Err("Please use fewer words."));
    }

    #[test]
    fn an_appointment_is_where_the_organization_is() {
        let booked = wished("appointment", "date=2026-11-27&time=16%3A00&place=Side+door");
        let start = Timestamp(1_795_813_200_000);
        let place = Some("Side door".to_owned());
        assert_eq!(booked, Ok(Wish::Book(Appointment { start, place })));
        for (body, words) in [
            ("date=&time=16:00", "Please give the day"),
            ("date=27.11.2026&time=16:00", "Please give the day"),
            ("date=2026-11-27&time=", "Please give the time"),
            ("date=2026-03-08&time=02:30", "The clocks change then"),
            ("date=2026-11-01&time=01:30", "The clocks change then"),
        ] {
            assert!(wished("appointment", body).unwrap_err().starts_with(words), "{body}");
        }
    }

    #[test]
    fn what_was_given_is_said_and_when_may_be() {
        let given = wished("served", "text=Food+box&date=2026-11-27");
        let performed = Some(Timestamp(1_795_798_800_000));
        let box_of = |performed| {
            let service = Service { code: None, text: "Food box".into(), performed };
            Ok(Wish::Serve { services: vec![service] })
        };
        assert_eq!(given, box_of(performed));
        let now = wished("served", "text=Food+box&date=");
        assert_eq!(now, box_of(None));
        assert!(
            wished("served", "text=").is_err() && wished("served", "text=x&date=soon").is_err()
        );
        assert!(wish("delete", &Filled::default(), &zone()).is_none());
        assert!(Filled::read(b"text=a&text=b").is_none());
    }
}
