//! Asks the witnesses to cosign each checkpoint (<https://c2sp.org/tlog-witness>), and shows it once enough
//! have.
//!
//! Nothing is believed but a cosignature that verifies. How much of the log a witness has seen is not
//! kept: it says so itself (409). A witness that does not answer is left alone for longer and longer,
//! and the entries that wait for it are counted, warned of, and after a day recorded.

mod ask;

use std::sync::Arc;

use loopgate_ledger::Checkpoint;
use reqwest::Client;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::config::{Delivery, Ledger};
use crate::cosigned::{Cosigned, waiting_ms, waiting_since};
use crate::gate::Gate;
use crate::journal::{Event, LedgerEvent};
use crate::outbound::courier::delay_ms;
use crate::outbound::targets::Targets;
use crate::scribe::Command;
use ask::{Asked, Question};

const RETRY_DELAY_S_MIN: u64 = 1;
const RETRY_DELAY_S_MAX: u64 = 300;
/// A cosignature says that this was the newest at its time: an idle log is cosigned again.
const AGAIN_MS: i64 = 3_600_000;
/// When entries that wait for witnesses are warned of.
const WARN_MS: i64 = 15 * 60_000;
/// When that is recorded, and how often.
const RECORD_MS: i64 = 86_400_000;

/// One witness, as far as this process knows it.
#[derive(Default)]
struct Standing {
    /// The size it cosigned last, as it said.
    seen: u64,
    /// Its line below the note in hand, and when it gave it.
    line: Option<(String, i64)>,
    tries: u32,
    next_ms: i64,
}

impl Standing {
    fn is_due(&self, now_ms: i64) -> bool {
        let stale = self.line.as_ref().is_none_or(|(_, at)| now_ms - at >= AGAIN_MS);
        stale && self.next_ms <= now_ms
    }
}

/// The note in hand, and what the witnesses made of it.
struct Feed {
    note: Arc<String>,
    signed: Checkpoint,
    standings: Vec<Standing>,
    warned: bool,
}

/// Asks until the process ends. `wake` says that something was signed or that clocks moved.
pub async fn run(gate: Arc<Gate>, client: Client, targets: Targets, wake: Arc<Notify>) {
    let count = gate.config.ledger.witnesses.len();
    if count == 0 {
        return;
    }
    let empty = Checkpoint { origin: String::new(), size: 0, root: [0; 32] };
    let standings = (0..count).map(|_| Standing::default()).collect();
    let mut feed = Feed { note: Arc::default(), signed: empty, standings, warned: false };
    loop {
        wake.notified().await;
        feed.turn(&gate);
        if feed.signed.origin.is_empty() {
            continue;
        }
        feed.ask(&gate, &client, &targets).await;
        feed.publish(&gate).await;
        feed.watch(&gate).await;
    }
}

impl Feed {
    /// Takes the newest note in hand. Lines are over its body: they go with another size.
    fn turn(&mut self, gate: &Gate) {
        let newest = gate.checkpoint.load_full();
        if newest.is_none_or(|note| Arc::ptr_eq(&note, &self.note)) {
            return;
        }
        let Some((note, signed)) = gate.signed() else { return };
        if signed != self.signed {
            self.standings.iter_mut().for_each(|one| one.line = None);
        }
        (self.note, self.signed) = (note, signed);
    }

    /// Asks all who are due about one note, at the same time.
    async fn ask(&mut self, gate: &Arc<Gate>, client: &Client, targets: &Targets) {
        let now_ms = gate.clock.monotonic_ms();
        let mut asked = JoinSet::new();
        for (at, standing) in self.standings.iter().enumerate() {
            if standing.is_due(now_ms) {
                let question = Question {
                    witness: at,
                    note: self.note.clone(),
                    signed: self.signed.clone(),
                    seen: standing.seen,
                };
                asked.spawn(ask::ask(gate.clone(), client.clone(), targets.clone(), question));
            }
        }
        let delivery = slow(&gate.config.delivery);
        while let Some(answer) = asked.join_next().await {
            let Ok(Asked { witness, seen, line }) = answer else { continue };
            let standing = &mut self.standings[witness];
            standing.seen = seen;
            match line {
                Some(line) => {
                    (standing.tries, standing.next_ms) = (0, now_ms);
                    standing.line = Some((line, now_ms));
                }
                None => {
                    standing.next_ms = now_ms + delay_ms(&delivery, standing.tries);
                    standing.tries += 1;
                }
            }
        }
    }

    /// The note with the lines there are, if they are enough.
    fn cosigned(&self, ledger: &Ledger) -> Option<Cosigned> {
        let lines = self.standings.iter().filter_map(|one| one.line.as_ref());
        let lines: Vec<&str> = lines.map(|(line, _)| line.as_str()).collect();
        let note = format!("{}{}", self.note, lines.concat());
        let (size, witnesses) = (self.signed.size, lines.len());
        (witnesses >= ledger.quorum).then_some(Cosigned { note, size, witnesses })
    }

    /// Shows it once it is durable.
    async fn publish(&self, gate: &Arc<Gate>) {
        let Some(new) = self.cosigned(&gate.config.ledger) else { return };
        let shown = gate.cosigned.load_full();
        if shown.is_some_and(|shown| shown.size > new.size || *shown == new) {
            return;
        }
        let keeper = gate.clone();
        let kept = tokio::task::spawn_blocking(move || {
            let kept = new.keep(&keeper.config.folders.keys);
            kept.map(|()| keeper.cosigned.store(Some(Arc::new(new))))
        });
        if !matches!(kept.await, Ok(Ok(()))) {
            tracing::error!("a cosigned checkpoint could not be kept");
        }
    }

    /// Says that entries wait too long: once in the log of the process, once a day in that of all.
    async fn watch(&mut self, gate: &Gate) {
        let waiting = waiting_ms(gate);
        if waiting >= WARN_MS && !self.warned {
            tracing::warn!(
                "entries wait for a quarter of an hour to be cosigned by enough witnesses"
            );
        }
        self.warned = waiting >= WARN_MS;
        let Some(since) = waiting_since(gate).filter(|_| waiting >= RECORD_MS) else { return };
        let last = gate.scribe.published().world().book.unwitnessed_at;
        if last.is_some_and(|last| gate.now().0 - last.0 < RECORD_MS) {
            return;
        }
        let size = gate.cosigned.load().as_ref().map_or(0, |cosigned| cosigned.size);
        let event = Box::new(Event::Ledger(LedgerEvent::Unwitnessed { size, since }));
        let by = "gateway".to_owned();
        if gate.scribe.ask(|reply| Command::Record(event, by, reply)).await.is_err() {
            tracing::warn!("that entries were not cosigned for a day could not be recorded yet");
        }
    }
}

/// The delays of deliveries, between bounds of their own.
fn slow(delivery: &Delivery) -> Delivery {
    Delivery {
        retry_delay_s_min: RETRY_DELAY_S_MIN,
        retry_delay_s_max: RETRY_DELAY_S_MAX,
        ..delivery.clone()
    }
}
