//! A partner as an OAuth client (`[client]` of its file): its keys, and the scopes it may ask for.

use loopgate_token::Algorithm;
use url::Url;

use super::Scopes;

/// A client. Its id is the organization's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its public keys.
    pub keys: Keys,
    /// What it may ask for.
    pub scopes: Scopes,
    /// It is registered by UDAP, which signs with RS256 or ES256.
    pub udap: bool,
    /// It may ask without a client certificate: then who holds its token may use it.
    pub bearer: bool,
}

/// Where a client's public keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// In the partner file: a sound JWK set.
    Here(String),
    /// At its own address, which the operator wrote down.
    At(Url),
}

impl Client {
    /// The algorithms it may sign with.
    pub fn algorithms(&self) -> &'static [Algorithm] {
        if self.udap { &Algorithm::ALL } else { &Algorithm::SMART }
    }
}
