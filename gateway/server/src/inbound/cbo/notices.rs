//! What a community organization is told beside its referrals: that a person withdrew, and it has to
//! stop using what it holds. A notice names referrals, and nobody.

use loopgate_referral::OrgId;
use serde_json::{Value, json};

use crate::fold::Notice;
use crate::gate::Gate;
use crate::refusal::{Kind, Trouble};
use crate::reply::{JSON, Reply, json_reply};
use crate::scribe::Command;

/// What a notice says, in every dialect.
pub const WORDS: &str = "The person has withdrawn their agreement. Stop using what you hold about them from \
                     these referrals, and pass it on to nobody.";

/// One notice, as it is told.
pub fn said(entry: u64, notice: &Notice) -> Value {
    let at = jiff::Timestamp::from_millisecond(notice.at.0).unwrap_or_default();
    json!({
        "id": format!("ntc_{entry}"),
        "kind": "stop-use",
        "at": at.to_string(),
        "referrals": notice.referrals,
        "words": WORDS,
    })
}

/// `GET /cbo/v1/notices`: those it has not said it read.
pub fn list(gate: &Gate, org: &OrgId) -> Reply {
    let world = gate.scribe.published().world();
    let notices: Vec<Value> =
        world.notices.untold(org).map(|(entry, notice)| said(entry, notice)).collect();
    json_reply(200, JSON, &json!({ "notices": notices }))
}

/// `POST /cbo/v1/notices/ID/read`; twice is once.
pub fn read(gate: &Gate, org: &OrgId, id: &str) -> Result<Reply, Trouble> {
    let entry: Option<u64> = id.strip_prefix("ntc_").and_then(|entry| entry.parse().ok());
    let entry = entry.ok_or(Trouble::from(Kind::NotFound))?;
    let known = gate.scribe.published().world().notices.of.contains_key(&(entry, org.clone()));
    if !known {
        return Err(Kind::NotFound.into());
    }
    gate.scribe.ask_blocking(|reply| Command::StopUseTold(entry, org.clone(), None, reply))?;
    Ok(Reply::empty(204))
}
