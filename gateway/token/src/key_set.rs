//! A JWK set (RFC 7517 §5) of public keys, each found by its `kid`.

use serde_json::Value;

use crate::key::Key;
use crate::{Algorithm, Flaw, json};

const BYTES_MAX: usize = 64 * 1024;
const KEYS_MAX: usize = 20;

/// The public keys of one issuer.
#[derive(Clone)]
pub struct KeySet(Vec<Key>);

/// What is wrong with a key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKeySet {
    /// It is no JWK set.
    #[error("is no JWK set")]
    Malformed,
    /// It is over 64 KiB, or has more than 20 keys.
    #[error("is over 64 KiB or 20 keys")]
    TooLarge,
    /// It holds a private or a symmetric key.
    #[error("holds a private key, which nobody else may have")]
    Private,
    /// A key has no id, two have the same, or the id is not 1 to 64 letters, digits, `-`, `_`.
    #[error("has a key without an id of its own")]
    Kid,
    /// A key is not for verifying signatures.
    #[error("has a key that is not for verifying signatures")]
    Use,
    /// A key is too short, or its exponent is not 65537.
    #[error("has a weak key")]
    Weak,
    /// A key names an algorithm that is not one of its kind.
    #[error("has a key with an algorithm of another kind")]
    Algorithm,
    /// There is no key that we can use.
    #[error("has no key for RS384 or ES384")]
    Empty,
}

impl KeySet {
    /// Reads a JWK set.
    pub fn parse(bytes: &[u8]) -> Result<KeySet, BadKeySet> {
        if bytes.len() > BYTES_MAX {
            return Err(BadKeySet::TooLarge);
        }
        let set = json::object(bytes).ok_or(BadKeySet::Malformed)?;
        let Some(Value::Array(jwks)) = set.get("keys") else { return Err(BadKeySet::Malformed) };
        if jwks.len() > KEYS_MAX {
            return Err(BadKeySet::TooLarge);
        }
        let mut keys: Vec<Key> = Vec::new();
        for jwk in jwks {
            let jwk = jwk.as_object().ok_or(BadKeySet::Malformed)?;
            let Some(key) = Key::read(jwk)? else { continue };
            if keys.iter().any(|known| known.kid == key.kid) {
                return Err(BadKeySet::Kid);
            }
            keys.push(key);
        }
        if keys.is_empty() { Err(BadKeySet::Empty) } else { Ok(KeySet(keys)) }
    }

    /// Reads the set of an OpenID provider, which may hold keys for other ends: they are passed over.
    /// An RSA key that names no algorithm is for RS256 (OpenID Connect Core §15.1).
    pub fn of_provider(bytes: &[u8]) -> Result<KeySet, BadKeySet> {
        if bytes.len() > BYTES_MAX {
            return Err(BadKeySet::TooLarge);
        }
        let set = json::object(bytes).ok_or(BadKeySet::Malformed)?;
        let Some(Value::Array(jwks)) = set.get("keys") else { return Err(BadKeySet::Malformed) };
        let mut keys: Vec<Key> = Vec::new();
        for jwk in jwks.iter().take(KEYS_MAX).filter_map(Value::as_object) {
            let mut jwk = jwk.clone();
            if jwk.get("kty").and_then(Value::as_str) == Some("RSA") {
                jwk.entry("alg").or_insert_with(|| "RS256".into());
            }
            match Key::read(&jwk) {
                Err(BadKeySet::Private) => return Err(BadKeySet::Private),
                Ok(Some(key)) if keys.iter().all(|known| known.kid != key.kid) => keys.push(key),
                _ => {}
            }
        }
        if keys.is_empty() { Err(BadKeySet::Empty) } else { Ok(KeySet(keys)) }
    }

    pub(crate) fn key(&self, kid: &str, algorithm: Algorithm) -> Result<&Key, Flaw> {
        let key = self.0.iter().find(|key| key.kid == kid).ok_or(Flaw::Key)?;
        if key.algorithm == algorithm { Ok(key) } else { Err(Flaw::Algorithm) }
    }

    /// Whether it has a key of this id.
    pub fn has(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid == kid)
    }
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.kid)).finish()
    }
}
