//! What is a link's own, done to its messages: pure functions over a message and a partner's file.
//!
//! Coming in: [`prepare`] the bytes, read them, [`apply`] the rest to the message, then read its header.
//! Going out: [`speak`]. Everything behind the door and before the wire sees the standard alone. The
//! bytes that are kept and hashed are the ones that came. Not here: what a link may say of itself
//! (`partner/link.rs`).

mod alias;
mod leaf;
mod times;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use loopgate_hl7v2::{Message, Segment, escape, is_null};

use crate::partner::{Lenient, Link, Partner, Role, Rule};

pub use alias::{quiet, speak};

/// The bytes of a message, without what the link may get wrong between and behind its segments.
pub fn prepare<'b>(bytes: &'b [u8], link: &Link) -> Cow<'b, [u8]> {
    let bytes = if link.passes(Lenient::TrailingJunk) {
        let junk = |byte: &u8| *byte <= b' ' || *byte == 0x7f;
        &bytes[..bytes.iter().rposition(|byte| !junk(byte)).map_or(0, |last| last + 1)]
    } else {
        bytes
    };
    if link.passes(Lenient::BlankLines) { without_blank_lines(bytes) } else { bytes.into() }
}

/// Every character set that is read has CR and LF, blank and tab for these bytes and for no others.
fn without_blank_lines(bytes: &[u8]) -> Cow<'_, [u8]> {
    let lines = || bytes.split(|byte| matches!(byte, b'\r' | b'\n'));
    let blank = |line: &[u8]| line.iter().all(|byte| matches!(byte, b' ' | b'\t'));
    if !lines().any(blank) {
        return bytes.into();
    }
    lines().filter(|line| !blank(line)).collect::<Vec<_>>().join(&b'\r').into()
}

/// Turns what a partner says in its own way into what the standard says. Call it before the header is
/// read.
pub fn apply(message: &mut Message, partner: &Partner) {
    let Some(link) = &partner.hl7v2 else { return };
    if let Some(msh) = message.segments.first_mut() {
        header(msh, link, partner.production);
    }
    if link.passes(Lenient::Timestamps) {
        times::plain(message);
    }
    alias::read(message, link);
    if let Some(name) = &link.authority {
        own_keys(message, name, partner);
    }
}

fn header(msh: &mut Segment, link: &Link, production: bool) {
    if link.passes(Lenient::ProcessingId) && leaf::get(msh, 11, 0, 1).is_empty() {
        leaf::set(msh, 11, 0, 1, if production { "P" } else { "T" });
    }
    if link.passes(Lenient::Version) && !is_version(leaf::get(msh, 12, 0, 1)) {
        leaf::set(msh, 12, 0, 1, &link.version);
    }
    if link.passes(Lenient::AckCodes) {
        for field in [15, 16] {
            if !matches!(leaf::get(msh, field, 0, 1), "" | "AL" | "NE" | "ER" | "SU") {
                leaf::clear(msh, field);
            }
        }
    }
}

/// From 2.1 to 2.9, and their parts.
fn is_version(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes, [b'2', b'.', b'1'..=b'9'] | [b'2', b'.', b'1'..=b'9', b'.', b'0'..=b'9'])
}

/// The keys that a source gives (placer numbers), and their places: field, component.
const PLACER: [(&str, u16); 6] =
    [("RF1", 6), ("ORC", 2), ("OBR", 2), ("SCH", 1), ("SCH", 26), ("TXA", 14)];
/// The keys that a target gives (filler numbers).
const FILLER: [(&str, u16); 6] =
    [("RF1", 11), ("ORC", 3), ("OBR", 3), ("SCH", 2), ("SCH", 27), ("TXA", 15)];

/// Puts the link's own authority beside the keys that are its own and name none.
fn own_keys(message: &mut Message, name: &str, partner: &Partner) {
    let (source, target) = (partner.is(Role::Source), partner.is(Role::Target));
    let delimiters = message.delimiters;
    let code = message.segments.first().map(|msh| leaf::get(msh, 9, 0, 1).to_owned());
    // Who is both speaks as the one that such a message comes from.
    let own: &[(&str, u16)] = match (source, target, code.as_deref()) {
        (true, false, _) | (true, true, Some("REF" | "ORM" | "OMG")) => &PLACER,
        (false, true, _) | (true, true, Some("RRI" | "ORR" | "ORG" | "OSU")) => &FILLER,
        _ => &[],
    };
    let name = escape(name, &delimiters);
    for segment in &mut message.segments {
        let keys = own.iter().filter(|(of, _)| *of == segment.name).map(|(_, field)| *field);
        for field in keys.collect::<Vec<_>>() {
            own_key(segment, field, 2, &name);
        }
        if segment.name == "PID" {
            own_key(segment, 3, 4, &name);
        }
    }
}

/// `at`: the component that names the authority (EI.2, CX.4).
fn own_key(segment: &mut Segment, field: u16, at: u16, name: &str) {
    for repetition in 0..leaf::repetitions(segment, field) {
        let given = |component| {
            let raw = leaf::get(segment, field, repetition, component);
            !raw.is_empty() && !is_null(raw)
        };
        // An EI may name its authority by an OID alone (EI.3).
        let named = given(at) || leaf::has_parts(segment, field, repetition, at);
        let named = named || (at == 2 && given(3));
        if given(1) && !named {
            leaf::set(segment, field, repetition, at, name);
        }
    }
}

/// Whether an order is a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order<'l> {
    /// It is, by this rule if by one.
    Referral(Option<&'l Rule>),
    /// It is another order.
    Other,
}

/// Whether a message of one order (see [`Message::orders`]) is a referral: a REF always, an ORM or OMG
/// if a rule of the link says so. The first rule that fits is the one that holds.
pub fn order<'l>(message: &Message, link: &'l Link) -> Order<'l> {
    let code = message.segments.first().map_or("", |msh| leaf::get(msh, 9, 0, 1));
    let rule = link.referrals.iter().find(|rule| fits(message, rule));
    match (code, rule) {
        ("REF", rule) | ("ORM" | "OMG", rule @ Some(_)) => Order::Referral(rule),
        _ => Order::Other,
    }
}

fn fits(message: &Message, rule: &Rule) -> bool {
    let (code, system) = (rule.code.as_deref(), rule.system.as_deref());
    let by_code = code.is_none_or(|code| {
        let asked = |(found, of): &(String, String)| {
            found == code && system.is_none_or(|system| of == system)
        };
        leaf::coded(message, &[("OBR", 4), ("OBR", 44)]).iter().any(asked)
    });
    by_code
        && rule.diagnosis.as_deref().is_none_or(|begins| {
            let begins = bare(begins);
            let found = leaf::coded(message, &[("DG1", 3), ("OBR", 31)]);
            found.iter().any(|(code, _)| bare(code).starts_with(&begins))
        })
}

/// An ICD-10 code without its point, which some leave out.
fn bare(code: &str) -> String {
    code.chars().filter(|c| *c != '.').map(|c| c.to_ascii_uppercase()).collect()
}
