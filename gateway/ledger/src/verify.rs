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

mod entries;
mod leaves;
mod rotations;

use entries::read_entries;
use leaves::{check_hash_tiles, read_leaves};
use rotations::{Rotations, Signed, read_vkeys};

/// Verifies one bundle. Without a pinned key its own is used, and the verdict says so.
pub fn verify_bundle(dir: &Path, pinned_vkey: Option<&str>) -> Report {
    let mut seen = Seen::default();
    match read_bundle(dir, pinned_vkey, &mut seen) {
        Ok(bundle) => {
            let integrity = integrity_holds(pinned_vkey);
            match bundle.whole {
                Ok(erased) => seen.report(integrity, Verdict::Holds(whole_text(erased)), None),
                Err(hole) => seen.report(integrity, Verdict::Fails(hole.text), hole.entry),
            }
        }
        Err(problem) => {
            let completeness = Verdict::NotChecked("not checked, integrity fails".to_owned());
            let integrity = integrity_fails(problem.text, pinned_vkey);
            seen.report(integrity, completeness, problem.entry)
        }
    }
}

/// Verifies two bundles of one log and that the newer tree begins with the older one.
///
/// The key that signed the older one must have signed the newer one too, or be followed there by
/// the one that did. Completeness is not asked: a bundle that shows few entries is as good a witness of the tree. Entries and size in
/// the report are those of the newer bundle.
pub fn verify_consistency(old_dir: &Path, new_dir: &Path, pinned_vkey: Option<&str>) -> Report {
    let mut seen = Seen::default();
    let completeness = Verdict::NotChecked("not checked, trees are compared".to_owned());
    match read_both(old_dir, new_dir, pinned_vkey, &mut seen) {
        Ok(()) => seen.report(integrity_holds(pinned_vkey), completeness, None),
        Err(problem) => {
            let integrity = integrity_fails(problem.text, pinned_vkey);
            seen.report(integrity, completeness, problem.entry)
        }
    }
}

fn read_both(
    old_dir: &Path,
    new_dir: &Path,
    pinned_vkey: Option<&str>,
    seen: &mut Seen,
) -> Result<(), Problem> {
    let old = read_bundle(old_dir, pinned_vkey, &mut Seen::default());
    let old = old.map_err(|problem| problem.within("older bundle"))?;
    let new = read_bundle(new_dir, Some(&old.vkey), seen);
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

fn integrity_holds(pinned_vkey: Option<&str>) -> Verdict {
    let text = match pinned_vkey {
        Some(_) => "ok, key pinned",
        None => "ok, key not pinned",
    };
    Verdict::Holds(text.to_owned())
}

fn integrity_fails(why: String, pinned_vkey: Option<&str>) -> Verdict {
    match pinned_vkey {
        Some(_) => Verdict::Fails(why),
        None => Verdict::Fails(format!("{why} (key not pinned)")),
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
        Report {
            integrity,
            completeness,
            capture: Verdict::NotChecked("not checked".to_owned()),
            entries: self.entries,
            size: self.size,
            first_bad,
        }
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
}

fn read_bundle(dir: &Path, pinned_vkey: Option<&str>, seen: &mut Seen) -> Result<Bundle, Problem> {
    let manifest = read_manifest(dir)?;
    let vkeys = read_vkeys(dir, &manifest)?;
    if pinned_vkey.is_some_and(|pinned| !vkeys.iter().any(|vkey| vkey == pinned)) {
        return Err(Problem::of_bundle(format!("{VKEYS} does not hold the pinned key")));
    }
    let signed = read_checkpoint(dir, &manifest, &vkeys)?;
    let size = signed.checkpoint.size;
    seen.size = size;
    check_paths(&manifest, vkeys.len(), size)?;
    check_listing(dir, &manifest)?;
    let (tree, commitments) = read_leaves(dir, &manifest, &signed.checkpoint)?;
    check_hash_tiles(dir, &manifest, &tree)?;
    let openings = read_entries(dir, listed(&manifest, ENTRIES)?, &commitments, seen)?;
    let events = &openings.key_events;
    let rotations = Rotations { vkeys: &vkeys, events, signed: &signed, tree: &tree };
    rotations.check(dir, &manifest)?;
    let vkey = vkeys.last().cloned().unwrap_or_default();
    Ok(Bundle { vkey, checkpoint: signed.checkpoint, tree, whole: openings.whole })
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
