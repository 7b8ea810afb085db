//! Writing an evidence bundle: a directory of files that proves itself offline.
//!
//! Keys, rotations, checkpoint, the log as tiles, the openings, and `manifest.json`, which holds
//! the SHA-256 of all others and is written last. Leaves and openings stream by: what stays in
//! memory is the tree and a line for each file. Reading one is in `verify`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::checkpoint::{CheckpointError, open_checkpoint};
use crate::leaf::LEAF_BYTES_MAX;
use crate::manifest::{CHECKPOINT, ENTRIES, MANIFEST, Manifest, VKEYS, rotation_path, tile_path};
use crate::opening::{Opening, OpeningError};
use crate::tile::{TILE_WIDTH, Tile, TileKind, encode_entries};
use crate::tree::{Hash, Tree, leaf_hash};

/// The longest line of `entries.jsonl`, without its line end.
pub(crate) const LINE_BYTES_MAX: usize = 1024 * 1024;
/// The most keys a log ever has.
pub(crate) const VKEYS_MAX: usize = 64;

/// What goes into a bundle. The iterators may fail, as a reader of stored leaves can.
pub struct BundleParts<'a, L, O> {
    /// The log's public keys, oldest first, as `LogKey::vkey` gives them; 1 to 64.
    pub vkeys: &'a [String],
    /// For each key but the last: a signed checkpoint that it and the next one have both signed,
    /// of a size at which the log holds the `ledger.key` entry from the one to the other.
    pub rotations: &'a [String],
    /// The checkpoint, signed by the last key.
    pub checkpoint_note: &'a str,
    /// The stored leaf bytes, index 0 up to the checkpoint's size.
    pub leaves: L,
    /// The openings, ascending by index; they need not cover every leaf.
    pub openings: O,
}

