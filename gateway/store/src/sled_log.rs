//! The log on sled 0.34.7, which is not durable by itself: its `flush()` is `sync_file_range` on
//! Linux. The commit is batch, `flush()`, `sync_data()` on the database file (adr/0002).

use std::collections::BTreeMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use loopgate_ledger::{Committed, Leaf};

use crate::log::{Appended, Epoch, Head, Log, LogKeys, LogReader, Stored};
use crate::{Frame, KeyName, KeyRow, Outage, snapshots, write_durably};

/// sled writes a tree node over 128 KiB (a quarter of its segment) into a blob file, which
/// `sync_data` does not cover. A leaf node holds up to 17 rows before it is split, so it is their sum
/// that counts: 17 rows of 4 KiB stay well below.
const CHUNK_BYTES_MAX: usize = 4 * 1024;
/// How many key rows one commit of a rewrap holds.
const REWRAP_ROWS_MAX: usize = 4096;
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// A step of the commit, for tests that fail or stop at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitStep {
    /// Before the batch is applied.
    Apply,
    /// Before `flush()`.
    Flush,
    /// Before `sync_data()`.
    Sync,
    /// After `sync_data()`: the frame is durable.
    Synced,
}

/// Called before each step of a commit; an error is taken for the disk's.
pub type StepHook = Box<dyn FnMut(CommitStep) -> std::io::Result<()> + Send>;

/// The log on one sled database in a directory of its own.
pub struct SledLog {
    rows: Rows,
    /// The open handle whose `sync_data` makes a commit durable.
    file: File,
    head: Head,
    epoch: Epoch,
    poisoned: bool,
    hook: Option<StepHook>,
    blobs: std::path::PathBuf,
}

#[derive(Clone)]
struct Rows(sled::Db);

impl SledLog {
    /// Opens the log, making it if it is not there.
    pub fn open(dir: &Path, hook: Option<StepHook>) -> Result<SledLog, Outage> {
        let parent = dir.parent().ok_or(Outage::DoesNotOpen("it has no parent folder"))?;
        std::fs::create_dir_all(parent).map_err(Outage::Disk)?;
        let born = dir.with_extension("born");
        let is_born = born.try_exists().map_err(Outage::Disk)?;
        snapshots::guard(dir).map_err(Outage::Disk)?;
        let db = match open_sled(dir, CACHE_BYTES) {
            // The power failed while it was being made, before anything could be acknowledged. It is
            // kept aside, for whoever knows better; the last signed checkpoint says if it held more.
            Err(Outage::DoesNotOpen(_)) if !is_born => {
                std::fs::rename(dir, free_name(dir)).map_err(Outage::Disk)?;
                open_sled(dir, CACHE_BYTES)?
            }
            outcome => outcome?,
        };
        let file = File::open(dir.join("db")).map_err(Outage::Disk)?;
        // sled never syncs its `conf` nor the directory entries.
        db.flush()?;
        for path in [dir.join("conf"), dir.to_path_buf(), parent.to_path_buf()] {
            File::open(path).and_then(|file| file.sync_all()).map_err(Outage::Disk)?;
        }
        file.sync_data().map_err(Outage::Disk)?;
        if !is_born {
            write_durably(&born, b"", 0o600).map_err(Outage::Disk)?;
        }
        let rows = Rows(db);
        let (head, epoch) = rows.head()?;
        let blobs = dir.join("blobs");
        let log = SledLog { rows, file, head, epoch, poisoned: false, hook, blobs };
        log.check_tail()?;
        Ok(log)
    }

    /// The head row and the last frame must agree: they were written in one batch.
    fn check_tail(&self) -> Result<(), Outage> {
        let Some(last) = self.head.next.checked_sub(1) else { return Ok(()) };
        let stored = self.rows.read(last)?.ok_or(Outage::Damaged("the last frame is missing"))?;
        let leaves = stored.frame.first_leaf + stored.frame.entries.len() as u64;
        if leaves != self.head.leaves {
            return Err(Outage::Damaged("the head does not fit the last frame"));
        }
        Ok(())
    }

    fn step(&mut self, step: CommitStep) -> Result<(), Outage> {
        self.hook.as_mut().map_or(Ok(()), |hook| hook(step)).map_err(Outage::Disk)
    }

