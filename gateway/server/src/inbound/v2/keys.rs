//! Whose referral a message names: by the source's placer number, or by ours.

use loopgate_fhir::REFERRAL;
use loopgate_referral::{Identifier, OrgId, PlacementId, ReferralId, TaskStatus};
use serde_json::Value;

use crate::fold::{Part, World};

/// The referral that a message is about, and the part its sender has in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// The sender's own.
    AsSource(ReferralId, TaskStatus),
    /// Placed with the sender.
    AsTarget(ReferralId, PlacementId, TaskStatus),
    /// None that the sender may know of.
    Nobody,
}

/// A key that the source gave without saying in which namespace is one of its own.
pub fn in_own_namespace(pivot: &mut Value, org: &OrgId) {
    let identifiers = pivot["Task"].get_mut("identifier").and_then(Value::as_array_mut);
    for one in identifiers.into_iter().flatten() {
        if one.get("system").is_none_or(Value::is_null) {
            one["system"] = own_namespace(org).into();
        }
    }
}

/// The system of a partner's keys that have none.
pub fn own_namespace(org: &OrgId) -> String {
    format!("urn:loopgate:placer:{org}")
}

/// Looks up the referral a pivot's Task names.
pub fn named(world: &World, org: &OrgId, pivot: &Value) -> Named {
    let identifiers = pivot["Task"]["identifier"].as_array().map_or(&[][..], Vec::as_slice);
    let pairs = identifiers.iter().filter_map(|one| {
        let value = one["value"].as_str()?.to_owned();
        Some((one["system"].as_str().map(str::to_owned), value))
    });
    for (system, value) in pairs {
        // Our own number, whichever field it stands in and whatever they call us.
        if let Ok(id) = value.parse::<ReferralId>() {
            let found = of_ours(world, org, id);
            if found != Named::Nobody {
                return found;
            }
        }
        let system = system.filter(|system| system != REFERRAL);
        let system = system.unwrap_or_else(|| own_namespace(org));
        let key = (org.clone(), Identifier { system, value });
        let task = world.task_keys.get(&key);
        if let Some(Part::SourceTask(id)) = task.and_then(|task| world.parts.get(task))
            && let Some(referral) = world.referrals.get(id)
        {
            return Named::AsSource(*id, referral.state.status());
        }
    }
    Named::Nobody
}

fn of_ours(world: &World, org: &OrgId, id: ReferralId) -> Named {
    if let Some((referral, placement)) = world.placement_at(&id, org)
        && let Some(found) = referral.placement(&placement)
    {
        return Named::AsTarget(id, placement, found.state.status());
    }
    match world.referrals.get(&id).filter(|referral| referral.source == *org) {
        Some(referral) => Named::AsSource(id, referral.state.status()),
        None => Named::Nobody,
    }
}
