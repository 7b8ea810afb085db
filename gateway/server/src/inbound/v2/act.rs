//! Something happened to a referral that is known here: its source or its target says so. What it
//! means is read from the state table, whose side speaks being part of the key.

use loopgate_hl7v2::{ErrorCode, Flaw, Message};
use loopgate_mapping::{By, Read, Said};
use loopgate_referral::{Identifier, PlacementId, ReferralId, SourceMove, TaskStatus, Timestamp};
use serde_json::Value;

use super::door::Hand;
use super::keys::{Named, named};
use super::{No, Told, refer, sound, wish};
use crate::exit;
use crate::fold::Spoken;
use crate::refusal::Kind;
use crate::scribe::{Act, Command, Wish};
use crate::v2;

const CUT: &str = "a text in it is over 1000 bytes, and is said on in part";
const NOTHING_TO_DO: &str = "is what is known here already, or changes nothing";

/// The referral that a message names, if its sender takes part in it.
pub fn known(hand: &Hand<'_>) -> Named {
    let Ok(orders) = hand.orders() else { return Named::Nobody };
    // What does not read as an order names none; whoever takes it on says what is wrong.
    let read = orders.first().and_then(|one| hand.mapping.read_v2(one, &hand.constants()).ok());
    let Some(read) = read else { return Named::Nobody };
    let world = hand.gate.scribe.published().world();
    named(&world, hand.org(), &read.pivot)
}

/// Takes a message about a known referral.
pub fn take(hand: &Hand<'_>) -> Result<(), No> {
    let orders = hand.orders()?;
    let [one] = &orders[..] else {
        let words = "has several orders; what happened to each is a message of its own";
        return Err(Flaw::whole(ErrorCode::ApplicationInternalError, words).into());
    };
    let read = hand.read(one)?;
    let named = {
        let world = hand.gate.scribe.published().world();
        named(&world, hand.org(), &read.pivot)
    };
    match named {
        Named::AsSource(referral, status) => source(hand, one, read, (referral, status)),
        Named::AsTarget(referral, placement, status) => {
            target(hand, one, read, (referral, placement, status))
        }
        Named::Nobody => Err(unknown(hand)),
    }
}

/// Names no referral of its sender's: recorded, whether or not it is somebody else's.
fn unknown(hand: &Hand<'_>) -> No {
    match hand.gate.refuse(hand.org(), "R1") {
        Ok(_) => {
            let words = "names no referral of this partner".into();
            let at = refer::placer(hand.message);
            Flaw { code: ErrorCode::UnknownKeyIdentifier, at, words }.into()
        }
        Err(_) => No::Outage,
    }
}

/// What the message says of the referral, by the state table.
pub fn state<'h>(hand: &Hand<'h>, one: &Message, by: By, status: &str) -> Result<&'h str, No> {
    let fields = |place: &str| v2::value(one, place);
    let said = Said { code: &hand.header.code, event: &hand.header.event, fields: &fields };
    if let Some(state) = hand.gate.library.states().read(&said, by, status) {
        return Ok(&state.name);
    }
    let at = hand.mapping.state_fields().next();
    let words = "is nothing that this side can say of a referral, as it stands".into();
    Err(Flaw { code: ErrorCode::TableValueNotFound, at: v2::place(at), words }.into())
}

fn source(
    hand: &Hand<'_>,
    one: &Message,
    read: Read,
    (referral, status): (ReferralId, TaskStatus),
) -> Result<(), No> {
    refer::refers(hand)?;
    same_person(hand, &read.pivot, referral)?;
    let wish = match state(hand, one, By::Source, status.code())? {
        "sent" => return refer::take(hand),
        "amended" => return refer::amend(hand, one, referral),
        "cancel-requested" => {
            let why = wish::reason(&read.pivot, "cancelled", "cancelled by its source");
            Wish::Source(SourceMove::AskToCancel { why })
        }
        "entered-in-error" => Wish::Source(SourceMove::EnterInError),
        _ => return Err(sound(Kind::IllegalMove.into(), Some(hand.mapping))),
    };
    act(hand, read, referral, (Some(wish), None))
}

