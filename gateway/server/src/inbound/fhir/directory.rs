//! Organizations of the tenant, by the names loopgate gives them: they are about nobody.

use loopgate_fhir::Json;
use loopgate_referral::ResourceId;

use crate::gate::{Gate, OWN_ID};

/// One of them.
pub fn organization(gate: &Gate, id: &ResourceId) -> Option<Json> {
    if id.kind() != "Organization" {
        return None;
    }
    let (name, identifiers) = if id.id() == OWN_ID {
        let own = &gate.config.organization;
        (own.name.clone(), vec![own.identifier.clone()])
    } else {
        let roster = gate.scribe.published().roster.load();
        let partner = roster.get(&id.id().parse().ok()?)?;
        (partner.name.clone(), partner.identifiers.clone())
    };
    let pairs = identifiers.iter().map(|one| (one.system.as_str(), one.value.as_str()));
    Some(loopgate_fhir::organization(id.id(), &name, pairs))
}

/// All of them.
pub fn organizations(gate: &Gate) -> Vec<ResourceId> {
    let roster = gate.scribe.published().roster.load();
    let names = roster.iter().map(|one| one.partner.org.as_str());
    let named = names.chain([OWN_ID]);
    named.filter_map(|name| ResourceId::of("Organization", name).ok()).collect()
}
