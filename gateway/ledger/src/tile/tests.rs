use std::collections::HashMap;

use proptest::prelude::*;
use tlog_tiles::{Hash as TlogHash, HashReader, TileHashReader, TileReader};

use super::*;
use crate::testing::flips;
use crate::tree::{Hash, leaf_hash};

fn entries(index: u64, width: u16) -> Tile {
    Tile::new(TileKind::Entries, index, width).unwrap()
}

fn hashes(level: u8, index: u64, width: u16) -> Tile {
    Tile::new(TileKind::Hashes(level), index, width).unwrap()
}

/// 1234067 is the example of tlog-tiles.md; 2^64/256-1 is the last tile there is of level 0.
#[test]
fn paths_of_the_specification() {
    let check = |tile: Tile, path: &str| {
        assert_eq!(tile.to_string(), path);
        assert_eq!(path.parse(), Ok(tile));
    };
    check(hashes(0, 1_234_067, 256), "0/x001/x234/067");
    check(entries(1_234_067, 1), "entries/x001/x234/067.p/1");
    check(hashes(63, 0, 255), "63/000.p/255");
    check(hashes(5, 5, 256), "5/005");
    check(entries(999, 256), "entries/999");
    check(entries(1000, 256), "entries/x001/000");
    check(hashes(0, 999_999, 17), "0/x999/999.p/17");
    check(hashes(0, 1_000_000, 17), "0/x001/x000/000.p/17");
    check(hashes(0, u64::MAX, 255), "0/x018/x446/x744/x073/x709/x551/615.p/255");
}

#[test]
fn no_other_path_is_read() {
    for bad in [
        "",
        "0",
        "0/",
        "/000",
        "00/000",
        "64/000",
        "-1/000",
        "+1/000",
        "256/000",
        "x/000",
        "entry/000",
        "Entries/000",
        "tile/0/000",
        "0/0",
        "0/00",
        "0/0000",
        "0/1000",
        "0/x001",
        "0/001/000",
        "0/x000/000",
        "0/x001/x000",
        "0/x01/000",
        "0/xx01/000",
        "0/X001/000",
        "0/000.p",
        "0/000.p/",
        "0/000.p/0",
        "0/000.p/01",
        "0/000.p/256",
        "0/000.p/+1",
        "0/000.p/1/",
        "0/000.p/1.p/1",
        "0/000.P/1",
        "0//000",
        "0/000/",
        "0/ 00",
        "0/000 ",
        "0/x018/x446/x744/x073/x709/x551/616",
        "0/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(bad.parse::<Tile>(), Err(TileError::Path), "{bad}");
    }
    assert_eq!(Tile::new(TileKind::Hashes(64), 0, 1), None);
    assert_eq!(Tile::new(TileKind::Hashes(0), 0, 0), None);
    assert_eq!(Tile::new(TileKind::Entries, 0, 257), None);
}

/// Both examples of tlog-tiles.md, and the sizes around one tile.
#[test]
fn tiles_of_a_log() {
    let paths = |size| -> Vec<String> {
        Tile::hash_tiles(size).chain(Tile::entries_tiles(size)).map(|it| it.to_string()).collect()
    };
    assert!(paths(0).is_empty());
    assert_eq!(paths(1), ["0/000.p/1", "entries/000.p/1"]);
    assert_eq!(paths(255), ["0/000.p/255", "entries/000.p/255"]);
    assert_eq!(paths(256), ["0/000", "1/000.p/1", "entries/000"]);
    assert_eq!(paths(257), ["0/000", "0/001.p/1", "1/000.p/1", "entries/000", "entries/001.p/1"]);
    let of_level = |level| {
        let tiles = Tile::hash_tiles(70_000).filter(move |it| it.kind() == TileKind::Hashes(level));
        tiles.collect::<Vec<_>>()
    };
    assert_eq!(of_level(0).len(), 274);
    assert_eq!(of_level(0)[273], hashes(0, 273, 112));
    assert_eq!(of_level(1), [hashes(1, 0, 256), hashes(1, 1, 17)]);
    assert_eq!(of_level(2), [hashes(2, 0, 1)]);
    assert_eq!(of_level(3), []);
    let huge: Vec<Tile> =
        Tile::hash_tiles(u64::MAX).skip_while(|it| it.index() > 0).take(1).collect();
    assert_eq!(huge, [hashes(0, 0, 256)]);
}

