//! A key-value store for projections: never synced, always rebuildable from the log.

use crate::Outage;

/// One change: a value to set, or none to remove the key.
pub type KvChange = (Vec<u8>, Option<Vec<u8>>);

/// A key and its value.
pub type KvRow = (Vec<u8>, Vec<u8>);

/// Rows by key. No row holds personal data in the clear.
pub trait Kv: Send + Sync {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Outage>;
    /// Applies changes together.
    fn apply(&self, changes: Vec<KvChange>) -> Result<(), Outage>;
    /// At most `count_max` rows whose key starts with `prefix` and comes after `after`, in order.
    fn scan(&self, prefix: &[u8], after: &[u8], count_max: usize) -> Result<Vec<KvRow>, Outage>;
    /// The same, backwards: those that come before `before`, the last first; from the end, if it is empty.
    fn scan_back(
        &self,
        prefix: &[u8],
        before: &[u8],
        count_max: usize,
    ) -> Result<Vec<KvRow>, Outage>;
}
