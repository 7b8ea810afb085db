//! The e-mail to a community organization.

use loopgate_referral::{PlacementId, ReferralId};

use super::forward_ask;
use crate::egress::{Released, Way};
use crate::gate::Gate;
use crate::refusal::{Kind, Trouble};

/// The e-mail that says that a referral waits: its link, until when, and that the person must not be
/// contacted. Nothing of the person or the need; that there is a referral at all is disclosed.
pub fn mail(
    gate: &Gate,
    referral: &ReferralId,
    placement: &PlacementId,
) -> Result<Released, Trouble> {
    let referral = gate.referral(referral).ok_or(Trouble::from(Kind::NotFound))?;
    let placement = referral.placement(placement).ok_or(Trouble::from(Kind::NotFound))?;
    let way = Way { to: &placement.target, channel: "email", mapping: None, by: None };
    let mut ask = forward_ask(&referral, placement).unasked();
    ask.view = "email";
    let people = &gate.config.people;
    let until = placement.placed.plus_days(people.link_days_max);
    let until = jiff::Timestamp::from_millisecond(until.0).unwrap_or_default();
    gate.egress.release(way, ask, |_| {
        let link = format!("{}/r/{}", people.base_url, gate.doorkeys.token(&placement.id));
        let silent = if referral.contact_prohibited {
            "Do not contact the person: read the page first.\n\n"
        } else {
            ""
        };
        Ok(format!(
            "A referral is waiting for your answer.\n\n{silent}Open it here:\n\n{link}\n\n\
             The page asks for your organization's PIN before it says whom it is about.\n\
             The link works until the referral is closed, and at most until {}.\n",
            until.strftime("%-d %B %Y")
        )
        .into_bytes())
    })
}
