//! Walking over candidates, in an order, and looking at each as the caller may read it now.

use loopgate_fhir::{Fault, IssueCode, Search, Term, compare};
use loopgate_referral::{OrgId, ResourceId};

use super::{Cursor, Hit};
use crate::gate::{Gate, Session};
use crate::inbound::fhir::sight::Sight;
use crate::inbound::fhir::{directory, unreadable};
use crate::partner::Role;
use crate::refusal::{Kind, Refusal, Trouble};
use crate::scribe::PUBLISHED;
use crate::view::{Found, Order, Place, TermKey, before, outside};

/// What one page may cost: then it ends early, with a link to go on.
const COST_MAX: usize = 40_000;
/// A row that its terms rule out.
const ROW_COST: usize = 1;
/// A resource that is looked at.
const LOOK_COST: usize = 20;
/// Matches that are sorted, at most: to sort is to have all.
const SORT_MAX: usize = 1_000;
/// Rows read at once.
const ROWS_AT_ONCE: usize = 128;
/// What is found in no row.
const NO_ROW: usize = usize::MAX;

/// The order of ours that a search is answered in; none if its matches have to be sorted.
pub fn order(search: &Search) -> Option<Order> {
    match search.sort() {
        [] if search.updated_from().is_some() => Some(Order::Changed),
        [] => Some(Order::Created),
        [key] if key.param.name == "_lastUpdated" && key.descending => Some(Order::ChangedBack),
        [key] if key.param.name == "_lastUpdated" => Some(Order::Changed),
        _ => None,
    }
}

/// One search, of one caller.
pub struct Walk<'a> {
    gate: &'a Gate,
    session: &'a Session,
    search: &'a Search,
    /// In which order candidates come.
    order: Order,
    /// Whose rows there are candidates in.
    readers: Vec<OrgId>,
    /// Of several terms required, those that rows are looked up by.
    group: Option<Vec<Term>>,
    /// The terms required, as rows of each reader hold them; empty if they rule out nothing more.
    required: Vec<Vec<Vec<TermKey>>>,
    /// Candidates that are in no row, or are named.
    listed: Option<Vec<Found>>,
    /// They are all.
    only_listed: bool,
}

