//! HL7 v2 to the other side of a link: an MLLP client for each. What is to be told is a fold over events,
//! so there is no second queue to lose.
//!
//! On a link one message is open at a time, in the order things happened; its acknowledgement is known
//! by MSA-2, and a connection on which none comes in time is closed, since a late one would be taken
//! for the next message's. A message that is refused stops its own referral and no other: it is tried
//! again, ever less often, and put aside in the end, which an operator is told and can take back.

pub mod due;
mod nack;
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

use crate::egress::Released;
use crate::gate::Gate;
use crate::journal::{Due, LinkEvent, Nack};
use crate::outbound::targets::Targets;
use crate::partner::{Endpoint, Link};
use crate::refusal::{Kind, Trouble};
use crate::scribe::Command;
use patience::{No, Patience, Round, Try};
use wire::{Said, Wire};

/// Tells until the process ends. `wake` says that clocks or referrals moved.
pub async fn run(gate: Arc<Gate>, tls: rustls::ClientConfig, targets: Targets, wake: Arc<Notify>) {
    let connector = TlsConnector::from(Arc::new(tls));
    let mut patience = Patience::default();
    let mut rounds: JoinSet<Round> = JoinSet::new();
    let mut busy: HashSet<OrgId> = HashSet::new();
    gate.links.begin();
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
        let ready = due::ready(&gate);
        // What waits on a link that is busy or stopped is not forgotten for that.
        patience.keep(&due::due(&gate));
        for (link, waiting) in ready {
            let todo: VecDeque<Try> =
                waiting.into_iter().filter_map(|one| patience.of(one.due, now)).collect();
            if patience.rests(&link, now) || todo.is_empty() || !busy.insert(link.clone()) {
                continue;
            }
            let (gate, connector) = (gate.clone(), connector.clone());
            let line = Line { gate, connector, link, later: patience.later(now) };
            rounds.spawn(line.round(targets.clone(), todo));
        }
    }
}

/// One link, while something is said on it.
struct Line {
    gate: Arc<Gate>,
    connector: TlsConnector,
    link: OrgId,
    /// What was refused before, and is not to be tried yet.
    later: HashSet<Due>,
}

impl Line {
    async fn round(self, targets: Targets, mut todo: VecDeque<Try>) -> Round {
        let link = self.link.clone();
        let mut round = Round { link, reached: true, done: Vec::new(), refused: Vec::new() };
        let Some(settings) = self.settings() else { return round };
        let Some(endpoint) = &settings.endpoint else { return round };
        let mut open: Option<Wire> = None;
        loop {
            // What happened to a referral after this is due next, on the same connection.
            if todo.is_empty() {
                todo.extend(self.more(&round));
            }
            let Some(one) = todo.pop_front().filter(|_| !self.is_paused()) else { return round };
            // Released only once there is somebody to send it to.
            let wire = match &mut open {
                Some(wire) => wire,
                None => match self.connected(&targets, endpoint).await {
                    Some(wire) => open.insert(wire),
                    None => return self.silent(round, "a link cannot be reached"),
                },
            };
            let (message, control_id) = match self.made(one).await {
                Ok(made) => made,
                Err(no) => {
                    round.refused.push((one.due, no));
                    continue;
                }
            };
            let mut told = self.says(wire, &message, &control_id).await;
            if told == Some(Said::Gone) && wire.has_answered() {
                // Many an engine hangs up after each answer, and has not read this.
                match self.connected(&targets, endpoint).await {
                    Some(fresh) => *wire = fresh,
                    None => return self.silent(round, "a link cannot be reached"),
                }
                told = self.says(wire, &message, &control_id).await;
            }
            // Cut in the middle of a message: what would come next on this connection is not one.
            let Some(told) = told else {
                round.reached = false;
                return round;
            };
            let now = self.gate.now();
            match told {
                Said::Taken(code) => {
                    self.gate.links.told(&self.link, now, code);
                    if due::taken(&self.gate, &self.link, &one.due).await.is_err() {
                        return round;
                    }
                    round.done.push(one.due);
                }
                Said::Refused(code, nack) => {
                    self.gate.links.told(&self.link, now, code);
                    let enough = one.refusals + 1 >= settings.park_after;
                    if enough && self.park(&one, nack).await.is_ok() {
                        round.done.push(one.due);
                    } else {
                        round.refused.push((one.due, No::Theirs));
                    }
                }
                Said::Gone | Said::Nothing => {
                    return self.silent(round, "a link did not acknowledge");
                }
            }
        }
    }

    /// How long the other side may take for anything.
    fn patience(&self) -> Duration {
        Duration::from_secs(self.gate.config.delivery.timeout_s)
    }

    async fn connected(&self, targets: &Targets, endpoint: &Endpoint) -> Option<Wire> {
        let wire = Wire::open(&self.connector, targets, endpoint);
        timeout(self.patience(), wire).await.ok().flatten()
    }

    /// What the other side says in time to one message; nothing if the message was cut.
    async fn says(&self, wire: &mut Wire, message: &Released, control_id: &str) -> Option<Said> {
        let told = timeout(self.patience(), wire.tell(&message.bytes, control_id));
        message.while_uncut(told).await.map(|told| told.unwrap_or(Said::Nothing))
    }

    fn settings(&self) -> Option<Link> {
        let roster = self.gate.scribe.published().roster.load();
        roster.get(&self.link)?.hl7v2.clone()
    }

    fn is_paused(&self) -> bool {
        self.gate.scribe.published().world().links.is_paused(&self.link)
    }

    fn silent(&self, mut round: Round, words: &'static str) -> Round {
        tracing::info!(partner = %self.link, "{words}");
        self.gate.links.silent(&self.link, self.gate.now());
        round.reached = false;
        round
    }

    /// What became due while the round went on, other than behind what was refused in it.
    fn more(&self, round: &Round) -> Vec<Try> {
        let stuck = |one: &Try| {
            self.later.contains(&one.due) || round.refused.iter().any(|(due, _)| *due == one.due)
        };
        let waiting = due::ready(&self.gate).remove(&self.link).unwrap_or_default();
        let fresh = waiting.into_iter().map(|one| Try { due: one.due, refusals: 0, denied: false });
        fresh.filter(|one| !stuck(one)).collect()
    }

    /// The message, unless consent said no before and still does.
    async fn made(&self, one: Try) -> Result<(Released, String), No> {
        let (gate, link) = (self.gate.clone(), self.link.clone());
        let made = tokio::task::spawn_blocking(move || {
            if one.denied && !due::may(&gate, &one.due) {
                return Err(Kind::Denied.into());
            }
            due::make(&gate, &link, &one.due)
        });
        match made.await {
            Ok(Ok(made)) => Ok(made),
            Ok(Err(Trouble::Refused(_))) => Err(No::Denied),
            Ok(Err(Trouble::Outage)) | Err(_) => Err(No::Unmade),
        }
    }

    /// Puts a message aside that the other side refused too often.
    async fn park(&self, one: &Try, nack: Nack) -> Result<bool, Trouble> {
        let (link, message) = (&self.link, due::control_id(&one.due));
        let (referral, refusals) = (one.due.referral(), one.refusals + 1);
        tracing::error!(partner = %link, %message, %referral, refusals, code = %nack.code,
            "a message is put aside: the other side refused it again and again");
        let fact =
            LinkEvent::Parked { org: link.clone(), due: one.due, refusals, nack: Some(nack) };
        let who = ("loopgate".to_owned(), "link");
        self.gate.scribe.ask(|reply| Command::Link(Box::new(fact), who, reply)).await
    }
}
