//! Who is asking: certificates, clients with keys, access tokens, and what they may ask for.
//!
//! A certificate or a client belongs to one organization. Identity is not permission: the release
//! decision asks for both.

pub mod access;
pub mod client;
pub mod crl;
pub mod key_sets;
pub mod oidc;
pub mod scope;

pub use access::{AccessTokens, Refused};
pub use client::{Client, Keys};
pub use scope::{Interaction, Scopes};
