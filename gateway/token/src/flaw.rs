//! What is wrong with a token. Never anything of the token itself.

/// The first check that a token fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is no JWT in compact serialization, or says something we do not understand.
    #[error("the token is malformed")]
    Malformed,
    /// The algorithm is not one we take, or not the key's.
    #[error("the token's algorithm is not taken")]
    Algorithm,
    /// The signature is not the key's.
    #[error("the token's signature is wrong")]
    Signature,
    /// No one key is meant.
    #[error("the token's key is not known")]
    Key,
    /// It is a token of another kind (`typ`).
    #[error("the token is of another kind")]
    Kind,
    /// Somebody else issued it.
    #[error("the token has another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("the token has another audience")]
    Audience,
    /// It is not valid yet, or for longer than it may be.
    #[error("the token is not valid yet, or for too long")]
    NotYet,
    /// It expired.
    #[error("the token expired")]
    Expired,
}
