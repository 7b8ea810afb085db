//! What people say for themselves and what staff read off forms: Grants that no program read.

use loopgate_consent::{
    Effect, Element, GrantDraft, GrantEvent, GrantId, GrantState, Reading, Terms,
};
use loopgate_referral::{OrgId, PersonId, ResourceId};
use sha2::{Digest, Sha256};

use super::desk::{Desk, by};
use super::settle;
use crate::journal::{Event, StaffEvent};
use crate::staff::StaffName;

/// Which form somebody read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A Consent that came in and waits, or that a first person read.
    Received(ResourceId),
    /// A form on paper, or spoken words: about whom, and who may share.
    Paper(PersonId, OrgId),
}

/// What somebody read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attest {
    /// Who read it.
    pub by: StaffName,
    /// Which form.
    pub form: Form,
    /// What it says.
    pub reading: Reading,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attested {
    /// The Grant holds.
    Given,
    /// A second person has to read it too.
    OneMore,
    /// The second person read something else, or is the first one again.
    Differs,
    /// There is no such form, or nobody waits for it.
    NotWaiting,
    /// The law wants more on it: C12.
    Incomplete(Vec<Element>),
}

/// Records what was read.
pub fn attest(desk: &mut Desk<'_>, attest: Attest) -> Attested {
    let missing = attest.reading.missing(desk.settings().verbal);
    if !missing.is_empty() {
        return Attested::Incomplete(missing);
    }
    let Some(blank) = blank(desk, &attest) else { return Attested::NotWaiting };
    let two = attest.reading.takes_two();
    let Reading { rules, terms, signed, .. } = attest.reading.limited(desk.at);
    // What the Consent itself denies stays denied.
    let denied = blank.rules.iter().filter(|rule| rule.effect == Effect::Deny).cloned();
    let mut says = GrantDraft {
        state: GrantState::Active,
        rules: denied.chain(rules).collect(),
        signed: signed.or(blank.signed),
        terms: Terms { attested_by: Vec::new(), ..terms },
        ..blank.clone()
    };
    let cause = by(attest.by.as_str(), "staff");
    let first = desk.world().staff.proposals.get(&says.consent).cloned();
    match first {
        None if two => {
            let event = Event::Staff(StaffEvent::Proposed { by: attest.by, says });
            desk.record(&cause, event, Vec::new(), None);
            return Attested::OneMore;
        }
        Some((first, proposed)) if two => {
            if first == attest.by || proposed != says {
                return Attested::Differs;
            }
            says.terms.attested_by = vec![first.to_string(), attest.by.to_string()];
        }
        _ => says.terms.attested_by = vec![attest.by.to_string()],
    }
    let person = says.person;
    let Some(event) = desk.world().grants.decide(says) else { return Attested::NotWaiting };
    desk.record(&cause, Event::Grant(event), Vec::new(), None);
    settle::settle_person(desk, person);
    Attested::Given
}

/// The Grant as it was before anybody read the form.
fn blank(desk: &Desk<'_>, attest: &Attest) -> Option<GrantDraft> {
    let world = desk.world();
    match &attest.form {
        Form::Received(consent) => {
            if let Some((_, proposed)) = world.staff.proposals.get(consent) {
                return Some(proposed.clone());
            }
            let person = world.resources.get(consent)?.person?;
            let pending = world.grants.get(person, &GrantId::of_consent(consent))?;
            (pending.says.state == GrantState::Pending).then(|| pending.says.clone())
        }
        Form::Paper(person, discloser) => {
            desk.roster().get(discloser)?;
            // Nothing was received: what is pinned is what was read.
            let read = (&attest.reading.rules, &attest.reading.terms, attest.reading.signed);
            let read = crate::journal::json(&read).to_string();
            Some(GrantDraft {
                consent: settle::ours(desk, "Consent"),
                person: *person,
                state: GrantState::Pending,
                disclosers: vec![discloser.clone()],
                rules: Vec::new(),
                signed: None,
                consent_sha256: Sha256::digest(read).into(),
                terms: Terms::default(),
            })
        }
    }
}

/// The person withdraws one Grant, or all; who says so for them. Says whether anything was there to
/// withdraw.
pub fn withdraw(
    desk: &mut Desk<'_>,
    person: PersonId,
    only: Option<&GrantId>,
    (who, transport): (&str, &str),
) -> bool {
    let open: Vec<GrantId> = desk
        .world()
        .grants
        .of(person)
        .iter()
        .filter(|grant| grant.says.state != GrantState::Revoked)
        .filter(|grant| only.is_none_or(|only| grant.id == *only))
        .map(|grant| grant.id.clone())
        .collect();
    let at = Some(desk.at);
    for grant in &open {
        let event = GrantEvent::Revoked { grant: grant.clone(), person, at };
        desk.record(&by(who, transport), Event::Grant(event), Vec::new(), None);
    }
    settle::settle_person(desk, person);
    !open.is_empty()
}

/// Who signed a Grant may not any more, or is not to be asked (45 CFR 164.502(g)(5)). Says whether there
/// is such a Grant.
pub fn doubt(desk: &mut Desk<'_>, person: PersonId, grant: &GrantId, who: &StaffName) -> bool {
    let known = desk.world().grants.get(person, grant);
    let Some(known) = known.filter(|one| one.says.state != GrantState::Revoked) else {
        return false;
    };
    let mut says = known.says.clone();
    says.terms.authority_withdrawn = true;
    let event = Event::Grant(GrantEvent::Given { says });
    desk.record(&by(who.as_str(), "staff"), event, Vec::new(), None);
    settle::settle_person(desk, person);
    true
}

/// All Grants of two persons wait until somebody has found out whether they are one, or hold again.
pub fn suspend(desk: &mut Desk<'_>, persons: &[PersonId], suspended: bool, who: &StaffName) {
    for person in persons {
        if desk.world().grants.are_suspended(*person) == suspended {
            continue;
        }
        let event = GrantEvent::Suspended { person: *person, suspended };
        desk.record(&by(who.as_str(), "staff"), Event::Grant(event), Vec::new(), None);
        settle::settle_person(desk, *person);
    }
}

/// Somebody signs in. The step of a one-time password is good once, which is decided here.
pub fn sign_in(desk: &mut Desk<'_>, staff: StaffName, step: Option<u64>) -> bool {
    let last = desk.world().staff.steps.get(&staff).copied().unwrap_or_default();
    let right = step.is_some_and(|step| step > last);
    let cause = by(staff.as_str(), "staff");
    let event = StaffEvent::SignIn { staff, right, step: step.filter(|_| right) };
    desk.record(&cause, Event::Staff(event), Vec::new(), None);
    right
}
