//! Computing the index anew from a whole log, to compare every root the log has stated.
//!
//! Two passes over the openings: one for what was erased (`note_erased`), since a `key.shred`
//! entry comes after the entries it lists, and one over everything in order (`follow`).

use std::collections::BTreeMap;

use thiserror::Error;

use super::{ERASED_KIND, Erased, ErasedEntry, INDEX_KIND, Index, IndexRoot, PayloadError};
use super::{IndexValue, index_key};
use crate::chain::{CHAINED, Link, links_from_value};
use crate::entry::Field;
use crate::opening::Opening;

/// Why a log cannot be followed to its end. Never says what an entry held.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WalkError {
    /// An entry is neither shown nor listed as erased.
    #[error("entry {0} is not shown")]
    NotShown(u64),
    /// An entry was given twice or out of order.
    #[error("entry {0} is shown twice or out of order")]
    Order(u64),
    /// A field that is needed is not shown.
    #[error("entry {0}: `{1}` is not shown")]
    Hidden(u64, Field),
    /// A chained field holds no list of links.
    #[error("entry {0}: `{1}` is not a list of links")]
    Links(u64, Field),
    /// A link is not the next of its chain.
    #[error("entry {0}: `{1}` does not continue its chain")]
    Chain(u64, Field),
    /// A `ledger.index` or `key.shred` entry says nothing readable.
    #[error("entry {0}: {1}")]
    Payload(u64, PayloadError),
    /// An entry is listed as erased by a `key.shred` entry that does not come after it, or twice.
    #[error("entry {0} is listed as erased twice or too early")]
    ErasedTwice(u64),
    /// An entry that is listed as erased is shown.
    #[error("entry {0} is listed as erased, and shown")]
    ErasedAndShown(u64),
}

/// A fold over a whole log.
#[derive(Clone, Default)]
pub struct IndexWalk {
    index: Index,
    erased: BTreeMap<u64, ErasedEntry>,
    next_index: u64,
    roots: u64,
    first_difference: Option<u64>,
}

/// What a walk has found.
#[derive(Clone)]
pub struct Walked {
    /// The index over all entries.
    pub index: Index,
    /// How many `ledger.index` entries were compared.
    pub roots: u64,
    /// The first of them whose root or number of leaves is not what the links make.
    pub first_difference: Option<u64>,
}

impl IndexWalk {
    /// At the start of a log, with nothing known to be erased.
    pub fn new() -> IndexWalk {
        IndexWalk::default()
    }

    /// First pass: takes the list of a `key.shred` entry, and nothing of any other entry.
    pub fn note_erased(&mut self, opening: &Opening) -> Result<(), WalkError> {
        if shown(opening, Field::Kind)? != ERASED_KIND.as_bytes() {
            return Ok(());
        }
        let listed = Erased::from_value(shown(opening, Field::Payload)?);
        let listed = listed.map_err(|why| WalkError::Payload(opening.index, why))?;
        for entry in listed.entries {
            let index = entry.index;
            let again = self.erased.insert(index, entry).is_some();
            if again || index >= opening.index {
                return Err(WalkError::ErasedTwice(index));
            }
        }
        Ok(())
    }

    /// Second pass: takes the next entry in order, and before it those that were erased.
    pub fn follow(&mut self, opening: &Opening) -> Result<(), WalkError> {
        let index = opening.index;
        if index < self.next_index {
            return Err(WalkError::Order(index));
        }
        self.pass_erased(index)?;
        if self.erased.contains_key(&index) {
            return Err(WalkError::ErasedAndShown(index));
        }
        if shown(opening, Field::Kind)? == INDEX_KIND.as_bytes() {
            self.compare(opening)?;
        }
        for field in CHAINED {
            let links = links_from_value(shown(opening, field)?);
            let links = links.map_err(|_| WalkError::Links(index, field))?;
            self.extend(field, &links, index)?;
        }
        self.next_index = index + 1;
        Ok(())
    }

    /// What was found, once the log's last entry has been taken; `size` is how many it has.
    pub fn finish(mut self, size: u64) -> Result<Walked, WalkError> {
        self.pass_erased(size)?;
        if self.next_index > size {
            return Err(WalkError::Order(self.next_index - 1));
        }
        let IndexWalk { index, roots, first_difference, .. } = self;
        Ok(Walked { index, roots, first_difference })
    }

    fn pass_erased(&mut self, until: u64) -> Result<(), WalkError> {
        while self.next_index < until {
            let index = self.next_index;
            let entry = self.erased.remove(&index).ok_or(WalkError::NotShown(index))?;
            for field in CHAINED {
                self.extend(field, entry.links(field), index)?;
            }
            self.next_index += 1;
        }
        Ok(())
    }

    /// The index holds exactly the leaves before this one.
    fn compare(&mut self, opening: &Opening) -> Result<(), WalkError> {
        let stated = IndexRoot::from_value(shown(opening, Field::Payload)?);
        let stated = stated.map_err(|why| WalkError::Payload(opening.index, why))?;
        let computed = IndexRoot { root: self.index.root(), leaves: opening.index };
        self.roots += 1;
        if stated != computed {
            self.first_difference.get_or_insert(opening.index);
        }
        Ok(())
    }

    fn extend(&mut self, field: Field, links: &[Link], index: u64) -> Result<(), WalkError> {
        for link in links {
            let key = index_key(field, &link.id);
            let before = self.index.get(&key);
            let (value, prev) = match before {
                Some(value) => (value.after(index), i64::try_from(value.last).ok()),
                None => (IndexValue::first(index), Some(-1)),
            };
            if link.n != value.count || Some(link.prev) != prev {
                return Err(WalkError::Chain(index, field));
            }
            self.index.put(key, value);
        }
        Ok(())
    }
}

fn shown(opening: &Opening, field: Field) -> Result<&[u8], WalkError> {
    opening.shown(field).ok_or(WalkError::Hidden(opening.index, field))
}

#[cfg(test)]
mod tests;
