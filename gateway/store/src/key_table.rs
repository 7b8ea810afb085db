//! What the log knows of keys, by name, and which epoch it is in: a sled of its own.
//!
//! Frames carry the keys they need, so rows that came with frames are kept in memory and written many
//! at a time: whoever opens the table again folds the frames from its stamp on. Rows that were
//! wrapped anew or destroyed are in no frame: they are durable when [`KeyTable::commit`] returns, by
//! one batch, `flush()` and `sync_data()` on sled's file (adr/0002).
//!
//! Not here: frames, and who may write.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use crate::sled_open::{open_sled, open_unborn};
use crate::{CommitStep, KeyName, KeyRow, Outage, snapshots, write_durably};

const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// How many rows one batch holds: a leaf node of sled's is far from being a blob file, which no sync
/// covers, with rows of some 80 bytes.
pub(crate) const BATCH_ROWS_MAX: usize = 4096;
const STAMP: &[u8] = b"s";
const KEY: &[u8] = b"k";

/// The table. Many read, one writes.
pub(crate) struct KeyTable {
    db: sled::Db,
    /// The open handle whose `sync_data` makes a commit durable.
    file: File,
    blobs: PathBuf,
    /// Rows of frames that are durable, while the table does not hold them.
    fresh: RwLock<BTreeMap<KeyName, KeyRow>>,
}

/// How far the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    /// The first frame whose keys may not be in it.
    pub next: u64,
    /// The newest epoch that took over.
    pub epoch: u64,
}

impl KeyTable {
    /// Opens the table, making it if it is not there.
    pub(crate) fn open(dir: &Path) -> Result<(KeyTable, Stamp), Outage> {
        let parent = dir.parent().ok_or(Outage::DoesNotOpen("it has no parent folder"))?;
        let born = dir.with_extension("born");
        let is_born = born.try_exists().map_err(Outage::disk)?;
        snapshots::guard(dir).map_err(Outage::disk)?;
        let db =
            if is_born { open_sled(dir, CACHE_BYTES)? } else { open_unborn(dir, CACHE_BYTES)? };
        let file = File::open(dir.join("db")).map_err(Outage::disk)?;
        // sled never syncs its `conf` nor the directory entries.
        db.flush()?;
        for path in [dir.join("conf"), dir.to_path_buf(), parent.to_path_buf()] {
            File::open(path).and_then(|file| file.sync_all()).map_err(Outage::disk)?;
        }
        file.sync_data().map_err(Outage::disk)?;
        if !is_born {
            write_durably(&born, b"", 0o600).map_err(Outage::disk)?;
        }
        let stamp = read_stamp(&db)?;
        let (blobs, fresh) = (dir.join("blobs"), RwLock::default());
        Ok((KeyTable { db, file, blobs, fresh }, stamp))
    }

    /// What is known of a key.
    pub(crate) fn key(&self, name: &KeyName) -> Result<Option<KeyRow>, Outage> {
        let fresh = self.fresh.read().unwrap_or_else(PoisonError::into_inner);
        match fresh.get(name) {
            Some(row) => Ok(Some(row.clone())),
            None => self.written(name),
        }
    }

    /// What is known of every key, by name.
    pub(crate) fn keys(&self) -> Result<Vec<(KeyName, KeyRow)>, Outage> {
        // First: a row goes from here into the table, never back.
        let fresh = self.fresh.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut rows = BTreeMap::new();
        for row in self.db.scan_prefix(KEY) {
            let (name, row) = row?;
            let name = name.get(1..).and_then(|name| name.try_into().ok());
            let name = KeyName::new(name.ok_or(Outage::Damaged("a key row has no name"))?);
            rows.insert(name, decoded(&row)?);
        }
        for (name, row) in fresh {
            let row = row.over(rows.remove(&name));
            rows.insert(name, row);
        }
        Ok(rows.into_iter().collect())
    }

    /// Takes note of rows that came with a durable frame. Returns how many are not written yet.
    pub(crate) fn note(
        &self,
        rows: impl IntoIterator<Item = (KeyName, KeyRow)>,
    ) -> Result<usize, Outage> {
        let mut fresh = self.fresh.write().unwrap_or_else(PoisonError::into_inner);
        for (name, row) in rows {
            let known = match fresh.get(&name) {
                Some(row) => Some(row.clone()),
                None => self.written(&name)?,
            };
            fresh.insert(name, row.over(known));
        }
        Ok(fresh.len())
    }

    /// Writes rows, and those that were noted, each over the one that is there. When it returns they
    /// survive power loss. After an error the table is unknown until it is opened again.
    pub(crate) fn commit(
        &self,
        rows: &[(KeyName, KeyRow)],
        stamp: Stamp,
        step: &mut dyn FnMut(CommitStep) -> Result<(), Outage>,
    ) -> Result<(), Outage> {
        self.note(rows.iter().cloned())?;
        let mut batch = sled::Batch::default();
        let fresh = self.fresh.read().unwrap_or_else(PoisonError::into_inner).clone();
        for (name, row) in &fresh {
            batch.insert(key_row(name), row.encode());
        }
        batch.insert(STAMP, [stamp.next.to_be_bytes(), stamp.epoch.to_be_bytes()].concat());
        step(CommitStep::Write)?;
        self.db.apply_batch(batch)?;
        self.db.flush()?;
        step(CommitStep::Sync)?;
        self.file.sync_data().map_err(Outage::disk)?;
        // COMMIT POINT: from here on the rows are durable.
        step(CommitStep::Synced)?;
        if self.blobs.read_dir().is_ok_and(|mut files| files.next().is_some()) {
            return Err(Outage::Damaged("sled wrote a blob file, which no sync covers"));
        }
        self.fresh.write().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    fn written(&self, name: &KeyName) -> Result<Option<KeyRow>, Outage> {
        self.db.get(key_row(name))?.map(|row| decoded(&row)).transpose()
    }
}

fn decoded(row: &[u8]) -> Result<KeyRow, Outage> {
    KeyRow::decode(row).ok_or(Outage::Damaged("a key row"))
}

fn key_row(name: &KeyName) -> Vec<u8> {
    [KEY, name.bytes()].concat()
}

fn read_stamp(db: &sled::Db) -> Result<Stamp, Outage> {
    let Some(row) = db.get(STAMP)? else { return Ok(Stamp::default()) };
    let (next, epoch) = row.split_at_checked(8).ok_or(Outage::Damaged("the keys' stamp"))?;
    let word = |bytes: &[u8]| {
        let word = bytes.try_into().map(u64::from_be_bytes);
        word.map_err(|_| Outage::Damaged("the keys' stamp"))
    };
    Ok(Stamp { next: word(next)?, epoch: word(epoch)? })
}
