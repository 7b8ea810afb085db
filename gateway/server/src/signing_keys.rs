//! The files of the log's signing keys: `ledger.seed`, then `ledger-2.seed` and so on, one for each key that
//! was ever announced and is not retired yet.
//!
//! A new key's file is durable before the entry that announces it. A retired key's file is destroyed after
//! the entry that retires it.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use loopgate_ledger::LogKey;

use crate::assemble::secret;
use crate::clock::Clock;
use crate::fold::Book;
use crate::keks::destroy_file;

/// No log was ever given more keys.
const KEYS_MAX: usize = 1_000;

/// The keys that sign now, oldest first. The file of a retired key that a crash left is destroyed.
pub fn load(dir: &Path, origin: &str, book: &Book) -> anyhow::Result<Vec<LogKey>> {
    let mut keys = Vec::new();
    for number in 1..=book.keys.len() + 1 {
        let followed = book.keys.get(number - 1);
        if followed.is_some_and(|next| next.retired.is_some()) {
            destroy_file(&path(dir, number)).context("a retired key's file")?;
            continue;
        }
        let key = read(dir, origin, number)?;
        let announced = number.checked_sub(2).and_then(|before| book.keys.get(before));
        let is_it = announced.is_none_or(|announced| announced.to == key.vkey());
        ensure!(is_it, "{} is not the key that was announced", name(number));
        keys.push(key);
    }
    Ok(keys)
}

/// Every key whose file is there, oldest first: for who cannot read the log yet.
pub fn all(dir: &Path, origin: &str) -> anyhow::Result<Vec<LogKey>> {
    let there = (1..=KEYS_MAX).filter(|number| path(dir, *number).exists());
    let keys = there.map(|number| read(dir, origin, number));
    let keys: Vec<LogKey> = keys.collect::<anyhow::Result<_>>()?;
    ensure!(!keys.is_empty(), "the keys folder has no key of the ledger");
    Ok(keys)
}

/// Makes the file of the key that comes next; it signs once it is announced.
pub fn make_next(
    dir: &Path,
    origin: &str,
    book: &Book,
    clock: &dyn Clock,
) -> anyhow::Result<LogKey> {
    let mut seed = [0; 32];
    clock.random(&mut seed);
    let text = format!("{}\n", hex::encode(seed));
    let number = book.keys.len() + 2;
    loopgate_store::write_durably(&path(dir, number), text.as_bytes(), 0o600)?;
    read(dir, origin, number)
}

/// Destroys the file of a key that was retired.
pub fn destroy(dir: &Path, vkey: &str, book: &Book) -> std::io::Result<()> {
    match book.keys.iter().position(|next| next.from == vkey) {
        Some(before) => destroy_file(&path(dir, before + 1)),
        None => Ok(()),
    }
}

/// Every verifier key the log ever had, oldest first; `first` is that of the first.
pub fn vkeys(first: &str, book: &Book) -> Vec<String> {
    let first = book.keys.first().map_or(first, |next| &next.from);
    let later = book.keys.iter().map(|key| key.to.clone());
    std::iter::once(first.to_owned()).chain(later).collect()
}

fn read(dir: &Path, origin: &str, number: usize) -> anyhow::Result<LogKey> {
    LogKey::from_seed(origin, secret(&path(dir, number))?).context("the ledger's key")
}

fn path(dir: &Path, number: usize) -> PathBuf {
    dir.join(name(number))
}

fn name(number: usize) -> String {
    if number == 1 { "ledger.seed".into() } else { format!("ledger-{number}.seed") }
}
