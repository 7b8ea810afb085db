//! Projections on a sled of their own.

use std::ops::Bound;
use std::path::Path;

use crate::Outage;
use crate::kv::{Kv, KvChange, KvRow};
use crate::sled_open::open_sled;

/// The rows of some hundred thousand referrals: what sled pushes out of its cache and reads back it does not
/// give back to the process (measured: 15,000 referrals taken in with 4 MiB hold 1,452 MiB, with 64 MiB 852).
const CACHE_BYTES: u64 = 512 * 1024 * 1024;

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

    fn scan_back(
        &self,
        prefix: &[u8],
        before: &[u8],
        count_max: usize,
    ) -> Result<Vec<KvRow>, Outage> {
        let end = if before.is_empty() { after_all(prefix) } else { Some(before.to_vec()) };
        let end = end.map_or(Bound::Unbounded, Bound::Excluded);
        self.0
            .range((Bound::Included(prefix.to_vec()), end))
            .rev()
            .take_while(|row| row.as_ref().map_or(true, |(key, _)| key.starts_with(prefix)))
            .take(count_max)
            .map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(Outage::from))
            .collect()
    }
}

/// The first key that comes after every key with this prefix; none, if there is no such.
fn after_all(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=kept].to_vec();
    end[kept] += 1;
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_forwards_and_backwards() {
        let dir = tempfile::tempdir().unwrap();
        let kv = SledKv::open(&dir.path().join("kv")).unwrap();
        let keys: [&[u8]; 6] = [b"a", b"b\x01", b"b\x02", b"b\xff\xff", b"c", b"\xff\xff"];
        kv.apply(keys.iter().map(|key| (key.to_vec(), Some(Vec::new()))).collect()).unwrap();
        let names = |rows: Vec<KvRow>| rows.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        let forth = names(kv.scan(b"b", b"", 9).unwrap());
        assert_eq!(forth, [b"b\x01".to_vec(), b"b\x02".to_vec(), b"b\xff\xff".to_vec()]);
        let mut back = names(kv.scan_back(b"b", b"", 9).unwrap());
        back.reverse();
        assert_eq!(back, forth);
        assert_eq!(names(kv.scan_back(b"b", b"b\xff\xff", 1).unwrap()), [b"b\x02".to_vec()]);
        assert_eq!(names(kv.scan_back(b"\xff", b"", 9).unwrap()), [b"\xff\xff".to_vec()]);
        assert!(kv.scan_back(b"b", b"b\x01", 9).unwrap().is_empty());
    }
}
