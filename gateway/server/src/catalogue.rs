//! A catalogue of the log for readers: per entry where it lies, of which kind it is and when it was
//! recorded, and for each referral, person, organization, kind and reason code the entries it is of.
//!
//! A fold of the log like the world, filled when a frame is committed and by replay; it holds ids, and
//! nothing of what an entry says. 28 bytes an entry, and 4 for each chain it stands in: 63 bytes
//! in all, measured over a million entries of fifty thousand referrals. Not here:
//! reading the entries themselves (`archive.rs`), who may search (`audit/search.rs`).

use std::collections::BTreeMap;

use loopgate_ledger::Link;
use loopgate_referral::{Event as ReferralEvent, OrgId, PersonId, ReferralId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fields::{self, Links};
use crate::fold::Place;
use crate::journal::{BasisUsed, Event};

/// The kind of an entry that cannot be read any more.
pub const ERASED: &str = "erased";

/// One entry, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// When it was recorded.
    pub(crate) at: Timestamp,
    /// Its frame.
    pub(crate) sequence: u64,
    /// Its place in the frame.
    pub(crate) entry: u32,
    /// Its kind, among [`Catalogue::kinds`].
    pub(crate) kind: u8,
    /// Its reason code, among [`Catalogue::codes`].
    pub(crate) code: Option<u8>,
    /// What it said can be read no more.
    pub(crate) erased: bool,
}

/// The entries of one name, by index, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub(crate) name: String,
    pub(crate) entries: Vec<u32>,
}

/// The catalogue of some prefix of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    pub(crate) rows: Vec<Row>,
    pub(crate) kinds: Vec<Named>,
    pub(crate) codes: Vec<Named>,
    pub(crate) referrals: BTreeMap<ReferralId, Vec<u32>>,
    pub(crate) persons: BTreeMap<PersonId, Vec<u32>>,
    pub(crate) organizations: BTreeMap<OrgId, Vec<u32>>,
    /// Everybody, in the order in which they first appeared.
    pub(crate) appeared: Vec<PersonId>,
}

/// What to find; nothing set finds everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Entries of this referral.
    pub referral: Option<ReferralId>,
    /// Entries about this person.
    pub person: Option<PersonId>,
    /// Entries that this organization takes part in.
    pub organization: Option<OrgId>,
    /// Entries of this kind.
    pub kind: Option<String>,
    /// Entries with this reason code.
    pub code: Option<String>,
    /// Recorded then or later.
    pub since: Option<Timestamp>,
    /// Recorded before then.
    pub until: Option<Timestamp>,
    /// Only entries before this one: the last of the page before.
    pub below: Option<u64>,
    /// At most so many.
    pub count_max: usize,
}

/// One page of what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Entries, newest first.
    pub entries: Vec<u64>,
    /// There are more, below this one.
    pub next: Option<u64>,
}

impl Catalogue {
    /// Notes the next entry; its chains are those it had before it was folded.
    pub fn note(&mut self, place: Place, event: &Event, links: &Links) {
        self.push(place, fields::kind(event), code_of(event), links);
    }

    /// Notes the next entry, which cannot be read any more, with the chains it stands in.
    pub fn note_erased(&mut self, place: Place, links: &Links) {
        self.push(place, ERASED, None, links);
        if let Some(row) = self.rows.last_mut() {
            row.erased = true;
        }
    }

    /// The same, of its parts.
    pub(crate) fn push(&mut self, place: Place, kind: &str, code: Option<&str>, links: &Links) {
        debug_assert_eq!(place.index, self.rows.len() as u64, "entries come in order");
        // 2^32 entries would want 120 GB of memory for their rows: a log ends long before.
        let Ok(index) = u32::try_from(self.rows.len()) else { return };
        let row = Row {
            at: place.at,
            sequence: place.sequence,
            entry: u32::try_from(place.entry).unwrap_or(u32::MAX),
            kind: named(&mut self.kinds, kind, index),
            code: code.map(|code| named(&mut self.codes, code, index)),
            erased: false,
        };
        self.rows.push(row);
        fn each<T: std::str::FromStr>(links: &[Link]) -> impl Iterator<Item = T> {
            links.iter().filter_map(|link| link.id.parse().ok())
        }
        for id in each::<ReferralId>(&links.subject) {
            self.referrals.entry(id).or_default().push(index);
        }
        for id in each::<PersonId>(&links.patient) {
            let entries = self.persons.entry(id).or_insert_with(|| {
                self.appeared.push(id);
                Vec::new()
            });
            entries.push(index);
        }
        for id in each::<OrgId>(&links.parties) {
            self.organizations.entry(id).or_default().push(index);
        }
    }

