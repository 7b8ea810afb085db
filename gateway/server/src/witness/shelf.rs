//! What a witness cosigned last, a file for each log: `state/<SHA-256 of the origin, hex>`, three lines of
//! origin, size and root in hex. Replaced at once or not at all, one log at a time.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use loopgate_ledger::{Hash, Known, Shelf};
use loopgate_store::write_durably;
use sha2::{Digest, Sha256};

use super::WitnessError;

/// The files, and a lock for each log.
pub(super) struct Shelves {
    folder: PathBuf,
    locks: BTreeMap<String, Mutex<()>>,
}

impl Shelves {
    pub(super) fn new<'a>(folder: &Path, origins: impl Iterator<Item = &'a str>) -> Shelves {
        let locks = origins.map(|origin| (origin.to_owned(), Mutex::default())).collect();
        Shelves { folder: folder.to_owned(), locks }
    }

    /// A log that nothing was cosigned of, unless it has a state.
    pub(super) fn begin(&self, origin: &str) -> Result<(), WitnessError> {
        let path = self.path(origin);
        if path.exists() {
            return self
                .read(origin)
                .map(|_| ())
                .map_err(|_| WitnessError::Lost(origin.to_owned()));
        }
        self.write(origin, &Known::nothing()).map_err(|error| WitnessError::File(path, error))
    }

    /// What was cosigned last. A missing file is an error, as is one that says anything else.
    pub(super) fn read(&self, origin: &str) -> io::Result<Known> {
        let text = std::fs::read_to_string(self.path(origin))?;
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "the state is broken");
        let mut lines = text.lines().skip(1);
        let size = lines.next().and_then(|size| size.parse().ok()).ok_or_else(broken)?;
        let mut root: Hash = [0; 32];
        hex::decode_to_slice(lines.next().unwrap_or_default(), &mut root).map_err(|_| broken())?;
        let known = Known { size, root };
        if spelt(origin, &known) == text { Ok(known) } else { Err(broken()) }
    }

    fn write(&self, origin: &str, known: &Known) -> io::Result<()> {
        write_durably(&self.path(origin), spelt(origin, known).as_bytes(), 0o600)
    }

    fn path(&self, origin: &str) -> PathBuf {
        self.folder.join(hex::encode(Sha256::digest(origin.as_bytes())))
    }
}

impl Shelf for &Shelves {
    type Error = io::Error;

    fn load(&mut self, origin: &str) -> io::Result<Known> {
        self.read(origin)
    }

    fn replace(&mut self, origin: &str, old: &Known, new: &Known) -> io::Result<bool> {
        let Some(lock) = self.locks.get(origin) else { return Ok(false) };
        let _held = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if self.read(origin)? != *old {
            return Ok(false);
        }
        self.write(origin, new)?;
        Ok(true)
    }
}

fn spelt(origin: &str, known: &Known) -> String {
    format!("{origin}\n{}\n{}\n", known.size, hex::encode(known.root))
}
