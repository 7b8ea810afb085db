//! Who took part at some instant, as far as the log says: partner files and the configuration by hash, staff
//! by the roles of their accounts and their signing in.

use std::collections::BTreeMap;

use loopgate_referral::{OrgId, Timestamp};
use serde_json::{Value, json};

use super::form::{Form, Paper};
use super::told::Told;
use super::{Asker, Call, instant};
use crate::catalogue::Query;
use crate::gate::Gate;
use crate::journal::{Event, LedgerEvent, StaffEvent};
use crate::refusal::Trouble;

/// What can be asked for.
pub const PARAMETERS: [&str; 2] = ["at", "format"];

/// What the log does not hold.
const NOT_RECORDED: [&str; 2] = [
    "the text of partner files: the log has the SHA-256 of each, and the files of today are compared with it",
    "the groups of the OpenID provider: who has roles from it is known by signing in alone",
];

/// Changes of partner files that are read, newest first.
const CHANGES_MAX: usize = 10_000;
/// Sign-ins that are read, newest first.
const SIGN_INS_MAX: usize = 2_000;

/// A partner, at that instant.
struct Known {
    entry: u64,
    since: Timestamp,
    sha256: [u8; 32],
    suspended: bool,
}

/// The roles of an account and when they were written down; none once it was gone.
type Account = (Timestamp, Option<String>);

/// The roster of an instant.
pub struct Listed {
    at: Timestamp,
    partners: BTreeMap<OrgId, Known>,
    /// Accounts of staff.
    accounts: BTreeMap<String, Account>,
    /// First and last time that somebody signed in, of those that were read.
    staff: BTreeMap<String, (Timestamp, Timestamp)>,
    cut: bool,
}

/// The roster that is asked for.
pub fn page(gate: &Gate, call: &Call<'_>) -> Result<Listed, Trouble> {
    let at = call.to("at")?.unwrap_or_else(|| super::now(gate));
    let (changes, some_cut) = newest(gate, "config.changed", at, CHANGES_MAX)?;
    let (sign_ins, more_cut) = newest(gate, "staff.signed-in", at, SIGN_INS_MAX)?;
    let mut listed = Listed {
        at,
        partners: BTreeMap::new(),
        accounts: BTreeMap::new(),
        staff: BTreeMap::new(),
        cut: some_cut || more_cut,
    };
    // Newest first: what is there already is what held.
    for told in changes {
        let (entry, since) = (told.index, told.at);
        match told.event {
            Some(Event::Partner { org, sha256, suspended }) => {
                let known = Known { entry, since, sha256, suspended };
                listed.partners.entry(org).or_insert(known);
            }
            Some(Event::Ledger(LedgerEvent::Configured { part, says, gone, .. })) => {
                let Some(name) = part.strip_prefix("staff/") else { continue };
                let says = says.filter(|_| !gone);
                listed.accounts.entry(name.to_owned()).or_insert((since, says));
            }
            _ => {}
        }
    }
    for told in sign_ins {
        if let Some(Event::Staff(StaffEvent::SignIn { staff, right: true, .. })) = told.event {
            let one = listed.staff.entry(staff.to_string()).or_insert((told.at, told.at));
            one.0 = told.at;
        }
    }
    Ok(listed)
}

fn newest(
    gate: &Gate,
    kind: &str,
    at: Timestamp,
    count_max: usize,
) -> Result<(Vec<Told>, bool), Trouble> {
    let until = Some(Timestamp(at.0 + 1));
    let query = Query { kind: Some(kind.to_owned()), until, count_max, ..Query::default() };
    let found = gate.scribe.published().catalogue().search(&query);
    Ok((Told::read(gate, &found.entries)?, found.next.is_some()))
}

const COLUMNS: [&str; 7] = ["what", "name", "since", "last", "suspended", "sha256", "roles"];

/// A roster in a form for programs.
pub fn write(gate: &Gate, asker: &Asker<'_>, listed: &Listed, form: Form) -> Vec<u8> {
    let now = gate.scribe.published().roster.load();
    let mut items: Vec<Value> = Vec::new();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (org, known) in &listed.partners {
        let file = now.iter().find(|one| one.partner.org == *org && one.sha256 == known.sha256);
        let sha256 = hex::encode(known.sha256);
        let mut item = json!({
            "partner": org, "since": instant(known.since), "entry": known.entry,
            "suspended": known.suspended, "sha256": sha256, "file_is_here": file.is_some(),
        });
        if let Some(file) = file {
            item["name"] = json!(file.partner.name);
        }
        items.push(item);
        let (since, suspended) = (instant(known.since), known.suspended.to_string());
        let (name, none) = (org.to_string(), String::new());
        rows.push(vec!["partner".into(), name, since, none.clone(), suspended, sha256, none]);
    }
    for (name, (since, roles)) in &listed.accounts {
        let Some(roles) = roles else { continue };
        let since = instant(*since);
        items.push(json!({ "account": name, "since": since, "roles": roles }));
        let none = String::new;
        rows.push(vec![
            "account".into(),
            name.clone(),
            since,
            none(),
            none(),
            none(),
            roles.clone(),
        ]);
    }
    for (name, (first, last)) in &listed.staff {
        let (first, last) = (instant(*first), instant(*last));
        items.push(json!({ "staff": name, "first_sign_in": first, "last_sign_in": last }));
        let none = String::new;
        rows.push(vec!["staff".into(), name.clone(), first, last, none(), none(), none()]);
    }
    let head = json!({
        "at": instant(listed.at),
        "not_recorded": NOT_RECORDED,
        "cut": listed.cut,
    });
    Paper { head, name: "roster", items, columns: &COLUMNS, rows, told: &[] }
        .write(gate, asker, form)
}
