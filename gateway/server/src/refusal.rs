//! Refusals: the caller is wrong, or not allowed. Enumerated, documented, part of the protocol.
//! How each sounds in a dialect is in `reply.rs`.

use loopgate_fhir::Fault;
use loopgate_referral::Illegal;

/// What is refused, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Which kind.
    pub kind: Kind,
    /// Where, if it is about a place in the message.
    pub faults: Vec<Fault>,
    /// What names it to whoever asks about it: a known partner's refusal is an entry by this name.
    pub correlation: Option<String>,
}

/// The kinds of refusal, each one row of `reply::TABLE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The message is not well-formed.
    Malformed,
    /// The message is well-formed and cannot be processed.
    Invalid,
    /// The media type is not one we speak.
    MediaType,
    /// No media type that the caller takes is one we write.
    NotAcceptable,
    /// The message is over the limit.
    TooLarge,
    /// Nobody we know asks.
    Unauthenticated,
    /// The partner may not do this kind of thing at all.
    Forbidden,
    /// There is no such thing for this caller.
    NotFound,
    /// The release decision said no, and it is recorded. Sounds just like `NotFound`.
    Denied,
    /// The act is not open from the present status, or not the caller's.
    IllegalMove,
    /// Somebody changed it in between (`If-Match`).
    VersionConflict,
    /// A condition matches several resources, so that it is not clear which is meant.
    Ambiguous,
    /// The same business identifier was already submitted with other content.
    Duplicate,
    /// A message control id was used before, with other content.
    ReusedKey,
    /// The method does not apply here.
    Method,
    /// The partner asks more often than it may.
    TooMany,
}

/// A refusal, or an outage: we cannot keep our promise right now.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// The caller is wrong.
    Refused(Refusal),
    /// We are. Logged once where it happened; the caller is told to try again.
    Outage,
}

impl Refusal {
    /// A refusal of this kind about no place in particular.
    pub fn of(kind: Kind) -> Refusal {
        Refusal { kind, faults: Vec::new(), correlation: None }
    }

    /// A refusal of this kind that is recorded under this name.
    pub fn named(kind: Kind, correlation: String) -> Refusal {
        Refusal { correlation: Some(correlation), ..Refusal::of(kind) }
    }

    /// A refusal of this kind, with where.
    pub fn at(kind: Kind, faults: Vec<Fault>) -> Refusal {
        Refusal { faults, ..Refusal::of(kind) }
    }

    /// A message that cannot be processed, with where.
    pub fn invalid(faults: Vec<Fault>) -> Refusal {
        Refusal { kind: Kind::Invalid, faults, correlation: None }
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Trouble {
        Trouble::Refused(refusal)
    }
}

impl From<Kind> for Trouble {
    fn from(kind: Kind) -> Trouble {
        Trouble::Refused(Refusal::of(kind))
    }
}

impl From<Illegal> for Trouble {
    fn from(illegal: Illegal) -> Trouble {
        Trouble::Refused(Refusal::of(match illegal {
            Illegal::NotYours => Kind::NotFound,
            Illegal::NotYourAct | Illegal::NoSuchEdge => Kind::IllegalMove,
        }))
    }
}
