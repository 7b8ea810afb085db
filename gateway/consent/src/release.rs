//! The release decision: may this leave, to them, for this, now?
//!
//! Pure and total. Explicit deny overrides; whatever cannot be interpreted denies; the first
//! failing check fixes the reason code. Checks of consent-security §3.9 that belong to tokens,
//! labels and break-glass come with the parts they guard.

use std::collections::BTreeMap;

use loopgate_referral::{NeedCode, OrgId, PersonId, Timestamp};

use crate::{
    Action, Basis, DataClass, Denial, Effect, FieldGroup, Grant, GrantState, Groups, LegalClass,
    Party, Permit, ReasonCode, Rule, TenantId,
};

/// The minimum-necessary template of a data class: the field groups that may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// What may pass.
    pub groups: Groups,
}

/// Templates by data class. A class without one lets nothing pass.
pub type Templates = BTreeMap<DataClass, Template>;

/// Why the asker believes it may.
#[derive(Debug, Clone, Copy)]
pub enum Claim<'a> {
    /// Because the person consented.
    Consent {
        /// To do this.
        action: Action,
        /// With data about these needs.
        needs: &'a [NeedCode],
        /// Supplied by this organization.
        from: &'a Party,
    },
    /// Because the recipient supplied it.
    ReturnToSupplier {
        /// Who supplied it.
        supplier: &'a OrgId,
    },
}

/// One question to the release decision.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The tenant whose data it is.
    pub tenant: &'a TenantId,
    /// Who would receive it.
    pub to: &'a Party,
    /// Whose data it is.
    pub person: PersonId,
    /// Why they may.
    pub claim: Claim<'a>,
    /// The instant of the decision.
    pub at: Timestamp,
}

/// Decides one question on the Grants of that person.
pub fn release(ask: &Ask<'_>, grants: &[Grant], templates: &Templates) -> Result<Permit, Denial> {
    let deny = |code| Err(Denial { code, grant: None });
    if ask.to.tenant != *ask.tenant {
        return deny(ReasonCode::A5);
    }
    match ask.claim {
        Claim::ReturnToSupplier { supplier } if *supplier == ask.to.org => {
            if ask.to.suspended {
                return deny(ReasonCode::R2);
            }
            Ok(Permit {
                code: ReasonCode::OK1,
                basis: Basis::ReturnToSupplier,
                person: ask.person,
                recipient: ask.to.org.clone(),
                action: None,
                classes: Vec::new(),
                groups: Groups::all(),
                templates: Vec::new(),
                at: ask.at,
            })
        }
        Claim::ReturnToSupplier { .. } => deny(ReasonCode::R1),
        Claim::Consent { action, needs, from } => {
            by_consent(&Wish { ask, action, needs, from }, grants, templates)
        }
    }
}

struct Wish<'a> {
    ask: &'a Ask<'a>,
    action: Action,
    needs: &'a [NeedCode],
    from: &'a Party,
}

fn by_consent(wish: &Wish<'_>, grants: &[Grant], templates: &Templates) -> Result<Permit, Denial> {
    let to = &wish.ask.to;
    if wish.from.tenant != *wish.ask.tenant {
        return Err(Denial { code: ReasonCode::A5, grant: None });
    }
    if !to.actions.contains(&wish.action) {
        return Err(Denial { code: ReasonCode::A4, grant: None });
    }
    if grants.iter().any(|grant| grant.says.person != wish.ask.person) {
        return Err(Denial { code: ReasonCode::C6, grant: None });
    }
    // What one Consent forbids, or says in a way we cannot read, no other may permit.
    for grant in grants.iter().filter(|grant| grant.says.state != GrantState::Revoked) {
        if grant.says.state == GrantState::Uninterpretable {
            return Err(Denial { code: ReasonCode::C8, grant: Some(grant.reference()) });
        }
        if grant.says.rules.iter().any(|rule| denies(rule, wish)) {
            return Err(Denial { code: ReasonCode::C7, grant: Some(grant.reference()) });
        }
    }
    let mut furthest: Option<(u8, Denial)> = None;
    // Newest first: of two that fail equally late, the newer names the reason.
    for grant in grants.iter().rev() {
        match by_grant(wish, grant, templates) {
            Ok(permit) => return Ok(permit),
            Err((depth, code)) => {
                let further = furthest.as_ref().is_none_or(|(deepest, _)| depth > *deepest);
                if further {
                    furthest = Some((depth, Denial { code, grant: Some(grant.reference()) }));
                }
            }
        }
    }
    Err(furthest.map_or(Denial { code: ReasonCode::C9, grant: None }, |(_, denial)| denial))
}

