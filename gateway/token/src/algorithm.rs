//! The signature algorithms there are for us (RFC 7518 §3.1): no `none`, nothing symmetric.

/// A signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256; UDAP alone asks for it.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// ECDSA with P-256 and SHA-256; UDAP alone asks for it.
    ES256,
    /// ECDSA with P-384 and SHA-384.
    ES384,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Algorithm; 4] =
        [Algorithm::RS256, Algorithm::RS384, Algorithm::ES256, Algorithm::ES384];

    /// What SMART Backend Services wants (client-confidential-asymmetric).
    pub const SMART: [Algorithm; 2] = [Algorithm::RS384, Algorithm::ES384];

    /// The name in `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::RS256 => "RS256",
            Algorithm::RS384 => "RS384",
            Algorithm::ES256 => "ES256",
            Algorithm::ES384 => "ES384",
        }
    }

    /// The algorithm of this very name.
    pub fn of(name: &str) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    pub(crate) fn library(self) -> jsonwebtoken::Algorithm {
        match self {
            Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::RS384 => jsonwebtoken::Algorithm::RS384,
            Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::ES384 => jsonwebtoken::Algorithm::ES384,
        }
    }
}
