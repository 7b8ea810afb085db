//! Documents of a frame that is folded: at hand while it is recorded and while it is replayed, and read
//! from the log when they lie in an earlier frame.

use loopgate_fhir::Json;
use loopgate_store::{Attachments, Log, Outage};

use crate::archive::{Kept, Keyring, document};
use crate::fold::{Held, Locator};
use crate::journal::{Body, Document};

/// Where documents are looked for.
pub struct Documents<'a> {
    /// The frame.
    pub sequence: u64,
    /// Its entries, as far as they can be read.
    pub bodies: Vec<Option<&'a Body>>,
    /// The frames, this one among them.
    pub log: &'a dyn Log,
    /// Opened keys.
    pub keyring: &'a Keyring,
    /// Files of large documents.
    pub attachments: &'a Attachments,
}

impl Documents<'_> {
    /// What was supplied, with references resolved; none, if its key was destroyed.
    pub fn json(&self, held: &Held) -> Result<Option<Json>, Outage> {
        if let Some(bytes) = self.at_hand(held.at) {
            return Ok(crate::scribe::resolved(bytes, &held.rewrites));
        }
        let stored = self.log.read(held.at.sequence)?;
        let stored = stored.ok_or(Outage::Damaged("a frame is missing"))?;
        let found = document(&stored.frame, held.at, self.keyring, self.log, self.attachments)?;
        Ok(match found {
            Kept::Here(bytes) => crate::scribe::resolved(&bytes, &held.rewrites),
            Kept::Erased { .. } => None,
        })
    }

    fn at_hand(&self, at: Locator) -> Option<&[u8]> {
        let body = self.bodies.get(at.entry).filter(|_| at.sequence == self.sequence)?.as_ref()?;
        match body.docs.get(at.doc)? {
            Document::Here(bytes) => Some(bytes),
            Document::File(_) => None,
        }
    }
}
