//! The offline verifier: no network, no clock, no trust in who wrote the bundle.
//!
//! Integrity: every byte is accounted for, the leaves hash to a root the log signed, and every
//! opening matches its leaf. Completeness: every entry is shown and its chains have no hole
//! (`chain`). Texts name a file or an entry, never what it holds.

use std::path::Path;

use crate::bundle::{CHECKPOINT, ENTRIES, LEAVES, MANIFEST, Manifest, VKEY};
use crate::canonical;
use crate::chain::Chains;
use crate::checkpoint::{Checkpoint, NOTE_BYTES_MAX, open_checkpoint};
use crate::leaf::{Leaf, log_id};
use crate::opening::Opening;
use crate::read::{Lines, check_listing, read_small};
use crate::report::{Problem, Report, Verdict};
use crate::tree::{Hash, Tree};

const MANIFEST_BYTES_MAX: usize = 4096;
const VKEY_BYTES_MAX: usize = 1024;

/// Verifies one bundle. Without a pinned key its own is used, and the verdict says so.
pub fn verify_bundle(dir: &Path, pinned_vkey: Option<&str>) -> Report {
    let mut seen = Seen::default();
    match read_bundle(dir, pinned_vkey, &mut seen) {
        Ok(bundle) => {
            let integrity = integrity_holds(pinned_vkey);
            match bundle.hole {
                None => {
                    let text = "ok, every entry is shown and no chain has a hole";
                    seen.report(integrity, Verdict::Holds(text.to_owned()), None)
                }
                Some(hole) => seen.report(integrity, Verdict::Fails(hole.text), hole.entry),
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
/// Without a pinned key the older bundle's own key must have signed both. Completeness is not
/// asked: a bundle that shows few entries is as good a witness of the tree. Entries and size in
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
    vkey: String,
    checkpoint: Checkpoint,
    tree: Tree,
    hole: Option<Problem>,
}

fn read_bundle(dir: &Path, pinned_vkey: Option<&str>, seen: &mut Seen) -> Result<Bundle, Problem> {
    check_listing(dir)?;
    let hashes = read_manifest(dir)?;
    let vkey = read_vkey(dir, &hashes.vkey)?;
    if pinned_vkey.is_some_and(|pinned| pinned != vkey) {
        return Err(Problem::of_bundle(format!("{VKEY} is not the pinned key")));
    }
    let checkpoint = read_checkpoint(dir, &hashes.checkpoint, &vkey)?;
    seen.size = checkpoint.size;
    let (tree, commitments) = read_leaves(dir, &hashes.leaves, &checkpoint)?;
    let hole = read_entries(dir, &hashes.entries, &commitments, seen)?;
    Ok(Bundle { vkey, checkpoint, tree, hole })
}

/// The manifest's four hashes.
struct Hashes {
    checkpoint: Hash,
    entries: Hash,
    leaves: Hash,
    vkey: Hash,
}

fn read_manifest(dir: &Path) -> Result<Hashes, Problem> {
    let malformed = || Problem::of_bundle(format!("{MANIFEST} is not canonical"));
    let (bytes, _) = read_small(dir, MANIFEST, MANIFEST_BYTES_MAX)?;
    let manifest: Manifest = canonical::read(&bytes).ok_or_else(malformed)?;
    if manifest.format != Manifest::FORMAT || manifest.version != Manifest::VERSION {
        let text = format!("{MANIFEST} is of an unknown format or version");
        return Err(Problem::of_bundle(text));
    }
    let hash = |hex: &str| canonical::hash_from_hex(hex).ok_or_else(malformed);
    Ok(Hashes {
        checkpoint: hash(&manifest.files.checkpoint)?,
        entries: hash(&manifest.files.entries)?,
        leaves: hash(&manifest.files.leaves)?,
        vkey: hash(&manifest.files.vkey)?,
    })
}

fn read_vkey(dir: &Path, expected: &Hash) -> Result<String, Problem> {
    let (bytes, hash) = read_small(dir, VKEY, VKEY_BYTES_MAX)?;
    check_hash(VKEY, &hash, expected)?;
    let text = String::from_utf8(bytes).ok();
    let line = text.and_then(|text| text.strip_suffix('\n').map(str::to_owned));
    line.ok_or_else(|| Problem::of_bundle(format!("{VKEY} is not one line")))
}

fn read_checkpoint(dir: &Path, expected: &Hash, vkey: &str) -> Result<Checkpoint, Problem> {
    let (bytes, hash) = read_small(dir, CHECKPOINT, NOTE_BYTES_MAX)?;
    check_hash(CHECKPOINT, &hash, expected)?;
    let note = String::from_utf8(bytes);
    let note = note.map_err(|_| Problem::of_bundle(format!("{CHECKPOINT} is not text")))?;
    let refused = |why| Problem::of_bundle(format!("{CHECKPOINT}: {why}"));
    open_checkpoint(&note, vkey).map_err(refused)
}

/// The tree over the leaves, which must be the signed one, and the commitment of each.
fn read_leaves(
    dir: &Path,
    expected: &Hash,
    checkpoint: &Checkpoint,
) -> Result<(Tree, Vec<Hash>), Problem> {
    let mut lines = Lines::open(dir, LEAVES)?;
    let log = log_id(&checkpoint.origin);
    let (mut tree, mut commitments) = (Tree::new(), Vec::new());
    let mut time_s = 0;
    while let Some(line) = lines.next()? {
        let index = tree.len();
        let leaf = Leaf::parse(&line).map_err(|why| Problem::of_entry(index, why))?;
        check_leaf(&leaf, index, &log, time_s)?;
        if index == checkpoint.size {
            let text = "the leaf lies beyond the checkpoint";
            return Err(Problem::of_entry(index, text));
        }
        time_s = leaf.time_s;
        tree.append(Leaf::hash(&line));
        commitments.push(leaf.commitment);
    }
    if tree.len() < checkpoint.size {
        return Err(Problem::of_entry(tree.len(), "the leaf is missing"));
    }
    if tree.root() != checkpoint.root {
        let text = "the leaves do not hash to the signed root";
        return Err(Problem::of_bundle(text));
    }
    check_hash(LEAVES, &lines.hash(), expected)?;
    Ok((tree, commitments))
}

fn check_leaf(leaf: &Leaf, index: u64, log: &str, time_s: i64) -> Result<(), Problem> {
    if leaf.index != index {
        return Err(Problem::of_entry(index, "the leaf has another index"));
    }
    if leaf.log != log {
        return Err(Problem::of_entry(index, "the leaf is of another log"));
    }
    if leaf.time_s < time_s {
        return Err(Problem::of_entry(index, "the leaf is older than the one before it"));
    }
    Ok(())
}

/// The first hole, if any; an opening that does not match its leaf is a problem of integrity.
fn read_entries(
    dir: &Path,
    expected: &Hash,
    commitments: &[Hash],
    seen: &mut Seen,
) -> Result<Option<Problem>, Problem> {
    let mut lines = Lines::open(dir, ENTRIES)?;
    let mut chains = Chains::default();
    let mut next = 0;
    while let Some(line) = lines.next()? {
        let refused =
            |why| Problem::of_bundle(format!("line {} of {ENTRIES}: {why}", seen.entries));
        let opening = Opening::parse(&line).map_err(refused)?;
        let index = opening.index;
        if index < next {
            return Err(Problem::of_entry(index, "shown twice or out of order"));
        }
        let commitment = usize::try_from(index).ok().and_then(|at| commitments.get(at));
        let beyond = || Problem::of_entry(index, "the entry lies beyond the checkpoint");
        let checked = opening.check(commitment.ok_or_else(beyond)?);
        checked.map_err(|_| Problem::of_entry(index, "what is shown is not what was recorded"))?;
        chains.follow(&opening);
        next = index + 1;
        seen.entries += 1;
    }
    check_hash(ENTRIES, &lines.hash(), expected)?;
    Ok(chains.finish(commitments.len() as u64))
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