    /// The one commit. When it returns, the batch survives power loss.
    fn commit(&mut self, batch: sled::Batch) -> Result<(), Outage> {
        if self.poisoned {
            return Err(Outage::Poisoned);
        }
        // Cleared only when every step succeeded: a failed sync may not be retried, since the
        // kernel has already marked the pages clean.
        self.poisoned = true;
        self.step(CommitStep::Apply)?;
        self.rows.0.apply_batch(batch)?;
        self.step(CommitStep::Flush)?;
        self.rows.0.flush()?;
        self.step(CommitStep::Sync)?;
        self.file.sync_data().map_err(Outage::Disk)?;
        // COMMIT POINT: from here on the batch is durable.
        self.step(CommitStep::Synced)?;
        if self.blobs.read_dir().is_ok_and(|mut files| files.next().is_some()) {
            return Err(Outage::Damaged("sled wrote a blob file, which no sync covers"));
        }
        self.poisoned = false;
        Ok(())
    }
}

impl LogKeys for SledLog {
    fn key(&self, name: &KeyName) -> Result<Option<KeyRow>, Outage> {
        self.rows.key(name)
    }
    fn keys(&self) -> Result<Vec<(KeyName, KeyRow)>, Outage> {
        self.rows.keys()
    }
}

impl Log for SledLog {
    fn take_over(&mut self) -> Result<Epoch, Outage> {
        let epoch = Epoch(self.epoch.0 + 1);
        let mut batch = sled::Batch::default();
        batch.insert(HEAD, head_row(&self.head, epoch));
        self.commit(batch)?;
        self.epoch = epoch;
        Ok(epoch)
    }

    fn append(
        &mut self,
        epoch: Epoch,
        frame: &Frame,
        expected_next: u64,
    ) -> Result<Appended, Outage> {
        if epoch < self.epoch {
            return Ok(Appended::Fenced { by: self.epoch });
        }
        let fits = expected_next == self.head.next
            && frame.sequence == expected_next
            && frame.first_leaf == self.head.leaves;
        if !fits {
            return Ok(Appended::Conflict { head: self.head });
        }
        let head = Head {
            next: self.head.next + 1,
            leaves: self.head.leaves + frame.entries.len() as u64,
            at_ms: frame.at_ms,
        };
        let mut batch = sled::Batch::default();
        for (n, chunk) in frame.encode().chunks(CHUNK_BYTES_MAX).enumerate() {
            batch.insert(chunk_key(frame.sequence, n as u32).as_slice(), chunk);
        }
        let keys = frame.keys.iter();
        let keys = keys.map(|(name, wrapped)| (*name, KeyRow::Wrapped(wrapped.clone())));
        self.rows.put_keys(keys, &mut batch)?;
        batch.insert(HEAD, head_row(&head, self.epoch));
        self.commit(batch)?;
        self.head = head;
        Ok(Appended::Committed(proofs(frame)))
    }

    fn rewrap(&mut self, epoch: Epoch, rows: Vec<(KeyName, KeyRow)>) -> Result<(), Outage> {
        if epoch < self.epoch {
            return Err(Outage::Fenced);
        }
        for part in rows.chunks(REWRAP_ROWS_MAX) {
            let mut batch = sled::Batch::default();
            self.rows.put_keys(part.iter().cloned(), &mut batch)?;
            self.commit(batch)?;
        }
        Ok(())
    }

    fn read(&self, sequence: u64) -> Result<Option<Stored>, Outage> {
        self.rows.read(sequence)
    }

    fn head(&self) -> Head {
        self.head
    }

    fn reader(&self) -> Box<dyn LogReader> {
        Box::new(self.rows.clone())
    }
}

impl Rows {
    /// Puts key rows into a batch, each over the one that is there, or before it in the batch.
    fn put_keys(
        &self,
        rows: impl Iterator<Item = (KeyName, KeyRow)>,
        batch: &mut sled::Batch,
    ) -> Result<(), Outage> {
        let mut stand: BTreeMap<KeyName, KeyRow> = BTreeMap::new();
        for (name, row) in rows {
            let known = match stand.remove(&name) {
                Some(known) => Some(known),
                None => self.key(&name)?,
            };
            stand.insert(name, row.over(known));
        }
        for (name, row) in stand {
            batch.insert(key_row(&name), row.encode());
        }
        Ok(())
    }
}

