//! `POST /cbo/v1/referrals`: an organization refers a person to another, or back to the clinic. There is no
//! wrong door: what comes in here takes the way of every referral, from the mapping to the consent decision.
//!
//! Of a person it serves it passes on what it is itself shown of them (`exit::client`), and they stay the
//! same person. Anybody else is a person not seen before: nobody is known by name.

use loopgate_fhir::{Fault, IssueCode, SDOHCC};
use loopgate_mapping::{Constants, Mapping};
use loopgate_referral::{OrgId, ReferralId, Says, TaskStatus, WAITING_FOR_CONSENT};
use serde_json::{Map, Value, json};

use super::body::{Category, Name, bad, parse, pointed_at};
use super::{etag, placement, says};
use crate::bundle::{Known, Part, parts};
use crate::exit;
use crate::fold::{Answer, Part as Plays};
use crate::gate::{Gate, Request, Session};
use crate::identity::Interaction;
use crate::intake;
use crate::partner::{Partner, Role};
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply::{JSON, Reply, json_reply};
use crate::scribe::{answered, is_held};

/// No referral is longer, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// US Core's category of social needs.
const US_CORE_CATEGORY: &str = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category";
const PROHIBITED: &str = "do-not-contact";

/// Takes a referral in.
pub fn take(gate: &Gate, session: &Session, request: &Request) -> Result<Reply, Trouble> {
    let caller = &session.partner;
    if !caller.submits() || !session.covers("Task", Interaction::Create) {
        return Err(may_not(gate, &caller.org));
    }
    if request.body.len() > BODY_BYTES_MAX {
        return Err(Kind::TooLarge.into());
    }
    let key = (caller.org.clone(), request.digest());
    let known = answered(&gate.scribe.published().world(), &key, true);
    let answer = match known {
        Some(answer) => answer,
        None => {
            let mapping = exit::mapping(gate)?;
            let (parts, served) = read(gate, session, mapping, &request.body)?;
            intake::community(gate, &caller.org, key.1, parts, served)
                .map_err(|trouble| located(trouble, mapping))?
        }
    };
    replied(gate, &caller.org, &answer)
}

/// Its file does not let it refer.
fn may_not(gate: &Gate, org: &OrgId) -> Trouble {
    let words = "to refer, a partner needs the role source and the action submit";
    match gate.refused(org, "A4", Kind::Forbidden) {
        Trouble::Refused(refusal) => {
            let faults = vec![Fault::new(IssueCode::Forbidden, "", words)];
            Refusal { faults, ..refusal }.into()
        }
        outage => outage,
    }
}

/// The resources of a referral, and the referral in which the person is served.
fn read(
    gate: &Gate,
    session: &Session,
    mapping: &Mapping,
    body: &[u8],
) -> Result<(Vec<Part>, Option<ReferralId>), Trouble> {
    let said: says::Refer = parse(body)?;
    let Category(category) = said.need.category;
    let to = target(gate, &session.partner, said.to)?;
    let mut document: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| Trouble::from(Kind::Malformed))?;
    document.remove("to");
    let mut about = document.remove("about").unwrap_or_default();
    let (client, served, prohibited) = match (said.about.referral, said.about.client) {
        (None, Some(_)) => (about["client"].take(), None, false),
        (Some(id), None) => served(gate, session, &id)?,
        _ => return Err(bad("#/about", "names one referral, or one client")),
    };
    if prohibited {
        // Whom one must not contact nobody contacts, whoever refers them on.
        document["need"]["contact"] = PROHIBITED.into();
    }
    document.insert("client".to_owned(), client);
    document.insert("referral_id".to_owned(), "-".into());
    document.insert("status".to_owned(), "new".into());
    let constants: Constants = [("referral", loopgate_fhir::REFERRAL)].into_iter().collect();
    let read = mapping.read(&Value::Object(document), &constants);
    let read = read.map_err(|refused| {
        let words = "is not what it may be";
        Refusal::invalid(vec![Fault::new(IssueCode::Value, in_body(&refused.path), words)])
    })?;
    let mut pivot = read.pivot;
    let strange =
        |at: &String| Fault::new(IssueCode::NotSupported, in_body(at), "is not read here");
    let faults: Vec<Fault> = read.not_carried.iter().map(strange).collect();
    if !faults.is_empty() {
        return Err(Refusal::invalid(faults).into());
    }
    is_somebody(&pivot)?;
    complete(&mut pivot, category.as_str(), &to);
    let requester = Gate::organization(&session.partner.org);
    let authored = loopgate_fhir::print_instant(gate.now());
    let known = Known { requester: Some(&requester), authored_on: Some(&authored), message: None };
    Ok((parts(&pivot, &known), served))
}

