//! The log in files of our own (adr/0021): a frame is written at the end of the newest segment, and
//! one `sync_data()` makes it durable.
//!
//! Files grow by zeros ahead of the frames, so that such a sync has no new size to keep. What the power
//! may leave is a torn frame at the very end, which nobody was told of: it is cut off. A damaged frame
//! that whole ones come after is no such thing: the log does not open.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::key_table::{BATCH_ROWS_MAX, KeyTable, Stamp};
use crate::log::{Appended, Epoch, Head, Log, LogKeys, LogReader, Stored};
use crate::proofs::proofs;
use crate::reserve::{Reserve, is_full};
use crate::segment::{Link, RECORDS_AT, Window, record};
use crate::segments::{Newest, Segments};
use crate::{Frame, KeyName, KeyRow, Outage, files, sled_open};

/// A segment is closed when the next frame would make it longer.
const SEGMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// So many zeros are written ahead of frames, in one write,
const AHEAD_BYTES: u64 = 1024 * 1024;
/// unless a frame is longer than this: to write it twice would cost more than to sync a size.
const AHEAD_RECORD_BYTES_MAX: usize = 64 * 1024;
/// Rows that came with frames are written to the key table when there are so many,
const FRESH_ROWS_MAX: usize = 1024;
/// and at the latest after so many frames: whoever opens the log reads the rest again.
const FRESH_FRAMES_MAX: u64 = 65_536;

/// A step of the commit, for tests that fail or stop at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitStep {
    /// Before anything is written.
    Write,
    /// A frame is half written. Only if there is a hook.
    Torn,
    /// All is written; before `sync_data()`.
    Sync,
    /// After `sync_data()`: it is durable.
    Synced,
}

/// Called before each step of a commit; an error is taken for the disk's.
pub type StepHook = Box<dyn FnMut(CommitStep) -> io::Result<()> + Send>;

/// The log in a folder of its own.
pub struct FileLog {
    shared: Arc<Shared>,
    window: Mutex<Window>,
    tail: Tail,
    head: Head,
    stamp: Stamp,
    poisoned: bool,
    hook: Option<StepHook>,
    reserve: Option<Reserve>,
}

/// What readers see.
struct Shared {
    segments: Segments,
    keys: KeyTable,
    /// Held as long as anybody reads or writes.
    _lock: File,
}

/// The end of the newest segment.
struct Tail {
    file: File,
    /// Where the next record begins.
    end: u64,
    /// Up to where zeros were written.
    ahead: u64,
    link: Link,
}

impl FileLog {
    /// Opens the log, making it if it is not there.
    pub fn open(dir: &Path, hook: Option<StepHook>) -> Result<FileLog, Outage> {
        let parent = dir.parent().ok_or(Outage::DoesNotOpen("it has no parent folder"))?;
        fs::create_dir_all(dir).map_err(Outage::disk)?;
        let lock = lock(&dir.join("lock"))?;
        for folder in [dir, parent] {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(Outage::disk)?;
        }
        let (segments, newest) = Segments::open(dir)?;
        let tail = Tail::open(&newest)?;
        sled_open::let_go(&dir.join("keys"))?;
        let (keys, stamp) = KeyTable::open(&dir.join("keys"))?;
        let shared = Arc::new(Shared { segments, keys, _lock: lock });
        let mut log = FileLog {
            window: Mutex::default(),
            head: Head { next: newest.index.next, ..Head::default() },
            shared,
            tail,
            stamp,
            poisoned: false,
            hook,
            reserve: None,
        };
        log.recover()?;
        Ok(log)
    }

    /// The same, with room kept back that is given up when the disk is full, at this instant too.
    pub fn open_with(
        dir: &Path,
        hook: Option<StepHook>,
        mut reserve: Reserve,
    ) -> Result<FileLog, Outage> {
        let mut log = match FileLog::open(dir, None) {
            Err(Outage::Full(_)) if reserve.is_held() => {
                reserve.release().map_err(Outage::disk)?;
                FileLog::open(dir, None)?
            }
            opened => opened?,
        };
        (log.hook, log.reserve) = (hook, Some(reserve));
        Ok(log)
    }

