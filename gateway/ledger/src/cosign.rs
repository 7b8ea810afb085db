//! Cosignatures: what a witness says of another's checkpoint. C2SP tlog-cosignature, Ed25519 (0x04).
//!
//! Spec: <https://c2sp.org/tlog-cosignature>. A line says: at this time, this was the largest tree
//! of that log I knew, and it continues all I cosigned before. It covers the whole body, extension
//! lines and all. ML-DSA-44 (0x06) and whatever comes are lines of unknown keys. The spec has no
//! rule about a cosigner that is named like the log: the type byte in the key id tells them apart.
//! Not here: whether to cosign (`witness`), and how many lines are enough (`policy`).

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::note::{self, COSIGNATURE, Found, Key, Line, Parts};

/// tlog-cosignature: a timestamp "MUST NOT exceed 2^63 - 1".
const TIME_S_MAX: u64 = i64::MAX as u64;

/// A witness's signing key. Debug prints the name only.
///
/// The signed message does not name the cosigner: one seed is for one name.
pub struct CosignerKey {
    public: Key,
    key: SigningKey,
}

impl CosignerKey {
    /// `name` should be a URL without a scheme, such as `witness.example/w1`.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<CosignerKey, CheckpointError> {
        let key = SigningKey::from_bytes(&seed);
        let public = Key::new(name, COSIGNATURE, &key.verifying_key());
        Ok(CosignerKey { public: public.ok_or(CheckpointError::Name)?, key })
    }

    /// The witness's name.
    pub fn name(&self) -> &str {
        &self.public.name
    }

    /// The public key as `name+hash+base64`, type 0x04.
    pub fn vkey(&self) -> String {
        self.public.vkey()
    }

    /// The signature line over a checkpoint's body at `time_s`, seconds since 1970, with its line
    /// end. Whether it continues what was cosigned before is for the caller to know: `witness`.
    ///
    /// # Errors
    /// [`CheckpointError::Body`] if the body is no checkpoint, or the time is 2^63 or more.
    pub fn cosign(&self, body: &str, time_s: u64) -> Result<String, CheckpointError> {
        Checkpoint::read(body).filter(|_| time_s <= TIME_S_MAX).ok_or(CheckpointError::Body)?;
        let signature = self.key.sign(message(body, time_s).as_bytes());
        let timed = [&time_s.to_be_bytes()[..], &signature.to_bytes()].concat();
        Ok(self.public.line(&timed))
    }
}

impl fmt::Debug for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosignerKey({})", self.public.name)
    }
}

/// The public half of a [`CosignerKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigner(Key);

impl Cosigner {
    /// # Errors
    /// [`CheckpointError::VerifierKey`] unless this is what [`CosignerKey::vkey`] writes.
    pub fn parse(vkey: &str) -> Result<Cosigner, CheckpointError> {
        let key = Key::parse(vkey).filter(|key| key.kind() == COSIGNATURE);
        key.map(Cosigner).ok_or(CheckpointError::VerifierKey)
    }

    /// The witness's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The verifier key it was read from.
    pub fn vkey(&self) -> String {
        self.0.vkey()
    }

    /// The public key alone: names that share it are one witness.
    pub fn key_bytes(&self) -> &[u8] {
        self.0.material()
    }

    /// When this witness cosigned the note, in seconds since 1970; `None` if it has no line of it.
    ///
    /// # Errors
    /// [`CheckpointError::Note`] or [`CheckpointError::Body`] if this is no checkpoint at all,
    /// [`CheckpointError::Signature`] if its line does not verify or there are two.
    pub fn cosigned_at(&self, note: &str) -> Result<Option<u64>, CheckpointError> {
        let parts = Parts::parse(note).ok_or(CheckpointError::Note)?;
        Checkpoint::read(parts.body).ok_or(CheckpointError::Body)?;
        self.time_in(&parts)
    }

    /// The line of this witness among the lines it answered with, and its time: what may be added
    /// to the note. Lines of other keys are left out (tlog-witness).
    ///
    /// # Errors
    /// As [`Cosigner::cosigned_at`], [`CheckpointError::Unsigned`] if none is of this witness.
    pub fn line_for(&self, note: &str, answered: &str) -> Result<(String, u64), CheckpointError> {
        let parts = Parts::parse(note).ok_or(CheckpointError::Note)?;
        let lines = note::lines(answered).ok_or(CheckpointError::Note)?;
        let answer = parts.with(lines);
        match answer.of(&self.0) {
            Found::None => Err(CheckpointError::Unsigned),
            Found::Several => Err(CheckpointError::Signature),
            Found::One(line) => {
                let time_s = self.time_of(parts.body, line)?;
                Ok((self.0.line(&line.signature), time_s))
            }
        }
    }

    pub(crate) fn time_in(&self, parts: &Parts<'_>) -> Result<Option<u64>, CheckpointError> {
        match parts.of(&self.0) {
            Found::None => Ok(None),
            Found::One(line) => self.time_of(parts.body, line).map(Some),
            Found::Several => Err(CheckpointError::Signature),
        }
    }

    fn time_of(&self, body: &str, line: &Line) -> Result<u64, CheckpointError> {
        let (time, signature) =
            line.signature.split_first_chunk::<8>().ok_or(CheckpointError::Signature)?;
        let time_s = u64::from_be_bytes(*time);
        let holds = self.0.verifies(message(body, time_s).as_bytes(), signature);
        (holds && time_s <= TIME_S_MAX).then_some(time_s).ok_or(CheckpointError::Signature)
    }
}

fn message(body: &str, time_s: u64) -> String {
    format!("cosignature/v1\ntime {time_s}\n{body}")
}

#[cfg(test)]
mod tests;
