//! Ordinals and back-links: how a list of entries shows that it has no hole.
//!
//! `subject`, `patient` and `parties` each hold a list of links `{"id":..,"n":..,"prev":..}`: this
//! entry is the `n`-th about `id`, and the one before it is at index `prev`, -1 if there is none.
//! What the ids stand for is not known here, and they never reach a message.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical::{self, INTEGER_MAX};
use crate::entry::Field;
use crate::opening::Opening;
use crate::report::Problem;

const ID_BYTES_MAX: usize = 256;
const LINKS_MAX: usize = 1024;

/// The fields that hold links.
pub(crate) const CHAINED: [Field; 3] = [Field::Subject, Field::Patient, Field::Parties];

/// One link of one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Whose chain it is; 1 to 256 bytes.
    pub id: String,
    /// Which entry of the chain this is, from 1.
    pub n: u64,
    /// The index of the chain's previous entry, -1 for the first.
    pub prev: i64,
}

/// Why a value is not a list of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a canonical list of links")]
pub struct ChainError;

/// The value of a chained field: empty for no link, else a canonical JSON array.
pub fn links_to_value(links: &[Link]) -> Vec<u8> {
    if links.is_empty() {
        return Vec::new();
    }
    canonical::write(&links).into_bytes()
}

/// The links of a chained field's value; at most 1,024, no id twice.
pub fn links_from_value(value: &[u8]) -> Result<Vec<Link>, ChainError> {
    if value.is_empty() {
        return Ok(Vec::new());
    }
    let links: Vec<Link> = canonical::read(value).ok_or(ChainError)?;
    let ids: BTreeSet<&str> = links.iter().map(|link| link.id.as_str()).collect();
    let sound = (1..=LINKS_MAX).contains(&links.len())
        && ids.len() == links.len()
        && links.iter().all(is_sound);
    sound.then_some(links).ok_or(ChainError)
}

fn is_sound(link: &Link) -> bool {
    (1..=ID_BYTES_MAX).contains(&link.id.len())
        && (1..=INTEGER_MAX).contains(&link.n)
        && (-1..=INTEGER_MAX as i64).contains(&link.prev)
}

/// Follows every chain over openings given in index order.
#[derive(Default)]
pub(crate) struct Chains {
    last: HashMap<(Field, String), (u64, u64)>,
    next_index: u64,
    first_problem: Option<Problem>,
}

impl Chains {
    /// Takes the next opening. After the first problem nothing more is looked at.
    pub(crate) fn follow(&mut self, opening: &Opening) {
        if self.first_problem.is_none() {
            self.first_problem = self.step(opening).err();
        }
    }

    /// The first reason why the list cannot be called whole, given the log's size.
    pub(crate) fn finish(self, size: u64) -> Option<Problem> {
        let rest_is_missing = self.next_index < size;
        let missing = || rest_is_missing.then(|| not_shown(self.next_index));
        self.first_problem.or_else(missing)
    }

    fn step(&mut self, opening: &Opening) -> Result<(), Problem> {
        if opening.index != self.next_index {
            return Err(not_shown(self.next_index));
        }
        self.next_index += 1;
        for field in CHAINED {
            let problem = |why: &str| Problem::of_entry(opening.index, format!("`{field}` {why}"));
            let value = opening.shown(field);
            let value = value.ok_or_else(|| problem("is not shown"))?;
            let links = links_from_value(value).map_err(|_| problem("is not a list of links"))?;
            for link in links {
                self.extend(field, link, opening.index).map_err(problem)?;
            }
        }
        Ok(())
    }

    fn extend(&mut self, field: Field, link: Link, index: u64) -> Result<(), &'static str> {
        let last = self.last.insert((field, link.id), (link.n, index));
        let (expected_n, expected_prev) = match last {
            Some((n, previous)) => (n + 1, i64::try_from(previous).ok()),
            None => (1, Some(-1)),
        };
        if link.n != expected_n {
            return Err("has an ordinal out of order");
        }
        if Some(link.prev) != expected_prev {
            return Err("does not point to the previous entry of its chain");
        }
        Ok(())
    }
}

fn not_shown(index: u64) -> Problem {
    Problem { text: format!("entry {index} is not shown"), entry: Some(index) }
}

#[cfg(test)]
mod tests;
