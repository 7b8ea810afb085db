//! What an organization is to be told by e-mail now, and in how many e-mails.
//!
//! News is gathered as the partner's file says, and waits for the end of its quiet hours. What is urgent
//! does not wait, nor what somebody at its page waits for.

use std::collections::BTreeSet;

use loopgate_referral::{
    Placement, PlacementId, Referral, ReferralId, TargetSays, TaskStatus, Timestamp,
};

use super::Tells;
use crate::exit::Item;
use crate::fold::{Mailbox, World};
use crate::gate::Gate;
use crate::partner::{ChannelKind, Partner, Timing};
use crate::scribe::{MailedWhat, is_held};

/// Referrals in one e-mail.
const ITEMS_MAX: usize = 50;

/// What one organization is to be sent now.
pub struct Due {
    pub partner: Partner,
    pub letters: Vec<Kind>,
}

/// One e-mail.
pub enum Kind {
    /// About referrals.
    News(Vec<Waiting>),
    /// With a link that recovers its PIN.
    Recovery { epoch: u32, until: Timestamp },
    /// That its PIN changed, as that entry says.
    PinChanged { entry: u64 },
}

/// What is to be told of one placement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub item: Item,
    /// How it is recorded told.
    pub what: MailedWhat,
    /// Since when it waits.
    pub since: Timestamp,
    /// It does not wait any longer.
    pub urgent: bool,
    /// The target knows it already: it answered.
    pub known: bool,
}

impl Due {
    pub fn placements(&self) -> impl Iterator<Item = PlacementId> {
        let news = self.letters.iter().filter_map(|letter| match letter {
            Kind::News(waiting) => Some(waiting),
            Kind::Recovery { .. } | Kind::PinChanged { .. } => None,
        });
        news.flatten().map(|one| one.item.placement)
    }

    /// Leaves out what is not to be tried now.
    pub fn leave_out(&mut self, not_now: impl Fn(&PlacementId) -> bool) {
        for letter in &mut self.letters {
            if let Kind::News(waiting) = letter {
                waiting.retain(|one| !not_now(&one.item.placement));
            }
        }
        self.letters.retain(|letter| !matches!(letter, Kind::News(waiting) if waiting.is_empty()));
    }
}

/// Of every organization that is told by e-mail, what it is to be sent now.
pub fn due(gate: &Gate) -> Vec<Due> {
    let gather_ms = gate.config.mail.as_ref().map_or(0, |mail| mail.digest_gather_s);
    let gather_ms = i64::try_from(gather_ms.saturating_mul(1000)).unwrap_or(i64::MAX);
    let roster = gate.scribe.published().roster.load();
    let world = gate.scribe.published().world();
    // A commit's time may be a little ahead of the clock's.
    let now = gate.now().max(world.last_at);
    let partners = roster.iter().map(|loaded| &loaded.partner).filter(|one| !one.suspended);
    let due = partners.filter_map(|partner| {
        let kind = partner.channel.as_ref().map(|channel| &channel.kind);
        let Some(ChannelKind::Email { timing, .. }) = kind else { return None };
        if world.mail.is_bounced(&partner.org) {
            return None;
        }
        let mut letters = of_pin(world.mail.of(&partner.org), now);
        letters.extend(of_news(waiting(&world, partner), (partner, timing), now, gather_ms));
        (!letters.is_empty()).then(|| Due { partner: partner.clone(), letters })
    });
    due.collect()
}

fn of_pin(mailbox: Option<&Mailbox>, now: Timestamp) -> Vec<Kind> {
    let Some(mailbox) = mailbox else { return Vec::new() };
    let link = mailbox.link.filter(|link| !link.sent && now < link.until);
    let link = link.map(|link| Kind::Recovery { epoch: link.epoch, until: link.until });
    let changed = mailbox.untold.map(|entry| Kind::PinChanged { entry });
    link.into_iter().chain(changed).collect()
}

