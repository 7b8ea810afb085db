//! Reading a bundle's files: plain ones only, each within its limit.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::bundle::LINE_BYTES_MAX;
use crate::manifest::{MANIFEST, Manifest};
use crate::report::Problem;
use crate::tree::Hash;

/// How much of a file of lines is looked at in one go.
const CHUNK_BYTES: u64 = 256 * 1024;

/// Exactly the listed files and the manifest, each a plain one, and no folder that holds none.
pub(crate) fn check_listing(dir: &Path, manifest: &Manifest) -> Result<(), Problem> {
    let mut found = vec![false; manifest.paths().len()];
    walk(dir, "", manifest, &mut found)?;
    match manifest.paths().zip(found).find(|(_, found)| !found) {
        Some((path, _)) => Err(not_plain(path)),
        None => Ok(()),
    }
}

/// `below` is the path of this folder within the bundle, with its final `/`.
fn walk(dir: &Path, below: &str, manifest: &Manifest, found: &mut [bool]) -> Result<(), Problem> {
    let unreadable = |_| Problem::of_bundle("the bundle cannot be read");
    let unlisted = || Problem::of_bundle("a file is not listed in the manifest");
    for item in fs::read_dir(dir).map_err(unreadable)? {
        let item = item.map_err(unreadable)?;
        let kind = item.file_type().map_err(unreadable)?;
        let path = format!("{below}{}", item.file_name().to_str().ok_or_else(unlisted)?);
        match manifest.position(&path) {
            Some(at) if kind.is_file() => found[at] = true,
            Some(_) => return Err(not_plain(&path)),
            None if path == MANIFEST && kind.is_file() => {}
            None => {
                let folder = path + "/";
                if !kind.is_dir() || !manifest.has_folder(&folder) {
                    return Err(unlisted());
                }
                walk(&item.path(), &folder, manifest, found)?;
            }
        }
    }
    Ok(())
}

fn not_plain(path: &str) -> Problem {
    Problem::of_bundle(format!("{path} is missing or not a plain file"))
}

/// A file that is no link, no folder and no device.
fn open(dir: &Path, path: &str) -> Result<File, Problem> {
    let place = dir.join(path);
    let plain = fs::symlink_metadata(&place).is_ok_and(|meta| meta.is_file());
    let file = plain.then(|| File::open(place).ok()).flatten();
    file.ok_or_else(|| not_plain(path))
}

/// A whole file of at most so many bytes, and its SHA-256.
pub(crate) fn read_small(
    dir: &Path,
    path: &str,
    bytes_max: usize,
) -> Result<(Vec<u8>, Hash), Problem> {
    let file = open(dir, path)?;
    let mut bytes = Vec::new();
    let read = file.take(bytes_max as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|_| Problem::of_bundle(format!("{path} cannot be read")))?;
    if bytes.len() > bytes_max {
        return Err(Problem::of_bundle(format!("{path} is too long")));
    }
    let hash = Sha256::digest(&bytes).into();
    Ok((bytes, hash))
}

/// A file of lines, in pieces of whole lines.
pub(crate) struct Chunks {
    file: File,
    /// The start of a line whose end was not in the last piece.
    begun: Vec<u8>,
}

impl Chunks {
    pub(crate) fn open(dir: &Path, path: &str) -> Result<Chunks, Problem> {
        Ok(Chunks { file: open(dir, path)?, begun: Vec::new() })
    }

    /// The next piece; false after the last. It ends with a line end, unless a line is over
    /// [`LINE_BYTES_MAX`] or is the file's last and has none.
    pub(crate) fn next(&mut self, chunk: &mut Vec<u8>) -> io::Result<bool> {
        chunk.clear();
        std::mem::swap(chunk, &mut self.begun);
        loop {
            let before = chunk.len();
            if (&mut self.file).take(CHUNK_BYTES).read_to_end(chunk)? == 0 {
                return Ok(!chunk.is_empty());
            }
            let end = chunk[before..].iter().rposition(|byte| *byte == b'\n');
            if let Some(end) = end.map(|end| before + end + 1) {
                self.begun.extend_from_slice(&chunk[end..]);
                chunk.truncate(end);
                return Ok(true);
            }
            if chunk.len() > LINE_BYTES_MAX {
                return Ok(true);
            }
        }
    }
}

/// The lines of one file that stands alone, each ended by `\n` and within the limit.
pub(crate) struct Lines {
    reader: BufReader<File>,
    /// What the file is, for the texts.
    what: &'static str,
    /// How many lines were read.
    pub(crate) at: u64,
}

impl Lines {
    pub(crate) fn open(path: &Path, what: &'static str) -> Result<Lines, Problem> {
        let file = File::open(path);
        let file = file.map_err(|_| Problem::of_bundle(format!("{what} cannot be read")))?;
        Ok(Lines { reader: BufReader::new(file), what, at: 0 })
    }

    /// The next line without its end; `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        let (what, mut line) = (self.what, Vec::new());
        let mut limited = (&mut self.reader).take(LINE_BYTES_MAX as u64 + 1);
        let read = limited.read_until(b'\n', &mut line);
        read.map_err(|_| Problem::of_bundle(format!("{what} cannot be read")))?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.pop() != Some(b'\n') {
            let text = format!("line {} of {what} is too long or has no line end", self.at);
            return Err(Problem::of_bundle(text));
        }
        self.at += 1;
        Ok(Some(line))
    }
}
