//! Finding rows: in an order, of some readers, with one of these terms.

use loopgate_fhir::Term;
use loopgate_referral::{OrgId, ResourceId, Timestamp};
use loopgate_store::{Kv, Outage};

use super::View;
use super::rows::{CHANGED, CREATED, Ordinal, POSTING, Rank, Row, TermKey, instant, rank};

/// Rows that are counted of a term: of several groups the smallest is scanned.
const COUNTED_MAX: usize = 512;

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As they came to be: what changes stays in its place.
    Created,
    /// As they changed.
    Changed,
    /// As they changed, the newest first.
    ChangedBack,
}

/// A place in an order.
pub type Place = [u8; 16];

/// A row that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its place in the order.
    pub place: Place,
    /// Which resource.
    pub id: ResourceId,
    /// Whose row.
    pub of: usize,
}

impl View {
    /// The rows of `kind` that these readers have, after a place; with `group`, those with one of its
    /// terms, in creation order.
    pub fn find(
        &self,
        order: Order,
        (readers, kind): (&[OrgId], &str),
        group: Option<&[Term]>,
        after: Option<&Place>,
        count_max: usize,
    ) -> Result<Vec<Found>, Outage> {
        let mut found = Vec::new();
        for (of, reader) in readers.iter().enumerate() {
            let scope = self.scope(reader, kind);
            for prefix in self.prefixes(order, &scope, group) {
                let from = after.map(|place| [&prefix, place.as_slice()].concat());
                let from = from.unwrap_or_default();
                let rows = match order {
                    Order::ChangedBack => self.rows.scan_back(&prefix, &from, count_max)?,
                    Order::Created | Order::Changed => self.rows.scan(&prefix, &from, count_max)?,
                };
                for (key, value) in rows {
                    let place = key.get(prefix.len()..).and_then(|rest| rest.try_into().ok());
                    let id = String::from_utf8(value).ok().and_then(|text| text.parse().ok());
                    let (Some(place), Some(id)) = (place, id) else {
                        return Err(Outage::Damaged("a projection row"));
                    };
                    found.push(Found { place, id, of });
                }
            }
        }
        found.sort_unstable_by_key(|one| (one.place, one.of));
        if order == Order::ChangedBack {
            found.reverse();
        }
        // One resource with several terms of a group is one.
        found.dedup_by(|one, other| (one.place, one.of) == (other.place, other.of));
        found.truncate(count_max);
        Ok(found)
    }

    fn prefixes(&self, order: Order, scope: &[u8], group: Option<&[Term]>) -> Vec<Vec<u8>> {
        let by = |tag: u8| [&[tag], scope].concat();
        match (order, group) {
            (Order::Created, Some(terms)) => {
                let posting = |term| [by(POSTING).as_slice(), &self.term(scope, term)].concat();
                let mut prefixes: Vec<Vec<u8>> = terms.iter().map(posting).collect();
                prefixes.sort();
                prefixes.dedup();
                prefixes
            }
            (Order::Created, None) => vec![by(CREATED)],
            (Order::Changed | Order::ChangedBack, _) => vec![by(CHANGED)],
        }
    }

    /// The group with the fewest rows.
    pub fn smallest<'g>(
        &self,
        (readers, kind): (&[OrgId], &str),
        groups: &'g [Vec<Term>],
    ) -> Result<Option<&'g [Term]>, Outage> {
        if let [only] = groups {
            return Ok(Some(only));
        }
        let mut smallest: Option<(usize, &[Term])> = None;
        for group in groups {
            let of = (readers, kind);
            let count = self.find(Order::Created, of, Some(group), None, COUNTED_MAX)?.len();
            if smallest.is_none_or(|(least, _)| count < least) {
                smallest = Some((count, group));
            }
        }
        Ok(smallest.map(|(_, group)| group))
    }

    /// Groups of terms as rows of this reader hold them.
    pub fn keyed(&self, reader: &OrgId, kind: &str, groups: &[Vec<Term>]) -> Vec<Vec<TermKey>> {
        let scope = self.scope(reader, kind);
        let keyed = |group: &Vec<Term>| group.iter().map(|term| self.term(&scope, term)).collect();
        groups.iter().map(keyed).collect()
    }

    /// What is known of a resource for a reader.
    pub fn row(&self, reader: &OrgId, id: &ResourceId) -> Result<Option<Row>, Outage> {
        let bytes = self.rows.get(&self.row_key(reader, id))?;
        bytes.map(|bytes| Row::of(&bytes)).transpose()
    }

    /// When a resource last changed for a reader.
    pub fn changed(&self, reader: &OrgId, id: &ResourceId) -> Result<Option<Timestamp>, Outage> {
        Ok(self.row(reader, id)?.map(|row| Timestamp(instant(&row.changed))))
    }
}

impl Row {
    /// Its place in an order.
    pub fn place(&self, order: Order) -> Place {
        match order {
            Order::Created => self.created.0,
            Order::Changed | Order::ChangedBack => self.changed,
        }
    }
}

/// The last place before everything that changed at or after an instant.
pub fn before(at: Timestamp) -> Option<Rank> {
    (at.0 > 0).then(|| rank(at.0 - 1, (u32::MAX, u32::MAX)))
}

/// A place in creation order for what is in no entry, by the hash of its name: before all that is.
pub fn outside(name: &[u8; 32]) -> Ordinal {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&name[..8]);
    Ordinal(bytes)
}
