//! An opening: what an auditor is shown of one entry.
//!
//! All 14 positions: a shown field with its value and key, any other with its digest alone, so that
//! the commitment can be recomputed and nothing is said of what is not shown.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

use crate::canonical;
use crate::commit::{self, commitment_of};
use crate::entry::{FIELD_COUNT, Field, Fields, Seed, field_digest};
use crate::scan::Scan;
use crate::tree::{Hash, ProofError};

pub(crate) mod view;

use view::{Shown, View};

/// Some fields of one entry, and the digests of the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The entry's index in the log.
    pub index: u64,
    /// The shown fields, in field order.
    pub fields: Vec<FieldOpening>,
    /// The digests of the fields not shown, in field order.
    pub others: Vec<(Field, Hash)>,
}

/// One shown field. Debug prints its name only.
#[derive(Clone, PartialEq, Eq)]
pub struct FieldOpening {
    /// Which field.
    pub field: Field,
    /// Its value; empty if the entry has none.
    pub value: Vec<u8>,
    /// Its own blinding key, which opens no other field.
    pub key: [u8; 32],
}

/// Why an opening cannot be written or read. Never says what it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpeningError {
    /// Bytes that are not the one spelling of an opening.
    #[error("the opening is not canonical")]
    NotCanonical,
    /// A value to be written is not UTF-8.
    #[error("the value of `{0}` is not text")]
    NotText(Field),
    /// The positions are not the 14 fields in order.
    #[error("the opening does not list the 14 fields in order")]
    Shape,
}

impl Opening {
    /// Shows the fields in `shown`; order and repetition do not matter.
    pub fn make(index: u64, seed: &Seed, fields: &Fields, shown: &[Field]) -> Opening {
        let mut opening = Opening { index, fields: Vec::new(), others: Vec::new() };
        for field in Field::ALL {
            let (key, value) = (seed.field_key(field), fields.get(field));
            if shown.contains(&field) {
                let value = value.to_vec();
                opening.fields.push(FieldOpening { field, value, key });
            } else {
                let digest = field_digest(&key, field, value);
                opening.others.push((field, digest));
            }
        }
        opening
    }

    /// The value of a field, if it is shown.
    pub fn shown(&self, field: Field) -> Option<&[u8]> {
        let opened = self.fields.iter().find(|opened| opened.field == field);
        opened.map(|opened| opened.value.as_slice())
    }

    /// Checks that these are fields of the entry with this commitment.
    pub fn check(&self, commitment: &Hash) -> Result<(), ProofError> {
        let positions = self.positions().ok_or(ProofError::Shape)?;
        if commitment_of(&positions.map(Position::bare)) != *commitment {
            return Err(ProofError::Mismatch);
        }
        Ok(())
    }

    /// The canonical JSON, without a line end.
    pub fn to_json(&self) -> Result<String, OpeningError> {
        let positions = self.positions().ok_or(OpeningError::Shape)?;
        let mut wire = Wire { f: Vec::with_capacity(FIELD_COUNT), i: self.index };
        for (field, position) in Field::ALL.into_iter().zip(positions) {
            wire.f.push(position.to_wire(field)?);
        }
        Ok(canonical::write(&wire))
    }

    /// Refuses anything [`Opening::to_json`] would not write byte for byte.
    pub fn parse(bytes: &[u8]) -> Result<Opening, OpeningError> {
        let text = std::str::from_utf8(bytes).map_err(|_| OpeningError::NotCanonical)?;
        let (mut scan, mut buffer) = (Scan::new(text), Vec::new());
        let view = View::read(&mut scan, &mut buffer)?;
        scan.end().ok_or(OpeningError::NotCanonical)?;
        let shown = Shown { view: &view, text: bytes, buffer: &buffer };
        let mut opening = Opening { index: view.index, fields: Vec::new(), others: Vec::new() };
        for field in Field::ALL {
            match shown.position(field.index()) {
                (key, Some(value)) => {
                    let (key, value) = (*key, value.to_vec());
                    opening.fields.push(FieldOpening { field, value, key });
                }
                (digest, None) => opening.others.push((field, *digest)),
            }
        }
        Ok(opening)
    }

    /// `None` unless the two lists together are each field exactly once, each list in order.
    fn positions(&self) -> Option<[Position<'_>; FIELD_COUNT]> {
        let (mut shown, mut hidden) =
            (self.fields.iter().peekable(), self.others.iter().peekable());
        let mut positions = Vec::with_capacity(FIELD_COUNT);
        for field in Field::ALL {
            let next = match shown.next_if(|opened| opened.field == field) {
                Some(opened) => Position::Shown(opened),
                None => Position::Hidden(&hidden.next_if(|(other, _)| *other == field)?.1),
            };
            positions.push(next);
        }
        let all_used = shown.next().is_none() && hidden.next().is_none();
        all_used.then(|| positions.try_into().ok()).flatten()
    }
}

impl fmt::Debug for FieldOpening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldOpening({})", self.field)
    }
}

enum Position<'a> {
    Shown(&'a FieldOpening),
    Hidden(&'a Hash),
}

impl<'a> Position<'a> {
    fn bare(self) -> commit::Position<'a> {
        match self {
            Position::Shown(opened) => commit::Position::Shown(&opened.key, &opened.value),
            Position::Hidden(digest) => commit::Position::Hidden(digest),
        }
    }

    fn to_wire(&self, field: Field) -> Result<WirePosition, OpeningError> {
        let n = field.name().to_owned();
        Ok(match self {
            Position::Shown(opened) => WirePosition::Shown {
                k: hex::encode(opened.key),
                n,
                v: String::from_utf8(opened.value.clone())
                    .map_err(|_| OpeningError::NotText(field))?,
            },
            Position::Hidden(digest) => WirePosition::Hidden { d: hex::encode(digest), n },
        })
    }
}

#[derive(Serialize)]
struct Wire {
    f: Vec<WirePosition>,
    i: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum WirePosition {
    Shown { k: String, n: String, v: String },
    Hidden { d: String, n: String },
}

#[cfg(test)]
mod tests;
