//! Reason codes of the release decision. The first failing check fixes the code.

use std::fmt;

use loopgate_referral::ResourceId;
use serde::{Deserialize, Serialize};

use crate::GrantRef;

macro_rules! codes {
    ($($code:ident $words:literal,)*) => {
        /// Why a release is permitted or denied.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ReasonCode { $(#[doc = $words] $code,)* }

        impl ReasonCode {
            /// Every code.
            pub const ALL: &'static [ReasonCode] = &[$(ReasonCode::$code,)*];

            /// The code as written in the ledger.
            pub fn name(self) -> &'static str {
                match self { $(ReasonCode::$code => stringify!($code),)* }
            }

            /// What it means, for people.
            pub fn words(self) -> &'static str {
                match self { $(ReasonCode::$code => $words,)* }
            }
        }
    };
}

codes! {
    OK1 "permitted",
    OK2 "permitted, less what may not pass",
    OK3 "permitted in an emergency; to be reviewed",
    OK4 "permitted to an auditor",
    A1 "nobody known asked",
    A2 "the certificate is revoked",
    A3 "the token is bound to another certificate",
    A4 "the caller may not do this",
    A5 "the caller belongs to another community",
    T1 "a consent token is required",
    T2 "the consent token is malformed",
    T3 "the consent token's algorithm is not taken",
    T4 "the consent token's signature is wrong",
    T5 "the consent token's key is not known",
    T6 "the token is not a consent token",
    T7 "the consent token is another authority's",
    T8 "the consent token is for somebody else",
    T9 "the consent token is not valid yet, or for too long",
    T10 "the consent token expired",
    T11 "the consent token was used before",
    T12 "the consent token is revoked",
    T13 "the consent token is suspended",
    T14 "whether the consent token stands cannot be learnt",
    C1 "the consent is not in force: it waits for somebody to read it, or a merge",
    C2 "the consent was withdrawn",
    C3 "the consent is over, or has not begun",
    C4 "the consent was given anew since the token was made",
    C5 "the consent is not the one the token was made from",
    C6 "it is about another person",
    C7 "the person said no to it",
    C8 "a consent says something that cannot be interpreted",
    C9 "no consent names the organization that would share",
    C10 "who signed may not, or not any more",
    C11 "only the minor can consent to this",
    C12 "the consent form is not complete",
    R1 "the recipient is not named",
    R2 "the recipient is suspended",
    R3 "the recipient is not what it was when consent was given",
    R4 "the recipient may not pass it on",
    R5 "the answer needs a release of its own",
    R6 "the data agreement is missing or over",
    P1 "the purpose is not granted",
    P2 "the caller may not act for this purpose",
    X1 "this use is not granted",
    X2 "the consent is for another referral",
    L1 "the data is more sensitive than was granted",
    L2 "the data bears a label that is not known",
    L3 "42 CFR Part 2 protects the data",
    L4 "this kind of data is not granted",
    L5 "the data is outside the granted time",
    L6 "nothing is left that may pass",
    B1 "who broke the glass may not",
    B2 "the emergency does not cover this",
    S1 "it could not be recorded",
    S2 "the time was not trusted",
}

/// What a caller may learn of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `invalid_token`: show who you are, or bring another token.
    InvalidToken,
    /// `access_denied`: not for this caller.
    AccessDenied,
    /// `consent_denied`: the person's consent does not permit it.
    ConsentDenied,
    /// Nothing can be decided now; try again.
    Unavailable,
}

impl ReasonCode {
    /// The class that a caller may learn; `None` for a permit.
    pub fn class(self) -> Option<Class> {
        match self.name().as_bytes()[0] {
            b'O' => None,
            b'T' => Some(Class::InvalidToken),
            b'A' if matches!(self, ReasonCode::A4 | ReasonCode::A5) => Some(Class::AccessDenied),
            b'A' => Some(Class::InvalidToken),
            b'B' => Some(Class::AccessDenied),
            b'S' => Some(Class::Unavailable),
            _ => Some(Class::ConsentDenied),
        }
    }
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
        use ReasonCode::{
            C1, C2, C3, C7, C8, C9, C10, C11, C12, L4, L6, P1, P2, R1, R4, R6, X1, X2,
        };
        match self {
            C9 | C1 | C12 | C3 | C8 | C10 | C11 => Fate::Held,
            C2 | C7 | R1 | R4 | R6 | P1 | P2 | X1 | X2 | L4 | L6 => Fate::Rejected,
            _ => Fate::Waits,
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An item that may not pass, and why: one of `L1` to `L5`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dropped {
    /// Which.
    pub resource: ResourceId,
    /// Why.
    pub code: ReasonCode,
}

/// A release is denied. Outsiders learn neither code nor Grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the release is denied ({code})")]
pub struct Denial {
    /// The first failing check.
    pub code: ReasonCode,
    /// The Grant it failed on, if one was reached.
    pub grant: Option<GrantRef>,
    /// The items that may not pass, when nothing is left.
    pub dropped: Vec<Dropped>,
}

impl Denial {
    /// A denial before any Grant was looked at.
    pub fn of(code: ReasonCode) -> Denial {
        Denial { code, grant: None, dropped: Vec::new() }
    }

    /// A denial by a Grant.
    pub fn by(code: ReasonCode, grant: GrantRef) -> Denial {
        Denial { code, grant: Some(grant), dropped: Vec::new() }
    }
}
