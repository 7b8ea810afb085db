//! The release decision: may this leave, to them, for this, now?
//!
//! Pure and total. Explicit deny overrides; whatever cannot be interpreted denies; the first
//! failing check fixes the reason code. The table in `table_tests.rs` is its law.
//!
//! Here: what is asked of every basis, and the bases other than consent. Consent itself is
//! `weigh.rs`; what may pass of the data is `items.rs`.

use crate::forbid;
use crate::items::{self, Sieve};
use crate::weigh::{self, Weighed, Wish};
use crate::{
    Action, Ask, Basis, Caller, Claim, DataClass, Denial, Dropped, FieldGroup, Glass, Grant,
    Groups, Health, Label, LegalClass, Obligation, Party, Permit, Policy, ReasonCode,
};

/// How long broken glass lets a clinician read, ms.
const GLASS_MS_MAX: i64 = 60 * 60 * 1000;

/// Decides one question on the Grants of that person.
pub fn release(ask: &Ask<'_>, grants: &[Grant], policy: &Policy) -> Result<Permit, Denial> {
    before_all(ask)?;
    match ask.claim {
        Claim::Audit { case, reveal } => audit(ask, case, reveal),
        Claim::ReturnToSupplier { supplier } => {
            if *supplier != ask.to.org {
                return Err(Denial::of(ReasonCode::R1));
            }
            standing(ask.to)?;
            let groups = Groups::all();
            Ok(permit(ask, Basis::ReturnToSupplier, Passed { groups, ..Passed::default() }))
        }
        Claim::ThePerson { proxy } => the_person(ask, proxy),
        Claim::BreakGlass { glass, from } => break_glass(ask, glass, from),
        Claim::Law { order, part2 } => law(ask, order, part2),
        Claim::Treatment { from } => {
            let may = ask.to.treats && ask.to.legal.may_treat();
            // 34 USC 12291(b)(2) and 42 CFR 2.31 want the person's word, whatever is labelled.
            match from.legal {
                LegalClass::VawaGrantee => return Err(Denial::of(ReasonCode::R5)),
                LegalClass::Part2Program => return Err(Denial::of(ReasonCode::L3)),
                _ => {}
            }
            as_configured(ask, from, (may, Basis::Treatment), grants)
        }
        Claim::BusinessAssociate { from } => {
            let may = ask.to.associate && ask.to.legal == LegalClass::Ba;
            as_configured(ask, from, (may, Basis::BusinessAssociate), grants)
        }
        Claim::Consent { action, from, token, referral, detail } => {
            let wish = Wish { ask, action, from, token, referral, detail };
            let Weighed { grant, basis, groups, templates, classes, dropped, obligations, limited } =
                weigh::consent(&wish, grants, policy)?;
            let less = limited || !dropped.is_empty();
            let passed = Passed {
                code: Some(if less { ReasonCode::OK2 } else { ReasonCode::OK1 }),
                action: Some(action),
                classes,
                groups,
                templates,
                obligations: items::obligations(ask, basis, &dropped, obligations),
                dropped,
            };
            Ok(permit(ask, Basis::Consent(grant), passed))
        }
    }
}

/// What is asked whatever the basis, in this order.
fn before_all(ask: &Ask<'_>) -> Result<(), Denial> {
    let code = match (ask.health, ask.caller) {
        (Health::NoLog, _) => ReasonCode::S1,
        (Health::NoClock, _) => ReasonCode::S2,
        (_, Caller::Unknown) => ReasonCode::A1,
        (_, Caller::Revoked) => ReasonCode::A2,
        (_, Caller::Unbound) => ReasonCode::A3,
        (_, Caller::OutOfScope) => ReasonCode::A4,
        _ if ask.to.tenant != *ask.tenant => ReasonCode::A5,
        _ if ask.items.iter().any(|item| item.person.is_some_and(|p| p != ask.person)) => {
            ReasonCode::C6
        }
        _ => return Ok(()),
    };
    Err(Denial::of(code))
}

/// What a permit lets pass.
#[derive(Default)]
struct Passed {
    code: Option<ReasonCode>,
    action: Option<Action>,
    classes: Vec<DataClass>,
    groups: Groups,
    templates: Vec<String>,
    obligations: Vec<Obligation>,
    dropped: Vec<Dropped>,
}

fn permit(ask: &Ask<'_>, basis: Basis, passed: Passed) -> Permit {
    let plain = if passed.dropped.is_empty() { ReasonCode::OK1 } else { ReasonCode::OK2 };
    Permit {
        code: passed.code.unwrap_or(plain),
        basis,
        person: ask.person,
        recipient: ask.to.org.clone(),
        action: passed.action,
        classes: passed.classes,
        groups: passed.groups,
        templates: passed.templates,
        obligations: passed.obligations,
        dropped: passed.dropped,
        at: ask.at,
    }
}

fn standing(to: &Party) -> Result<(), Denial> {
    if to.suspended { Err(Denial::of(ReasonCode::R2)) } else { Ok(()) }
}

/// Everything but the source's keys, which are nobody else's.
fn all_but_keys() -> Groups {
    FieldGroup::ALL.into_iter().filter(|group| *group != FieldGroup::SourceKeys).collect()
}

