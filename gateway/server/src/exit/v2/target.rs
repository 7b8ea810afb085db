//! What a target that speaks HL7 v2 is told: a referral for it, an amendment, that it should stop, that
//! it is off.
//!
//! Minimum necessary as in the community dialect: an allow-list copy under the permit's groups. Our
//! name for the referral is the placer's number and the person's; no key of the source is in the pivot,
//! so none can be in the message. A closing names the referral and nobody, and needs no permit: who
//! withdrew has to be obeyed by those who hold what was theirs.

use loopgate_consent::{FieldGroup, Groups};
use loopgate_hl7v2::Segment;
use loopgate_mapping::{Mapping, States, WrittenV2};
use loopgate_referral::{
    Placement, PlacementId, Referral, ReferralId, StatusReason, TargetNews, TargetSays,
};
use serde_json::{Value, json};

use super::family::Said;
use super::{header, mapping, order, printed};
use crate::egress::{Released, Way};
use crate::exit::{Passing, forward_ask, notes as words, whole_ask};
use crate::gate::Gate;
use crate::inbound::cbo::notices::WORDS as STOP_USE;
use crate::partner::{Link, Partner, Requests};
use crate::refusal::{Kind, Trouble};
use crate::scribe::AskFor;
use crate::v2;

/// One message to a target.
pub struct Placing<'a> {
    /// The target.
    pub partner: &'a Partner,
    /// Its link.
    pub link: &'a Link,
    /// The referral.
    pub referral: &'a Referral,
    /// The placement with it.
    pub placement: &'a Placement,
    /// What.
    pub news: &'a TargetNews,
}

impl Placing<'_> {
    /// What it shows, and why the target may see it; nothing of the person, where it is a closing.
    fn ask(&self, gate: &Gate) -> Result<AskFor, Trouble> {
        let ask = if self.news.says.is_closing() {
            forward_ask(self.referral, self.placement)
        } else {
            whole_ask(gate, self.referral, self.placement, "hl7v2")?
        };
        Ok(ask.unasked())
    }

    /// Whether it may pass now: a closing may always. Records nothing.
    pub fn may(&self, gate: &Gate) -> Result<(), Trouble> {
        if self.news.says.is_closing() {
            return Ok(());
        }
        let weighed = gate.egress.weigh(&self.partner.org, &self.ask(gate)?);
        weighed.map(drop).map_err(|_| Kind::Denied.into())
    }

    /// The message, released.
    pub fn message(&self, gate: &Gate) -> Result<Released, Trouble> {
        let said = self.said(gate)?;
        let mapping = mapping(gate, &said)?;
        let way = Way {
            to: &self.partner.org,
            channel: "mllp",
            mapping: Some(mapping.digest()),
            by: None,
        };
        let why = match &self.news.says {
            TargetSays::Placed | TargetSays::Amended | TargetSays::Commented(_) => {
                return gate.egress.release(way, self.ask(gate)?, |permits| {
                    self.whole(gate, (mapping, &said), &Passing::of(permits))
                });
            }
            TargetSays::CancelAsked(why) | TargetSays::Cancelled(why) => Some(why),
            TargetSays::EnteredInError => None,
        };
        // The source's words may be about the person: they go where free text may.
        let ask = self.ask(gate)?;
        let notes = |groups: &Groups| groups.contains(FieldGroup::Note);
        let permitted = gate.egress.weigh(&self.partner.org, &ask);
        if why.is_some() && permitted.is_ok_and(|permits| notes(&Passing::of(&permits).groups)) {
            return gate.egress.release(way, ask, |permits| {
                let why = why.filter(|_| notes(&Passing::of(permits).groups));
                self.closing(gate, (mapping, &said), why)
            });
        }
        let bytes = self.closing(gate, (mapping, &said), None)?;
        Ok(Released { bytes, sending: None, receipt: None })
    }

    /// What says it, in the messages this link is asked in.
    fn said(&self, gate: &Gate) -> Result<Said, Trouble> {
        let state = match self.news.says {
            TargetSays::Placed => "sent",
            TargetSays::Amended | TargetSays::Commented(_) => "amended",
            TargetSays::CancelAsked(_) | TargetSays::Cancelled(_) => "cancel-requested",
            TargetSays::EnteredInError => "entered-in-error",
        };
        said(gate.library.states(), self.link.requests, state).ok_or_else(|| {
            tracing::error!(state, "the state table has no message for a target");
            Trouble::Outage
        })
    }

    fn whole(
        &self,
        gate: &Gate,
        (mapping, said): (&Mapping, &Said),
        passing: &Passing,
    ) -> Result<Vec<u8>, Trouble> {
        let order = order::of(gate, (self.referral, self.placement), self.partner, passing)?;
        let to = (self.partner, self.link);
        let written = written(to, (mapping, said), &(order.pivot, order.groups))?;
        if self.referral.contact_prohibited && !prohibits(&written.segments) {
            let referral = self.referral.id;
            tracing::error!(%referral, "a message cannot say that the person must not be contacted");
            return Err(Trouble::Outage);
        }
        let mut segments = vec![self.header(gate, said)];
        segments.extend(written.segments);
        let not_said = order.left.into_iter().chain(written.not_carried).collect();
        segments.extend(order::words(gate, self.referral, not_said, passing));
        if let TargetSays::Commented(text) = &self.news.says
            && words::pass(&passing.groups, self.placement)
        {
            segments.push(order::nte(&format!("comment: {text}")));
        }
        Ok(printed(segments, self.link))
    }

    fn closing(
        &self,
        gate: &Gate,
        (mapping, said): (&Mapping, &Said),
        why: Option<&StatusReason>,
    ) -> Result<Vec<u8>, Trouble> {
        let to = (self.partner, self.link);
        let words = why.map(StatusReason::text);
        let written = written(to, (mapping, said), &closing(self.referral.id, self.partner, words));
        let mut segments = vec![self.header(gate, said)];
        segments.extend(written?.segments);
        Ok(printed(segments, self.link))
    }

    fn header(&self, gate: &Gate, said: &Said) -> Segment {
        let id = placing_id(&self.placement.id, self.news.version);
        header(gate, (self.partner, self.link), (said.kind(), None), &id)
    }
}

