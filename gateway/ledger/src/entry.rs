//! The 14 fields of an entry, the keys that blind them, and the one commitment a leaf carries.
//!
//! `f_j = HMAC-SHA256(key_j, name_j || 0x00 || value_j)`, where `key_j` is derived from the entry's
//! own seed; the commitment is the RFC 6962 root over `f_0..f_13`. Whoever holds one field's key can
//! check that field and learns nothing of the others. Seeds are made and wrapped elsewhere.

use std::fmt;
use std::str::FromStr;

use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;

use crate::tree::{Hash, Tree, leaf_hash};

/// How many fields an entry has. Every entry commits to all of them; an empty value means absent.
pub const FIELD_COUNT: usize = 14;

/// The field names in commitment order.
pub const FIELD_NAMES: [&str; FIELD_COUNT] = [
    "kind",
    "subject",
    "patient",
    "parties",
    "actor",
    "basis",
    "transition",
    "disclosed",
    "payload",
    "command",
    "time",
    "code",
    "source",
    "note",
];

/// One of the 14 fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each stands for its own name in FIELD_NAMES")]
pub enum Field {
    Kind = 0,
    Subject,
    Patient,
    Parties,
    Actor,
    Basis,
    Transition,
    Disclosed,
    Payload,
    Command,
    Time,
    Code,
    Source,
    Note,
}

impl Field {
    /// Every field, in commitment order.
    pub const ALL: [Field; FIELD_COUNT] = [
        Field::Kind,
        Field::Subject,
        Field::Patient,
        Field::Parties,
        Field::Actor,
        Field::Basis,
        Field::Transition,
        Field::Disclosed,
        Field::Payload,
        Field::Command,
        Field::Time,
        Field::Code,
        Field::Source,
        Field::Note,
    ];

    /// The position in the commitment, 0 to 13.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The name as it is hashed and written.
    pub fn name(self) -> &'static str {
        FIELD_NAMES[self.index()]
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not one of [`FIELD_NAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("unknown field name")]
pub struct UnknownField;

impl FromStr for Field {
    type Err = UnknownField;

    fn from_str(name: &str) -> Result<Field, UnknownField> {
        let known = Field::ALL.into_iter().find(|field| field.name() == name);
        known.ok_or(UnknownField)
    }
}

/// The values of one entry. Debug prints lengths only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields([Vec<u8>; FIELD_COUNT]);

impl Fields {
    /// Replaces one value; an empty one means absent.
    pub fn set(&mut self, field: Field, value: impl Into<Vec<u8>>) {
        self.0[field.index()] = value.into();
    }

    /// One value; empty if absent.
    pub fn get(&self, field: Field) -> &[u8] {
        &self.0[field.index()]
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths = Field::ALL.map(|field| (field, self.get(field).len()));
        f.debug_map().entries(lengths).finish()
    }
}

/// 32 random bytes, one per entry, from which all its keys come. Never printed.
#[derive(Clone)]
pub struct Seed([u8; 32]);

impl Seed {
    /// Takes bytes from the caller's random source.
    pub fn new(bytes: [u8; 32]) -> Seed {
        Seed(bytes)
    }

    /// The key that blinds one field: HKDF-SHA256, no salt, info `"lg-field-v1" || u16be(j)`.
    pub fn field_key(&self, field: Field) -> [u8; 32] {
        let index = field as u16;
        self.derive(&[b"lg-field-v1", &index.to_be_bytes()])
    }

    /// The key that encrypts the entry's stored body: info `"lg-body-v1"`.
    pub fn body_key(&self) -> [u8; 32] {
        self.derive(&[b"lg-body-v1"])
    }

    fn derive(&self, info: &[&[u8]]) -> [u8; 32] {
        let mut key = [0; 32];
        match Hkdf::<Sha256>::new(None, &self.0).expand_multi_info(info, &mut key) {
            Ok(()) => key,
            Err(_) => unreachable!("32 bytes are within what HKDF-SHA256 may expand to"),
        }
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// `HMAC-SHA256(key, name || 0x00 || value)`.
pub fn field_digest(key: &[u8; 32], field: Field, value: &[u8]) -> Hash {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes a key of any length");
    };
    mac.update(field.name().as_bytes());
    mac.update(&[0]);
    mac.update(value);
    mac.finalize().into_bytes().into()
}

/// The commitment of an entry: the RFC 6962 root over its 14 field digests.
pub fn commitment(seed: &Seed, fields: &Fields) -> Hash {
    let digest = |field| field_digest(&seed.field_key(field), field, fields.get(field));
    commitment_of(&Field::ALL.map(digest))
}

/// The RFC 6962 root whose leaf data are the digests, in field order.
fn commitment_of(digests: &[Hash; FIELD_COUNT]) -> Hash {
    let mut tree = Tree::new();
    for digest in digests {
        tree.append(leaf_hash(digest));
    }
    tree.root()
}

#[cfg(test)]
mod tests;
