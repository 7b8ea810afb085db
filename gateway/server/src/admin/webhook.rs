//! What an operator asks about webhooks. Each step is an entry of the log, which says who asked for it.

use loopgate_referral::{OrgId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::gate::Gate;
use crate::journal::{HookStop, WebhookEvent};
use crate::outbound::webhook::due::pushed;
use crate::outbound::webhook::{NotTried, status, test};
use crate::refusal::Trouble;
use crate::scribe::Command;

/// One question about webhooks, or one thing to do with those of a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "webhook", deny_unknown_fields)]
pub enum WebhookAsk {
    /// How they stand.
    Status {
        /// Of this partner alone, and all of it.
        name: Option<OrgId>,
        /// For a program to read.
        json: bool,
    },
    /// Send nothing, or go on.
    Disable {
        /// Whose.
        name: OrgId,
        /// Send nothing, or go on.
        disabled: bool,
        /// Who says so.
        by: String,
    },
    /// Tell a partner again what it was told.
    Replay {
        /// Whose.
        name: OrgId,
        /// At this instant or after.
        since: Timestamp,
        /// Who says so.
        by: String,
    },
    /// Send one that says nothing.
    Test {
        /// Whose.
        name: OrgId,
    },
}

/// Why it was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotHooked {
    /// No partner in force has this name and is pushed to.
    #[error("no such partner in force is pushed to")]
    NotPushed,
    /// Nothing would change.
    #[error("that is so already")]
    Already,
    /// Nothing was told since then, or it is remembered no more.
    #[error("nothing was told since then")]
    NothingTold,
    /// It could not be recorded.
    #[error("the gateway cannot record it right now")]
    Unrecorded,
    /// Nothing was tried.
    #[error(transparent)]
    NotTried(#[from] NotTried),
    /// The receiver did not take it.
    #[error("{0}")]
    NotTaken(String),
}

impl From<Trouble> for NotHooked {
    fn from(_: Trouble) -> NotHooked {
        NotHooked::Unrecorded
    }
}

/// Does what was asked.
pub fn perform(gate: &Gate, ask: &WebhookAsk) -> Result<String, NotHooked> {
    match ask {
        WebhookAsk::Status { name, json } => standing(gate, name.as_ref(), *json),
        WebhookAsk::Disable { name, disabled, by } => {
            is_pushed(gate, name)?;
            let org = name.clone();
            let fact = if *disabled {
                WebhookEvent::Disabled { org, why: HookStop::Operator }
            } else {
                WebhookEvent::Enabled { org }
            };
            record(gate, fact, by)?.then_some(()).ok_or(NotHooked::Already)?;
            at_once(gate, name);
            Ok(format!("{name} is {}", if *disabled { "disabled" } else { "enabled" }))
        }
        WebhookAsk::Replay { name, since, by } => {
            is_pushed(gate, name)?;
            let fact = WebhookEvent::Replayed { org: name.clone(), since: *since };
            record(gate, fact, by)?.then_some(()).ok_or(NotHooked::NothingTold)?;
            at_once(gate, name);
            let world = gate.scribe.published().world();
            let again = world.webhooks.of(name).map_or(0, |hook| hook.again.len());
            Ok(format!("{again} webhooks are sent again"))
        }
        WebhookAsk::Test { name } => test(gate, name)?.map_err(NotHooked::NotTaken),
    }
}

fn at_once(gate: &Gate, name: &OrgId) {
    gate.webhooks.afresh(name);
    gate.scribe.published().stir();
}

fn standing(gate: &Gate, name: Option<&OrgId>, json: bool) -> Result<String, NotHooked> {
    if let Some(name) = name {
        is_pushed(gate, name)?;
    }
    let mut all = status::status(gate);
    all.retain(|one| name.is_none_or(|name| one.partner == *name));
    if json {
        return Ok(crate::journal::json(&all).to_string());
    }
    Ok(match name {
        _ if all.is_empty() => "no partner is pushed to".to_owned(),
        None => status::list(&all),
        Some(_) => status::words(&all),
    })
}

fn is_pushed(gate: &Gate, name: &OrgId) -> Result<(), NotHooked> {
    let roster = gate.scribe.published().roster.load();
    let known = roster.get(name).is_some_and(|partner| pushed(partner).is_some());
    known.then_some(()).ok_or(NotHooked::NotPushed)
}

fn record(gate: &Gate, fact: WebhookEvent, by: &str) -> Result<bool, NotHooked> {
    let who = (by.to_owned(), "admin");
    Ok(gate.scribe.ask_blocking(|reply| Command::Webhook(Box::new(fact), who, reply))?)
}
