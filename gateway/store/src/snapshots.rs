//! sled's snapshots, which it needs and does not guard: after the first restart a database without
//! its snapshot opens with what it held before that restart, and no more.
//!
//! Two things can happen when the power fails while it opens. A snapshot half written,
//! `snap.*.generating`, is taken for a whole one, and the database does not open: it is removed, since
//! nobody needs it. And the new snapshot's name may not be there while the old one's is gone, since
//! sled syncs no folder: so a copy of the old one is kept beside, and put back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::write_durably;

/// Makes the snapshots in `dir` fit to be opened, and keeps a copy of the newest.
pub fn guard(dir: &Path) -> io::Result<()> {
    let beside = dir.with_extension("snapshots");
    let (mut whole, kept) = (whole(dir)?, whole(&beside)?);
    whole.sort();
    match (whole.last(), kept.iter().max()) {
        (Some(newest), _) => {
            fs::create_dir_all(&beside)?;
            copy(newest, &beside)?;
            crate::sync_folder_of(&beside)?;
            for old in kept.iter().filter(|old| old.file_name() != newest.file_name()) {
                fs::remove_file(old)?;
            }
        }
        (None, Some(kept)) if dir.join("db").exists() => copy(kept, dir)?,
        (None, _) => {}
    }
    Ok(())
}

fn copy(from: &Path, folder: &Path) -> io::Result<()> {
    let name = from.file_name().unwrap_or_default();
    write_durably(&folder.join(name), &fs::read(from)?, 0o600)
}

/// The whole snapshots in a folder; what a crash left half written, by sled or by a copy of ours, is
/// removed.
fn whole(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let is_half = |path: &PathBuf| {
        path.extension().is_some_and(|end| ["generating", "new"].iter().any(|half| end == *half))
    };
    let (half, whole): (Vec<PathBuf>, Vec<PathBuf>) = named(folder)?.into_iter().partition(is_half);
    half.iter().try_for_each(fs::remove_file)?;
    Ok(whole)
}

/// The files in a folder that are called like snapshots; none, if it is not there.
fn named(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("snap.") {
            found.push(entry.path());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Path, name: &str, text: &str) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(name), text).unwrap();
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = named(folder)
            .unwrap()
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn half_a_snapshot_goes_and_a_lost_one_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("log");
        let beside = folder.path().join("log.snapshots");
        guard(&dir).unwrap();
        assert!(!beside.exists(), "there is nothing to keep");
        written(&dir, "db", "");
        written(&dir, "snap.01", "one");
        written(&dir, "snap.02.generating", "tw");
        written(&dir, "snap.02.new", "tw");
        written(&beside, "snap.02.new", "t");
        guard(&dir).unwrap();
        assert_eq!((names(&dir), names(&beside)), (vec!["snap.01".into()], vec!["snap.01".into()]));
        fs::remove_file(dir.join("snap.01")).unwrap();
        guard(&dir).unwrap();
        assert_eq!(fs::read(dir.join("snap.01")).unwrap(), b"one");
        written(&dir, "snap.02", "two");
        guard(&dir).unwrap();
        assert_eq!(names(&beside), ["snap.02"]);
        // A log that is not there does not get another's.
        let _ = fs::remove_dir_all(&dir);
        guard(&dir).unwrap();
        assert!(!dir.exists());
    }
}
