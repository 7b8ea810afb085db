//! From `partners/NAME.toml` to [`Partner`]: every key and default stands here.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use loopgate_consent::Action;
use loopgate_referral::{Identifier, OrgId};
use loopgate_token::KeySet;
use toml::de::DeValue;

use super::{Agreement, Channel, ChannelKind, LEGAL_CLASSES, Partner, Payload, Push, Role};
use crate::config::section::{self, OnLine, Read, Section};
use crate::config::{Problem, value};
use crate::identity::{Client, Keys};

mod link;

/// A partner, the lines of what no other partner may have, and whom it names.
pub(super) struct Lined {
    pub(super) partner: Partner,
    pub(super) targets: Vec<OnLine<OrgId>>,
    pub(super) identifier_lines: Vec<Option<u32>>,
    pub(super) certificate_lines: Vec<Option<u32>>,
}

pub(super) fn read(org: OrgId, text: &str) -> Result<Lined, Vec<Problem>> {
    let file = format!("partners/{org}.toml");
    section::read(&file, text, |root| partner(root, org)).finish()
}

fn partner(s: &mut Section<'_, '_>, org: OrgId) -> Option<Lined> {
    let name = s.must("name", value::text);
    let roles = roles(s);
    let legal_class = s.must("legal_class", value::one_of(&LEGAL_CLASSES));
    let purpose = s.maybe("purpose", value::parsed("a purpose of use, like CAREMGT"));
    let purposes = s.list("purposes", value::parsed("a purpose of use, like CAREMGT"));
    let treats = s.or("treats", false, value::flag);
    let associate = s.or("business_associate", false, value::flag);
    let break_glass = s.or("break_glass", false, value::flag);
    let wants_token = s.or("consent_token", false, value::one_of(&TOKENS));
    let actions = actions(s, &roles);
    let (identifier_lines, identifiers) = s.tables("identifiers", identifier).into_iter().unzip();
    let patient_index = s.maybe("patient_index", value::text);
    let certificates = s.list("certificate_sha256", sha256);
    let (certificate_lines, certificates) = certificates.into_iter().unzip();
    let time_zone = s.or("time_zone", TimeZone::UTC, zone);
    let production = s.or("production", false, value::flag);
    let suspended = s.or("suspended", false, value::flag);
    let agreement = s.maybe_section("agreement", |s| agreement(s, &time_zone));
    let (has_channel, channel_line) = (s.has("channel"), s.line_of("channel"));
    let channel = s.maybe_section("channel", channel);
    let has_link = s.has("hl7v2");
    let link = s.maybe_section("hl7v2", link::link);
    let client = s.maybe_section("client", client);
    if roles.contains(&Role::Target) && !has_channel {
        s.note(None, "channel", "is missing, a target needs one");
    }
    let no_endpoint = link.as_ref().map_or(!has_link, |link| !link.has_endpoint);
    if no_endpoint && matches!(&channel, Some(one) if one.kind == ChannelKind::Hl7v2) {
        s.note(channel_line, "hl7v2.endpoint", "is missing, an hl7v2 channel needs one");
    }
    let (hl7v2, targets) = link.map(|one| (one.link, one.targets)).unzip();
    let partner = Partner {
        org,
        name: name?,
        roles,
        legal: legal_class?,
        purpose,
        purposes: purposes.into_iter().map(|(_, purpose)| purpose).collect(),
        treats,
        associate,
        break_glass,
        wants_token,
        actions,
        identifiers,
        patient_index,
        certificates,
        time_zone,
        production,
        suspended,
        agreement,
        channel,
        hl7v2,
        client,
    };
    let targets = targets.unwrap_or_default();
    Some(Lined { partner, targets, identifier_lines, certificate_lines })
}

/// Whether a consent token has to come with what a partner asks.
const TOKENS: [(&str, bool); 2] = [("optional", false), ("required", true)];

fn roles(s: &mut Section<'_, '_>) -> BTreeSet<Role> {
    let (given, line) = (s.has("roles"), s.line_of("roles"));
    let names = Role::ALL.map(|role| (role.name(), role));
    let found = s.list("roles", value::one_of(&names));
    if found.is_empty() {
        s.note(line, "roles", if given { "names no role" } else { "is missing" });
    }
    found.into_iter().map(|(_, role)| role).collect()
}

fn actions(s: &mut Section<'_, '_>, roles: &BTreeSet<Role>) -> BTreeSet<Action> {
    let given = s.has("actions");
    let names = Action::ALL.map(|action| (action.name(), action));
    let found = s.list("actions", value::one_of(&names));
    if given {
        found.into_iter().map(|(_, action)| action).collect()
    } else {
        roles.iter().flat_map(|role| role.actions()).copied().collect()
    }
}

fn identifier(s: &mut Section<'_, '_>) -> Option<Identifier> {
    let system = s.must("system", value::uri);
    let found = s.must("value", value::text);
    Some(Identifier { system: system?, value: found? })
}

