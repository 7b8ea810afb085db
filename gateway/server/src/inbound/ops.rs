//! `/healthz`, `/readyz`, `/metrics` on loopback, for the operator's own tools. Numbers only.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::routing::{Router, get};

use crate::cosigned::waiting_ms;
use crate::gate::Gate;
use crate::notary::ALL_SIGNED;

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
    let published = gate.scribe.published();
    let world = published.world();
    let untold = world.spoken.keys().filter_map(|id| world.referrals.get(id));
    let untold = untold.filter(|referral| !referral.news.is_empty()).count();
    let rows = [
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
            gate.broken_streams.load(Ordering::Relaxed),
        ),
        (
            "loopgate_queue_commands",
            "commands waiting for the scribe",
            published.queued.load(Ordering::Relaxed),
        ),
    ];
    rows.iter().fold(String::new(), |mut text, (name, help, value)| {
        // Writing to a String does not fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
        text
    })
}
