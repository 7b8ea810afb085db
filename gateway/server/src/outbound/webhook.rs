//! Webhooks by the convention Standard Webhooks: what is due to partners that are pushed to.
//!
//! What is due is a fold over events, so there is no second queue to lose. The release decision is made
//! anew at each try. A receiver that does not answer is left alone for longer and longer; one that takes
//! nothing for too long, or says 410, gets nothing until an operator says so, and nothing is lost meanwhile.
//!
//! Not here: what a webhook says (`exit/webhook.rs`).

pub mod due;
mod patience;
mod post;
pub mod status;
mod test;
mod watch;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use loopgate_referral::{OrgId, Timestamp};
use reqwest::Client;
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};

use super::courier::us;
use super::targets::Targets;
use crate::gate::Gate;
use crate::journal::{HookStop, WebhookEvent};
use crate::outbound::mail::{Letter, words};
use crate::partner::{Language, Push};
use crate::refusal::Trouble;
use crate::scribe::Command;
use due::pushed;
use patience::{Patience, Round, Try};
use post::{Post, Tried};

pub use test::{NotTried, test};
pub use watch::Watch;

/// Webhooks of one round to one partner.
const ROUND_MAX: usize = 64;
/// Webhooks on their way to one partner at once, if it takes them.
const AT_ONCE_MAX: usize = 8;
/// A receiver that says no to so many in a row, and yes to none, is not up to it.
const REFUSALS_MAX: usize = 5;
/// Failing for so long is worth an entry.
const FAILING_MS_MIN: i64 = 3_600_000;
const HOUR_MS: i64 = 3_600_000;

/// Sends until the process ends. `wake` says that clocks or referrals moved.
pub async fn run(gate: Arc<Gate>, client: Client, targets: Targets, wake: Arc<Notify>) {
    let post = Post { client, targets };
    gate.webhooks.begin(post.clone());
    let mut patience = Patience::default();
    let mut rounds: JoinSet<Round> = JoinSet::new();
    let mut under_way: HashMap<Id, OrgId> = HashMap::new();
    loop {
        // Receivers do not wait for each other.
        tokio::select! {
            () = wake.notified() => {}
            Some(ended) = rounds.join_next_with_id(), if !rounds.is_empty() => {
                let (id, round) = match ended {
                    Ok((id, round)) => (id, round),
                    Err(error) => {
                        let began_ms = gate.clock.monotonic_ms();
                        (error.id(), Round { began_ms, busy: Some(None), ..Round::default() })
                    }
                };
                if let Some(org) = under_way.remove(&id) {
                    patience.learn(&gate, &org, &round);
                    if round.gone {
                        disable(&gate, &org, HookStop::Gone).await;
                    }
                    look(&gate, &org).await;
                }
            }
        }
        gate.webhooks.eager().iter().for_each(|org| patience.forget(org));
        let busy: HashSet<&OrgId> = under_way.values().collect();
        let ready = ready(&gate, &mut patience, &busy);
        for (org, to, batch) in ready {
            let round = round(gate.clone(), post.clone(), (org.clone(), to), batch);
            under_way.insert(rounds.spawn(round).id(), org);
        }
    }
}

/// What is to be tried now, for each partner to whom nothing is on its way.
fn ready(
    gate: &Gate,
    patience: &mut Patience,
    busy: &HashSet<&OrgId>,
) -> Vec<(OrgId, Push, Vec<Try>)> {
    let now_ms = gate.clock.monotonic_ms();
    let roster = gate.scribe.published().roster.load();
    let world = gate.scribe.published().world();
    let mut found = Vec::new();
    for partner in roster.iter().map(|loaded| &loaded.partner) {
        let (org, suspended) = (&partner.org, partner.suspended);
        let Some(to) = pushed(partner).filter(|_| !suspended && !busy.contains(org)) else {
            continue;
        };
        if world.webhooks.is_disabled(org) {
            continue;
        }
        let batch = patience.ready(org, due::due(&world, org), (now_ms, ROUND_MAX));
        if !batch.is_empty() {
            found.push((org.clone(), to.clone(), batch));
        }
    }
    found
}

