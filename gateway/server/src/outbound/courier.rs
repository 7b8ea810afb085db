//! What ways out share: how long who does not answer is left alone, who records it, and of HTTPS the one
//! client.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, redirect};

use crate::config::Delivery;
use crate::gate::Gate;
use crate::outbound::targets::Targets;

/// Doubles with each try, between the operator's bounds.
pub fn delay_ms(delivery: &Delivery, tries: u32) -> i64 {
    let first = delivery.retry_delay_s_min.saturating_mul(1000);
    let delay = first.saturating_mul(1 << tries.min(20));
    i64::try_from(delay.min(delivery.retry_delay_s_max.saturating_mul(1000))).unwrap_or(i64::MAX)
}

/// The same, shortened by up to a quarter, so that not all are called at once.
pub fn jittered_ms(gate: &Gate, tries: u32) -> i64 {
    let delay = delay_ms(&gate.config.delivery, tries);
    let mut random = [0; 2];
    gate.clock.random(&mut random);
    delay - delay / 4 * i64::from(u16::from_be_bytes(random)) / i64::from(u16::MAX)
}

/// Who records what was sent, and by which way.
pub fn us() -> (String, &'static str) {
    ("loopgate".to_owned(), "courier")
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
