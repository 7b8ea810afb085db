//! What a signed token says, and who signed it: JWS compact serialization (RFC 7515), JWT
//! (RFC 7519) under RFC 8725, JWK sets (RFC 7517), token status lists
//! (draft-ietf-oauth-status-list).
//!
//! **Invariant**: [`verify`] answers claims only for a token whose every byte was understood. The
//! signature itself is checked by jsonwebtoken; all that it lets pass beside the signature is
//! checked here.
//!
//! Not here: clocks, randomness, sockets, what a claim means to loopgate.

mod algorithm;
mod base64url;
mod flaw;
mod json;
mod key;
mod key_set;
mod sign;
pub mod status;
mod verify;

pub use algorithm::Algorithm;
pub use base64url::{decode as base64url_decode, encode as base64url_encode};
pub use flaw::Flaw;
pub use key_set::{BadKeySet, KeySet};
pub use sign::{BadKey, SigningKey};
pub use verify::{Rules, unverified_issuer, verify};

use sha2::{Digest, Sha256};

/// `x5t#S256` (RFC 8705 §3.1): the SHA-256 of a certificate (DER).
pub fn x5t_s256(sha256_of_der: &[u8; 32]) -> String {
    base64url::encode(sha256_of_der)
}

/// The SHA-256 of these bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Compares in constant time.
pub fn same(one: &[u8], other: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
}
