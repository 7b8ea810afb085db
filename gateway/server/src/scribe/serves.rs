//! Whom a target serves now, and what every partner may name: what a partner's resource may refer to
//! beside its own.

use loopgate_referral::{OrgId, PersonId, Placement, Referral, ReferralId, ResourceId, TaskStatus};

use super::is_held;
use crate::fold::{Held, Part, World};
use crate::partner::Role;
use crate::roster::Roster;

/// The types that a target publishes by handing them in.
pub const PUBLISHED: [&str; 3] = ["HealthcareService", "Location", "Questionnaire"];

/// Whether every partner may read it: a service, a place or a form of a community organization.
pub fn is_published(roster: &Roster, id: &ResourceId, held: &Held) -> bool {
    let target = || roster.get(&held.org).is_some_and(|partner| partner.is(Role::Target));
    PUBLISHED.contains(&id.kind()) && held.person.is_none() && target()
}

/// Whether a placement ended without service: then its target needs the person no more.
pub fn is_over(placement: &Placement) -> bool {
    matches!(
        placement.state.status(),
        TaskStatus::Rejected | TaskStatus::Cancelled | TaskStatus::EnteredInError
    )
}

impl World {
    /// The placement through which a target serves the person that a Patient of its source is.
    pub fn serving(&self, target: &OrgId, patient: &ResourceId) -> Option<(&Referral, &Placement)> {
        let person = self.patients.get(patient)?;
        let source = &self.resources.get(patient)?.org;
        let from_source = self.referrals_of(*person).filter(|one| one.source == *source);
        from_source.rev().find_map(|referral| {
            let serves = |p: &&Placement| p.target == *target && !is_over(p);
            let placement = referral.placements.iter().find(serves)?;
            (!is_held(referral)).then_some((referral, placement))
        })
    }

    /// Whom a target serves now in a referral.
    pub fn serves(&self, target: &OrgId, referral: &ReferralId) -> Option<PersonId> {
        let (referral, placement) = self.placement_at(referral, target)?;
        let serves =
            !is_held(referral) && referral.placement(&placement).is_some_and(|p| !is_over(p));
        referral.persons.first().copied().filter(|_| serves)
    }

    /// Whom a target serves now by what this is: a Patient of a source, or our Task or ServiceRequest
    /// to it.
    pub fn served_by(&self, target: &OrgId, id: &ResourceId) -> Option<PersonId> {
        if id.kind() == "Patient" {
            self.serving(target, id)?;
            return self.patients.get(id).copied();
        }
        let part = *self.parts.get(id)?;
        let (Part::PlacementTask(referral, placement)
        | Part::PlacementRequest(referral, placement)) = part
        else {
            return None;
        };
        let referral = self.referrals.get(&referral).filter(|one| !is_held(one))?;
        let placement = referral.placement(&placement)?;
        let served = placement.target == *target && !is_over(placement);
        referral.persons.first().copied().filter(|_| served)
    }
}
