//! The payloads of two kinds of entry: `ledger.index` states a root, `key.shred` lists what was
//! erased.
//!
//! An erased entry has no opening any more. Its links are kept in the `key.shred` entry, so that
//! chains and the index can still be followed; ids are random and say nothing of anybody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical::{self, INTEGER_MAX};
use crate::chain::{CHAINED, Link, are_sound};
use crate::entry::Field;
use crate::tree::Hash;

/// The `kind` of an entry that states an index root.
pub const INDEX_KIND: &str = "ledger.index";
/// The `kind` of an entry that lists erased entries.
pub const ERASED_KIND: &str = "key.shred";
/// The longest payload [`Erased::split`] makes, as an opening spells it: within a line of 1 MiB.
pub const PAYLOAD_BYTES_MAX: usize = 900 * 1024;

/// Why a payload cannot be read or made. Never says what it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PayloadError {
    /// Not the one spelling of this payload.
    #[error("the payload is not canonical")]
    NotCanonical,
    /// The indices of erased entries do not ascend.
    #[error("erased entries are listed twice or out of order")]
    Order,
    /// The links of one entry alone pass the limit.
    #[error("entry {0} has more links than a payload can hold")]
    TooLong(u64),
}

/// The payload of a `ledger.index` entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexRoot {
    /// The root of the index over the links of leaves 0 to `leaves` - 1.
    pub root: Hash,
    /// How many leaves that is: the entry's own index.
    pub leaves: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRoot {
    index_root: String,
    leaves: u64,
}

impl IndexRoot {
    /// `{"index_root":"<hex>","leaves":m}`.
    pub fn to_value(&self) -> Vec<u8> {
        let wire = WireRoot { index_root: hex::encode(self.root), leaves: self.leaves };
        canonical::write(&wire).into_bytes()
    }

    /// Refuses anything [`IndexRoot::to_value`] would not write byte for byte.
    pub fn from_value(value: &[u8]) -> Result<IndexRoot, PayloadError> {
        let wire: WireRoot = canonical::read(value).ok_or(PayloadError::NotCanonical)?;
        let root = canonical::hash_from_hex(&wire.index_root).ok_or(PayloadError::NotCanonical)?;
        let sound = wire.leaves <= INTEGER_MAX;
        sound.then_some(IndexRoot { root, leaves: wire.leaves }).ok_or(PayloadError::NotCanonical)
    }
}

/// The payload of a `key.shred` entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// At least one, ascending by index.
    pub entries: Vec<ErasedEntry>,
}

/// An entry that cannot be opened any more, and the links it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedEntry {
    /// The entry's index.
    pub index: u64,
    /// In the order of `CHAINED`.
    links: [Vec<Link>; CHAINED.len()],
}

impl ErasedEntry {
    /// `links` is asked for the links of each chained field.
    pub fn new(index: u64, links: impl FnMut(Field) -> Vec<Link>) -> ErasedEntry {
        ErasedEntry { index, links: CHAINED.map(links) }
    }

    /// The links of one field; none if it is no chained one.
    pub fn links(&self, field: Field) -> &[Link] {
        let at = CHAINED.iter().position(|chained| *chained == field);
        at.map_or(&[], |at| &self.links[at])
    }

    /// Each list within what `chain` allows.
    fn is_sound(&self) -> bool {
        self.index <= INTEGER_MAX && self.links.iter().all(|links| are_sound(links))
    }

    fn to_wire(&self) -> WireEntry {
        let link = |field: Field| (field.name().to_owned(), self.links(field).to_vec());
        WireEntry { i: self.index, links: CHAINED.map(link).into() }
    }

    /// `None` unless each chained field is there and nothing else.
    fn of(mut wire: WireEntry) -> Option<ErasedEntry> {
        let mut missing = false;
        let links = CHAINED.map(|field| {
            let links = wire.links.remove(field.name());
            missing |= links.is_none();
            links.unwrap_or_default()
        });
        let sound = !missing && wire.links.is_empty();
        sound.then_some(ErasedEntry { index: wire.i, links })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireErased {
    erased: Vec<WireEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireEntry {
    i: u64,
    /// By the name of the field.
    links: BTreeMap<String, Vec<Link>>,
}

impl Erased {
    /// `{"erased":[{"i":…,"links":{"<field>":[…],…}},…]}`, the chained fields sorted by name.
    pub fn to_value(&self) -> Vec<u8> {
        let erased = self.entries.iter().map(ErasedEntry::to_wire).collect();
        canonical::write(&WireErased { erased }).into_bytes()
    }

    /// Refuses anything [`Erased::to_value`] would not write byte for byte, no entry at all, and
    /// entries out of order.
    pub fn from_value(value: &[u8]) -> Result<Erased, PayloadError> {
        let wire: WireErased = canonical::read(value).ok_or(PayloadError::NotCanonical)?;
        let entries: Option<Vec<_>> = wire.erased.into_iter().map(ErasedEntry::of).collect();
        let entries = entries.ok_or(PayloadError::NotCanonical)?;
        if entries.is_empty() || !entries.iter().all(ErasedEntry::is_sound) {
            return Err(PayloadError::NotCanonical);
        }
        in_order(&entries)?;
        Ok(Erased { entries })
    }

    /// As few payloads as hold all entries in order, each within [`PAYLOAD_BYTES_MAX`].
    pub fn split(entries: Vec<ErasedEntry>) -> Result<Vec<Erased>, PayloadError> {
        in_order(&entries)?;
        let around = spelt_bytes(&WireErased { erased: Vec::new() }) + 2; // and the marks around
        let (mut payloads, mut bytes): (Vec<Erased>, usize) = (Vec::new(), 0);
        for entry in entries {
            if !entry.is_sound() {
                return Err(PayloadError::NotCanonical);
            }
            let more = spelt_bytes(&entry.to_wire()) + 1; // and a comma
            if around + more > PAYLOAD_BYTES_MAX {
                return Err(PayloadError::TooLong(entry.index));
            }
            match payloads.last_mut().filter(|_| bytes + more <= PAYLOAD_BYTES_MAX) {
                Some(payload) => {
                    payload.entries.push(entry);
                    bytes += more;
                }
                None => {
                    payloads.push(Erased { entries: vec![entry] });
                    bytes = around + more;
                }
            }
        }
        Ok(payloads)
    }
}

/// How long the JSON of a thing is as a string within JSON, where each quotation mark takes two
/// bytes: that is how an opening holds it.
fn spelt_bytes<T: Serialize>(thing: &T) -> usize {
    canonical::write(&canonical::write(thing)).len() - 2 // but for the marks around the whole
}

fn in_order(entries: &[ErasedEntry]) -> Result<(), PayloadError> {
    let ascending = entries.is_sorted_by(|one, next| one.index < next.index);
    ascending.then_some(()).ok_or(PayloadError::Order)
}

#[cfg(test)]
mod tests;
