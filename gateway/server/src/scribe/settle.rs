//! What consent and clocks do to referrals that nobody has answered, and to the roster.

use std::sync::Arc;

use loopgate_consent::{Action, Denial, Detail, Fate, ReasonCode};
use loopgate_referral::{
    Actor, Command as Move, HeldWhy, OrgId, PersonId, PlacementId, Referral, ReferralId,
    ResourceId, Standing, StatusReason, Timestamp, decide as decide_referral,
};

use super::desk::{Desk, by};
use super::disclose::{self, AskFor, OwnedClaim, OwnedToken};
use crate::fields::Cause;
use crate::fold::Notice;
use crate::journal::{Event, LinkEvent, WebhookEvent};
use crate::roster::Roster;

/// How often strangers are written down.
const STRANGERS_INTERVAL_MS: i64 = 60_000;

/// Lets consent decide on an unanswered referral: it is placed, held, resumed or refused.
pub fn settle(desk: &mut Desk<'_>, id: ReferralId) {
    let Some(referral) = desk.world().referrals.get(&id) else { return };
    if !referral.is_unanswered() {
        return;
    }
    let Some(verdict) = verdict(desk, referral) else { return };
    let held_since = referral.held_since();
    let placed = referral.is_placed();
    let hold_days = desk.settings().hold_days_max;
    let step = match verdict {
        Ok(_) if !placed => place(desk),
        Ok(_) if held_since.is_some() => Move::Resume,
        Ok(_) => return,
        Err((person, denial)) => match (denial.code.fate(), held_since) {
            (Fate::Rejected, _) => refuse(desk, id, (person, &denial), told(&denial)),
            (Fate::Held, None) => Move::Hold(HeldWhy(denial.code.name().into())),
            (Fate::Held, Some(since)) if desk.at >= since.plus_days(hold_days) => {
                refuse(desk, id, (person, &denial), ("consent-missing", WAITED))
            }
            (Fate::Held, Some(_)) | (Fate::Waits, _) => return,
        },
    };
    apply(desk, id, &Actor::Gateway, step, &by("loopgate", "consent"));
}

/// Records what a legal move makes happen; an illegal one changes nothing.
fn apply(desk: &mut Desk<'_>, id: ReferralId, actor: &Actor, step: Move, cause: &Cause) {
    let Some(referral) = desk.world().referrals.get(&id) else { return };
    let Ok(facts) = decide_referral(referral, actor, step) else { return };
    for fact in facts {
        desk.record(cause, Event::Referral { referral: id, fact }, Vec::new(), None);
    }
}

fn place(desk: &Desk<'_>) -> Move {
    Move::Place {
        placement: PlacementId::from_random(desk.random16()),
        task: ours(desk, "Task"),
        request: ours(desk, "ServiceRequest"),
    }
}

/// # Panics
/// Never: a UUID is a logical id.
pub fn ours(desk: &Desk<'_>, kind: &str) -> ResourceId {
    match ResourceId::of(kind, &desk.fresh_id()) {
        Ok(id) => id,
        Err(_) => unreachable!("a UUID is a logical id"),
    }
}

/// May this referral go on to its owner now? `None` when a party is unknown.
fn verdict(desk: &Desk<'_>, referral: &Referral) -> Option<Result<(), (PersonId, Denial)>> {
    let to = desk.roster().party(&referral.owner)?;
    desk.roster().party(&referral.source)?;
    // A household goes on only if every person in it agrees.
    let decide = |person: &PersonId| {
        let ask = AskFor {
            person: *person,
            claims: vec![OwnedClaim::Consent {
                action: Action::Forward,
                from: referral.source.clone(),
                detail: Detail::Whole,
                referral: referral.id,
            }],
            resources: patient_of(desk, referral).into_iter().collect(),
            referral: Some(referral.id),
            view: "settle",
            token: OwnedToken::NotAsked,
        };
        let decided = disclose::permits(&ask, &to, &desk.grounds());
        decided.map(drop).map_err(|denial| (*person, denial))
    };
    Some(referral.persons.iter().try_for_each(decide))
}

