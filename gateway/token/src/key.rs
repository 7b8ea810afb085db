//! One public key (RFC 7517, RFC 7518 §6), and what may be wrong with it.

use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use crate::key_set::BadKeySet;
use crate::{Algorithm, Flaw, base64url};

/// RSA below is weak, and above only costs time.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
const KID_CHARS_MAX: usize = 64;
/// Members of a JWK that hold a private or a symmetric key.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key that signs with one algorithm.
#[derive(Clone)]
pub(crate) struct Key {
    pub kid: String,
    pub algorithm: Algorithm,
    decoding: DecodingKey,
}

/// Whether a key id is one that we look up: it never reaches a file or a query.
pub(crate) fn is_kid(text: &str) -> bool {
    let sign = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=KID_CHARS_MAX).contains(&text.len()) && text.bytes().all(sign)
}

impl Key {
    /// Reads a JWK; `None` for a kind of key that we do not use (RFC 7517 §5).
    pub fn read(jwk: &Map<String, Value>) -> Result<Option<Key>, BadKeySet> {
        if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
            return Err(BadKeySet::Private);
        }
        let text = |name: &str| match jwk.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(BadKeySet::Malformed),
        };
        let kid = text("kid")?.filter(|kid| is_kid(kid)).ok_or(BadKeySet::Kid)?;
        if text("use")?.is_some_and(|purpose| purpose != "sig") {
            return Err(BadKeySet::Use);
        }
        let verifies = |ops: &Value| {
            ops.as_array().is_some_and(|ops| ops.iter().all(|op| op == "verify") && !ops.is_empty())
        };
        if !jwk.get("key_ops").is_none_or(verifies) {
            return Err(BadKeySet::Use);
        }
        let bytes = |name: &str| {
            let text = text(name)?.ok_or(BadKeySet::Malformed)?;
            base64url::decode(text).map(|bytes| (text, bytes)).ok_or(BadKeySet::Malformed)
        };
        let (own, decoding): (&[Algorithm], _) = match (text("kty")?, text("crv")?) {
            (Some("RSA"), _) => {
                let ((n, modulus), (e, exponent)) = (bytes("n")?, bytes("e")?);
                if !RSA_BITS.contains(&bits(&modulus)) || exponent != [1, 0, 1] {
                    return Err(BadKeySet::Weak);
                }
                let own = &[Algorithm::RS384, Algorithm::RS256];
                (own, DecodingKey::from_rsa_components(n, e))
            }
            (Some("EC"), Some(curve @ ("P-256" | "P-384"))) => {
                let (own, len): (&[Algorithm], usize) = match curve {
                    "P-256" => (&[Algorithm::ES256], 32),
                    _ => (&[Algorithm::ES384], 48),
                };
                let ((x, x_bytes), (y, y_bytes)) = (bytes("x")?, bytes("y")?);
                if x_bytes.len() != len || y_bytes.len() != len {
                    return Err(BadKeySet::Malformed);
                }
                (own, DecodingKey::from_ec_components(x, y))
            }
            (Some("oct"), _) => return Err(BadKeySet::Private),
            (Some(_), _) => return Ok(None),
            (None, _) => return Err(BadKeySet::Malformed),
        };
        let algorithm = match text("alg")? {
            None => own[0],
            Some(name) => {
                let named = Algorithm::of(name).filter(|named| own.contains(named));
                named.ok_or(BadKeySet::Algorithm)?
            }
        };
        let decoding = decoding.map_err(|_| BadKeySet::Malformed)?;
        Ok(Some(Key { kid: kid.to_owned(), algorithm, decoding }))
    }

    /// Whether this key signed these bytes.
    pub fn signed(&self, message: &[u8], signature: &str) -> Result<(), Flaw> {
        let good = jsonwebtoken::crypto::verify(
            signature,
            message,
            &self.decoding,
            self.algorithm.library(),
        );
        if matches!(good, Ok(true)) { Ok(()) } else { Err(Flaw::Signature) }
    }
}

fn bits(modulus: &[u8]) -> usize {
    match modulus.first() {
        Some(first) => modulus.len() * 8 - first.leading_zeros() as usize,
        None => 0,
    }
}