/// Without consent, a covered entity or its associate, as its partner file says. What a Consent
/// forbids is forbidden still, and 42 CFR Part 2 wants consent.
fn as_configured(
    ask: &Ask<'_>,
    from: &Party,
    (may, basis): (bool, Basis),
    grants: &[Grant],
) -> Result<Permit, Denial> {
    if from.tenant != *ask.tenant {
        return Err(Denial::of(ReasonCode::A5));
    }
    forbid::forbidden(ask, (Action::Forward, from), grants)?;
    if ask.purpose.is_none_or(|purpose| !ask.to.acts_for(purpose)) {
        return Err(Denial::of(if ask.purpose.is_none() {
            ReasonCode::P1
        } else {
            ReasonCode::P2
        }));
    }
    if !may {
        return Err(Denial::of(ReasonCode::R1));
    }
    standing(ask.to)?;
    standing(from)?;
    if ask.to.agreement_ends.is_none_or(|ends| ask.at >= ends) {
        return Err(Denial::of(ReasonCode::R6));
    }
    let sieve = Sieve {
        denies: forbid::item_denies(ask, (Action::Forward, from), grants),
        ..Sieve::default()
    };
    let dropped = items::drops(ask, &[sieve])?;
    let passed = Passed { groups: all_but_keys(), dropped, ..Passed::default() };
    Ok(permit(ask, basis, passed))
}

/// 45 CFR 164.512(a), (e); 42 CFR 2.61 for what Part 2 protects.
fn law(ask: &Ask<'_>, order: &str, part2: bool) -> Result<Permit, Denial> {
    if order.is_empty() {
        return Err(Denial::of(ReasonCode::A4));
    }
    let sieve = Sieve { part2, any_label: true, ..Sieve::default() };
    let dropped = items::drops(ask, &[sieve])?;
    let passed = Passed { groups: all_but_keys(), dropped, ..Passed::default() };
    Ok(permit(ask, Basis::Law(order.to_owned()), passed))
}

/// A clinician of a covered entity, reading, within the hour; never what is about violence, and
/// what Part 2 protects only in a medical emergency (42 CFR 2.51).
fn break_glass(ask: &Ask<'_>, glass: &Glass, from: Option<&Party>) -> Result<Permit, Denial> {
    let emergency = ask.purpose.is_some_and(|one| matches!(one.code(), "ETREAT" | "BTG"));
    let open = glass.broken <= ask.at && ask.at.0 - glass.broken.0 < GLASS_MS_MAX;
    let may = ask.to.break_glass && ask.to.legal.may_treat() && !ask.to.suspended;
    if !may || !emergency || !open || glass.reason.trim().is_empty() {
        return Err(Denial::of(ReasonCode::B1));
    }
    let closed = |label: &Label| match label {
        Label::Sensitivity(about) => about.is_violence(),
        Label::Part2 => !glass.medical_emergency,
        Label::Unknown => true,
        _ => false,
    };
    let about_violence = |item: &crate::Item| {
        item.labels.iter().any(closed)
            || item.needs.iter().any(|need| DataClass::of(need) == Some(DataClass::Ipv))
    };
    let kept = match from.map(|from| from.legal) {
        Some(LegalClass::VawaGrantee) => true,
        Some(LegalClass::Part2Program) => !glass.medical_emergency,
        _ => false,
    };
    if kept || !glass.is_read || ask.items.iter().any(about_violence) {
        return Err(Denial::of(ReasonCode::B2));
    }
    let passed =
        Passed { code: Some(ReasonCode::OK3), groups: all_but_keys(), ..Passed::default() };
    Ok(permit(ask, Basis::BreakGlass, passed))
}

/// The person sees what is theirs. Who speaks for them does not see what is about violence.
fn the_person(ask: &Ask<'_>, proxy: bool) -> Result<Permit, Denial> {
    let hidden = |item: &crate::Item| {
        let violence = |label: &Label| matches!(label, Label::Sensitivity(s) if s.is_violence());
        proxy
            && (item.labels.iter().any(violence)
                || item.needs.iter().any(|need| DataClass::of(need) == Some(DataClass::Ipv)))
    };
    let dropped: Vec<Dropped> = ask
        .items
        .iter()
        .filter(|item| hidden(item))
        .map(|item| Dropped { resource: item.resource.clone(), code: ReasonCode::L1 })
        .collect();
    items::something_left(ask, &dropped)?;
    let passed = Passed { groups: all_but_keys(), dropped, ..Passed::default() };
    Ok(permit(ask, Basis::ThePerson, passed))
}

fn audit(ask: &Ask<'_>, case: Option<&str>, reveal: bool) -> Result<Permit, Denial> {
    let case = case.map(str::trim).filter(|case| !case.is_empty());
    let case = case.ok_or_else(|| Denial::of(ReasonCode::A4))?;
    let pseudonymous = [FieldGroup::Status].into_iter().collect();
    let groups = if reveal { all_but_keys() } else { pseudonymous };
    let passed = Passed { code: Some(ReasonCode::OK4), groups, ..Passed::default() };
    Ok(permit(ask, Basis::Audit(case.to_owned()), passed))
}

#[cfg(test)]
#[path = "release_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "world_tests.rs"]
mod world;

#[cfg(test)]
#[path = "table_tests.rs"]
mod table;
