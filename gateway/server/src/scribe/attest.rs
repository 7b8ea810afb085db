//! A form that a person read: who says what it says, and when it takes two of them.

use loopgate_consent::{
    DataClass, Effect, GrantDraft, GrantEvent, GrantState, LegalBasis, Rule, Terms,
};
use loopgate_referral::{PersonId, ResourceId, Timestamp};

use super::desk::{Desk, by};
use super::settle;
use crate::journal::Event;
use crate::staff::StaffName;

/// What somebody read off a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attest {
    /// Who read it.
    pub by: StaffName,
    /// Which Consent the form is of.
    pub consent: ResourceId,
    /// What it permits.
    pub rules: Vec<Rule>,
    /// Its terms.
    pub terms: Terms,
    /// When it was signed.
    pub signed: Option<Timestamp>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attested {
    /// The Grant holds.
    Given,
    /// A second person has to read it too.
    OneMore,
    /// The second person read something else, or is the first one again.
    Differs,
    /// There is no such form, or nobody waits for it.
    NotWaiting,
}

/// Whether a form takes two persons: Part 2, and what shelters keep.
fn takes_two(attest: &Attest) -> bool {
    let violence = |rule: &Rule| rule.classes.contains(&DataClass::Ipv);
    matches!(attest.terms.basis, LegalBasis::Part2 | LegalBasis::Vawa)
        || attest.rules.iter().any(violence)
}

/// Records what was read.
pub fn attest(desk: &mut Desk<'_>, attest: Attest) -> Attested {
    let id = loopgate_consent::GrantId::of_consent(&attest.consent);
    let person = desk.world().resources.get(&attest.consent).and_then(|held| held.person);
    let pending = person.and_then(|person| desk.world().grants.get(person, &id));
    let Some(pending) = pending.filter(|grant| grant.says.state == GrantState::Pending) else {
        return Attested::NotWaiting;
    };
    let mut says = GrantDraft {
        state: GrantState::Active,
        // What the Consent itself denies stays denied.
        rules: pending
            .says
            .rules
            .iter()
            .filter(|rule| rule.effect == Effect::Deny)
            .chain(&attest.rules)
            .cloned()
            .collect(),
        signed: attest.signed,
        terms: Terms { attested_by: Vec::new(), ..attest.terms.clone() },
        ..pending.says.clone()
    };
    let cause = by(attest.by.as_str(), "staff");
    let first = desk.world().proposals.get(&attest.consent).cloned();
    match first {
        None if takes_two(&attest) => {
            let event = Event::Proposed { by: attest.by, says };
            desk.record(&cause, event, Vec::new(), None);
            return Attested::OneMore;
        }
        Some((first, proposed)) if takes_two(&attest) => {
            if first == attest.by || proposed != says {
                return Attested::Differs;
            }
            says.terms.attested_by = vec![first.to_string(), attest.by.to_string()];
        }
        _ => says.terms.attested_by = vec![attest.by.to_string()],
    }
    let person = says.person;
    desk.record(&cause, Event::Grant(GrantEvent::Given { says }), Vec::new(), None);
    settle::settle_person(desk, person);
    Attested::Given
}

/// The person withdraws one Grant, or all. Says whether anything was there to withdraw.
pub fn withdraw(
    desk: &mut Desk<'_>,
    person: PersonId,
    only: Option<&loopgate_consent::GrantId>,
    who: &str,
) -> bool {
    let open: Vec<_> = desk
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
        desk.record(&by(who, "people"), Event::Grant(event), Vec::new(), None);
    }
    settle::settle_person(desk, person);
    !open.is_empty()
}
