//! What an operator asks about HL7 v2 links. Each step is an entry of the log, which says who asked for it.

use loopgate_referral::{OrgId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::gate::Gate;
use crate::journal::LinkEvent;
use crate::links;
use crate::refusal::Trouble;
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

/// Why it was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// No partner in force has this name and a link.
    #[error("there is no such link in force")]
    NoLink,
    /// No message of this control id is the next of its referral.
    #[error("no such message is to be sent next")]
    NotDue,
    /// No message of this control id is put aside.
    #[error("no such message is put aside")]
    NotParked,
    /// Nothing would change.
    #[error("that is so already")]
    Already,
    /// It could not be recorded.
    #[error("the gateway cannot record it right now")]
    Unrecorded,
}

impl From<Trouble> for NotDone {
    fn from(_: Trouble) -> NotDone {
        NotDone::Unrecorded
    }
}

/// Does what was asked.
pub fn perform(gate: &Gate, ask: &LinkAsk) -> Result<String, NotDone> {
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
            let again = |reply| Command::TellAgain(name, since, by, reply);
            let count = gate.scribe.ask_blocking(again)?;
            Ok(format!("{count} messages are sent again"))
        }
        LinkAsk::Park { name, message, parked: true, by } => {
            is_link(gate, name)?;
            let due = links::find_due(gate, name, message).ok_or(NotDone::NotDue)?;
            let fact = LinkEvent::Parked { org: name.clone(), due, refusals: 0, nack: None };
            record(gate, fact, by)?;
            Ok(format!("{message} is put aside"))
        }
        LinkAsk::Park { name, message, parked: false, by } => {
            is_link(gate, name)?;
            let due = links::find_parked(gate, name, message).ok_or(NotDone::NotParked)?;
            record(gate, LinkEvent::Unparked { org: name.clone(), due }, by)?;
            Ok(format!("{message} is tried again"))
        }
    }
}

fn status(gate: &Gate, name: Option<&OrgId>, json: bool) -> Result<String, NotDone> {
    if let Some(name) = name {
        is_link(gate, name)?;
    }
    let mut all = links::status(gate);
    all.retain(|one| name.is_none_or(|name| one.link == *name));
    if json {
        return Ok(crate::journal::json(&all).to_string());
    }
    Ok(if all.is_empty() { "no partner has a link".to_owned() } else { links::words(&all) })
}

fn is_link(gate: &Gate, name: &OrgId) -> Result<(), NotDone> {
    let roster = gate.scribe.published().roster.load();
    let known = roster.get(name).is_some_and(|partner| partner.hl7v2.is_some());
    known.then_some(()).ok_or(NotDone::NoLink)
}

fn record(gate: &Gate, fact: LinkEvent, by: &str) -> Result<(), NotDone> {
    let who = (by.to_owned(), "admin");
    let moved = gate.scribe.ask_blocking(|reply| Command::Link(Box::new(fact), who, reply))?;
    moved.then_some(()).ok_or(NotDone::Already)
}
