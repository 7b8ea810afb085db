//! What may be used once, and what is revoked: decided here, where all that was used is known.

use loopgate_referral::{OrgId, Timestamp};

use super::desk::{Desk, by};
use crate::consent_token::INDEXES;
use crate::journal::{Event, Minted};
use crate::refusal::Trouble;

/// How often a free place is looked for.
const DRAWS_MAX: usize = 64;

/// Uses a name. `false` if it was used before.
pub fn spend(desk: &mut Desk<'_>, org: OrgId, jti: [u8; 32], until: Timestamp) -> bool {
    if desk.world().spent.has(&org, &jti) {
        return false;
    }
    let cause = by(org.as_str(), "oauth");
    desk.record(&cause, Event::Spent { org, jti, until }, Vec::new(), None);
    true
}

/// Revokes a token; twice is once.
pub fn revoke(desk: &mut Desk<'_>, org: OrgId, jti: [u8; 32], until: Timestamp) {
    if !desk.world().revoked_tokens.has(&org, &jti) {
        let cause = by(org.as_str(), "oauth");
        desk.record(&cause, Event::TokenRevoked { org, jti, until }, Vec::new(), None);
    }
}

/// Gives a token a place on the status list: a random one, which tells nothing of how many there are.
pub fn mint(desk: &mut Desk<'_>, org: OrgId, minted: Minted) -> Result<u32, Trouble> {
    for _ in 0..DRAWS_MAX {
        let [a, b, c, d, ..] = desk.random16();
        let index = u32::from_be_bytes([a, b, c, d]) % INDEXES;
        let taken = desk.world().minted.get(&index).is_some_and(|one| one.until > desk.at);
        if !taken {
            let cause = by(org.as_str(), "fhir");
            desk.record(&cause, Event::TokenMinted { org, minted, index }, Vec::new(), None);
            return Ok(index);
        }
    }
    // Nearly all are taken: too many tokens are alive.
    Err(Trouble::Outage)
}
