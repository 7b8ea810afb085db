//! What an organization may pass on of a person it serves: what it is itself shown of them, in its own
//! dialect. The source's keys are not in it.

use loopgate_fhir::{Fault, IssueCode};
use loopgate_referral::{Placement, Referral};
use serde_json::Value;

use super::{Passing, Source, community, mapping, need_ask};
use crate::egress::Way;
use crate::gate::{Gate, Session};
use crate::refusal::{Refusal, Trouble};
use crate::scribe::is_over;

/// `client` of a referral, as the organization that serves it reads it now. It takes its copy: that is a
/// disclosure to it.
pub fn client(
    gate: &Gate,
    session: &Session,
    referral: &Referral,
    placement: &Placement,
) -> Result<Value, Trouble> {
    let org = &session.partner.org;
    let mapping = mapping(gate)?;
    let mut ask = need_ask(referral, placement).shown(gate, session);
    ask.resources.extend(Source::read(gate, referral)?.about_the_person.into_iter().take(1));
    ask.view = "passed-on";
    let way = Way { to: org, channel: "cbo-rest", mapping: Some(mapping.digest()), by: None };
    let released = gate.egress.release(way, ask, |permits| {
        let passing = Passing::of(permits);
        let said = community(gate, mapping, referral, placement, &passing)?;
        let said = said.ok_or(Trouble::Outage)?;
        let client = said.get("client").filter(|_| !is_over(placement)).ok_or_else(|| {
            let words = "shows you no person that you could refer on";
            Refusal::invalid(vec![Fault::new(IssueCode::BusinessRule, "#/about/referral", words)])
        })?;
        Ok(client.to_string().into_bytes())
    })?;
    serde_json::from_slice(&released.bytes).map_err(|_| Trouble::Outage)
}
