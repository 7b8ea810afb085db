//! The evidence of one referral, as one file that anybody checks without us (`loopgate verify report`).
//!
//! It shows what the timeline tells, and who it is about in no way: the person's chain stays hidden.

use loopgate_ledger::Field;

use super::timeline;
use crate::audit::Asker;
use crate::egress::Released;
use crate::evidence::{self, Chain};
use crate::fold::Class;
use crate::gate::Gate;
use crate::refusal::Trouble;

/// What it shows of each entry.
const SHOWN: [Field; 8] = [
    Field::Kind,
    Field::Subject,
    Field::Parties,
    Field::Actor,
    Field::Basis,
    Field::Transition,
    Field::Disclosed,
    Field::Time,
];

/// Releases the evidence of a referral.
pub fn for_referral(gate: &Gate, asker: &Asker<'_>, id: &str) -> Result<Released, Trouble> {
    let found = timeline::page(gate, id)?;
    let mut bytes = Vec::new();
    let chain = Chain { class: Class::Subject, id };
    evidence::report(gate, &chain, &SHOWN, &mut bytes).map_err(|error| {
        tracing::error!(%error, "the evidence of a referral was not made");
        Trouble::Outage
    })?;
    timeline::release(gate, asker, &found, &|| bytes.clone())
}
