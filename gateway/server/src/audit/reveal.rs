//! From a pseudonym to a name: an auditor asks and says why, a second person agrees, the auditor reads it
//! once. Each step is an entry, and the release decision looks for the second person again when it is read.

use loopgate_consent::{FieldGroup, Permit};
use loopgate_fhir::Json;
use loopgate_referral::ResourceId;
use serde_json::{Value, json};

use super::{Asker, entry_id, instant, record, wrong};
use crate::egress::Released;
use crate::fold::{REVEAL, Reveal};
use crate::gate::Gate;
use crate::inbound::people::About;
use crate::journal::StaffEvent;
use crate::refusal::{Kind, Trouble};
use crate::scribe::{AskFor, OwnedClaim, OwnedToken};
use crate::staff::StaffName;

const REASON_CHARS: std::ops::RangeInclusive<usize> = 10..=500;
/// Questions of one auditor that nobody has answered.
const WAITING_MAX: usize = 20;

/// Who somebody is.
pub struct Identity {
    /// What each organization says, one after the other.
    pub said: Vec<About>,
    /// Identifiers that all organizations share. An organization's own are nobody else's.
    pub identifiers: Vec<(String, String)>,
}

/// Asks who somebody is. Answers the entry of the question.
pub fn ask(gate: &Gate, asker: &Asker<'_>, pseudonym: &str, reason: &str) -> Result<u64, Trouble> {
    let case = asker.case(gate)?.to_owned();
    let reason = reason.trim();
    if !REASON_CHARS.contains(&reason.chars().count()) || reason.chars().any(char::is_control) {
        return Err(wrong("reason", "is 10 to 500 characters on one line"));
    }
    let person = asker.person(gate, pseudonym).ok_or(Trouble::from(Kind::NotFound))?;
    let now = gate.now();
    let waiting = {
        let world = gate.scribe.published().world();
        let own = world.staff.reveals.iter().filter(|(_, one)| is_own(one, asker));
        own.filter(|(_, one)| one.waits(now)).count()
    };
    if waiting >= WAITING_MAX {
        return Err(Kind::IllegalMove.into());
    }
    let (org, by) = (asker.way.to.clone(), asker.way.by.map(str::to_owned));
    let reason = reason.to_owned();
    record(gate, asker, StaffEvent::RevealAsked { org, by, person, case, reason, at: now })
}

fn is_own(one: &Reveal, asker: &Asker<'_>) -> bool {
    one.org == *asker.way.to && one.by.as_deref() == asker.way.by
}

/// A question of this asker's own.
pub fn own(gate: &Gate, asker: &Asker<'_>, entry: &str) -> Result<(u64, Reveal), Trouble> {
    find(gate, entry, |one| is_own(one, asker))
}

/// A question that this person of the staff may agree to.
pub fn to_confirm(gate: &Gate, staff: &StaffName, entry: &str) -> Result<(u64, Reveal), Trouble> {
    let now = gate.now();
    find(gate, entry, |one| one.waits(now) && one.is_second(staff))
}

fn find(gate: &Gate, entry: &str, is: impl Fn(&Reveal) -> bool) -> Result<(u64, Reveal), Trouble> {
    let entry: u64 = entry.parse().map_err(|_| Trouble::from(Kind::NotFound))?;
    let world = gate.scribe.published().world();
    let found = world.staff.reveals.get(entry).filter(|one| is(one)).cloned();
    found.map(|one| (entry, one)).ok_or(Kind::NotFound.into())
}

/// How a question stands, without who it is about.
pub fn state(gate: &Gate, entry: u64, one: &Reveal) -> Value {
    json!({
        "reveal": entry,
        "case": one.case,
        "asked": instant(one.asked),
        "state": one.state(gate.now()),
    })
}

/// A second person agrees, if they still may when it is recorded.
pub fn confirm(
    gate: &Gate,
    asker: &Asker<'_>,
    staff: &StaffName,
    entry: u64,
    one: &Reveal,
) -> Result<(), Trouble> {
    let (by, person, at) = (staff.clone(), one.person, gate.now());
    record(gate, asker, StaffEvent::RevealConfirmed { by, entry, person, at }).map(drop)
}

/// Reads who it is, once: the scribe finds the second person's word, and that it was not read, or denies.
pub fn read(
    gate: &Gate,
    asker: &Asker<'_>,
    (entry, one): (u64, &Reveal),
    render: &dyn Fn(&Identity) -> Vec<u8>,
) -> Result<Released, Trouble> {
    asker.case(gate)?;
    let patients: Vec<(ResourceId, u64)> = {
        let world = gate.scribe.published().world();
        world.patients_of(one.person).map(|(id, held)| (id.clone(), held.version)).collect()
    };
    let ids: Vec<ResourceId> = patients.iter().map(|(id, _)| id.clone()).collect();
    let resources = patients.into_iter().chain([(entry_id(entry), 1)]).collect();
    let ask = AskFor {
        person: one.person,
        claims: vec![OwnedClaim::Audit { case: asker.case.clone(), reveal: Some(entry) }],
        resources,
        referral: None,
        view: REVEAL,
        token: OwnedToken::NotAsked,
    };
    gate.egress.release(asker.way, ask, |permits| Ok(render(&identity(gate, &ids, permits)?)))
}

fn identity(gate: &Gate, ids: &[ResourceId], permits: &[Permit]) -> Result<Identity, Trouble> {
    let mut identity = Identity { said: Vec::new(), identifiers: Vec::new() };
    if !permits.iter().all(|permit| permit.groups().contains(FieldGroup::Identity)) {
        return Ok(identity);
    }
    for held in ids.iter().filter_map(|id| gate.held(id)) {
        let patient = gate.document(&held)?;
        let about = About::of(&patient);
        if !identity.said.contains(&about) {
            identity.said.push(about);
        }
        for one in shared(gate, &patient) {
            if !identity.identifiers.contains(&one) {
                identity.identifiers.push(one);
            }
        }
    }
    Ok(identity)
}

fn shared(gate: &Gate, patient: &Json) -> Vec<(String, String)> {
    let systems = &gate.config.identity.shared_systems;
    let all = patient.list("identifier").iter().filter_map(|one| {
        let pair = (one.text("system")?.to_owned(), one.text("value")?.to_owned());
        systems.contains(&pair.0).then_some(pair)
    });
    all.collect()
}

impl Identity {
    /// For programs.
    pub fn to_json(&self) -> Value {
        let said = self.said.iter().map(|one| json!({ "name": one.name, "birth_date": one.born }));
        let identifiers = self
            .identifiers
            .iter()
            .map(|(system, value)| json!({ "system": system, "value": value }));
        json!({
            "said": said.collect::<Vec<Value>>(),
            "identifiers": identifiers.collect::<Vec<Value>>(),
        })
    }
}