/// MSH-10 of what the target of a placement is told in this version: the same each time it is sent.
pub fn placing_id(placement: &PlacementId, version: u64) -> String {
    v2::control_id(&[placement.to_string().as_bytes(), &version.to_be_bytes()])
}

/// MSH-10 of what a holder is told of a referral after a withdrawal.
pub fn stop_use_id(referral: &ReferralId, entry: u64) -> String {
    v2::control_id(&[b"stop-use", &entry.to_be_bytes(), referral.to_string().as_bytes()])
}

/// What comes behind MSH. The pivot has no key of a source, so ours pass in their place.
fn written(
    (partner, link): (&Partner, &Link),
    (mapping, said): (&Mapping, &Said),
    (pivot, groups): &(Value, Groups),
) -> Result<WrittenV2, Trouble> {
    let groups = groups.iter().chain([FieldGroup::SourceKeys]).collect();
    let constants = v2::constants(&link.authorities, partner.time_zone.clone());
    let constants = constants.with_state(said.state());
    mapping.write_v2(pivot, &groups, &constants).map_err(|refused| {
        // Only a path is said.
        tracing::error!(mapping = mapping.name(), %refused, "a mapping refused a referral");
        Trouble::Outage
    })
}

/// What a closing says: which referral, and these words.
fn closing(referral: ReferralId, partner: &Partner, words: Option<&str>) -> (Value, Groups) {
    let mut pivot = order::bare(referral, partner);
    if let Some(words) = words {
        pivot["Task"]["statusReason"] = json!({ "text": words });
        // Which of them has a field depends on the message.
        pivot["Task"]["note"] = json!([{ "text": words }]);
        pivot["ServiceRequest"]["note"] = json!([{ "text": words }]);
    }
    (pivot, Groups::all())
}

/// That a target has to stop using what it holds of a referral, since the person withdrew: a request to
/// cancel that names the referral and nobody. `entry` is the withdrawal's.
pub fn stop_use(
    gate: &Gate,
    (partner, link): (&Partner, &Link),
    (referral, entry): (&ReferralId, u64),
) -> Result<Released, Trouble> {
    let said = said(gate.library.states(), link.requests, "cancel-requested");
    let said = said.ok_or(Trouble::Outage)?;
    let mapping = mapping(gate, &said)?;
    let pivot = closing(*referral, partner, Some(STOP_USE));
    let written = written((partner, link), (mapping, &said), &pivot)?;
    let id = stop_use_id(referral, entry);
    let mut segments = vec![header(gate, (partner, link), (said.kind(), None), &id)];
    segments.extend(written.segments);
    Ok(Released { bytes: printed(segments, link), sending: None, receipt: None })
}

/// What says a state to a target; a withdrawal of what cannot be called an error is a cancellation.
fn said(states: &States, requests: Requests, state: &str) -> Option<Said> {
    let codes: &[&str] = match requests {
        Requests::Ref => &["REF"],
        Requests::Omg if matches!(state, "sent" | "amended") => &["OMG"],
        Requests::Omg => &["OSU", "OMG"],
        Requests::Orm => &["ORM"],
    };
    let named = |name: &str| codes.iter().find_map(|code| states.say(name, code));
    let error = state == "entered-in-error";
    let way = named(state).or_else(|| named("cancel-requested").filter(|_| error));
    way.map(Said::of)
}

/// PD1-12, protection indicator, says so (see adr/0013).
fn prohibits(segments: &[Segment]) -> bool {
    let mut protected = segments.iter().filter(|one| one.name == "PD1");
    protected.any(|pd1| {
        let field = pd1.fields.get(11).and_then(|field| field.0.first());
        let text = field.and_then(|one| one.0.first()).and_then(|one| one.0.first());
        text.is_some_and(|text| text.as_str() == "Y")
    })
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
