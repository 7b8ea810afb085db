//! `/healthz`, `/readyz`, `/metrics` on loopback, for the operator's own tools. Numbers only.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::routing::{Router, get};

use crate::cosigned::waiting_ms;
use crate::gate::Gate;
use crate::links::{self, State, Status};
use crate::notary::ALL_SIGNED;
use crate::outbound::webhook::status::{self as hooks, HookState, HookStatus};

/// Serves until the process ends.
pub async fn serve(gate: Arc<Gate>, listener: tokio::net::TcpListener) -> io::Result<()> {
    let (ready, metrics) = (gate.clone(), gate);
    let app = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(async move || readiness(&ready)))
        .route("/metrics", get(async move || render(&metrics)));
    axum::serve(listener, app).await
}

fn readiness(gate: &Gate) -> (axum::http::StatusCode, &'static str) {
    let published = gate.scribe.published();
    if published.halted.load(Ordering::Acquire) {
        (axum::http::StatusCode::SERVICE_UNAVAILABLE, "the clock waits to be confirmed\n")
    } else if published.stopped.load(Ordering::Acquire) {
        (axum::http::StatusCode::SERVICE_UNAVAILABLE, "the scribe has stopped\n")
    } else if unsigned_ms(gate) > UNSIGNED_MS_MAX {
        (axum::http::StatusCode::SERVICE_UNAVAILABLE, "entries wait too long to be signed\n")
    } else {
        (axum::http::StatusCode::OK, "ready\n")
    }
}

/// The longest that an entry may wait for a checkpoint, in ms; a sixth of it is worth a look.
const UNSIGNED_MS_MAX: i64 = 60_000;

/// For how long the oldest unsigned entry has waited, in ms.
fn unsigned_ms(gate: &Gate) -> i64 {
    let since = gate.unsigned_since.load(Ordering::Acquire);
    if since == ALL_SIGNED { 0 } else { gate.clock.monotonic_ms().saturating_sub(since).max(0) }
}

fn render(gate: &Gate) -> String {
    let queues = of_links(&links::status(gate)) + &of_hooks(&hooks::status(gate));
    let published = gate.scribe.published();
    let world = published.world();
    let untold = world.spoken.keys().filter_map(|id| world.referrals.get(id));
    let untold = untold.filter(|referral| !referral.news.is_empty()).count();
    let bounced = world.mail.iter().filter(|(_, one)| one.bounced.is_some()).count();
    let rows = [
        (
            "loopgate_email_bounced",
            "partners whose address takes no e-mail; look at it from 1",
            bounced as u64,
        ),
        ("loopgate_ledger_leaves", "leaves in the log", world.leaves),
        (
            "loopgate_ledger_unsigned_ms",
            "how long the oldest unsigned entry has waited; look at it from 10000",
            u64::try_from(unsigned_ms(gate)).unwrap_or_default(),
        ),
        (
            "loopgate_ledger_uncosigned_s",
            "how long the oldest entry has waited to be cosigned by enough witnesses; look at it from 900",
            u64::try_from(waiting_ms(gate) / 1000).unwrap_or_default(),
        ),
        ("loopgate_ledger_frames", "frames in the log", world.frames),
        ("loopgate_referrals", "referrals known", world.referrals.len() as u64),
        (
            "loopgate_referrals_unanswered",
            "referrals nobody has answered",
            world.unanswered.len() as u64,
        ),
        (
            "loopgate_hl7v2_referrals_untold",
            "referrals whose HL7 v2 source has something to be told",
            untold as u64,
        ),
        (
            "loopgate_mllp_streams_broken",
            "MLLP connections that ended in something other than whole frames",
            gate.links.broken_streams(),
        ),
        (
            "loopgate_queue_commands",
            "commands waiting for the scribe",
            published.queued.load(Ordering::Relaxed),
        ),
        (
            "loopgate_cbo_waiting",
            "requests at /cbo/v1 that wait for a referral to come",
            published.waits.count() as u64,
        ),
    ];
    rows.iter().fold(queues, |mut text, (name, help, value)| {
        // Writing to a String does not fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
        text
    })
}

/// One number of a link.
type OfLink = fn(&Status) -> u64;

/// What is told of each HL7 v2 link.
const OF_LINKS: [(&str, &str, OfLink); 8] = [
    ("loopgate_link_due", "HL7 v2 messages that wait to be sent", |one| one.depth as u64),
    (
        "loopgate_link_parked",
        "HL7 v2 messages put aside since the other side refused them; look at it from 1",
        |one| one.parked.len() as u64,
    ),
    ("loopgate_link_paused", "1 if an operator stopped the link", |one| {
        u64::from(one.state == State::Paused)
    }),
    ("loopgate_link_unreachable", "1 if the other side does not answer", |one| {
        u64::from(one.state == State::Unreachable)
    }),
    ("loopgate_link_refusals_in_a_row", "negative acknowledgements since the last positive one", {
        |one| one.refusals_in_a_row.into()
    }),
    ("loopgate_link_half_frames", "MLLP frames that began and did not end", |one| one.half_frames),
    (
        "loopgate_link_streams_broken",
        "MLLP connections that ended in something other than whole frames",
        |one| one.broken_streams,
    ),
    ("loopgate_link_connections", "MLLP connections that are open", |one| one.connections as u64),
];

fn of_links(links: &[Status]) -> String {
    let mut text = String::new();
    for (name, help, number) in OF_LINKS {
        // Writing to a String does not fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        for one in links {
            let _ = writeln!(text, "{name}{{link=\"{}\"}} {}", one.link, number(one));
        }
    }
    text
}

/// One number of a partner's webhooks.
type OfHook = fn(&HookStatus) -> u64;

/// What is told of each partner that is pushed to.
const OF_HOOKS: [(&str, &str, OfHook); 4] = [
    ("loopgate_webhook_due", "webhooks that wait to be sent", |one| one.depth as u64),
    ("loopgate_webhook_taken", "webhooks taken since the start", |one| one.taken),
    (
        "loopgate_webhook_failures_in_a_row",
        "failed tries since a webhook was taken; look at it from 10",
        |one| one.failures_in_a_row,
    ),
    ("loopgate_webhook_disabled", "1 if nothing is sent until an operator says so", |one| {
        u64::from(one.state == HookState::Disabled)
    }),
];

fn of_hooks(hooks: &[HookStatus]) -> String {
    let mut text = String::new();
    for (name, help, number) in OF_HOOKS {
        // Writing to a String does not fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        for one in hooks {
            let _ = writeln!(text, "{name}{{partner=\"{}\"}} {}", one.partner, number(one));
        }
    }
    text
}
