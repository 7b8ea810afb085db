//! Checkpoints: C2SP tlog-checkpoint in a C2SP signed-note, Ed25519.
//!
//! Specs: <https://c2sp.org/tlog-checkpoint>, <https://c2sp.org/signed-note>. Narrower than both:
//! exactly three body lines, the key's name is the origin, one signature line per key. Signature
//! lines of other keys are ignored. Not here: when to sign (only over durable entries: `store`).

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use signed_note::{Note, NoteError, Verifier, VerifierList};
use thiserror::Error;

use crate::canonical::INTEGER_MAX;
use crate::tree::Hash;

const ED25519: u8 = 1;
const NAME_BYTES_MAX: usize = 255;
/// Room for a hundred signature lines of the largest kind.
pub(crate) const NOTE_BYTES_MAX: usize = 512 * 1024;

/// What a log says of itself at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, for ever.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The RFC 6962 root over them.
    pub root: Hash,
}

/// Why a key or a signed checkpoint is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// The name cannot stand in a signed note.
    #[error("the log name is malformed")]
    Name,
    /// Not `name+hash+base64` of an Ed25519 key, spelt canonically.
    #[error("the verifier key is malformed")]
    VerifierKey,
    /// Not a signed note, or not spelt canonically.
    #[error("the note is malformed")]
    Note,
    /// The body is not origin, size and root on three lines.
    #[error("the checkpoint body is malformed")]
    Body,
    /// The origin is not the name of the key.
    #[error("the checkpoint is of another log than the key")]
    Origin,
    /// No signature line is by the key.
    #[error("the checkpoint is not signed by the key")]
    Unsigned,
    /// The key's signature line does not verify, or there are two.
    #[error("the signature does not verify")]
    Signature,
}

impl Checkpoint {
    fn body(&self) -> String {
        let root = BASE64_STANDARD.encode(self.root);
        format!("{}\n{}\n{root}\n", self.origin, self.size)
    }

    fn parse(body: &str) -> Option<Checkpoint> {
        let mut lines = body.split('\n');
        let checkpoint = Checkpoint {
            origin: lines.next()?.to_owned(),
            size: lines.next()?.parse().ok()?,
            root: BASE64_STANDARD.decode(lines.next()?).ok()?.try_into().ok()?,
        };
        let sound = checkpoint.body() == body && checkpoint.size <= INTEGER_MAX;
        sound.then_some(checkpoint)
    }
}

/// The log's signing key. Debug prints the name only.
pub struct LogKey {
    name: String,
    key: SigningKey,
}

impl LogKey {
    /// `name` is the origin of every checkpoint this key signs.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<LogKey, CheckpointError> {
        if !is_name(name) {
            return Err(CheckpointError::Name);
        }
        Ok(LogKey { name: name.to_owned(), key: SigningKey::from_bytes(&seed) })
    }

    /// The log's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The signed note.
    ///
    /// # Panics
    /// If the origin is not this key's name, or the size is 2^53 or more: a log signs for itself.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        assert_eq!(checkpoint.origin, self.name, "a log signs for itself only");
        assert!(checkpoint.size <= INTEGER_MAX, "no log has 2^53 leaves");
        let body = checkpoint.body();
        let signature = self.key.sign(body.as_bytes());
        let mut line = key_id(&self.name, &self.key.verifying_key()).to_be_bytes().to_vec();
        line.extend(signature.to_bytes());
        format!("{body}\n— {} {}\n", self.name, BASE64_STANDARD.encode(line))
    }

    /// The public key as `name+hash+base64`.
    pub fn vkey(&self) -> String {
        signed_note::new_ed25519_verifier_key(&self.name, &self.key.verifying_key())
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", self.name)
    }
}

/// The note that several keys of one log sign, oldest first: while one key follows another.
///
/// # Panics
/// As [`LogKey::sign`]; and if there is no key.
pub fn sign_by(keys: &[&LogKey], checkpoint: &Checkpoint) -> String {
    let Some((first, later)) = keys.split_first() else { panic!("nobody signs") };
    let mut note = first.sign(checkpoint);
    for key in later {
        let signed = key.sign(checkpoint);
        let line = signed.rsplit_once("\n\n").map(|(_, line)| line).unwrap_or_default();
        note.push_str(line);
    }
    note
}

/// Checks a signed checkpoint against one key and returns what it says.
pub fn open_checkpoint(note: &str, vkey: &str) -> Result<Checkpoint, CheckpointError> {
    let key = LogVerifier::parse(vkey).ok_or(CheckpointError::VerifierKey)?;
    if note.len() > NOTE_BYTES_MAX {
        return Err(CheckpointError::Note);
    }
    let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Note)?;
    if parsed.to_bytes() != note.as_bytes() {
        return Err(CheckpointError::Note);
    }
    let (name, id) = (key.name.clone(), key.id);
    check_signatures(&parsed, key)?;
    if count_lines_of(note, &name, id) != 1 {
        return Err(CheckpointError::Signature);
    }
    let body = std::str::from_utf8(parsed.text()).map_err(|_| CheckpointError::Note)?;
    let checkpoint = Checkpoint::parse(body).ok_or(CheckpointError::Body)?;
    if checkpoint.origin != name {
        return Err(CheckpointError::Origin);
    }
    Ok(checkpoint)
}

fn check_signatures(note: &Note, key: LogVerifier) -> Result<(), CheckpointError> {
    let known = VerifierList::new(vec![Box::new(key)]);
    match note.verify(&known) {
        Ok(_) => Ok(()),
        Err(NoteError::UnverifiedNote) => Err(CheckpointError::Unsigned),
        Err(_) => Err(CheckpointError::Signature),
    }
}

/// `Note::verify` looks at a key's first line only; a second one would go unread.
fn count_lines_of(note: &str, name: &str, id: u32) -> usize {
    let of_key = |line: &&str| {
        let signature = signed_note::Signature::from_bytes(line.as_bytes());
        signature.is_ok_and(|line| line.name() == name && line.id() == id)
    };
    note.lines().filter(of_key).count()
}

struct LogVerifier {
    name: String,
    id: u32,
    key: VerifyingKey,
}

impl LogVerifier {
    /// `None` unless the text is exactly what [`LogKey::vkey`] writes.
    fn parse(vkey: &str) -> Option<LogVerifier> {
        let (name, rest) = vkey.split_once('+')?;
        let (_, key) = rest.split_once('+')?;
        let bytes: [u8; 33] = BASE64_STANDARD.decode(key).ok()?.try_into().ok()?;
        let key = VerifyingKey::from_bytes(bytes[1..].try_into().ok()?).ok()?;
        let canonical = signed_note::new_ed25519_verifier_key(name, &key) == vkey;
        (is_name(name) && canonical).then(|| LogVerifier {
            name: name.to_owned(),
            id: key_id(name, &key),
            key,
        })
    }
}

impl Verifier for LogVerifier {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    /// Strict: no small-order keys, no second spelling of a signature.
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

fn key_id(name: &str, key: &VerifyingKey) -> u32 {
    let mut typed = vec![ED25519];
    typed.extend(key.to_bytes());
    signed_note::key_id(name, &typed)
}

fn is_name(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX
        && signed_note::is_key_name_valid(name)
        && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