/// One Grant's answer; a denial comes with how many checks had passed.
fn by_grant(
    wish: &Wish<'_>,
    grant: &Grant,
    templates: &Templates,
) -> Result<Permit, (u8, ReasonCode)> {
    let (ask, says) = (wish.ask, &grant.says);
    let discloser = match wish.action {
        // The answer goes back to the organization that may disclose in the first place.
        Action::UpdateBack | Action::StatusRead => &ask.to.org,
        Action::Submit | Action::Forward | Action::Notify => &wish.from.org,
    };
    if !says.disclosers.contains(discloser) {
        return Err((0, ReasonCode::C9));
    }
    match says.state {
        GrantState::Active => {}
        GrantState::Revoked => return Err((1, ReasonCode::C2)),
        GrantState::Pending | GrantState::Uninterpretable => return Err((1, ReasonCode::C1)),
    }
    let permits: Vec<&Rule> =
        says.rules.iter().filter(|rule| rule.effect == Effect::Permit).collect();
    let mut furthest = (2, ReasonCode::C12);
    let mut covered: Vec<DataClass> = Vec::new();
    for rule in permits {
        match by_rule(wish, rule) {
            Ok(classes) => covered.extend(classes),
            Err(reached) if reached.0 > furthest.0 => furthest = reached,
            Err(_) => {}
        }
    }
    covered.sort_unstable();
    covered.dedup();
    if covered.is_empty() {
        return Err(furthest);
    }
    let used: Vec<&Template> = match wish.action {
        // The answer's groups do not depend on the need.
        Action::UpdateBack | Action::StatusRead => Vec::new(),
        Action::Submit | Action::Forward | Action::Notify => {
            covered.iter().filter_map(|class| templates.get(class)).collect()
        }
    };
    let groups = groups_of(wish.action, &used);
    if groups.is_empty() {
        return Err((10, ReasonCode::L6));
    }
    let whole = wish.needs.iter().all(|need| covers(&covered, need));
    Ok(Permit {
        code: if whole { ReasonCode::OK1 } else { ReasonCode::OK2 },
        basis: Basis::Consent(grant.reference()),
        person: ask.person,
        recipient: ask.to.org.clone(),
        action: Some(wish.action),
        classes: covered,
        groups,
        templates: used.iter().map(|one| format!("{}/{}", one.id, one.version)).collect(),
        at: ask.at,
    })
}

/// The classes of the need that one permit covers, or the check it fails.
fn by_rule(wish: &Wish<'_>, rule: &Rule) -> Result<Vec<DataClass>, (u8, ReasonCode)> {
    let to = wish.ask.to;
    let outward = !matches!(wish.action, Action::UpdateBack | Action::StatusRead);
    // Outward the recipient is named; backward it is the answering target that is.
    let named = if outward { to } else { wish.from };
    if !rule.period.contains(wish.ask.at) {
        return Err((3, ReasonCode::C3));
    }
    if !rule.actions.contains(&wish.action) {
        return Err((4, ReasonCode::X1));
    }
    if !to.purpose.as_ref().is_some_and(|purpose| rule.purposes.contains(purpose)) {
        return Err((5, ReasonCode::P1));
    }
    let Some((_, legal)) = rule.recipients.iter().find(|(org, _)| *org == named.org) else {
        return Err((6, ReasonCode::R1));
    };
    if to.suspended || wish.from.suspended {
        return Err((7, ReasonCode::R2));
    }
    if *legal != named.legal {
        return Err((8, ReasonCode::R3));
    }
    if !outward && wish.from.legal == LegalClass::VawaGrantee {
        return Err((8, ReasonCode::R5));
    }
    if to.agreement_ends.is_none_or(|ends| wish.ask.at >= ends) {
        return Err((9, ReasonCode::R6));
    }
    let classes: Vec<DataClass> = wish
        .needs
        .iter()
        .filter_map(DataClass::of)
        .filter(|class| rule.classes.contains(class))
        .collect();
    if classes.is_empty() { Err((10, ReasonCode::L6)) } else { Ok(classes) }
}

/// Whether an explicit deny matches. An absent selector in a deny matches everything.
fn denies(rule: &Rule, wish: &Wish<'_>) -> bool {
    let parties = [&wish.ask.to.org, &wish.from.org];
    let purpose = wish.ask.to.purpose.as_ref();
    rule.effect == Effect::Deny
        && rule.period.contains(wish.ask.at)
        && (rule.recipients_unknown
            || rule.recipients.is_empty()
            || rule.recipients.iter().any(|(org, _)| parties.contains(&org)))
        && (rule.actions.is_empty() || rule.actions.contains(&wish.action))
        && (rule.purposes.is_empty()
            || purpose.is_none_or(|purpose| rule.purposes.contains(purpose)))
        && (rule.classes.is_empty() || wish.needs.iter().any(|need| covers(&rule.classes, need)))
}

fn covers(classes: &[DataClass], need: &NeedCode) -> bool {
    DataClass::of(need).is_some_and(|class| classes.contains(&class))
}

fn groups_of(action: Action, templates: &[&Template]) -> Groups {
    match action {
        Action::UpdateBack | Action::StatusRead => {
            [FieldGroup::Status, FieldGroup::Note].into_iter().collect()
        }
        Action::Submit | Action::Forward | Action::Notify => templates
            .iter()
            .flat_map(|template| template.groups.iter())
            .filter(|group| *group != FieldGroup::SourceKeys)
            .collect(),
    }
}

#[cfg(test)]
#[path = "release_tests.rs"]
mod tests;
