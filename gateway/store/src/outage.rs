//! We cannot keep our promise right now.

use std::io;

use crate::reserve::is_full;

/// The disk cannot be trusted at this instant. Stop acknowledging, exit, recover from disk.
#[derive(Debug, thiserror::Error)]
pub enum Outage {
    /// A write, flush or sync failed; what is on disk is unknown.
    #[error("the disk refused a write or a sync")]
    Disk(#[source] io::Error),
    /// The disk is full, or what this user may have of it. Nothing can be acknowledged until there is
    /// room; what was acknowledged is there.
    #[error("the disk is full")]
    Full(#[source] io::Error),
    /// What was read is not what was written.
    #[error("stored data is damaged: {0}")]
    Damaged(&'static str),
    /// A frame is damaged and whole ones come after it: no write that the power failed under.
    #[error(
        "frame {sequence} of the log is damaged although frames after it are whole; nothing was changed: \
         keep a copy of the log's folder, then restore it from backups that hold frame {sequence}"
    )]
    Corrupt {
        /// Which, counted from 0.
        sequence: u64,
    },
    /// The database does not open.
    #[error("the database does not open: {0}")]
    DoesNotOpen(&'static str),
    /// A newer epoch has taken over; nothing was changed.
    #[error("another writer has taken over the log")]
    Fenced,
    /// An earlier failure poisoned this log; only a restart clears it.
    #[error("the log is poisoned by an earlier failure")]
    Poisoned,
}

impl Outage {
    /// What an error of the disk's is.
    pub fn disk(error: io::Error) -> Outage {
        if is_full(&error) { Outage::Full(error) } else { Outage::Disk(error) }
    }
}

impl From<sled::Error> for Outage {
    fn from(error: sled::Error) -> Outage {
        match error {
            sled::Error::Io(error) => Outage::disk(error),
            _ => Outage::Damaged("sled"),
        }
    }
}
