//! What target and source told each other beside the steps of a Task: in words, and as notes of a Task.
//!
//! Each note names who wrote it, so that a source can tell it from what others say.

use jiff::tz::TimeZone;
use loopgate_fhir::Annotation;
use loopgate_referral::{Placement, Referral, Remark, Says, Timestamp};

use super::Answer;
use crate::gate::Gate;

/// A piece of news in words, where it has any beside where the referral stands.
pub fn told(says: &Says, zone: &TimeZone) -> Option<String> {
    let words = |text: &str| Some(text.to_owned());
    match says {
        Says::Note(text) => words(text),
        Says::Booked(booked) | Says::Rebooked(booked) => {
            let start = local(booked.start, zone);
            let place = booked.place.as_ref().map(|place| format!(", {place}"));
            Some(format!("appointment scheduled: {start}{}", place.unwrap_or_default()))
        }
        Says::AppointmentCancelled => words("appointment cancelled"),
        Says::NoShow => words("appointment missed"),
        Says::Attempted(attempt) => Some(attempt.words()),
        Says::Commented(text) => Some(format!("comment: {text}")),
        Says::SafeContact(Some(text)) => Some(format!("safe contact: {text}")),
        Says::SafeContact(None) => words("the note on safe contact holds no more"),
        Says::Rerouted(why) => Some(format!("sent on to another organization: {}", why.text())),
        Says::TakenBack => words("the answer was a mistake and is taken back"),
        Says::Attached(attachment) => Some(format!("a document was added: {}", attachment.name)),
        _ => None,
    }
}

/// The notes of a source's Task: its own words, and its target's as far as the answer is let back.
pub fn of_source(gate: &Gate, referral: &Referral, answer: Answer) -> Vec<Annotation> {
    let zone = zone_of(gate, &referral.source);
    let mut notes = Vec::new();
    for placement in referral.placements.iter().filter(|one| !one.taken_back) {
        let (own, theirs) = written(referral, placement, &zone);
        notes.extend(own);
        if answer == Answer::Whole {
            notes.extend(theirs);
        }
    }
    notes.sort_by_key(|note| note.at);
    notes
}

/// The notes of our Task to a target.
pub fn of_target(gate: &Gate, referral: &Referral, placement: &Placement) -> Vec<Annotation> {
    let (theirs, own) = written(referral, placement, &zone_of(gate, &placement.target));
    let mut notes: Vec<Annotation> = theirs.into_iter().chain(own).collect();
    notes.sort_by_key(|note| note.at);
    notes
}

/// What the source wrote, and what the target did.
fn written(
    referral: &Referral,
    placement: &Placement,
    zone: &TimeZone,
) -> (Vec<Annotation>, Vec<Annotation>) {
    let author = |by_target: bool| {
        Gate::organization(if by_target { &placement.target } else { &referral.source })
    };
    let comment = |by_target: bool| {
        let all = placement.comments.iter().filter(move |one| one.by_target == by_target);
        all.map(move |one| Annotation {
            author: author(by_target),
            at: one.at,
            text: one.text.clone(),
        })
    };
    let told = placement.trail.iter().filter_map(|Remark { at, says }| {
        Some(Annotation { author: author(true), at: *at, text: self::told(says, zone)? })
    });
    (comment(false).collect(), comment(true).chain(told).collect())
}

fn zone_of(gate: &Gate, org: &loopgate_referral::OrgId) -> TimeZone {
    let roster = gate.scribe.published().roster.load();
    roster.get(org).map_or(TimeZone::UTC, |partner| partner.time_zone.clone())
}

fn local(at: Timestamp, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}
