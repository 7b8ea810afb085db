//! The verifiable index: what the log holds of each chain, under one root hash.
//!
//! A map from a chain (field and id) to how many entries it has, the last of them, and a running
//! hash over their indices; kept as a binary prefix trie so that a value, or that there is none,
//! can be proved (`proof`). The root is itself an entry of the log (`payload`), so that whoever
//! has every opening can compute it anew (`walk`). Not here: disks; the index is a fold over links.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::entry::Field;
use crate::tree::Hash;

mod payload;
mod proof;
mod rebuild;
mod walk;

pub use payload::{
    ERASED_KIND, Erased, ErasedEntry, INDEX_KIND, IndexRoot, PAYLOAD_BYTES_MAX, PayloadError,
};
pub use proof::{IndexProof, IndexProofError};
pub use rebuild::rebuild_index;
pub use walk::{IndexWalk, WalkError, Walked};

/// What stands where no key is.
const EMPTY: Hash = [0; 32];

/// How many bits a key has: no path is longer.
const KEY_BITS: usize = 256;

/// What the index says of one chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexValue {
    /// How many entries the chain has, from 1.
    pub count: u64,
    /// The index of the last of them.
    pub last: u64,
    /// `SHA-256(0x04 || running before || u64be(index))` over them; 32 zero bytes before the first.
    pub running: Hash,
}

impl IndexValue {
    /// The value of a chain whose only entry is at `index`.
    pub fn first(index: u64) -> IndexValue {
        IndexValue { count: 1, last: index, running: run_on(&EMPTY, index) }
    }

    /// The value once the entry at `index` has joined the chain; `index` is above `last`.
    pub fn after(&self, index: u64) -> IndexValue {
        IndexValue { count: self.count + 1, last: index, running: run_on(&self.running, index) }
    }

    /// `u64be(count) || u64be(last) || running`.
    fn to_bytes(self) -> [u8; 48] {
        let mut bytes = [0; 48];
        bytes[..8].copy_from_slice(&self.count.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.last.to_be_bytes());
        bytes[16..].copy_from_slice(&self.running);
        bytes
    }
}

/// The running hash once `index` follows.
pub(crate) fn run_on(running: &Hash, index: u64) -> Hash {
    let hasher = Sha256::new().chain_update([4]).chain_update(running);
    hasher.chain_update(index.to_be_bytes()).finalize().into()
}

/// The key of a chain: `SHA-256("lg-idx-v1" || field name || 0x00 || id)`.
pub fn index_key(field: Field, id: &str) -> Hash {
    let hasher = Sha256::new().chain_update(b"lg-idx-v1").chain_update(field.name());
    hasher.chain_update([0]).chain_update(id).finalize().into()
}

fn leaf_node(key: &Hash, value: &IndexValue) -> Hash {
    let hasher = Sha256::new().chain_update([2]).chain_update(key);
    hasher.chain_update(value.to_bytes()).finalize().into()
}

fn inner_node(left: &Hash, right: &Hash) -> Hash {
    let hasher = Sha256::new().chain_update([3]).chain_update(left);
    hasher.chain_update(right).finalize().into()
}

/// The bit that decides at `depth`, most significant first.
fn bit(key: &Hash, depth: usize) -> usize {
    usize::from(key[depth / 8] >> (7 - depth % 8) & 1)
}

/// The index, in memory: 80 bytes a key and 44 an inner node, of which there are 1.44 a key.
#[derive(Clone, Default)]
pub struct Index {
    top: Node,
    leaves: Vec<(Hash, IndexValue)>,
    inners: Vec<Inner>,
}

/// A place in the trie: an arena and a position in it.
#[derive(Clone, Copy, Default)]
enum Node {
    #[default]
    Empty,
    Leaf(u32),
    Inner(u32),
}

/// Two packed children, and the hash over them unless something below has changed.
#[derive(Clone)]
struct Inner {
    children: [Packed; 2],
    hash: Hash,
    dirty: bool,
}

/// A [`Node`] in four bytes: 0 is empty, the top bit tells an inner node from a leaf.
#[derive(Clone, Copy)]
struct Packed(u32);

const INNER: u32 = 1 << 31;

impl Packed {
    fn of(node: Node) -> Packed {
        Packed(match node {
            Node::Empty => 0,
            Node::Leaf(at) => at + 1,
            Node::Inner(at) => (at + 1) | INNER,
        })
    }

    fn node(self) -> Node {
        match self.0 {
            0 => Node::Empty,
            packed if packed & INNER != 0 => Node::Inner((packed & !INNER) - 1),
            packed => Node::Leaf(packed - 1),
        }
    }
}

