//! Whether the listed entries are the chain the index counts: each one's link, and the sum of all.
//!
//! A hole is a matter of completeness; anything else that does not fit is one of integrity.

use super::Skipped;
use crate::chain::links_from_value;
use crate::entry::Field;
use crate::index::{IndexValue, run_on};
use crate::opening::Opening;
use crate::report::Problem;
use crate::tree::Hash;

/// A chain, followed from its start or from where a report starts.
pub(super) struct Listed<'a> {
    field: Field,
    id: &'a str,
    /// How many entries of the chain came so far, by what is listed.
    count: u64,
    running: Hash,
    /// The index of the entry before; `None` before the first listed one.
    last: Option<u64>,
    /// How many were skipped at the start.
    skipped: u64,
    hole: Option<Problem>,
}

impl<'a> Listed<'a> {
    pub(super) fn new(field: Field, id: &'a str, skipped: Option<Skipped>) -> Listed<'a> {
        let (count, running) = skipped.map_or((0, [0; 32]), |it| (it.count, it.running));
        Listed { field, id, count, running, last: None, skipped: count, hole: None }
    }

    /// Takes the next entry; `opening` is `None` if it is erased.
    pub(super) fn take(&mut self, index: u64, opening: Option<&Opening>) -> Result<(), Problem> {
        let problem = |why: &str| Problem::of_entry(index, format!("`{}` {why}", self.field));
        let mut n = self.count + 1;
        if let Some(value) = opening.and_then(|opening| opening.shown(self.field)) {
            let links = links_from_value(value).map_err(|_| problem("is not a list of links"))?;
            let link = links.into_iter().find(|link| link.id == self.id);
            let link = link.ok_or_else(|| problem("has no link of this chain"))?;
            if link.n < n {
                return Err(problem("has an ordinal out of order"));
            }
            if link.n > n {
                let text = format!("entries before entry {index} are missing");
                self.hole.get_or_insert(Problem { text, entry: Some(index) });
                n = link.n;
            } else if !self.follows(link.prev, n, index) {
                return Err(problem("does not point to the previous entry of its chain"));
            }
        }
        (self.count, self.running) = (n, run_on(&self.running, index));
        self.last = Some(index);
        Ok(())
    }

    /// Of the first one listed after skipped ones it is known only that there is one before it.
    fn follows(&self, prev: i64, n: u64, index: u64) -> bool {
        match (self.last, n) {
            (Some(last), _) => u64::try_from(prev) == Ok(last),
            (None, 1) => prev == -1,
            (None, _) => u64::try_from(prev).is_ok_and(|prev| prev < index),
        }
    }

    /// The hole, if there is one, given what the index says of the chain.
    pub(super) fn finish(self, value: Option<&IndexValue>) -> Result<Option<Problem>, Problem> {
        let counted = value.map_or(0, |value| value.count);
        if self.count > counted {
            let text = "more entries are listed or skipped than the index counts";
            return Err(Problem::of_bundle(text));
        }
        if self.hole.is_some() {
            return Ok(self.hole);
        }
        let Some(value) = value else { return Ok(None) };
        if self.count < counted {
            let text = format!("{} of {counted} entries are missing", counted - self.count);
            return Ok(Some(Problem { text, entry: None }));
        }
        let last_differs = self.last.is_some_and(|last| last != value.last);
        if last_differs || self.running != value.running {
            let skipped = if self.skipped > 0 { "listed and skipped" } else { "listed" };
            let text = format!("the entries {skipped} are not those the index counts");
            return Ok(Some(Problem { text, entry: None }));
        }
        Ok(None)
    }
}
