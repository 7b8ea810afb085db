//! The commitment of an entry from its 14 positions, as fast as SHA-256 itself allows.
//!
//! A verifier of a million openings spends its time in short hashes: four compressions or more for
//! each HMAC, one for each leaf and two for each node of the small tree. `hmac` and `Sha256` buffer
//! their input; here the padded blocks are laid out by hand and step by step for all positions, so
//! that a processor with SHA instructions overlaps neighbours. `entry` says the same thing
//! plainly, and the tests hold the two against each other.

use sha2::digest::generic_array::GenericArray;
use sha2::{Digest, Sha256, compress256};

use crate::entry::{FIELD_COUNT, FIELD_NAMES};
use crate::tree::Hash;

const BLOCK_BYTES: usize = 64;
/// The most message bytes that fit into the last block, before the mark and the length.
const LAST_BYTES_MAX: usize = 55;

type State = [u32; 8];
type Block = [u8; BLOCK_BYTES];

/// FIPS 180-4 §5.3.3.
const INITIAL: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// One position of an opening.
#[derive(Clone, Copy)]
pub(crate) enum Position<'a> {
    /// Key and value.
    Shown(&'a Hash, &'a [u8]),
    /// The digest.
    Hidden(&'a Hash),
}

/// The RFC 6962 root over the 14 digests; see `entry::commitment`.
pub(crate) fn commitment_of(positions: &[Position<'_>; FIELD_COUNT]) -> Hash {
    root(&digests(positions))
}

/// `HMAC-SHA256(key, name || 0x00 || value)` where shown (RFC 2104).
fn digests(positions: &[Position<'_>; FIELD_COUNT]) -> [Hash; FIELD_COUNT] {
    let mut inner = [INITIAL; FIELD_COUNT];
    let mut outer = [INITIAL; FIELD_COUNT];
    for (at, position) in positions.iter().enumerate() {
        if let Position::Shown(key, _) = position {
            compress(&mut inner[at], &padded_key(key, 0x36));
            compress(&mut outer[at], &padded_key(key, 0x5c));
        }
    }
    for (at, position) in positions.iter().enumerate() {
        if let Position::Shown(_, value) = position {
            absorb(&mut inner[at], FIELD_NAMES[at].as_bytes(), value);
        }
    }
    for (at, position) in positions.iter().enumerate() {
        if let Position::Shown(..) = position {
            compress(&mut outer[at], &last_block(&[&bytes_of(&inner[at])], BLOCK_BYTES));
        }
    }
    let mut digests = [[0; 32]; FIELD_COUNT];
    for (at, position) in positions.iter().enumerate() {
        digests[at] = match position {
            Position::Shown(..) => bytes_of(&outer[at]),
            Position::Hidden(digest) => **digest,
        };
    }
    digests
}

/// RFC 6962 §2.1 over fourteen leaves: 8 and 6, which is 4 and 2. The last pair waits at 6.
fn root(digests: &[Hash; FIELD_COUNT]) -> Hash {
    let mut hashes = digests.map(|digest| {
        let mut state = INITIAL;
        compress(&mut state, &last_block(&[&[0], &digest], 0));
        bytes_of(&state)
    });
    for at in 0..7 {
        hashes[at] = node(&hashes[2 * at], &hashes[2 * at + 1]);
    }
    for at in 0..3 {
        hashes[at] = node(&hashes[2 * at], &hashes[2 * at + 1]);
    }
    let eight = node(&hashes[0], &hashes[1]);
    let six = node(&hashes[2], &hashes[6]);
    node(&eight, &six)
}

/// `SHA-256(0x01 || left || right)`.
pub(crate) fn node(left: &Hash, right: &Hash) -> Hash {
    let mut first = [1; BLOCK_BYTES];
    first[1..33].copy_from_slice(left);
    first[33..].copy_from_slice(&right[..31]);
    let mut state = INITIAL;
    compress(&mut state, &first);
    compress(&mut state, &last_block(&[&right[31..]], BLOCK_BYTES));
    bytes_of(&state)
}

/// `SHA-256` of the parts one after another.
pub(crate) fn sha256_of(parts: &[&[u8]]) -> Hash {
    let bytes: usize = parts.iter().map(|part| part.len()).sum();
    if bytes > LAST_BYTES_MAX {
        let hasher = parts.iter().fold(Sha256::new(), |hasher, part| hasher.chain_update(part));
        return hasher.finalize().into();
    }
    let mut state = INITIAL;
    compress(&mut state, &last_block(parts, 0));
    bytes_of(&state)
}

fn padded_key(key: &Hash, pad: u8) -> Block {
    let mut block = [pad; BLOCK_BYTES];
    for (byte, key) in block.iter_mut().zip(key) {
        *byte ^= key;
    }
    block
}

/// `name || 0x00 || value` after one block, with the padding of FIPS 180-4 §5.1.1.
fn absorb(state: &mut State, name: &[u8], value: &[u8]) {
    let head_bytes = name.len() + 1;
    if head_bytes + value.len() <= LAST_BYTES_MAX {
        return compress(state, &last_block(&[name, &[0], value], BLOCK_BYTES));
    }
    let (first, rest) = value.split_at(value.len().min(BLOCK_BYTES - head_bytes));
    let mut block = [0; BLOCK_BYTES];
    block[..name.len()].copy_from_slice(name);
    block[head_bytes..head_bytes + first.len()].copy_from_slice(first);
    if first.len() < BLOCK_BYTES - head_bytes {
        block[head_bytes + first.len()] = 0x80;
        compress(state, &block);
        return compress(state, &length_block(BLOCK_BYTES + head_bytes + value.len()));
    }
    compress(state, &block);
    let (blocks, tail) = rest.as_chunks::<BLOCK_BYTES>();
    for block in blocks {
        compress(state, block);
    }
    let before = BLOCK_BYTES + head_bytes + value.len() - tail.len();
    if tail.len() <= LAST_BYTES_MAX {
        return compress(state, &last_block(&[tail], before));
    }
    let mut block = [0; BLOCK_BYTES];
    block[..tail.len()].copy_from_slice(tail);
    block[tail.len()] = 0x80;
    compress(state, &block);
    compress(state, &length_block(before + tail.len()));
}

/// The parts, the mark, zeros and the length in bits of everything up to here.
fn last_block(parts: &[&[u8]], bytes_before: usize) -> Block {
    let (mut block, mut at) = ([0; BLOCK_BYTES], 0);
    for part in parts {
        block[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    block[at] = 0x80;
    block[56..].copy_from_slice(&bits(bytes_before + at));
    block
}

fn length_block(bytes: usize) -> Block {
    let mut block = [0; BLOCK_BYTES];
    block[56..].copy_from_slice(&bits(bytes));
    block
}

fn bits(bytes: usize) -> [u8; 8] {
    (bytes as u64 * 8).to_be_bytes()
}

fn compress(state: &mut State, block: &Block) {
    compress256(state, std::slice::from_ref(GenericArray::from_slice(block)));
}

fn bytes_of(state: &State) -> Hash {
    let mut bytes = [0; 32];
    for (four, word) in bytes.chunks_exact_mut(4).zip(state) {
        four.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests;
