//! One file that holds a state computed from the log, encrypted, whole or not at all.
//!
//! `"LGST" version:u16 frames:u64 leaves:u64 salt:32 {chunk}*`, big-endian; a chunk is
//! `len:u32 ciphertext` of at most 1 MiB of the state under AES-256-GCM. The file's own key comes from the
//! tenant's and the salt, the nonce is the chunk's number, and what is authenticated with it are the head,
//! the number and whether it is the last: nothing can be cut off, swapped or added. What the state is, and
//! whether the log vouches for it, is not known here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

use crate::vault::{ChunkCipher, StateKey};
use crate::{Entropy, Outage, sync_folder_of};

const MAGIC: &[u8; 6] = b"LGST\x00\x01";
const HEAD_BYTES: usize = 6 + 8 + 8 + 32;
const CHUNK_BYTES_MAX: usize = 1024 * 1024;
const TAG_BYTES: usize = 16;

/// Which prefix of the log a state is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateHead {
    /// Frames.
    pub frames: u64,
    /// Leaves.
    pub leaves: u64,
}

/// A state that was read.
#[derive(Debug)]
pub struct StateRead<T> {
    /// What it is computed from.
    pub head: StateHead,
    /// SHA-256 of it.
    pub sha256: [u8; 32],
    /// What the reader made of it.
    pub state: T,
}

/// Writes a state in place of the one before; durable when it returns. Its SHA-256.
pub fn write_state(
    path: &Path,
    head: &StateHead,
    key: &StateKey,
    random: Entropy<'_>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<[u8; 32], Outage> {
    let beside = path.with_extension("new");
    let sha256 = write_beside(&beside, head, key, random, write).map_err(Outage::Disk)?;
    fs::rename(&beside, path).and_then(|()| sync_folder_of(path)).map_err(Outage::Disk)?;
    Ok(sha256)
}

fn write_beside(
    beside: &Path,
    head: &StateHead,
    key: &StateKey,
    random: Entropy<'_>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<[u8; 32]> {
    let mut salt = [0; 32];
    random(&mut salt);
    let mut bytes = MAGIC.to_vec();
    bytes.extend(head.frames.to_be_bytes());
    bytes.extend(head.leaves.to_be_bytes());
    bytes.extend(salt);
    let file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(beside)?;
    let mut out = BufWriter::new(file);
    out.write_all(&bytes)?;
    let mut sealing = Sealing {
        cipher: key.cipher(&salt, &bytes),
        out,
        chunk: Vec::with_capacity(CHUNK_BYTES_MAX),
        number: 0,
        digest: Context::new(&SHA256),
    };
    write(&mut sealing)?;
    sealing.finish()
}

struct Sealing {
    cipher: ChunkCipher,
    out: BufWriter<File>,
    chunk: Vec<u8>,
    number: u64,
    digest: Context,
}

impl Sealing {
    fn put(&mut self, is_last: bool) -> io::Result<()> {
        let sealed = self.cipher.seal(self.number, is_last, std::mem::take(&mut self.chunk));
        let len = u32::try_from(sealed.len()).map_err(io::Error::other)?;
        self.out.write_all(&len.to_be_bytes())?;
        self.out.write_all(&sealed)?;
        self.number += 1;
        Ok(())
    }

    fn finish(mut self) -> io::Result<[u8; 32]> {
        self.put(true)?;
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        Ok(bytes32(&self.digest.finish()))
    }
}

