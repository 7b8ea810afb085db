//! `GET /cbo/v1/organizations`: to whom one may refer, and how much they can take on. Names alone.

use loopgate_referral::OrgId;
use serde_json::{Value, json};

use super::capacity;
use crate::gate::Gate;
use crate::partner::Role;
use crate::reply::{JSON, Reply, json_reply};

/// Every organization that takes referrals, but for the one that asks.
pub fn list(gate: &Gate, org: &OrgId) -> Reply {
    let roster = gate.scribe.published().roster.load();
    let partners = roster.iter().map(|loaded| &loaded.partner);
    let takes = partners.filter(|one| one.is(Role::Target) && !one.suspended && one.org != *org);
    let organizations: Vec<Value> = takes
        .map(|one| json!({ "id": one.org, "name": one.name, "capacity": capacity::said(gate, &one.org) }))
        .collect();
    json_reply(200, JSON, &json!({ "organizations": organizations }))
}
