//! An organization says that two patients of its own index are one (HL7 v2 ADT^A40).

use loopgate_consent::{Effect, Grant, GrantEvent, GrantId, GrantState};
use loopgate_fhir::{Fault, IssueCode};
use loopgate_referral::{Identifier, Merging, NotMerged, OrgId, PersonEvent, PersonId};

use super::desk::Desk;
use super::hear::{self, Consequence};
use super::settle;
use super::submission::Hearing;
use crate::fields::Cause;
use crate::journal::Event;
use crate::refusal::{Kind, Refusal, Trouble};

/// Two patients are one.
pub struct Merge {
    /// Who says so.
    pub org: OrgId,
    /// The key of its message.
    pub request: [u8; 32],
    /// PID-3: the identifiers that stay.
    pub survivor: Vec<Identifier>,
    /// MRG-1: the identifiers that they replace.
    pub retired: Vec<Identifier>,
    /// The message. If nobody is known by what retires, its bytes are not kept.
    pub message: Option<Hearing>,
}

/// Decides a merge. `false` if nobody is known by the identifier that retires: there was nothing to do.
pub fn decide(desk: &mut Desk<'_>, merge: Merge) -> Result<bool, Trouble> {
    let Merge { org, request, survivor, retired, message } = merge;
    let partner = desk.roster().get(&org).filter(|partner| !partner.suspended);
    let Some(partner) = partner else { return Err(Kind::Forbidden.into()) };
    let index = partner.patient_index.clone();
    if let Some(message) = &message
        && hear::is_known(desk, &org, request, message)?
    {
        return Ok(true);
    }
    let index = index.ok_or_else(|| refused(NotMerged::NotOwn))?;
    let merging = desk.world().persons.decide_merge(&org, &index, &survivor, &retired);
    let merging = merging.map_err(refused)?;
    let cause = hear::cause(&org, request);
    let person = match merging {
        Merging::Nobody => None,
        Merging::Already(person) => Some(person),
        Merging::Now(fact) => Some(one(desk, &cause, fact)),
    };
    if let Some(mut message) = message {
        message.keep &= person.is_some();
        let effect = Consequence { person, ..Consequence::default() };
        hear::record(desk, &cause, (org, request), effect, message);
    }
    Ok(person.is_some())
}

/// Makes them one; who they are.
fn one(desk: &mut Desk<'_>, cause: &Cause, fact: PersonEvent) -> PersonId {
    let event = Event::Person(fact);
    let Some(person) = event.person() else { unreachable!("a fact about persons is about one") };
    desk.record(cause, event, Vec::new(), None);
    // Who withdrew everything withdrew what was known under the other name, too.
    let Some(at) = desk.world().grants.all_withdrawn(person) else {
        settle::settle_person(desk, person);
        return person;
    };
    let covered = |grant: &&Grant| {
        let permits = grant.says.rules.iter().any(|rule| rule.effect == Effect::Permit);
        grant.says.state != GrantState::Revoked
            && grant.says.signed.is_none_or(|signed| signed <= at)
            && (permits || grant.says.state != GrantState::Active)
    };
    let grants = desk.world().grants.of(person).iter().filter(covered);
    let grants: Vec<GrantId> = grants.map(|grant| grant.id.clone()).collect();
    for grant in grants {
        let event = GrantEvent::Revoked { grant, person, at: Some(at) };
        desk.record(cause, Event::Grant(event), Vec::new(), None);
    }
    settle::settle_person(desk, person);
    person
}

fn refused(why: NotMerged) -> Trouble {
    let (at, words) = match why {
        NotMerged::NotOwn => {
            ("Patient.identifier", "is not of the organization's own patient index")
        }
        NotMerged::Cycle => ("Patient.link", "was retired before by what it is to replace"),
        NotMerged::Several => ("Patient.identifier", "is of several persons"),
    };
    Refusal::invalid(vec![Fault::new(IssueCode::BusinessRule, at, words)]).into()
}
