//! The offline verifier: no network, no clock, no trust in who wrote the bundle.
//!
//! Integrity: every byte is accounted for, the leaves hash to a root the log signed, by a key that
//! follows from the pinned one, and every opening matches its leaf. Completeness: every entry is
//! shown or erased on record, and its chains have no hole (`complete`). Texts name a file or an
//! entry, never what it holds.

use std::path::Path;

use crate::checkpoint::{Checkpoint, NOTE_BYTES_MAX, open_checkpoint};
use crate::manifest::{
    CHECKPOINT, ENTRIES, MANIFEST, MANIFEST_BYTES_MAX, Manifest, ManifestError, VKEYS,
};
use crate::read::{check_listing, read_small};
use crate::report::{Problem, Report, Verdict};
use crate::tree::{Hash, Tree};
use crate::trust::{Freshness, Trust, Word};

mod entries;
mod leaves;
mod rotations;

use entries::read_entries;
use leaves::{check_hash_tiles, read_leaves};
use rotations::{Rotations, Signed, read_vkeys};

/// Verifies one bundle. Without a pinned key its own is used, and the verdict says so.
pub fn verify_bundle(dir: &Path, pinned_vkey: Option<&str>) -> Report {
    verify_bundle_trusting(dir, Trust::pinned(pinned_vkey), None)
}

/// As [`verify_bundle`], by a policy if need be. Without a cosignature, the last leaf's time is the
/// one that must be fresh.
pub fn verify_bundle_trusting(
    dir: &Path,
    trust: Trust<'_>,
    freshness: Option<Freshness>,
) -> Report {
    let mut seen = Seen::default();
    match read_bundle(dir, trust, &mut seen) {
        Ok(bundle) => {
            let integrity = trust.holds();
            let mut report = match bundle.whole {
                Ok(erased) => seen.report(integrity, Verdict::Holds(whole_text(erased)), None),
                Err(hole) => seen.report(integrity, Verdict::Fails(hole.text), hole.entry),
            };
            bundle.word.tell(freshness, bundle.time_s, &mut report);
            report
        }
        Err(problem) => {
            let completeness = Verdict::NotChecked("not checked, integrity fails".to_owned());
            let integrity = trust.fails(problem.text);
            seen.report(integrity, completeness, problem.entry)
        }
    }
}

/// The tree over the leaves of a bundle whose integrity holds by its own keys; else the first reason why
/// it does not.
pub fn bundle_tree(dir: &Path) -> Result<Tree, String> {
    let bundle = read_bundle(dir, Trust::Own, &mut Seen::default());
    bundle.map(|bundle| bundle.tree).map_err(|problem| problem.text)
}

/// Verifies two bundles of one log and that the newer tree begins with the older one.
///
/// The key that signed the older one must have signed the newer one too, or be followed there by
/// the one that did. Completeness is not asked: a bundle that shows few entries is as good a witness of the tree. Entries and size in
/// the report are those of the newer bundle.
pub fn verify_consistency(old_dir: &Path, new_dir: &Path, pinned_vkey: Option<&str>) -> Report {
    let mut seen = Seen::default();
    let completeness = Verdict::NotChecked("not checked, trees are compared".to_owned());
    let trust = Trust::pinned(pinned_vkey);
    match read_both(old_dir, new_dir, trust, &mut seen) {
        Ok(()) => seen.report(trust.holds(), completeness, None),
        Err(problem) => {
            let integrity = trust.fails(problem.text);
            seen.report(integrity, completeness, problem.entry)
        }
    }
}

fn read_both(
    old_dir: &Path,
    new_dir: &Path,
    trust: Trust<'_>,
    seen: &mut Seen,
) -> Result<(), Problem> {
    let old = read_bundle(old_dir, trust, &mut Seen::default());
    let old = old.map_err(|problem| problem.within("older bundle"))?;
    let new = read_bundle(new_dir, Trust::Key(&old.vkey), seen);
    let new = new.map_err(|problem| problem.within("newer bundle"))?;
    // One key has one name, and a checkpoint's origin is that name: the origins are equal.
    match new.tree.root_at(old.checkpoint.size) {
        Some(root) if root == old.checkpoint.root => Ok(()),
        Some(_) => Err(Problem::of_bundle("the newer tree does not begin with the older one")),
        None => Err(Problem::of_bundle("the newer tree is shorter than the older one")),
    }
}

fn whole_text(erased: u64) -> String {
    match erased {
        0 => "ok, every entry is shown and no chain has a hole".to_owned(),
        _ => format!("ok, every entry is shown or erased ({erased} are) and no chain has a hole"),
    }
}

/// How far the reading came, for the report.
#[derive(Default)]
struct Seen {
    entries: u64,
    size: u64,
}

impl Seen {
    fn report(self, integrity: Verdict, completeness: Verdict, first_bad: Option<u64>) -> Report {
        let (entries, size) = (self.entries, self.size);
        Report { integrity, completeness, entries, size, first_bad, ..Report::unchecked() }
    }
}

