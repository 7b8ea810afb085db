//! Room that is kept back, so that a process whose disk is full can still stop in order.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::files::{remove_if_there, sync_folder_of};

/// A file of zeros that is given up when the disk is full.
#[derive(Debug)]
pub struct Reserve {
    path: PathBuf,
    held: bool,
}

impl Reserve {
    /// How much is kept back unless something else is asked for, bytes.
    pub const BYTES: u64 = 64 * 1024 * 1024;

    /// Keeps so many bytes back. On a disk that has no room for them it keeps nothing back, and
    /// [`Reserve::is_held`] says so: that is no reason not to open what is there.
    pub fn hold(path: &Path, bytes: u64) -> io::Result<Reserve> {
        let mut reserve = Reserve { path: path.to_owned(), held: true };
        if fs::metadata(path).is_ok_and(|there| there.len() == bytes) {
            return Ok(reserve);
        }
        match fill(path, bytes) {
            Err(error) if is_full(&error) => reserve.release()?,
            filled => filled?,
        }
        Ok(reserve)
    }

    /// Whether anything is kept back.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Gives it up; the room is there when this returns.
    pub fn release(&mut self) -> io::Result<()> {
        self.held = false;
        remove_if_there(&self.path)?;
        sync_folder_of(&self.path)
    }
}

/// Real blocks: a file with a hole keeps nothing back.
fn fill(path: &Path, bytes: u64) -> io::Result<()> {
    remove_if_there(path)?;
    let mut file = File::create_new(path)?;
    let zeros = vec![0; 1024 * 1024];
    let mut left = bytes;
    while left > 0 {
        let part = left.min(zeros.len() as u64);
        file.write_all(&zeros[..part as usize])?;
        left -= part;
    }
    file.sync_all()?;
    sync_folder_of(path)
}

/// Whether the disk, or what this user may have of it, is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn room_is_kept_back_in_real_blocks_until_it_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("reserve");
        fs::write(&path, "a crash left it half").unwrap();
        for _ in 0..2 {
            assert!(Reserve::hold(&path, 3_000_000).unwrap().is_held());
            let there = fs::metadata(&path).unwrap();
            assert_eq!(there.len(), 3_000_000);
            assert!(there.blocks() * 512 >= 3_000_000);
        }
        let mut reserve = Reserve::hold(&path, 3_000_000).unwrap();
        for _ in 0..2 {
            reserve.release().unwrap();
            assert!(!reserve.is_held() && !path.exists());
        }
    }
}
