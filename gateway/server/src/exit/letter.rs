//! The e-mail to a community organization.

use loopgate_referral::{OrgId, Placement, PlacementId, Referral, ReferralId};

use super::forward_ask;
use crate::egress::{Released, Way, Weighed};
use crate::gate::Gate;
use crate::outbound::mail::words::{Line, Tells, body, day, office, subject};
use crate::partner::Partner;
use crate::refusal::{Kind, Trouble};
use crate::scribe::AskFor;

/// One referral in an e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Which.
    pub referral: ReferralId,
    /// Its placement.
    pub placement: PlacementId,
    /// What is told of it.
    pub tells: Tells,
}

/// What there is to send.
pub struct Mail {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: Released,
}

/// Whether an e-mail may speak of a referral now; a denial is recorded. That one is off is no news of
/// anybody to whom it was told of it.
pub fn may_mail(gate: &Gate, to: &OrgId, item: &Item) -> Result<Option<Weighed>, Trouble> {
    if item.tells == Tells::Off {
        return Ok(None);
    }
    let (referral, placement) = found(gate, item)?;
    let ask = ask(&referral, &placement);
    match gate.egress.weigh(to, &ask) {
        Ok(permits) => Ok(Some((ask, permits))),
        Err(denial) => Err(gate.egress.deny(to, &ask, denial)),
    }
}

/// The e-mail that says which referrals wait, changed or are off: their links, until when, and that a
/// person must not be contacted. Nothing of a person or a need; that there is a referral at all is
/// disclosed, of each person.
pub fn mail(
    gate: &Gate,
    partner: &Partner,
    items: &[Item],
    parts: Vec<Weighed>,
) -> Result<Mail, Trouble> {
    let way = Way { to: &partner.org, channel: "email", mapping: None, by: None };
    let lines = items.iter().map(|item| line(gate, partner, item));
    let lines: Vec<Line> = lines.collect::<Result<_, _>>()?;
    let subject = subject(&lines, &partner.name, partner.language);
    // Many are easier answered on the organization's own page, or in a spreadsheet from there.
    let own_page = (items.len() > 1).then(|| {
        let token = gate.doorkeys.office_token(&partner.org);
        office(&format!("{}/o/{token}", gate.config.people.base_url), partner.language)
    });
    let text = || body(&lines, partner.language) + own_page.as_deref().unwrap_or_default();
    let render = || Ok(text().into_bytes());
    Ok(Mail { subject, body: gate.egress.release_page(way, parts, render)? })
}

fn ask(referral: &Referral, placement: &Placement) -> AskFor {
    let mut ask = forward_ask(referral, placement).unasked();
    ask.view = "email";
    ask
}

fn line(gate: &Gate, partner: &Partner, item: &Item) -> Result<Line, Trouble> {
    let (referral, placement) = found(gate, item)?;
    let people = &gate.config.people;
    let until = placement.placed.plus_days(people.link_days_max);
    Ok(Line {
        tells: item.tells,
        link: format!("{}/r/{}", people.base_url, gate.doorkeys.token(&placement.id)),
        until: day(until, &partner.time_zone, partner.language),
        // That one is off is told without a permit: nothing of the person as they are now.
        silent: item.tells != Tells::Off && referral.contact_prohibited,
    })
}

fn found(gate: &Gate, item: &Item) -> Result<(Referral, Placement), Trouble> {
    let referral = gate.referral(&item.referral).ok_or(Trouble::from(Kind::NotFound))?;
    let placement = referral.placement(&item.placement).cloned();
    Ok((referral, placement.ok_or(Trouble::from(Kind::NotFound))?))
}
