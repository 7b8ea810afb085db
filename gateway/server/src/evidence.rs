//! What is handed out so that others can check the log: reports over one chain, the notes of rotations.
//!
//! A report shows of each entry what the caller names, proves that it is all there is, and is written by
//! crate `ledger` in a format that anybody can read (`gateway/ledger/FORMAT.md`).

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, anyhow};
use loopgate_ledger::{
    EvidenceParts, Field, Opening, ReportEntry, ReportParts, index_key, open_checkpoint, report_to,
    write_evidence, write_receipt,
};
use loopgate_referral::OrgId;
use loopgate_store::Outage;

use crate::archive::Kept;
use crate::catalogue::{Query, Row};
use crate::fold::Class;
use crate::gate::Gate;
use crate::journal::Event;
use crate::refusal::Trouble;
use crate::scribe::{Command, Proved};
use crate::signing_keys;

/// Texts as lines.
pub fn lines(texts: &[String]) -> Vec<u8> {
    texts.iter().flat_map(|text| [text.as_str(), "\n"]).collect::<String>().into_bytes()
}

/// The checkpoints that two keys signed each, oldest first.
pub fn rotations(gate: &Gate) -> Vec<String> {
    let world = gate.scribe.published().world();
    world.book.keys.iter().filter_map(|key| key.note.clone()).collect()
}

/// What a receipt shows: that they received it, on which basis, in which resources, and the hash of the
/// bytes. Nothing of it is news to them.
const RECEIVED: [Field; 5] =
    [Field::Kind, Field::Basis, Field::Disclosed, Field::Payload, Field::Time];

/// The receipt of an entry that says this organization received something, under the newest signed
/// checkpoint; none if it says no such thing, can be read no more, or is not signed yet.
pub fn receipt(gate: &Gate, index: u64, to: &OrgId) -> Result<Option<String>, Trouble> {
    let broken = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "an entry does not read back");
        Trouble::Outage
    };
    let Some(row) = gate.scribe.published().catalogue().row(index) else { return Ok(None) };
    let Some((note, signed)) = gate.signed().filter(|(_, signed)| index < signed.size) else {
        return Ok(None);
    };
    let body = gate.archive.entries(&[row]).map_err(|outage| broken(&outage))?.pop();
    let Some(Kept::Here(body)) = body else { return Ok(None) };
    let received = match &body.event {
        Event::Disclosed(one) => one.recipient == *to,
        Event::Reread { recipient, .. } => recipient == to,
        _ => false,
    };
    if !received {
        return Ok(None);
    }
    let prove = Prover { gate, size: signed.size };
    let entry = prove.entry(index, &RECEIVED).map_err(|error| broken(&error))?;
    let Some(opening) = &entry.opening else { return Ok(None) };
    let text = write_receipt(&entry.leaf, opening, &entry.inclusion, &note);
    text.map(Some).map_err(|why| broken(&why))
}

/// A chain: of a referral, a person, an organization.
pub struct Chain<'a> {
    /// Of what.
    pub class: Class,
    /// Its id, as the log calls it.
    pub id: &'a str,
}

/// Writes the report over a chain. How many entries it lists.
pub fn report(
    gate: &Gate,
    chain: &Chain<'_>,
    shown: &[Field],
    out: &mut impl Write,
) -> anyhow::Result<usize> {
    let field = chain.class.field();
    let key = index_key(field, chain.id);
    let Proved { entry, mut proofs, note } = gate
        .scribe
        .ask_blocking(|reply| Command::Prove(vec![key], reply))
        .map_err(|_| anyhow!("the gateway cannot prove it right now"))?;
    let proof = proofs.pop().context("there is one proof for one key")?;
    let (vkey, size) = opened(gate, &note)?;
    let prove = Prover { gate, size };
    let index_entry = prove.entry(entry, &[Field::Kind, Field::Payload])?;
    let listed = entries_of(gate, chain, entry);
    let count = listed.len();
    let parts = ReportParts {
        field,
        id: chain.id,
        vkey: &vkey,
        checkpoint_note: &note,
        index_entry: &index_entry,
        proof: &proof,
        skipped: None,
        entries: listed.into_iter().map(|index| prove.entry(index, shown)),
    };
    report_to(out, parts).context("the report could not be written")?;
    Ok(count)
}

