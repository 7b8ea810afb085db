//! Writing an evidence bundle: a directory of five files that proves itself offline.
//!
//! `log.vkey`, `checkpoint`, `leaves.jsonl`, `entries.jsonl`, and `manifest.json`, which holds the
//! SHA-256 of the other four and is written last. Reading one is in `verify`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::canonical;
use crate::opening::{Opening, OpeningError};

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const CHECKPOINT: &str = "checkpoint";
pub(crate) const ENTRIES: &str = "entries.jsonl";
pub(crate) const LEAVES: &str = "leaves.jsonl";
pub(crate) const VKEY: &str = "log.vkey";
/// The longest line of any file, without its line end.
pub(crate) const LINE_BYTES_MAX: usize = 1024 * 1024;

/// What goes into a bundle. The iterators may fail, as a reader of stored leaves can.
pub struct BundleParts<'a, L, O> {
    /// The log's public key, as `LogKey::vkey` gives it.
    pub vkey: &'a str,
    /// The signed checkpoint.
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
    /// Line `{1}` (from 0) of file `{0}` is over the limit or holds a line end.
    #[error("line {1} of {0} cannot be written")]
    Line(&'static str, u64),
    /// An opening cannot be written.
    #[error("entry {0}: {1}")]
    Opening(u64, OpeningError),
    /// Reading the source or writing the files failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// `manifest.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) files: ManifestFiles,
    pub(crate) format: String,
    pub(crate) version: u64,
}

/// SHA-256 of each file, in hex.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ManifestFiles {
    pub(crate) checkpoint: String,
    #[serde(rename = "entries.jsonl")]
    pub(crate) entries: String,
    #[serde(rename = "leaves.jsonl")]
    pub(crate) leaves: String,
    #[serde(rename = "log.vkey")]
    pub(crate) vkey: String,
}

impl Manifest {
    pub(crate) const FORMAT: &str = "loopgate-bundle";
    pub(crate) const VERSION: u64 = 1;
}

/// Writes a bundle into `dir`, which is made if absent and must be empty. No fsync.
pub fn write_bundle<L, O>(dir: &Path, parts: BundleParts<'_, L, O>) -> Result<(), BundleError>
where
    L: IntoIterator<Item = io::Result<Vec<u8>>>,
    O: IntoIterator<Item = io::Result<Opening>>,
{
    fs::create_dir_all(dir)?;
    if fs::read_dir(dir)?.next().is_some() {
        return Err(BundleError::NotEmpty);
    }
    let mut vkey = HashedFile::create(dir, VKEY)?;
    vkey.line(parts.vkey.as_bytes())?;
    let mut checkpoint = HashedFile::create(dir, CHECKPOINT)?;
    checkpoint.write(parts.checkpoint_note.as_bytes())?;
    let mut leaves = HashedFile::create(dir, LEAVES)?;
    for leaf in parts.leaves {
        leaves.line(&leaf?)?;
    }
    let mut entries = HashedFile::create(dir, ENTRIES)?;
    for opening in parts.openings {
        let opening = opening?;
        let text = opening.to_json();
        let text = text.map_err(|why| BundleError::Opening(opening.index, why))?;
        entries.line(text.as_bytes())?;
    }
    let manifest = Manifest {
        files: ManifestFiles {
            checkpoint: checkpoint.finish()?,
            entries: entries.finish()?,
            leaves: leaves.finish()?,
            vkey: vkey.finish()?,
        },
        format: Manifest::FORMAT.to_owned(),
        version: Manifest::VERSION,
    };
    let mut file = HashedFile::create(dir, MANIFEST)?;
    file.write(canonical::write(&manifest).as_bytes())?;
    file.finish()?;
    Ok(())
}

struct HashedFile {
    name: &'static str,
    lines: u64,
    file: BufWriter<File>,
    hasher: Sha256,
}

impl HashedFile {
    fn create(dir: &Path, name: &'static str) -> io::Result<HashedFile> {
        let path = dir.join(name);
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(HashedFile { name, lines: 0, file: BufWriter::new(file), hasher: Sha256::new() })
    }

    fn line(&mut self, line: &[u8]) -> Result<(), BundleError> {
        if line.len() > LINE_BYTES_MAX || line.contains(&b'\n') {
            return Err(BundleError::Line(self.name, self.lines));
        }
        self.write(line)?;
        self.write(b"\n")?;
        self.lines += 1;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.file.write_all(bytes)
    }

    fn finish(mut self) -> io::Result<String> {
        self.file.flush()?;
        Ok(hex::encode(self.hasher.finalize()))
    }
}
