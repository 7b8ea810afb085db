//! Two lists that the law lets a person ask for, as two selections from the same entries.
//!
//! *Accounting of disclosures*, 45 CFR 164.528: six years back. Not in it, by (a)(1): treatment, payment
//! and operations (i), what went to the person (ii), and what an authorization under 164.508 permitted
//! (iv), which is how most of what a community organization sees is shared. A form whose gate wants every
//! element of 164.508(c) (authorization, Part 2) is one; a shelter's release and spoken words are not, and
//! so are in the list. An emergency is treatment once somebody looked at it and found that it was one; until
//! then, and if it was not, it is in the list. A look of an auditor who works for us, or is a covered
//! entity's own, is operations (164.501); of any other it is oversight (164.512(d)), and in the list.
//!
//! *List of disclosures*, 42 CFR 2.24: three years back, by an intermediary, whom it passed Part 2 records
//! on to under a consent: name, date, brief description. loopgate names every recipient, so the list has
//! those that were named, too.
//!
//! Both have what (b)(2) and (b)(3) want: when, who, what in brief, what for; and for the same to the same
//! for the same purpose first and last time and how often. The address of an organization is not kept here.
//! Not here: a suspension that an agency asks for, (a)(2).

use loopgate_consent::{LegalBasis, LegalClass, Obligation};
use loopgate_referral::{OrgId, PersonId, Timestamp};
use serde_json::{Value, json};

use super::form::{Form, Paper};
use super::told::Told;
use super::words::{self, plain};
use super::{Asker, Call, instant, wrong};
use crate::catalogue::Query;
use crate::egress::Released;
use crate::fold::World;
use crate::gate::Gate;
use crate::journal::{BasisUsed, Disclosure, Event};
use crate::refusal::{Kind, Trouble};
use crate::roster::{Roster, THE_STAFF};

/// What can be asked for.
pub const PARAMETERS: [&str; 5] = ["person", "basis", "since", "until", "format"];

/// Entries read at once.
const PAGE: usize = 200;
/// Entries that are read for one list at most.
const READ_MAX: usize = 30_000;
/// Entries that one list is made of at most: the entry of the look names them all.
const ENTRIES_MAX: usize = 5_000;

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// 45 CFR 164.528.
    Accounting,
    /// 42 CFR 2.24.
    Intermediary,
}

impl Law {
    /// As it is asked for.
    pub fn of(name: &str) -> Option<Law> {
        [Law::Accounting, Law::Intermediary].into_iter().find(|law| law.name() == name)
    }

    /// Its section.
    pub fn name(self) -> &'static str {
        match self {
            Law::Accounting => "164.528",
            Law::Intermediary => "2.24",
        }
    }

    fn years(self) -> i64 {
        match self {
            Law::Accounting => 6,
            Law::Intermediary => 3,
        }
    }
}

/// One line: the same, to the same, for the same purpose, once or often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// To whom.
    pub recipient: OrgId,
    /// What, in brief.
    pub what: String,
    /// What for.
    pub purpose: String,
    /// The first time, and the last.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
    /// How often.
    pub times: usize,
    /// The entries that say so, newest first.
    pub entries: Vec<u64>,
}

/// A list.
pub struct Account {
    /// By which law.
    pub law: Law,
    /// Of whom.
    pub person: PersonId,
    /// Under which names: they themselves, and who was merged into them.
    pub covers: Vec<PersonId>,
    /// From when on.
    pub since: Timestamp,
    /// Until before when.
    pub until: Timestamp,
    /// Its lines, newest first.
    pub rows: Vec<Row>,
    /// The entries they are made of.
    pub told: Vec<Told>,
}

/// The list that is asked for.
pub fn page(gate: &Gate, asker: &Asker<'_>, call: &Call<'_>) -> Result<Account, Trouble> {
    let law = call.text("basis").and_then(Law::of);
    let law = law.ok_or_else(|| wrong("basis", "is 164.528 or 2.24"))?;
    let name = call.text("person").ok_or_else(|| wrong("person", "is missing"))?;
    let person = asker.person(gate, name).ok_or(Trouble::from(Kind::NotFound))?;
    let now = super::now(gate);
    let earliest = years_before(now, law.years());
    let since = call.from("since")?.map_or(earliest, |since| since.max(earliest));
    let until = call.to("until")?.unwrap_or(Timestamp(now.0 + 1));
    let covers = gate.scribe.published().world().persons.names_of(person);
    let mut told = Vec::new();
    for person in &covers {
        told.extend(select(gate, law, *person, (since, until))?);
    }
    if told.len() > ENTRIES_MAX {
        return Err(too_many());
    }
    told.sort_by_key(|one| std::cmp::Reverse(one.index));
    told.dedup_by_key(|one| one.index);
    let rows = lines(&told);
    Ok(Account { law, person: covers[0], covers, since, until, rows, told })
}