impl LogKeys for Rows {
    fn key(&self, name: &KeyName) -> Result<Option<KeyRow>, Outage> {
        let Some(row) = self.0.get(key_row(name))? else { return Ok(None) };
        KeyRow::decode(&row).map(Some).ok_or(Outage::Damaged("a key row"))
    }

    fn keys(&self) -> Result<Vec<(KeyName, KeyRow)>, Outage> {
        self.0
            .scan_prefix(KEY)
            .map(|row| {
                let (name, row) = row?;
                let id = name.get(1..).and_then(|id| id.try_into().ok());
                let id = id.ok_or(Outage::Damaged("a key row has no name"))?;
                let row = KeyRow::decode(&row).ok_or(Outage::Damaged("a key row"))?;
                Ok((KeyName::new(id), row))
            })
            .collect()
    }
}

impl LogReader for Rows {
    fn read(&self, sequence: u64) -> Result<Option<Stored>, Outage> {
        let mut bytes = Vec::new();
        let mut prefix = FRAME.to_vec();
        prefix.extend_from_slice(&sequence.to_be_bytes());
        for (n, row) in self.0.scan_prefix(&prefix).enumerate() {
            let (key, chunk) = row?;
            if key != chunk_key(sequence, n as u32) {
                return Err(Outage::Damaged("a frame has lost a chunk"));
            }
            bytes.extend_from_slice(&chunk);
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let frame =
            Frame::decode(&bytes).map_err(|_| Outage::Damaged("a frame does not decode"))?;
        if frame.sequence != sequence {
            return Err(Outage::Damaged("a frame is not where it belongs"));
        }
        let committed = proofs(&frame);
        Ok(Some(Stored { frame, committed }))
    }
}

impl Rows {
    fn head(&self) -> Result<(Head, Epoch), Outage> {
        let Some(row) = self.0.get(HEAD)? else {
            return Ok((Head::default(), Epoch(0)));
        };
        let row: [u8; 32] = row.as_ref().try_into().map_err(|_| Outage::Damaged("the head row"))?;
        let word = |n: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&row[8 * n..8 * n + 8]);
            u64::from_be_bytes(bytes)
        };
        Ok((Head { next: word(0), leaves: word(1), at_ms: word(2).cast_signed() }, Epoch(word(3))))
    }
}

const HEAD: &[u8] = b"h";
const FRAME: &[u8] = b"f";
const KEY: &[u8] = b"k";

fn chunk_key(sequence: u64, n: u32) -> Vec<u8> {
    [FRAME, &sequence.to_be_bytes(), &n.to_be_bytes()].concat()
}

fn key_row(name: &KeyName) -> Vec<u8> {
    [KEY, name.bytes()].concat()
}

fn head_row(head: &Head, epoch: Epoch) -> Vec<u8> {
    [head.next, head.leaves, head.at_ms.cast_unsigned(), epoch.0]
        .iter()
        .flat_map(|word| word.to_be_bytes())
        .collect()
}

/// The only place that makes a [`Committed`]: after a sync, or from what was read back.
fn proofs(frame: &Frame) -> Vec<Committed> {
    let prove = |(n, entry): (usize, &crate::EntryRecord)| {
        let index = frame.first_leaf + n as u64;
        Committed::new(frame.sequence, index, Leaf::hash(&entry.leaf), entry.payload)
    };
    frame.entries.iter().enumerate().map(prove).collect()
}

/// A name beside `dir` that nothing has.
fn free_name(dir: &Path) -> std::path::PathBuf {
    let mut names = (0u32..).map(|n| dir.with_extension(format!("unborn-{n}")));
    let free = names.find(|name| !name.exists());
    free.unwrap_or_else(|| dir.with_extension("unborn"))
}

/// sled may panic on damaged files; that is a database that does not open, not a crash.
pub(crate) fn open_sled(dir: &Path, cache_bytes: u64) -> Result<sled::Db, Outage> {
    let config = sled::Config::new()
        .path(dir)
        .cache_capacity(cache_bytes)
        .flush_every_ms(None)
        .mode(sled::Mode::HighThroughput);
    match catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(error))) => Err(Outage::Disk(error)),
        Ok(Err(_)) => Err(Outage::DoesNotOpen("sled found it corrupt")),
        Err(_) => Err(Outage::DoesNotOpen("sled panicked on it")),
    }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
