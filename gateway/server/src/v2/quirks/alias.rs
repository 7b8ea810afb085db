//! A link's own fields and codes, read as what they stand for and written beside it.

use loopgate_hl7v2::{
    Component, Field, Location, Message, Repetition, Segment, escape, is_null, unescape,
};

use super::leaf;
use crate::partner::{Carries, Code, Link, ZField};

/// LOINC's code of a consent; OBX-5 carries the token (a JWS, which has no sign that parts a message).
const CONSENT: &str = "59284-0";
/// Table 0396: a code that is nobody's but the sender's.
const LOCAL: &str = "L";

/// Reads codes and fields of the link as the standard's. Codes come first, so that a field may have
/// codes of its own.
pub(super) fn read(message: &mut Message, link: &Link) {
    codes(message, link, |code, found, _| (code.theirs == found).then_some((&code.ours, None)));
    for one in &link.z_fields {
        carry(message, one);
    }
}

/// Says to a link what it says in its own way: its codes for ours, and in its own fields besides what
/// stands in the field of the standard.
pub fn speak(message: &mut Message, link: &Link) {
    for one in &link.z_fields {
        repeat(message, one);
    }
    codes(message, link, |code, found, system| {
        let same = code.system.as_deref().is_none_or(|of| of == system);
        (code.ours == found && same).then_some((&code.theirs, Some(LOCAL)))
    });
}