    /// How long the log is, from its last frame, and the keys of frames that are not in the table.
    fn recover(&mut self) -> Result<(), Outage> {
        if self.stamp.next > self.head.next {
            return Err(Outage::Damaged(
                "frames are gone that were there: restore the log from backups",
            ));
        }
        if let Some(last) = self.head.next.checked_sub(1) {
            let stored = self.read(last)?.ok_or(Outage::Corrupt { sequence: last })?;
            self.head.leaves = stored.frame.first_leaf + stored.frame.entries.len() as u64;
            self.head.at_ms = stored.frame.at_ms;
        }
        for sequence in self.stamp.next..self.head.next {
            let stored = self.read(sequence)?.ok_or(Outage::Corrupt { sequence })?;
            self.shared.keys.note(rows(&stored.frame))?;
        }
        Ok(())
    }

    fn step(&mut self, step: CommitStep) -> io::Result<()> {
        self.hook.as_mut().map_or(Ok(()), |hook| hook(step))
    }

    /// The one commit of a frame. When it returns, the frame survives power loss.
    fn commit(&mut self, frame: &Frame) -> Result<(), Outage> {
        let (bytes, link) = record(frame.sequence, &self.tail.link, &frame.encode());
        self.poisoned = true;
        if let Err(error) = self.write(&bytes, frame.sequence) {
            return Err(self.refused(error));
        }
        // Cleared only when every step succeeded: a failed sync may not be retried, since the
        // kernel has already marked the pages clean.
        self.step(CommitStep::Sync).map_err(Outage::disk)?;
        self.tail.file.sync_data().map_err(Outage::disk)?;
        // COMMIT POINT: from here on the frame is durable.
        self.step(CommitStep::Synced).map_err(Outage::disk)?;
        self.poisoned = false;
        self.tail.end += bytes.len() as u64;
        self.tail.ahead = self.tail.ahead.max(self.tail.end);
        self.tail.link = link;
        self.shared.segments.push(bytes.len() as u64, link);
        Ok(())
    }

    fn write(&mut self, record: &[u8], sequence: u64) -> Result<(), Outage> {
        self.step(CommitStep::Write).map_err(Outage::disk)?;
        let end = self.tail.end + record.len() as u64;
        if end > SEGMENT_BYTES_MAX && self.tail.end > RECORDS_AT {
            let path = self.shared.segments.create(sequence, &self.tail.link)?;
            self.shared.segments.begin(sequence, self.tail.link);
            let file = File::options().write(true).open(path).map_err(Outage::disk)?;
            self.tail = Tail { file, end: RECORDS_AT, ahead: RECORDS_AT, link: self.tail.link };
        }
        self.tail.write_ahead(record.len()).map_err(Outage::disk)?;
        let (mut at, mut rest) = (self.tail.end, record);
        if self.hook.is_some() {
            let half;
            (half, rest) = record.split_at(record.len() / 2);
            self.tail.file.write_all_at(half, at).map_err(Outage::disk)?;
            at += half.len() as u64;
            self.step(CommitStep::Torn).map_err(Outage::disk)?;
        }
        self.tail.file.write_all_at(rest, at).map_err(Outage::disk)
    }

    /// A disk that was full before anything was synced is as it was, once what was written is cut
    /// off; and the room that was kept back is given up.
    fn refused(&mut self, outage: Outage) -> Outage {
        if let Outage::Full(_) = outage {
            let cut = self.tail.file.set_len(self.tail.end);
            self.tail.ahead = self.tail.end;
            let given_up = self.reserve.as_mut().map_or(Ok(()), Reserve::release);
            self.poisoned = cut.and(given_up).is_err();
        }
        outage
    }

    fn commit_keys(&mut self, rows: &[(KeyName, KeyRow)], stamp: Stamp) -> Result<(), Outage> {
        if self.poisoned {
            return Err(Outage::Poisoned);
        }
        self.poisoned = true;
        let (hook, keys) = (&mut self.hook, &self.shared.keys);
        let mut step = |step| hook.as_mut().map_or(Ok(()), |hook| hook(step)).map_err(Outage::disk);
        let written = keys.commit(rows, stamp, &mut step);
        if let (Err(Outage::Full(_)), Some(reserve)) = (&written, &mut self.reserve) {
            reserve.release().map_err(Outage::disk)?;
        }
        written?;
        self.poisoned = false;
        self.stamp = stamp;
        Ok(())
    }
}

impl Tail {
    /// The end of the newest segment, with a torn frame cut off; all before it is durable when this
    /// returns, since a process that was killed may have left it unsynced.
    fn open(newest: &Newest) -> Result<Tail, Outage> {
        let file = File::options().write(true).open(&newest.path).map_err(Outage::disk)?;
        if newest.torn {
            file.set_len(newest.index.end).map_err(Outage::disk)?;
        }
        file.sync_all().map_err(Outage::disk)?;
        let ahead = file.metadata().map_err(Outage::disk)?.len();
        Ok(Tail { file, end: newest.index.end, ahead, link: newest.index.links.1 })
    }

