//! What people say for themselves and what staff read off forms: Grants that no program read.

use loopgate_consent::{
    Effect, Element, GrantDraft, GrantEvent, GrantId, GrantState, LegalBasis, Reading, Terms,
};
use loopgate_referral::{OrgId, PersonId, ResourceId};
use sha2::{Digest, Sha256};

use super::desk::{Desk, by};
use super::settle;
use crate::journal::{Event, StaffEvent};
use crate::staff::{PROVIDER_PREFIX, StaffName};

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
    // A day that has not come is no day of signing.
    let mut attest = attest;
    attest.reading.signed = attest.reading.signed.filter(|signed| *signed <= desk.at);
    let missing = attest.reading.missing(desk.settings().verbal);
    if !missing.is_empty() {
        return Attested::Incomplete(missing);
    }
    let Some(blank) = blank(desk, &attest) else { return Attested::NotWaiting };
    let first = desk.world().staff.proposals.get(&blank.consent).cloned();
    // Once two have to read it, no second reading makes it one.
    let two = attest.reading.takes_two()
        || first.is_some()
        || matches!(blank.terms.basis, LegalBasis::Part2 | LegalBasis::Vawa);
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
    match first {
        None if two => {
            let event = Event::Staff(StaffEvent::Proposed { by: attest.by, says });
            desk.record(&cause, event, Vec::new(), None);
            return Attested::OneMore;
        }
        Some((first, proposed)) if two => {
            if !are_two(&first, &attest.by) || proposed != says {
                return Attested::Differs;
            }
            says.terms.attested_by = vec![first.to_string(), attest.by.to_string()];
        }
        _ => says.terms.attested_by = vec![attest.by.to_string()],
    }
    let person = says.person;
    let decided = desk.world().grants.decide(says, desk.at);
    let Some(event) = decided else { return Attested::NotWaiting };
    desk.record(&cause, Event::Grant(event), Vec::new(), None);
    settle::settle_person(desk, person);
    Attested::Given
}

/// Whether two names are of two persons: one of them may have an account here and one at the provider.
fn are_two(one: &StaffName, other: &StaffName) -> bool {
    let provider = |name: &StaffName| name.as_str().starts_with(PROVIDER_PREFIX);
    one != other && provider(one) == provider(other)
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
            let person = world.persons.resolve(*person);
            // Nothing was received: what is pinned is what was read.
            let read = (&attest.reading.rules, &attest.reading.terms, attest.reading.signed);
            let read = crate::journal::json(&read).to_string();
            Some(GrantDraft {
                consent: settle::ours(desk, "Consent"),
                person,
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
    // They may have become one with another since somebody opened the page.
    let person = desk.world().persons.resolve(person);
    let open: Vec<GrantId> = desk
        .world()
        .grants
        .of(person)
        .iter()
        .filter(|grant| grant.says.state != GrantState::Revoked)
        .filter(|grant| only.is_none_or(|only| grant.id == *only))
        .map(|grant| grant.id.clone())
        .collect();
    if only.is_none() {
        let event = GrantEvent::AllRevoked { person, at: desk.at };
        desk.record(&by(who, transport), Event::Grant(event), Vec::new(), None);
    }
    let at = Some(desk.at);
    for grant in &open {
        let event = GrantEvent::Revoked { grant: grant.clone(), person, at };
        desk.record(&by(who, transport), Event::Grant(event), Vec::new(), None);
    }
    settle::settle_person(desk, person);
    !open.is_empty()
}

/// Who signed a Grant may not any more, or is not to be asked (45 CFR 164.502(g)(5)); or may again. Says
/// whether that is new of a Grant there is.
pub fn doubt(
    desk: &mut Desk<'_>,
    (person, grant): (PersonId, &GrantId),
    doubted: bool,
    who: &StaffName,
) -> bool {
    let person = desk.world().persons.resolve(person);
    let known = desk.world().grants.get(person, grant);
    if known.is_none_or(|one| one.doubted == doubted) {
        return false;
    }
    let event = Event::Grant(GrantEvent::Doubted { grant: grant.clone(), person, doubted });
    desk.record(&by(who.as_str(), "staff"), event, Vec::new(), None);
    settle::settle_person(desk, person);
    true
}

/// All Grants of two persons wait until somebody has found out whether they are one, or hold again.
pub fn suspend(
    desk: &mut Desk<'_>,
    (one, other): (PersonId, PersonId),
    suspended: bool,
    who: &StaffName,
) {
    let persons = &desk.world().persons;
    let (one, other) = (persons.resolve(one), persons.resolve(other));
    if one == other {
        return;
    }
    for (person, with) in [(one, other), (other, one)] {
        let event = GrantEvent::Suspended { person, with, suspended };
        desk.record(&by(who.as_str(), "staff"), Event::Grant(event), Vec::new(), None);
        settle::settle_person(desk, person);
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
