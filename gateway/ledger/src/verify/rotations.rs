//! The keys of a bundle: from each to the next by a note that both signed, and nothing signed by
//! one that is retired.

use std::path::Path;

use super::{check_hash, listed, read_note};
use crate::bundle::VKEYS_MAX;
use crate::checkpoint::{Checkpoint, open_checkpoint};
use crate::keys::KeyEvent;
use crate::manifest::{CHECKPOINT, Manifest, VKEYS, rotation_path};
use crate::read::read_small;
use crate::report::Problem;
use crate::tree::Tree;

const VKEYS_BYTES_MAX: usize = VKEYS_MAX * 512;

/// The keys, oldest first. Each line is one, none twice.
pub(super) fn read_vkeys(dir: &Path, manifest: &Manifest) -> Result<Vec<String>, Problem> {
    let (bytes, hash) = read_small(dir, VKEYS, VKEYS_BYTES_MAX)?;
    check_hash(VKEYS, &hash, listed(manifest, VKEYS)?)?;
    let malformed = || Problem::of_bundle(format!("{VKEYS} is not 1 to {VKEYS_MAX} lines"));
    let text = String::from_utf8(bytes).map_err(|_| malformed())?;
    let lines = text.strip_suffix('\n').ok_or_else(malformed)?;
    let vkeys: Vec<String> = lines.split('\n').map(str::to_owned).collect();
    if vkeys.len() > VKEYS_MAX {
        return Err(malformed());
    }
    let twice = |at: usize| vkeys[..at].contains(&vkeys[at]);
    if (1..vkeys.len()).any(twice) {
        return Err(Problem::of_bundle(format!("{VKEYS} holds a key twice")));
    }
    Ok(vkeys)
}

/// A note as it is, and what it says.
pub(super) struct Signed {
    pub(super) note: String,
    pub(super) checkpoint: Checkpoint,
}

/// Everything the entries say of keys, and everything the keys signed.
pub(super) struct Rotations<'a> {
    pub(super) vkeys: &'a [String],
    pub(super) events: &'a [(u64, KeyEvent)],
    pub(super) signed: &'a Signed,
    pub(super) tree: &'a Tree,
}

impl Rotations<'_> {
    /// The size that each key signed last, as far as the bundle shows: its rotation's, and for the
    /// last one the checkpoint's.
    pub(super) fn check(&self, dir: &Path, manifest: &Manifest) -> Result<Vec<u64>, Problem> {
        let mut sizes = Vec::with_capacity(self.vkeys.len());
        self.check_events()?;
        self.check_retired(CHECKPOINT, self.signed)?;
        for (from, pair) in self.vkeys.windows(2).enumerate() {
            let path = rotation_path(from);
            let note = read_note(dir, manifest, &path)?;
            let open = |vkey: &String| {
                let refused = |why| Problem::of_bundle(format!("{path}: {why}"));
                open_checkpoint(&note, vkey).map_err(refused)
            };
            let (checkpoint, _) = (open(&pair[0])?, open(&pair[1])?);
            self.check_rotation(&path, pair, &checkpoint)?;
            sizes.push(checkpoint.size);
            self.check_retired(&path, &Signed { note, checkpoint })?;
        }
        sizes.push(self.signed.checkpoint.size);
        Ok(sizes)
    }

    fn check_rotation(
        &self,
        path: &str,
        pair: &[String],
        checkpoint: &Checkpoint,
    ) -> Result<(), Problem> {
        if self.tree.root_at(checkpoint.size) != Some(checkpoint.root) {
            let text = format!("{path} is not of a tree that this one begins with");
            return Err(Problem::of_bundle(text));
        }
        let announces = |(index, event): &(u64, KeyEvent)| match event {
            KeyEvent::Next { from, to } => {
                *index < checkpoint.size && *from == pair[0] && *to == pair[1]
            }
            KeyEvent::Retired { .. } => false,
        };
        let shown = self.events.iter().any(announces);
        let missing = || Problem::of_bundle(format!("{path}: no entry shown announces the key"));
        shown.then_some(()).ok_or_else(missing)
    }

    /// Each event is about keys of this bundle: else it would be one of a log that went on to
    /// other keys, seen through a key it has left behind.
    fn check_events(&self) -> Result<(), Problem> {
        let line = |vkey: &String| self.vkeys.iter().position(|listed| listed == vkey);
        for (index, event) in self.events {
            let known = match event {
                KeyEvent::Next { from, to } => {
                    line(from).is_some_and(|at| line(to) == Some(at + 1))
                }
                KeyEvent::Retired { retired, .. } => line(retired).is_some(),
            };
            if !known {
                let text = format!("its keys are not those of {VKEYS}");
                return Err(Problem::of_entry(*index, text));
            }
        }
        Ok(())
    }

    fn check_retired(&self, path: &str, signed: &Signed) -> Result<(), Problem> {
        for (_, event) in self.events {
            let KeyEvent::Retired { retired, size } = event else { continue };
            if signed.checkpoint.size > *size && open_checkpoint(&signed.note, retired).is_ok() {
                return Err(Problem::of_bundle(format!("{path} is signed by a retired key")));
            }
        }
        Ok(())
    }
}
