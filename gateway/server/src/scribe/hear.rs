//! An HL7 v2 message and what it did are one frame: the entry `message.heard` holds the message as
//! received and its acknowledgement, and makes a resend the same message.

use loopgate_referral::{OrgId, PersonId, ReferralId};

use super::desk::Desk;
use super::submission::{HearOnly, Hearing};
use crate::fields::Cause;
use crate::journal::Event;
use crate::refusal::{Kind, Trouble};

/// What a message came to.
#[derive(Default)]
pub struct Consequence {
    /// Whom it is about.
    pub person: Option<PersonId>,
    /// The referrals it brought.
    pub brought: Vec<ReferralId>,
    /// The referrals it says something of.
    pub about: Vec<ReferralId>,
}

/// Whether a message was taken in before. The same key with other content is refused.
pub fn is_known(
    desk: &Desk<'_>,
    org: &OrgId,
    key: [u8; 32],
    message: &Hearing,
) -> Result<bool, Trouble> {
    match desk.world().heard.get(&(org.clone(), key)) {
        Some(heard) if heard.content == message.content => Ok(true),
        Some(_) => Err(Kind::ReusedKey.into()),
        None => Ok(false),
    }
}

/// Records it.
pub fn record(
    desk: &mut Desk<'_>,
    cause: &Cause,
    (org, key): (OrgId, [u8; 32]),
    effect: Consequence,
    message: Hearing,
) {
    let Hearing { received, content, keep, ack, .. } = message;
    let Hearing { control, kind, version, sequence, asked, not_carried, .. } = message;
    let event = Event::Heard {
        org,
        person: effect.person,
        key,
        content,
        control,
        kind,
        version,
        sequence,
        asked,
        kept: keep,
        referrals: effect.brought,
        about: effect.about,
        not_carried,
    };
    let received = if keep { received } else { Vec::new() };
    desk.record(cause, event, vec![received, ack], None);
}

/// A message that has no effect.
pub fn decide(desk: &mut Desk<'_>, heard: HearOnly) -> Result<(), Trouble> {
    let HearOnly { org, request, message } = heard;
    if desk.roster().get(&org).is_none_or(|partner| partner.suspended) {
        return Err(Kind::Forbidden.into());
    }
    if is_known(desk, &org, request, &message)? {
        return Ok(());
    }
    let cause = cause(&org, request);
    record(desk, &cause, (org, request), Consequence::default(), message);
    Ok(())
}

/// That a message was the cause.
pub fn cause(org: &OrgId, request: [u8; 32]) -> Cause {
    Cause { actor: org.to_string(), transport: "mllp".into(), request: hex::encode(request) }
}
