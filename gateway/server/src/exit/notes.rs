//! What target and source told each other beside the steps of a Task: in words, and as notes of a Task.
//!
//! Each note names who wrote it, so that a source can tell it from what others say.

use jiff::tz::TimeZone;
use loopgate_consent::{FieldGroup, Groups};
use loopgate_fhir::Annotation;
use loopgate_referral::{Placement, Referral, Remark, Says, Timestamp};

use super::{Answer, Passing, forward_ask};
use crate::gate::Gate;
use crate::scribe::is_over;

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
    let newest = referral.placements.last().map(|last| &last.target);
    for placement in &referral.placements {
        let (own, theirs) = written(referral, placement, &zone);
        notes.extend(own);
        // It is the newest target's answer that was weighed: another's words are not let back by it.
        if answer == Answer::Whole && Some(&placement.target) == newest {
            notes.extend(theirs);
        }
    }
    notes.sort_by_key(|note| note.at);
    notes
}

/// Whether what a source writes to its target passes under these groups. It is written for the target and
/// no part of a record, so it passes wherever the person's telephone number does; for a need of safety
/// neither does. Nor does it once the placement ended without service.
pub fn pass(groups: &Groups, placement: &Placement) -> bool {
    let free = groups.contains(FieldGroup::Contact) || groups.contains(FieldGroup::Note);
    free && !is_over(placement)
}

/// Whether what the source of a referral writes reaches its target now. Records nothing.
pub fn reach(gate: &Gate, referral: &Referral) -> bool {
    referral.placements.last().is_some_and(|placement| {
        let ask = forward_ask(referral, placement);
        let weighed = gate.egress.weigh(&placement.target, &ask);
        weighed.is_ok_and(|permits| pass(&Passing::of(&permits).groups, placement))
    })
}

/// The notes of our Task to a target: its own words, and its source's as far as they pass.
pub fn of_target(
    gate: &Gate,
    (referral, placement): (&Referral, &Placement),
    groups: &Groups,
) -> Vec<Annotation> {
    let (theirs, own) = written(referral, placement, &zone_of(gate, &placement.target));
    let theirs = theirs.into_iter().filter(|_| pass(groups, placement));
    let mut notes: Vec<Annotation> = theirs.chain(own).collect();
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