fn years_before(now: Timestamp, years: i64) -> Timestamp {
    let at = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    let zoned = at.to_zoned(jiff::tz::TimeZone::UTC);
    let then = zoned.checked_sub(jiff::Span::new().years(years)).unwrap_or(zoned);
    Timestamp(then.timestamp().as_millisecond())
}

/// The entries of a list, newest first.
fn select(
    gate: &Gate,
    law: Law,
    person: PersonId,
    (since, until): (Timestamp, Timestamp),
) -> Result<Vec<Told>, Trouble> {
    let mut chosen: Vec<Told> = Vec::new();
    let mut again: Vec<Told> = Vec::new();
    for kind in ["phi.disclosed", "phi.reread"] {
        let mut query = Query {
            person: Some(person),
            kind: Some(kind.to_owned()),
            since: Some(since),
            until: Some(until),
            count_max: PAGE,
            ..Query::default()
        };
        let mut read = 0;
        loop {
            let found = gate.scribe.published().catalogue().search(&query);
            read += found.entries.len();
            if read > READ_MAX {
                return Err(too_many());
            }
            let page = Told::read(gate, &found.entries)?;
            let world = gate.scribe.published().world();
            let roster = gate.scribe.published().roster.load();
            for told in page {
                match &told.event {
                    Some(Event::Disclosed(one)) if belongs(one, law, &world, &roster) => {
                        chosen.push(told);
                    }
                    Some(Event::Reread { .. }) => again.push(told),
                    _ => {}
                }
            }
            match found.next {
                Some(next) => query.below = Some(next),
                None => break,
            }
        }
    }
    // What was read again is of the list if what was shown to them before is.
    again.retain(|told| chosen.iter().any(|one| recipient(one) == recipient(told)));
    chosen.extend(again);
    if chosen.len() > ENTRIES_MAX {
        return Err(too_many());
    }
    chosen.sort_by_key(|told| std::cmp::Reverse(told.index));
    Ok(chosen)
}

fn too_many() -> Trouble {
    wrong("since", "leaves too many entries: ask for less time")
}

fn recipient(told: &Told) -> Option<&OrgId> {
    match told.event.as_ref()? {
        Event::Disclosed(one) => Some(&one.recipient),
        Event::Reread { recipient, .. } => Some(recipient),
        _ => None,
    }
}

/// Whether a disclosure is of a list: if any of its grounds is.
fn belongs(one: &Disclosure, law: Law, world: &World, roster: &Roster) -> bool {
    one.bases.iter().any(|basis| match law {
        Law::Accounting => accounted(basis, one, world, roster),
        Law::Intermediary => matches!(
            basis,
            BasisUsed::Consent { obligations, .. } if obligations.contains(&Obligation::Part2Notice)
        ),
    })
}

fn accounted(basis: &BasisUsed, one: &Disclosure, world: &World, roster: &Roster) -> bool {
    match basis {
        BasisUsed::Treatment
        | BasisUsed::BusinessAssociate
        | BasisUsed::ReturnToSupplier
        | BasisUsed::ThePerson => false,
        BasisUsed::Law { .. } => true,
        BasisUsed::Consent { grant, .. } => {
            let known = world.grants.get(world.persons.resolve(one.person), &grant.id);
            !known.is_some_and(|grant| {
                let basis = grant.says.terms.basis;
                matches!(basis, LegalBasis::Authorization | LegalBasis::Part2)
            })
        }
        BasisUsed::BreakGlass { entry } => {
            let broken = world.staff.broken.iter().find(|one| one.entry == *entry);
            let reviewed = broken.and_then(|one| one.reviewed.as_ref());
            !reviewed.is_some_and(|(_, justified)| *justified)
        }
        BasisUsed::Audit { .. } => {
            let legal = roster.get(&one.recipient).map(|partner| partner.legal);
            let own = one.recipient.as_str() == THE_STAFF
                || matches!(legal, Some(LegalClass::Ba | LegalClass::Ce));
            !own
        }
    }
}

