//! How the queues of links stand, for operators: what the log says of them and what is seen of them, and
//! nothing about any person.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use loopgate_referral::{OrgId, ReferralId};
use serde::{Deserialize, Serialize};

use crate::audit::instant;
use crate::fold::Parked;
use crate::gate::Gate;
use crate::journal::{Due, NackError};
use crate::outbound::link::due::{Waiting, control_id, due};

/// Messages that are named before they are sent; the others are counted.
const NEXT_MAX: usize = 20;

/// Whether a link's messages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// They are, as they become due.
    Running,
    /// An operator stopped it.
    Paused,
    /// The other side does not answer; it is tried again.
    Unreachable,
    /// Its partner is suspended.
    Suspended,
    /// The gateway is down.
    Stopped,
}

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Paused => "paused",
            State::Unreachable => "unreachable",
            State::Suspended => "suspended",
            State::Stopped => "stopped",
        }
    }
}

/// A message that is sent next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// Its control id.
    pub message: String,
    /// What it is about.
    pub referral: ReferralId,
    /// When what it tells happened.
    pub since: String,
}

/// A message that is put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedOne {
    /// Its control id.
    pub message: String,
    /// What it is about.
    pub referral: ReferralId,
    /// Since when.
    pub since: String,
    /// How often the other side refused it before.
    pub refusals: u32,
    /// MSA-1 of the last time, if it was asked.
    pub code: Option<String>,
    /// ERR of the last time, in codes.
    pub errors: Vec<NackError>,
}

/// The last message of ours that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastOut {
    /// When.
    pub at: String,
    /// MSA-1.
    pub code: String,
}

/// The last message of theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastIn {
    /// When.
    pub at: String,
    /// MSH-9, as `REF^I12`.
    #[serde(rename = "type")]
    pub kind: String,
    /// MSA-1 of the answer, if one was given.
    pub answer: Option<String>,
}

/// How one link stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whose.
    pub link: OrgId,
    /// Whether its messages are sent.
    pub state: State,
    /// Since when, if it is paused or unreachable.
    pub since: Option<String>,
    /// Messages that wait; behind those put aside too, but not themselves.
    pub depth: usize,
    /// When what the oldest of them tells happened.
    pub oldest_due: Option<String>,
    /// Which are sent next, at most 20.
    pub next: Vec<Next>,
    /// What is put aside.
    pub parked: Vec<ParkedOne>,
    /// Negative acknowledgements since the last positive one.
    pub refusals_in_a_row: u32,
    /// The last exchange out.
    pub last_out: Option<LastOut>,
    /// The last message in.
    pub last_in: Option<LastIn>,
    /// Messages heard today (UTC), by type.
    pub heard_today: BTreeMap<String, u64>,
    /// Frames that began and did not end.
    pub half_frames: u64,
    /// Connections that ended in something other than whole frames.
    pub broken_streams: u64,
    /// Connections of theirs that are open.
    pub connections: usize,
}

/// How every link stands.
pub fn status(gate: &Gate) -> Vec<Status> {
    let mut waiting = due(gate);
    let roster = gate.scribe.published().roster.load();
    let links = roster.iter().map(|one| &one.partner).filter(|one| one.hl7v2.is_some());
    links
        .map(|partner| {
            let waiting = waiting.remove(&partner.org).unwrap_or_default();
            one(gate, &partner.org, partner.suspended, &waiting)
        })
        .collect()
}

fn one(gate: &Gate, link: &OrgId, suspended: bool, waiting: &[Waiting]) -> Status {
    let queue = gate.scribe.published().world().links.of(link).cloned().unwrap_or_default();
    let (seen, now) = (gate.links.of(link), gate.now());
    let (state, since) = match (queue.paused, seen.unreachable) {
        _ if suspended => (State::Suspended, None),
        (Some(since), _) => (State::Paused, Some(since)),
        _ if !gate.links.is_serving() => (State::Stopped, None),
        (None, Some(since)) => (State::Unreachable, Some(since)),
        (None, None) => (State::Running, None),
    };
    let is_parked = |one: &&Waiting| queue.parked.contains_key(&one.due);
    let depth = |one: &Waiting| one.behind + usize::from(!queue.parked.contains_key(&one.due));
    let free: Vec<&Waiting> = waiting.iter().filter(|one| !is_parked(one)).collect();
    Status {
        link: link.clone(),
        state,
        since: since.map(instant),
        depth: waiting.iter().map(depth).sum(),
        oldest_due: free.iter().map(|one| one.since).min().map(instant),
        next: free.iter().take(NEXT_MAX).map(next).collect(),
        parked: queue.parked.iter().map(parked).collect(),
        refusals_in_a_row: seen.refusals,
        last_out: seen.told.map(|(at, code)| LastOut { at: instant(at), code: code.to_string() }),
        heard_today: seen.today(now),
        last_in: seen.heard.map(|(at, kind, answer)| LastIn {
            at: instant(at),
            kind,
            answer: answer.map(|code| code.to_string()),
        }),
        half_frames: seen.half_frames,
        broken_streams: seen.broken_streams,
        connections: seen.connections,
    }
}

