//! What is due to each partner that is pushed to, how a webhook is made of it, and how it is recorded taken.
//! Not here: when it is tried, and what the receiver answers.

use std::collections::BTreeMap;

use loopgate_referral::{
    OrgId, Placement, PlacementId, Referral, ReferralId, TargetNews, Timestamp,
};

use crate::egress::Released;
use crate::exit::{HookBody, envelope};
use crate::fold::{ToldHook, World, hook_message};
use crate::gate::Gate;
use crate::inbound::cbo::notices::said;
use crate::journal::{HookKind, HookMessage, WebhookEvent};
use crate::partner::{ChannelKind, Partner, Payload, Push};
use crate::refusal::{Kind, Trouble};
use crate::scribe::{Command, is_held};

/// A webhook that is due, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// When what it tells happened.
    pub since: Timestamp,
    /// Which.
    pub message: HookMessage,
    /// It was told before.
    pub again: bool,
    /// How many wait until it is taken.
    pub behind: usize,
}

/// How a partner is pushed to, if it is.
pub fn pushed(partner: &Partner) -> Option<&Push> {
    match &partner.channel.as_ref()?.kind {
        ChannelKind::Push(push) => Some(push),
        _ => None,
    }
}

/// What is due to a partner: that somebody withdrew, what is told again, then the news of each placement,
/// of each only the first, since what follows has to wait for it.
pub fn due<'a>(world: &'a World, org: &'a OrgId) -> impl Iterator<Item = Waiting> + 'a {
    let notices = world.notices.untold(org).map(|(entry, notice)| Waiting {
        since: notice.at,
        message: HookMessage::StopUse { entry },
        again: false,
        behind: 0,
    });
    let again = world.webhooks.of(org).map(|hook| told_again(&hook.again)).unwrap_or_default();
    let owed = world.untold.get(org).into_iter().flatten();
    let news = owed.filter_map(|(at, id)| Some((*at, world.referrals.get(id)?)));
    notices.chain(again).chain(news.flat_map(move |(at, referral)| news_of(referral, (org, at))))
}

/// What is told again: of each placement the first, as of its news.
fn told_again(all: &[ToldHook]) -> Vec<Waiting> {
    let mut first: Vec<Waiting> = Vec::new();
    let mut of: BTreeMap<PlacementId, usize> = BTreeMap::new();
    for one in all {
        if let HookMessage::News { placement, .. } = one.message {
            if let Some(&ahead) = of.get(&placement) {
                first[ahead].behind += 1;
                continue;
            }
            of.insert(placement, first.len());
        }
        first.push(Waiting { since: one.at, message: one.message, again: true, behind: 0 });
    }
    first
}

/// The news of those placements with a target of which the oldest happened then.
fn news_of<'a>(
    referral: &'a Referral,
    (org, at): (&'a OrgId, Timestamp),
) -> impl Iterator<Item = Waiting> + 'a {
    let theirs = referral.placements.iter().filter(move |placement| {
        placement.target == *org && placement.due.first().is_some_and(|first| first.at == at)
    });
    theirs.filter_map(|placement| {
        let mut told = placement.due.iter().filter(|news| is_told(referral, placement, news));
        let news = told.next()?;
        let message = hook_message(referral, placement, news);
        Some(Waiting { since: news.at, message, again: false, behind: told.count() })
    })
}

/// One that waits for consent is not there for its target, and of one that is over what it is is no news.
fn is_told(referral: &Referral, placement: &Placement, news: &TargetNews) -> bool {
    let over = news.says.is_delivery() && placement.state.is_final();
    news.says.is_closing() || !(is_held(referral) || over)
}

/// The payload, released; none if it is due no more.
pub fn make(gate: &Gate, org: &OrgId, one: &Waiting) -> Result<Released, Trouble> {
    match one.message {
        HookMessage::News { referral, .. } => {
            about(gate, org, &referral, one, |body| body.released(gate))
        }
        HookMessage::StopUse { entry } => {
            let world = gate.scribe.published().world();
            let notice = world.notices.of.get(&(entry, org.clone())).ok_or(Trouble::Outage)?;
            let body = envelope(one.message.kind(), one.since, &said(entry, notice));
            let bytes = body.to_string().into_bytes();
            Ok(Released { bytes, sending: None, receipt: None })
        }
    }
}

/// Whether consent lets it pass now. Records nothing.
pub fn may(gate: &Gate, org: &OrgId, one: &Waiting) -> bool {
    match one.message {
        HookMessage::News { referral, .. } => {
            about(gate, org, &referral, one, |body| body.may(gate)).is_ok()
        }
        HookMessage::StopUse { .. } => true,
    }
}

fn about<T>(
    gate: &Gate,
    org: &OrgId,
    referral: &ReferralId,
    one: &Waiting,
    then: impl FnOnce(&HookBody<'_>) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let HookMessage::News { placement, kind, .. } = one.message else {
        return Err(Trouble::Outage);
    };
    let referral = gate.referral(referral).ok_or(Trouble::Outage)?;
    let placement = referral.placement(&placement).ok_or(Trouble::Outage)?;
    let whole = {
        let roster = gate.scribe.published().roster.load();
        let push = roster.get(org).and_then(|partner| pushed(partner)).ok_or(Trouble::Outage)?;
        push.payload == Payload::Whole
    };
    // It was held, or ended, since it was found due.
    if !kind.is_closing() && is_held(&referral) {
        return Err(Kind::Denied.into());
    }
    then(&HookBody { referral: &referral, placement, kind, at: one.since, whole })
}

/// Records that the receiver took it.
pub async fn taken(gate: &Gate, org: &OrgId, one: &Waiting) -> Result<(), Trouble> {
    if one.again {
        let fact = WebhookEvent::ToldAgain { org: org.clone(), message: one.message };
        return super::record(gate, fact).await.map(drop);
    }
    match one.message {
        HookMessage::News { referral, placement, version, kind } => {
            let delivered = !kind.is_delivery() || {
                let known = gate.referral(&referral);
                let of = known.as_ref().and_then(|known| known.placement(&placement));
                of.is_none_or(|of| of.delivered)
            };
            if delivered {
                // Placed is the first version of its Task.
                let version = if kind == HookKind::Created { 1 } else { version };
                let told = |reply| Command::TargetTold(referral, placement, version, reply);
                return gate.scribe.ask(told).await;
            }
            let taken = |reply| Command::Delivered(referral, (placement, version), reply);
            gate.scribe.ask(taken).await
        }
        HookMessage::StopUse { entry } => {
            let told = |reply| Command::StopUseTold(entry, org.clone(), None, reply);
            gate.scribe.ask(told).await
        }
    }
}
