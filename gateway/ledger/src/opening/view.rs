//! An opening where it lies: read from a line of a bundle without copying what it shows.

use super::OpeningError;
use crate::commit::{Position, commitment_of};
use crate::entry::{FIELD_COUNT, FIELD_NAMES, Field};
use crate::scan::{Scan, Span};
use crate::tree::Hash;

/// One opening, as positions in the text and the buffer it was read with.
pub(crate) struct View {
    /// The entry's index in the log.
    pub(crate) index: u64,
    positions: [At; FIELD_COUNT],
}

#[derive(Clone, Copy)]
enum At {
    Shown(Hash, Span),
    Hidden(Hash),
}

/// A view together with what it was read from.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) view: &'a View,
    pub(crate) text: &'a [u8],
    pub(crate) buffer: &'a [u8],
}

impl View {
    /// Reads one opening and goes past it; `buffer` takes the values that hold escapes.
    pub(crate) fn read(scan: &mut Scan<'_>, buffer: &mut Vec<u8>) -> Result<View, OpeningError> {
        let canonical = |read: Option<()>| read.ok_or(OpeningError::NotCanonical);
        canonical(scan.expect(br#"{"f":["#))?;
        let mut positions = [At::Hidden([0; 32]); FIELD_COUNT];
        for (at, position) in positions.iter_mut().enumerate() {
            if at > 0 && !scan.has(b",") {
                let ends = scan.has(b"]");
                return Err(if ends { OpeningError::Shape } else { OpeningError::NotCanonical });
            }
            *position = read_position(scan, FIELD_NAMES[at], buffer)?;
        }
        canonical(scan.expect(br#"],"i":"#))?;
        let index = scan.integer().ok_or(OpeningError::NotCanonical)?;
        canonical(scan.expect(b"}"))?;
        Ok(View { index, positions })
    }
}

fn read_position(
    scan: &mut Scan<'_>,
    name: &str,
    buffer: &mut Vec<u8>,
) -> Result<At, OpeningError> {
    let shown = scan.has(br#"{"k":""#);
    if !shown && !scan.has(br#"{"d":""#) {
        return Err(OpeningError::NotCanonical);
    }
    let hash = scan.hash().ok_or(OpeningError::NotCanonical)?;
    scan.expect(br#"","n":""#).ok_or(OpeningError::NotCanonical)?;
    scan.expect(name.as_bytes()).ok_or(OpeningError::Shape)?;
    let position = if shown {
        scan.expect(br#"","v":""#).ok_or(OpeningError::NotCanonical)?;
        At::Shown(hash, scan.string(buffer).ok_or(OpeningError::NotCanonical)?)
    } else {
        scan.expect(b"\"").ok_or(OpeningError::NotCanonical)?;
        At::Hidden(hash)
    };
    scan.expect(b"}").ok_or(OpeningError::NotCanonical)?;
    Ok(position)
}

impl<'a> Shown<'a> {
    /// The value of a field, if it is shown.
    pub(crate) fn value(self, field: Field) -> Option<&'a [u8]> {
        self.position(field.index()).1
    }

    /// Key and value of a field if it is shown, else its digest.
    pub(crate) fn position(self, at: usize) -> (&'a Hash, Option<&'a [u8]>) {
        match &self.view.positions[at] {
            At::Shown(key, span) => (key, Some(span.of(self.text, self.buffer))),
            At::Hidden(digest) => (digest, None),
        }
    }

    /// The commitment that the positions amount to.
    pub(crate) fn commitment(self) -> Hash {
        let position = |at: usize| match self.position(at) {
            (key, Some(value)) => Position::Shown(key, value),
            (digest, None) => Position::Hidden(digest),
        };
        commitment_of(&std::array::from_fn(position))
    }
}