/// tlog_tiles counts the tiles of height 8 that a log needs when it grows from nothing.
#[test]
fn tiles_are_those_of_the_reference_code() {
    for size in (0..2000).chain([65_535, 65_536, 65_537, 70_000, 131_073]) {
        let mut expected: Vec<String> = tlog_tiles::Tile::new_tiles(8, 0, size)
            .iter()
            .map(|tile| tile.path().replace("tile/8/", ""))
            .collect();
        let found: Vec<String> = Tile::hash_tiles(size).map(|it| it.to_string()).collect();
        expected.sort_by_key(|path| found.iter().position(|it| it == path));
        assert_eq!(found, expected, "{size}");
    }
}

#[test]
fn a_tile_fits_once_the_log_has_grown() {
    let check = |tile: Tile, size: u64| {
        assert!(tile.fits(size) && !tile.fits(size - 1), "{tile}");
    };
    check(hashes(0, 0, 256), 256);
    check(hashes(0, 2, 3), 515);
    check(entries(2, 3), 515);
    check(hashes(1, 0, 3), 3 * 256);
    check(hashes(2, 1, 1), 257 * 65_536);
    check(hashes(6, 0, 31), 31 << 48);
    assert!(!hashes(8, 0, 1).fits(u64::MAX) && !hashes(63, 0, 1).fits(u64::MAX));
    assert!(!entries(u64::MAX, 1).fits(u64::MAX));
}

#[test]
fn entries_are_written_and_read() {
    let leaves: [&[u8]; 3] = [b"one", b"", b"three"];
    let bytes = encode_entries(leaves).unwrap();
    assert_eq!(bytes, b"\0\x03one\0\0\0\x05three");
    assert_eq!(decode_entries(&bytes, 3), Ok(leaves.to_vec()));
    for width in [0, 1, 2, 4, 256] {
        assert_eq!(decode_entries(&bytes, width), Err(TileError::Entries));
    }
    for length in 0..bytes.len() {
        assert_eq!(decode_entries(&bytes[..length], 3), Err(TileError::Entries), "{length}");
    }
    let longer = [&bytes[..], b"\0"].concat();
    assert_eq!(decode_entries(&longer, 3), Err(TileError::Entries));
    let long = vec![b'a'; 65_535];
    assert_eq!(decode_entries(&encode_entries([&long]).unwrap(), 1), Ok(vec![&long[..]]));
    assert_eq!(encode_entries([[b'a'; 65_536]]), Err(TileError::TooLong));
}

fn leaf(index: u64) -> Hash {
    leaf_hash(&index.to_be_bytes())
}

/// The files of a log as they pile up while it grows.
#[derive(Default)]
struct Folder(HashMap<String, Vec<u8>>);

impl Folder {
    fn publish(&mut self, tree: &Tree) {
        for tile in Tile::hash_tiles(tree.len()) {
            let bytes = tile.hash_bytes(tree).unwrap();
            let before = self.0.insert(tile.to_string(), bytes.clone());
            assert!(before.is_none_or(|before| before == bytes), "{tile} changed");
        }
    }

    /// Partial tiles whose full tile is there.
    fn prune(&mut self) {
        let full = |path: &str| path.split(".p/").next().unwrap().to_owned();
        let paths: Vec<String> = self.0.keys().cloned().collect();
        for path in paths.iter().filter(|path| path.contains(".p/")) {
            if self.0.contains_key(&full(path)) {
                self.0.remove(path);
            }
        }
    }
}

