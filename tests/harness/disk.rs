//! A disk that loses its power: what a trace of writes and syncs leaves, if only what was synced is
//! sure to be there.
//!
//! The model is stricter than ext4: an un-synced write is kept, lost or torn at a sector, in any order;
//! a file's name is sure only once its folder is synced, whatever was synced of the file;
//! `sync_file_range`, which is all that sled's `flush()` does, makes nothing sure (adr/0002).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const SECTOR_BYTES: usize = 512;

/// One change, as the shim recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    Create(PathBuf),
    Write {
        path: PathBuf,
        at: usize,
        data: Vec<u8>,
    },
    Truncate {
        path: PathBuf,
        size: usize,
    },
    Sync(PathBuf),
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Unlink(PathBuf),
    MakeFolder(PathBuf),
    RemoveFolder(PathBuf),
    /// Something the model does not know.
    Unknown(PathBuf, String),
}

/// The changes of a trace, each with where its record ends.
pub fn read_trace(bytes: &[u8]) -> Vec<(usize, Op)> {
    let mut ops = Vec::new();
    let mut at = 0;
    let mut take = |len: usize| {
        let part = &bytes[at..at + len];
        at += len;
        (part, at)
    };
    let mut left = bytes.len();
    while left > 0 {
        let number = |part: &[u8]| u32::from_ne_bytes(part.try_into().unwrap()) as usize;
        let op = take(1).0[0];
        let path_len = number(take(4).0);
        let path = PathBuf::from(String::from_utf8(take(path_len).0.to_vec()).unwrap());
        let offset = i64::from_ne_bytes(take(8).0.try_into().unwrap());
        let offset = usize::try_from(offset).unwrap();
        let data_len = number(take(4).0);
        let (data, end) = take(data_len);
        let data = data.to_vec();
        let text = || String::from_utf8(data.clone()).unwrap();
        ops.push((
            end,
            match op {
                b'C' => Op::Create(path),
                b'W' => Op::Write { path, at: offset, data },
                b'T' => Op::Truncate { path, size: offset },
                b'S' => Op::Sync(path),
                b'R' => Op::Rename { from: path, to: text().into() },
                b'U' => Op::Unlink(path),
                b'M' => Op::MakeFolder(path),
                b'D' => Op::RemoveFolder(path),
                _ => Op::Unknown(path, text()),
            },
        ));
        left = bytes.len() - end;
    }
    ops
}

/// What a file or folder is, whatever its name.
#[derive(Debug, Clone, Default)]
struct Node {
    folder: bool,
    now: Vec<u8>,
    sure: Vec<u8>,
    /// Since it was synced.
    pending: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Size(usize),
}

type Names = BTreeMap<PathBuf, usize>;

/// A change of a folder's names that is not sure yet.
#[derive(Debug, Clone)]
enum Naming {
    Add(PathBuf, usize),
    Remove(PathBuf),
    Move(PathBuf, PathBuf, usize),
}

/// The disk after some part of a trace.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    nodes: Vec<Node>,
    now: Names,
    sure: Names,
    pending: Vec<Naming>,
}