    /// Zeros ahead of a short record, if there are not enough. Not for every frame: each time, the
    /// sync that follows has a new size to keep.
    fn write_ahead(&mut self, record_bytes: usize) -> io::Result<()> {
        let enough = self.end + record_bytes as u64 <= self.ahead;
        if enough || record_bytes > AHEAD_RECORD_BYTES_MAX {
            return Ok(());
        }
        let zeros = vec![0; AHEAD_BYTES as usize];
        match self.file.write_all_at(&zeros, self.ahead) {
            Ok(()) => self.ahead += AHEAD_BYTES,
            // There may be room for the frame itself.
            Err(error) if is_full(&error) => self.file.set_len(self.ahead)?,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl LogKeys for FileLog {
    fn key(&self, name: &KeyName) -> Result<Option<KeyRow>, Outage> {
        self.shared.keys.key(name)
    }
    fn keys(&self) -> Result<Vec<(KeyName, KeyRow)>, Outage> {
        self.shared.keys.keys()
    }
}

impl Log for FileLog {
    fn take_over(&mut self) -> Result<Epoch, Outage> {
        let stamp = Stamp { next: self.head.next, epoch: self.stamp.epoch + 1 };
        self.commit_keys(&[], stamp)?;
        Ok(Epoch(stamp.epoch))
    }

    fn append(
        &mut self,
        epoch: Epoch,
        frame: &Frame,
        expected_next: u64,
    ) -> Result<Appended, Outage> {
        if self.poisoned {
            return Err(Outage::Poisoned);
        }
        if epoch.0 < self.stamp.epoch {
            return Ok(Appended::Fenced { by: Epoch(self.stamp.epoch) });
        }
        let fits = expected_next == self.head.next
            && frame.sequence == expected_next
            && frame.first_leaf == self.head.leaves;
        if !fits {
            return Ok(Appended::Conflict { head: self.head });
        }
        self.commit(frame)?;
        self.head = Head {
            next: self.head.next + 1,
            leaves: self.head.leaves + frame.entries.len() as u64,
            at_ms: frame.at_ms,
        };
        let fresh = self.shared.keys.note(rows(frame))?;
        if fresh >= FRESH_ROWS_MAX || self.head.next - self.stamp.next >= FRESH_FRAMES_MAX {
            self.commit_keys(&[], Stamp { next: self.head.next, ..self.stamp })?;
        }
        Ok(Appended::Committed(proofs(frame)))
    }

    fn rewrap(&mut self, epoch: Epoch, rows: Vec<(KeyName, KeyRow)>) -> Result<(), Outage> {
        if epoch.0 < self.stamp.epoch {
            return Err(Outage::Fenced);
        }
        let stamp = Stamp { next: self.head.next, ..self.stamp };
        rows.chunks(BATCH_ROWS_MAX).try_for_each(|part| self.commit_keys(part, stamp))
    }

    fn read(&self, sequence: u64) -> Result<Option<Stored>, Outage> {
        self.shared.segments.read(sequence, &self.window)
    }

    fn head(&self) -> Head {
        self.head
    }

    fn reader(&self) -> Box<dyn LogReader> {
        Box::new(FileReader { shared: self.shared.clone(), window: Mutex::default() })
    }
}

/// A handle that only reads.
struct FileReader {
    shared: Arc<Shared>,
    window: Mutex<Window>,
}

impl LogKeys for FileReader {
    fn key(&self, name: &KeyName) -> Result<Option<KeyRow>, Outage> {
        self.shared.keys.key(name)
    }
    fn keys(&self) -> Result<Vec<(KeyName, KeyRow)>, Outage> {
        self.shared.keys.keys()
    }
}

impl LogReader for FileReader {
    fn read(&self, sequence: u64) -> Result<Option<Stored>, Outage> {
        self.shared.segments.read(sequence, &self.window)
    }
}

/// The key rows that come with a frame.
fn rows(frame: &Frame) -> impl Iterator<Item = (KeyName, KeyRow)> {
    frame.keys.iter().map(|(name, wrapped)| (*name, KeyRow::Wrapped(wrapped.clone())))
}

/// One process at a time.
fn lock(path: &Path) -> Result<File, Outage> {
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(Outage::disk)?;
    files::lock(&file)?;
    Ok(file)
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "log_disk_tests.rs"]
mod disk_tests;
