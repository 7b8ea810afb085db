//! The log: the truth, and the queue. What a replicated engine must also promise is in the
//! semantics here: compare-and-append, epoch fencing, outcomes that are not known.

use loopgate_ledger::Committed;

use crate::{Frame, KeyName, KeyRow, Outage};

/// Who may append: a newer epoch fences every older one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// How long the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The sequence number of the next frame.
    pub next: u64,
    /// How many leaves there are.
    pub leaves: u64,
    /// When the last frame was committed, ms since 1970; 0 before the first.
    pub at_ms: i64,
}

/// What became of an append.
#[derive(Debug)]
pub enum Appended {
    /// On stable storage: one proof per entry, in order.
    Committed(Vec<Committed>),
    /// Absent: the log is not as long as expected.
    Conflict {
        /// How long it is.
        head: Head,
    },
    /// Absent: a newer epoch has taken over.
    Fenced {
        /// The newer epoch.
        by: Epoch,
    },
    /// Present or absent, unknown until the log is read after a barrier.
    Indeterminate,
}

/// A frame read back, with its proofs.
#[derive(Debug)]
pub struct Stored {
    /// The frame.
    pub frame: Frame,
    /// One per entry, in order.
    pub committed: Vec<Committed>,
}

/// Wrapped keys live beside the frames and change with them, so that a frame is never durable
/// without the keys it needs.
pub trait LogKeys {
    /// What is known of the key of this name; none if there never was one.
    fn key(&self, name: &KeyName) -> Result<Option<KeyRow>, Outage>;
    /// What is known of every key, by name.
    fn keys(&self) -> Result<Vec<(KeyName, KeyRow)>, Outage>;
}

/// An append-only sequence of frames. One thread owns it.
pub trait Log: LogKeys + Send {
    /// Takes over: every later append under an older epoch is fenced. Durable when it returns.
    fn take_over(&mut self) -> Result<Epoch, Outage>;

    /// Appends a frame as the `expected_next`th, or changes nothing. Keys of the frame that are
    /// destroyed stay so.
    ///
    /// # Errors
    /// After an error the log is poisoned: what is on disk is unknown until it is opened again.
    fn append(
        &mut self,
        epoch: Epoch,
        frame: &Frame,
        expected_next: u64,
    ) -> Result<Appended, Outage>;

    /// Writes key rows, each over the one that is there ([`KeyRow::over`]); durable when it returns.
    /// Many rows go in several commits: after a crash between them each row is as before or as
    /// written, and the same call again does the rest.
    ///
    /// # Errors
    /// [`Outage::Fenced`] if a newer epoch has taken over: nothing was changed. After any other
    /// error the log is poisoned, as after an append's.
    fn rewrap(&mut self, epoch: Epoch, rows: Vec<(KeyName, KeyRow)>) -> Result<(), Outage>;

    /// The frame of this sequence number; `None` at and past the head.
    fn read(&self, sequence: u64) -> Result<Option<Stored>, Outage>;

    /// How long it is.
    fn head(&self) -> Head;

    /// A second handle that only reads, for other threads.
    fn reader(&self) -> Box<dyn LogReader>;
}

/// Reads frames that are already committed.
pub trait LogReader: LogKeys + Send + Sync {
    /// The frame of this sequence number.
    fn read(&self, sequence: u64) -> Result<Option<Stored>, Outage>;
}