impl Index {
    /// The empty index; its root is 32 zero bytes.
    pub fn new() -> Index {
        Index::default()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// The value of a key.
    pub fn get(&self, key: &Hash) -> Option<IndexValue> {
        let mut node = self.top;
        for depth in 0..=KEY_BITS {
            match node {
                Node::Empty => return None,
                Node::Leaf(at) => {
                    let (found, value) = &self.leaves[at as usize];
                    return (found == key).then_some(*value);
                }
                Node::Inner(at) => node = self.child(at, bit(key, depth)),
            }
        }
        unreachable!("two keys part within {KEY_BITS} bits, so no inner node lies deeper")
    }

    /// Sets the value of a key. What is above it is hashed anew when the root is next asked for.
    ///
    /// # Panics
    /// With more than 2^31 nodes, which take over 100 GB.
    pub fn put(&mut self, key: Hash, value: IndexValue) {
        let (mut parent, mut depth, mut node) = (None, 0, self.top);
        while let Node::Inner(at) = node {
            self.inners[at as usize].dirty = true;
            let side = bit(&key, depth);
            node = self.child(at, side);
            parent = Some((at, side));
            depth += 1;
        }
        match node {
            Node::Leaf(at) if self.leaves[at as usize].0 == key => {
                self.leaves[at as usize].1 = value;
            }
            _ => {
                let leaf = Node::Leaf(position(self.leaves.len()));
                self.leaves.push((key, value));
                let node = self.joined(node, leaf, &key, depth);
                self.hang(parent, node);
            }
        }
    }

    /// Notes that the entry at `index` joined a chain, and gives the chain's new value.
    pub fn extend(&mut self, field: Field, id: &str, index: u64) -> IndexValue {
        let key = index_key(field, id);
        let value = match self.get(&key) {
            Some(value) => value.after(index),
            None => IndexValue::first(index),
        };
        self.put(key, value);
        value
    }

    /// The root. Only what has changed since it was last asked for is hashed.
    pub fn root(&mut self) -> Hash {
        self.hash(self.top)
    }

    /// The proof of a key's value, or that it has none.
    pub fn prove(&mut self, key: &Hash) -> IndexProof {
        let (mut siblings, mut node) = (Vec::new(), self.top);
        while let Node::Inner(at) = node {
            let side = bit(key, siblings.len());
            let sibling = self.hash(self.child(at, 1 - side));
            siblings.push(sibling);
            node = self.child(at, side);
        }
        let end = match node {
            Node::Leaf(at) => Some(self.leaves[at as usize]),
            _ => None,
        };
        IndexProof::new(key, siblings, end)
    }

    /// What takes the place of `there` once a leaf with another key stands beside it.
    fn joined(&mut self, there: Node, leaf: Node, key: &Hash, depth: usize) -> Node {
        let Node::Leaf(other) = there else { return leaf };
        let other = self.leaves[other as usize].0;
        let differs = |depth: &usize| bit(key, *depth) != bit(&other, *depth);
        let Some(fork) = (depth..KEY_BITS).find(differs) else {
            unreachable!("two keys that are not equal differ in a bit below their shared path");
        };
        let mut below = leaf;
        for depth in (depth..=fork).rev() {
            let beside = if depth == fork { there } else { Node::Empty };
            let mut children = [Packed::of(beside); 2];
            children[bit(key, depth)] = Packed::of(below);
            below = Node::Inner(position(self.inners.len()));
            self.inners.push(Inner { children, hash: EMPTY, dirty: true });
        }
        below
    }

    fn hang(&mut self, parent: Option<(u32, usize)>, node: Node) {
        match parent {
            None => self.top = node,
            Some((at, side)) => self.inners[at as usize].children[side] = Packed::of(node),
        }
    }

    fn child(&self, inner: u32, side: usize) -> Node {
        self.inners[inner as usize].children[side].node()
    }

    /// Calls itself at most 256 deep: once for each bit of a key.
    fn hash(&mut self, node: Node) -> Hash {
        let at = match node {
            Node::Empty => return EMPTY,
            Node::Leaf(at) => {
                let (key, value) = &self.leaves[at as usize];
                return leaf_node(key, value);
            }
            Node::Inner(at) => at,
        };
        if self.inners[at as usize].dirty {
            let (left, right) = (self.child(at, 0), self.child(at, 1));
            let hash = inner_node(&self.hash(left), &self.hash(right));
            let inner = &mut self.inners[at as usize];
            (inner.hash, inner.dirty) = (hash, false);
        }
        self.inners[at as usize].hash
    }
}

/// In any order; of two values for a key the later one counts.
impl FromIterator<(Hash, IndexValue)> for Index {
    fn from_iter<I: IntoIterator<Item = (Hash, IndexValue)>>(pairs: I) -> Index {
        let mut pairs: Vec<(Hash, IndexValue)> = pairs.into_iter().collect();
        // Neighbours share their path, so that it is in the cache.
        pairs.sort_by_key(|(key, _)| *key);
        let mut index = Index::new();
        index.leaves.reserve_exact(pairs.len());
        pairs.into_iter().for_each(|(key, value)| index.put(key, value));
        index
    }
}

/// # Panics
/// Past 2^31 - 1 nodes of a kind.
fn position(len: usize) -> u32 {
    let fits = u32::try_from(len).ok().filter(|at| *at < INNER - 1);
    match fits {
        Some(at) => at,
        None => panic!("an index of over 2^31 nodes belongs into several logs"),
    }
}

#[cfg(test)]
pub(crate) mod tests;
