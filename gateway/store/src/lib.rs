//! Disk: the log, the projections' key-value store, and the vault's cryptography.
//!
//! **Invariant**: [`Log::append`] answers [`Appended::Committed`] only after the frame is on stable
//! storage: one batch, `flush()`, then `sync_data()` on the database file (adr/0002). Nothing above
//! this crate names sled.
//!
//! Not here: what an entry means, clocks, randomness (it is an argument).

mod attachments;
mod backup;
mod codec;
mod files;
mod frame;
mod key_row;
mod kv;
mod log;
mod outage;
mod sled_kv;
mod sled_log;
mod snapshots;
mod state_file;
mod vault;

pub use attachments::Attachments;
pub use backup::{BackupError, Restored, read_backup, restore, write_backup};
pub use files::{sync_folder_of, write_durably};
pub use frame::{EntryRecord, Frame, FrameError};
pub use key_row::KeyRow;
pub use kv::{Kv, KvChange, KvRow};
pub use log::{Appended, Epoch, Head, Log, LogKeys, LogReader, Stored};
pub use outage::Outage;
pub use sled_kv::SledKv;
pub use sled_log::{CommitStep, SledLog, StepHook};
pub use state_file::{StateHead, StateRead, read_state, write_state};
pub use vault::{
    Entropy, EntryKey, Kek, KeyName, PersonKey, SealFault, StateKey, TenantKey, WrappedKey,
};
