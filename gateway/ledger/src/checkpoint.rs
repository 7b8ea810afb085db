//! Checkpoints: C2SP tlog-checkpoint in a C2SP signed-note, Ed25519.
//!
//! Specs: <https://c2sp.org/tlog-checkpoint>, <https://c2sp.org/signed-note>. For our own log
//! narrower than both: exactly three body lines, the key's name is the origin, one signature line
//! per key. A witness reads other logs' checkpoints by the spec alone ([`Checkpoint::read`]).
//! Signature lines of other keys are ignored. Not here: when to sign (only over durable entries:
//! `store`), witnesses' lines (`cosign`).

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine};
use ed25519_dalek::{Signer, SigningKey};
use thiserror::Error;

use crate::canonical::INTEGER_MAX;
pub(crate) use crate::note::NOTE_BYTES_MAX;
use crate::note::{ED25519, Found, Key, Parts};
use crate::tree::Hash;

/// Extension lines a foreign checkpoint may have.
const EXTENSION_LINES_MAX: usize = 64;

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

    /// Our own log's: three lines and no more.
    pub(crate) fn parse(body: &str) -> Option<Checkpoint> {
        let checkpoint = Checkpoint::read(body)?;
        (checkpoint.body() == body).then_some(checkpoint)
    }

    /// Any log's: what follows the three lines is opaque, but no line may be empty.
    pub(crate) fn read(body: &str) -> Option<Checkpoint> {
        let mut lines = body.strip_suffix('\n')?.split('\n');
        let checkpoint = Checkpoint {
            origin: lines.next()?.to_owned(),
            size: lines.next()?.parse().ok()?,
            root: BASE64_STANDARD.decode(lines.next()?).ok()?.try_into().ok()?,
        };
        let extensions =
            lines.clone().count() <= EXTENSION_LINES_MAX && lines.all(|it| !it.is_empty());
        let sound = body.starts_with(&checkpoint.body()) && checkpoint.size <= INTEGER_MAX;
        (sound && extensions && !checkpoint.origin.is_empty()).then_some(checkpoint)
    }
}

/// The log's signing key. Debug prints the name only.
pub struct LogKey {
    public: Key,
    key: SigningKey,
}

impl LogKey {
    /// `name` is the origin of every checkpoint this key signs.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<LogKey, CheckpointError> {
        let key = SigningKey::from_bytes(&seed);
        let public = Key::new(name, ED25519, &key.verifying_key()).ok_or(CheckpointError::Name)?;
        Ok(LogKey { public, key })
    }

    /// The log's name.
    pub fn name(&self) -> &str {
        &self.public.name
    }

    /// The signed note.
    ///
    /// # Panics
    /// If the origin is not this key's name, or the size is 2^53 or more: a log signs for itself.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        LogKey::sign_with(&[self], checkpoint)
    }

    /// The note signed by several keys of one log, while one follows another.
    ///
    /// # Panics
    /// As [`LogKey::sign`]; and if there is no key, or one is there twice.
    pub fn sign_with(keys: &[&LogKey], checkpoint: &Checkpoint) -> String {
        assert!(!keys.is_empty(), "a note is signed");
        assert!(checkpoint.size <= INTEGER_MAX, "no log has 2^53 leaves");
        let body = checkpoint.body();
        let mut note = format!("{body}\n");
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(checkpoint.origin, key.public.name, "a log signs for itself only");
            let again = keys[..at].iter().any(|other| other.public == key.public);
            assert!(!again, "a key signs once");
            let signature = key.key.sign(body.as_bytes());
            note.push_str(&key.public.line(&signature.to_bytes()));
        }
        note
    }

    /// The signed note over any text that ends with a line end and is no checkpoint.
    pub(crate) fn sign_text(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes());
        format!("{text}\n{}", self.public.line(&signature.to_bytes()))
    }

    /// The public key as `name+hash+base64`.
    pub fn vkey(&self) -> String {
        self.public.vkey()
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", self.public.name)
    }
}

/// Checks a signed checkpoint of our own log against one key and returns what it says.
pub fn open_checkpoint(note: &str, vkey: &str) -> Result<Checkpoint, CheckpointError> {
    let key = LogVerifier::parse(vkey).ok_or(CheckpointError::VerifierKey)?;
    key.open(&Parts::parse(note).ok_or(CheckpointError::Note)?)
}

/// The public half of a [`LogKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogVerifier(Key);

impl LogVerifier {
    /// `None` unless the text is exactly what [`LogKey::vkey`] writes.
    pub(crate) fn parse(vkey: &str) -> Option<LogVerifier> {
        let key = Key::parse(vkey).filter(|key| key.kind() == ED25519)?;
        Some(LogVerifier(key))
    }

    pub(crate) fn key(&self) -> &Key {
        &self.0
    }

    /// Whether this key signed; an error if a line in its name does not verify, or there are two.
    pub(crate) fn signed(&self, parts: &Parts<'_>) -> Result<bool, CheckpointError> {
        match parts.of(&self.0) {
            Found::None => Ok(false),
            Found::One(line) if self.0.verifies(parts.body.as_bytes(), &line.signature) => Ok(true),
            Found::One(_) | Found::Several => Err(CheckpointError::Signature),
        }
    }

    fn open(&self, parts: &Parts<'_>) -> Result<Checkpoint, CheckpointError> {
        if !self.signed(parts)? {
            return Err(CheckpointError::Unsigned);
        }
        let checkpoint = Checkpoint::parse(parts.body).ok_or(CheckpointError::Body)?;
        if checkpoint.origin != self.0.name {
            return Err(CheckpointError::Origin);
        }
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests;
