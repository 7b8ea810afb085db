//! `loopgate restore`: frames come back from backups, unless the log they make is shorter than what
//! was last signed, or has another past.

use std::fs::File;
use std::path::PathBuf;

use anyhow::Context;
use loopgate_ledger::Leaf;
use loopgate_store::{Attachments, FileLog, Log, read_backup};

use crate::config::Config;
use crate::notary::Notary;
use crate::signing_keys;

/// Restores backups, oldest first, onto the log of a deployment that does not run. Checks before it
/// writes. Returns how many frames came back.
pub fn restore(config: &Config, files: &[PathBuf]) -> anyhow::Result<usize> {
    let mut log = FileLog::open(&config.folders.data.join("log"), None)?;
    let keys = &config.folders.keys;
    let mut notary = Notary::new(&config.ledger.origin, keys);
    for key in signing_keys::all(keys, &config.ledger.origin)? {
        notary.sign_with(key);
    }
    for sequence in 0..log.head().next {
        let stored = log.read(sequence)?.context("a frame is missing")?;
        stored.committed.iter().for_each(|proof| notary.append(*proof.leaf_hash()));
    }
    let mut backups = Vec::new();
    let mut next = log.head().next;
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut file = File::open(path).with_context(|| name.clone())?;
        let mut restored = read_backup(&mut file).with_context(|| name.clone())?;
        // A restore that was interrupted goes on where it stopped.
        for frame in restored.frames.extract_if(.., |frame| frame.sequence < next) {
            let known =
                log.read(frame.sequence)?.is_some_and(|known| known.frame.entries == frame.entries);
            anyhow::ensure!(known, "{name} is of another log");
        }
        for frame in &restored.frames {
            anyhow::ensure!(frame.sequence == next, "{name} does not continue the log");
            frame.entries.iter().for_each(|entry| notary.append(Leaf::hash(&entry.leaf)));
            next += 1;
        }
        backups.push(restored);
    }
    notary.check()?;
    let attachments = Attachments::open(&config.folders.data.join("vault"))?;
    for restored in &backups {
        loopgate_store::restore(&mut log, &attachments, restored)?;
    }
    Ok(backups.iter().map(|restored| restored.frames.len()).sum())
}
