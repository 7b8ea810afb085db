//! Reading a bundle's files: each once, within limits, hashing every byte that is looked at.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::bundle::{CHECKPOINT, ENTRIES, LEAVES, LINE_BYTES_MAX, MANIFEST, VKEY};
use crate::report::Problem;
use crate::tree::Hash;

const FILES: [&str; 5] = [CHECKPOINT, ENTRIES, LEAVES, VKEY, MANIFEST];

/// Exactly the five files, each a plain one.
pub(crate) fn check_listing(dir: &Path) -> Result<(), Problem> {
    let listing = fs::read_dir(dir).map_err(|_| Problem::of_bundle("the bundle cannot be read"))?;
    for item in listing {
        let item = item.map_err(|_| Problem::of_bundle("the bundle cannot be read"))?;
        let name = item.file_name();
        let listed = FILES.iter().any(|known| *known == name);
        if !listed {
            return Err(Problem::of_bundle("a file is not listed in the manifest"));
        }
    }
    for name in FILES {
        let plain = fs::symlink_metadata(dir.join(name)).is_ok_and(|meta| meta.is_file());
        if !plain {
            let text = format!("{name} is missing or not a plain file");
            return Err(Problem::of_bundle(text));
        }
    }
    Ok(())
}

/// A whole small file and its SHA-256.
pub(crate) fn read_small(
    dir: &Path,
    name: &str,
    bytes_max: usize,
) -> Result<(Vec<u8>, Hash), Problem> {
    let unreadable = || Problem::of_bundle(format!("{name} cannot be read"));
    let file = File::open(dir.join(name)).map_err(|_| unreadable())?;
    let mut bytes = Vec::new();
    let mut limited = file.take(bytes_max as u64 + 1);
    limited.read_to_end(&mut bytes).map_err(|_| unreadable())?;
    if bytes.len() > bytes_max {
        return Err(Problem::of_bundle(format!("{name} is too long")));
    }
    let hash = Sha256::digest(&bytes).into();
    Ok((bytes, hash))
}

/// A file of lines, each ended by `\n`, hashed as it is read.
pub(crate) struct Lines {
    name: &'static str,
    reader: BufReader<File>,
    hasher: Sha256,
    count: u64,
}

impl Lines {
    pub(crate) fn open(dir: &Path, name: &'static str) -> Result<Lines, Problem> {
        let file = File::open(dir.join(name));
        let unreadable = |_| Problem::of_bundle(format!("{name} cannot be read"));
        let file = file.map_err(unreadable)?;
        Ok(Lines {
            name,
            reader: BufReader::with_capacity(64 * 1024, file),
            hasher: Sha256::new(),
            count: 0,
        })
    }

    /// The next line without its end; `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        let mut line = Vec::new();
        let limit = LINE_BYTES_MAX as u64 + 1;
        let mut limited = (&mut self.reader).take(limit);
        let read = limited.read_until(b'\n', &mut line);
        read.map_err(|_| Problem::of_bundle(format!("{} cannot be read", self.name)))?;
        if line.is_empty() {
            return Ok(None);
        }
        self.hasher.update(&line);
        if line.pop() != Some(b'\n') {
            let (name, at) = (self.name, self.count);
            let text = format!("line {at} of {name} is too long or has no line end");
            return Err(Problem::of_bundle(text));
        }
        self.count += 1;
        Ok(Some(line))
    }

    /// The SHA-256 of what was read: of the whole file, once `next` gave `None`.
    pub(crate) fn hash(self) -> Hash {
        self.hasher.finalize().into()
    }
}