impl Write for Sealing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk is only put once more follows: the last one says that it is.
        if self.chunk.len() == CHUNK_BYTES_MAX {
            self.put(false)?;
        }
        let taken = bytes.len().min(CHUNK_BYTES_MAX - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        self.digest.update(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a state, under whichever of the keys opens it. `None` if there is none, or if it is not whole, not
/// ours or damaged: a state can always be computed again.
pub fn read_state<T>(
    path: &Path,
    keys: &[StateKey],
    mut read: impl FnMut(&mut dyn Read) -> io::Result<T>,
) -> Option<StateRead<T>> {
    keys.iter().find_map(|key| read_under(path, key, &mut read).ok())
}

fn read_under<T>(
    path: &Path,
    key: &StateKey,
    read: &mut impl FnMut(&mut dyn Read) -> io::Result<T>,
) -> io::Result<StateRead<T>> {
    let mut file = BufReader::new(File::open(path)?);
    let mut bytes = [0; HEAD_BYTES];
    file.read_exact(&mut bytes)?;
    let damaged = || io::Error::other("the state file is damaged");
    let (magic, rest) = bytes.split_at(MAGIC.len());
    let word = |at: usize| rest[at..at + 8].try_into().map(u64::from_be_bytes);
    if magic != MAGIC {
        return Err(damaged());
    }
    let (Ok(frames), Ok(leaves)) = (word(0), word(8)) else { return Err(damaged()) };
    let mut opening = Opening {
        cipher: key.cipher(&rest[16..], &bytes),
        file,
        chunk: Vec::new(),
        at: 0,
        number: 0,
        is_over: false,
        digest: Context::new(&SHA256),
    };
    let state = read(&mut opening)?;
    io::copy(&mut opening, &mut io::sink())?;
    let sha256 = bytes32(&opening.digest.finish());
    Ok(StateRead { head: StateHead { frames, leaves }, sha256, state })
}

struct Opening {
    cipher: ChunkCipher,
    file: BufReader<File>,
    chunk: Vec<u8>,
    at: usize,
    number: u64,
    is_over: bool,
    digest: Context,
}

impl Opening {
    fn next(&mut self) -> io::Result<()> {
        let damaged = || io::Error::other("the state file is damaged");
        let mut len = [0; 4];
        self.file.read_exact(&mut len)?;
        let len = usize::try_from(u32::from_be_bytes(len)).map_err(io::Error::other)?;
        if len > CHUNK_BYTES_MAX + TAG_BYTES {
            return Err(damaged());
        }
        let mut sealed = vec![0; len];
        self.file.read_exact(&mut sealed)?;
        let more = !self.file.fill_buf_is_empty()?;
        let chunk = self.cipher.open(self.number, !more, sealed).map_err(|_| damaged())?;
        self.digest.update(&chunk);
        (self.chunk, self.at, self.is_over) = (chunk, 0, !more);
        self.number += 1;
        Ok(())
    }
}

impl Read for Opening {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            if self.is_over {
                return Ok(0);
            }
            self.next()?;
        }
        let taken = out.len().min(self.chunk.len() - self.at);
        out[..taken].copy_from_slice(&self.chunk[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

trait IsAtEnd {
    fn fill_buf_is_empty(&mut self) -> io::Result<bool>;
}

impl IsAtEnd for BufReader<File> {
    fn fill_buf_is_empty(&mut self) -> io::Result<bool> {
        io::BufRead::fill_buf(self).map(<[u8]>::is_empty)
    }
}

fn bytes32(digest: &aws_lc_rs::digest::Digest) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kek;

    fn key(seed: u8) -> StateKey {
        Kek::new(1, [seed; 32]).tenant("community").state_key()
    }

    fn whole(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn written(path: &Path, state: &[u8]) -> [u8; 32] {
        let head = StateHead { frames: 7, leaves: 9 };
        let mut random = |buffer: &mut [u8]| buffer.fill(3);
        write_state(path, &head, &key(1), &mut random, |out| out.write_all(state)).unwrap()
    }

    #[test]
    fn a_state_of_any_length_reads_back_under_its_key_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        for len in [0, 1, CHUNK_BYTES_MAX - 1, CHUNK_BYTES_MAX, CHUNK_BYTES_MAX + 1, 3 << 20] {
            let state: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
            let sha256 = written(&path, &state);
            let expected = aws_lc_rs::digest::digest(&SHA256, &state);
            assert_eq!(sha256, expected.as_ref());
            let found = read_state(&path, &[key(2), key(1)], whole).unwrap();
            assert_eq!(found.head, StateHead { frames: 7, leaves: 9 });
            assert_eq!((found.sha256, found.state == state), (sha256, true), "{len}");
            assert!(read_state(&path, &[key(2)], whole).is_none());
        }
        assert!(read_state(&dir.path().join("none"), &[key(1)], whole).is_none());
    }

    #[test]
    fn whatever_is_changed_cut_off_or_added_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        written(&path, &[5; 300]);
        let good = fs::read(&path).unwrap();
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, bad).unwrap();
            assert!(read_state(&path, &[key(1)], whole).is_none(), "bit {bit}");
        }
        for len in 0..good.len() {
            fs::write(&path, &good[..len]).unwrap();
            assert!(read_state(&path, &[key(1)], whole).is_none(), "cut at {len}");
        }
        // A whole chunk fewer, two chunks swapped, something more.
        written(&path, &vec![6; 2 * CHUNK_BYTES_MAX + 5]);
        let good = fs::read(&path).unwrap();
        let chunk = 4 + CHUNK_BYTES_MAX + TAG_BYTES;
        let mut swapped = good.clone();
        let (one, other) = swapped[HEAD_BYTES..].split_at_mut(chunk);
        one.swap_with_slice(&mut other[..chunk]);
        let fewer = good[..HEAD_BYTES + 2 * chunk].to_vec();
        for bad in [swapped, fewer, [good.as_slice(), b"x"].concat()] {
            fs::write(&path, bad).unwrap();
            assert!(read_state(&path, &[key(1)], whole).is_none());
        }
    }
}