impl Disk {
    /// A disk that holds a folder, all of it sure.
    pub fn of(root: &Path) -> Disk {
        let mut disk = Disk::default();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let is_folder = path.is_dir();
                // A socket is nothing that is kept.
                if !is_folder && !path.is_file() {
                    continue;
                }
                let now = if is_folder { Vec::new() } else { fs::read(&path).unwrap() };
                let node = disk.add(is_folder, now);
                disk.now.insert(path.clone(), node);
                if is_folder {
                    folders.push(path);
                }
            }
        }
        disk.sure = disk.now.clone();
        disk
    }

    fn add(&mut self, folder: bool, now: Vec<u8>) -> usize {
        self.nodes.push(Node { folder, sure: now.clone(), now, pending: Vec::new() });
        self.nodes.len() - 1
    }

    /// The disk after one more change.
    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Create(path) | Op::MakeFolder(path) => {
                let node = self.add(matches!(op, Op::MakeFolder(_)), Vec::new());
                self.now.insert(path.clone(), node);
                self.pending.push(Naming::Add(path.clone(), node));
            }
            Op::Write { path, at, data } => {
                // A file that was unlinked while open is nobody's.
                let Some(node) = self.now.get(path) else { return };
                let node = &mut self.nodes[*node];
                write(&mut node.now, *at, data);
                node.pending.push(Change::Write(*at, data.clone()));
            }
            Op::Truncate { path, size } => {
                let Some(node) = self.now.get(path) else { return };
                let node = &mut self.nodes[*node];
                node.now.resize(*size, 0);
                node.pending.push(Change::Size(*size));
            }
            Op::Sync(path) => {
                let Some(node) = self.now.get(path).copied() else { return self.sync_names(path) };
                if self.nodes[node].folder {
                    self.sync_names(path);
                } else {
                    let node = &mut self.nodes[node];
                    node.sure.clone_from(&node.now);
                    node.pending.clear();
                }
            }
            Op::Rename { from, to } => {
                if let Some(node) = self.now.remove(from) {
                    self.now.insert(to.clone(), node);
                    self.pending.push(Naming::Move(from.clone(), to.clone(), node));
                }
            }
            Op::Unlink(path) | Op::RemoveFolder(path) => {
                self.now.remove(path);
                self.pending.push(Naming::Remove(path.clone()));
            }
            Op::Unknown(path, what) => panic!("{what} of {}", path.display()),
        }
    }

    fn sync_names(&mut self, folder: &Path) {
        let here = |path: &Path| path.parent() == Some(folder);
        let (done, left): (Vec<Naming>, Vec<Naming>) =
            std::mem::take(&mut self.pending).into_iter().partition(|naming| match naming {
                Naming::Add(path, _) | Naming::Remove(path) | Naming::Move(_, path, _) => {
                    here(path)
                }
            });
        self.pending = left;
        done.iter().for_each(|naming| name(&mut self.sure, naming));
    }

    /// The files as they are while there is power.
    pub fn files(&self) -> BTreeMap<PathBuf, &[u8]> {
        let files = self.now.iter().filter(|(_, node)| !self.nodes[**node].folder);
        files.map(|(path, node)| (path.clone(), &self.nodes[*node].now[..])).collect()
    }

    /// Puts into `to` what the folder `root` may hold once the power is back.
    pub fn crash(&self, root: &Path, to: &Path, dice: &mut Dice) {
        let mut names = self.sure.clone();
        for naming in &self.pending {
            if dice.roll(2) == 0 {
                name(&mut names, naming);
            }
        }
        fs::create_dir_all(to).unwrap();
        for (path, node) in &names {
            let node = &self.nodes[*node];
            let place = to.join(path.strip_prefix(root).unwrap());
            if node.folder {
                fs::create_dir_all(&place).unwrap();
                continue;
            }
            // Its folder's name may be lost: then it is, too.
            if !place.parent().is_some_and(Path::is_dir) {
                continue;
            }
            fs::write(&place, node.left(dice)).unwrap();
        }
    }
}

impl Node {
    fn left(&self, dice: &mut Dice) -> Vec<u8> {
        let mut data = self.sure.clone();
        let mut changes: Vec<&Change> = self.pending.iter().collect();
        // All kept, all lost, or each by chance; in order, or in any.
        let mood = dice.roll(4);
        if mood == 0 {
            changes.clear();
        }
        if mood == 1 {
            for n in (1..changes.len()).rev() {
                changes.swap(n, dice.roll(n + 1));
            }
        }
        for change in changes {
            match (change, if mood == 2 { 1 } else { dice.roll(3) }) {
                (_, 0) => {}
                (Change::Size(size), _) => data.resize(*size, 0),
                (Change::Write(at, bytes), 1) => write(&mut data, *at, bytes),
                (Change::Write(at, bytes), _) => {
                    for (n, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
                        if dice.roll(2) == 0 {
                            write(&mut data, at + n * SECTOR_BYTES, sector);
                        }
                    }
                }
            }
        }
        data
    }
}

fn write(data: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if data.len() < at + bytes.len() {
        data.resize(at + bytes.len(), 0);
    }
    data[at..at + bytes.len()].copy_from_slice(bytes);
}

fn name(names: &mut Names, naming: &Naming) {
    match naming {
        Naming::Add(path, node) => {
            names.insert(path.clone(), *node);
        }
        Naming::Remove(path) => {
            names.remove(path);
        }
        Naming::Move(from, to, node) => {
            names.remove(from);
            names.insert(to.clone(), *node);
        }
    }
}

/// Chance that can be repeated (SplitMix64).
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }
}
