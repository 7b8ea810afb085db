//! How HL7 v2 links stand, for staff (`/staff/links`): coordinators stop them and put messages aside,
//! auditors read. Nothing here is about a person; what a message says is not shown.

use super::form::Filled;
use super::html::see;
use super::links_html;
use super::sessions::Member;
use crate::gate::Gate;
use crate::journal::LinkEvent;
use crate::links::{find_due, find_parked, status};
use crate::refusal::{Kind, Trouble};
use crate::reply::Reply;
use crate::scribe::Command;
use crate::staff::StaffRole;

/// The table.
pub fn shown(gate: &Gate, member: &Member) -> Reply {
    links_html::table(&status(gate), member.is(StaffRole::Coordinator))
}

/// A button of the table.
pub fn posted(
    gate: &Gate,
    member: &Member,
    (link, act): (&str, &str),
    filled: &Filled,
) -> Result<Reply, Trouble> {
    let missing = || Trouble::from(Kind::NotFound);
    let org: loopgate_referral::OrgId = link.parse().map_err(|_| missing())?;
    let roster = gate.scribe.published().roster.load();
    roster.get(&org).and_then(|partner| partner.hl7v2.as_ref()).ok_or_else(missing)?;
    let message = filled.text("message");
    let fact = match act {
        "pause" => LinkEvent::Paused { org },
        "resume" => LinkEvent::Resumed { org },
        "park" => {
            // Sent, or put aside, since the table was made.
            let Some(due) = find_due(gate, &org, message) else { return Ok(back()) };
            LinkEvent::Parked { org, due, refusals: 0, nack: None }
        }
        "unpark" => {
            let Some(due) = find_parked(gate, &org, message) else { return Ok(back()) };
            LinkEvent::Unparked { org, due }
        }
        _ => return Err(missing()),
    };
    let who = (member.name.to_string(), "staff");
    // Pressed twice is once.
    gate.scribe.ask_blocking(|reply| Command::Link(Box::new(fact), who, reply))?;
    Ok(back())
}

fn back() -> Reply {
    see("/staff/links", None)
}
