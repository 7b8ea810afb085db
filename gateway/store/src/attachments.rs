//! Attachments: documents too large for a frame, encrypted, in files named by their ciphertext.
//!
//! File and folder are synced before the entry that names them is appended.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};

use crate::files::remove_if_there;
use crate::{Outage, write_durably};

/// The folder of encrypted attachments, `data/vault`.
#[derive(Debug, Clone)]
pub struct Attachments(PathBuf);

impl Attachments {
    /// Opens the folder, making it if it is not there.
    pub fn open(dir: &Path) -> Result<Attachments, Outage> {
        fs::create_dir_all(dir).map_err(Outage::Disk)?;
        crate::sync_folder_of(dir).map_err(Outage::Disk)?;
        Ok(Attachments(dir.to_owned()))
    }

    /// Keeps a ciphertext; durable when it returns.
    pub fn put(&self, ciphertext: &[u8]) -> Result<[u8; 32], Outage> {
        let name = Self::name_of(ciphertext);
        write_durably(&self.path(&name), ciphertext, 0o600).map_err(Outage::Disk)?;
        Ok(name)
    }

    /// A ciphertext, if it is what its name says.
    pub fn get(&self, name: &[u8; 32]) -> Result<Vec<u8>, Outage> {
        let bytes = match fs::read(self.path(name)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Outage::Damaged("an attachment is missing"));
            }
            Err(error) => return Err(Outage::Disk(error)),
        };
        if Self::name_of(&bytes) != *name {
            return Err(Outage::Damaged("an attachment is not what its name says"));
        }
        Ok(bytes)
    }

    /// Whether a ciphertext of this name is there, whatever it holds.
    pub fn has(&self, name: &[u8; 32]) -> Result<bool, Outage> {
        self.path(name).try_exists().map_err(Outage::Disk)
    }

    /// Deletes a ciphertext; gone for good when it returns, and no error if it was gone before. The
    /// disk may still hold its bytes: it is erased by destroying its key.
    pub fn remove(&self, name: &[u8; 32]) -> Result<(), Outage> {
        let path = self.path(name);
        remove_if_there(&path).and_then(|()| crate::sync_folder_of(&path)).map_err(Outage::Disk)
    }

    /// The name of a ciphertext: its SHA-256.
    pub(crate) fn name_of(ciphertext: &[u8]) -> [u8; 32] {
        let mut name = [0; 32];
        name.copy_from_slice(digest(&SHA256, ciphertext).as_ref());
        name
    }

    fn path(&self, name: &[u8; 32]) -> PathBuf {
        self.0.join(hex::encode(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attachment_that_was_changed_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let attachments = Attachments::open(&dir.path().join("vault")).unwrap();
        let name = attachments.put(b"ciphertext").unwrap();
        assert_eq!(attachments.get(&name).unwrap(), b"ciphertext");
        fs::write(dir.path().join("vault").join(hex::encode(name)), b"Ciphertext").unwrap();
        assert!(matches!(attachments.get(&name), Err(Outage::Damaged(_))));
        assert!(matches!(attachments.get(&[0; 32]), Err(Outage::Damaged(_))));
    }

    #[test]
    fn an_attachment_is_removed_once_and_again_and_no_other_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let attachments = Attachments::open(&dir.path().join("vault")).unwrap();
        let (gone, kept) = (attachments.put(b"one").unwrap(), attachments.put(b"two").unwrap());
        for _ in 0..2 {
            attachments.remove(&gone).unwrap();
            assert!(!attachments.has(&gone).unwrap());
        }
        assert_eq!(attachments.get(&kept).unwrap(), b"two");
        // A folder is no attachment: what cannot be removed is said.
        fs::create_dir(dir.path().join("vault").join(hex::encode([7; 32]))).unwrap();
        assert!(matches!(attachments.remove(&[7; 32]), Err(Outage::Disk(_))));
    }
}
