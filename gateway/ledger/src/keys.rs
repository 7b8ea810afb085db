//! The payload of a `ledger.key` entry: the log says which key comes next, and which one has
//! signed for the last time.
//!
//! Not here: signing, and the checks of a bundle's rotations (`verify`).

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical::{self, INTEGER_MAX};

/// What a `ledger.key` entry says of the log's keys. Each is a verifier key as `LogKey::vkey`
/// gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum KeyEvent {
    /// From here on, checkpoints carry a signature line of `to` as well.
    Next {
        /// The key until now.
        from: String,
        /// The one that follows.
        to: String,
    },
    /// `retired` signs no checkpoint of more than `size` leaves.
    Retired {
        /// The key.
        retired: String,
        /// The largest size it signed, below 2^53.
        size: u64,
    },
}

/// Why a payload is not a key event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a canonical key event")]
pub struct KeyEventError;

impl KeyEvent {
    /// The payload, canonical JSON.
    pub fn to_payload(&self) -> Vec<u8> {
        canonical::write(self).into_bytes()
    }

    /// Refuses anything [`KeyEvent::to_payload`] would not write byte for byte. That the keys are
    /// keys is not looked at.
    pub fn from_payload(payload: &[u8]) -> Result<KeyEvent, KeyEventError> {
        let event: KeyEvent = canonical::read(payload).ok_or(KeyEventError)?;
        match &event {
            KeyEvent::Retired { size, .. } if *size > INTEGER_MAX => Err(KeyEventError),
            _ => Ok(event),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_one_spelling() {
        let next = KeyEvent::Next { from: "a".into(), to: "b".into() };
        let retired = KeyEvent::Retired { retired: "a".into(), size: 12 };
        for (event, text) in
            [(next, r#"{"from":"a","to":"b"}"#), (retired, r#"{"retired":"a","size":12}"#)]
        {
            assert_eq!(event.to_payload(), text.as_bytes());
            assert_eq!(KeyEvent::from_payload(text.as_bytes()), Ok(event));
        }
        for bad in [
            "",
            "{}",
            r#"{"from":"a"}"#,
            r#"{"to":"b","from":"a"}"#,
            r#"{"from":"a","to":"b"} "#,
            r#"{"from":"a","to":"b","x":1}"#,
            r#"{"from":"a","retired":"a","size":12,"to":"b"}"#,
            r#"{"retired":"a","size":"12"}"#,
            r#"{"retired":"a","size":-1}"#,
            r#"{"retired":"a","size":9007199254740992}"#,
        ] {
            assert_eq!(KeyEvent::from_payload(bad.as_bytes()), Err(KeyEventError), "{bad}");
        }
    }
}
