//! `[hl7v2]` of a partner file: every key and default.

use loopgate_consent::DataClass;
use loopgate_hl7v2::{Location, Which};
use loopgate_referral::{NeedCode, OrgId};
use toml::de::DeValue;

use crate::config::section::{OnLine, Read, Section};
use crate::config::value;
use crate::partner::alias::{Carries, Code, ZField};
use crate::partner::lenient::Lenient;
use crate::partner::link::{
    Answers, Authority, How, Link, Named, Outcomes, PARK_AFTER, Requests, Rule, VERSION,
};

/// What MSH-12 may say (table 0104).
const VERSIONS: [&str; 14] = [
    "2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1",
    "2.8.2", "2.9",
];
const RULES_MAX: usize = 500;
const CODES_MAX: usize = 1000;
const Z_FIELDS_MAX: usize = 200;

/// A link, and what is to be held against the rest of the file and of the folder.
pub(super) struct Lined {
    pub(super) link: Link,
    /// The file names an endpoint, though it may be none.
    pub(super) has_endpoint: bool,
    /// The targets that rules name.
    pub(super) targets: Vec<OnLine<OrgId>>,
}

pub(super) fn link(s: &mut Section<'_, '_>) -> Option<Lined> {
    let application = s.must("application", namespace);
    let facility = s.must("facility", namespace);
    let has_endpoint = s.has("endpoint");
    let endpoint = s.maybe("endpoint", value::parsed("host:port"));
    let authorities = authorities(s);
    let authority = authority(s, &authorities);
    let frame_bytes_max =
        s.maybe("frame_bytes_max", value::integer::<usize>(1024..=64 * 1024 * 1024));
    let charset = s.maybe("charset", value::parsed("UNICODE UTF-8, ASCII, or like 8859/1"));
    let versions = VERSIONS.map(|one| (one, one));
    let version = s.or("version", VERSION, value::one_of(&versions)).to_owned();
    let answers: Answers = word(s, "answers");
    let appointments: How = word(s, "appointments");
    let outcomes: Outcomes = word(s, "outcomes");
    let requests: Requests = word(s, "requests");
    let referrals = referrals(s);
    let lenient = s.list("lenient", value::one_of(Lenient::NAMES));
    let sequence = s.or("sequence", false, value::flag);
    let park_after = s.or("park_after", PARK_AFTER, value::integer::<u32>(1..=1000));
    let z_fields = z_fields(s);
    let codes = codes(s);
    let targets =
        referrals.iter().filter_map(|(line, rule)| Some((*line, rule.target.clone()?))).collect();
    let mut link = Link {
        endpoint,
        authorities,
        authority,
        frame_bytes_max,
        version,
        answers,
        appointments,
        outcomes,
        requests,
        referrals: referrals.into_iter().map(|(_, rule)| rule).collect(),
        lenient: lenient.into_iter().map(|(_, one)| one).collect(),
        sequence,
        park_after,
        z_fields,
        codes,
        ..Link::new(&application?, &facility?)
    };
    link.charset = charset.unwrap_or(link.charset);
    Some(Lined { link, has_endpoint, targets })
}

/// A setting that is one of a few words.
fn word<T: Named>(s: &mut Section<'_, '_>, key: &str) -> T {
    let default = T::NAMES[0].1;
    s.or(key, default, value::one_of(T::NAMES))
}

fn authorities(s: &mut Section<'_, '_>) -> Vec<Authority> {
    let found = s.tables("authorities", |s| {
        let name = s.must("name", namespace);
        let system = s.must("system", value::uri);
        Some(Authority { name: name?, system: system? })
    });
    let mut one_to_one: Vec<Authority> = Vec::new();
    for (line, authority) in found {
        let taken = |one: &Authority| one.name == authority.name || one.system == authority.system;
        if one_to_one.iter().any(taken) {
            s.note(line, "authorities", "gives a name or a system twice");
        } else {
            one_to_one.push(authority);
        }
    }
    one_to_one
}

fn authority(s: &mut Section<'_, '_>, authorities: &[Authority]) -> Option<String> {
    let line = s.line_of("authority");
    let found = s.maybe("authority", namespace)?;
    if authorities.iter().all(|one| one.name != found) {
        s.note(line, "authority", "is none of the names in authorities");
    }
    Some(found)
}

