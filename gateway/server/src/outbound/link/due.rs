//! What is due on each link, how a message is made of it, and how it is recorded taken. Not here: when
//! it is tried, and what the other side says to it.

use std::collections::BTreeMap;

use loopgate_referral::{OrgId, PlacementId, Referral, ReferralId, Timestamp};

use crate::egress::Released;
use crate::exit::v2::{Placing, Telling, placing_id, stop_use, stop_use_id, telling_id};
use crate::fold::World;
use crate::gate::Gate;
use crate::journal::Due;
use crate::partner::{ChannelKind, Link, Partner};
use crate::refusal::{Kind, Trouble};
use crate::roster::Roster;
use crate::scribe::{Command, is_held};

/// A message that is due, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// When what it tells happened.
    pub since: Timestamp,
    /// Which.
    pub due: Due,
    /// How many wait until it is taken.
    pub behind: usize,
}

/// What is to be told on each link: in the order it happened, and only the first of each referral,
/// since what follows has to wait for it.
pub fn due(gate: &Gate) -> BTreeMap<OrgId, Vec<Waiting>> {
    let roster = gate.scribe.published().roster.load();
    let world = gate.scribe.published().world();
    let mut links = to_sources(&world, &roster);
    for loaded in roster.iter().filter(|loaded| is_asked(&loaded.partner)) {
        let org = &loaded.partner.org;
        let waiting = to_target(&world, org).into_iter().chain(to_holder(&world, org));
        links.entry(org.clone()).or_default().extend(waiting);
    }
    links.retain(|_, waiting| !waiting.is_empty());
    for waiting in links.values_mut() {
        waiting.sort_by_key(|one| (one.since, one.due));
    }
    links
}

/// The same, without what is put aside and without links that are stopped.
pub fn ready(gate: &Gate) -> BTreeMap<OrgId, Vec<Waiting>> {
    let mut links = due(gate);
    let world = gate.scribe.published().world();
    links.retain(|link, waiting| {
        waiting.retain(|one| !world.links.is_parked(link, &one.due));
        !world.links.is_paused(link)
    });
    links
}

fn to_sources(world: &World, roster: &Roster) -> BTreeMap<OrgId, Vec<Waiting>> {
    let mut links: BTreeMap<OrgId, Vec<Waiting>> = BTreeMap::new();
    for (id, spoken) in &world.spoken {
        let Some(referral) = world.referrals.get(id) else { continue };
        if !is_told(roster, &referral.source) {
            continue;
        }
        let first = referral.news.first();
        // Its first answer, unless what happened at once says more.
        let at_once = first.is_some_and(|news| news.at == referral.received);
        let answer = spoken.asked && referral.told == 0 && !at_once;
        let next = if answer {
            Some((referral.received, 1))
        } else {
            first.map(|news| (news.at, news.version))
        };
        if let Some((since, version)) = next {
            let due = Due::Source { referral: *id, version };
            let behind = referral.news.len().saturating_sub(usize::from(!answer));
            let waiting = Waiting { since, due, behind };
            links.entry(referral.source.clone()).or_default().push(waiting);
        }
    }
    links
}

/// What a target is to be told of its placements. One that waits for consent is not there for it.
fn to_target(world: &World, org: &OrgId) -> Vec<Waiting> {
    let ids = world.by_org.get(org).into_iter().flatten();
    let referrals = ids.filter_map(|id| world.referrals.get(id));
    let of = |referral: &Referral| {
        let held = is_held(referral);
        let placements = referral.placements.iter().filter(|placement| placement.target == *org);
        let next = placements.filter_map(|placement| {
            let (news, behind) = (placement.due.first()?, placement.due.len() - 1);
            let (placement, version) = (placement.id, news.version);
            let due = Due::Target { referral: referral.id, placement, version };
            (news.says.is_closing() || !held).then_some(Waiting { since: news.at, due, behind })
        });
        next.collect::<Vec<_>>()
    };
    referrals.flat_map(of).collect()
}

/// What a holder is to be told to stop using.
fn to_holder<'a>(world: &'a World, org: &'a OrgId) -> impl Iterator<Item = Waiting> + 'a {
    world.notices.untold(org).flat_map(|(entry, notice)| {
        notice.referrals.iter().map(move |referral| {
            let due = Due::StopUse { referral: *referral, entry };
            Waiting { since: notice.at, due, behind: 0 }
        })
    })
}

/// Whether this partner is asked, as a target, in HL7 v2.
fn is_asked(partner: &Partner) -> bool {
    let kind = partner.channel.as_ref().map(|channel| &channel.kind);
    let endpoint = partner.hl7v2.as_ref().and_then(|link| link.endpoint.as_ref());
    matches!(kind, Some(ChannelKind::Hl7v2)) && endpoint.is_some() && !partner.suspended
}

