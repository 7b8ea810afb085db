//! The leaf: what the log says of an entry to anyone.
//!
//! `{"c":"<base64>","i":12,"l":"<log id>","t":"2026-11-22T01:02:03Z","v":1}` and nothing else.
//! Stored bytes are hashed verbatim; a leaf that would be written otherwise is refused.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::canonical::{self, INTEGER_MAX};
use crate::scan::Scan;
use crate::time;
use crate::tree::{self, Hash};

/// The longest leaf.
pub(crate) const LEAF_BYTES_MAX: usize = 512;
const LOG_BYTES_MAX: usize = 64;

/// One leaf of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The RFC 6962 root over the entry's field digests.
    pub commitment: Hash,
    /// The position in the log, below 2^53.
    pub index: u64,
    /// The log's short id, see [`log_id`]: `[a-z0-9.-]{1,64}`.
    pub log: String,
    /// Seconds since 1970, years 1970 to 9999.
    pub time_s: i64,
}

/// Why bytes are not a leaf. Never says what they held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LeafError {
    /// Not one object with exactly the five members, spelt canonically.
    #[error("the leaf is not canonical")]
    NotCanonical,
    /// `v` is not 1.
    #[error("the leaf version is unknown")]
    Version,
    /// `c` is not 32 bytes of standard base64.
    #[error("the leaf commitment is not 32 bytes")]
    Commitment,
    /// `i` is 2^53 or more.
    #[error("the leaf index is out of range")]
    Index,
    /// `l` is not a short id.
    #[error("the leaf log id is malformed")]
    Log,
    /// `t` is not a second between 1970 and 9999.
    #[error("the leaf time is malformed or out of range")]
    Time,
}

#[derive(Serialize)]
struct Wire {
    c: String,
    i: u64,
    l: String,
    t: String,
    v: u64,
}

impl Leaf {
    /// Checks the ranges, so that [`Leaf::to_bytes`] cannot fail.
    pub fn new(commitment: Hash, index: u64, log: &str, time_s: i64) -> Result<Leaf, LeafError> {
        let leaf = Leaf { commitment, index, log: log.to_owned(), time_s };
        leaf.to_wire().map(|_| leaf)
    }

    /// The canonical bytes.
    ///
    /// # Panics
    /// If a field was set outside the range its documentation gives: [`Leaf::new`] never does.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self.to_wire() {
            Ok(wire) => canonical::write(&wire).into_bytes(),
            Err(why) => unreachable!("a leaf is only filled with what fits its format: {why}"),
        }
    }

    /// Refuses anything [`Leaf::to_bytes`] would not write byte for byte.
    pub fn parse(bytes: &[u8]) -> Result<Leaf, LeafError> {
        let view = LeafView::parse(bytes)?;
        let LeafView { commitment, index, log, time_s } = view;
        Ok(Leaf { commitment, index, log: String::from_utf8_lossy(log).into_owned(), time_s })
    }

    /// The RFC 6962 leaf hash of the stored bytes: `SHA-256(0x00 || bytes)`.
    pub fn hash(bytes: &[u8]) -> Hash {
        tree::leaf_hash(bytes)
    }

    fn to_wire(&self) -> Result<Wire, LeafError> {
        if self.index > INTEGER_MAX {
            return Err(LeafError::Index);
        }
        if !is_log_id(self.log.as_bytes()) {
            return Err(LeafError::Log);
        }
        Ok(Wire {
            c: BASE64_STANDARD.encode(self.commitment),
            i: self.index,
            l: self.log.clone(),
            t: time::render(self.time_s).ok_or(LeafError::Time)?,
            v: 1,
        })
    }
}

/// A leaf where it lies, read without a copy.
pub(crate) struct LeafView<'a> {
    pub(crate) commitment: Hash,
    pub(crate) index: u64,
    pub(crate) log: &'a [u8],
    pub(crate) time_s: i64,
}

impl<'a> LeafView<'a> {
    /// As [`Leaf::parse`].
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<LeafView<'a>, LeafError> {
        let Members { c, i, l, t, v } = Members::read(bytes).ok_or(LeafError::NotCanonical)?;
        if v != 1 {
            return Err(LeafError::Version);
        }
        let commitment = commitment_from(c).ok_or(LeafError::Commitment)?;
        let time_s = time::parse(t).ok_or(LeafError::Time)?;
        if i > INTEGER_MAX {
            return Err(LeafError::Index);
        }
        if !is_log_id(l) {
            return Err(LeafError::Log);
        }
        Ok(LeafView { commitment, index: i, log: l, time_s })
    }
}

/// The five members, each spelt as canonical JSON has it.
struct Members<'a> {
    c: &'a [u8],
    i: u64,
    l: &'a [u8],
    t: &'a [u8],
    v: u64,
}

impl<'a> Members<'a> {
    fn read(bytes: &'a [u8]) -> Option<Members<'a>> {
        if bytes.len() > LEAF_BYTES_MAX {
            return None;
        }
        let mut scan = Scan::new(std::str::from_utf8(bytes).ok()?);
        // No member that holds an escape can be a sound one, so what it stands for is not kept.
        let mut unescaped = Vec::new();
        let mut string = |scan: &mut Scan<'a>| {
            let start = scan.position();
            scan.string(&mut unescaped)?;
            bytes.get(start..scan.position() - 1)
        };
        scan.expect(br#"{"c":""#)?;
        let c = string(&mut scan)?;
        scan.expect(br#","i":"#)?;
        let i = scan.number()?;
        scan.expect(br#","l":""#)?;
        let l = string(&mut scan)?;
        scan.expect(br#","t":""#)?;
        let t = string(&mut scan)?;
        scan.expect(br#","v":"#)?;
        let v = scan.number()?;
        scan.expect(b"}")?;
        scan.end()?;
        Some(Members { c, i, l, t, v })
    }
}

/// 32 bytes of base64; the engine refuses missing padding and stray bits.
fn commitment_from(text: &[u8]) -> Option<Hash> {
    let mut buffer = [0; 33];
    let length = BASE64_STANDARD.decode_slice(text, &mut buffer).ok()?;
    buffer[..length].try_into().ok()
}

/// The short id of a log in its leaves: the first 16 hex digits of `SHA-256(origin)`.
pub fn log_id(origin: &str) -> String {
    hex::encode(&Sha256::digest(origin)[..8])
}

fn is_log_id(text: &[u8]) -> bool {
    let allowed = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    (1..=LOG_BYTES_MAX).contains(&text.len()) && text.iter().all(allowed)
}

#[cfg(test)]
mod tests;