fn next(one: &&Waiting) -> Next {
    let Waiting { due, since, .. } = one;
    Next { message: control_id(due), referral: due.referral(), since: instant(*since) }
}

fn parked((due, one): (&Due, &Parked)) -> ParkedOne {
    let nack = one.nack.clone();
    let (code, errors) = nack.map(|nack| (nack.code, nack.errors)).unzip();
    ParkedOne {
        message: control_id(due),
        referral: due.referral(),
        since: instant(one.since),
        refusals: one.refusals,
        code,
        errors: errors.unwrap_or_default(),
    }
}

/// The message of this control id among those that are sent next on a link and are not put aside.
pub fn find_due(gate: &Gate, link: &OrgId, message: &str) -> Option<Due> {
    let waiting = due(gate).remove(link).unwrap_or_default();
    let world = gate.scribe.published().world();
    let found = waiting.into_iter().map(|one| one.due).find(|due| control_id(due) == message);
    found.filter(|due| !world.links.is_parked(link, due))
}

/// The message of this control id among those put aside.
pub fn find_parked(gate: &Gate, link: &OrgId, message: &str) -> Option<Due> {
    let world = gate.scribe.published().world();
    world.links.of(link)?.parked.keys().find(|due| control_id(due) == message).copied()
}

/// How links stand, as lines for a person to read.
pub fn words(links: &[Status]) -> String {
    let mut text = String::new();
    for one in links {
        // Writing to a String does not fail.
        let _ = lines(&mut text, one);
    }
    text.trim_end().to_owned()
}

fn lines(text: &mut String, one: &Status) -> std::fmt::Result {
    let since = one.since.as_ref().map(|since| format!(" since {since}")).unwrap_or_default();
    writeln!(text, "{}  {}{since}", one.link, one.state.name())?;
    let oldest = one.oldest_due.as_ref().map(|at| format!(", the oldest since {at}"));
    writeln!(text, "  due           {}{}", one.depth, oldest.unwrap_or_default())?;
    if let Some(out) = &one.last_out {
        writeln!(text, "  last out      {} {}", out.at, out.code)?;
    }
    if let Some(heard) = &one.last_in {
        let answer = heard.answer.as_deref().unwrap_or("no answer");
        writeln!(text, "  last in       {} {} {answer}", heard.at, heard.kind)?;
    }
    let today: Vec<String> =
        one.heard_today.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    if !today.is_empty() {
        writeln!(text, "  heard today   {}", today.join(", "))?;
    }
    writeln!(
        text,
        "  streams       {} open, {} broken off, {} half frames",
        one.connections, one.broken_streams, one.half_frames
    )?;
    if one.refusals_in_a_row > 0 {
        writeln!(text, "  refusals      {} in a row", one.refusals_in_a_row)?;
    }
    for next in &one.next {
        writeln!(text, "  next          {} {} since {}", next.message, next.referral, next.since)?;
    }
    for parked in &one.parked {
        let ParkedOne { message, referral, since, .. } = parked;
        writeln!(text, "  parked        {message} {referral} since {since}{}", said(parked))?;
    }
    Ok(())
}

/// What the other side said to a message put aside, in codes.
pub fn said(parked: &ParkedOne) -> String {
    let Some(code) = &parked.code else { return String::new() };
    let errors: Vec<String> = parked
        .errors
        .iter()
        .map(|error| {
            let number = error.code.map(|number| number.to_string());
            let parts = [number, error.at.clone()].into_iter().flatten();
            parts.collect::<Vec<_>>().join(" at ")
        })
        .filter(|text| !text.is_empty())
        .collect();
    if errors.is_empty() { format!(" {code}") } else { format!(" {code} ({})", errors.join(", ")) }
}
