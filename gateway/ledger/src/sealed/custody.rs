//! One line of custody: who gave the file to whom, signed over everything before it.

use std::fmt;

use serde::Serialize;

use super::is_words;
use crate::canonical;
use crate::checkpoint::{LogKey, LogVerifier};
use crate::note::Parts;
use crate::time;
use crate::tree::Hash;

const FIRST_LINE: &str = "loopgate-evidence/v1";

/// What was done with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CustodyWhat {
    /// The log made it.
    Sealed,
    /// A holder gave it on.
    HandedOver,
}

/// One step of custody. Whose key it is, the reader must know: only the seal's is the log's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Custody {
    /// What was done.
    pub what: CustodyWhat,
    /// Who had it.
    pub from: String,
    /// Who has it now.
    pub to: String,
    /// When by the giver's clock, in seconds since 1970.
    pub time_s: i64,
    /// The key that signed the step.
    pub vkey: String,
}

impl fmt::Display for CustodyWhat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CustodyWhat::Sealed => "sealed",
            CustodyWhat::HandedOver => "handed over",
        })
    }
}

impl Custody {
    /// When, as `YYYY-MM-DDTHH:MM:SSZ`.
    pub fn time(&self) -> String {
        time::render(self.time_s).unwrap_or_default()
    }

    pub(super) fn is_sound(&self) -> bool {
        is_words(&self.from) && is_words(&self.to) && time::render(self.time_s).is_some()
    }

    /// The line without its end: a JSON string of the signed note. The step is sound.
    pub(super) fn signed_line(&self, before: &Hash, key: &LogKey) -> String {
        canonical::write(&key.sign_text(&self.text(before)))
    }

    fn text(&self, before: &Hash) -> String {
        let what = self.what;
        let (before, Custody { from, to, vkey, .. }) = (hex::encode(before), self);
        let time = time::render(self.time_s).unwrap_or_default();
        format!("{FIRST_LINE}\n{before}\n{what}\n{from}\n{to}\n{time}\n{vkey}\n")
    }

    /// Refuses what would not be written byte for byte, and what its key did not sign.
    pub(super) fn parse(line: &[u8], before: &Hash) -> Result<Custody, &'static str> {
        let malformed = "is not a line of custody";
        let note: String = canonical::read(line).ok_or(malformed)?;
        let parts = Parts::parse(&note).ok_or(malformed)?;
        let lines: Vec<&str> = parts.body.split('\n').collect();
        let [FIRST_LINE, hash, what, from, to, time, vkey, ""] = lines.as_slice() else {
            return Err(malformed);
        };
        let what = match *what {
            "sealed" => CustodyWhat::Sealed,
            "handed over" => CustodyWhat::HandedOver,
            _ => return Err(malformed),
        };
        let time_s = time::parse(time.as_bytes()).ok_or(malformed)?;
        if *hash != hex::encode(before) {
            return Err("is not over what comes before it");
        }
        let (from, to, vkey) = ((*from).to_owned(), (*to).to_owned(), (*vkey).to_owned());
        let key = LogVerifier::parse(&vkey).ok_or("names no key")?;
        if note[parts.body.len()..].lines().count() != 2 || !key.signed(&parts).unwrap_or(false) {
            return Err("is not signed by its key alone");
        }
        let custody = Custody { what, from, to, time_s, vkey };
        custody.is_sound().then_some(custody).ok_or(malformed)
    }

    /// Whether this step can come after the last one.
    pub(super) fn check_after(&self, last: &Custody) -> Result<(), &'static str> {
        if self.what != CustodyWhat::HandedOver {
            return Err("seals a second time");
        }
        if self.from != last.to {
            return Err("is from another than who had the file");
        }
        if self.time_s < last.time_s {
            return Err("is older than the step before it");
        }
        Ok(())
    }
}
