//! Projections for reading: which resources an organization may find, in the order they came to be and in
//! the order they changed, and by which terms.
//!
//! A sled of its own, never synced, stamped with the frames it has folded; one that does not open,
//! or is of another version, is moved aside and rebuilt. Keys are HMACs under the tenant's index
//! key, values are ids and hashes: sled keeps deleted bytes, so no row holds personal data in the clear.
//!
//! Rows find candidates and no more: whether a reader may have one, and whether it matches, is decided on
//! the resource as that reader may read it.

mod documents;
mod find;
mod frame;
mod rows;
mod terms;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::hmac;
use loopgate_fhir::Term;
use loopgate_referral::{OrgId, ResourceId};
use loopgate_store::{Kv, KvChange, Outage, SledKv};

pub use documents::Documents;
pub use find::{Found, Order, Place, before, outside};
pub use frame::Folding;
pub use rows::TermKey;
use rows::{ROW, TERM_BYTES};

/// Bump when what is folded changes: the next start rebuilds.
const VERSION: u32 = 2;
/// Rows that are removed at once.
const ROWS_AT_ONCE: usize = 4096;
const STAMP: &[u8] = b"s";

/// The projections.
pub struct View {
    rows: SledKv,
    key: hmac::Key,
    /// Frames folded when it was opened; earlier frames need not be folded again.
    folded: AtomicU64,
}

impl View {
    /// Opens the projections, or begins them anew. `frames` is how long the log is.
    pub fn open(dir: &Path, index_key: &[u8; 32], frames: u64) -> Result<View, Outage> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, index_key);
        match SledKv::open(dir).and_then(|rows| Ok((stamp(&rows)?, rows))) {
            Ok((Some((VERSION, folded)), rows)) if folded <= frames => {
                return Ok(View { rows, key, folded: folded.into() });
            }
            Ok((None, rows)) => return Ok(View { rows, key, folded: 0.into() }),
            Ok((Some(_), rows)) => drop(rows),
            Err(outage) => tracing::warn!(%outage, "the projections do not open; rebuilding them"),
        }
        std::fs::rename(dir, aside(dir)).map_err(Outage::Disk)?;
        Ok(View { rows: SledKv::open(dir)?, key, folded: 0.into() })
    }

    /// Frames folded when it was opened.
    pub fn folded(&self) -> u64 {
        self.folded.load(Ordering::Acquire)
    }

    /// Forgets everything: every frame is to be folded again.
    pub fn begin_anew(&self) -> Result<(), Outage> {
        loop {
            let rows = self.rows.scan(&[], &[], ROWS_AT_ONCE)?;
            if rows.is_empty() {
                break;
            }
            self.rows.apply(rows.into_iter().map(|(key, _)| (key, None)).collect())?;
        }
        self.folded.store(0, Ordering::Release);
        Ok(())
    }

    /// That everything up to and with this frame is folded.
    fn stamped(&self, sequence: u64) -> KvChange {
        let mut value = VERSION.to_be_bytes().to_vec();
        value.extend((sequence + 1).to_be_bytes());
        (STAMP.to_vec(), Some(value))
    }

    /// Writes out what is in memory, at a clean stop.
    pub fn flush(&self) -> Result<(), Outage> {
        self.rows.flush()
    }

    /// Resources of one type for one reader.
    fn scope(&self, reader: &OrgId, kind: &str) -> Vec<u8> {
        self.name(b"scope", &[reader.as_str(), kind])
    }

    fn row_key(&self, reader: &OrgId, id: &ResourceId) -> Vec<u8> {
        [&[ROW], self.name(b"row", &[reader.as_str(), id.as_str()]).as_slice()].concat()
    }

    /// A term, in rows of this scope.
    fn term(&self, scope: &[u8], term: &Term) -> TermKey {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [b"term", scope, &[0], term.param.as_bytes(), &[0], term.text.as_bytes()] {
            context.update(part);
        }
        let mut key = [0; TERM_BYTES];
        key.copy_from_slice(&context.sign().as_ref()[..TERM_BYTES]);
        key
    }

    /// 16 bytes of HMAC-SHA256 under the tenant's index key.
    fn name(&self, what: &[u8], parts: &[&str]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(what);
        for part in parts {
            context.update(&[0]);
            context.update(part.as_bytes());
        }
        context.sign().as_ref()[..16].to_vec()
    }
}

fn stamp(rows: &SledKv) -> Result<Option<(u32, u64)>, Outage> {
    let Some(value) = rows.get(STAMP)? else { return Ok(None) };
    let (version, folded) =
        value.split_first_chunk::<4>().ok_or(Outage::Damaged("the projections' stamp"))?;
    let folded: [u8; 8] =
        folded.try_into().map_err(|_| Outage::Damaged("the projections' stamp"))?;
    Ok(Some((u32::from_be_bytes(*version), u64::from_be_bytes(folded))))
}

/// A free name beside `dir`.
fn aside(dir: &Path) -> PathBuf {
    (0u32..)
        .map(|n| dir.with_extension(format!("broken-{n}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| dir.with_extension("broken"))
}
