//! What a webhook says (Standard Webhooks: `type`, `timestamp`, `data`).
//!
//! By reference it names the referral and where it is read. That there is a referral at all is disclosed,
//! as by an e-mail. Whole, it holds what the target would read. A closing names the referral and nobody, and
//! needs no permit: who withdrew has to be obeyed by those who hold what was theirs.

use loopgate_referral::{Placement, Referral, Timestamp};
use serde_json::{Value, json};

use super::{Passing, forward_ask, whole, whole_ask};
use crate::dialect;
use crate::egress::{Released, Way};
use crate::gate::Gate;
use crate::journal::HookKind;
use crate::refusal::{Kind, Trouble};
use crate::scribe::AskFor;

/// One webhook about a referral.
pub struct HookBody<'a> {
    /// The referral.
    pub referral: &'a Referral,
    /// The placement with the target.
    pub placement: &'a Placement,
    /// What happened.
    pub kind: HookKind,
    /// When.
    pub at: Timestamp,
    /// The referral goes along.
    pub whole: bool,
}

impl HookBody<'_> {
    /// Whether the referral goes along, as it does with what says what it is.
    fn is_whole(&self) -> bool {
        self.whole && self.kind.is_delivery()
    }

    fn ask(&self, gate: &Gate) -> Result<AskFor, Trouble> {
        if self.is_whole() {
            return Ok(whole_ask(gate, self.referral, self.placement, "referral")?.unasked());
        }
        let mut ask = forward_ask(self.referral, self.placement).unasked();
        ask.view = "webhook";
        Ok(ask)
    }

    /// Whether it may pass now: a closing may always. Records nothing.
    pub fn may(&self, gate: &Gate) -> Result<(), Trouble> {
        if self.kind.is_closing() {
            return Ok(());
        }
        let weighed = gate.egress.weigh(&self.placement.target, &self.ask(gate)?);
        weighed.map(drop).map_err(|_| Kind::Denied.into())
    }

    /// The payload, released.
    pub fn released(&self, gate: &Gate) -> Result<Released, Trouble> {
        let target = &self.placement.target;
        if self.kind.is_closing() {
            let bytes = self.said(gate, None).to_string().into_bytes();
            return Ok(Released { bytes, sending: None, receipt: None });
        }
        let spoken =
            self.is_whole().then(|| dialect::mapping(gate, target, "referral")).transpose()?;
        let mapping = spoken.map(|(mapping, _)| mapping);
        let digest = mapping.map(|mapping| mapping.digest());
        let way = Way { to: target, channel: "push", mapping: digest, by: None };
        gate.egress.release(way, self.ask(gate)?, |permits| {
            let document = match mapping {
                Some(mapping) => {
                    let passing = Passing::of(permits);
                    let said = whole(gate, mapping, self.referral, self.placement, &passing)?;
                    Some(said.ok_or(Trouble::Outage)?)
                }
                None => None,
            };
            Ok(self.said(gate, document).to_string().into_bytes())
        })
    }

    fn said(&self, gate: &Gate, document: Option<Value>) -> Value {
        let id = self.referral.id;
        let url = format!("{}/cbo/v1/referrals/{id}", gate.config.organization.origin());
        let mut data = json!({ "referral_id": id, "url": url });
        if let Some(document) = document {
            data["referral"] = document;
        }
        envelope(self.kind.name(), self.at, &data)
    }
}

/// `type`, `timestamp` (RFC 3339), `data`.
pub fn envelope(kind: &str, at: Timestamp, data: &Value) -> Value {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    json!({ "type": kind, "timestamp": at.to_string(), "data": data })
}
