//! A referral comes in: REF^I12, or orders that the link calls referrals. All orders of a message, or
//! none; an order that is no referral here is passed over, and its bytes are not kept.

use loopgate_fhir::SDOHCC;
use loopgate_hl7v2::{ErrorCode, Flaw, Message, Place};
use loopgate_referral::ReferralId;
use serde_json::{Value, json};

use super::door::Hand;
use super::keys::in_own_namespace;
use super::{No, Told, act, sound};
use crate::bundle::{Known, Part, not_kept, parts};
use crate::gate::Gate;
use crate::intake;
use crate::partner::Rule;
use crate::scribe::Purpose;
use crate::v2;
use crate::v2::quirks::{Order, order};

/// US Core's category of social needs.
const US_CORE_CATEGORY: &str = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category";
const NO_REFERRAL: &str = "no order in it is one that this link calls a referral; nothing is kept";
const SOME_NO_REFERRAL: &str = "an order in it is none that this link calls a referral";

/// Takes the referrals of a message in.
pub fn take(hand: &Hand<'_>) -> Result<(), No> {
    refers(hand)?;
    let orders = hand.orders()?;
    let mut told = Told::default();
    let mut all = Vec::new();
    for (n, one) in orders.iter().enumerate() {
        let rule = match order(one, hand.link) {
            Order::Referral(rule) => rule,
            Order::Other => continue,
        };
        is_new(hand, one)?;
        let read = hand.read(one)?;
        told.not_carried.extend(not_kept(&read.carried));
        told.not_carried.extend(read.not_carried);
        all.extend(made(hand, read.pivot, rule, n));
    }
    if all.is_empty() {
        return hand.set_aside(NO_REFERRAL);
    }
    told.not_carried.sort();
    told.not_carried.dedup();
    let count = all.iter().filter(|part| part.resource["resourceType"] == "Task").count();
    told.words.extend((count < orders.len()).then_some(SOME_NO_REFERRAL));
    let hearing = hand.hearing(told, count == orders.len());
    intake::message(hand.gate, hand.org(), (hand.key, Purpose::Keep), all, hearing)
        .map(drop)
        .map_err(|trouble| sound(trouble, Some(hand.mapping)))
}

/// The source sends what a referral says anew; where it stands does not change.
pub fn amend(hand: &Hand<'_>, one: &Message, referral: ReferralId) -> Result<(), No> {
    refers(hand)?;
    let rule = match order(one, hand.link) {
        Order::Referral(rule) => rule,
        Order::Other => None,
    };
    let read = hand.read(one)?;
    let mut told = Told { not_carried: read.not_carried, ..Told::default() };
    told.not_carried.extend(not_kept(&read.carried));
    told.not_carried.sort();
    told.not_carried.dedup();
    let parts = made(hand, read.pivot, rule, 0);
    let hearing = hand.hearing(told, true);
    let purpose = Purpose::Amend(referral);
    intake::message(hand.gate, hand.org(), (hand.key, purpose), parts, hearing)
        .map(drop)
        .map_err(|trouble| sound(trouble, Some(hand.mapping)))
}

/// The partner refers, and may hand referrals in.
pub fn refers(hand: &Hand<'_>) -> Result<(), No> {
    if hand.partner.submits() {
        return Ok(());
    }
    Err(hand.not_its_part("is not a message that this partner sends"))
}

/// ORC-1 of an order that nobody here knows says that it is new.
fn is_new(hand: &Hand<'_>, one: &Message) -> Result<(), No> {
    let state = act::state(hand, one, loopgate_mapping::By::Source, "draft")?;
    if matches!(state, "sent") {
        return Ok(());
    }
    let at = v2::place(Some("ORC-2".to_owned()));
    let words = "names no referral of this partner".into();
    Err(Flaw { code: ErrorCode::UnknownKeyIdentifier, at, words }.into())
}

/// The resources of one referral.
fn made(hand: &Hand<'_>, mut pivot: Value, rule: Option<&Rule>, nth: usize) -> Vec<Part> {
    in_own_namespace(&mut pivot, hand.org());
    if let Some(rule) = rule {
        ruled(&mut pivot, rule);
    }
    let requester = Gate::organization(hand.org());
    let authored = v2::written_at(&hand.header.time, &hand.partner.time_zone);
    let known = Known {
        requester: Some(&requester),
        authored_on: authored.as_deref(),
        message: Some(hand.kind()),
    };
    apart(parts(&pivot, &known), nth)
}

/// The resources of the nth order refer to each other, and to none of another order.
pub fn apart(parts: Vec<Part>, nth: usize) -> Vec<Part> {
    let own = format!("-4000-8{:03x}-", nth.min(0xfff));
    let rename = |part: Part| Part {
        url: part.url.replacen(ONE, &own, 1),
        resource: renamed(part.resource, &own),
    };
    parts.into_iter().map(rename).collect()
}

/// In the middle of what the resources of one order call each other.
const ONE: &str = "-4000-8000-";

fn renamed(value: Value, own: &str) -> Value {
    match value {
        Value::String(text) if text.starts_with("urn:uuid:00000000-") => {
            text.replacen(ONE, own, 1).into()
        }
        Value::Array(items) => items.into_iter().map(|item| renamed(item, own)).collect(),
        Value::Object(members) => {
            let members = members.into_iter();
            Value::Object(members.map(|(name, item)| (name, renamed(item, own))).collect())
        }
        other => other,
    }
}

/// What the link knows of such an order and the message does not say: the need, and who serves it.
fn ruled(pivot: &mut Value, rule: &Rule) {
    if let Some(need) = &rule.need
        && pivot.get("ServiceRequest").is_some()
    {
        pivot["ServiceRequest"]["category"] = json!([
            { "coding": [{ "system": US_CORE_CATEGORY, "code": "sdoh" }] },
            { "coding": [{ "system": SDOHCC, "code": need.as_str() }] },
        ]);
    }
    if let Some(target) = &rule.target
        && pivot.get("Task").is_some_and(|task| task.get("owner").is_none())
    {
        pivot["Task"]["owner"] = json!({ "reference": Gate::organization(target) });
    }
}

/// Where the placer number of a message stands, for whoever has to look there.
pub fn placer(message: &Message) -> Option<Place> {
    let there = |name: &str| message.segments.iter().any(|one| one.name == name);
    let at = [("RF1", "RF1-6"), ("ORC", "ORC-2"), ("SCH", "SCH-26"), ("TXA", "TXA-14")]
        .into_iter()
        .find(|(name, _)| there(name));
    v2::place(at.map(|(_, place)| place.to_owned()))
}
