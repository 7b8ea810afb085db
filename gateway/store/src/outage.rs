//! We cannot keep our promise right now.

/// The disk cannot be trusted at this instant. Stop acknowledging, exit, recover from disk.
#[derive(Debug, thiserror::Error)]
pub enum Outage {
    /// A write, flush or sync failed; what is on disk is unknown.
    #[error("the disk refused a write or a sync")]
    Disk(#[source] std::io::Error),
    /// What was read is not what was written.
    #[error("stored data is damaged: {0}")]
    Damaged(&'static str),
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

impl From<sled::Error> for Outage {
    fn from(error: sled::Error) -> Outage {
        match error {
            sled::Error::Io(error) => Outage::Disk(error),
            _ => Outage::Damaged("sled"),
        }
    }
}
