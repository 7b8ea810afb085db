//! Our own signatures: ES384, with a key that never leaves its file.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use jsonwebtoken::EncodingKey;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Algorithm, KeySet, base64url, sha256};

/// A private key and what the world may know of it.
pub struct SigningKey {
    encoding: EncodingKey,
    x: String,
    y: String,
    kid: String,
}

/// The bytes are no PKCS#8 private key for P-384.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no PKCS#8 private key for P-384")]
pub struct BadKey;

impl SigningKey {
    /// The PKCS#8 bytes (RFC 5958) of a new key.
    pub fn generate() -> Result<Vec<u8>, BadKey> {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random);
        Ok(made.map_err(|_| BadKey)?.as_ref().to_vec())
    }

    /// The key in these PKCS#8 bytes.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<SigningKey, BadKey> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, pkcs8);
        let pair = pair.map_err(|_| BadKey)?;
        // SEC 1 §2.3.3: 04, then both coordinates.
        let point = pair.public_key().as_ref();
        let (x, y) = point.get(1..).ok_or(BadKey)?.split_at_checked(48).ok_or(BadKey)?;
        let (x, y) = (base64url::encode(x), base64url::encode(y));
        // RFC 7638: the members in this order, and no space.
        let thumbprint = format!(r#"{{"crv":"P-384","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = base64url::encode(&sha256(thumbprint.as_bytes()));
        Ok(SigningKey { encoding: EncodingKey::from_ec_der(pkcs8), x, y, kid })
    }

    /// The id: its JWK thumbprint (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key, as a JWK.
    pub fn jwk(&self) -> Value {
        json!({
            "kty": "EC", "crv": "P-384", "use": "sig", "alg": "ES384",
            "kid": self.kid, "x": self.x, "y": self.y,
        })
    }

    /// The set of this one key, to verify with.
    pub fn key_set(&self) -> KeySet {
        match KeySet::parse(json!({ "keys": [self.jwk()] }).to_string().as_bytes()) {
            Ok(set) => set,
            Err(_) => unreachable!("our own key is a sound one"),
        }
    }

    /// Signs these claims as a token of this kind.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, BadKey> {
        let header = json!({ "alg": "ES384", "kid": self.kid, "typ": typ }).to_string();
        let claims = serde_json::to_vec(claims).map_err(|_| BadKey)?;
        let message =
            format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(&claims));
        let signature = self.signature(message.as_bytes())?;
        Ok(format!("{message}.{signature}"))
    }

    fn signature(&self, message: &[u8]) -> Result<String, BadKey> {
        let algorithm = Algorithm::ES384.library();
        jsonwebtoken::crypto::sign(message, &self.encoding, algorithm).map_err(|_| BadKey)
    }

    /// The signature of any bytes at all.
    #[cfg(test)]
    pub(crate) fn sign_bytes(&self, message: &[u8]) -> String {
        self.signature(message).unwrap()
    }
}