/// What an evidence file is to be.
pub struct Sealed<'a> {
    /// The entries it shows, ascending.
    pub entries: &'a [u64],
    /// The fields it shows of each.
    pub shown: &'a [Field],
    /// The case.
    pub case: &'a str,
    /// Whom it is made for.
    pub made_for: &'a str,
}

/// Writes and seals an evidence file that is not there yet.
pub fn sealed(gate: &Gate, what: &Sealed<'_>, out: &Path) -> anyhow::Result<()> {
    let note = gate.scribe.ask_blocking(Command::Checkpoint);
    let note = note.map_err(|_| anyhow!("the gateway cannot sign right now"))?;
    let (_, size) = opened(gate, &note)?;
    let (dir, origin) = (&gate.config.folders.keys, &gate.config.ledger.origin);
    let mut keys = signing_keys::load(dir, origin, &gate.scribe.published().world().book)?;
    let key = keys.pop().context("the log has no key")?;
    let prove = Prover { gate, size };
    let parts = EvidenceParts {
        case: what.case,
        made_for: what.made_for,
        made_by: origin,
        time_s: gate.now().0.div_euclid(1000),
        key: &key,
        checkpoint_note: &note,
    };
    let entries = what.entries.iter().map(|index| prove.entry(*index, what.shown));
    write_evidence(out, &parts, entries).context("the evidence could not be written")
}

/// The key that signed a note last, and the size it speaks of.
fn opened(gate: &Gate, note: &str) -> anyhow::Result<(String, u64)> {
    let keys = gate.vkeys().into_iter().rev();
    let mut opened = keys.filter_map(|key| open_checkpoint(note, &key).ok().map(|one| (key, one)));
    let (vkey, signed) = opened.next().context("our own checkpoint")?;
    Ok((vkey, signed.size))
}

/// The entries of a chain before `below`, in order.
fn entries_of(gate: &Gate, chain: &Chain<'_>, below: u64) -> Vec<u64> {
    let catalogue = gate.scribe.published().catalogue();
    let mut query = Query { below: Some(below), count_max: usize::MAX - 1, ..Query::default() };
    match chain.class {
        Class::Subject => query.referral = chain.id.parse().ok(),
        Class::Patient => query.person = chain.id.parse().ok(),
        Class::Party => query.organization = chain.id.parse().ok(),
    }
    let known = query.referral.is_some() || query.person.is_some() || query.organization.is_some();
    let mut entries = if known { catalogue.search(&query).entries } else { Vec::new() };
    entries.sort_unstable();
    entries
}

/// Proves entries under one signed size.
struct Prover<'a> {
    gate: &'a Gate,
    size: u64,
}

impl Prover<'_> {
    fn entry(&self, index: u64, shown: &[Field]) -> io::Result<ReportEntry> {
        let missing = || io::Error::other(Outage::Damaged("an entry is missing"));
        let row: Row = self.gate.scribe.published().catalogue().row(index).ok_or_else(missing)?;
        let archive = &self.gate.archive;
        let stored = archive.log().read(row.sequence).map_err(io::Error::other)?;
        let stored = stored.ok_or_else(missing)?;
        let place = usize::try_from(row.entry).map_err(io::Error::other)?;
        let inclusion = self.gate.grove.tree().prove_inclusion(index, self.size);
        let opening = match archive.unseal(&stored.frame, place).map_err(io::Error::other)? {
            Kept::Here((body, key)) => Some(Opening::make(index, key.seed(), &body.fields, shown)),
            Kept::Erased { .. } => None,
        };
        let record = stored.frame.entries.into_iter().nth(place).ok_or_else(missing)?;
        Ok(ReportEntry { leaf: record.leaf, inclusion: inclusion.ok_or_else(missing)?, opening })
    }
}
