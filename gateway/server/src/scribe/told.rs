//! How a release decision is told in the log.

use loopgate_consent::{Basis, Denial, Party, Permit};
use loopgate_referral::OrgId;

use super::disclose::{AskFor, OwnedClaim};
use crate::journal::{BasisUsed, Event};

/// What a permit is recorded as.
pub fn basis(permit: &Permit, to: &Party, claims: &[OwnedClaim]) -> BasisUsed {
    match (permit.grant(), permit.action()) {
        (Some(grant), Some(action)) => BasisUsed::Consent {
            grant: grant.clone(),
            action: action.name().into(),
            purpose: to.purpose.as_ref().map(|purpose| purpose.code().into()),
            code: permit.code().name().into(),
            templates: permit.templates().to_vec(),
            groups: permit.groups().iter().map(|group| group.name().into()).collect(),
            dropped: permit.dropped().to_vec(),
            obligations: permit.obligations().to_vec(),
        },
        _ => match permit.basis() {
            Basis::Treatment => BasisUsed::Treatment,
            Basis::BusinessAssociate => BasisUsed::BusinessAssociate,
            Basis::Law(order) => BasisUsed::Law { order: order.clone() },
            Basis::BreakGlass => {
                let entry = claims.iter().find_map(|claim| match claim {
                    OwnedClaim::BreakGlass { entry, .. } => Some(*entry),
                    _ => None,
                });
                BasisUsed::BreakGlass { entry: entry.unwrap_or_default() }
            }
            Basis::ThePerson => BasisUsed::ThePerson,
            Basis::Audit(case) => BasisUsed::Audit { case: case.clone() },
            Basis::ReturnToSupplier | Basis::Consent(_) => BasisUsed::ReturnToSupplier,
        },
    }
}

/// The entry that says that somebody known was refused, and the name it is told under.
pub fn denied(org: &OrgId, ask: &AskFor, denial: &Denial, name: [u8; 8]) -> Event {
    let action = ask.claims.iter().find_map(|claim| match claim {
        OwnedClaim::Consent { action, .. } => Some(action.name().to_owned()),
        OwnedClaim::BreakGlass { .. } => Some("break_glass".to_owned()),
        OwnedClaim::Audit { .. } => Some("audit".to_owned()),
        OwnedClaim::Treatment { .. }
        | OwnedClaim::BusinessAssociate { .. }
        | OwnedClaim::ReturnToSupplier { .. }
        | OwnedClaim::ThePerson { .. } => None,
    });
    Event::Denied {
        org: org.clone(),
        person: Some(ask.person),
        referral: ask.referral,
        action,
        code: denial.code.name().into(),
        correlation: Some(hex::encode(name)),
        grant: denial.grant.clone(),
        dropped: denial.dropped.clone(),
    }
}
