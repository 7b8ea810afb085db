//! One segment of the log: a file of frames, one after the other, never changed once written.
//!
//! `"LGSG" version:u16 0:u16 first:u64 link:32 crc32:u32`, then records
//! `len:u32 sequence:u64 link:32 crc32:u32 payload`, then zeros or the end; big-endian. A record's link
//! is the SHA-256 of the head of the record before it, so that none can be missing, moved or from
//! another log; its CRC covers the rest of its head and its payload.
//!
//! Not here: which segment is which, and when anything is synced.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use aws_lc_rs::digest::{SHA256, digest};

use crate::codec::{Reader, Writer};

/// The link of the first record.
pub(crate) const NO_LINK: Link = [0; 32];
/// Where a segment's first record begins.
pub(crate) const RECORDS_AT: u64 = 52;
pub(crate) const HEAD_BYTES: usize = 48;
const MAGIC: &[u8; 4] = b"LGSG";
const VERSION: u16 = 1;
/// How far apart the places are that an index knows.
const PLACES_BYTES: u64 = 16 * 1024;

/// Names all that comes before a record.
pub(crate) type Link = [u8; 32];

/// The head of a segment's file.
pub(crate) fn segment_head(first: u64, link: &Link) -> Vec<u8> {
    let mut out = Writer(MAGIC.to_vec());
    out.raw(&VERSION.to_be_bytes());
    out.raw(&[0; 2]);
    out.u64(first);
    out.raw(link);
    let crc = crc32fast::hash(&out.0);
    out.u32(crc);
    out.0
}

/// A record and the link of the next one.
pub(crate) fn record(sequence: u64, link: &Link, payload: &[u8]) -> (Vec<u8>, Link) {
    let Ok(len) = u32::try_from(payload.len()) else {
        unreachable!("a frame is far below 4 GiB");
    };
    let mut out = Writer(Vec::with_capacity(HEAD_BYTES + payload.len()));
    out.u32(len);
    out.u64(sequence);
    out.raw(link);
    let crc = crc(&out.0, payload);
    out.u32(crc);
    let next = link_after(&out.0);
    out.raw(payload);
    (out.0, next)
}

fn crc(head: &[u8], payload: &[u8]) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(head);
    hash.update(payload);
    hash.finalize()
}

fn link_after(head: &[u8]) -> Link {
    let mut link = NO_LINK;
    link.copy_from_slice(digest(&SHA256, head).as_ref());
    link
}

/// The head of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub len: usize,
    pub sequence: u64,
    pub link: Link,
}

impl Head {
    pub(crate) fn read(bytes: &[u8]) -> Option<Head> {
        let mut reader = Reader(bytes);
        let len = usize::try_from(reader.u32()?).ok()?;
        Some(Head { len, sequence: reader.u64()?, link: reader.array()? })
    }
}

/// The record at the beginning of these bytes, if it is whole: its head and payload.
pub(crate) fn whole(bytes: &[u8]) -> Option<(Head, &[u8])> {
    let head = Head::read(bytes)?;
    let (front, payload) = bytes.split_at_checked(HEAD_BYTES)?;
    let payload = payload.get(..head.len)?;
    let (covered, sum) = front.split_last_chunk::<4>()?;
    (head.len > 0 && crc(covered, payload) == u32::from_be_bytes(*sum)).then_some((head, payload))
}

/// Where some of a segment's records are, and where they end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    /// Sequence numbers and where their records begin, ascending.
    places: Vec<(u64, u64)>,
    /// The sequence number that comes next.
    pub next: u64,
    /// Where the last record ends.
    pub end: u64,
    /// The link of the record that comes first, and of the one that comes next.
    pub links: (Link, Link),
}

impl Index {
    /// Of a segment that holds nothing yet.
    pub(crate) fn empty(first: u64, link: Link) -> Index {
        Index { places: Vec::new(), next: first, end: RECORDS_AT, links: (link, link) }
    }

