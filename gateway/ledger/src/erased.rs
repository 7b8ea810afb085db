//! The payload of a `key.shred` entry: which entries nobody can open any more, and the links that
//! chains and index still need of them.
//!
//! Not here: the destroying itself, and what the ids of the links stand for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical::{self, INTEGER_MAX};
use crate::chain::{CHAINED, Link, are_sound};
use crate::entry::Field;

/// One entry whose seed is destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedEntry {
    /// Its index in the log.
    pub index: u64,
    /// The links it held in each chained field, in field order; empty for none.
    pub links: [(Field, Vec<Link>); 3],
}

/// Why a payload is not a list of erased entries. Never says what it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a canonical list of erased entries")]
pub struct ErasedError;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    erased: Vec<WireEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireEntry {
    i: u64,
    /// By field name.
    links: BTreeMap<String, Vec<Link>>,
}

/// The payload, canonical JSON. Entries must ascend by index for it to be read again.
pub fn erased_to_payload(entries: &[ErasedEntry]) -> Vec<u8> {
    let wire = |entry: &ErasedEntry| {
        let of_field = |(field, links): &(Field, Vec<Link>)| (field.to_string(), links.clone());
        WireEntry { i: entry.index, links: entry.links.iter().map(of_field).collect() }
    };
    canonical::write(&Wire { erased: entries.iter().map(wire).collect() }).into_bytes()
}

/// The entries that a payload lists: at least one, strictly ascending.
pub fn erased_from_payload(payload: &[u8]) -> Result<Vec<ErasedEntry>, ErasedError> {
    let wire: Wire = canonical::read(payload).ok_or(ErasedError)?;
    let ascending = wire.erased.is_sorted_by(|one, next| one.i < next.i);
    if wire.erased.is_empty() || !ascending {
        return Err(ErasedError);
    }
    wire.erased.into_iter().map(|entry| entry_from(entry).ok_or(ErasedError)).collect()
}

fn entry_from(wire: WireEntry) -> Option<ErasedEntry> {
    let WireEntry { i: index, mut links } = wire;
    let mut of_field = |field: Field| links.remove(field.name()).map(|links| (field, links));
    let [first, second, third] = CHAINED.map(&mut of_field);
    let found = [first?, second?, third?];
    let sound =
        index <= INTEGER_MAX && links.is_empty() && found.iter().all(|(_, links)| are_sound(links));
    sound.then_some(ErasedEntry { index, links: found })
}

#[cfg(test)]
mod tests;
