//! A state of the fold in a file: encrypted, streamed both ways, whole or refused.
//!
//! `"LGST" version:u16 epoch:u32 frames:u64 leaves:u64 sha256:32 salt:16`, then chunks
//! `last:u8 len:u32 ciphertext tag:16`, big-endian. Every chunk but the last holds 1 MiB. AES-256-GCM under
//! a key of the file's own, derived from the tenant's state key and the salt, so that the chunk's
//! number is its nonce; the number, the flag and, for the last chunk, all that stands before the
//! chunks are authenticated with it. The state dies with the KEK it was written under.
//!
//! Not compressed: what fills a state is ids and hashes. Not here: what a state means, and whether the
//! ledger names its SHA-256.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};

use crate::codec::{Reader, Writer};
use crate::files::{beside, remove_if_there, sync_folder_of};
use crate::vault::{Entropy, StateCipher, StateKey};

const MAGIC: &[u8; 4] = b"LGST";
const VERSION: u16 = 1;
const HEAD_BYTES: usize = 4 + 2 + 4 + 8 + 8 + 32 + 16;
/// Plaintext of a chunk that is not the last, bytes.
const CHUNK_BYTES: usize = 1024 * 1024;
const TAG_BYTES: usize = 16;

/// What a state file says of itself; sure only once all of it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateHead {
    /// The epoch of the KEK it was written under.
    pub epoch: u32,
    /// How many frames are folded in it.
    pub frames: u64,
    /// How many leaves.
    pub leaves: u64,
    /// The SHA-256 of the state.
    pub sha256: [u8; 32],
}

impl StateHead {
    fn encode(&self, salt: &[u8; 16]) -> Vec<u8> {
        let mut out = Writer(MAGIC.to_vec());
        out.raw(&VERSION.to_be_bytes());
        out.u32(self.epoch);
        out.u64(self.frames);
        out.u64(self.leaves);
        out.raw(&self.sha256);
        out.raw(salt);
        out.0
    }

    fn decode(bytes: &[u8]) -> Option<(StateHead, [u8; 16])> {
        let mut reader = Reader(bytes);
        if reader.take(4)? != MAGIC || reader.take(2)? != VERSION.to_be_bytes() {
            return None;
        }
        let (epoch, frames, leaves) = (reader.u32()?, reader.u64()?, reader.u64()?);
        let head = StateHead { epoch, frames, leaves, sha256: reader.array()? };
        Some((head, reader.array()?))
    }
}

/// Writes a state. The file has its name only once [`StateWriter::finish`] returned.
pub struct StateWriter {
    path: PathBuf,
    out: BufWriter<File>,
    head: StateHead,
    salt: [u8; 16],
    cipher: StateCipher,
    number: u64,
    chunk: Vec<u8>,
    hash: Context,
}

impl StateWriter {
    /// Begins the state after so many frames and leaves.
    pub fn create(
        path: &Path,
        key: &StateKey,
        (frames, leaves): (u64, u64),
        random: Entropy<'_>,
    ) -> io::Result<StateWriter> {
        let new = beside(path)?;
        remove_if_there(&new)?; // a crash left it
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new)?;
        let mut salt = [0; 16];
        random(&mut salt);
        let mut out = BufWriter::with_capacity(CHUNK_BYTES, file);
        out.write_all(&[0; HEAD_BYTES])?;
        Ok(StateWriter {
            path: path.to_owned(),
            out,
            head: StateHead { epoch: key.epoch(), frames, leaves, sha256: [0; 32] },
            salt,
            cipher: key.cipher(&salt),
            number: 0,
            chunk: Vec::with_capacity(CHUNK_BYTES + TAG_BYTES),
            hash: Context::new(&SHA256),
        })
    }

    /// Ends it. When it returns, the file survives power loss and has replaced any of its name.
    pub fn finish(mut self) -> io::Result<StateHead> {
        self.head.sha256.copy_from_slice(self.hash.clone().finish().as_ref());
        let head = self.head.encode(&self.salt);
        self.put(&head)?;
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&head)?;
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        fs::rename(beside(&self.path)?, &self.path)?;
        sync_folder_of(&self.path)?;
        Ok(self.head)
    }

    /// Writes the chunk; the last, if there is a head.
    fn put(&mut self, head: &[u8]) -> io::Result<()> {
        let Ok(len) = u32::try_from(self.chunk.len()) else {
            unreachable!("a chunk is at most 1 MiB");
        };
        self.out.write_all(&[u8::from(!head.is_empty())])?;
        self.out.write_all(&len.to_be_bytes())?;
        self.cipher.seal(self.number, &aad(self.number, head), &mut self.chunk);
        self.out.write_all(&self.chunk)?;
        self.chunk.clear();
        self.number += 1;
        Ok(())
    }
}

