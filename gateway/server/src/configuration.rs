//! The configuration in force, in the log: settings, mapping files and templates, and who of the staff may
//! do what. Each is known by its SHA-256, so that an auditor sees which text decided, and since when.
//!
//! Looked at when the gateway starts and once a minute. Partner files are `roster`'s: they are in the log
//! before they are used.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow};
use loopgate_token::sha256;

use crate::gate::Gate;
use crate::journal::{Event, LedgerEvent};
use crate::scribe::Command;
use crate::staff::{Account, StaffName, StaffRole, is_shut_out};

/// A part in force: its SHA-256, and what may be said of it to anybody who reads the log.
type InForce = ([u8; 32], Option<String>);

/// Writes down what changed since the log last heard of it.
pub fn look(gate: &Gate) -> anyhow::Result<()> {
    let found = in_force(gate)?;
    let known = gate.scribe.published().world().book.configured.clone();
    let gone = known.keys().filter(|part| !found.contains_key(*part));
    let gone: Vec<LedgerEvent> = gone
        .map(|part| LedgerEvent::Configured {
            part: part.clone(),
            sha256: [0; 32],
            says: None,
            gone: true,
        })
        .collect();
    let changed = found.into_iter().filter(|(part, (sha256, _))| known.get(part) != Some(sha256));
    let changed = changed.map(|(part, (sha256, says))| LedgerEvent::Configured {
        part,
        sha256,
        says,
        gone: false,
    });
    for fact in changed.chain(gone) {
        let event = Box::new(Event::Ledger(fact));
        gate.scribe
            .ask_blocking(|reply| Command::Record(event, "operator".to_owned(), reply))
            .map_err(|_| anyhow!("the configuration could not be put in the log"))?;
    }
    Ok(())
}

fn in_force(gate: &Gate) -> anyhow::Result<BTreeMap<String, InForce>> {
    let folders = &gate.config.folders;
    let mut found = BTreeMap::new();
    found.insert("loopgate.toml".to_owned(), (gate.config.sha256, None));
    files(&folders.mappings, "mappings", &mut found).context("the mappings folder")?;
    accounts(&folders.keys, &mut found).context("the accounts")?;
    Ok(found)
}

/// Every file of a folder and of those in it.
fn files(folder: &Path, name: &str, found: &mut BTreeMap<String, InForce>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            files(&entry.path(), &name, found)?;
        } else {
            found.insert(name, (sha256(&fs::read(entry.path())?), None));
        }
    }
    Ok(())
}

/// Who may sign in with a password here, and as what. Nothing of password or code is hashed.
fn accounts(keys: &Path, found: &mut BTreeMap<String, InForce>) -> std::io::Result<()> {
    let entries = match fs::read_dir(keys.join("staff")) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let name = name.strip_suffix(".toml").and_then(|name| name.parse::<StaffName>().ok());
        let Some((name, account)) = name.and_then(|n| Account::load(keys, &n).map(|a| (n, a)))
        else {
            continue;
        };
        let mut roles = account.roles.clone();
        roles.sort_by_key(|role| *role as u8);
        let mut words: Vec<&str> = roles
            .iter()
            .map(|role| match role {
                StaffRole::Coordinator => "coordinator",
                StaffRole::Auditor => "auditor",
            })
            .collect();
        words.dedup();
        if account.suspended || is_shut_out(keys, &name) {
            words.push("suspended");
        }
        let says = words.join(" ");
        found.insert(format!("staff/{name}"), (sha256(says.as_bytes()), Some(says)));
    }
    Ok(())
}
