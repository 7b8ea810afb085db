//! The courier: e-mails what is due. What is due is a fold over events, so there is no second queue
//! to lose: a placement with a target that is told by e-mail, and no `referral.delivered` yet.
//!
//! The release decision is made anew at each try. A target that does not answer is left alone for
//! longer and longer; nothing is given up while the referral is open.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use loopgate_referral::{OrgId, PlacementId, ReferralId, TaskStatus};
use reqwest::{Client, redirect};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::config::Delivery;
use crate::exit;
use crate::gate::Gate;
use crate::outbound::mail::Letter;
use crate::outbound::targets::Targets;
use crate::partner::ChannelKind;
use crate::scribe::{Command, is_held};

/// One thing to send.
#[derive(Debug, Clone, PartialEq)]
struct Due {
    referral: ReferralId,
    placement: PlacementId,
    /// The version of its Task as last amended.
    amended: u64,
    /// What names the delivery.
    key: String,
    target: OrgId,
    /// The address it is told at.
    address: String,
}

/// When a placement may be tried again, on the monotonic clock, and how often it was tried.
type Tries = HashMap<PlacementId, (i64, u32)>;

/// Sends until the process ends. `wake` says that clocks or referrals moved.
pub async fn run(gate: Arc<Gate>, wake: Arc<Notify>) {
    let mut tries = Tries::new();
    loop {
        wake.notified().await;
        let due = due(&gate);
        tries.retain(|placement, _| due.iter().any(|one| one.placement == *placement));
        let now = gate.clock.monotonic_ms();
        let mut rounds = JoinSet::new();
        for (_, mut batch) in by_target(due) {
            batch.retain(|one| tries.get(&one.placement).is_none_or(|(at, _)| *at <= now));
            rounds.spawn(round(gate.clone(), batch));
        }
        while let Some(failed) = rounds.join_next().await {
            for placement in failed.unwrap_or_default() {
                let count = tries.get(&placement).map_or(0, |(_, count)| *count);
                let delay = delay_ms(&gate.config.delivery, count);
                tries.insert(placement, (now + delay, count + 1));
            }
        }
    }
}

fn by_target(due: Vec<Due>) -> BTreeMap<OrgId, Vec<Due>> {
    due.into_iter().fold(BTreeMap::new(), |mut batches, one| {
        batches.entry(one.target.clone()).or_default().push(one);
        batches
    })
}

/// One target's deliveries, one after the other; targets do not wait for each other. A target that
/// cannot be reached is left alone for the rest of the round. Says which failed.
async fn round(gate: Arc<Gate>, batch: Vec<Due>) -> Vec<PlacementId> {
    let mut failed = Vec::new();
    for one in batch {
        match deliver(&gate, &one).await {
            Tried::Taken => {}
            Tried::Refused => failed.push(one.placement),
            Tried::Unreachable => {
                failed.push(one.placement);
                break;
            }
        }
    }
    failed
}

/// What became of one try.
enum Tried {
    /// The target's system took it.
    Taken,
    /// It, or consent, said no.
    Refused,
    /// It did not answer.
    Unreachable,
}

/// Doubles with each try, between the operator's bounds.
pub fn delay_ms(delivery: &Delivery, tries: u32) -> i64 {
    let first = delivery.retry_delay_s_min.saturating_mul(1000);
    let delay = first.saturating_mul(1 << tries.min(20));
    i64::try_from(delay.min(delivery.retry_delay_s_max.saturating_mul(1000))).unwrap_or(i64::MAX)
}

fn due(gate: &Gate) -> Vec<Due> {
    let roster = gate.scribe.published().roster.load();
    let world = gate.scribe.published().world();
    let mut found = Vec::new();
    for id in &world.unanswered {
        let Some(referral) = world.referrals.get(id).filter(|referral| !is_held(referral)) else {
            continue;
        };
        for placement in &referral.placements {
            let open = !placement.delivered && placement.state.status() == TaskStatus::Requested;
            let partner = roster.get(&placement.target).filter(|partner| !partner.suspended);
            let channel = partner.and_then(|partner| partner.channel.as_ref());
            // Push is by webhooks; HL7 v2 goes over the partner's link, which has a queue of its own.
            let Some(ChannelKind::Email { address, .. }) = channel.map(|channel| &channel.kind)
            else {
                continue;
            };
            if open {
                found.push(Due {
                    referral: referral.id,
                    placement: placement.id,
                    amended: placement.amended,
                    key: placement.delivery_key(),
                    target: placement.target.clone(),
                    address: address.clone(),
                });
            }
        }
    }
    found
}

/// One try.
async fn deliver(gate: &Arc<Gate>, due: &Due) -> Tried {
    let tried = mail(gate, due, due.address.clone()).await;
    let Tried::Taken = tried else { return tried };
    let (referral, placement) = (due.referral, (due.placement, due.amended));
    let command = |reply| Command::Delivered(referral, placement, reply);
    match gate.scribe.ask(command).await {
        Ok(()) => Tried::Taken,
        Err(_) => Tried::Refused,
    }
}

async fn mail(gate: &Arc<Gate>, due: &Due, address: String) -> Tried {
    let (gate, one) = (gate.clone(), due.clone());
    let sent = tokio::task::spawn_blocking(move || {
        let Some(mailer) = &gate.mailer else { return Tried::Unreachable };
        let Ok(body) = exit::mail(&gate, &one.referral, &one.placement) else {
            return Tried::Refused;
        };
        let roster = gate.scribe.published().roster.load();
        let name = roster.get(&one.target).map_or(String::new(), |partner| partner.name.clone());
        let at = u64::try_from(gate.now().0).unwrap_or_default();
        let letter = Letter {
            to: &address,
            subject: format!("A referral is waiting for {name}"),
            body: String::from_utf8_lossy(&body.bytes).into_owned(),
            id: one.key.clone(),
            at: std::time::UNIX_EPOCH + Duration::from_millis(at),
        };
        if body.sending.as_ref().is_some_and(|sending| sending.is_cut()) {
            return Tried::Refused;
        }
        match mailer.send(&letter) {
            Ok(()) => Tried::Taken,
            Err(_) => Tried::Unreachable,
        }
    });
    sent.await.unwrap_or(Tried::Refused)
}

/// The one client for everything outbound: no redirect, no proxy, explicit roots, our certificate.
pub fn client(
    delivery: &Delivery,
    targets: Targets,
    tls: rustls::ClientConfig,
) -> reqwest::Result<Client> {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(delivery.timeout_s))
        .dns_resolver(Arc::new(targets))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_does_not_answer_is_left_alone_for_longer() {
        let delivery = Delivery {
            timeout_s: 1,
            retry_delay_s_min: 5,
            retry_delay_s_max: 60,
            disable_after_hours: 72,
            private_targets: Vec::new(),
        };
        let delays: Vec<i64> = (0..6).map(|tries| delay_ms(&delivery, tries)).collect();
        assert_eq!(delays, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
        assert_eq!(delay_ms(&delivery, u32::MAX), 60_000);
    }
}
