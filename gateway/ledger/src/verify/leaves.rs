//! The tiles of a bundle: leaves, the tree over them, and the hash tiles that it must give.

use std::path::Path;

use super::{check_hash, listed};
use crate::checkpoint::Checkpoint;
use crate::leaf::{LEAF_BYTES_MAX, LeafView, log_id};
use crate::manifest::{Manifest, tile_path};
use crate::read::read_small;
use crate::report::Problem;
use crate::tile::{TILE_WIDTH, Tile, decode_entries};
use crate::tree::{Hash, Tree, leaf_hash};

/// The tree over the leaves, which must be the signed one, the commitment of each, and the last
/// one's time.
pub(super) fn read_leaves(
    dir: &Path,
    manifest: &Manifest,
    checkpoint: &Checkpoint,
) -> Result<(Tree, Vec<Hash>, i64), Problem> {
    let mut leaves = Leaves { log: log_id(&checkpoint.origin), ..Leaves::default() };
    for tile in Tile::entries_tiles(checkpoint.size) {
        let bytes_max = usize::from(TILE_WIDTH) * (2 + LEAF_BYTES_MAX);
        let path = tile_path(&tile);
        let (bytes, hash) = read_small(dir, &path, bytes_max)?;
        let malformed = |why| Problem::of_bundle(format!("{path}: {why}"));
        for leaf in decode_entries(&bytes, tile.width()).map_err(malformed)? {
            leaves.add(leaf)?;
        }
        check_hash(&path, &hash, listed(manifest, &path)?)?;
    }
    if leaves.tree.root() != checkpoint.root {
        return Err(Problem::of_bundle("the leaves do not hash to the signed root"));
    }
    Ok((leaves.tree, leaves.commitments, leaves.time_s))
}

/// Each hash tile is what the tree gives.
pub(super) fn check_hash_tiles(
    dir: &Path,
    manifest: &Manifest,
    tree: &Tree,
) -> Result<(), Problem> {
    for tile in Tile::hash_tiles(tree.len()) {
        let expected = tile.hash_bytes(tree).unwrap_or_default();
        let path = tile_path(&tile);
        let (bytes, hash) = read_small(dir, &path, expected.len())?;
        if bytes != expected {
            return Err(Problem::of_bundle(format!("{path} is not what the leaves give")));
        }
        check_hash(&path, &hash, listed(manifest, &path)?)?;
    }
    Ok(())
}

#[derive(Default)]
struct Leaves {
    log: String,
    tree: Tree,
    commitments: Vec<Hash>,
    time_s: i64,
}

impl Leaves {
    fn add(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let index = self.tree.len();
        let leaf = LeafView::parse(bytes).map_err(|why| Problem::of_entry(index, why))?;
        if leaf.index != index {
            return Err(Problem::of_entry(index, "the leaf has another index"));
        }
        if leaf.log != self.log.as_bytes() {
            return Err(Problem::of_entry(index, "the leaf is of another log"));
        }
        if leaf.time_s < self.time_s {
            return Err(Problem::of_entry(index, "the leaf is older than the one before it"));
        }
        self.time_s = leaf.time_s;
        self.tree.append(leaf_hash(bytes));
        self.commitments.push(leaf.commitment);
        Ok(())
    }
}
