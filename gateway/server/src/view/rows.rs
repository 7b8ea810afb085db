//! How rows are written. A row names nothing in the clear but ids.
//!
//! `r` what is known of one resource for one reader, `c` creation order, `h` change order, `p` postings of
//! a term, `d` which rows depend on what another supplied.

use loopgate_store::Outage;

/// A place in creation order: frame, entry, number within the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Ordinal(pub [u8; 16]);

/// A place in change order: instant, entry of its frame, number within the entry.
pub type Rank = [u8; 16];

/// Bytes of a term in a row.
pub const TERM_BYTES: usize = 8;
/// A term: a keyed hash of its parameter and text, of one scope.
pub type TermKey = [u8; TERM_BYTES];

pub const ROW: u8 = b'r';
pub const CREATED: u8 = b'c';
pub const CHANGED: u8 = b'h';
pub const POSTING: u8 = b'p';
pub const DEPENDS: u8 = b'd';

/// A place within a frame: entry, number within the entry.
pub type Within = (u32, u32);

impl Ordinal {
    /// Of a place in the log.
    pub fn of(sequence: u64, (entry, number): Within) -> Ordinal {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&sequence.to_be_bytes());
        bytes[8..12].copy_from_slice(&entry.to_be_bytes());
        bytes[12..].copy_from_slice(&number.to_be_bytes());
        Ordinal(bytes)
    }
}

/// Of a change at an instant.
pub fn rank(at_ms: i64, (entry, number): Within) -> Rank {
    Ordinal::of(u64::try_from(at_ms).unwrap_or_default(), (entry, number)).0
}

/// The instant of a rank, ms.
pub fn instant(rank: &Rank) -> i64 {
    let mut at = [0; 8];
    at.copy_from_slice(&rank[..8]);
    i64::from_be_bytes(at)
}

/// What is known of one resource for one reader.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// When it came to be for this reader.
    pub created: Ordinal,
    /// When it last changed for this reader.
    pub changed: Rank,
    /// Terms of what was supplied, in order.
    pub supplied: Vec<TermKey>,
    /// Terms of what is known beside it, in order.
    pub known: Vec<TermKey>,
}

impl Row {
    /// All terms.
    pub fn terms(&self) -> impl Iterator<Item = &TermKey> {
        self.supplied.iter().chain(&self.known)
    }

    /// Whether it has one term of each group.
    pub fn meets(&self, groups: &[Vec<TermKey>]) -> bool {
        groups.iter().all(|group| self.terms().any(|term| group.contains(term)))
    }

    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [self.created.0, self.changed].concat();
        bytes.extend(u32::try_from(self.supplied.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(self.terms().flatten());
        bytes
    }

    /// Reads what [`Row::to_bytes`] wrote.
    pub fn of(bytes: &[u8]) -> Result<Row, Outage> {
        let read = || {
            let (created, rest) = bytes.split_first_chunk::<16>()?;
            let (changed, rest) = rest.split_first_chunk::<16>()?;
            let (count, rest) = rest.split_first_chunk::<4>()?;
            let count = usize::try_from(u32::from_be_bytes(*count)).ok()?;
            let (terms, rest) = rest.as_chunks::<TERM_BYTES>();
            let (supplied, known) = terms.split_at_checked(count)?;
            rest.is_empty().then(|| Row {
                created: Ordinal(*created),
                changed: *changed,
                supplied: supplied.to_vec(),
                known: known.to_vec(),
            })
        };
        read().ok_or(Outage::Damaged("a projection row"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_reads_as_it_was_written() {
        let row = Row {
            created: Ordinal::of(3, (2, 1)),
            changed: rank(1_700_000_000_000, (4, 0)),
            supplied: vec![[1; 8], [2; 8]],
            known: vec![[3; 8]],
        };
        assert_eq!(Row::of(&row.to_bytes()).unwrap(), row);
        assert_eq!(instant(&row.changed), 1_700_000_000_000);
        assert!(row.meets(&[vec![[9; 8], [3; 8]], vec![[1; 8]]]) && row.meets(&[]));
        assert!(!row.meets(&[vec![[3; 8]], vec![[9; 8]]]) && !row.meets(&[Vec::new()]));
        let bytes = row.to_bytes();
        for len in [0, 15, 31, 35, 37, bytes.len() - 1] {
            assert!(Row::of(&bytes[..len]).is_err(), "{len}");
        }
    }
}
