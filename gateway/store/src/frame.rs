//! A frame: one group of entries, committed together or not at all.
//!
//! `"LGFR" version:u16 sequence:u64 first_leaf:u64 at_ms:u64 n:u32 {key:16 leaf seed body k:u32
//! {file:32}*k}*n m:u32 {key:16 wrapped}*m crc32:u32`, big-endian, fields length-prefixed by u32. The CRC finds
//! torn and rotten bytes; tampering is found by the Merkle tree and the ciphers.

use crate::codec::{Reader, Writer};
use crate::{KeyName, WrappedKey};

const MAGIC: &[u8; 4] = b"LGFR";
const VERSION: u16 = 1;

/// One entry as it lies on disk: a blinded leaf, and what only keys can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRecord {
    /// The leaf's canonical bytes.
    pub leaf: Vec<u8>,
    /// Whose key wraps the seed.
    pub key: KeyName,
    /// The entry's seed, wrapped.
    pub seed: Vec<u8>,
    /// Fields, event and documents, encrypted under the seed's body key.
    pub body: Vec<u8>,
    /// Attachments the body names: each the SHA-256 of its ciphertext, and its file's name.
    pub files: Vec<[u8; 32]>,
    /// The SHA-256 of a payload this entry lets out. In memory only: never written.
    pub payload: Option<[u8; 32]>,
}

/// One group of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Position among frames, from 0.
    pub sequence: u64,
    /// Index of its first leaf.
    pub first_leaf: u64,
    /// When it was committed, ms since 1970.
    pub at_ms: i64,
    /// Its entries, in leaf order.
    pub entries: Vec<EntryRecord>,
    /// Keys that exist from this frame on.
    pub keys: Vec<(KeyName, WrappedKey)>,
}

/// The bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Cut short, too long, or rotten.
    #[error("the frame is damaged")]
    Damaged,
    /// Written by a later version.
    #[error("the frame's version is unknown")]
    Version,
}

impl Frame {
    /// The bytes on disk.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(Vec::new());
        out.raw(MAGIC);
        out.raw(&VERSION.to_be_bytes());
        out.u64(self.sequence);
        out.u64(self.first_leaf);
        out.u64(self.at_ms.cast_unsigned());
        out.bytes_count(self.entries.len());
        for entry in &self.entries {
            out.raw(entry.key.bytes());
            out.bytes(&entry.leaf);
            out.bytes(&entry.seed);
            out.bytes(&entry.body);
            out.bytes_count(entry.files.len());
            entry.files.iter().for_each(|file| out.raw(file));
        }
        out.bytes_count(self.keys.len());
        for (name, wrapped) in &self.keys {
            out.raw(name.bytes());
            out.bytes(wrapped.bytes());
        }
        let crc = crc32fast::hash(&out.0);
        out.u32(crc);
        out.0
    }

    /// Reads what [`Frame::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Frame, FrameError> {
        let (body, crc) = bytes.split_last_chunk::<4>().ok_or(FrameError::Damaged)?;
        if crc32fast::hash(body) != u32::from_be_bytes(*crc) {
            return Err(FrameError::Damaged);
        }
        let mut reader = Reader(body);
        if reader.take(4) != Some(MAGIC) {
            return Err(FrameError::Damaged);
        }
        if reader.array::<2>().map(u16::from_be_bytes) != Some(VERSION) {
            return Err(FrameError::Version);
        }
        let frame = read_body(&mut reader).ok_or(FrameError::Damaged)?;
        if reader.0.is_empty() { Ok(frame) } else { Err(FrameError::Damaged) }
    }
}

impl Writer {
    fn bytes_count(&mut self, count: usize) {
        let Ok(count) = u32::try_from(count) else {
            unreachable!("a frame holds far fewer than 2^32 entries");
        };
        self.u32(count);
    }
}

fn read_body(reader: &mut Reader<'_>) -> Option<Frame> {
    let sequence = reader.u64()?;
    let first_leaf = reader.u64()?;
    let at_ms = reader.u64()?.cast_signed();
    let mut entries = Vec::new();
    for _ in 0..reader.u32()? {
        let mut entry = EntryRecord {
            key: KeyName::new(reader.array()?),
            leaf: reader.bytes()?.to_vec(),
            seed: reader.bytes()?.to_vec(),
            body: reader.bytes()?.to_vec(),
            files: Vec::new(),
            payload: None,
        };
        for _ in 0..reader.u32()? {
            entry.files.push(reader.array()?);
        }
        entries.push(entry);
    }
    let mut keys = Vec::new();
    for _ in 0..reader.u32()? {
        keys.push((KeyName::new(reader.array()?), WrappedKey::new(reader.bytes()?.to_vec())));
    }
    Some(Frame { sequence, first_leaf, at_ms, entries, keys })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame {
            sequence: 3,
            first_leaf: 9,
            at_ms: 1_700_000_000_000,
            entries: vec![EntryRecord {
                leaf: b"leaf".to_vec(),
                key: KeyName::new([1; 16]),
                seed: vec![2; 60],
                body: vec![3; 500],
                files: vec![[5; 32], [6; 32]],
                payload: None,
            }],
            keys: vec![(KeyName::new([1; 16]), WrappedKey::new(vec![4; 64]))],
        }
    }

    #[test]
    fn a_frame_reads_back_as_written() {
        assert_eq!(Frame::decode(&frame().encode()), Ok(frame()));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let bytes = frame().encode();
        for at in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[at / 8] ^= 1 << (at % 8);
            assert!(Frame::decode(&bad).is_err(), "bit {at}");
        }
        for len in 0..bytes.len() {
            assert!(Frame::decode(&bytes[..len]).is_err(), "cut at {len}");
        }
    }
}