impl Write for StateWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK_BYTES {
            self.put(&[])?;
        }
        let part = &bytes[..bytes.len().min(CHUNK_BYTES - self.chunk.len())];
        self.chunk.extend_from_slice(part);
        self.hash.update(part);
        Ok(part.len())
    }

    /// Nothing is there before [`StateWriter::finish`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn aad(number: u64, head: &[u8]) -> Vec<u8> {
    [b"lg-state-chunk-v1".as_slice(), &number.to_be_bytes(), head].concat()
}

/// Reads a state. What it gives is authentic; whether it is all, is sure at its end alone: a reader
/// that saw an error must throw away what it read.
pub struct StateReader {
    input: BufReader<File>,
    head: StateHead,
    head_bytes: [u8; HEAD_BYTES],
    cipher: StateCipher,
    number: u64,
    chunk: Vec<u8>,
    at: usize,
    hash: Context,
    ended: bool,
}

impl StateReader {
    /// What a file says of itself, without a key: nothing of it is sure.
    pub fn peek(path: &Path) -> io::Result<StateHead> {
        let mut bytes = [0; HEAD_BYTES];
        File::open(path)?.read_exact(&mut bytes)?;
        StateHead::decode(&bytes).map(|(head, _)| head).ok_or_else(damaged)
    }

    /// Opens a state.
    pub fn open(path: &Path, key: &StateKey) -> io::Result<StateReader> {
        let mut input = BufReader::with_capacity(CHUNK_BYTES, File::open(path)?);
        let mut head_bytes = [0; HEAD_BYTES];
        input.read_exact(&mut head_bytes).map_err(cut)?;
        let (head, salt) = StateHead::decode(&head_bytes).ok_or_else(damaged)?;
        Ok(StateReader {
            input,
            head,
            head_bytes,
            cipher: key.cipher(&salt),
            number: 0,
            chunk: Vec::new(),
            at: 0,
            hash: Context::new(&SHA256),
            ended: false,
        })
    }

    /// What it says of itself, once its end was read; none before that.
    pub fn head(&self) -> Option<StateHead> {
        (self.ended && self.at == self.chunk.len()).then_some(self.head)
    }

    fn next(&mut self) -> io::Result<()> {
        let mut front = [0; 5];
        self.input.read_exact(&mut front).map_err(cut)?;
        let last = front[0] == 1;
        let len = u32::from_be_bytes([front[1], front[2], front[3], front[4]]) as usize;
        if front[0] > 1 || len > CHUNK_BYTES || (!last && len != CHUNK_BYTES) {
            return Err(damaged());
        }
        self.chunk.resize(len + TAG_BYTES, 0);
        self.input.read_exact(&mut self.chunk).map_err(cut)?;
        let aad = aad(self.number, if last { &self.head_bytes } else { &[] });
        self.cipher.open(self.number, &aad, &mut self.chunk).map_err(|_| damaged())?;
        self.hash.update(&self.chunk);
        (self.number, self.at) = (self.number + 1, 0);
        if last {
            let more = self.input.read(&mut [0])?;
            if more != 0 || self.hash.clone().finish().as_ref() != self.head.sha256 {
                return Err(damaged());
            }
            self.ended = true;
        }
        Ok(())
    }
}

