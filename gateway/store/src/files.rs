//! Files that survive power loss: written beside, synced, renamed, folder synced.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::Outage;

/// Replaces the file at `path` with `bytes`, at once or not at all, and durable when this returns.
/// `mode` is that of the new file, `0o600` for a secret.
pub fn write_durably(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let beside = beside(path)?;
    remove_if_there(&beside)?; // a crash left it
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_folder_of(path)
}

/// Where a file is written before it gets its name.
pub(crate) fn beside(path: &Path) -> io::Result<PathBuf> {
    let nameless = || io::Error::new(io::ErrorKind::InvalidInput, "the path names no file");
    let mut name = path.file_name().ok_or_else(nameless)?.to_owned();
    name.push(".new");
    Ok(path.with_file_name(name))
}

/// Makes the entry of `path` in its folder durable.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

/// How often a lock is tried before somebody has it for good.
const LOCK_TRIES_MAX: u32 = 300_000;

/// Locks a file until it is closed. One that is held for a moment is waited for: by threads of this
/// process that end, or by a child that was forked and has not begun.
pub(crate) fn lock(file: &File) -> Result<(), Outage> {
    for _ in 0..LOCK_TRIES_MAX {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            Err(TryLockError::Error(error)) => return Err(Outage::disk(error)),
        }
    }
    Err(Outage::DoesNotOpen("another process has it open"))
}

/// Removes a file, if it is there. The folder is not synced.
pub(crate) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_has_its_mode_although_a_crash_left_a_piece() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        fs::write(dir.path().join("secret.key.new"), "half").unwrap();
        fs::write(&path, "the longer text before").unwrap();
        write_durably(&path, b"after", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"after");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
