//! `GET /fhir/metadata`: what is routed, and nothing more.

use loopgate_fhir::{Capability, Json, capability_statement};
use loopgate_referral::Timestamp;

use crate::gate::Gate;

/// When the table of what is served last changed: 2026-11-26.
const CHANGED: Timestamp = Timestamp(1_795_651_200_000);

/// The CapabilityStatement of this gateway.
pub fn statement(gate: &Gate) -> Json {
    capability_statement(&Capability {
        date: CHANGED,
        software_version: env!("CARGO_PKG_VERSION"),
        url: &gate.config.organization.base_url,
        cors: !gate.config.fhir.cors_origins.is_empty(),
    })
}
