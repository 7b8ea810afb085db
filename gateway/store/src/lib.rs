//! Disk: the log, the projections' key-value store, and the vault's cryptography.
//!
//! **Invariant**: [`Log::append`] answers [`Appended::Committed`] only after the frame is on stable
//! storage: written at the end of the newest segment, then `sync_data()` (adr/0021). Nothing above this
//! crate names sled, which keeps the key table and the projections (adr/0002).
//!
//! Not here: what an entry means, clocks, randomness (it is an argument).

mod attachments;
mod backup;
mod codec;
#[cfg(test)]
mod conformance;
mod file_log;
mod files;
mod frame;
mod key_row;
mod key_table;
mod kv;
mod log;
#[cfg(test)]
mod memory_log;
mod outage;
mod proofs;
mod reserve;
mod segment;
mod segments;
mod sled_kv;
mod sled_open;
mod snapshots;
mod state_file;
mod vault;

pub use attachments::Attachments;
pub use backup::{BackupError, Restored, read_backup, restore, write_backup};
pub use file_log::{CommitStep, FileLog, StepHook};
pub use files::{sync_folder_of, write_durably};
pub use frame::{EntryRecord, Frame, FrameError};
pub use key_row::KeyRow;
pub use kv::{Kv, KvChange, KvRow};
pub use log::{Appended, Epoch, Head, Log, LogKeys, LogReader, Stored};
pub use outage::Outage;
pub use reserve::Reserve;
pub use sled_kv::SledKv;
pub use state_file::{StateHead, StateRead, read_state, write_state};
pub use vault::{
    Entropy, EntryKey, Kek, KeyName, PersonKey, SealFault, StateKey, TenantKey, WrappedKey,
};