/// The Patient of the source that the referral is about: no referral goes without.
fn patient_of(desk: &Desk<'_>, referral: &Referral) -> Option<(ResourceId, u64)> {
    let request = desk.world().resources.get(&referral.request)?;
    let patient: ResourceId = request.request.as_ref()?.patient.parse().ok()?;
    let version = desk.world().resources.get(&patient)?.version;
    Some((patient, version))
}

const WAITED: &str = "no consent arrived in time";

/// Records why a referral is refused, and what its source is told: the class, the need that is not
/// covered, and by what to ask. Never the reason code.
fn refuse(
    desk: &mut Desk<'_>,
    id: ReferralId,
    (person, denial): (PersonId, &Denial),
    (class, words): (&str, &str),
) -> Move {
    let Some(referral) = desk.world().referrals.get(&id) else { unreachable!("it was just found") };
    let (owner, needs) = (referral.owner.clone(), referral.needs.clone());
    let correlation = hex::encode(desk.reference());
    let event = Event::Denied {
        org: owner,
        person: Some(person),
        referral: Some(id),
        action: Some(Action::Forward.name().to_owned()),
        code: denial.code.name().to_owned(),
        correlation: Some(correlation.clone()),
        grant: denial.grant.clone(),
        dropped: denial.dropped.clone(),
    };
    desk.record(&by("loopgate", "consent"), event, Vec::new(), None);
    let needs: Vec<&str> = needs.iter().map(|need| need.as_str()).collect();
    let what = if class == UNCOVERED { format!(": {}", needs.join(", ")) } else { String::new() };
    let text = format!("{words}{what} (reference {correlation})");
    match StatusReason::new(class, &text) {
        Some(reason) => Move::Refuse(reason),
        None => unreachable!("our own reasons are well-formed"),
    }
}

const UNCOVERED: &str = "need-not-covered";

/// The class of a refusal, and its words.
fn told(denial: &Denial) -> (&'static str, &'static str) {
    let uncovered = matches!(denial.code, ReasonCode::L4 | ReasonCode::L6)
        && denial.dropped.iter().all(|dropped| dropped.code == ReasonCode::L4);
    if uncovered {
        (UNCOVERED, "need not covered")
    } else {
        ("consent-denied", "consent does not permit this referral")
    }
}

/// Settles every unanswered referral of a person.
pub fn settle_person(desk: &mut Desk<'_>, person: PersonId) {
    let world = desk.world();
    let theirs = world.referrals_of(person).map(|referral| referral.id);
    let ids: Vec<ReferralId> = theirs.filter(|id| world.unanswered.contains(id)).collect();
    ids.into_iter().for_each(|id| settle(desk, id));
}

/// A target's system took a pushed delivery; twice is once.
pub fn delivered(desk: &mut Desk<'_>, id: ReferralId, (placement, amended): (PlacementId, u64)) {
    let step = Move::Delivered(placement, amended);
    apply(desk, id, &Actor::Gateway, step, &by("loopgate", "courier"));
}

/// A target's system took what it is told; twice is once.
pub fn target_told(desk: &mut Desk<'_>, id: ReferralId, placement: PlacementId, version: u64) {
    let step = Move::TargetTold(placement, version);
    apply(desk, id, &Actor::Gateway, step, &by("loopgate", "courier"));
}

