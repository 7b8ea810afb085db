//! `/cbo/v1/capacity`: an organization says how much it can take on, in SDOHCC's words, of everything or of
//! one need.

use loopgate_referral::{OrgId, Timestamp};
use serde_json::{Value, json};

use super::body::{Category, Day, Words, bad, parse};
use super::says::Capacity as Report;
use crate::fold::Reported;
use crate::gate::{Gate, Request, Session};
use crate::journal::Capacity;
use crate::partner::{Partner, end_of_day};
use crate::refusal::Trouble;
use crate::reply::{JSON, Reply, json_reply};
use crate::scribe::Command;

/// What an organization says that still is so.
pub fn said(gate: &Gate, org: &OrgId) -> Vec<Value> {
    let world = gate.scribe.published().world();
    world.capacities.of(org, gate.now()).map(entry).collect()
}

fn entry(one: &Reported) -> Value {
    let at = jiff::Timestamp::from_millisecond(one.at.0).unwrap_or_default();
    let said = &one.said;
    let mut entry = json!({ "status": said.status, "reported": at.to_string() });
    let need = said.need.as_ref().map(|need| need.as_str().to_owned());
    for (name, value) in [("need", &need), ("until", &said.until), ("note", &said.note)] {
        if let Some(value) = value {
            entry[name] = json!(value);
        }
    }
    entry
}

/// `GET /cbo/v1/capacity`: what it said itself.
pub fn read(gate: &Gate, org: &OrgId) -> Reply {
    json_reply(200, JSON, &json!({ "capacity": said(gate, org) }))
}

/// `PUT /cbo/v1/capacity`: in place of what it said of that need before.
pub fn report(gate: &Gate, session: &Session, request: &Request) -> Result<Reply, Trouble> {
    let partner = &session.partner;
    let said = of(partner, parse(&request.body)?, gate.now())?;
    let (org, digest) = (partner.org.clone(), request.digest());
    gate.scribe.ask_blocking(|reply| Command::Capacity(org, Box::new(said), digest, reply))?;
    Ok(read(gate, &partner.org))
}

fn of(partner: &Partner, report: Report, now: Timestamp) -> Result<Capacity, Trouble> {
    let mut ends = None;
    if let Some(Day(day)) = report.until {
        let end =
            end_of_day(day, &partner.time_zone).ok_or_else(|| bad("#/until", "is too far off"))?;
        if end <= now {
            return Err(bad("#/until", "is over"));
        }
        ends = Some(end);
    }
    Ok(Capacity {
        need: report.need.map(|Category(need)| need),
        status: report.status,
        until: report.until.map(|Day(day)| day.to_string()),
        ends,
        note: report.note.map(|Words(note)| note),
    })
}