impl<'a> Walk<'a> {
    /// Plans a search.
    pub fn of(
        gate: &'a Gate,
        session: &'a Session,
        search: &'a Search,
    ) -> Result<Walk<'a>, Trouble> {
        let kind = search.served().kind;
        let order = order(search).unwrap_or(Order::Created);
        let readers = readers(gate, session, kind);
        let groups = search.required_terms();
        let smallest = match order {
            Order::Created => gate.view.smallest((&readers, kind), &groups).map_err(unreadable)?,
            Order::Changed | Order::ChangedBack => None,
        };
        let group = smallest.map(<[Term]>::to_vec);
        let ruled_out = groups.len() > usize::from(group.is_some());
        let keyed = |reader| gate.view.keyed(reader, kind, &groups);
        let required = if ruled_out { readers.iter().map(keyed).collect() } else { Vec::new() };
        let mut walk = Walk {
            gate,
            session,
            search,
            order,
            readers,
            group,
            required,
            listed: None,
            only_listed: false,
        };
        if let Some(ids) = search.ids() {
            walk.only_listed = true;
            walk.listed = Some(walk.named(&ids)?);
        } else if kind == "Organization" {
            let all = directory::organizations(gate).into_iter();
            walk.listed = Some(all.map(|id| in_directory(&id)).collect());
        }
        Ok(walk)
    }

    /// One page, and where to go on.
    pub fn page(
        &self,
        after: Option<Cursor>,
        count: usize,
    ) -> Result<(Vec<Hit>, Option<Cursor>), Trouble> {
        match order(self.search) {
            Some(order) => self.in_order(order, after, count),
            None => self.sorted(after, count),
        }
    }

    fn in_order(
        &self,
        order: Order,
        after: Option<Cursor>,
        count: usize,
    ) -> Result<(Vec<Hit>, Option<Cursor>), Trouble> {
        let (hits, ended_at) = self.gather(after.map(|cursor| cursor.place), count)?;
        let next = ended_at.map(|place| Cursor { order: Some(order), place, seen: 0 });
        Ok((hits, next))
    }

    /// All of them, sorted; then those after the cursor. One that is not there any more shifts the others
    /// by its place.
    fn sorted(
        &self,
        after: Option<Cursor>,
        count: usize,
    ) -> Result<(Vec<Hit>, Option<Cursor>), Trouble> {
        let (mut hits, ended_at) = self.gather(None, SORT_MAX + 1)?;
        if ended_at.is_some() {
            let words = "too much would have to be looked at; narrow the search, or sort by _lastUpdated alone";
            let fault = Fault::new(IssueCode::TooCostly, "", words);
            return Err(Refusal::at(Kind::Malformed, vec![fault]).into());
        }
        let keys = self.search.sort();
        hits.sort_by(|a, b| compare(keys, &a.json, &b.json).then(a.place.cmp(&b.place)));
        let from = after.map_or(0, |cursor| {
            let last = hits.iter().position(|hit| hit.place == cursor.place);
            let seen = usize::try_from(cursor.seen).unwrap_or(usize::MAX);
            last.map_or(seen.saturating_sub(1), |last| last + 1)
        });
        let more = hits.len() > from.saturating_add(count);
        let hits: Vec<Hit> = hits.into_iter().skip(from).take(count).collect();
        let seen = u32::try_from(from + hits.len()).unwrap_or(u32::MAX);
        let next = hits.last().filter(|_| more);
        let next = next.map(|hit| Cursor { order: None, place: hit.place, seen });
        Ok((hits, next))
    }

    /// So many matches after a place, and the place where it stopped, unless that was the end.
    pub fn gather(
        &self,
        after: Option<Place>,
        count: usize,
    ) -> Result<(Vec<Hit>, Option<Place>), Trouble> {
        let (mut hits, mut cost) = (Vec::new(), 0);
        let mut after = after.or_else(|| self.start());
        // The newest first, nothing before it can match.
        let floor = self.search.updated_from().and_then(before);
        let floor = floor.filter(|_| self.order == Order::ChangedBack);
        loop {
            let found = self.next(after.as_ref())?;
            let is_last = found.len() < ROWS_AT_ONCE;
            for one in found {
                if floor.is_some_and(|floor| one.place <= floor) {
                    return Ok((hits, None));
                }
                after = Some(one.place);
                cost += if self.may_match(&one)? {
                    hits.extend(self.look(one)?);
                    LOOK_COST
                } else {
                    ROW_COST
                };
                if hits.len() == count || cost >= COST_MAX {
                    return Ok((hits, after));
                }
            }
            if is_last {
                return Ok((hits, None));
            }
        }
    }

    /// Nothing before it can match.
    fn start(&self) -> Option<Place> {
        let from = self.search.updated_from().filter(|_| self.order == Order::Changed)?;
        before(from)
    }

    fn next(&self, after: Option<&Place>) -> Result<Vec<Found>, Trouble> {
        let is_after = |found: &&Found| match (after, self.order) {
            (None, _) => true,
            (Some(after), Order::ChangedBack) => found.place < *after,
            (Some(after), _) => found.place > *after,
        };
        let mut found: Vec<Found> =
            self.listed.iter().flatten().filter(is_after).cloned().collect();
        if !self.only_listed {
            let of = (self.readers.as_slice(), self.search.served().kind);
            let group = self.group.as_deref();
            let rows = self.gate.view.find(self.order, of, group, after, ROWS_AT_ONCE);
            found.extend(rows.map_err(unreadable)?);
        }
        found.sort_by_key(|one| one.place);
        if self.order == Order::ChangedBack {
            found.reverse();
        }
        found.truncate(ROWS_AT_ONCE);
        Ok(found)
    }

    /// Whether the terms of a row leave it open.
    fn may_match(&self, found: &Found) -> Result<bool, Trouble> {
        let (Some(required), Some(reader)) =
            (self.required.get(found.of), self.readers.get(found.of))
        else {
            return Ok(true);
        };
        let row = self.gate.view.row(reader, &found.id).map_err(unreadable)?;
        Ok(row.is_some_and(|row| row.meets(required)))
    }

    fn look(&self, found: Found) -> Result<Option<Hit>, Trouble> {
        let Some(sight) = Sight::to_find(self.gate, self.session, &found.id)? else {
            return Ok(None);
        };
        let now = sight.now(self.gate, &self.session.partner.org)?;
        let hit = |(json, parts)| Hit { id: found.id, place: found.place, json, parts };
        Ok(now.filter(|(json, _)| self.search.matches(json)).map(hit))
    }

    /// Candidates by their ids, in order.
    fn named(&self, ids: &[&str]) -> Result<Vec<Found>, Trouble> {
        let mut found: Vec<Found> = Vec::new();
        for id in ids {
            let Ok(id) = ResourceId::of(self.search.served().kind, id) else { continue };
            if found.iter().any(|one| one.id == id) {
                continue;
            }
            if directory::organization(self.gate, &id).is_some() {
                found.push(in_directory(&id));
                continue;
            }
            for (of, reader) in self.readers.iter().enumerate() {
                let row = self.gate.view.row(reader, &id).map_err(unreadable)?;
                if let Some(row) = row {
                    found.push(Found { place: row.place(self.order), id: id.clone(), of });
                }
            }
        }
        Ok(found)
    }
}

/// Whose rows a caller may find something in: its own, and of what is published those of every target.
fn readers(gate: &Gate, session: &Session, kind: &str) -> Vec<OrgId> {
    let own = &session.partner.org;
    let mut readers = vec![own.clone()];
    if PUBLISHED.contains(&kind) {
        let roster = gate.scribe.published().roster.load();
        let targets = roster.iter().map(|one| &one.partner).filter(|one| one.is(Role::Target));
        readers.extend(targets.map(|one| one.org.clone()).filter(|org| org != own));
    }
    readers
}

/// An Organization of the directory is in no entry: its name is its place.
fn in_directory(id: &ResourceId) -> Found {
    let place = outside(&loopgate_token::sha256(id.as_str().as_bytes())).0;
    Found { place, id: id.clone(), of: NO_ROW }
}
