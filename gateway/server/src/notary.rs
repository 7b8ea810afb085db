//! The tree over all leaves, and the checkpoints signed over it.
//!
//! The last signed checkpoint is kept, synced, beside the keys: a log shorter than it was cut or
//! replaced, and then nothing is signed any more (promise P5).

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use arc_swap::ArcSwapOption;
use loopgate_ledger::{Checkpoint, Hash, LogKey, Tree, log_id, open_checkpoint};

/// A checkpoint is due once so many leaves are unsigned, whatever the interval.
const UNSIGNED_LEAVES_MAX: u64 = 4_096;

/// The tree over all leaves, for every thread; only the notary adds to it.
#[derive(Clone, Default)]
pub struct Grove(Arc<RwLock<Tree>>);

impl Grove {
    /// The tree as it is now.
    pub fn tree(&self) -> RwLockReadGuard<'_, Tree> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, leaf: Hash) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).append(leaf);
    }
}

/// The file in `[keys] dir` that holds the last signed checkpoint.
pub const CHECKPOINT_FILE: &str = "checkpoint";

/// Why a log may not be served.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// The kept checkpoint does not open under the log's key.
    #[error("the kept checkpoint is not signed by this log's key")]
    NotOurs,
    /// The log lost its tail.
    #[error("the log has {has} leaves; {signed} were signed: stop, never sign")]
    Shorter {
        /// Leaves found.
        has: u64,
        /// Leaves signed.
        signed: u64,
    },
    /// The log is not empty and no checkpoint is kept.
    #[error(
        "the log has entries and the last signed checkpoint is missing: bring it back to [keys] dir"
    )]
    Missing,
    /// The log has another past.
    #[error("the log's past is not the one that was signed: stop, never sign")]
    Forked,
    /// The checkpoint file could not be read.
    #[error("the kept checkpoint cannot be read")]
    File(#[from] std::io::Error),
}

/// Signs what is durable.
pub struct Notary {
    tree: Grove,
    /// Those in force, oldest first.
    keys: Vec<LogKey>,
    origin: String,
    log_id: String,
    path: PathBuf,
    signed_size: u64,
    signed_at_ms: i64,
    published: Arc<ArcSwapOption<String>>,
    unsigned_since_ms: Arc<AtomicI64>,
}

/// Nothing is unsigned.
pub const ALL_SIGNED: i64 = i64::MAX;

impl Notary {
    /// A notary over an empty tree; leaves follow by [`Notary::append`], keys by [`Notary::sign_with`].
    pub fn new(origin: &str, keys_dir: &std::path::Path) -> Notary {
        Notary {
            tree: Grove::default(),
            keys: Vec::new(),
            origin: origin.to_owned(),
            log_id: log_id(origin),
            path: keys_dir.join(CHECKPOINT_FILE),
            signed_size: 0,
            signed_at_ms: i64::MIN,
            published: Arc::new(ArcSwapOption::empty()),
            unsigned_since_ms: Arc::new(AtomicI64::new(ALL_SIGNED)),
        }
    }

    /// The short name of the log in its leaves.
    pub fn log_id(&self) -> &str {
        &self.log_id
    }

    /// From now on this key signs too.
    pub fn sign_with(&mut self, key: LogKey) {
        self.keys.push(key);
    }

    /// From now on this key signs nothing.
    pub fn retire(&mut self, vkey: &str) {
        self.keys.retain(|key| key.vkey() != vkey);
    }

    /// The tree, for other threads.
    pub fn grove(&self) -> Grove {
        self.tree.clone()
    }

    /// The size of the newest signed log.
    pub fn signed_size(&self) -> u64 {
        self.signed_size
    }

    /// Since when there is something unsigned, on the monotonic clock, or [`ALL_SIGNED`].
    pub fn unsigned_since(&self) -> Arc<AtomicI64> {
        self.unsigned_since_ms.clone()
    }

    /// Where the newest signed checkpoint is published.
    pub fn published(&self) -> Arc<ArcSwapOption<String>> {
        self.published.clone()
    }

    /// The next leaf, once it is durable.
    pub fn append(&mut self, leaf: Hash) {
        self.tree.append(leaf);
    }

    /// After replay: is this log a continuation of what was last signed?
    pub fn check(&mut self) -> Result<(), Halt> {
        let len = self.tree.tree().len();
        let note = match std::fs::read_to_string(&self.path) {
            Ok(note) => note,
            // A new log: the checkpoint of nothing is kept before anything is appended, so that a
            // missing one always means that it was lost.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && len == 0 => {
                return Ok(self.keep(0)?);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Halt::Missing);
            }
            Err(error) => return Err(error.into()),
        };
        // The newest key may have been announced after it was signed.
        let mut keys = self.keys.iter().rev();
        let signed = keys.find_map(|key| open_checkpoint(&note, &key.vkey()).ok());
        let signed = signed.filter(|signed| signed.origin == self.origin).ok_or(Halt::NotOurs)?;
        if len < signed.size {
            return Err(Halt::Shorter { has: len, signed: signed.size });
        }
        if self.tree.tree().root_at(signed.size) != Some(signed.root) {
            return Err(Halt::Forked);
        }
        self.signed_size = signed.size;
        self.published.store(Some(Arc::new(note)));
        Ok(())
    }

    /// Signs a checkpoint over everything durable, unless one was signed within the interval. The
    /// file is synced before anybody sees it.
    pub fn sign_if_due(&mut self, now_ms: i64, interval_ms: i64) -> std::io::Result<()> {
        let len = self.tree.tree().len();
        let due = now_ms.saturating_sub(self.signed_at_ms) >= interval_ms
            || len - self.signed_size >= UNSIGNED_LEAVES_MAX;
        if len == self.signed_size || !due {
            let since = if len == self.signed_size { ALL_SIGNED } else { now_ms };
            self.unsigned_since_ms.fetch_min(since, Ordering::AcqRel);
            return Ok(());
        }
        self.keep(len)?;
        self.signed_at_ms = now_ms;
        self.unsigned_since_ms.store(ALL_SIGNED, Ordering::Release);
        Ok(())
    }

    fn keep(&mut self, size: u64) -> std::io::Result<()> {
        let (origin, root) = (self.origin.clone(), self.tree.tree().root());
        let keys: Vec<&LogKey> = self.keys.iter().collect();
        let note = LogKey::sign_with(&keys, &Checkpoint { origin, size, root });
        loopgate_store::write_durably(&self.path, note.as_bytes(), 0o600)?;
        self.signed_size = size;
        self.published.store(Some(Arc::new(note)));
        Ok(())
    }

    /// The newest signed checkpoint.
    pub fn checkpoint(&self) -> Option<String> {
        self.published.load_full().map(|note| note.as_ref().clone())
    }
}