/// The lines of a list, from its entries, newest first.
fn lines(told: &[Told]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    // Oldest first, so that what was read again finds what it was shown before.
    for one in told.iter().rev() {
        let Some(to) = recipient(one) else { continue };
        let (what, purpose) = match &one.event {
            Some(Event::Disclosed(shown)) => (what(shown), purpose(shown)),
            _ => match rows.iter().rev().find(|row| row.recipient == *to) {
                Some(before) => (before.what.clone(), before.purpose.clone()),
                None => continue,
            },
        };
        let same =
            |row: &&mut Row| (&row.recipient, &row.what, &row.purpose) == (to, &what, &purpose);
        match rows.iter_mut().find(same) {
            Some(row) => {
                (row.last, row.times) = (one.at, row.times + 1);
                row.entries.insert(0, one.index);
            }
            None => rows.push(Row {
                recipient: to.clone(),
                what,
                purpose,
                first: one.at,
                last: one.at,
                times: 1,
                entries: vec![one.index],
            }),
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse((row.last, row.entries.first().copied())));
    rows
}

/// A brief description: field groups, else which kinds of resource.
fn what(one: &Disclosure) -> String {
    let groups = one.bases.iter().flat_map(|basis| match basis {
        BasisUsed::Consent { groups, .. } => groups.clone(),
        _ => Vec::new(),
    });
    let mut words: Vec<String> = groups.map(|group| plain(&group)).collect();
    if words.is_empty() {
        words = one.resources.iter().map(|(id, _)| id.kind().to_owned()).collect();
    }
    words.sort_unstable();
    words.dedup();
    if words.is_empty() { "what is kept".to_owned() } else { words.join(", ") }
}

/// A brief statement of what for, and on which ground.
fn purpose(one: &Disclosure) -> String {
    let said = one.bases.iter().map(|basis| match basis {
        BasisUsed::Consent { purpose: Some(purpose), action, .. } => {
            format!("{purpose}, to {}: {}", plain(action), words::ground(basis))
        }
        BasisUsed::Law { order } => format!("{}: {order}", words::ground(basis)),
        BasisUsed::Audit { case } => format!("{}: case {case}", words::ground(basis)),
        _ => words::ground(basis).to_owned(),
    });
    let mut said: Vec<String> = said.collect();
    said.dedup();
    said.join("; ")
}

/// Releases a list in some form. That there is nothing on it is about the person as well.
pub fn release(
    gate: &Gate,
    asker: &Asker<'_>,
    account: &Account,
    render: &dyn Fn() -> Vec<u8>,
) -> Result<Released, Trouble> {
    super::release(gate, asker, ("accounting", account.covers.as_slice()), &account.told, render)
}

const COLUMNS: [&str; 7] = ["recipient", "name", "what", "purpose", "first", "last", "times"];

/// A list in a form for programs.
pub fn write(gate: &Gate, asker: &Asker<'_>, account: &Account, form: Form) -> Vec<u8> {
    let name = |row: &Row| words::organization(gate, row.recipient.as_str());
    let covers = account.covers.iter().map(|person| asker.called(gate, *person));
    let covers: Vec<String> = covers.collect();
    let head = json!({
        "basis": account.law.name(),
        "person": asker.called(gate, account.person),
        "covers": covers,
        "since": instant(account.since),
        "until": instant(account.until),
        "not_recorded": [
            "addresses of organizations",
            "how often on one day what was shown before was read again: it counts as once a day",
        ],
    });
    let items = account.rows.iter().map(|row| {
        json!({
            "recipient": row.recipient,
            "name": name(row),
            "what": row.what,
            "purpose": row.purpose,
            "first": instant(row.first),
            "last": instant(row.last),
            "times": row.times,
            "entries": row.entries,
        })
    });
    let items: Vec<Value> = items.collect();
    let rows = account.rows.iter().map(|row| {
        let (first, last) = (instant(row.first), instant(row.last));
        let (who, what, purpose) =
            (row.recipient.to_string(), row.what.clone(), row.purpose.clone());
        vec![who, name(row), what, purpose, first, last, row.times.to_string()]
    });
    let rows = rows.collect();
    Paper { head, name: "disclosures", items, columns: &COLUMNS, rows, told: &account.told }
        .write(gate, asker, form)
}

#[cfg(test)]
#[path = "accounting_tests.rs"]
mod tests;
