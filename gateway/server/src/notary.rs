//! The tree over all leaves, and the checkpoints signed over it.
//!
//! The last signed checkpoint is kept, synced, beside the keys: a log shorter than it was cut or
//! replaced, and then nothing is signed any more (promise P5).

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use loopgate_ledger::{Checkpoint, Hash, LogKey, Tree, log_id, open_checkpoint};

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
    tree: Tree,
    key: LogKey,
    origin: String,
    log_id: String,
    path: PathBuf,
    signed_size: u64,
    signed_at_ms: i64,
    published: Arc<ArcSwapOption<String>>,
}

impl Notary {
    /// A notary over an empty tree; leaves follow by [`Notary::append`].
    pub fn new(origin: &str, key: LogKey, keys_dir: &std::path::Path) -> Notary {
        Notary {
            tree: Tree::new(),
            key,
            origin: origin.to_owned(),
            log_id: log_id(origin),
            path: keys_dir.join(CHECKPOINT_FILE),
            signed_size: 0,
            signed_at_ms: i64::MIN,
            published: Arc::new(ArcSwapOption::empty()),
        }
    }

    /// The short name of the log in its leaves.
    pub fn log_id(&self) -> &str {
        &self.log_id
    }

    /// The log's verifier key.
    pub fn vkey(&self) -> String {
        self.key.vkey()
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
        let note = match std::fs::read_to_string(&self.path) {
            Ok(note) => note,
            // A new log: the checkpoint of nothing is kept before anything is appended, so that a
            // missing one always means that it was lost.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.tree.is_empty() => {
                return Ok(self.keep(0)?);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Halt::Missing);
            }
            Err(error) => return Err(error.into()),
        };
        let signed = open_checkpoint(&note, &self.key.vkey()).map_err(|_| Halt::NotOurs)?;
        if signed.origin != self.origin {
            return Err(Halt::NotOurs);
        }
        if self.tree.len() < signed.size {
            return Err(Halt::Shorter { has: self.tree.len(), signed: signed.size });
        }
        if self.tree.root_at(signed.size) != Some(signed.root) {
            return Err(Halt::Forked);
        }
        self.signed_size = signed.size;
        self.published.store(Some(Arc::new(note)));
        Ok(())
    }

    /// Signs a checkpoint over everything durable, unless one was signed within the interval. The
    /// file is synced before anybody sees it.
    pub fn sign_if_due(&mut self, now_ms: i64, interval_ms: i64) -> std::io::Result<()> {
        let due = now_ms.saturating_sub(self.signed_at_ms) >= interval_ms;
        if self.tree.len() == self.signed_size || !due {
            return Ok(());
        }
        self.keep(self.tree.len())?;
        self.signed_at_ms = now_ms;
        Ok(())
    }

    fn keep(&mut self, size: u64) -> std::io::Result<()> {
        let (origin, root) = (self.origin.clone(), self.tree.root());
        let note = self.key.sign(&Checkpoint { origin, size, root });
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
