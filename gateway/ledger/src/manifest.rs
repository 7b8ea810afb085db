//! `manifest.json`: the SHA-256 of every other file of a bundle, by path; and which files those are.
//!
//! The paths follow from the number of keys and the size of the log alone. Not here: the files.

use crate::canonical::{self, INTEGER_MAX};
use crate::scan::Scan;
use crate::tile::Tile;
use crate::tree::Hash;

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const CHECKPOINT: &str = "checkpoint";
pub(crate) const ENTRIES: &str = "entries.jsonl";
pub(crate) const VKEYS: &str = "log.vkeys";

/// Room for the tiles of 300 million leaves.
pub(crate) const MANIFEST_BYTES_MAX: usize = 256 * 1024 * 1024;
const FORMAT: &[u8] = b"loopgate-bundle";
const VERSION: u64 = 2;

/// The path of the note that both key `K` and key `K + 1` signed.
pub(crate) fn rotation_path(key: usize) -> String {
    format!("rotations/{key}")
}

/// The path of a tile.
pub(crate) fn tile_path(tile: &Tile) -> String {
    format!("tile/{tile}")
}

/// The files of a bundle and their hashes, ascending by path.
pub(crate) struct Manifest {
    files: Vec<(String, Hash)>,
}

/// Why a text is not a manifest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ManifestError {
    NotCanonical,
    Unknown,
}

impl Manifest {
    /// In any order; each path once.
    pub(crate) fn new(mut files: Vec<(String, Hash)>) -> Manifest {
        files.sort_unstable();
        Manifest { files }
    }

    /// The canonical JSON, without a line end.
    pub(crate) fn to_json(&self) -> String {
        let file = |(path, hash): &(String, Hash)| {
            format!("{}:\"{}\"", canonical::write(path), hex::encode(hash))
        };
        let files: Vec<String> = self.files.iter().map(file).collect();
        let format = String::from_utf8_lossy(FORMAT);
        let files = files.join(",");
        format!(r#"{{"files":{{{files}}},"format":"{format}","version":{VERSION}}}"#)
    }

    /// Refuses anything [`Manifest::to_json`] would not write byte for byte.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Manifest, ManifestError> {
        let (files, known) = read(bytes).ok_or(ManifestError::NotCanonical)?;
        known.then_some(Manifest { files }).ok_or(ManifestError::Unknown)
    }

    /// The hash of a listed file.
    pub(crate) fn hash_of(&self, path: &str) -> Option<&Hash> {
        let at = self.position(path)?;
        Some(&self.files[at].1)
    }

    /// Which of the listed files, from 0, this one is.
    pub(crate) fn position(&self, path: &str) -> Option<usize> {
        self.files.binary_search_by(|(listed, _)| listed.as_str().cmp(path)).ok()
    }

    /// Whether any listed file lies below this folder, given with its final `/`.
    pub(crate) fn has_folder(&self, folder: &str) -> bool {
        let at = self.files.partition_point(|(listed, _)| listed.as_str() < folder);
        self.files.get(at).is_some_and(|(listed, _)| listed.starts_with(folder))
    }

    /// The listed paths, ascending.
    pub(crate) fn paths(&self) -> impl ExactSizeIterator<Item = &str> {
        self.files.iter().map(|(path, _)| path.as_str())
    }

    /// The first path in which this listing is not that of a log of `size` leaves under so many
    /// keys: one that is missing, or `Err` if there is one too many.
    pub(crate) fn check_paths(&self, keys: usize, size: u64) -> Result<(), Option<String>> {
        // A size is as large as who signed it likes: count before anything is laid out.
        if count(keys, size) < self.files.len() as u64 {
            return Err(None);
        }
        let missing = paths(keys, size).find(|path| self.position(path).is_none());
        missing.map_or(Ok(()), |path| Err(Some(path)))
    }
}

/// The files, and whether format and version are those of this program.
fn read(bytes: &[u8]) -> Option<(Vec<(String, Hash)>, bool)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (mut scan, mut buffer, mut files) = (Scan::new(text), Vec::new(), Vec::new());
    scan.expect(br#"{"files":{"#)?;
    while scan.has(if files.is_empty() { b"\"" } else { b",\"" }) {
        buffer.clear();
        let path = scan.string(&mut buffer)?.of(bytes, &buffer);
        let path = std::str::from_utf8(path).ok()?.to_owned();
        scan.expect(b":\"")?;
        let hash = scan.hash()?;
        scan.expect(b"\"")?;
        files.push((path, hash));
    }
    scan.expect(br#"},"format":""#)?;
    buffer.clear();
    let known = scan.string(&mut buffer)?.of(bytes, &buffer) == FORMAT;
    scan.expect(br#","version":"#)?;
    let version = scan.integer()?;
    scan.expect(b"}")?;
    scan.end()?;
    let ascending = files.is_sorted_by(|(one, _), (next, _)| one < next);
    ascending.then_some((files, known && version == VERSION))
}

/// Every path but the manifest's own, in no order.
fn paths(keys: usize, size: u64) -> impl Iterator<Item = String> {
    let single = [CHECKPOINT, ENTRIES, VKEYS].map(str::to_owned);
    let rotations = (1..keys).map(|key| rotation_path(key - 1));
    let tiles = Tile::hash_tiles(size).chain(Tile::entries_tiles(size));
    single.into_iter().chain(rotations).chain(tiles.map(|tile| tile_path(&tile)))
}

/// How many [`paths`] there are.
fn count(keys: usize, size: u64) -> u64 {
    let of_level = |level: u32| (size.min(INTEGER_MAX) >> (8 * level)).div_ceil(256);
    let hash_tiles: u64 = (0..7).map(of_level).sum();
    2 + keys as u64 + hash_tiles + of_level(0)
}

#[cfg(test)]
mod tests;