impl Read for StateReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.chunk.len()
            && !self.ended
            && let Err(error) = self.next()
        {
            self.chunk.clear();
            self.at = 0;
            return Err(error);
        }
        let part = &self.chunk[self.at..];
        let len = part.len().min(buffer.len());
        buffer[..len].copy_from_slice(&part[..len]);
        self.at += len;
        Ok(len)
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the state file is damaged or under another key")
}

/// A file that ends too early is damaged, not at its end.
fn cut(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof { damaged() } else { error }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::digest;

    use super::*;
    use crate::Kek;

    fn key(byte: u8) -> StateKey {
        Kek::new(3, [byte; 32]).tenant("community").state_key()
    }

    fn written(path: &Path, state: &[u8]) -> StateHead {
        let mut random = |buffer: &mut [u8]| buffer.fill(7);
        let mut out = StateWriter::create(path, &key(1), (4, 9), &mut random).unwrap();
        // In pieces that do not fit chunks.
        state.chunks(700_001).for_each(|part| out.write_all(part).unwrap());
        assert!(!path.exists());
        out.finish().unwrap()
    }

    fn read(path: &Path, key: &StateKey) -> io::Result<(Vec<u8>, StateHead)> {
        let mut input = StateReader::open(path, key)?;
        let mut state = Vec::new();
        input.read_to_end(&mut state)?;
        Ok((state, input.head().unwrap()))
    }

    #[test]
    fn a_state_of_any_length_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        for len in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
            let path = dir.path().join(format!("state-{len}"));
            fs::write(beside(&path).unwrap(), "a crash left it").unwrap();
            let state: Vec<u8> = (0..len).map(|n| (n * 7 % 251) as u8).collect();
            let head = written(&path, &state);
            assert_eq!(head.sha256, digest(&SHA256, &state).as_ref());
            assert_eq!((head.epoch, head.frames, head.leaves), (3, 4, 9));
            let (again, found) = read(&path, &key(1)).unwrap();
            assert!(again == state && found == head, "{len}");
            assert_eq!(StateReader::peek(&path).unwrap(), head);
            assert!(read(&path, &key(2)).is_err());
            let stored = fs::read(&path).unwrap();
            assert!(len < 100 || !stored.windows(64).any(|part| part == &state[..64]));
        }
    }

    #[test]
    fn every_flipped_bit_every_cut_and_anything_more_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        written(&path, b"what is known");
        let bytes = fs::read(&path).unwrap();
        let refused = |bad: &[u8], what: String| {
            fs::write(&path, bad).unwrap();
            assert!(read(&path, &key(1)).is_err(), "{what}");
        };
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            refused(&bad, format!("bit {bit}"));
        }
        (0..bytes.len()).for_each(|len| refused(&bytes[..len], format!("cut at {len}")));
        refused(&[&bytes[..], &[0]].concat(), "a byte more".into());
    }

    #[test]
    fn chunks_cannot_be_left_out_swapped_repeated_or_taken_from_another_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        written(&path, &vec![5; 2 * CHUNK_BYTES + 9]);
        let bytes = fs::read(&path).unwrap();
        let (head, rest) = bytes.split_at(HEAD_BYTES);
        let (one, rest) = rest.split_at(5 + CHUNK_BYTES + TAG_BYTES);
        let (two, last) = rest.split_at(5 + CHUNK_BYTES + TAG_BYTES);
        let mut other_salt = head.to_vec();
        other_salt[HEAD_BYTES - 1] ^= 1;
        for (n, parts) in [
            vec![head, one, last],
            vec![head, two, one, last],
            vec![head, one, one, two, last],
            vec![head, one, two],
            vec![head, last],
            vec![&other_salt[..], one, two, last],
        ]
        .into_iter()
        .enumerate()
        {
            fs::write(&path, parts.concat()).unwrap();
            assert!(read(&path, &key(1)).is_err(), "case {n}");
        }
    }
}
