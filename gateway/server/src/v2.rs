//! HL7 v2, both ways: what a link gives the mappings, and how we write ourselves.

pub mod quirks;

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use loopgate_fhir::REFERRAL;
use loopgate_hl7v2::{Dtm, Message, Place};
use loopgate_mapping::Constants;
use loopgate_referral::Timestamp;
use sha2::{Digest, Sha256};

use crate::partner::Authority;

/// MSH-3 of what we write.
pub const APPLICATION: &str = "LOOPGATE";

/// What the mappings need to know of a link.
pub fn constants(authorities: &[Authority], zone: TimeZone) -> Constants {
    let pairs = authorities.iter().map(|one| (one.system.clone(), one.name.clone()));
    let mut pairs: Vec<(String, String)> = pairs.collect();
    // Our own numbers are of an authority too, unless the link calls it otherwise.
    if pairs.iter().all(|(system, name)| system != REFERRAL && name != APPLICATION) {
        pairs.push((REFERRAL.to_owned(), APPLICATION.to_owned()));
    }
    let constants: Constants = [("referral", REFERRAL)].into_iter().collect();
    constants.with_table("authorities", pairs).in_zone(zone)
}

/// An instant as MSH-7 says it, in UTC.
pub fn time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%Y%m%d%H%M%S+0000").to_string()
}

/// When a message says it was written, as FHIR writes an instant; nothing if it does not say.
pub fn written_at(msh7: &str, zone: &TimeZone) -> Option<String> {
    let dtm: Dtm = msh7.parse().ok()?;
    let day = jiff::civil::date(
        i16::try_from(dtm.year).ok()?,
        i8::try_from(dtm.month?).ok()?,
        i8::try_from(dtm.day?).ok()?,
    );
    let part = |part: Option<u8>| i8::try_from(part.unwrap_or(0)).ok();
    let local = day.at(part(dtm.hour)?, part(dtm.minute)?, part(dtm.second)?, 0);
    let zone = match dtm.offset {
        Some(minutes) => {
            let seconds = i32::from(minutes) * 60;
            TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).ok()?)
        }
        None => zone.clone(),
    };
    Some(local.to_zoned(zone).ok()?.timestamp().to_string())
}

/// A control id of ours: 20 characters, the same for the same thing.
pub fn control_id(of: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in of {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut id = String::from("L");
    for byte in &hash.finalize()[..10] {
        let _ = write!(id, "{byte:02X}");
    }
    id.truncate(20);
    id
}

/// The text at a place of a message, as `ORC-5`, if there is any.
pub fn value(message: &Message, place: &str) -> Option<String> {
    let place: Place = place.parse().ok()?;
    let (field, component) = (place.field?, place.component.unwrap_or(1));
    message.text(&place.segment, field.into(), component.into())
}

/// Where a mapping says what a FHIR expression names, as ERR-2 says it.
pub fn place(right: Option<String>) -> Option<Place> {
    right?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_when_it_was_written() {
        let york = TimeZone::get("America/New_York").unwrap();
        let at = |text: &str| written_at(text, &york);
        assert_eq!(at("20261120094000").as_deref(), Some("2026-11-20T14:40:00Z"));
        assert_eq!(at("20261120094000+0100").as_deref(), Some("2026-11-20T08:40:00Z"));
        assert_eq!(at("20261120").as_deref(), Some("2026-11-20T05:00:00Z"));
        assert_eq!(at("202611"), None);
        assert_eq!(at(""), None);
        assert_eq!(time(Timestamp(1_795_341_600_000)), "20261122100000+0000");
    }

    #[test]
    fn the_same_thing_has_the_same_control_id() {
        let one = control_id(&[b"a", b"b"]);
        assert_eq!(one.len(), 20);
        assert_eq!(one, control_id(&[b"a", b"b"]));
        assert_ne!(one, control_id(&[b"ab", b""]));
    }
}