/// What is sent now of what waits: what is urgent, and the rest once it is gathered and nobody sleeps.
fn of_news(
    waiting: Vec<Waiting>,
    (partner, timing): (&Partner, &Timing),
    now: Timestamp,
    gather_ms: i64,
) -> Vec<Kind> {
    let zone = &partner.time_zone;
    let (urgent, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|one| one.urgent);
    let oldest = rest.iter().map(|one| one.since).min();
    let gathered = oldest.is_some_and(|since| now >= timing.gathered(since, zone, gather_ms));
    let rest = if gathered && !timing.is_quiet(now, zone) { rest } else { Vec::new() };
    let letters = [urgent, rest].into_iter().flat_map(|mut one| {
        one.sort_by_key(|one| (one.item.tells, one.since, one.item.placement));
        one.chunks(ITEMS_MAX).map(|chunk| Kind::News(chunk.to_vec())).collect::<Vec<_>>()
    });
    letters.collect()
}

fn waiting(world: &World, partner: &Partner) -> Vec<Waiting> {
    let org = &partner.org;
    let owed = world.untold.get(org).into_iter().flatten();
    let ids: BTreeSet<ReferralId> = owed.map(|(_, id)| *id).collect();
    let mut found: Vec<Waiting> = Vec::new();
    for referral in ids.iter().filter_map(|id| world.referrals.get(id)) {
        let of_org = referral.placements.iter().filter(|placement| placement.target == *org);
        found.extend(of_org.filter_map(|placement| of(world, referral, placement)));
    }
    let again = world.mail.of(org).into_iter().flat_map(|mailbox| &mailbox.again);
    for id in again {
        let referral = world.placements.get(id).and_then(|id| world.referrals.get(id));
        let Some(referral) = referral else { continue };
        let Some(placement) = referral.placement(id) else { continue };
        let tells = stands(placement);
        let hidden = is_held(referral) && tells != Tells::Off;
        if !hidden && found.iter().all(|one| one.item.placement != *id) {
            let what = MailedWhat::Again;
            found.push(made(world, (referral, placement), tells, what, placement.placed));
        }
    }
    found
}

/// What its target is to be told of a placement: all that is due, in one. One that waits for consent is
/// not there for it.
fn of(world: &World, referral: &Referral, placement: &Placement) -> Option<Waiting> {
    let placed = placement.due.iter().any(|news| news.says == TargetSays::Placed);
    let newer = || placement.due.iter().filter(|news| news.says != TargetSays::Placed);
    let since = placement.due.iter().map(|news| news.at).min()?;
    let waits = MailedWhat::Waits(placement.amended);
    let (tells, what) = match newer().map(|news| (tells(&news.says), news.version)).max() {
        // Who answered has read of it, however that came.
        _ if placed && !placement.answered => (Tells::Waits, waits),
        None => {
            let known = made(world, (referral, placement), Tells::Waits, waits, since);
            return Some(Waiting { known: true, ..known });
        }
        Some((tells, _)) => {
            let newest = newer().map(|news| news.version).max().unwrap_or_default();
            (tells, MailedWhat::News(newest))
        }
    };
    let hidden = is_held(referral) && tells != Tells::Off;
    (!hidden).then(|| made(world, (referral, placement), tells, what, since))
}

fn made(
    world: &World,
    (referral, placement): (&Referral, &Placement),
    tells: Tells,
    what: MailedWhat,
    since: Timestamp,
) -> Waiting {
    let request = world.resources.get(&referral.request).and_then(|held| held.request.as_ref());
    let item = Item { referral: referral.id, placement: placement.id, tells };
    let urgent = request.is_some_and(|request| request.urgent);
    Waiting { item, what, since, urgent, known: false }
}

/// What there is to tell of how it stands, to who may have read nothing of it.
fn stands(placement: &Placement) -> Tells {
    match placement.state.status() {
        _ if placement.is_called_off() => Tells::Off,
        _ if placement.cancel_asked.is_some() => Tells::StopAsked,
        TaskStatus::Requested => Tells::Waits,
        _ => Tells::Changed,
    }
}

fn tells(says: &TargetSays) -> Tells {
    match says {
        TargetSays::Placed => Tells::Waits,
        TargetSays::CancelAsked(_) => Tells::StopAsked,
        TargetSays::Cancelled(_) | TargetSays::EnteredInError => Tells::Off,
        TargetSays::Amended | TargetSays::Commented(_) => Tells::Changed,
    }
}