/// A bundle whose integrity holds.
struct Bundle {
    /// The key that signed the checkpoint.
    vkey: String,
    checkpoint: Checkpoint,
    tree: Tree,
    /// How many entries are erased, or the first hole.
    whole: Result<u64, Problem>,
    /// The last leaf's time.
    time_s: i64,
    word: Word,
}

fn read_bundle(dir: &Path, trust: Trust<'_>, seen: &mut Seen) -> Result<Bundle, Problem> {
    let manifest = read_manifest(dir)?;
    let vkeys = read_vkeys(dir, &manifest)?;
    check_vkeys(trust, &vkeys)?;
    let signed = read_checkpoint(dir, &manifest, &vkeys)?;
    let size = signed.checkpoint.size;
    seen.size = size;
    check_paths(&manifest, vkeys.len(), size)?;
    check_listing(dir, &manifest)?;
    let (tree, commitments, time_s) = read_leaves(dir, &manifest, &signed.checkpoint)?;
    check_hash_tiles(dir, &manifest, &tree)?;
    let openings = read_entries(dir, listed(&manifest, ENTRIES)?, &commitments, seen)?;
    let events = &openings.key_events;
    let rotations = Rotations { vkeys: &vkeys, events, signed: &signed, tree: &tree };
    let signed_sizes = rotations.check(dir, &manifest)?;
    check_anchor(trust, &vkeys, &signed_sizes)?;
    let refused = |why| Problem::of_bundle(format!("{CHECKPOINT}: {why}"));
    let word = trust.word(&signed.note).map_err(refused)?;
    let vkey = vkeys.last().cloned().unwrap_or_default();
    let (checkpoint, whole) = (signed.checkpoint, openings.whole);
    Ok(Bundle { vkey, checkpoint, tree, whole, time_s, word })
}

/// Some line is a key that is trusted, whatever it may still sign.
fn check_vkeys(trust: Trust<'_>, vkeys: &[String]) -> Result<(), Problem> {
    if !vkeys.iter().any(|vkey| trust.takes(vkey, 0)) {
        return Err(Problem::of_bundle(format!("{VKEYS} does not hold the pinned key")));
    }
    Ok(())
}

/// Some trusted key signed no more than it may: the note that led to the next key, or the
/// checkpoint.
fn check_anchor(trust: Trust<'_>, vkeys: &[String], sizes: &[u64]) -> Result<(), Problem> {
    if !vkeys.iter().zip(sizes).any(|(vkey, size)| trust.takes(vkey, *size)) {
        return Err(Problem::of_bundle("more is signed than the retired key may sign"));
    }
    Ok(())
}

fn read_manifest(dir: &Path) -> Result<Manifest, Problem> {
    let (bytes, _) = read_small(dir, MANIFEST, MANIFEST_BYTES_MAX)?;
    Manifest::parse(&bytes).map_err(|why| {
        let what = match why {
            ManifestError::NotCanonical => "is not canonical",
            ManifestError::Unknown => "is of an unknown format or version",
        };
        Problem::of_bundle(format!("{MANIFEST} {what}"))
    })
}

fn check_paths(manifest: &Manifest, keys: usize, size: u64) -> Result<(), Problem> {
    manifest.check_paths(keys, size).map_err(|missing| match missing {
        Some(path) => Problem::of_bundle(format!("{MANIFEST} does not list {path}")),
        None => Problem::of_bundle(format!("{MANIFEST} lists a file that has no place in it")),
    })
}

fn read_checkpoint(dir: &Path, manifest: &Manifest, vkeys: &[String]) -> Result<Signed, Problem> {
    let note = read_note(dir, manifest, CHECKPOINT)?;
    let refused = |why| Problem::of_bundle(format!("{CHECKPOINT}: {why}"));
    let last = vkeys.last().map_or("", String::as_str);
    let checkpoint = open_checkpoint(&note, last).map_err(refused)?;
    Ok(Signed { note, checkpoint })
}

/// A signed note, of which nothing is checked yet but its hash.
fn read_note(dir: &Path, manifest: &Manifest, path: &str) -> Result<String, Problem> {
    let (bytes, hash) = read_small(dir, path, NOTE_BYTES_MAX)?;
    check_hash(path, &hash, listed(manifest, path)?)?;
    String::from_utf8(bytes).map_err(|_| Problem::of_bundle(format!("{path} is not text")))
}

fn listed<'a>(manifest: &'a Manifest, path: &str) -> Result<&'a Hash, Problem> {
    let missing = || Problem::of_bundle(format!("{MANIFEST} does not list {path}"));
    manifest.hash_of(path).ok_or_else(missing)
}

fn check_hash(name: &str, found: &Hash, listed: &Hash) -> Result<(), Problem> {
    if found != listed {
        let text = format!("{name} does not have the hash the manifest lists");
        return Err(Problem::of_bundle(text));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