/// Whether anything can be said to this partner on a link at all.
fn is_told(roster: &Roster, org: &OrgId) -> bool {
    let partner = roster.get(org).filter(|partner| !partner.suspended);
    let link = partner.and_then(|partner| partner.hl7v2.as_ref());
    link.is_some_and(|link| link.endpoint.is_some())
}

/// MSH-10 of a message: the same each time it is sent, and known before it is made.
pub fn control_id(due: &Due) -> String {
    match due {
        Due::Source { referral, version } => telling_id(referral, *version),
        Due::Target { placement, version, .. } => placing_id(placement, *version),
        Due::StopUse { referral, entry } => stop_use_id(referral, *entry),
    }
}

/// The message, released, with its control id.
pub fn make(gate: &Gate, link: &OrgId, due: &Due) -> Result<(Released, String), Trouble> {
    match due {
        Due::Source { referral, version } => of_source(gate, referral, *version, |telling| {
            Ok((telling.message(gate)?, control_id(due)))
        }),
        Due::Target { referral, placement, version } => {
            of_target(gate, (referral, placement), *version, |placing| {
                Ok((placing.message(gate)?, control_id(due)))
            })
        }
        Due::StopUse { referral, entry } => {
            let (partner, link) = holder(gate, link)?;
            Ok((stop_use(gate, (&partner, &link), (referral, *entry))?, control_id(due)))
        }
    }
}

/// Whether consent lets it pass now. Records nothing.
pub fn may(gate: &Gate, due: &Due) -> bool {
    let weighed = match due {
        Due::Source { referral, version } => of_source(gate, referral, *version, |telling| {
            let weighed = gate.egress.weigh(&telling.partner.org, &telling.ask());
            weighed.map(drop).map_err(|_| Kind::Denied.into())
        }),
        Due::Target { referral, placement, version } => {
            of_target(gate, (referral, placement), *version, |placing| placing.may(gate))
        }
        Due::StopUse { .. } => return true,
    };
    weighed.is_ok()
}

/// Records that the other side took it.
pub async fn taken(gate: &Gate, link: &OrgId, due: &Due) -> Result<(), Trouble> {
    match *due {
        Due::Source { referral, version } => {
            gate.scribe.ask(|reply| Command::Told(referral, version, reply)).await
        }
        Due::Target { referral, placement, version } => {
            let told = |reply| Command::TargetTold(referral, placement, version, reply);
            gate.scribe.ask(told).await
        }
        Due::StopUse { referral, entry } => {
            let told = |reply| Command::StopUseTold(entry, link.clone(), Some(referral), reply);
            gate.scribe.ask(told).await
        }
    }
}

fn of_source<T>(
    gate: &Gate,
    id: &ReferralId,
    version: u64,
    then: impl FnOnce(&Telling<'_>) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let gone = || Trouble::Outage;
    let referral = gate.referral(id).ok_or_else(gone)?;
    let spoken = gate.scribe.published().world().spoken.get(id).cloned();
    let spoken = spoken.ok_or_else(gone)?;
    let roster = gate.scribe.published().roster.load();
    let partner = roster.get(&referral.source).ok_or_else(gone)?;
    let link = partner.hl7v2.as_ref().ok_or_else(gone)?;
    let news = referral.news.iter().find(|news| news.version == version);
    let telling = Telling { partner, link, referral: &referral, spoken: &spoken, news };
    if telling.version() != version {
        return Err(gone());
    }
    then(&telling)
}

fn of_target<T>(
    gate: &Gate,
    (id, placement): (&ReferralId, &PlacementId),
    version: u64,
    then: impl FnOnce(&Placing<'_>) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let gone = || Trouble::Outage;
    let referral = gate.referral(id).ok_or_else(gone)?;
    let placement = referral.placement(placement).ok_or_else(gone)?;
    let news = placement.due.iter().find(|news| news.version == version).ok_or_else(gone)?;
    let (partner, link) = holder(gate, &placement.target)?;
    then(&Placing { partner: &partner, link: &link, referral: &referral, placement, news })
}

/// A partner that is asked in HL7 v2, and its link.
fn holder(gate: &Gate, org: &OrgId) -> Result<(Partner, Link), Trouble> {
    let roster = gate.scribe.published().roster.load();
    let partner = roster.get(org).cloned().ok_or(Trouble::Outage)?;
    let link = partner.hl7v2.clone().ok_or(Trouble::Outage)?;
    Ok((partner, link))
}