/// Some webhooks to one partner; one that is not up to it is left alone for the rest of the round.
async fn round(gate: Arc<Gate>, post: Post, (org, to): (OrgId, Push), batch: Vec<Try>) -> Round {
    // Who failed before is asked carefully.
    let failing = gate.webhooks.of(&org).failing.is_some();
    let mut at_once = if failing { 1 } else { AT_ONCE_MAX };
    let began_ms = gate.clock.monotonic_ms();
    let mut round = Round { began_ms, ..Round::default() };
    let mut left = batch.into_iter();
    let mut sending = JoinSet::new();
    loop {
        let over = round.gone || round.busy.is_some();
        while !over
            && sending.len() < at_once
            && let Some(one) = left.next()
        {
            let (gate, post, to) = (gate.clone(), post.clone(), (org.clone(), to.clone()));
            sending.spawn(async move { (one, deliver(&gate, &post, (&to.0, &to.1), one).await) });
        }
        let Some(ended) = sending.join_next().await else { break };
        // One that panicked is due still.
        let Ok((Try { one, .. }, tried)) = ended else { continue };
        match tried {
            Tried::Taken => {
                round.done.push(one.message);
                at_once = AT_ONCE_MAX;
            }
            Tried::Refused(_) => {
                round.refused.push(one.message);
                if round.refused.len() >= REFUSALS_MAX && round.done.is_empty() {
                    round.busy = Some(None);
                }
            }
            Tried::Denied => round.denied.push(one.message),
            Tried::Gone => round.gone = true,
            Tried::Busy(_, wait) => round.busy = Some(wait.max(round.busy.flatten())),
            Tried::Unsent => round.busy = Some(None),
        }
    }
    round
}

/// One try.
async fn deliver(gate: &Arc<Gate>, post: &Post, to: (&OrgId, &Push), tried: Try) -> Tried {
    let (shared, org, one) = (gate.clone(), to.0.clone(), tried.one);
    let made = tokio::task::spawn_blocking(move || {
        if tried.denied && !due::may(&shared, &org, &one) {
            return Err(Trouble::Outage);
        }
        due::make(&shared, &org, &one)
    });
    let Ok(Ok(payload)) = made.await else { return Tried::Denied };
    let sent = post.send(gate, to, &one.message.id(), &payload).await;
    gate.webhooks.note(to.0, sent, gate.now());
    if sent != Tried::Taken {
        return sent;
    }
    match due::taken(gate, to.0, &one).await {
        Ok(()) => Tried::Taken,
        Err(_) => Tried::Denied,
    }
}

/// Writes down that a receiver fails, and stops once it failed for too long.
async fn look(gate: &Arc<Gate>, org: &OrgId) {
    let known = gate.scribe.published().world().webhooks.of(org).and_then(|hook| hook.failing);
    let Some(seen) = gate.webhooks.of(org).failing else { return };
    let since = known.unwrap_or(seen);
    let for_ms = gate.now().0 - since.0;
    let hours = i64::from(gate.config.delivery.disable_after_hours);
    if for_ms >= hours * HOUR_MS {
        disable(gate, org, HookStop::Failing).await;
    } else if known.is_none() && for_ms >= FAILING_MS_MIN {
        let fact = WebhookEvent::Failing { org: org.clone(), since };
        let _ = record(gate, fact).await;
    }
}

/// Nothing is pushed any more; the operator and the partner are told.
async fn disable(gate: &Arc<Gate>, org: &OrgId, why: HookStop) {
    let fact = WebhookEvent::Disabled { org: org.clone(), why };
    // One that cannot be recorded is found again.
    if !matches!(record(gate, fact).await, Ok(true)) {
        return;
    }
    tracing::warn!(partner = %org, why = why.name(), "webhooks are disabled; what is due waits");
    let (gate, org) = (gate.clone(), org.clone());
    tokio::task::spawn_blocking(move || tell(&gate, &org, gate.now()));
}

async fn record(gate: &Gate, fact: WebhookEvent) -> Result<bool, Trouble> {
    gate.scribe.ask(|reply| Command::Webhook(Box::new(fact), us(), reply)).await
}

/// An e-mail to whom the partner named.
fn tell(gate: &Gate, org: &OrgId, now: Timestamp) {
    let roster = gate.scribe.published().roster.load();
    let contact = roster.get(org).and_then(|partner| pushed(partner)?.contact.clone());
    let (Some(to), Some(mailer)) = (contact, &gate.mailer) else { return };
    let language = roster.get(org).map_or(Language::En, |partner| partner.language);
    let (subject, body) = words::webhooks_off(&gate.config.organization.name, language);
    let letter = Letter {
        to: &to,
        subject,
        body,
        id: format!("webhook-{org}-{}", now.0),
        at: std::time::UNIX_EPOCH
            + std::time::Duration::from_millis(u64::try_from(now.0).unwrap_or_default()),
    };
    if mailer.send(&letter).is_err() {
        tracing::warn!(partner = %org, "the partner was not told that its webhooks are disabled");
    }
}