/// Why a bundle was not written. The directory is then left unfinished, without a manifest.
#[derive(Debug, Error)]
pub enum BundleError {
    /// The directory holds something already.
    #[error("the directory is not empty")]
    NotEmpty,
    /// Not 1 to 64 keys and a rotation between each two.
    #[error("the keys and rotations do not fit together")]
    Keys,
    /// The checkpoint does not open with the last key.
    #[error("the checkpoint: {0}")]
    Checkpoint(CheckpointError),
    /// The leaves are more, fewer or others than those of the checkpoint.
    #[error("the leaves are not those of the checkpoint")]
    Root,
    /// Leaf `{0}` is longer than a leaf may be.
    #[error("leaf {0} is too long")]
    Leaf(u64),
    /// The opening of entry `{0}` takes more than a line.
    #[error("the opening of entry {0} is too long")]
    Line(u64),
    /// An opening cannot be written.
    #[error("entry {0}: {1}")]
    Opening(u64, OpeningError),
    /// Reading the source or writing the files failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes a bundle into `dir`, which is made if absent and must be empty. No fsync.
pub fn write_bundle<L, O>(dir: &Path, parts: BundleParts<'_, L, O>) -> Result<(), BundleError>
where
    L: IntoIterator<Item = io::Result<Vec<u8>>>,
    O: IntoIterator<Item = io::Result<Opening>>,
{
    let BundleParts { vkeys, rotations, checkpoint_note, leaves, openings } = parts;
    let last = vkeys.last().ok_or(BundleError::Keys)?;
    if vkeys.len() > VKEYS_MAX || rotations.len() + 1 != vkeys.len() {
        return Err(BundleError::Keys);
    }
    let checkpoint = open_checkpoint(checkpoint_note, last).map_err(BundleError::Checkpoint)?;
    let mut folder = Folder::create(dir)?;
    let lines: String = vkeys.iter().map(|vkey| format!("{vkey}\n")).collect();
    folder.put(VKEYS.to_owned(), lines.as_bytes())?;
    folder.put(CHECKPOINT.to_owned(), checkpoint_note.as_bytes())?;
    for (key, note) in rotations.iter().enumerate() {
        folder.put(rotation_path(key), note.as_bytes())?;
    }
    let tree = write_leaves(&mut folder, leaves)?;
    if (tree.len(), tree.root()) != (checkpoint.size, checkpoint.root) {
        return Err(BundleError::Root);
    }
    for tile in Tile::hash_tiles(tree.len()) {
        match tile.hash_bytes(&tree) {
            Some(bytes) => folder.put(tile_path(&tile), &bytes)?,
            None => unreachable!("a tree reaches the tiles of its own size"),
        }
    }
    write_openings(&mut folder, openings)?;
    folder.finish()
}

/// The entries tiles, and the tree over the leaves.
fn write_leaves(
    folder: &mut Folder<'_>,
    leaves: impl IntoIterator<Item = io::Result<Vec<u8>>>,
) -> Result<Tree, BundleError> {
    let mut tree = Tree::new();
    let mut of_tile: Vec<Vec<u8>> = Vec::with_capacity(TILE_WIDTH.into());
    for leaf in leaves {
        let leaf = leaf?;
        if leaf.len() > LEAF_BYTES_MAX {
            return Err(BundleError::Leaf(tree.len()));
        }
        tree.append(leaf_hash(&leaf));
        of_tile.push(leaf);
        if of_tile.len() == usize::from(TILE_WIDTH) {
            folder.put_entries(tree.len(), &mut of_tile)?;
        }
    }
    folder.put_entries(tree.len(), &mut of_tile)?;
    Ok(tree)
}

fn write_openings(
    folder: &mut Folder<'_>,
    openings: impl IntoIterator<Item = io::Result<Opening>>,
) -> Result<(), BundleError> {
    let mut file = folder.open(ENTRIES.to_owned())?;
    for opening in openings {
        let opening = opening?;
        let text = opening.to_json();
        let mut line = text.map_err(|why| BundleError::Opening(opening.index, why))?;
        if line.len() > LINE_BYTES_MAX {
            return Err(BundleError::Line(opening.index));
        }
        line.push('\n');
        file.write(line.as_bytes())?;
    }
    folder.close(file)
}

/// The directory, and what was written into it.
struct Folder<'a> {
    dir: &'a Path,
    files: Vec<(String, Hash)>,
}

impl Folder<'_> {
    fn create(dir: &Path) -> Result<Folder<'_>, BundleError> {
        fs::create_dir_all(dir)?;
        if fs::read_dir(dir)?.next().is_some() {
            return Err(BundleError::NotEmpty);
        }
        Ok(Folder { dir, files: Vec::new() })
    }

    fn open(&self, path: String) -> io::Result<HashedFile> {
        let place = self.dir.join(&path);
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).open(place)?;
        Ok(HashedFile { path, file: BufWriter::new(file), hasher: Sha256::new() })
    }

    fn close(&mut self, mut file: HashedFile) -> Result<(), BundleError> {
        file.file.flush()?;
        self.files.push((file.path, file.hasher.finalize().into()));
        Ok(())
    }

    fn put(&mut self, path: String, bytes: &[u8]) -> Result<(), BundleError> {
        let mut file = self.open(path)?;
        file.write(bytes)?;
        self.close(file)
    }

    /// The tile that ends with the last of `size` leaves; none if there are no leaves for it.
    fn put_entries(&mut self, size: u64, leaves: &mut Vec<Vec<u8>>) -> Result<(), BundleError> {
        let width = u64::from(TILE_WIDTH);
        let kept = u16::try_from(leaves.len()).ok();
        let index = size.saturating_sub(1) / width;
        let tile = kept.and_then(|kept| Tile::new(TileKind::Entries, index, kept));
        let Some(tile) = tile else { return Ok(()) };
        match encode_entries(leaves.drain(..)) {
            Ok(bytes) => self.put(tile_path(&tile), &bytes),
            Err(_) => unreachable!("no leaf is longer than its own limit"),
        }
    }

    fn finish(mut self) -> Result<(), BundleError> {
        let manifest = Manifest::new(std::mem::take(&mut self.files)).to_json();
        self.put(MANIFEST.to_owned(), manifest.as_bytes())
    }
}

struct HashedFile {
    path: String,
    file: BufWriter<File>,
    hasher: Sha256,
}

impl HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.file.write_all(bytes)
    }
}