    /// How many entries it knows.
    pub fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Where an entry lies, and when it was recorded.
    pub fn row(&self, index: u64) -> Option<Row> {
        self.rows.get(usize::try_from(index).ok()?).copied()
    }

    /// The name of an entry's kind.
    pub fn kind(&self, row: &Row) -> &str {
        self.kinds.get(usize::from(row.kind)).map_or("", |kind| &kind.name)
    }

    /// Every kind that was recorded so far, in order.
    pub fn known_kinds(&self) -> Vec<String> {
        let mut names: Vec<String> = self.kinds.iter().map(|kind| kind.name.clone()).collect();
        names.sort_unstable();
        names
    }

    /// One page, newest first. Its cost is that of the shortest list that any filter names, within the
    /// times asked for; without a filter it is that of the page.
    pub fn search(&self, query: &Query) -> Found {
        let Some((range, lists)) = self.lists(query) else { return Found::default() };
        let mut found: Vec<u64> = match lists.split_first() {
            None => range.rev().take(query.count_max + 1).map(u64::from).collect(),
            Some((shortest, others)) => {
                let among = |index: &&u32| others.iter().all(|l| l.binary_search(index).is_ok());
                let matching = shortest.iter().rev().filter(among);
                matching.take(query.count_max + 1).map(|index| u64::from(*index)).collect()
            }
        };
        let more = found.len() > query.count_max;
        found.truncate(query.count_max);
        let next = found.last().copied().filter(|_| more);
        Found { entries: found, next }
    }

    /// The entries that the times leave, and the lists of the filters within them, shortest first;
    /// none if a filter names what is not there.
    fn lists(&self, query: &Query) -> Option<(std::ops::Range<u32>, Vec<&[u32]>)> {
        let before = |at: Timestamp| self.rows.partition_point(|row| row.at < at);
        let begin = query.since.map_or(0, before);
        let end = query.until.map_or(self.rows.len(), before);
        let below = query.below.map_or(end, |below| usize::try_from(below).unwrap_or(usize::MAX));
        let range = u32::try_from(begin).ok()?..u32::try_from(end.min(below)).ok()?;
        let of = |all: &'_ [Named], name: &str| all.iter().position(|one| one.name == name);
        let mut lists: Vec<&[u32]> = Vec::new();
        if let Some(id) = &query.referral {
            lists.push(self.referrals.get(id)?);
        }
        if let Some(id) = &query.person {
            lists.push(self.persons.get(id)?);
        }
        if let Some(id) = &query.organization {
            lists.push(self.organizations.get(id)?);
        }
        if let Some(name) = &query.kind {
            lists.push(&self.kinds[of(&self.kinds, name)?].entries);
        }
        if let Some(name) = &query.code {
            lists.push(&self.codes[of(&self.codes, name)?].entries);
        }
        for list in &mut lists {
            let from = list.partition_point(|index| *index < range.start);
            let to = list.partition_point(|index| *index < range.end).max(from);
            *list = &list[from..to];
        }
        lists.sort_by_key(|list| list.len());
        Some((range, lists))
    }
}

/// The place of a name among those known, which it is added to; the entry is noted there.
fn named(all: &mut Vec<Named>, name: &str, index: u32) -> u8 {
    let place = all.iter().position(|one| one.name == name).unwrap_or_else(|| {
        all.push(Named { name: name.to_owned(), entries: Vec::new() });
        all.len() - 1
    });
    all[place].entries.push(index);
    let Ok(place) = u8::try_from(place) else {
        unreachable!("this program has fewer than 256 kinds of entry, and of reason codes")
    };
    place
}

/// The reason code of a decision: why it was refused, or how it was permitted.
pub fn code_of(event: &Event) -> Option<&str> {
    match event {
        Event::Denied { code, .. } => Some(code),
        Event::Disclosed(one) => {
            let codes = one.bases.iter().filter_map(|basis| match basis {
                BasisUsed::Consent { code, .. } => Some(code.as_str()),
                BasisUsed::BreakGlass { .. } => Some("OK3"),
                BasisUsed::Audit { .. } => Some("OK4"),
                _ => None,
            });
            codes.max()
        }
        Event::Referral { fact: ReferralEvent::Held { why }, .. } => Some(&why.0),
        _ => None,
    }
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
