//! Ordinals and back-links: how a list of entries shows that it has no hole.
//!
//! `subject`, `patient` and `parties` each hold a list of links `{"id":..,"n":..,"prev":..}`: this
//! entry is the `n`-th about `id`, and the one before it is at index `prev`, -1 if there is none.
//! What the ids stand for is not known here, and they never reach a message.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical::{self, INTEGER_MAX};
use crate::commit::sha256_of;
use crate::entry::Field;
use crate::opening::view::Shown;
use crate::report::Problem;
use crate::scan::Scan;
use crate::tree::Hash;

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
    let mut links = Vec::new();
    let keep = |id: &[u8], n, prev| {
        links.push(Link { id: String::from_utf8_lossy(id).into_owned(), n, prev });
    };
    read_links(value, keep).ok_or(ChainError)?;
    all_differ(links.iter().map(|link| &link.id)).then_some(links).ok_or(ChainError)
}

/// Whether these could be the links of one field, none included.
pub(crate) fn are_sound(links: &[Link]) -> bool {
    links.len() <= LINKS_MAX
        && links.iter().all(|link| is_sound(link.id.as_bytes(), link.n, link.prev))
        && all_differ(links.iter().map(|link| &link.id))
}

/// Hands out id, `n` and `prev` of each link in turn. `None` unless the value is canonical; whether
/// an id comes twice is not looked at.
fn read_links(value: &[u8], mut each: impl FnMut(&[u8], u64, i64)) -> Option<()> {
    if value.is_empty() {
        return Some(());
    }
    let (mut scan, mut buffer) = (Scan::new(std::str::from_utf8(value).ok()?), Vec::new());
    scan.expect(b"[")?;
    for _ in 0..LINKS_MAX {
        buffer.clear();
        scan.expect(br#"{"id":""#)?;
        let id = scan.string(&mut buffer)?.of(value, &buffer);
        scan.expect(br#","n":"#)?;
        let n = scan.integer()?;
        scan.expect(br#","prev":"#)?;
        let prev = if scan.has(b"-1") { -1 } else { i64::try_from(scan.integer()?).ok()? };
        scan.expect(b"}")?;
        if !is_sound(id, n, prev) {
            return None;
        }
        each(id, n, prev);
        if !scan.has(b",") {
            break;
        }
    }
    scan.expect(b"]")?;
    scan.end()
}

fn is_sound(id: &[u8], n: u64, prev: i64) -> bool {
    (1..=ID_BYTES_MAX).contains(&id.len())
        && (1..=INTEGER_MAX).contains(&n)
        && (-1..=INTEGER_MAX as i64).contains(&prev)
}

fn all_differ<T: Ord>(items: impl ExactSizeIterator<Item = T>) -> bool {
    let count = items.len();
    count < 2 || items.collect::<BTreeSet<T>>().len() == count
}

/// One link without the text of its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    field: Field,
    /// `SHA-256("lg-idx-v1" || field name || 0x00 || id)`, the chain's key in the index as well.
    chain: Hash,
    n: u64,
    prev: i64,
}

impl Step {
    fn of(field: Field, id: &[u8], n: u64, prev: i64) -> Step {
        let name = field.name().as_bytes();
        Step { field, chain: sha256_of(&[b"lg-idx-v1", name, &[0], id]), n, prev }
    }

    pub(crate) fn of_link(field: Field, link: &Link) -> Step {
        Step::of(field, link.id.as_bytes(), link.n, link.prev)
    }
}

/// Why the chains cannot be followed through an entry. Some of its steps may still be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    field: Field,
    why: &'static str,
}

impl Gap {
    pub(crate) fn new(field: Field, why: &'static str) -> Gap {
        Gap { field, why }
    }

    pub(crate) fn problem(self, index: u64) -> Problem {
        Problem::of_entry(index, format!("`{}` {}", self.field, self.why))
    }
}

/// Appends the steps that an opening shows, up to the first thing that is wrong.
pub(crate) fn steps_of(shown: Shown<'_>, steps: &mut Vec<Step>) -> Result<(), Gap> {
    for field in CHAINED {
        let value = shown.value(field).ok_or(Gap { field, why: "is not shown" })?;
        let start = steps.len();
        let read = read_links(value, |id, n, prev| steps.push(Step::of(field, id, n, prev)));
        let sound = read.is_some() && all_differ(steps[start..].iter().map(|step| step.chain));
        if !sound {
            steps.truncate(start);
            return Err(Gap { field, why: "is not a list of links" });
        }
    }
    Ok(())
}

/// The last entry of every chain, over entries given in index order.
#[derive(Default)]
pub(crate) struct Chains {
    last: HashMap<Hash, (u64, u64)>,
}

impl Chains {
    /// Takes the steps of the next entry; the first that does not go on from its chain is a hole.
    pub(crate) fn follow(&mut self, index: u64, steps: &[Step]) -> Result<(), Problem> {
        let follow = |step| self.extend(step, index).map_err(|gap| gap.problem(index));
        steps.iter().try_for_each(follow)
    }

    fn extend(&mut self, step: &Step, index: u64) -> Result<(), Gap> {
        let last = self.last.insert(step.chain, (step.n, index));
        let (expected_n, expected_prev) = match last {
            Some((n, previous)) => (n + 1, i64::try_from(previous).ok()),
            None => (1, Some(-1)),
        };
        if step.n != expected_n {
            return Err(Gap { field: step.field, why: "has an ordinal out of order" });
        }
        if Some(step.prev) != expected_prev {
            let why = "does not point to the previous entry of its chain";
            return Err(Gap { field: step.field, why });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