/// A client of the reference code, which knows the files alone.
impl TileReader for Folder {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &tlog_tiles::Tile| {
            let path = tile.path().replace("tile/8/", "");
            let width = tile.width() as usize * 32;
            let found = self.0.get(&path).or_else(|| self.0.get(path.split(".p/").next()?));
            found.map(|bytes| bytes[..width].to_vec())
        };
        let found: Option<Vec<Vec<u8>>> = tiles.iter().map(read).collect();
        found.ok_or(tlog_tiles::Error::InvalidTile)
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

/// That the files reproduce this root, and one leaf below it.
fn reproduces(folder: &Folder, size: u64, root: Hash) {
    let reader = TileHashReader::new(size, TlogHash(root), folder);
    let read = tlog_tiles::tree_hash(size, &reader);
    assert_eq!(read.map(|root| root.0).ok(), Some(root), "{size}");
    let index = size * 7 % 11 * size / 11;
    let read = reader.read_hashes(&[tlog_tiles::stored_hash_index(0, index)]);
    assert_eq!(read.ok(), Some(vec![TlogHash(leaf(index))]), "{index} of {size}");
}

#[test]
fn tile_files_alone_reproduce_every_signed_size() {
    let (mut tree, mut folder, mut signed) = (Tree::new(), Folder::default(), Vec::new());
    let sizes = (1..=600).chain([601, 1000, 5000, 65_535, 65_536, 65_537, 70_000, 70_001]);
    for size in sizes {
        while tree.len() < size {
            tree.append(leaf(tree.len()));
        }
        folder.publish(&tree);
        signed.push((size, tree.root()));
        reproduces(&folder, size, tree.root());
    }
    let count = folder.0.len();
    folder.prune();
    assert!(folder.0.len() < count - 500);
    for (size, root) in signed {
        reproduces(&folder, size, root);
    }
}

#[test]
fn a_spoilt_tile_reproduces_no_root() {
    let (mut tree, mut folder) = (Tree::new(), Folder::default());
    for index in 0..600 {
        tree.append(leaf(index));
    }
    folder.publish(&tree);
    // The tiles that make up the root.
    for path in ["0/002.p/88", "1/000.p/2"] {
        let good = folder.0[path].clone();
        for flipped in flips(&good).step_by(9) {
            folder.0.insert(path.to_owned(), flipped);
            let reader = TileHashReader::new(600, TlogHash(tree.root()), &folder);
            let read = reader.read_hashes(&[tlog_tiles::stored_hash_index(0, 599)]);
            assert!(read.is_err(), "{path}");
        }
        folder.0.insert(path.to_owned(), good);
    }
    // A full tile hangs on one hash of the tile above it.
    let (below, above) = (&folder.0["0/001"], &folder.0["1/000.p/2"]);
    assert_eq!(tlog_tiles::Tile::subtree_hash(below).0, above[32..]);
    for flipped in flips(below).step_by(73) {
        assert_ne!(tlog_tiles::Tile::subtree_hash(&flipped).0, above[32..]);
    }
    assert_eq!(hashes(0, 3, 1).hash_bytes(&tree), None);
    assert_eq!(hashes(0, 2, 89).hash_bytes(&tree), None);
    assert_eq!(entries(0, 1).hash_bytes(&tree), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn random_sizes_are_reproduced(mut sizes in prop::collection::vec(1_u64..20_000, 1..8)) {
        sizes.sort_unstable();
        let (mut tree, mut folder, mut signed) = (Tree::new(), Folder::default(), Vec::new());
        for size in sizes {
            while tree.len() < size {
                tree.append(leaf(tree.len()));
            }
            folder.publish(&tree);
            signed.push((size, tree.root()));
        }
        folder.prune();
        for (size, root) in signed {
            reproduces(&folder, size, root);
        }
    }

    #[test]
    fn what_is_printed_is_parsed(level in 0..=63_u8, index: u64, width in 1..=256_u16) {
        for tile in [hashes(level, index, width), entries(index, width)] {
            prop_assert_eq!(tile.to_string().parse(), Ok(tile));
        }
    }

    /// tlog_tiles writes the height into its paths and `data` for `entries`.
    #[test]
    fn paths_are_those_of_the_reference_code(level in 0..=63_u8, index: u64, width in 1..=256_u16) {
        let reference = tlog_tiles::Tile::new(8, level, index, u32::from(width), false);
        let path = hashes(level, index, width).to_string();
        prop_assert_eq!(format!("tile/8/{path}"), reference.path());
    }

    #[test]
    fn what_is_parsed_is_printed(path in r"(entries|[0-9]{1,2})(/x?[0-9]{2,4}){1,4}(\.p/[0-9]{1,3})?") {
        if let Ok(tile) = path.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), path);
        }
    }
}
