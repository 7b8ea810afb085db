//! Which entries there are: by referral, person, organization, kind, reason code and time, newest first,
//! page by page.

use loopgate_referral::{OrgId, Timestamp};
use serde_json::{Value, json};

use super::form::{COLUMNS, Form, Paper, row};
use super::told::Told;
use super::{Asker, Call, instant, wrong};
use crate::catalogue::Query;
use crate::egress::Released;
use crate::gate::Gate;
use crate::refusal::{Kind, Trouble};

/// What can be asked for.
pub const PARAMETERS: [&str; 10] = [
    "referral",
    "person",
    "organization",
    "since",
    "until",
    "kind",
    "reason",
    "cursor",
    "count",
    "format",
];

const COUNT: usize = 50;
const COUNT_MAX: usize = 200;
/// Without a referral, a person or an organization, no more than this at once.
const WINDOW_DAYS_MAX: u32 = 400;

/// One page.
pub struct Page {
    /// What was looked for, with the times that were looked at.
    pub query: Query,
    /// What was found, newest first.
    pub told: Vec<Told>,
    /// The cursor of the next page.
    pub next: Option<u64>,
}

/// What is looked for.
pub fn query(gate: &Gate, asker: &Asker<'_>, call: &Call<'_>) -> Result<Query, Trouble> {
    let missing = || Trouble::from(Kind::NotFound);
    let person = call.text("person").map(|name| asker.person(gate, name).ok_or_else(missing));
    let mut query = Query {
        referral: call.parsed("referral")?,
        person: person.transpose()?,
        organization: call.parsed::<OrgId>("organization")?,
        kind: call.text("kind").map(str::to_owned),
        code: call.text("reason").map(str::to_owned),
        since: call.from("since")?,
        until: call.to("until")?,
        below: call.parsed("cursor")?,
        count_max: call.parsed("count")?.unwrap_or(COUNT),
    };
    if !(1..=COUNT_MAX).contains(&query.count_max) {
        return Err(wrong("count", "is 1 to 200"));
    }
    let catalogue = gate.scribe.published().catalogue();
    if query.kind.as_ref().is_some_and(|kind| !catalogue.kinds.iter().any(|one| one.name == *kind))
    {
        return Err(wrong("kind", "names no kind of which there is an entry"));
    }
    let of_nothing = query.referral.is_some_and(|id| !catalogue.referrals.contains_key(&id))
        || query.organization.as_ref().is_some_and(|id| !catalogue.organizations.contains_key(id));
    if of_nothing {
        return Err(missing());
    }
    drop(catalogue);
    let narrow = query.referral.is_some() || query.person.is_some() || query.organization.is_some();
    if !narrow {
        let until = query.until.unwrap_or_else(|| Timestamp(super::now(gate).0 + 1));
        let earliest = Timestamp(until.0 - Timestamp(0).plus_days(WINDOW_DAYS_MAX).0);
        if *query.since.get_or_insert(earliest) < earliest {
            let words = "is more than 400 days before until: name a referral, a person or an \
                         organization, or less time";
            return Err(wrong("since", words));
        }
    }
    Ok(query)
}

/// The page that is asked for.
pub fn page(gate: &Gate, query: Query) -> Result<Page, Trouble> {
    let found = gate.scribe.published().catalogue().search(&query);
    let told = Told::read(gate, &found.entries)?;
    Ok(Page { query, told, next: found.next })
}

/// Releases a page in some form.
pub fn release(
    gate: &Gate,
    asker: &Asker<'_>,
    page: &Page,
    render: &dyn Fn() -> Vec<u8>,
) -> Result<Released, Trouble> {
    super::release(gate, asker, ("search", page.query.person.as_slice()), &page.told, render)
}

/// A page in a form for programs.
pub fn write(gate: &Gate, asker: &Asker<'_>, page: &Page, form: Form) -> Vec<u8> {
    let query = &page.query;
    let mut head = json!({
        "order": "newest first",
        "since": query.since.map(instant),
        "until": query.until.map(instant),
    });
    if let Some(next) = page.next {
        head["next"] = json!(next);
    }
    let items: Vec<Value> = page.told.iter().map(|one| one.to_json(gate, asker)).collect();
    let rows = page.told.iter().map(|one| row(gate, asker, one)).collect();
    Paper { head, name: "entries", items, columns: &COLUMNS, rows, told: &page.told }
        .write(gate, asker, form)
}
