//! Projections for reading: which Tasks an organization sees, in the order they changed.
//!
//! A sled of its own, never synced, stamped with the frames it has folded; one that does not open,
//! or is of another version, is moved aside and rebuilt. Keys are HMACs under the tenant's index
//! key, values are ids: sled keeps deleted bytes, so no row holds personal data in the clear.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::hmac;
use loopgate_referral::{OrgId, ResourceId, Timestamp};
use loopgate_store::{Kv, KvChange, Outage, SledKv};

use crate::fold::{Place, World};
use crate::journal::Event;

/// Bump when what is folded changes: the next start rebuilds.
const VERSION: u32 = 1;
/// Rows that are removed at once.
const ROWS_AT_ONCE: usize = 4096;
const STAMP: &[u8] = b"s";
const TASKS: u8 = b't';
const NEWEST: u8 = b'n';

/// The projections.
pub struct View {
    rows: SledKv,
    key: hmac::Key,
    /// Frames folded when it was opened; earlier frames need not be folded again.
    folded: AtomicU64,
}

/// A Task an organization sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRow {
    /// Which.
    pub task: ResourceId,
    /// Resume after it with this.
    pub cursor: Vec<u8>,
}

impl View {
    /// Opens the projections, or begins them anew. `frames` is how long the log is.
    pub fn open(dir: &Path, index_key: &[u8; 32], frames: u64) -> Result<View, Outage> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, index_key);
        match SledKv::open(dir).and_then(|rows| Ok((stamp(&rows)?, rows))) {
            Ok((Some((VERSION, folded)), rows)) if folded <= frames => {
                return Ok(View { rows, key, folded: folded.into() });
            }
            Ok((None, rows)) => return Ok(View { rows, key, folded: 0.into() }),
            Ok((Some(_), rows)) => drop(rows),
            Err(outage) => tracing::warn!(%outage, "the projections do not open; rebuilding them"),
        }
        std::fs::rename(dir, aside(dir)).map_err(Outage::Disk)?;
        Ok(View { rows: SledKv::open(dir)?, key, folded: 0.into() })
    }

    /// Frames folded when it was opened.
    pub fn folded(&self) -> u64 {
        self.folded.load(Ordering::Acquire)
    }

    /// Forgets everything: every frame is to be folded again.
    pub fn begin_anew(&self) -> Result<(), Outage> {
        loop {
            let rows = self.rows.scan(&[], &[], ROWS_AT_ONCE)?;
            if rows.is_empty() {
                break;
            }
            self.rows.apply(rows.into_iter().map(|(key, _)| (key, None)).collect())?;
        }
        self.folded.store(0, Ordering::Release);
        Ok(())
    }

    /// Folds one event; `world` is the state after it.
    pub fn apply(&self, event: &Event, world: &World, place: Place) -> Result<(), Outage> {
        let Event::Referral { referral, .. } = event else { return Ok(()) };
        let Some(referral) = world.referrals.get(referral) else { return Ok(()) };
        let mut changes = Vec::new();
        if referral.changed == place.at {
            self.moved(&referral.source, &referral.task, place.at, &mut changes)?;
        }
        for placement in referral.placements.iter().filter(|p| p.changed == place.at) {
            self.moved(&placement.target, &placement.task, place.at, &mut changes)?;
        }
        self.rows.apply(changes)
    }

    fn moved(
        &self,
        org: &OrgId,
        task: &ResourceId,
        at: Timestamp,
        changes: &mut Vec<KvChange>,
    ) -> Result<(), Outage> {
        let newest = [&[NEWEST], self.name(b"task", task.as_str()).as_slice()].concat();
        if let Some(old) = self.rows.get(&newest)? {
            changes.push((old, None));
        }
        let row =
            [self.prefix(org), at.0.to_be_bytes().to_vec(), task.as_str().as_bytes().to_vec()];
        let row = row.concat();
        changes.push((row.clone(), Some(task.as_str().as_bytes().to_vec())));
        changes.push((newest, Some(row)));
        Ok(())
    }

    /// Everything up to and with this frame is folded.
    pub fn stamp(&self, sequence: u64) -> Result<(), Outage> {
        let mut value = VERSION.to_be_bytes().to_vec();
        value.extend((sequence + 1).to_be_bytes());
        self.rows.apply(vec![(STAMP.to_vec(), Some(value))])
    }

    /// Writes out what is in memory, at a clean stop.
    pub fn flush(&self) -> Result<(), Outage> {
        self.rows.flush()
    }

    /// Tasks an organization sees, oldest change first, after a cursor.
    pub fn tasks(
        &self,
        org: &OrgId,
        after: &[u8],
        count_max: usize,
    ) -> Result<Vec<TaskRow>, Outage> {
        let prefix = self.prefix(org);
        // A cursor of another organization, or none of ours, starts at the beginning.
        let after = if after.starts_with(&prefix) { after } else { &[] };
        let rows = self.rows.scan(&prefix, after, count_max)?;
        rows.into_iter()
            .map(|(cursor, value)| {
                let text = String::from_utf8(value).ok();
                let task = text.and_then(|text| text.parse().ok());
                let task = task.ok_or(Outage::Damaged("a projection row is not an id"))?;
                Ok(TaskRow { task, cursor })
            })
            .collect()
    }

    fn prefix(&self, org: &OrgId) -> Vec<u8> {
        [&[TASKS], self.name(b"org", org.as_str()).as_slice()].concat()
    }

    /// 16 bytes of HMAC-SHA256 under the tenant's index key.
    fn name(&self, what: &[u8], text: &str) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(what);
        context.update(&[0]);
        context.update(text.as_bytes());
        context.sign().as_ref()[..16].to_vec()
    }
}

fn stamp(rows: &SledKv) -> Result<Option<(u32, u64)>, Outage> {
    let Some(value) = rows.get(STAMP)? else { return Ok(None) };
    let (version, folded) =
        value.split_first_chunk::<4>().ok_or(Outage::Damaged("the projections' stamp"))?;
    let folded: [u8; 8] =
        folded.try_into().map_err(|_| Outage::Damaged("the projections' stamp"))?;
    Ok(Some((u32::from_be_bytes(*version), u64::from_be_bytes(folded))))
}

/// A free name beside `dir`.
fn aside(dir: &Path) -> PathBuf {
    (0u32..)
        .map(|n| dir.with_extension(format!("broken-{n}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| dir.with_extension("broken"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projections_that_do_not_open_are_moved_aside_and_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("view");
        View::open(&path, &[1; 32], 0).unwrap().stamp(4).unwrap();
        assert_eq!(View::open(&path, &[1; 32], 5).unwrap().folded(), 5);
        // A view that has folded more than the log holds belongs to another log.
        assert_eq!(View::open(&path, &[1; 32], 4).unwrap().folded(), 0);
        assert!(dir.path().join("view.broken-0").is_dir());

        std::fs::remove_file(path.join("db")).unwrap();
        std::fs::create_dir(path.join("db")).unwrap();
        assert_eq!(View::open(&path, &[1; 32], 9).unwrap().folded(), 0);
        assert!(dir.path().join("view.broken-1").is_dir());
    }
}
