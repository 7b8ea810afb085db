//! A webhook of an operator's own: `webhook.test`, sent now, and what the receiver said to it. Nothing of
//! it is kept.

use loopgate_referral::OrgId;
use serde_json::json;

use super::due::pushed;
use super::post::Tried;
use crate::egress::Released;
use crate::exit::envelope;
use crate::gate::Gate;

/// Why nothing was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTried {
    /// No partner in force has this name and is pushed to.
    #[error("no such partner in force is pushed to")]
    NotPushed,
    /// The partner is suspended.
    #[error("the partner is suspended")]
    Suspended,
    /// Nothing is sent by a gateway that is down.
    #[error("the gateway is down: nothing is sent")]
    Down,
    /// There is no secret, or the address may not be connected to.
    #[error("nothing was sent: there is no secret, or the endpoint may not be connected to")]
    Unsent,
}

/// Sends one. What came of it, in words; an error if it was not taken.
pub fn test(gate: &Gate, org: &OrgId) -> Result<Result<String, String>, NotTried> {
    let to = {
        let roster = gate.scribe.published().roster.load();
        let partner = roster.get(org).ok_or(NotTried::NotPushed)?;
        let to = pushed(partner).ok_or(NotTried::NotPushed)?.clone();
        (!partner.suspended).then_some(to).ok_or(NotTried::Suspended)?
    };
    let (runtime, post) = gate.webhooks.way().ok_or(NotTried::Down)?;
    let mut random = [0; 8];
    gate.clock.random(&mut random);
    let id = format!("tst_{}", hex::encode(random));
    let bytes = envelope("webhook.test", gate.now(), &json!({})).to_string().into_bytes();
    let payload = Released { bytes, sending: None, receipt: None };
    match runtime.block_on(post.send(gate, (org, &to), &id, &payload)) {
        Tried::Taken => Ok(Ok(format!("{id} was taken"))),
        Tried::Refused(status) | Tried::Busy(Some(status), _) => {
            Ok(Err(format!("{id} was answered with {status}")))
        }
        Tried::Gone => Ok(Err(format!("{id} was answered with 410"))),
        Tried::Busy(None, _) => Ok(Err(format!("{id} was not answered"))),
        Tried::Unsent | Tried::Denied => Err(NotTried::Unsent),
    }
}