    /// A record of so many bytes comes next.
    pub(crate) fn push(&mut self, record_bytes: u64, link: Link) {
        if self.places.last().is_none_or(|(_, at)| self.end - at >= PLACES_BYTES) {
            self.places.push((self.next, self.end));
        }
        self.next += 1;
        self.end += record_bytes;
        self.links.1 = link;
    }

    /// The last known place at or before a record.
    pub(crate) fn before(&self, sequence: u64) -> Option<(u64, u64)> {
        let n = self.places.partition_point(|(known, _)| *known <= sequence);
        n.checked_sub(1).map(|n| self.places[n])
    }
}

/// What a segment's file holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Scanned {
    /// Records, and nothing else but zeros.
    Whole(Index),
    /// Records, and then something that is none: a write that the power failed under.
    Torn(Index),
    /// The record of this sequence number is damaged, and whole ones come after it.
    Corrupt(u64),
    /// The file does not begin as it must.
    NoSegment,
}

/// Checks a segment's bytes from beginning to end.
pub(crate) fn scan(bytes: &[u8], first: u64) -> Scanned {
    let Some((head, _)) = bytes.split_at_checked(RECORDS_AT as usize) else {
        return Scanned::NoSegment;
    };
    let Some(link) = head.get(16..48).and_then(|link| link.try_into().ok()) else {
        return Scanned::NoSegment;
    };
    if head != segment_head(first, &link) {
        return Scanned::NoSegment;
    }
    let mut index = Index::empty(first, link);
    loop {
        // Within the bytes: no record ends after them.
        let rest = &bytes[index.end as usize..];
        match whole(rest) {
            Some((head, payload)) if head.sequence == index.next && head.link == index.links.1 => {
                let bytes = HEAD_BYTES + payload.len();
                index.push(bytes as u64, link_after(&rest[..HEAD_BYTES]));
            }
            _ if rest.iter().all(|byte| *byte == 0) => return Scanned::Whole(index),
            _ if later(rest, index.next) => return Scanned::Corrupt(index.next),
            _ => return Scanned::Torn(index),
        }
    }
}

/// Whether a whole record of `sequence` or a later one is anywhere in these bytes.
fn later(bytes: &[u8], sequence: u64) -> bool {
    // No more fit: so a CRC is computed for hardly anything but a record.
    let fitting = sequence..=sequence + (bytes.len() / HEAD_BYTES) as u64;
    (0..bytes.len()).any(|at| {
        Head::read(&bytes[at..]).is_some_and(|head| fitting.contains(&head.sequence))
            && whole(&bytes[at..]).is_some()
    })
}

/// A part of a segment's file, kept for the records that come next.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// Which segment's.
    first: u64,
    file: Option<File>,
    at: u64,
    bytes: Vec<u8>,
    /// The record after the one read last, and where it begins.
    next: Option<(u64, u64)>,
}

/// How many bytes are read at once.
const WINDOW_BYTES: usize = 64 * 1024;

impl Window {
    /// On another segment.
    pub(crate) fn of(first: u64, file: File) -> Window {
        Window { first, file: Some(file), ..Window::default() }
    }

    /// Whether it is on this segment.
    pub(crate) fn is_of(&self, first: u64) -> bool {
        self.file.is_some() && self.first == first
    }

    /// The payload of a record, searched from a place at or before it up to `end`; none if what is
    /// there is not that record.
    pub(crate) fn read(
        &mut self,
        sequence: u64,
        place: (u64, u64),
        end: u64,
    ) -> io::Result<Option<Vec<u8>>> {
        let near = self.next.filter(|(known, _)| (place.0..=sequence).contains(known));
        let (mut known, mut at) = near.unwrap_or(place);
        loop {
            let Some(head) = self.part(at, HEAD_BYTES, end)?.and_then(Head::read) else {
                return Ok(None);
            };
            if head.sequence != known {
                return Ok(None);
            }
            let record_bytes = HEAD_BYTES + head.len;
            if known == sequence {
                let record = self.part(at, record_bytes, end)?;
                let payload = record.and_then(whole).map(|(_, payload)| payload.to_vec());
                self.next = Some((known + 1, at + record_bytes as u64));
                return Ok(payload);
            }
            known += 1;
            at += record_bytes as u64;
        }
    }

