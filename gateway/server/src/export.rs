//! Evidence bundles: everything an auditor needs to check the log without us, and without the
//! words that could be about a person (`note`).

use std::io;
use std::path::Path;

use anyhow::{Context, anyhow};
use loopgate_ledger::{BundleParts, Field, Opening, write_bundle};
use loopgate_store::LogKeys;

use crate::archive::unseal;
use crate::gate::Gate;
use crate::journal::Event;
use crate::scribe::Command;

/// Writes a bundle over the whole log into an empty folder. That it was made, and for which case,
/// is recorded first.
pub fn export(gate: &Gate, out: &Path, case: &str) -> anyhow::Result<u64> {
    let known = gate.scribe.published().world().leaves;
    let event = Event::Exported { size: known, case: case.to_owned() };
    let gone = |_| anyhow!("the gateway cannot record the export right now");
    gate.scribe.ask_blocking(|reply| Command::Record(Box::new(event), reply)).map_err(gone)?;
    let note = gate.scribe.ask_blocking(Command::Checkpoint).map_err(gone)?;
    let signed =
        loopgate_ledger::open_checkpoint(&note, &gate.vkey).context("our own checkpoint")?;

    let entries = entries(gate, signed.size)?;
    let (leaves, openings): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
    let parts = BundleParts {
        vkeys: std::slice::from_ref(&gate.vkey),
        rotations: &[],
        checkpoint_note: &note,
        leaves: leaves.into_iter().map(io::Result::Ok),
        openings: openings.into_iter().map(io::Result::Ok),
    };
    write_bundle(out, parts).context("the bundle could not be written")?;
    Ok(signed.size)
}

fn entries(gate: &Gate, size: u64) -> anyhow::Result<Vec<(Vec<u8>, Opening)>> {
    let (log, keyring) = (gate.archive.log(), gate.archive.keyring());
    let keys: &dyn LogKeys = log;
    // Everything but free text, which may be about the person.
    let shown: Vec<Field> = Field::ALL.into_iter().filter(|field| *field != Field::Note).collect();
    let mut entries = Vec::new();
    for sequence in 0.. {
        let Some(stored) = log.read(sequence)? else { break };
        for (n, proof) in stored.committed.iter().enumerate() {
            if proof.leaf_index() >= size {
                return Ok(entries);
            }
            let (body, key) = unseal(&stored.frame, n, keyring, keys)?;
            let opening = Opening::make(proof.leaf_index(), key.seed(), &body.fields, &shown);
            entries.push((stored.frame.entries[n].leaf.clone(), opening));
        }
    }
    Ok(entries)
}