/// A source is to be told again what it was told at or after an instant; how much that is.
pub fn tell_again(desk: &mut Desk<'_>, source: &OrgId, since: Timestamp, who: &str) -> u64 {
    let world = desk.world();
    let again = |id: &ReferralId| {
        let referral = world.referrals.get(id).filter(|referral| referral.source == *source)?;
        let count = referral.said.iter().filter(|news| news.at >= since).count();
        (count > 0).then_some((*id, count as u64))
    };
    let found: Vec<_> = world.by_org.get(source).into_iter().flatten().filter_map(again).collect();
    for (id, _) in &found {
        let step = Move::TellAgain(since);
        apply(desk, *id, &Actor::Gateway, step, &by(who, "admin"));
    }
    found.into_iter().map(|(_, count)| count).sum()
}

/// Something happens to the queue of a link; `false` if that is so already.
pub fn queue(desk: &mut Desk<'_>, fact: LinkEvent, cause: &Cause) -> bool {
    if desk.world().links.is_so(&fact) {
        return false;
    }
    desk.record(cause, Event::Link(fact), Vec::new(), None);
    true
}

/// Something happens to a partner's webhooks; `false` if that is so already.
pub fn webhook(desk: &mut Desk<'_>, fact: WebhookEvent, cause: &Cause) -> bool {
    if desk.world().webhooks.is_so(&fact) {
        return false;
    }
    desk.record(cause, Event::Webhook(fact), Vec::new(), None);
    true
}

/// A source's system took its news; twice is once.
pub fn source_told(desk: &mut Desk<'_>, id: ReferralId, version: u64) {
    apply(desk, id, &Actor::Gateway, Move::Told(version), &by("loopgate", "courier"));
}

/// A holder was told that a person withdrew, of this referral or of all; twice is once.
pub fn holder_told(desk: &mut Desk<'_>, entry: u64, org: OrgId, of: Option<ReferralId>) {
    let notice = desk.world().notices.of.get(&(entry, org.clone())).filter(|one| !one.told);
    let waits = |one: &Notice| of.is_none_or(|referral| one.referrals.contains(&referral));
    if notice.is_some_and(waits) {
        let event = Event::StopUseTold { org, entry, of };
        desk.record(&by("loopgate", "courier"), event, Vec::new(), None);
    }
}

/// So many unanswered referrals are looked at in one tick: what they wait for are days, and whoever wants
/// something else decided must not wait for all of them.
const SWEPT_MAX: usize = 500;

/// Time moved on: waiting ends, grants lapse, strangers are written down.
pub fn tick(desk: &mut Desk<'_>, strangers: u64) {
    desk.sweep(SWEPT_MAX).into_iter().for_each(|id| settle(desk, id));
    if strangers > 0 {
        desk.record(
            &by("loopgate", "door"),
            Event::Strangers { count: strangers },
            Vec::new(),
            None,
        );
    }
}

/// Whether strangers may be written down again.
pub fn strangers_due(last_ms: i64, now_ms: i64) -> bool {
    now_ms - last_ms >= STRANGERS_INTERVAL_MS
}

/// A changed partner file is in the log before it is used.
pub fn partners(desk: &mut Desk<'_>, roster: &Arc<Roster>) {
    let known = &desk.world().partners;
    let mut changed: Vec<(OrgId, [u8; 32], bool)> = Vec::new();
    for loaded in roster.iter() {
        let (org, suspended) = (&loaded.partner.org, loaded.partner.suspended);
        if known.get(org) != Some(&(loaded.sha256, suspended)) {
            changed.push((org.clone(), loaded.sha256, suspended));
        }
    }
    // A file that is gone is a partner that may do nothing.
    for (org, (sha256, suspended)) in known {
        if roster.get(org).is_none() && !suspended {
            changed.push((org.clone(), *sha256, true));
        }
    }
    for (org, sha256, suspended) in changed {
        let event = Event::Partner { org, sha256, suspended };
        desk.record(&by("loopgate", "admin"), event, Vec::new(), None);
    }
    desk.set_roster(roster.clone());
}

/// Whether a referral waits for consent: then its target sees nothing of it.
pub fn is_held(referral: &Referral) -> bool {
    matches!(referral.standing, Standing::Held { .. })
}
