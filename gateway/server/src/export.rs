//! Evidence bundles: everything an auditor needs to check the log without us, and without the
//! words that could be about a person (`note`).

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, anyhow};
use loopgate_ledger::{BundleParts, Field, Opening, open_checkpoint, write_bundle};
use loopgate_referral::OrgId;
use loopgate_store::{Outage, Stored};

use crate::archive::{Archive, Kept};
use crate::csv::hmis::{self, File};
use crate::csv::out::{self, Which};
use crate::evidence::{self, Chain, Sealed};
use crate::gate::Gate;
use crate::journal::Event;
use crate::partner::Role;
use crate::scribe::Command;

/// Writes a bundle over the whole log into an empty folder. That it was made, and for which case,
/// is recorded first. How many entries it covers.
pub fn export(gate: &Gate, out: &Path, case: &str) -> anyhow::Result<u64> {
    record(gate, case, None)?;
    let gone = |_| anyhow!("the gateway cannot sign right now");
    let note = gate.scribe.ask_blocking(Command::Checkpoint).map_err(gone)?;
    let (vkeys, rotations) = (gate.vkeys(), evidence::rotations(gate));
    let newest = vkeys.last().context("the log has no key")?;
    let signed = open_checkpoint(&note, newest).context("our own checkpoint")?;

    let parts = BundleParts {
        vkeys: &vkeys,
        rotations: &rotations,
        checkpoint_note: &note,
        leaves: each(&gate.archive, signed.size, |stored, entry| {
            Ok(Some(stored.frame.entries[entry].leaf.clone()))
        }),
        openings: each(&gate.archive, signed.size, |stored, entry| {
            opening(&gate.archive, stored, entry)
        }),
    };
    write_bundle(out, parts).context("the bundle could not be written")?;
    Ok(signed.size)
}

/// Writes a report over a chain into a file that is not there yet; that is recorded first. How many
/// entries it lists.
pub fn report(
    gate: &Gate,
    chain: &Chain<'_>,
    shown: &[Field],
    out: &Path,
    case: &str,
) -> anyhow::Result<usize> {
    record(gate, case, Some(format!("{} {}", chain.class.field().name(), chain.id)))?;
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(out)?;
    let mut file = io::BufWriter::new(file);
    let count = evidence::report(gate, chain, shown, &mut file)?;
    file.flush()?;
    Ok(count)
}

/// Writes a sealed evidence file; that is recorded first.
pub fn evidence(gate: &Gate, what: &Sealed<'_>, out: &Path) -> anyhow::Result<()> {
    let entries: Vec<String> = what.entries.iter().map(ToString::to_string).collect();
    let words = format!("entries {} for {}", entries.join(" "), what.made_for);
    record(gate, what.case, Some(words))?;
    evidence::sealed(gate, what, out)
}

/// Writes the files that an organization would download; to it they are disclosed. What was written.
pub fn csv(gate: &Gate, org: &OrgId, hmis: bool, out: &Path) -> anyhow::Result<String> {
    let roster = gate.scribe.published().roster.load();
    let partner = roster.get(org).context("there is no such partner in force")?;
    anyhow::ensure!(partner.is(Role::Target), "nobody refers to this partner");
    anyhow::ensure!(!partner.suspended, "this partner is suspended");
    let gone = |_| anyhow!("the gateway cannot disclose it right now");
    let files = if hmis {
        [("Event.csv", File::Events), ("Event-not-carried.csv", File::NotCarried)]
            .into_iter()
            .map(|(name, file)| Ok((name, hmis::file(gate, partner, None, file).map_err(gone)?)))
            .collect::<anyhow::Result<Vec<_>>>()?
    } else {
        let open = out::referrals(gate, partner, None, Which::Open).map_err(gone)?;
        vec![("referrals.csv", open)]
    };
    fs::create_dir_all(out)?;
    for (name, parts) in &files {
        let path = out.join(name);
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&parts.bytes)?;
        file.sync_all()?;
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    Ok(names.join(", "))
}

fn record(gate: &Gate, case: &str, what: Option<String>) -> anyhow::Result<()> {
    let size = gate.scribe.published().world().leaves;
    let event = Box::new(Event::Exported { size, case: case.to_owned(), what });
    let recorded =
        gate.scribe.ask_blocking(|reply| Command::Record(event, "loopgate".to_owned(), reply));
    recorded.map(drop).map_err(|_| anyhow!("the gateway cannot record the export right now"))
}

/// What `take` makes of each of the first `size` entries, frame by frame.
fn each<'a, T: 'a>(
    archive: &'a Archive,
    size: u64,
    take: impl Fn(&Stored, usize) -> Result<Option<T>, Outage> + Clone + 'a,
) -> impl Iterator<Item = io::Result<T>> + 'a {
    let frames = (0..).map(|sequence| archive.log().read(sequence));
    let frames = frames.map_while(Result::transpose).take_while(move |stored| {
        stored.as_ref().map_or(true, |stored| stored.frame.first_leaf < size)
    });
    frames.flat_map(move |stored| {
        let taken: Vec<io::Result<T>> = match stored {
            Ok(stored) => {
                let left = size - stored.frame.first_leaf;
                let count = stored.frame.entries.len().min(usize::try_from(left).unwrap_or(0));
                let taken = (0..count).filter_map(|entry| take(&stored, entry).transpose());
                taken.map(|one| one.map_err(io::Error::other)).collect()
            }
            Err(outage) => vec![Err(io::Error::other(outage))],
        };
        taken
    })
}

/// Everything but free text, which may be about the person; nothing of what was erased.
fn opening(archive: &Archive, stored: &Stored, entry: usize) -> Result<Option<Opening>, Outage> {
    let Kept::Here((body, key)) = archive.unseal(&stored.frame, entry)? else { return Ok(None) };
    let shown: Vec<Field> = Field::ALL.into_iter().filter(|field| *field != Field::Note).collect();
    let index = stored.frame.first_leaf + entry as u64;
    Ok(Some(Opening::make(index, key.seed(), &body.fields, &shown)))
}