fn target(
    hand: &Hand<'_>,
    one: &Message,
    read: Read,
    (referral, _, status): (ReferralId, PlacementId, TaskStatus),
) -> Result<(), No> {
    let state = state(hand, one, By::Target, status.code())?;
    let wish = wish::of(state, &read.pivot, hand.partner)?;
    // By the target's own clock, so that what it says late moves nothing back.
    let happened = v2::written_at(&hand.header.time, &hand.partner.time_zone);
    let happened = happened.and_then(|at| at.parse::<jiff::Timestamp>().ok());
    act(hand, read, referral, (wish, happened.map(|at| Timestamp(at.as_millisecond()))))
}

/// Records it in one frame with the message.
fn act(
    hand: &Hand<'_>,
    read: Read,
    referral: ReferralId,
    (wish, happened): (Option<Wish>, Option<Timestamp>),
) -> Result<(), No> {
    let Some(wish) = wish else { return hand.set_aside(NOTHING_TO_DO) };
    let mut told = Told { not_carried: wish::unused(&read, &wish), ..Told::default() };
    told.words.extend(wish::is_cut(&wish).then_some(CUT));
    let act = Act {
        org: hand.org().clone(),
        request: hand.key,
        once: true,
        transport: "mllp",
        referral,
        if_match: None,
        wish,
        happened,
        message: Some(hand.hearing(told, true)),
    };
    hand.gate
        .scribe
        .ask_blocking(|reply| Command::Act(Box::new(act), reply))
        .map(drop)
        .map_err(|trouble| sound(trouble, Some(hand.mapping)))
}

/// A message that names one person's referral and another person is of neither: somebody mixed them
/// up.
fn same_person(hand: &Hand<'_>, pivot: &Value, referral: ReferralId) -> Result<(), No> {
    let world = hand.gate.scribe.published().world();
    let Some(referral) = world.referrals.get(&referral) else { return Err(No::Outage) };
    let listed = pivot["Patient"]["identifier"].as_array().map_or(&[][..], Vec::as_slice);
    let known: Vec<_> = listed
        .iter()
        .filter_map(|one| {
            let part = |name: &str| one[name].as_str().map(str::to_owned);
            Some(Identifier { system: part("system")?, value: part("value")? })
        })
        .flat_map(|identifier| world.persons.holding(&identifier))
        .collect();
    if known.is_empty() || known.iter().any(|person| referral.persons.contains(person)) {
        return Ok(());
    }
    let words = "is not the person of this referral".into();
    let at = v2::place(Some("PID-3".to_owned()));
    Err(Flaw { code: ErrorCode::UnknownKeyIdentifier, at, words }.into())
}

/// Answers a query (REF^I15) with where the referral stands, and keeps nothing of it.
pub fn status(hand: &Hand<'_>) -> Result<Vec<u8>, No> {
    refer::refers(hand)?;
    let read = hand.read(hand.message)?;
    let named = {
        let world = hand.gate.scribe.published().world();
        named(&world, hand.org(), &read.pivot)
    };
    let Named::AsSource(referral, _) = named else { return Err(unknown(hand)) };
    let referral = hand.gate.referral(&referral).ok_or(No::Outage)?;
    let spoken = {
        let world = hand.gate.scribe.published().world();
        world.spoken.get(&referral.id).cloned()
    };
    // A referral that came by FHIR is asked about as one that came by REF.
    let spoken = spoken.unwrap_or_else(|| Spoken {
        control: hand.header.control_id.clone(),
        asked: false,
        not_carried: Vec::new(),
        kind: "REF^I12".to_owned(),
        version: hand.header.version.clone(),
        newest: None,
    });
    let link = (hand.partner, hand.link);
    let asked = &hand.header.control_id;
    let released = exit::v2::standing(hand.gate, link, (&referral, &spoken), asked)?;
    Ok(released.bytes)
}