/// What the organization is shown of whom it serves, in which referral, and whether they must not be
/// contacted.
fn served(
    gate: &Gate,
    session: &Session,
    id: &str,
) -> Result<(Value, Option<ReferralId>, bool), Trouble> {
    let org = &session.partner.org;
    let (referral, placement) = placement(gate, org, id)?;
    if is_held(&referral) {
        let ask = exit::forward_ask(&referral, &placement).shown(gate, session);
        let denial = gate.egress.weigh(org, &ask).err().flatten();
        return Err(gate.egress.deny(org, &ask, denial));
    }
    let client = exit::client(gate, session, &referral, &placement)?;
    Ok((client, Some(referral.id), referral.contact_prohibited))
}

/// Who is referred to: another partner that takes referrals.
fn target(gate: &Gate, caller: &Partner, Name(to): Name) -> Result<OrgId, Trouble> {
    let roster = gate.scribe.published().roster.load();
    let takes =
        |org: &OrgId| roster.get(org).is_some_and(|one| one.is(Role::Target) && !one.suspended);
    if takes(&to) && to != caller.org {
        return Ok(to);
    }
    Err(bad("#/to", "is no other organization that takes referrals"))
}

/// A referral about nobody reaches nobody.
fn is_somebody(pivot: &Value) -> Result<(), Trouble> {
    let named = pivot.pointer("/Patient/name/0").and_then(Value::as_object);
    if named.is_some_and(|name| !name.is_empty()) {
        return Ok(());
    }
    Err(bad("#/about/client/name", "is missing"))
}

/// What FHIR asks for and the dialect takes for granted.
fn complete(pivot: &mut Value, category: &str, to: &OrgId) {
    let request = &mut pivot["ServiceRequest"];
    request["status"] = "active".into();
    request["category"] = json!([
        { "coding": [{ "system": US_CORE_CATEGORY, "code": "sdoh" }] },
        { "coding": [{ "system": SDOHCC, "code": category }] },
    ]);
    if request.get("code").is_none() {
        // No service is named: whatever helps with the need.
        request["code"] = json!({ "coding": [{ "system": SDOHCC, "code": category }] });
    }
    pivot["Task"]["owner"] = json!({ "reference": Gate::organization(to) });
    let observations = pivot.get_mut("Observation").and_then(Value::as_array_mut);
    for observation in observations.into_iter().flatten() {
        observation["status"] = "final".into();
    }
}

/// What is wrong with a resource, at its place in the dialect.
fn located(trouble: Trouble, mapping: &Mapping) -> Trouble {
    let Trouble::Refused(mut refusal) = trouble else { return trouble };
    for fault in &mut refusal.faults {
        if fault.expression.starts_with('#') {
            continue;
        }
        let plain = without_indexes(&fault.expression);
        fault.expression = match plain.as_str() {
            "Task.owner" => "#/to".to_owned(),
            plain => in_body(&mapping.right_of(plain).unwrap_or_default()),
        };
    }
    refusal.into()
}

/// Where the body says what the dialect says at this place.
fn in_body(at: &str) -> String {
    let within = if at.split('.').next() == Some("client") { "about." } else { "" };
    pointed_at(&format!("{within}{at}"))
}

fn without_indexes(expression: &str) -> String {
    let mut parts = expression.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    let rests = parts.map(|part| part.split_once(']').map_or("", |(_, rest)| rest));
    rests.fold(first, |all, rest| all + rest)
}

/// The answer, as it was the first time: what was known of the referral then.
fn replied(gate: &Gate, org: &OrgId, answer: &Answer) -> Result<Reply, Trouble> {
    let (task, version) = answer.first().ok_or(Trouble::Outage)?;
    let part = gate.scribe.published().world().parts.get(task).copied();
    let Some(Plays::SourceTask(id)) = part else { return Err(Trouble::Outage) };
    let referral = gate.referral(&id).ok_or(Trouble::Outage)?;
    let mut news = referral.said.iter().chain(&referral.news);
    let then = news.find(|news| news.version == *version).map(|news| &news.says);
    let status = match then {
        Some(Says::Declined(_)) => TaskStatus::Rejected,
        _ => TaskStatus::Requested,
    };
    let mut body = exit::standing(gate, org, &id, status)?;
    match then {
        Some(Says::Waiting) => body["business_status"] = json!(WAITING_FOR_CONSENT),
        Some(Says::Declined(why)) => {
            body["reason"] = json!({ "code": why.code(), "text": why.text() });
        }
        _ => {}
    }
    body["version"] = json!(version);
    let location = format!("{}/cbo/v1/sent/{id}", gate.oauth_base());
    let reply = json_reply(201, JSON, &body).header("location", location);
    Ok(reply.header("etag", etag(*version)))
}
