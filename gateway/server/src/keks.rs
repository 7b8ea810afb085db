//! The files of key-encryption keys, `kek-N.key` in `[keys] dir`: one epoch each, and never under `data/`.
//!
//! Destroying an epoch's file destroys every key wrapped under it, wherever copies of the wraps still
//! lie (crate `store`, `vault`). What a disk may keep of a file that was written over is in SECURITY.md.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use loopgate_store::{Entropy, Kek, TenantKey};

use crate::assemble::secret;

/// The files, and whose keys they are.
pub struct Keks {
    dir: PathBuf,
    tenant: String,
}

impl Keks {
    /// Of a tenant, in `[keys] dir`.
    pub fn new(dir: &Path, tenant: &str) -> Keks {
        Keks { dir: dir.to_owned(), tenant: tenant.to_owned() }
    }

    /// The tenant's key of each epoch that there is, oldest first; there is one at least.
    pub fn tenant_keys(&self) -> anyhow::Result<Vec<TenantKey>> {
        let mut epochs = Vec::new();
        for entry in fs::read_dir(&self.dir).context("the keys folder")? {
            epochs.extend(epoch_of(&entry?.file_name().to_string_lossy()));
        }
        epochs.sort_unstable();
        ensure!(!epochs.is_empty(), "there is no kek-N.key in the keys folder");
        epochs.into_iter().map(|epoch| self.read(epoch)).collect()
    }

    fn read(&self, epoch: u32) -> anyhow::Result<TenantKey> {
        Ok(Kek::new(epoch, secret(&self.path(epoch))?).tenant(&self.tenant))
    }

    /// A new key, of the epoch after `epoch`; durable when it returns.
    pub fn make_after(&self, epoch: u32, random: Entropy<'_>) -> io::Result<TenantKey> {
        let mut key = [0; 32];
        random(&mut key);
        let next = epoch + 1;
        let text = format!("{}\n", hex::encode(key));
        loopgate_store::write_durably(&self.path(next), text.as_bytes(), 0o600)?;
        Ok(Kek::new(next, key).tenant(&self.tenant))
    }

    /// Destroys an epoch's key: its file is written over, then removed. Gone is as good as destroyed.
    pub fn destroy(&self, epoch: u32) -> io::Result<()> {
        destroy_file(&self.path(epoch))
    }

    fn path(&self, epoch: u32) -> PathBuf {
        self.dir.join(format!("kek-{epoch}.key"))
    }
}

/// Writes a secret's file over with zeros and removes it; durable when it returns.
pub fn destroy_file(path: &Path) -> io::Result<()> {
    let mut file: File = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let len = usize::try_from(file.metadata()?.len()).unwrap_or_default();
    file.write_all(&vec![b'0'; len])?;
    file.sync_all()?;
    fs::remove_file(path)?;
    loopgate_store::sync_folder_of(path)
}

/// The epoch of `kek-N.key`, spelt as we write it.
fn epoch_of(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("kek-")?.strip_suffix(".key")?;
    let epoch: u32 = digits.parse().ok()?;
    (epoch > 0 && epoch.to_string() == digits).then_some(epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_read_in_order_and_a_destroyed_one_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let keks = Keks::new(dir.path(), "community");
        assert!(keks.tenant_keys().is_err(), "there is no key");
        let mut random = |buffer: &mut [u8]| buffer.fill(7);
        for epoch in [0, 9, 1] {
            keks.make_after(epoch, &mut random).unwrap();
        }
        fs::write(dir.path().join("kek-03.key"), "not ours").unwrap();
        fs::write(dir.path().join("kek-4.key.new"), "left by a crash").unwrap();
        let epochs = |keks: &Keks| -> Vec<u32> {
            keks.tenant_keys().unwrap().iter().map(TenantKey::epoch).collect()
        };
        assert_eq!(epochs(&keks), [1, 2, 10]);
        keks.destroy(1).unwrap();
        keks.destroy(1).unwrap();
        assert_eq!(epochs(&keks), [2, 10]);
    }
}
