//! `/healthz`, `/readyz`, `/metrics` on loopback, for the operator's own tools. Numbers only.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::routing::{Router, get};

use crate::gate::Gate;

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
    } else {
        (axum::http::StatusCode::OK, "ready\n")
    }
}

fn render(gate: &Gate) -> String {
    let published = gate.scribe.published();
    let world = published.world();
    let untold = world.spoken.keys().filter_map(|id| world.referrals.get(id));
    let untold = untold.filter(|referral| !referral.news.is_empty()).count();
    let rows = [
        ("loopgate_ledger_leaves", "leaves in the log", world.leaves),
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
