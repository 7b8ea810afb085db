//! Reading what another organization supplied, without the person's consent: because the caller treats
//! the person too and its partner file says so (45 CFR 164.506), or because it is an emergency.
//!
//! `POST /fhir/Patient/$break-glass` names the person by an identifier and says why. For an hour the
//! caller reads what is known of that person, and staff review each time.

use loopgate_consent::Glass;
use loopgate_fhir::{Json, patient_copy, request_copy};
use loopgate_referral::{Identifier, OrgId, PersonId, ResourceId};
use serde::Deserialize;
use serde_json::json;

use super::read::way;
use crate::exit::Passing;
use crate::fold::Held;
use crate::gate::{Gate, Request, Session};
use crate::journal::StaffEvent;
use crate::partner::Partner;
use crate::refusal::{Kind, Trouble};
use crate::reply::{FHIR_JSON, Reply};
use crate::scribe::{AskFor, Command, OwnedClaim, OwnedToken};

/// How long broken glass lets a clinician read: as `consent::release` has it.
const HOUR_MS: i64 = 3_600_000;
/// The longest reason, bytes.
const REASON_BYTES_MAX: usize = 1_000;

/// On what else than consent this caller may read what another supplied, if on anything.
pub fn claim(gate: &Gate, session: &Session, held: &Held) -> Option<OwnedClaim> {
    let (person, caller) = (held.person?, &session.partner);
    let world = gate.scribe.published().world();
    if caller.treats && knows(&world, &caller.org, person) {
        return Some(OwnedClaim::Treatment { from: held.org.clone() });
    }
    let broken = world.staff.glass(&caller.org, person)?;
    let open = gate.now().0 - broken.glass.broken.0 < HOUR_MS;
    // What it may read as a target it reads so, once the hour is over.
    let serves = world.referrals_of(person).any(|referral| {
        let all = &referral.placements;
        referral.source != caller.org && all.iter().any(|one| one.target == caller.org)
    });
    if serves && !open {
        return None;
    }
    let (glass, entry) = (broken.glass.clone(), broken.entry);
    Some(OwnedClaim::BreakGlass { glass, entry, from: Some(held.org.clone()) })
}

/// Whether an organization has sent this person itself: it treats nobody whom it does not know.
fn knows(world: &crate::fold::World, org: &OrgId, person: PersonId) -> bool {
    world.patients_of(person).any(|(_, held)| held.org == *org)
}

/// What has to be asked for what another supplied; only who it is and what was asked for is read so.
pub fn ask(id: &ResourceId, held: &Held, claim: OwnedClaim) -> Option<AskFor> {
    let person = held.person.filter(|_| matches!(id.kind(), "Patient" | "ServiceRequest"))?;
    Some(AskFor {
        person,
        claims: vec![claim],
        resources: vec![(id.clone(), held.version)],
        referral: None,
        view: "clinician",
        token: OwnedToken::NotAsked,
    })
}

/// It, as an allow-list copy.
pub fn copy(gate: &Gate, id: &ResourceId, held: &Held, passing: &Passing) -> Result<Json, Trouble> {
    let whole = gate.document(held)?;
    Ok(match id.kind() {
        "Patient" => patient_copy(&whole, &passing.groups),
        _ => request_copy(&whole, &passing.groups),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    #[serde(rename = "resourceType")]
    kind: String,
    parameter: Vec<Parameter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameter {
    name: String,
    #[serde(default, rename = "valueIdentifier")]
    identifier: Option<Identifier>,
    #[serde(default, rename = "valueString")]
    text: Option<String>,
    #[serde(default, rename = "valueBoolean")]
    flag: Option<bool>,
}

/// What a clinician says who breaks the glass.
struct Said {
    identifier: Identifier,
    reason: String,
    medical_emergency: bool,
}

fn said(body: &[u8]) -> Option<Said> {
    let sent: Parameters = serde_json::from_slice(body).ok()?;
    let (mut identifier, mut reason, mut medical) = (None, None, None);
    for one in sent.parameter {
        let twice = match one.name.as_str() {
            "identifier" => identifier.replace(one.identifier?).is_some(),
            "reason" => reason.replace(one.text?).is_some(),
            "medicalEmergency" => medical.replace(one.flag?).is_some(),
            _ => return None,
        };
        if twice {
            return None;
        }
    }
    let reason = reason.filter(|reason: &String| reason.len() <= REASON_BYTES_MAX)?;
    let right = sent.kind == "Parameters" && !reason.trim().is_empty();
    let medical_emergency = medical.unwrap_or_default();
    right.then_some(Said { identifier: identifier?, reason, medical_emergency })
}

/// Breaks the glass about one person, if the caller's clinicians may: then it is in the log, for review.
pub fn break_glass(gate: &Gate, caller: &Partner, request: &Request) -> Result<Reply, Trouble> {
    let said = said(&request.body).ok_or(Trouble::from(Kind::Malformed))?;
    let persons = gate.scribe.published().world().persons.holding(&said.identifier);
    let [person] = persons.as_slice() else { return Err(Kind::NotFound.into()) };
    let glass_at = gate.now();
    let glass = Glass {
        broken: glass_at,
        reason: said.reason.clone(),
        medical_emergency: said.medical_emergency,
        is_read: true,
    };
    let ask = AskFor {
        person: *person,
        claims: vec![OwnedClaim::BreakGlass { glass: glass.clone(), entry: 0, from: None }],
        resources: known(gate, *person),
        referral: None,
        view: "glass",
        token: OwnedToken::NotAsked,
    };
    if let Err(denial) = gate.egress.weigh(&caller.org, &ask) {
        return Err(gate.egress.deny(&caller.org, &ask, denial));
    }
    let fact = StaffEvent::GlassBroken {
        org: caller.org.clone(),
        person: *person,
        reason: said.reason,
        medical_emergency: said.medical_emergency,
        at: glass_at,
    };
    let who = (caller.org.to_string(), "fhir");
    let entry = gate.scribe.ask_blocking(|reply| Command::Staff(Box::new(fact), who, reply))?;
    tracing::warn!(partner = %caller.org, "the glass was broken; it is to be reviewed");
    let ask = AskFor { claims: vec![OwnedClaim::BreakGlass { glass, entry, from: None }], ..ask };
    let (until, patients) = (glass_at.0 + HOUR_MS, ask.resources.clone());
    let body = gate.egress.release(way(&caller.org), ask, |_| Ok(opened(until, &patients)))?;
    Ok(Reply::released(200, FHIR_JSON, body))
}

/// The Patients of a person, with their versions.
fn known(gate: &Gate, person: PersonId) -> Vec<(ResourceId, u64)> {
    let world = gate.scribe.published().world();
    world.patients_of(person).map(|(id, held)| (id.clone(), held.version)).collect()
}

/// The Patients of that person, and until when they may be read.
fn opened(until_ms: i64, patients: &[(ResourceId, u64)]) -> Vec<u8> {
    let until = jiff::Timestamp::from_millisecond(until_ms).unwrap_or_default();
    let mut parameters: Vec<serde_json::Value> = patients
        .iter()
        .map(|(id, _)| json!({ "name": "patient", "valueReference": { "reference": id } }))
        .collect();
    parameters.push(json!({ "name": "until", "valueInstant": until.to_string() }));
    json!({ "resourceType": "Parameters", "parameter": parameters }).to_string().into_bytes()
}
