//! Tiles: the log as immutable files, after <https://c2sp.org/tlog-tiles>.
//!
//! A hash tile holds up to 256 hashes of one level, an entries tile the leaves below a tile of
//! level 0. Coordinates and bytes, both ways. Not here: files and sockets.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use thiserror::Error;

use crate::tree::Tree;

/// How many hashes or leaves a full tile holds.
pub const TILE_WIDTH: u16 = 256;
const HEIGHT: u32 = 8;
const LEVEL_MAX: u8 = 63;
const HASH_BYTES: usize = 32;
const GROUP: u64 = 1000;
/// The longest path there is: level 63 or `entries`, seven groups of digits and `.p/255`.
const PATH_BYTES_MAX: usize = 48;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// The hashes of one level, 0 to 63; level `l` has one for each 256^`l` leaves.
    Hashes(u8),
    /// Leaves.
    Entries,
}

/// The coordinates of one tile. Prints and parses as its path below `tile/`, such as
/// `0/x001/234` or `entries/000.p/3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    kind: TileKind,
    index: u64,
    width: u16,
}

/// Why a path or the content of a tile is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TileError {
    /// Not the one path of a tile.
    #[error("the tile path is malformed")]
    Path,
    /// Not as many leaves as the tile is wide, one after another and nothing else.
    #[error("the entries tile is malformed")]
    Entries,
    /// A leaf is longer than 65,535 bytes.
    #[error("a leaf is too long for an entries tile")]
    TooLong,
}

impl Tile {
    /// `None` if the level is above 63 or the width is not 1 to 256.
    pub fn new(kind: TileKind, index: u64, width: u16) -> Option<Tile> {
        let known = !matches!(kind, TileKind::Hashes(level) if level > LEVEL_MAX);
        (known && (1..=TILE_WIDTH).contains(&width)).then_some(Tile { kind, index, width })
    }

    /// What it holds.
    pub fn kind(&self) -> TileKind {
        self.kind
    }

    /// Which tile of its level it is, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or leaves it holds, 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// The tile that takes its place once the log has grown; itself if it is full.
    pub fn full(&self) -> Tile {
        Tile { width: TILE_WIDTH, ..*self }
    }

    /// Which hashes of its level, or which leaves, it holds. `None` beyond 2^64.
    pub fn range(&self) -> Option<Range<u64>> {
        let start = self.index.checked_mul(u64::from(TILE_WIDTH))?;
        Some(start..start.checked_add(u64::from(self.width))?)
    }

    /// Whether a log of `size` leaves has all that it holds, be it full or not.
    pub fn fits(&self, size: u64) -> bool {
        self.range().is_some_and(|range| range.end <= hashes_of(self.level(), size))
    }

    /// Every hash tile of a log of `size` leaves by level and index: the full ones of each level,
    /// then the partial one if there is any.
    pub fn hash_tiles(size: u64) -> impl Iterator<Item = Tile> {
        let levels = (0..=LEVEL_MAX).take_while(move |level| hashes_of(*level, size) > 0);
        levels.flat_map(move |level| tiles(TileKind::Hashes(level), hashes_of(level, size)))
    }

    /// Every entries tile of a log of `size` leaves by index.
    pub fn entries_tiles(size: u64) -> impl Iterator<Item = Tile> {
        tiles(TileKind::Entries, size)
    }

    /// The bytes of a hash tile. `None` if it is one of entries, or the tree does not reach it.
    pub fn hash_bytes(&self, tree: &Tree) -> Option<Vec<u8>> {
        let TileKind::Hashes(level) = self.kind else { return None };
        if !self.fits(tree.len()) {
            return None;
        }
        let height = u8::try_from(u32::from(level) * HEIGHT).ok()?;
        let mut bytes = Vec::with_capacity(usize::from(self.width) * HASH_BYTES);
        for index in self.range()? {
            bytes.extend_from_slice(&tree.subtree(height, index)?);
        }
        Some(bytes)
    }

    fn level(&self) -> u8 {
        match self.kind {
            TileKind::Hashes(level) => level,
            TileKind::Entries => 0,
        }
    }
}

/// How many complete subtrees of 256^`level` leaves there are.
fn hashes_of(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * HEIGHT).unwrap_or(0)
}

fn tiles(kind: TileKind, hashes: u64) -> impl Iterator<Item = Tile> {
    let width = u64::from(TILE_WIDTH);
    let full = (0..hashes / width).map(move |index| Tile { kind, index, width: TILE_WIDTH });
    let rest = u16::try_from(hashes % width).ok().filter(|rest| *rest > 0);
    let partial = rest.map(|rest| Tile { kind, index: hashes / width, width: rest });
    full.chain(partial)
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "{level}")?,
            TileKind::Entries => f.write_str("entries")?,
        }
        let groups = self.index.checked_ilog(GROUP).unwrap_or(0);
        for group in (1..=groups).rev() {
            write!(f, "/x{:03}", self.index / GROUP.pow(group) % GROUP)?;
        }
        write!(f, "/{:03}", self.index % GROUP)?;
        if self.width < TILE_WIDTH {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

impl FromStr for Tile {
    type Err = TileError;

    /// Refuses anything that would not be printed byte for byte.
    fn from_str(path: &str) -> Result<Tile, TileError> {
        let tile = parse(path).ok_or(TileError::Path)?;
        (tile.to_string() == path).then_some(tile).ok_or(TileError::Path)
    }
}

/// More than is printed: the caller prints again.
fn parse(path: &str) -> Option<Tile> {
    if path.len() > PATH_BYTES_MAX {
        return None;
    }
    let (kind, rest) = path.split_once('/')?;
    let kind = match kind {
        "entries" => TileKind::Entries,
        level => TileKind::Hashes(level.parse().ok()?),
    };
    let (groups, width) = match rest.split_once(".p/") {
        Some((groups, width)) => (groups, width.parse().ok()?),
        None => (rest, TILE_WIDTH),
    };
    let index = groups.split('/').try_fold(0_u64, |index, group| {
        let group: u64 = group.trim_start_matches('x').parse().ok()?;
        index.checked_mul(GROUP)?.checked_add(group)
    });
    Tile::new(kind, index?, width)
}

/// The bytes of an entries tile: each leaf after its length as u16be.
pub fn encode_entries<L: AsRef<[u8]>>(
    leaves: impl IntoIterator<Item = L>,
) -> Result<Vec<u8>, TileError> {
    let mut bytes = Vec::new();
    for leaf in leaves {
        let length = u16::try_from(leaf.as_ref().len()).map_err(|_| TileError::TooLong)?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(leaf.as_ref());
    }
    Ok(bytes)
}

/// The leaves of an entries tile of this width.
pub fn decode_entries(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, TileError> {
    let mut leaves = Vec::with_capacity(usize::from(width));
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (leaf, after) = after.split_at_checked(length).ok_or(TileError::Entries)?;
        leaves.push(leaf);
        rest = after;
    }
    let whole = rest.is_empty() && leaves.len() == usize::from(width);
    whole.then_some(leaves).ok_or(TileError::Entries)
}

#[cfg(test)]
mod tests;
