//! The fold written down, so that a start folds only what came after it.
//!
//! `data/state`: encrypted under the tenant's key of the newest epoch, so that an erasure destroys it with
//! everything else; its SHA-256 is an entry of the log (`ledger.snapshot`), and a file that no entry
//! vouches for is not used. Within: `u64be len || CBOR of the fold || leaf hashes`. Another version of the
//! fold, or a file that does not read, means replay from the first frame.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use loopgate_ledger::{Committed, Hash};
use loopgate_referral::{OrgId, PersonId};
use loopgate_store::Log;
use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::fold::World;
use crate::scribe::CoverKey;

/// Bump when the fold changes: the next start replays everything.
const VERSION: u32 = 11;
/// No fold is longer.
const FOLD_BYTES_MAX: u64 = 64 * 1024 * 1024 * 1024;

/// Where the file is.
pub fn path(data: &Path) -> PathBuf {
    data.join("state")
}

/// Removes the file, if it is there: after an erasure it may not be read any more, and cannot.
pub fn forget(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => loopgate_store::sync_folder_of(path),
    }
}

/// What is computed from the first frames of a log.
pub struct State {
    /// The fold.
    pub world: World,
    /// The catalogue.
    pub catalogue: Catalogue,
    /// Summary entries that still cover re-reads: frame, and entry in it.
    pub covers: Vec<(CoverKey, u64, usize)>,
    /// The leaf hashes.
    pub leaves: Vec<Hash>,
}

#[derive(Serialize)]
struct Out<'a> {
    version: u32,
    world: &'a World,
    catalogue: &'a Catalogue,
    covers: Vec<Cover<'a>>,
}

#[derive(Serialize)]
struct Cover<'a>(&'a OrgId, PersonId, i64, u64, usize);

#[derive(Deserialize)]
struct In {
    version: u32,
    world: World,
    catalogue: Catalogue,
    covers: Vec<(OrgId, PersonId, i64, u64, usize)>,
}

/// Writes a state; the same state is the same bytes on every machine.
pub fn write(
    (world, catalogue): (&World, &Catalogue),
    covers: &HashMap<CoverKey, Committed>,
    leaf: impl Fn(u64) -> Option<Hash>,
    first_leaf: impl Fn(u64) -> Option<u64>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    // A cover serves its own day alone; clocks differ by less than another.
    let today = world.last_at.day();
    let mut kept: Vec<Cover<'_>> = Vec::new();
    for ((org, person, day), proof) in covers.iter().filter(|((_, _, day), _)| *day >= today - 1) {
        let first = first_leaf(proof.sequence()).context("a frame is missing")?;
        let entry = usize::try_from(proof.leaf_index() - first)?;
        kept.push(Cover(org, *person, *day, proof.sequence(), entry));
    }
    kept.sort_by_key(|one| (one.3, one.4));
    let mut fold = Vec::new();
    ciborium::into_writer(&Out { version: VERSION, world, catalogue, covers: kept }, &mut fold)?;
    out.write_all(&(fold.len() as u64).to_be_bytes())?;
    out.write_all(&fold)?;
    for index in 0..world.leaves {
        out.write_all(&leaf(index).context("a leaf is missing")?)?;
    }
    Ok(())
}

/// Reads what [`write`] wrote. `None` if it is of another version.
pub fn read(input: &mut dyn Read) -> anyhow::Result<Option<State>> {
    let mut len = [0; 8];
    input.read_exact(&mut len)?;
    let len = u64::from_be_bytes(len);
    ensure!(len <= FOLD_BYTES_MAX, "the fold is too long");
    let mut fold = input.take(len);
    let kept: Result<In, _> = ciborium::from_reader(io::BufReader::new(&mut fold));
    let Ok(kept) = kept else { return Ok(None) };
    if kept.version != VERSION {
        return Ok(None);
    }
    io::copy(&mut fold, &mut io::sink())?;
    let count = usize::try_from(kept.world.leaves)?;
    let mut leaves = Vec::new();
    for _ in 0..count {
        let mut leaf = [0; 32];
        input.read_exact(&mut leaf)?;
        leaves.push(leaf);
    }
    ensure!(input.read(&mut [0])? == 0, "there is more than a state");
    let covers = kept.covers.into_iter();
    let covers =
        covers.map(|(org, person, day, sequence, entry)| ((org, person, day), sequence, entry));
    let (world, catalogue) = (kept.world, kept.catalogue);
    Ok(Some(State { world, catalogue, covers: covers.collect(), leaves }))
}

/// The summary entries as the log proves them.
pub fn proved(
    covers: Vec<(CoverKey, u64, usize)>,
    log: &dyn Log,
) -> anyhow::Result<HashMap<CoverKey, Committed>> {
    let mut proved = HashMap::new();
    for (key, sequence, entry) in covers {
        let stored = log.read(sequence)?.context("a frame is missing")?;
        let proof = stored.committed.get(entry).context("an entry is missing")?;
        proved.insert(key, proof.clone());
    }
    Ok(proved)
}
