//! What a log knows of a key: its wrap, or that it was destroyed.
//!
//! A row only ever moves one way: to a newer KEK epoch, and at last to destroyed. Whoever writes a
//! row merges it with the one that is there, so that neither a repeated rewrap nor an old backup can
//! bring a key back.
//!
//! Not here: who decides that a key is destroyed, and where the KEKs lie.

use crate::WrappedKey;
use crate::codec::Reader;

/// A row of the key table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRow {
    /// The key exists.
    Wrapped(WrappedKey),
    /// The key is gone for ever, and with it whatever it encrypted.
    Destroyed {
        /// The first frame of the entries that say so.
        sequence: u64,
    },
}

impl KeyRow {
    /// The bytes on disk: `1 wrapped`, or `0 sequence:u64`.
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            KeyRow::Wrapped(wrapped) => [&[1], wrapped.bytes()].concat(),
            KeyRow::Destroyed { sequence } => [&[0], &sequence.to_be_bytes()[..]].concat(),
        }
    }

    /// Reads what [`KeyRow::encode`] wrote.
    pub(crate) fn decode(bytes: &[u8]) -> Option<KeyRow> {
        let mut reader = Reader(bytes);
        match reader.take(1)? {
            [1] => Some(KeyRow::Wrapped(WrappedKey::new(reader.0.to_vec()))),
            [0] => {
                let sequence = reader.u64()?;
                reader.0.is_empty().then_some(KeyRow::Destroyed { sequence })
            }
            _ => None,
        }
    }

    /// What stands once this row is written over `known`: destroyed stays destroyed, by the entry that
    /// said so first, and a wrap never gives way to one of an older KEK epoch.
    pub fn over(self, known: Option<KeyRow>) -> KeyRow {
        match (self, known) {
            (KeyRow::Destroyed { sequence: new }, Some(KeyRow::Destroyed { sequence: old })) => {
                KeyRow::Destroyed { sequence: new.min(old) }
            }
            (_, Some(known @ KeyRow::Destroyed { .. })) => known,
            (KeyRow::Wrapped(new), Some(KeyRow::Wrapped(old))) if new.epoch() < old.epoch() => {
                KeyRow::Wrapped(old)
            }
            (row, _) => row,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(epoch: u32, byte: u8) -> KeyRow {
        KeyRow::Wrapped(WrappedKey::new([&epoch.to_be_bytes()[..], &[byte; 60]].concat()))
    }

    #[test]
    fn a_row_reads_back_and_a_row_of_another_shape_does_not() {
        for row in [wrap(3, 7), KeyRow::Destroyed { sequence: 12 }] {
            assert_eq!(KeyRow::decode(&row.encode()), Some(row));
        }
        for bad in [&[][..], &[2, 1], &[0, 0, 0], &[0, 0, 0, 0, 0, 0, 0, 0, 12, 0]] {
            assert_eq!(KeyRow::decode(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_row_never_goes_back() {
        let (first, last) = (KeyRow::Destroyed { sequence: 4 }, KeyRow::Destroyed { sequence: 9 });
        let cases = [
            (wrap(1, 1), None, wrap(1, 1)),
            (wrap(2, 2), Some(wrap(1, 1)), wrap(2, 2)),
            (wrap(1, 1), Some(wrap(2, 2)), wrap(2, 2)),
            (wrap(1, 2), Some(wrap(1, 1)), wrap(1, 2)),
            (first.clone(), Some(wrap(9, 1)), first.clone()),
            (wrap(9, 1), Some(first.clone()), first.clone()),
            (last.clone(), Some(first.clone()), first.clone()),
            (first.clone(), Some(last), first),
        ];
        for (row, known, stands) in cases {
            assert_eq!(row.clone().over(known.clone()), stands, "{row:?} over {known:?}");
        }
    }
}
