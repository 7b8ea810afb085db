//! HL7 v2 back to its source: an MLLP client for each link. What is to be told is a fold over events,
//! so there is no second queue to lose.
//!
//! On a link one message is open at a time, in the order things happened; its acknowledgement is known
//! by MSA-2, and a connection on which none comes in time is closed, since a late one would be taken
//! for the next message's. A message that is refused stops its own referral and no other: it is tried
//! again, ever less often, and said in the log.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use loopgate_hl7v2::{AckCode, Charset, Decoder, Limits, frame, read};
use loopgate_referral::{OrgId, ReferralId, Timestamp};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::egress::Released;
use crate::exit::news::Telling;
use crate::gate::Gate;
use crate::outbound::courier::delay_ms;
use crate::outbound::targets::Targets;
use crate::partner::Endpoint;
use crate::refusal::Trouble;
use crate::scribe::Command;

/// Refusals of one message after which it is said in the log that somebody should look.
const REFUSALS_MAX: u32 = 5;
/// An acknowledgement is short.
const ACK_BYTES_MAX: usize = 64 * 1024;

/// One message that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Due {
    referral: ReferralId,
    version: u64,
}

/// What became of one message.
enum Tried {
    Taken,
    /// The other side, or consent, said no.
    Refused,
    /// Nothing can be said to anybody there now.
    Unreachable,
}

/// When to try again, on the monotonic clock, and how often it was tried.
#[derive(Default)]
struct Patience {
    links: HashMap<OrgId, (i64, u32)>,
    referrals: HashMap<ReferralId, (i64, u32)>,
    /// Denied before: asked again without an entry for each time.
    denied: HashSet<Due>,
}

/// What a round on one link came to.
struct Round {
    link: OrgId,
    reached: bool,
    taken: Vec<ReferralId>,
    refused: Vec<(Due, bool)>,
}

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
        for (link, due) in due(&gate) {
            let waits = patience.links.get(&link).is_some_and(|(at, _)| *at > now);
            let open =
                |one: &Due| patience.referrals.get(&one.referral).is_none_or(|(at, _)| *at <= now);
            let due: Vec<(Due, bool)> = due
                .into_iter()
                .filter(open)
                .map(|one| (one, patience.denied.contains(&one)))
                .collect();
            if waits || due.is_empty() || !busy.insert(link.clone()) {
                continue;
            }
            rounds.spawn(round(gate.clone(), connector.clone(), targets.clone(), link, due));
        }
    }
}

impl Patience {
    fn learn(&mut self, gate: &Gate, round: Round) {
        let now = gate.clock.monotonic_ms();
        let Round { link, reached, taken, refused } = round;
        if reached {
            self.links.remove(&link);
        } else {
            let count = self.links.get(&link).map_or(0, |(_, count)| *count);
            self.links.insert(link, (now + jittered(gate, count), count + 1));
        }
        for referral in taken {
            self.referrals.remove(&referral);
            self.denied.retain(|one| one.referral != referral);
        }
        for (due, denied) in refused {
            let count = self.referrals.get(&due.referral).map_or(0, |(_, count)| *count);
            if count + 1 == REFUSALS_MAX {
                let referral = due.referral;
                tracing::error!(%referral, "a referral response is refused again and again");
            }
            self.referrals.insert(due.referral, (now + jittered(gate, count), count + 1));
            if denied {
                self.denied.insert(due);
            }
        }
    }
}

/// The delay, shortened by up to a quarter, so that links do not all try at once.
fn jittered(gate: &Gate, tries: u32) -> i64 {
    let delay = delay_ms(&gate.config.delivery, tries);
    let mut random = [0; 2];
    gate.clock.random(&mut random);
    delay - delay / 4 * i64::from(u16::from_be_bytes(random)) / i64::from(u16::MAX)
}

