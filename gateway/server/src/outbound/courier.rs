//! The courier: sends what is due. What is due is a fold over events, so there is no second queue
//! to lose: a placement with a target that is pushed to, and no `referral.delivered` yet.
//!
//! The release decision is made anew at each try. A target that does not answer is left alone for
//! longer and longer; nothing is given up while the referral is open.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use loopgate_referral::{PlacementId, ReferralId, TaskStatus};
use reqwest::{Client, redirect};
use tokio::sync::Notify;

use crate::config::Delivery;
use crate::exit;
use crate::gate::Gate;
use crate::outbound::targets::Targets;
use crate::partner::ChannelKind;
use crate::reply::JSON;
use crate::scribe::{Command, is_held};

/// One thing to send.
#[derive(Debug, Clone, PartialEq)]
struct Due {
    referral: ReferralId,
    placement: PlacementId,
    endpoint: url::Url,
}

/// When a placement may be tried again, on the monotonic clock, and how often it was tried.
type Tries = HashMap<PlacementId, (i64, u32)>;

/// Sends until the process ends. `wake` says that clocks or referrals moved.
pub async fn run(gate: Arc<Gate>, client: Client, targets: Targets, wake: Arc<Notify>) {
    let mut tries = Tries::new();
    loop {
        wake.notified().await;
        let due = due(&gate);
        tries.retain(|placement, _| due.iter().any(|one| one.placement == *placement));
        for one in due {
            let now = gate.clock.monotonic_ms();
            let (at, count) = tries.get(&one.placement).copied().unwrap_or((now, 0));
            if at > now {
                continue;
            }
            if !deliver(&gate, &client, &targets, &one).await {
                let delay = delay_ms(&gate.config.delivery, count);
                tries.insert(one.placement, (now + delay, count + 1));
            }
        }
    }
}

/// Doubles with each try, between the operator's bounds.
fn delay_ms(delivery: &Delivery, tries: u32) -> i64 {
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
            let Some(ChannelKind::Push { endpoint }) = channel.map(|channel| &channel.kind) else {
                continue;
            };
            if open {
                let (referral, endpoint) = (referral.id, endpoint.clone());
                found.push(Due { referral, placement: placement.id, endpoint });
            }
        }
    }
    found
}

/// One try. Says whether there is nothing left to try.
async fn deliver(gate: &Arc<Gate>, client: &Client, targets: &Targets, due: &Due) -> bool {
    if !targets.allows_url(&due.endpoint) {
        tracing::warn!(placement = %due.placement, "the endpoint may not be connected to");
        return false;
    }
    let (gate, one) = (gate.clone(), due.clone());
    let made = tokio::task::spawn_blocking(move || {
        let payload = exit::push(&gate, &one.referral, &one.placement);
        (gate, payload)
    });
    let Ok((gate, Ok(payload))) = made.await else { return false };
    let request = client
        .post(due.endpoint.clone())
        .header("content-type", JSON)
        .header("idempotency-key", due.placement.to_string())
        .body(payload);
    let taken = match request.send().await {
        Ok(response) => response.status().is_success(),
        Err(error) => {
            tracing::info!(placement = %due.placement, timeout = error.is_timeout(), "a delivery failed");
            false
        }
    };
    if !taken {
        return false;
    }
    let (referral, placement) = (due.referral, due.placement);
    let command = |reply| Command::Delivered(referral, placement, reply);
    gate.scribe.ask(command).await.is_ok()
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
            response_bytes_max: 1,
            private_targets: Vec::new(),
        };
        let delays: Vec<i64> = (0..6).map(|tries| delay_ms(&delivery, tries)).collect();
        assert_eq!(delays, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
        assert_eq!(delay_ms(&delivery, u32::MAX), 60_000);
    }
}
