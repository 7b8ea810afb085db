//! A link's own ways, applied to a message before anything else looks at it.

use std::borrow::Cow;

use loopgate_hl7v2::Message;

use crate::partner::{Link, Rule};

/// Whether a link calls an order a referral.
pub enum Order<'l> {
    /// It does, by this rule if it needed one.
    Referral(Option<&'l Rule>),
    /// It does not.
    Other,
}

/// The bytes without what the link passes over.
pub fn prepare<'b>(bytes: &'b [u8], _: &Link) -> Cow<'b, [u8]> {
    Cow::Borrowed(bytes)
}

/// What the link says in its own way, said in the standard's.
pub fn apply(_: &mut Message, _: &Link) {}

/// Whether the link calls this order a referral.
pub fn order<'l>(message: &Message, link: &'l Link) -> Order<'l> {
    let is_ref = message.text("MSH", 9, 1).as_deref() == Some("REF");
    let text = |segment: &str, field| message.text(segment, field, 1).unwrap_or_default();
    let rule = link.referrals.iter().find(|rule| {
        let code = rule.code.as_ref().is_none_or(|code| *code == text("OBR", 4));
        let diagnosis = rule.diagnosis.as_ref().is_none_or(|one| text("DG1", 3).starts_with(one));
        code && diagnosis
    });
    match rule {
        Some(rule) => Order::Referral(Some(rule)),
        None if is_ref && link.referrals.is_empty() => Order::Referral(None),
        None => Order::Other,
    }
}
