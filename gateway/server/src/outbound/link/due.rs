//! What is due on each link, how a message is made of it, and how it is recorded taken. Not here: when
//! it is tried, and what the other side says to it.

use std::collections::BTreeMap;

use loopgate_referral::{OrgId, ReferralId, Timestamp};

use crate::egress::Released;
use crate::exit::news::{self, Telling};
use crate::fold::World;
use crate::gate::Gate;
use crate::journal::Due;
use crate::refusal::{Kind, Trouble};
use crate::roster::Roster;
use crate::scribe::Command;

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

/// Whether anything can be said to this partner on a link at all.
fn is_told(roster: &Roster, org: &OrgId) -> bool {
    let partner = roster.get(org).filter(|partner| !partner.suspended);
    let link = partner.and_then(|partner| partner.hl7v2.as_ref());
    link.is_some_and(|link| link.endpoint.is_some())
}

/// MSH-10 of a message: the same each time it is sent, and known before it is made.
pub fn control_id(due: &Due) -> String {
    match due {
        Due::Source { referral, version } => news::control_id(referral, *version),
    }
}

/// The message, released, with its control id.
pub fn make(gate: &Gate, due: &Due) -> Result<(Released, String), Trouble> {
    match due {
        Due::Source { referral, version } => of_source(gate, referral, *version, |telling| {
            Ok((telling.message(gate)?, control_id(due)))
        }),
    }
}

/// Whether consent lets it pass now. Records nothing.
pub fn may(gate: &Gate, due: &Due) -> bool {
    let weighed = match due {
        Due::Source { referral, version } => of_source(gate, referral, *version, |telling| {
            let weighed = gate.egress.weigh(&telling.partner.org, &telling.ask());
            weighed.map(drop).map_err(|_| Kind::Denied.into())
        }),
    };
    weighed.is_ok()
}

/// Records that the other side took it.
pub async fn taken(gate: &Gate, due: &Due) -> Result<(), Trouble> {
    match *due {
        Due::Source { referral, version } => {
            gate.scribe.ask(|reply| Command::Told(referral, version, reply)).await
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
