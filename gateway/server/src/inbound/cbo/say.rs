//! What an organization says of a referral in its own dialect: a document, read by the mapping it is of.
//!
//! The mapping's `[acts]` say what it asks for; a note that came with it goes along as a comment. What is
//! so already is not done again.

use loopgate_fhir::{Fault, IssueCode};
use loopgate_mapping::{Act as Asked, Mapping, Read};
use loopgate_referral::{Placement, PlacementId, Referral, ReferralId, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::body::{bad, pointed_at};
use super::meant::{Meant, meant};
use super::{act_of, etag, placement, version};
use crate::dialect;
use crate::exit;
use crate::gate::{Gate, Request};
use crate::partner::Partner;
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply::{JSON, Reply, json_reply};
use crate::scribe::{Act, Acted, Command, Wish, is_held};

/// `POST /cbo/v1/referrals/{id}/say`: where it stands, as the dialect's `status.toml` says it.
pub fn status(
    gate: &Gate,
    caller: &Partner,
    id: &str,
    request: &Request,
) -> Result<Reply, Trouble> {
    let (mapping, _) = dialect::mapping(gate, &caller.org, "status")?;
    said(gate, caller, id, mapping, request)
}

/// `POST /v1/referrals/{id}/{door}`: a document for which a mapping of the dialect has this door.
pub fn at_door(
    gate: &Gate,
    caller: &Partner,
    (id, door): (&str, &str),
    request: &Request,
) -> Result<Reply, Trouble> {
    let mapping = gate.library.for_door(dialect::of(caller), door);
    said(gate, caller, id, mapping.ok_or(Trouble::from(Kind::NotFound))?, request)
}

fn said(
    gate: &Gate,
    caller: &Partner,
    id: &str,
    mapping: &Mapping,
    request: &Request,
) -> Result<Reply, Trouble> {
    let (referral, placement) = placement(gate, &caller.org, id)?;
    // It is not here as long as consent does not permit it.
    if is_held(&referral) {
        return Err(Kind::NotFound.into());
    }
    let document: Value =
        serde_json::from_slice(&request.body).map_err(|_| Trouble::from(Kind::Malformed))?;
    let read = mapping.read(&document, &dialect::constants(caller)).map_err(|refused| {
        let words = refused.why.to_string();
        Refusal::invalid(vec![Fault::new(IssueCode::Value, pointed_at(&refused.path), words)])
    })?;
    let acts = mapping.acts().ok_or(Trouble::from(Kind::NotFound))?;
    let asked = acts.asked(&document).ok_or_else(|| {
        let words = "says nothing that has an act in this dialect";
        Refusal::invalid(vec![Fault::new(IssueCode::CodeInvalid, pointed_at(&acts.place()), words)])
    })?;
    of_this(mapping, &read, &referral)?;
    let meant = meant(asked, mapping, &read, &placement)?;
    // Called by its own name, the same words are the same document whatever came in between.
    let named = acts.id(&document).is_some();
    let once = named || request.idempotency_key.is_some();
    let key = if named { key(mapping, &placement.id, &document) } else { request.digest() };
    let act = |wish: Wish, key: [u8; 32], if_match| Act {
        request: key,
        once,
        if_match,
        happened: meant.happened,
        ..act_of(&caller.org, request, referral.id, wish)
    };
    let mut acted: Option<Acted> = None;
    let given = version(request).flatten();
    // One service more is said beside those that were there when this was read.
    let adds = meant.wishes.iter().any(|wish| matches!(wish, Wish::Correct { .. }));
    let mut condition = given.or(adds.then_some(placement.version));
    for wish in meant.wishes.iter().cloned() {
        // Each has a key of its own, so that neither is done twice, whatever became of the other.
        let beside = matches!(wish, Wish::Comment(_));
        let key = if beside { Sha256::digest([&key[..], b"comment"].concat()).into() } else { key };
        let act = act(wish, key, condition.take());
        let done = gate.scribe.ask_blocking(|reply| Command::Act(Box::new(act), reply));
        let done = done.map_err(|trouble| match trouble {
            // Another was faster; sent again it is read beside that.
            Trouble::Refused(why) if why.kind == Kind::VersionConflict && given.is_none() => {
                Trouble::Outage
            }
            trouble => trouble,
        })?;
        // A comment moves no status, and a resend of it does not know the status that there was.
        let status = acted.map_or(done.status, |first| first.status);
        acted = Some(Acted { status, ..done });
    }
    answer(gate, (caller, &referral, &placement), acted, (&read, asked, &meant))
}

/// Where it stands now, and what of the document no act says on.
fn answer(
    gate: &Gate,
    (caller, referral, placement): (&Partner, &Referral, &Placement),
    acted: Option<Acted>,
    (read, asked, meant): (&Read, &Asked, &Meant),
) -> Result<Reply, Trouble> {
    let (version, status) = match acted {
        Some(acted) => (acted.version, acted.status),
        None => (placement.version, placement.state.status()),
    };
    let mut body = exit::standing(gate, &caller.org, &referral.id, status)?;
    body["version"] = json!(version);
    let mut lost = meant.unused(read);
    lost.extend(asked.lost.iter().cloned());
    let unsaid = body["not_carried"].as_array().into_iter().flatten().filter_map(Value::as_str);
    lost.extend(unsaid.map(str::to_owned));
    if !lost.is_empty() {
        body["not_carried"] = json!(lost);
    }
    Ok(json_reply(200, JSON, &body).header("etag", etag(version)))
}

/// A document that names another referral than its path, or another need than its referral's, is of
/// neither: somebody mixed them up.
fn of_this(mapping: &Mapping, read: &Read, referral: &Referral) -> Result<(), Trouble> {
    let place = |left: &str| mapping.right_of(left).unwrap_or_default();
    let wrong = |left: &str, words| Err(bad(&pointed_at(&place(left)), words));
    let identifiers = read.pivot["Task"]["identifier"].as_array().into_iter().flatten();
    for one in identifiers.filter(|one| one["system"] == loopgate_fhir::REFERRAL) {
        let named = one["value"].as_str().and_then(|text| text.parse::<ReferralId>().ok());
        if named != Some(referral.id) {
            return wrong("Task.identifier.value", "names another referral than the path");
        }
    }
    let categories = read.pivot["ServiceRequest"]["category"].as_array().into_iter().flatten();
    let codes = categories.flat_map(|one| one["coding"].as_array().into_iter().flatten());
    for code in codes.filter_map(|coding| coding["code"].as_str()) {
        if referral.needs.iter().all(|need| need.as_str() != code) {
            let left = "ServiceRequest.category.coding.code";
            return wrong(left, "is not what the referral is for");
        }
    }
    Ok(())
}

fn key(mapping: &Mapping, placement: &PlacementId, document: &Value) -> [u8; 32] {
    let mut hash = Sha256::new();
    let (placement, document) = (placement.to_string(), document.to_string());
    for part in ["dialect", mapping.name(), &placement, &document] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// When it happened, by the document.
pub(super) fn instant(said: &Value) -> Option<Timestamp> {
    let at: jiff::Timestamp = said.as_str()?.parse().ok()?;
    Some(Timestamp(at.as_millisecond()))
}