    fn part(&mut self, at: u64, len: usize, end: u64) -> io::Result<Option<&[u8]>> {
        if at + len as u64 > end {
            return Ok(None);
        }
        let here = at >= self.at && at + len as u64 <= self.at + self.bytes.len() as u64;
        if !here {
            let left = usize::try_from(end - at).unwrap_or(usize::MAX);
            self.bytes.resize(len.max(WINDOW_BYTES).min(left), 0);
            self.at = at;
            let Some(file) = &self.file else { return Ok(None) };
            file.read_exact_at(&mut self.bytes, at)?;
        }
        let from = (at - self.at) as usize;
        Ok(Some(&self.bytes[from..from + len]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A segment of records of these lengths, and zeros after it.
    fn segment(lens: &[usize]) -> (Vec<u8>, Index) {
        let mut bytes = segment_head(5, &[7; 32]);
        let mut index = Index::empty(5, [7; 32]);
        for len in lens {
            let (record, link) = record(index.next, &index.links.1, &vec![9; *len]);
            bytes.extend_from_slice(&record);
            index.push(record.len() as u64, link);
        }
        bytes.resize(bytes.len() + 100, 0);
        (bytes, index)
    }

    #[test]
    fn a_segment_is_read_as_it_was_written_and_by_no_other_name() {
        let (bytes, index) = segment(&[1, 20_000, 30, 40_000, 2]);
        assert_eq!(scan(&bytes, 5), Scanned::Whole(index.clone()));
        assert_eq!(scan(&bytes, 6), Scanned::NoSegment);
        assert_eq!(
            index.places,
            [(5, 52), (7, 52 + 49 + 20_048), (9, 52 + 49 + 20_048 + 78 + 40_048)]
        );
        assert_eq!((index.before(4), index.before(6)), (None, Some((5, 52))));
        assert_eq!(scan(&segment(&[]).0, 5), Scanned::Whole(Index::empty(5, [7; 32])));
    }

    #[test]
    fn every_flipped_bit_is_found_and_only_the_last_record_can_be_torn() {
        let (bytes, index) = segment(&[10, 20, 30]);
        let (_, before) = segment(&[10, 20]);
        let last = (index.end - 78) as usize;
        for bit in 0..index.end as usize * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            match scan(&bad, 5) {
                Scanned::NoSegment => assert!(bit < 52 * 8, "bit {bit}"),
                Scanned::Corrupt(n) => assert!(bit / 8 < last && (5..7).contains(&n), "bit {bit}"),
                Scanned::Torn(found) => assert!(bit / 8 >= last && found == before, "bit {bit}"),
                Scanned::Whole(_) => panic!("bit {bit} is not noticed"),
            }
        }
        for len in 52..index.end as usize {
            let (Scanned::Whole(found) | Scanned::Torn(found)) = scan(&bytes[..len], 5) else {
                panic!("cut at {len}");
            };
            assert!(found.next < 8, "cut at {len}");
        }
    }

    #[test]
    fn a_record_that_lost_its_head_and_kept_its_tail_is_torn() {
        let (mut bytes, index) = segment(&[10, 2000]);
        bytes[52 + 58..52 + 58 + 512].fill(0);
        let (_, before) = segment(&[10]);
        assert_eq!(scan(&bytes, 5), Scanned::Torn(before));
        assert_eq!(index.next, 7);
    }

    #[test]
    fn a_record_of_another_log_does_not_follow() {
        let (mut bytes, index) = segment(&[10]);
        let (other, _) = record(6, &[8; 32], b"of another log");
        bytes[index.end as usize..][..other.len()].copy_from_slice(&other);
        assert_eq!(scan(&bytes, 5), Scanned::Corrupt(6));
    }
}
