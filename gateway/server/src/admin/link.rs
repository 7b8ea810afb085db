//! What an operator asks about HL7 v2 links. Each step is an entry of the log, which says who asked for it.

use anyhow::{Context, anyhow, ensure};
use loopgate_referral::{OrgId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::gate::Gate;
use crate::journal::LinkEvent;
use crate::links;
use crate::scribe::Command;

/// One question about links, or one thing to do with one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "link", deny_unknown_fields)]
pub enum LinkAsk {
    /// How they stand.
    Status {
        /// This one alone.
        name: Option<OrgId>,
        /// For a program to read.
        json: bool,
    },
    /// Say nothing to the other side, or go on.
    Pause {
        /// Whose.
        name: OrgId,
        /// Say nothing, or go on.
        paused: bool,
        /// Who says so.
        by: String,
    },
    /// Tell a source again what it was told.
    Replay {
        /// Whose.
        name: OrgId,
        /// At this instant or after.
        since: Timestamp,
        /// Who says so.
        by: String,
    },
    /// Put a message aside, or try it again.
    Park {
        /// Whose.
        name: OrgId,
        /// Its control id.
        message: String,
        /// Put it aside, or try it again.
        parked: bool,
        /// Who says so.
        by: String,
    },
}

/// Does what was asked.
pub fn perform(gate: &Gate, ask: &LinkAsk) -> anyhow::Result<String> {
    match ask {
        LinkAsk::Status { name, json } => status(gate, name.as_ref(), *json),
        LinkAsk::Pause { name, paused, by } => {
            is_link(gate, name)?;
            let org = name.clone();
            let fact = if *paused { LinkEvent::Paused { org } } else { LinkEvent::Resumed { org } };
            record(gate, fact, by)?;
            Ok(format!("{name} is {}", if *paused { "paused" } else { "resumed" }))
        }
        LinkAsk::Replay { name, since, by } => {
            is_link(gate, name)?;
            let (name, since, by) = (name.clone(), *since, by.clone());
            let asked =
                gate.scribe.ask_blocking(|reply| Command::TellAgain(name, since, by, reply));
            let count = asked.map_err(unrecorded)?;
            Ok(format!("{count} messages are sent again"))
        }
        LinkAsk::Park { name, message, parked: true, by } => {
            is_link(gate, name)?;
            let due = links::find_due(gate, name, message);
            let due = due.context("no such message is to be sent next")?;
            let fact = LinkEvent::Parked { org: name.clone(), due, refusals: 0, nack: None };
            record(gate, fact, by)?;
            Ok(format!("{message} is put aside"))
        }
        LinkAsk::Park { name, message, parked: false, by } => {
            is_link(gate, name)?;
            let due = links::find_parked(gate, name, message);
            let due = due.context("no such message is put aside")?;
            record(gate, LinkEvent::Unparked { org: name.clone(), due }, by)?;
            Ok(format!("{message} is tried again"))
        }
    }
}

fn status(gate: &Gate, name: Option<&OrgId>, json: bool) -> anyhow::Result<String> {
    if let Some(name) = name {
        is_link(gate, name)?;
    }
    let mut all = links::status(gate);
    all.retain(|one| name.is_none_or(|name| one.link == *name));
    if json {
        return Ok(serde_json::to_string(&all)?);
    }
    Ok(if all.is_empty() { "no partner has a link".to_owned() } else { links::words(&all) })
}

fn is_link(gate: &Gate, name: &OrgId) -> anyhow::Result<()> {
    let roster = gate.scribe.published().roster.load();
    let known = roster.get(name).is_some_and(|partner| partner.hl7v2.is_some());
    ensure!(known, "there is no such link in force");
    Ok(())
}

fn record(gate: &Gate, fact: LinkEvent, by: &str) -> anyhow::Result<()> {
    let who = (by.to_owned(), "admin");
    let asked = gate.scribe.ask_blocking(|reply| Command::Link(Box::new(fact), who, reply));
    ensure!(asked.map_err(unrecorded)?, "that is so already");
    Ok(())
}

fn unrecorded(_: crate::refusal::Trouble) -> anyhow::Error {
    anyhow!("the gateway cannot record it right now")
}
