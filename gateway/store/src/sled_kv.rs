//! Projections on a sled of their own.

use std::ops::Bound;
use std::path::Path;

use crate::Outage;
use crate::kv::{Kv, KvChange, KvRow};
use crate::sled_open::open_sled;

const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// A sled database without promises.
pub struct SledKv(sled::Db);

impl SledKv {
    /// Opens it, making it if it is not there. One that does not open is the caller's to move
    /// aside and rebuild.
    pub fn open(dir: &Path) -> Result<SledKv, Outage> {
        open_sled(dir, CACHE_BYTES).map(SledKv)
    }

    /// Writes out what is in memory, at a clean stop, so that the next start folds less.
    pub fn flush(&self) -> Result<(), Outage> {
        self.0.flush()?;
        Ok(())
    }
}

impl Kv for SledKv {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Outage> {
        Ok(self.0.get(key)?.map(|value| value.to_vec()))
    }

    fn apply(&self, changes: Vec<KvChange>) -> Result<(), Outage> {
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        Ok(self.0.apply_batch(batch)?)
    }

    fn scan(&self, prefix: &[u8], after: &[u8], count_max: usize) -> Result<Vec<KvRow>, Outage> {
        let start = if after.is_empty() {
            Bound::Included(prefix.to_vec())
        } else {
            Bound::Excluded(after.to_vec())
        };
        self.0
            .range((start, Bound::Unbounded))
            .take_while(|row| row.as_ref().map_or(true, |(key, _)| key.starts_with(prefix)))
            .take(count_max)
            .map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(Outage::from))
            .collect()
    }
}