/// Of the paths that a mapping did not carry, those that an acknowledgement mentions: a field that is
/// known to carry nothing is not told to its sender again and again. The record keeps them all.
pub fn quiet(not_carried: Vec<String>, link: &Link) -> Vec<String> {
    let silent = |one: &&ZField| one.carries == Carries::Nothing;
    let silent: Vec<String> =
        link.z_fields.iter().filter(silent).map(|one| one.field.to_string()).collect();
    let inside = |path: &str, field: &str| {
        path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let told = |path: &String| !silent.iter().any(|field| inside(path, field));
    not_carried.into_iter().filter(told).collect()
}

/// In each field that the link has codes for, one code by what `other` answers for it: the text in its
/// place, and the system if it is not the code's own.
fn codes<'l>(
    message: &mut Message,
    link: &'l Link,
    other: impl Fn(&'l Code, &str, &str) -> Option<(&'l String, Option<&'static str>)>,
) {
    let mut fields: Vec<&Location> = link.codes.iter().map(|code| &code.field).collect();
    fields.sort_unstable();
    fields.dedup();
    let delimiters = message.delimiters;
    for at in fields {
        let component = at.component.unwrap_or(1);
        let segments = message.segments.iter_mut().filter(|one| one.name == at.segment);
        for segment in segments {
            for repetition in 0..leaf::repetitions(segment, at.field) {
                let text = |component| {
                    unescape(leaf::get(segment, at.field, repetition, component), &delimiters)
                };
                let (found, system) = (text(component), text(component + 2));
                let here = link.codes.iter().filter(|code| code.field == *at);
                let said =
                    here.filter_map(|code| Some((code, other(code, &found, &system)?))).next();
                let Some((code, (text, local))) = said else { continue };
                let text = escape(text, &delimiters);
                leaf::set(segment, at.field, repetition, component, &text);
                if let Some(own) = &code.system {
                    let system = local.map_or_else(|| escape(own, &delimiters), str::to_owned);
                    leaf::set(segment, at.field, repetition, component + 2, &system);
                }
            }
        }
    }
}

/// What a field of the link's own says, put where the standard says it, unless something else stands
/// there already: then both stay, and the link's own is listed as not carried.
fn carry(message: &mut Message, one: &ZField) {
    let Some(standard) = one.carries.stands_for() else { return };
    let found = message.segments.iter().position(|segment| segment.name == one.field.segment);
    let Some(at) = found else { return };
    let Some(said) = said(&message.segments[at], &one.field) else { return };
    let first = first_text(&said);
    let there = segment_at(message, &standard)
        .and_then(|n| leaf::whole(&message.segments[n], standard.field).cloned());
    match (one.carries, there) {
        // N prohibits nothing.
        (Carries::ContactProhibited, _) if first == "N" => {}
        (_, Some(there)) if first_text(&there) == first => {}
        // Of two that contradict each other the one that protects holds.
        (Carries::ContactProhibited, Some(there)) if first_text(&there) == "N" => {
            put(message, &standard, said);
        }
        (_, Some(_)) => return,
        (_, None) => put(message, &standard, said),
    }
    let at = at_of(message, one);
    match one.field.component {
        None => leaf::clear(&mut message.segments[at], one.field.field),
        Some(n) => leaf::set(&mut message.segments[at], one.field.field, 0, n, ""),
    }
}

/// Where the link's own segment stands now; a segment may have been put before it.
fn at_of(message: &Message, one: &ZField) -> usize {
    let found = message.segments.iter().position(|segment| segment.name == one.field.segment);
    found.unwrap_or_else(|| unreachable!("a segment that was read is there"))
}

/// What stands in the field of the standard, put in the link's own as well.
fn repeat(message: &mut Message, one: &ZField) {
    let Some(standard) = one.carries.stands_for() else { return };
    let Some(at) = segment_at(message, &standard) else { return };
    let Some(there) = leaf::whole(&message.segments[at], standard.field).cloned() else { return };
    let own = message.segments.iter().position(|segment| segment.name == one.field.segment);
    let own = own.unwrap_or_else(|| {
        let fields = Vec::new();
        message.segments.insert(at + 1, Segment { name: one.field.segment.clone(), fields });
        at + 1
    });
    let segment = &mut message.segments[own];
    match one.field.component {
        None => leaf::put(segment, one.field.field, there),
        Some(n) => leaf::set(segment, one.field.field, 0, n, &first_text(&there)),
    }
}

/// What a place of the link's own says: the whole field, or a component as a field.
fn said(segment: &Segment, place: &Location) -> Option<Repetition> {
    let whole = leaf::whole(segment, place.field)?;
    let Some(component) = place.component else { return Some(whole.clone()) };
    let text = leaf::get(segment, place.field, 0, component);
    let says = !text.is_empty() && !is_null(text);
    says.then(|| Repetition(vec![Component(vec![text.to_owned()].into())].into()))
}

fn first_text(one: &Repetition) -> String {
    let text = one.0.first().and_then(|component| component.0.first());
    text.map(|text| text.as_str().to_owned()).unwrap_or_default()
}

/// The segment a place of the standard is in: the first of its name, or the OBX of a consent.
fn segment_at(message: &Message, place: &Location) -> Option<usize> {
    message.segments.iter().position(|segment| {
        let consent = segment.name != "OBX" || leaf::get(segment, 3, 0, 1) == CONSENT;
        segment.name == place.segment && consent
    })
}

fn put(message: &mut Message, place: &Location, said: Repetition) {
    let at = segment_at(message, place).unwrap_or_else(|| {
        let segment = new_segment(&place.segment);
        let behind =
            if segment.name == "OBX" { before_orders(message) } else { behind_pid(message) };
        message.segments.insert(behind, segment);
        behind
    });
    leaf::put(&mut message.segments[at], place.field, said);
}

fn new_segment(name: &str) -> Segment {
    let mut segment = Segment { name: name.to_owned(), fields: Vec::<Field>::new() };
    if name == "OBX" {
        leaf::set(&mut segment, 2, 0, 1, "ST");
        for (component, text) in [(1, CONSENT), (2, "Patient Consent"), (3, "LN")] {
            leaf::set(&mut segment, 3, 0, component, text);
        }
        leaf::set(&mut segment, 11, 0, 1, "F");
    }
    segment
}

/// A consent is about all orders of a message, so it stands before the first.
fn before_orders(message: &Message) -> usize {
    let order = |segment: &Segment| matches!(segment.name.as_str(), "ORC" | "OBR");
    message.segments.iter().position(order).unwrap_or(message.segments.len())
}

fn behind_pid(message: &Message) -> usize {
    let pid = message.segments.iter().position(|segment| segment.name == "PID");
    pid.map_or(message.segments.len(), |at| at + 1)
}