fn sha256(found: &DeValue<'_>) -> Read<[u8; 32]> {
    let text = value::text(found)?;
    let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
    let mut sha256 = [0; 32];
    match hex::decode_to_slice(&text, &mut sha256) {
        Ok(()) if lower => Ok(sha256),
        _ => Err("is not 64 lower-case hex digits".to_owned()),
    }
}

fn zone(found: &DeValue<'_>) -> Read<TimeZone> {
    let refused = |_| "is not a time zone of the IANA database".to_owned();
    TimeZone::get(&value::text(found)?).map_err(refused)
}

fn agreement(s: &mut Section<'_, '_>, zone: &TimeZone) -> Option<Agreement> {
    let reference = s.must("reference", value::text);
    let last_day = |found: &DeValue<'_>| {
        let day: Date = value::parsed("a date, like 2027-12-31")(found)?;
        let dated = Agreement::new(String::new(), day, zone);
        dated.ok_or_else(|| "is past the end of the calendar".to_owned())
    };
    let dated = s.must("expires", last_day);
    Some(Agreement { reference: reference?, ..dated? })
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Rest,
    Push,
    Email,
    Hl7v2,
}

fn channel(s: &mut Section<'_, '_>) -> Option<Channel> {
    let kinds = [
        ("rest", Kind::Rest),
        ("push", Kind::Push),
        ("email", Kind::Email),
        ("hl7v2", Kind::Hl7v2),
    ];
    let kind = s.must("kind", value::one_of(&kinds));
    let known = dialects(kind);
    let dialect = s.or("dialect", known[0].1, value::one_of(known)).to_owned();
    for (key, whose, one) in [
        ("endpoint", Kind::Push, "a push channel needs one"),
        ("address", Kind::Email, "an email channel needs one"),
        ("pin_hash", Kind::Email, "an email channel needs one"),
        ("payload", Kind::Push, ""),
        ("signed", Kind::Push, ""),
        ("contact", Kind::Push, ""),
    ] {
        let (given, line) = (s.has(key), s.line_of(key));
        match (kind?, given) {
            (kind, false) if kind == whose && !one.is_empty() => {
                s.note(line, key, format!("is missing, {one}"))
            }
            (kind, true) if kind != whose => s.note(line, key, "is for another kind of channel"),
            _ => {}
        }
    }
    let endpoint = s.maybe("endpoint", value::https);
    let address = s.maybe("address", value::address);
    let pin =
        s.maybe("pin_hash", value::parsed("an Argon2id hash; `loopgate partner pin` makes one"));
    let payloads = Payload::ALL.map(|one| (one.name(), one));
    let payload = s.or("payload", Payload::Reference, value::one_of(&payloads));
    let signed = s.or("signed", true, value::flag);
    let contact = s.maybe("contact", value::address);
    let kind = match kind? {
        Kind::Rest => ChannelKind::Rest,
        Kind::Push => ChannelKind::Push(Push { endpoint: endpoint?, payload, signed, contact }),
        Kind::Email => ChannelKind::Email { address: address?, pin: pin? },
        Kind::Hl7v2 => ChannelKind::Hl7v2,
    };
    Some(Channel { dialect, kind })
}

fn client(s: &mut Section<'_, '_>) -> Option<Client> {
    let line = s.line_of("jwks").or(s.line_of("jwks_uri"));
    let here = s.maybe("jwks", jwks);
    let at = s.maybe("jwks_uri", value::https);
    let keys = match (here, at) {
        (Some(text), None) => Some(Keys::Here(text)),
        (None, Some(url)) => Some(Keys::At(url)),
        (Some(_), Some(_)) => {
            s.note(line, "jwks_uri", "is given beside jwks; one of them is enough");
            None
        }
        (None, None) => {
            if line.is_none() {
                s.note(None, "jwks", "is missing: give jwks or jwks_uri");
            }
            None
        }
    };
    let scopes = s.must("scopes", value::parsed("a list of scopes like system/Task.rs"));
    let udap = s.or("udap", false, value::flag);
    let bearer = s.or("bearer", false, value::flag);
    Some(Client { keys: keys?, scopes: scopes?, udap, bearer })
}

/// A JWK set by value: several lines, as JSON is written.
fn jwks(found: &DeValue<'_>) -> Read<String> {
    let DeValue::String(text) = found else { return Err(section::wants("a string", found)) };
    match KeySet::parse(text.as_bytes()) {
        Ok(_) => Ok(text.trim().to_owned()),
        Err(bad) => Err(bad.to_string()),
    }
}

/// The dialects that a channel of this kind speaks.
fn dialects(kind: Option<Kind>) -> &'static [(&'static str, &'static str)] {
    const KNOWN: [(&str, &str); 2] = [("cbo-json", "cbo-json"), ("hl7v2", "hl7v2")];
    match kind {
        Some(Kind::Hl7v2) => &KNOWN[1..],
        Some(_) => &KNOWN[..1],
        None => &KNOWN,
    }
}
