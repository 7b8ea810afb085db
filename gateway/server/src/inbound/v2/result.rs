//! What a source observed or wrote down about a person (ORU^R01, MDM^T02) that no referral of a
//! target is named by: kept for a person known here, as its FHIR door would keep it. Of anybody else,
//! nothing is kept.

use loopgate_referral::{PersonEvent, PersonId, Presented};

use super::door::Hand;
use super::person::identifiers;
use super::{No, Told, refer, sound};
use crate::bundle::{Known, not_kept, parts};
use crate::gate::Gate;
use crate::intake;
use crate::scribe::Purpose;
use crate::v2;

const NOBODY_KNOWN: &str = "nobody of whom it speaks is known here; nothing of it is kept";

/// Takes results, all orders of the message or none.
pub fn take(hand: &Hand<'_>) -> Result<(), No> {
    refer::refers(hand)?;
    let mut told = Told::default();
    let mut all = Vec::new();
    for (nth, one) in hand.orders()?.iter().enumerate() {
        let mut read = hand.read(one)?;
        if !is_known(hand, &identifiers(&read.pivot["Patient"]["identifier"])) {
            return hand.set_aside(NOBODY_KNOWN);
        }
        // No referral is made of it.
        if let Some(pivot) = read.pivot.as_object_mut() {
            pivot.remove("Task");
            pivot.remove("ServiceRequest");
        }
        let requester = Gate::organization(hand.org());
        let authored = v2::written_at(&hand.header.time, &hand.partner.time_zone);
        let known = Known {
            requester: Some(&requester),
            authored_on: authored.as_deref(),
            message: Some(hand.kind()),
        };
        all.extend(refer::apart(parts(&read.pivot, &known), nth));
        told.not_carried.extend(not_kept(&read.carried));
        told.not_carried.extend(read.not_carried);
    }
    told.not_carried.sort();
    told.not_carried.dedup();
    let hearing = hand.hearing(told, true);
    intake::message(hand.gate, hand.org(), (hand.key, Purpose::Keep), all, hearing)
        .map(drop)
        .map_err(|trouble| sound(trouble, Some(hand.mapping)))
}

/// Whether a person with these identifiers is known here, by what this partner may say of persons.
fn is_known(hand: &Hand<'_>, presented: &[loopgate_referral::Identifier]) -> bool {
    let presented = Presented {
        by: hand.org().clone(),
        index: hand.partner.patient_index.clone(),
        identifiers: presented.to_vec(),
        sameness: None,
    };
    let shared = &hand.gate.config.identity.shared_systems;
    let world = hand.gate.scribe.published().world();
    let nobody = PersonId::from_random([0; 16]);
    let (_, facts) = world.persons.decide(&presented, shared, nobody);
    facts.iter().all(|fact| matches!(fact, PersonEvent::Linked { .. }))
}
