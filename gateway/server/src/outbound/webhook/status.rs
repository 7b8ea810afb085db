//! How webhooks stand, for operators: what the log says of them and what is seen of them, and nothing about
//! any person.

use std::fmt::Write as _;

use loopgate_referral::{OrgId, ReferralId};
use serde::{Deserialize, Serialize};

use super::due::{Waiting, due, pushed};
use crate::audit::instant;
use crate::gate::Gate;
use crate::partner::Partner;
use crate::webhook_secret as secret;

/// Webhooks that are named before they are sent; the others are counted.
const NEXT_MAX: usize = 20;

/// Whether a partner's webhooks are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookState {
    /// They are, as they become due.
    Running,
    /// It takes nothing; it is tried again.
    Failing,
    /// Nothing is sent until somebody says so.
    Disabled,
    /// Its partner is suspended.
    Suspended,
    /// The gateway is down.
    Stopped,
}

impl HookState {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            HookState::Running => "running",
            HookState::Failing => "failing",
            HookState::Disabled => "disabled",
            HookState::Suspended => "suspended",
            HookState::Stopped => "stopped",
        }
    }
}

/// A webhook that is sent next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextHook {
    /// `webhook-id`.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is about, if it is about one referral.
    pub referral: Option<ReferralId>,
    /// When what it tells happened.
    pub since: String,
}

/// The last failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastFailure {
    /// When.
    pub at: String,
    /// The status; none if there was no answer.
    pub status: Option<u16>,
}

/// How the webhooks of one partner stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookStatus {
    /// Whose.
    pub partner: OrgId,
    /// Where they go.
    pub endpoint: String,
    /// Whether they are sent.
    pub state: HookState,
    /// Since when, if it is disabled or failing.
    pub since: Option<String>,
    /// Why it is disabled: `gone`, `failing`, `operator`.
    pub why: Option<String>,
    /// `reference` or `whole`.
    pub payload: String,
    /// They are signed.
    pub signed: bool,
    /// Until when an older secret signs too.
    pub old_secret_until: Option<String>,
    /// Webhooks that wait.
    pub depth: usize,
    /// When what the oldest of them tells happened.
    pub oldest_due: Option<String>,
    /// Which are sent next, at most 20.
    pub next: Vec<NextHook>,
    /// Failures since one was taken.
    pub failures_in_a_row: u64,
    /// When one was last taken.
    pub last_taken: Option<String>,
    /// How many were taken since the gateway was started.
    pub taken: u64,
    /// The last failure.
    pub last_failure: Option<LastFailure>,
}

/// How the webhooks of every partner that is pushed to stand.
pub fn status(gate: &Gate) -> Vec<HookStatus> {
    let roster = gate.scribe.published().roster.load();
    roster.iter().filter_map(|loaded| one(gate, &loaded.partner)).collect()
}

fn one(gate: &Gate, partner: &Partner) -> Option<HookStatus> {
    let (org, to) = (&partner.org, pushed(partner)?);
    let (hook, waiting) = {
        let world = gate.scribe.published().world();
        let waiting: Vec<Waiting> = due(&world, org).collect();
        (world.webhooks.of(org).cloned().unwrap_or_default(), waiting)
    };
    let seen = gate.webhooks.of(org);
    let failing = hook.failing.or(seen.failing);
    let (state, since) = match (hook.disabled, failing) {
        _ if partner.suspended => (HookState::Suspended, None),
        (Some((since, _)), _) => (HookState::Disabled, Some(since)),
        _ if gate.webhooks.way().is_none() => (HookState::Stopped, None),
        (None, Some(since)) => (HookState::Failing, Some(since)),
        (None, None) => (HookState::Running, None),
    };
    let secrets = secret::read(&gate.config.folders.keys, org).ok().filter(|_| to.signed);
    Some(HookStatus {
        partner: org.clone(),
        endpoint: to.endpoint.to_string(),
        state,
        since: since.map(instant),
        why: hook.disabled.map(|(_, why)| why.name().to_owned()),
        payload: to.payload.name().to_owned(),
        signed: to.signed,
        old_secret_until: secrets.and_then(|all| all.overlap(gate.now())).map(instant),
        depth: waiting.iter().map(|one| one.behind + 1).sum(),
        oldest_due: waiting.iter().map(|one| one.since).min().map(instant),
        next: waiting.iter().take(NEXT_MAX).map(next).collect(),
        failures_in_a_row: seen.failures,
        last_taken: seen.taken.map(instant),
        taken: seen.count,
        last_failure: seen.failed.map(|(at, status)| LastFailure { at: instant(at), status }),
    })
}

fn next(one: &Waiting) -> NextHook {
    let (id, kind) = (one.message.id(), one.message.kind().to_owned());
    NextHook { id, kind, referral: one.message.referral(), since: instant(one.since) }
}

/// A line for each partner.
pub fn list(all: &[HookStatus]) -> String {
    let mut text = String::new();
    for one in all {
        let HookStatus { partner, state, depth, endpoint, .. } = one;
        // Writing to a String does not fail.
        let _ = writeln!(text, "{partner:<24} {:<10} {depth:>6} due  {endpoint}", state.name());
    }
    text.trim_end().to_owned()
}

/// All of it, as lines for a person to read.
pub fn words(all: &[HookStatus]) -> String {
    let mut text = String::new();
    for one in all {
        // Writing to a String does not fail.
        let _ = lines(&mut text, one);
    }
    text.trim_end().to_owned()
}

fn lines(text: &mut String, one: &HookStatus) -> std::fmt::Result {
    let since = one.since.as_ref().map(|since| format!(" since {since}")).unwrap_or_default();
    let why = one.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    writeln!(text, "{}  {}{since}{why}", one.partner, one.state.name())?;
    writeln!(text, "  endpoint      {}", one.endpoint)?;
    let signed = match (&one.old_secret_until, one.signed) {
        (Some(until), _) => format!("signed with two secrets until {until}"),
        (None, true) => "signed".to_owned(),
        (None, false) => "not signed".to_owned(),
    };
    writeln!(text, "  payload       {}, {signed}", one.payload)?;
    let oldest = one.oldest_due.as_ref().map(|at| format!(", the oldest since {at}"));
    writeln!(text, "  due           {}{}", one.depth, oldest.unwrap_or_default())?;
    if let Some(taken) = &one.last_taken {
        writeln!(text, "  last taken    {taken}, {} since the start", one.taken)?;
    }
    if let Some(failed) = &one.last_failure {
        let status = failed.status.map_or("no answer".to_owned(), |status| status.to_string());
        writeln!(
            text,
            "  last failure  {} {status}, {} in a row",
            failed.at, one.failures_in_a_row
        )?;
    }
    for next in &one.next {
        let about = next.referral.map(|referral| format!(" {referral}")).unwrap_or_default();
        writeln!(text, "  next          {} {}{about} since {}", next.id, next.kind, next.since)?;
    }
    Ok(())
}