fn referrals(s: &mut Section<'_, '_>) -> Vec<OnLine<Rule>> {
    let found = s.tables("referrals", |s| {
        let (by_code, by_diagnosis) = (s.has("code"), s.has("diagnosis"));
        let line = s.line_of("system");
        let code = s.maybe("code", value::text);
        let system = s.maybe("system", value::text);
        let diagnosis = s.maybe("diagnosis", diagnosis);
        let need = s.maybe("need", need);
        let target = s.maybe("target", value::parsed("the name of a partner"));
        if !by_code && !by_diagnosis {
            s.note(line, "code", "is missing: give code or diagnosis");
        }
        if !by_code && system.is_some() {
            s.note(line, "system", "is for a rule with a code");
        }
        Some(Rule { code, system, diagnosis, need, target })
    });
    bounded(s, "referrals", found, RULES_MAX, |one, other| {
        let asks = |rule: &Rule| (rule.code.clone(), rule.system.clone(), rule.diagnosis.clone());
        asks(one) == asks(other)
    })
}

/// The beginning of an ICD-10 code, which begins with a letter.
fn diagnosis(found: &DeValue<'_>) -> Read<String> {
    let text = value::text(found)?;
    let sound = text.len() <= 10
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'.');
    if sound { Ok(text) } else { Err("is not how a diagnosis begins, like Z59".to_owned()) }
}

fn need(found: &DeValue<'_>) -> Read<NeedCode> {
    let need: Option<NeedCode> = value::text(found)?.parse().ok();
    let known = need.filter(|need| DataClass::of(need).is_some());
    known.ok_or_else(|| "is not an SDOHCC category, like food-insecurity".to_owned())
}

fn z_fields(s: &mut Section<'_, '_>) -> Vec<ZField> {
    let found = s.tables("z_fields", |s| {
        let line = s.line_of("field");
        let field = s.must("field", place);
        let carries: Option<Carries> = s.must("carries", value::one_of(Carries::NAMES));
        let field = field?;
        if !field.segment.starts_with('Z') {
            s.note(line, "field", "is not a field of a Z segment");
        }
        Some(ZField { field, carries: carries? })
    });
    let said_twice = |one: &ZField, other: &ZField| {
        let twice = one.carries == other.carries && one.carries != Carries::Nothing;
        one.field == other.field || twice
    };
    let found = bounded(s, "z_fields", found, Z_FIELDS_MAX, said_twice);
    found.into_iter().map(|(_, one)| one).collect()
}

fn codes(s: &mut Section<'_, '_>) -> Vec<Code> {
    let found = s.tables("codes", |s| {
        let field = s.must("field", place);
        let theirs = s.must("theirs", value::text);
        let ours = s.must("ours", value::text);
        let system = s.maybe("system", value::text);
        Some(Code { field: field?, theirs: theirs?, ours: ours?, system })
    });
    let twice = |one: &Code, other: &Code| one.field == other.field && one.theirs == other.theirs;
    bounded(s, "codes", found, CODES_MAX, twice).into_iter().map(|(_, one)| one).collect()
}

/// A place without selections. MSH says who speaks, and is nobody's alias.
fn place(found: &DeValue<'_>) -> Read<Location> {
    let place: Location = value::parsed("a place, like RF1-3 or ZPD-4.1")(found)?;
    let plain = place.of == Which::First && place.which == Which::First;
    if plain && place.segment != "MSH" {
        Ok(place)
    } else {
        Err("is not a plain place outside MSH".to_owned())
    }
}

/// No more of them than `max`, and none that says what one before it says.
fn bounded<T>(
    s: &mut Section<'_, '_>,
    key: &str,
    found: Vec<OnLine<T>>,
    max: usize,
    twice: impl Fn(&T, &T) -> bool,
) -> Vec<OnLine<T>> {
    let mut kept: Vec<OnLine<T>> = Vec::new();
    for (line, one) in found {
        if kept.len() == max {
            s.note(line, key, format!("has more than {max} entries"));
            break;
        }
        if kept.iter().any(|(_, other)| twice(&one, other)) {
            s.note(line, key, "says the same thing twice");
        } else {
            kept.push((line, one));
        }
    }
    kept
}

/// A namespace id (HD.1, table 0300): at most 20 characters before v2.7, and none that parts a
/// message.
fn namespace(found: &DeValue<'_>) -> Read<String> {
    let text = value::text(found)?;
    let sound =
        text.len() <= 20 && text.bytes().all(|b| b.is_ascii_graphic() && !br"|^~\&#".contains(&b));
    if sound { Ok(text) } else { Err("is not 1 to 20 letters, digits and signs".to_owned()) }
}
