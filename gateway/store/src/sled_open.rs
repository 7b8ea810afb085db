//! Opening sled 0.34.7, which panics on some damaged files, keeps its lock for a moment after it was
//! dropped, and does not open what the power failed under while it was being made.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::Outage;
use crate::files::lock;

/// sled may panic on damaged files; that is a database that does not open, not a crash.
pub(crate) fn open_sled(dir: &Path, cache_bytes: u64) -> Result<sled::Db, Outage> {
    let config = sled::Config::new()
        .path(dir)
        .cache_capacity(cache_bytes)
        .flush_every_ms(None)
        .mode(sled::Mode::HighThroughput);
    match catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(error))) => Err(Outage::disk(error)),
        Ok(Err(_)) => Err(Outage::DoesNotOpen("sled found it corrupt")),
        Err(_) => Err(Outage::DoesNotOpen("sled panicked on it")),
    }
}

/// Opens a database that may not have been made whole: the power failed before anything could be
/// acknowledged. It is kept aside, for whoever knows better, and made anew.
pub(crate) fn open_unborn(dir: &Path, cache_bytes: u64) -> Result<sled::Db, Outage> {
    match open_sled(dir, cache_bytes) {
        Err(Outage::DoesNotOpen(_)) => {
            std::fs::rename(dir, free_name(dir)).map_err(Outage::disk)?;
            open_sled(dir, cache_bytes)
        }
        opened => opened,
    }
}

/// Waits until sled's own threads have let go of a database that nobody has open.
pub(crate) fn let_go(dir: &Path) -> Result<(), Outage> {
    let file = match std::fs::File::open(dir.join("db")) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        file => file.map_err(Outage::disk)?,
    };
    lock(&file)
}

/// A name beside `dir` that nothing has.
fn free_name(dir: &Path) -> PathBuf {
    let mut names = (0u32..).map(|n| dir.with_extension(format!("unborn-{n}")));
    let free = names.find(|name| !name.exists());
    free.unwrap_or_else(|| dir.with_extension("unborn"))
}
