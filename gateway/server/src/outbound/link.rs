//! HL7 v2 to the other side of a link: an MLLP client for each. What is to be told is a fold over events,
//! so there is no second queue to lose.
//!
//! On a link one message is open at a time, in the order things happened; its acknowledgement is known
//! by MSA-2, and a connection on which none comes in time is closed, since a late one would be taken
//! for the next message's. A message that is refused stops its own referral and no other: it is tried
//! again, ever less often, and said in the log.

mod due;
mod patience;
mod wire;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use loopgate_referral::OrgId;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::gate::Gate;
use crate::journal::Due;
use crate::outbound::targets::Targets;
use crate::refusal::{Kind, Trouble};
use patience::{No, Patience, Round};
use wire::{Said, Wire};

/// Tells until the process ends. `wake` says that clocks or referrals moved.
pub async fn run(gate: Arc<Gate>, tls: rustls::ClientConfig, targets: Targets, wake: Arc<Notify>) {
    let connector = TlsConnector::from(Arc::new(tls));
    let mut patience = Patience::default();
    let mut rounds: JoinSet<Round> = JoinSet::new();
    let mut busy: HashSet<OrgId> = HashSet::new();
    loop {
        tokio::select! {
            () = wake.notified() => {}
            Some(ended) = rounds.join_next() => {
                let Ok(round) = ended else {
                    tracing::error!("a link's round panicked");
                    busy.clear();
                    continue;
                };
                busy.remove(&round.link);
                patience.learn(&gate, round);
            }
        }
        let now = gate.clock.monotonic_ms();
        for (link, waiting) in due::due(&gate) {
            let due: Vec<(Due, bool)> = waiting
                .into_iter()
                .map(|one| one.due)
                .filter(|due| patience.is_open(due, now))
                .map(|due| (due, patience.was_denied(&due)))
                .collect();
            if patience.rests(&link, now) || due.is_empty() || !busy.insert(link.clone()) {
                continue;
            }
            rounds.spawn(round(gate.clone(), connector.clone(), targets.clone(), link, due));
        }
    }
}

async fn round(
    gate: Arc<Gate>,
    connector: TlsConnector,
    targets: Targets,
    link: OrgId,
    due: Vec<(Due, bool)>,
) -> Round {
    let mut round =
        Round { link: link.clone(), reached: true, taken: Vec::new(), refused: Vec::new() };
    let endpoint = {
        let roster = gate.scribe.published().roster.load();
        roster.get(&link).and_then(|partner| partner.hl7v2.as_ref()?.endpoint.clone())
    };
    let Some(endpoint) = endpoint else { return round };
    let patience = Duration::from_secs(gate.config.delivery.timeout_s);
    let mut open: Option<Wire> = None;
    let mut todo: VecDeque<(Due, bool)> = due.into();
    loop {
        // What happened to a referral after this is due next, on the same connection.
        if todo.is_empty() {
            todo.extend(more(&gate, &round));
        }
        let Some((one, denied)) = todo.pop_front() else { return round };
        // Released only once there is somebody to send it to.
        if open.is_none() {
            let wire = timeout(patience, Wire::open(&connector, &targets, &endpoint)).await;
            match wire {
                Ok(Some(wire)) => open = Some(wire),
                _ => {
                    tracing::info!(partner = %link, "a link cannot be reached");
                    round.reached = false;
                    return round;
                }
            }
        }
        let made = {
            let (gate, link) = (gate.clone(), link.clone());
            tokio::task::spawn_blocking(move || made(&gate, &link, &one, denied)).await
        };
        let (message, control_id) = match made {
            Ok(Ok(made)) => made,
            Ok(Err(trouble)) => {
                let denied = matches!(trouble, Trouble::Refused(_));
                round.refused.push((one, if denied { No::Denied } else { No::Unmade }));
                continue;
            }
            Err(_) => return round,
        };
        let Some(wire) = open.as_mut() else { return round };
        let told =
            message.while_uncut(timeout(patience, wire.tell(&message.bytes, &control_id))).await;
        let Some(told) = told else {
            // Cut in the middle of a message: what would come next on this connection is not one.
            round.reached = false;
            return round;
        };
        match told {
            Ok(Said::Taken(_)) => {
                if due::taken(&gate, &link, &one).await.is_err() {
                    return round;
                }
                round.taken.push(one);
            }
            Ok(Said::Refused(..)) => round.refused.push((one, No::Theirs)),
            Ok(Said::Nothing) | Err(_) => {
                tracing::info!(partner = %link, "a link did not acknowledge");
                round.reached = false;
                return round;
            }
        }
    }
}

/// What became due on the link of a round while it went on, other than behind what was refused in it.
fn more(gate: &Gate, round: &Round) -> Vec<(Due, bool)> {
    let stuck = |due: &Due| round.refused.iter().any(|(one, _)| one.referral() == due.referral());
    let waiting = due::due(gate).remove(&round.link).unwrap_or_default();
    let due = waiting.into_iter().map(|one| one.due);
    due.filter(|one| !stuck(one)).map(|one| (one, false)).collect()
}

/// The message, unless consent said no before and still does.
fn made(
    gate: &Gate,
    link: &OrgId,
    due: &Due,
    denied: bool,
) -> Result<(crate::egress::Released, String), Trouble> {
    if denied && !due::may(gate, due) {
        return Err(Kind::Denied.into());
    }
    due::make(gate, link, due)
}
