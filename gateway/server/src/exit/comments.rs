//! What a source and its target wrote to each other, as the target reads it.

use loopgate_referral::{Comment as Written, Placement, Referral};

use super::{Passing, forward_ask, notes};
use crate::egress::{Released, Way};
use crate::gate::{Gate, Session};
use crate::openapi::shows::{By, Comment, Comments};
use crate::refusal::Trouble;

/// All of them. The source's words where they pass; the target's own it may read again.
pub fn comments(
    gate: &Gate,
    referral: &Referral,
    placement: &Placement,
    asked_by: &Session,
) -> Result<Released, Trouble> {
    let way = Way { to: &placement.target, channel: "cbo-rest", mapping: None, by: None };
    let mut ask = forward_ask(referral, placement);
    ask.view = "comments";
    gate.egress.release(way, ask.shown(gate, asked_by), |permits| {
        let notes = notes::pass(&Passing::of(permits).groups, placement);
        let said = |one: &Written| Comment {
            at: jiff::Timestamp::from_millisecond(one.at.0).unwrap_or_default().to_string(),
            by: if one.by_target { By::You } else { By::Source },
            text: (one.by_target || notes).then(|| one.text.clone()),
        };
        let comments = Comments { comments: placement.comments.iter().map(said).collect() };
        serde_json::to_vec(&comments).map_err(|_| Trouble::Outage)
    })
}