/// What is to be told on each link: in the order it happened, and only the first of each referral,
/// since what follows has to wait for it.
fn due(gate: &Gate) -> BTreeMap<OrgId, Vec<Due>> {
    let roster = gate.scribe.published().roster.load();
    let world = gate.scribe.published().world();
    let mut links: BTreeMap<OrgId, Vec<(Timestamp, Due)>> = BTreeMap::new();
    for (id, spoken) in &world.spoken {
        let Some(referral) = world.referrals.get(id) else { continue };
        let partner = roster.get(&referral.source).filter(|partner| !partner.suspended);
        let link = partner.and_then(|partner| partner.hl7v2.as_ref());
        if link.is_none_or(|link| link.endpoint.is_none()) {
            continue;
        }
        let first = referral.news.first();
        // Its first answer, unless what happened at once says more.
        let at_once = first.is_some_and(|news| news.at == referral.received);
        let answer = spoken.asked && referral.told == 0 && !at_once;
        let next = if answer {
            Some((referral.received, 1))
        } else {
            first.map(|news| (news.at, news.version))
        };
        if let Some((at, version)) = next {
            let due = Due { referral: *id, version };
            links.entry(referral.source.clone()).or_default().push((at, due));
        }
    }
    links
        .into_iter()
        .map(|(link, mut due)| {
            due.sort_by_key(|(at, due)| (*at, due.referral));
            (link, due.into_iter().map(|(_, due)| due).collect())
        })
        .collect()
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
            let stuck =
                |one: &Due| round.refused.iter().any(|(due, _)| due.referral == one.referral);
            let more = self::due(&gate).remove(&link).unwrap_or_default();
            todo.extend(more.into_iter().filter(|one| !stuck(one)).map(|one| (one, false)));
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
            let gate = gate.clone();
            tokio::task::spawn_blocking(move || make(&gate, one, denied)).await
        };
        let (message, control_id) = match made {
            Ok(Ok(made)) => made,
            Ok(Err(trouble)) => {
                round.refused.push((one, matches!(trouble, Trouble::Refused(_))));
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
            Ok(Tried::Taken) => {
                let command = |reply| Command::Told(one.referral, one.version, reply);
                if gate.scribe.ask(command).await.is_err() {
                    return round;
                }
                round.taken.push(one.referral);
            }
            Ok(Tried::Refused) => round.refused.push((one, false)),
            Ok(Tried::Unreachable) | Err(_) => {
                tracing::info!(partner = %link, "a link did not acknowledge");
                round.reached = false;
                return round;
            }
        }
    }
}

/// The message, released, with its control id.
fn make(gate: &Gate, due: Due, denied: bool) -> Result<(Released, String), Trouble> {
    let gone = || Trouble::Outage;
    let referral = gate.referral(&due.referral).ok_or_else(gone)?;
    let spoken = gate.scribe.published().world().spoken.get(&due.referral).cloned();
    let spoken = spoken.ok_or_else(gone)?;
    let roster = gate.scribe.published().roster.load();
    let partner = roster.get(&referral.source).ok_or_else(gone)?;
    let link = partner.hl7v2.as_ref().ok_or_else(gone)?;
    let news = referral.news.iter().find(|news| news.version == due.version);
    let telling = Telling { partner, link, referral: &referral, spoken: &spoken, news };
    if telling.version() != due.version {
        return Err(gone());
    }
    if denied && gate.egress.weigh(&partner.org, &telling.ask()).is_err() {
        return Err(crate::refusal::Kind::Denied.into());
    }
    Ok((telling.message(gate)?, telling.control_id()))
}

/// An open connection.
struct Wire {
    stream: TlsStream<TcpStream>,
    decoder: Decoder,
}

impl Wire {
    async fn open(
        connector: &TlsConnector,
        targets: &Targets,
        endpoint: &Endpoint,
    ) -> Option<Wire> {
        let name = ServerName::try_from(endpoint.host.clone()).ok()?;
        for address in targets.addresses(&endpoint.host, endpoint.port).await {
            let Ok(stream) = TcpStream::connect(address).await else { continue };
            let stream = connector.connect(name.clone(), stream).await.ok()?;
            return Some(Wire { stream, decoder: Decoder::new(ACK_BYTES_MAX) });
        }
        None
    }

    /// Sends one message and waits for its acknowledgement.
    async fn tell(&mut self, message: &[u8], control_id: &str) -> Tried {
        let Ok(framed) = frame(message) else { return Tried::Refused };
        if self.stream.write_all(&framed).await.is_err() || self.stream.flush().await.is_err() {
            return Tried::Unreachable;
        }
        let Some(answer) = self.next().await else { return Tried::Unreachable };
        let Ok(answer) = read(&answer, &Limits::default(), Charset::UTF_8) else {
            return Tried::Unreachable;
        };
        match answer.msa().and_then(|(code, id)| Some((AckCode::parse(code)?, id))) {
            Some((code, id)) if id == control_id => {
                if code.is_positive() {
                    Tried::Taken
                } else {
                    Tried::Refused
                }
            }
            // Of another message, or of none: who knows what it is about.
            _ => Tried::Unreachable,
        }
    }

    async fn next(&mut self) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 4096];
        loop {
            let read = self.stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
            let mut rest = &buffer[..read];
            while !rest.is_empty() {
                let (taken, found) = self.decoder.push(rest).ok()?;
                rest = &rest[taken..];
                if found.is_some() {
                    return found;
                }
            }
        }
    }
}
