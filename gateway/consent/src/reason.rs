//! Reason codes of the release decision. The first failing check fixes the code.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::GrantRef;

macro_rules! codes {
    ($($(#[$meta:meta])* $code:ident,)*) => {
        /// Why a release is permitted or denied.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ReasonCode { $($(#[$meta])* $code,)* }

        impl ReasonCode {
            /// Every code.
            pub const ALL: &'static [ReasonCode] = &[$(ReasonCode::$code,)*];

            /// The code as written in the ledger.
            pub fn name(self) -> &'static str {
                match self { $(ReasonCode::$code => stringify!($code),)* }
            }
        }
    };
}

codes! {
    /// Permitted.
    OK1,
    /// Permitted, less what consent does not cover.
    OK2,
    /// The caller may not do this: its partner file lacks the action.
    A4,
    /// The caller belongs to another tenant.
    A5,
    /// The Grant is not active: it waits for a person to transcribe it.
    C1,
    /// The Grant is revoked.
    C2,
    /// The instant is outside the Grant's period.
    C3,
    /// The Grant is about another person.
    C6,
    /// A Consent of this person denies it explicitly.
    C7,
    /// A Consent of this person says something we cannot interpret.
    C8,
    /// No Grant of this person names the discloser.
    C9,
    /// The Grant's evidence is incomplete.
    C12,
    /// The recipient is not named.
    R1,
    /// A party's partner file is suspended.
    R2,
    /// The recipient's legal class changed since the Grant.
    R3,
    /// The target's answer needs a release of its own (34 USC 12291(b)(2)).
    R5,
    /// The recipient's data agreement is missing or expired.
    R6,
    /// The purpose of use is missing or not granted.
    P1,
    /// The action is not granted.
    X1,
    /// Part of the need is outside the granted classes.
    L4,
    /// Nothing of the need is inside the granted classes.
    L6,
}

/// What a denial before acceptance does to the referral (our DESIGN §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It waits for a consent that may still come.
    Held,
    /// It is rejected at once.
    Rejected,
    /// It stays as it is: what is wrong is the recipient's standing with us, not the consent.
    Waits,
}

impl ReasonCode {
    /// What a denial with this code does to a referral nobody has accepted.
    pub fn fate(self) -> Fate {
        use ReasonCode::{C1, C2, C3, C7, C8, C9, C12, L4, L6, P1, R1, R6, X1};
        match self {
            C9 | C1 | C12 | C3 | C8 => Fate::Held,
            C2 | C7 | R1 | R6 | P1 | X1 | L4 | L6 => Fate::Rejected,
            _ => Fate::Waits,
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A release is denied. Outsiders learn neither code nor Grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the release is denied ({code})")]
pub struct Denial {
    /// The first failing check.
    pub code: ReasonCode,
    /// The Grant it failed on, if one was reached.
    pub grant: Option<GrantRef>,
}
