//! Who is who: ADT of persons that are known here, and of nobody else. loopgate is no patient index:
//! of a person it does not know, nothing is kept.

use loopgate_referral::Identifier;
use serde_json::Value;

use super::door::Hand;
use super::{No, Told, refer, sound};
use crate::bundle::{Known, not_kept, parts};
use crate::intake;
use crate::scribe::{Command, Merge, Purpose};

const NOBODY_KNOWN: &str = "nobody of whom it speaks is known here; nothing of it is kept";

/// Takes an ADT message.
pub fn take(hand: &Hand<'_>) -> Result<(), No> {
    refer::refers(hand)?;
    if hand.header.event == "A40" { merge(hand) } else { demographics(hand) }
}

fn demographics(hand: &Hand<'_>) -> Result<(), No> {
    let read = hand.read(hand.message)?;
    let known = Known::default();
    let parts = parts(&read.pivot, &known);
    let parts = parts.into_iter().filter(|part| part.resource["resourceType"] == "Patient");
    let mut told = Told { not_carried: read.not_carried, ..Told::default() };
    told.not_carried.extend(not_kept(&read.carried));
    told.not_carried.sort();
    told.not_carried.dedup();
    let hearing = hand.hearing(told, true);
    let stored = intake::message(
        hand.gate,
        hand.org(),
        (hand.key, Purpose::Demographics),
        parts.collect(),
        hearing,
    );
    let stored = stored.map_err(|trouble| sound(trouble, Some(hand.mapping)))?;
    if stored.is_empty() { hand.set_aside(NOBODY_KNOWN) } else { Ok(()) }
}

/// PID-3 survives, MRG-1 is retired (ADT^A40, v2.5.1 §3.3.40).
fn merge(hand: &Hand<'_>) -> Result<(), No> {
    let read = hand.read(hand.message)?;
    let told = Told { not_carried: read.not_carried, ..Told::default() };
    let merge = Merge {
        org: hand.org().clone(),
        request: hand.key,
        survivor: identifiers(&read.pivot["Patient"]["identifier"]),
        retired: retired(&read.pivot),
        message: Some(hand.hearing(told, true)),
    };
    if !is_known(hand, &merge.retired) {
        return hand.set_aside(NOBODY_KNOWN);
    }
    hand.gate
        .scribe
        .ask_blocking(|reply| Command::Merge(Box::new(merge), reply))
        .map(drop)
        .map_err(|trouble| sound(trouble, Some(hand.mapping)))
}

/// Whether this partner presented somebody with any of these before.
fn is_known(hand: &Hand<'_>, identifiers: &[Identifier]) -> bool {
    let world = hand.gate.scribe.published().world();
    identifiers.iter().any(|one| !world.persons.holding(one).is_empty())
}

fn retired(pivot: &Value) -> Vec<Identifier> {
    let links = pivot["Patient"]["link"].as_array().map_or(&[][..], Vec::as_slice);
    links.iter().filter_map(|link| identifier(&link["other"]["identifier"])).collect()
}

/// The identifiers of a list that say in which namespace they are.
pub fn identifiers(list: &Value) -> Vec<Identifier> {
    list.as_array().into_iter().flatten().filter_map(identifier).collect()
}

fn identifier(one: &Value) -> Option<Identifier> {
    let part = |name: &str| one[name].as_str().map(str::to_owned);
    Some(Identifier { system: part("system")?, value: part("value")? })
}
