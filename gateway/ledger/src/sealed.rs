//! The evidence file: chosen entries with chosen fields, sealed by the log and handed from one
//! holder to the next.
//!
//! A file of lines: the header with the signed checkpoint, the entries, and the custody. Each custody
//! line signs the hash of everything before it; the first is the log's seal. Cutting off the last
//! custody lines gives the file as it was before they were added: who hands over keeps a copy. Here
//! is the writing; the verifier is in `read`, a custody line in `custody`.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::bundle::LINE_BYTES_MAX;
use crate::canonical;
use crate::checkpoint::LogKey;
use crate::list::{ReportEntry, ReportError, wire_entry};
use crate::trust::Trust;

mod custody;
mod read;

pub use custody::{Custody, CustodyWhat};
pub use read::{SealedEvidence, verify_evidence};

const FORMAT: &str = "loopgate-evidence";
const VERSION: u64 = 1;
/// Entries and hand-overs together.
const LINES_MAX: u64 = 1_000_000;
/// A case, or whom a file is for or comes from.
const WORDS_BYTES_MAX: usize = 256;

/// What goes into an evidence file.
pub struct EvidenceParts<'a> {
    /// What the file is about, in the words of who asked.
    pub case: &'a str,
    /// Whom it is made for; the seal hands it to them.
    pub made_for: &'a str,
    /// Who makes it.
    pub made_by: &'a str,
    /// When, in seconds since 1970.
    pub time_s: i64,
    /// The log's key, which seals; it has signed the checkpoint.
    pub key: &'a LogKey,
    /// The signed checkpoint; every inclusion proof is for its size.
    pub checkpoint_note: &'a str,
}

/// One step in the file's custody.
#[derive(Debug, Clone, Copy)]
pub struct HandOver<'a> {
    /// Who gives it away: the one it was given to.
    pub from: &'a str,
    /// Who takes it.
    pub to: &'a str,
    /// When, in seconds since 1970; not before the last step.
    pub time_s: i64,
}

/// Why an evidence file was not written or handed over.
#[derive(Debug, Error)]
pub enum SealedError {
    /// A name, a case or a time is empty, too long or cannot stand in one line.
    #[error("a name, the case or the time cannot be written")]
    Words,
    /// An entry has no opening.
    #[error("an entry without an opening is no evidence")]
    Erased,
    /// An entry or a line cannot be written.
    #[error(transparent)]
    Entry(#[from] ReportError),
    /// The file does not verify, or this step does not follow from the last one.
    #[error("{0}")]
    Unsound(String),
    /// Reading the source or writing the file failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireHeader {
    case: String,
    checkpoint: String,
    format: String,
    made_for: String,
    version: u64,
    vkey: String,
}

/// Writes and seals a file that does not exist yet. The entries ascend by index. No fsync. What goes
/// in is not checked on the way: verify what was written before giving it away.
pub fn write_evidence<E>(
    path: &Path,
    parts: &EvidenceParts<'_>,
    entries: E,
) -> Result<(), SealedError>
where
    E: IntoIterator<Item = io::Result<ReportEntry>>,
{
    let seal = Custody {
        what: CustodyWhat::Sealed,
        from: parts.made_by.to_owned(),
        to: parts.made_for.to_owned(),
        time_s: parts.time_s,
        vkey: parts.key.vkey(),
    };
    if !is_words(parts.case) || !seal.is_sound() {
        return Err(SealedError::Words);
    }
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let mut out = Out { file: BufWriter::new(file), hasher: Sha256::new(), lines: 0 };
    out.line(&canonical::write(&WireHeader {
        case: parts.case.to_owned(),
        checkpoint: parts.checkpoint_note.to_owned(),
        format: FORMAT.to_owned(),
        made_for: parts.made_for.to_owned(),
        version: VERSION,
        vkey: parts.key.vkey(),
    }))?;
    for entry in entries {
        let entry = entry?;
        if entry.opening.is_none() {
            return Err(SealedError::Erased);
        }
        let wire = wire_entry(out.lines, &entry)?;
        out.line(&canonical::write(&wire))?;
    }
    let before = out.hasher.clone().finalize().into();
    out.line(&seal.signed_line(&before, parts.key))?;
    out.file.flush()?;
    Ok(())
}

/// Adds a step to the custody of a file that verifies by its own key; `key` is the giver's, any named
/// Ed25519 key.
pub fn hand_over(path: &Path, step: HandOver<'_>, key: &LogKey) -> Result<(), SealedError> {
    let next = Custody {
        what: CustodyWhat::HandedOver,
        from: step.from.to_owned(),
        to: step.to.to_owned(),
        time_s: step.time_s,
        vkey: key.vkey(),
    };
    if !next.is_sound() {
        return Err(SealedError::Words);
    }
    let unsound = |text: &str| SealedError::Unsound(text.to_owned());
    let (found, hash, bytes) = read::read(path, Trust::Own).map_err(|it| unsound(&it.text))?;
    let last = found.custody.last().ok_or_else(|| unsound("the file is not sealed"))?;
    next.check_after(last).map_err(unsound)?;
    let line = next.signed_line(&hash, key) + "\n";
    let mut file = OpenOptions::new().append(true).open(path)?;
    if file.metadata()?.len() != bytes {
        return Err(unsound("the file changed while it was read"));
    }
    let written = file.write_all(line.as_bytes());
    if written.is_err() {
        file.set_len(bytes)?; // half a line would spoil the whole file
    }
    Ok(written?)
}

struct Out {
    file: BufWriter<std::fs::File>,
    hasher: Sha256,
    lines: u64,
}

impl Out {
    fn line(&mut self, text: &str) -> Result<(), SealedError> {
        if text.len() > LINE_BYTES_MAX || self.lines == LINES_MAX {
            return Err(ReportError::Line(self.lines).into());
        }
        for bytes in [text.as_bytes(), b"\n"] {
            self.hasher.update(bytes);
            self.file.write_all(bytes)?;
        }
        self.lines += 1;
        Ok(())
    }
}

/// Whether a text can stand in one line of a signed text.
fn is_words(text: &str) -> bool {
    (1..=WORDS_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
