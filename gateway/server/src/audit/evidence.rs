//! The evidence of one referral, as one file that anybody checks without us.

use crate::audit::Asker;
use crate::egress::Released;
use crate::gate::Gate;
use crate::refusal::{Kind, Trouble};

/// Whether it is offered.
pub const OFFERED: bool = false;

/// Releases the evidence of a referral.
pub fn for_referral(_: &Gate, _: &Asker<'_>, _: &str) -> Result<Released, Trouble> {
    Err(Kind::NotFound.into())
}
