//! What a link says in its own way: fields of Z segments that stand for a field of the standard, and
//! codes that stand for a code of ours.
//!
//! An alias is read as what it stands for before anything else looks at the message, and written beside
//! it. Not here: doing so (`v2/quirks.rs`).

use loopgate_hl7v2::Location;

use super::link::Named;

/// A field of a Z segment, and what it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZField {
    /// Where: a plain place, without selections.
    pub field: Location,
    /// What.
    pub carries: Carries,
}

/// What a field of a Z segment carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    /// A consent token, as OBX-5 behind LOINC 59284-0 does.
    ConsentToken,
    /// `Y`: the person must not be contacted, as PD1-12 does.
    ContactProhibited,
    /// The language in which the person is to be spoken to, as PID-15 does.
    Language,
    /// Nothing that is carried on. It is known, and acknowledgements do not mention it each time.
    Nothing,
}

impl Carries {
    /// The place of the standard that says the same.
    pub fn stands_for(self) -> Option<Location> {
        let place = match self {
            Carries::ConsentToken => "OBX[3.1='59284-0']-5",
            Carries::ContactProhibited => "PD1-12",
            Carries::Language => "PID-15",
            Carries::Nothing => return None,
        };
        Some(place.parse().unwrap_or_else(|_| unreachable!("{place} is a place")))
    }
}

impl Named for Carries {
    const NAMES: &'static [(&'static str, Carries)] = &[
        ("consent-token", Carries::ConsentToken),
        ("contact-prohibited", Carries::ContactProhibited),
        ("language", Carries::Language),
        ("nothing", Carries::Nothing),
    ];
}

/// A code of the link's own in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// In which field; its first component, if it names none.
    pub field: Location,
    /// How the link says it.
    pub theirs: String,
    /// How we say it: what the mapping has there. Several of theirs may be one of ours; the first is
    /// written.
    pub ours: String,
    /// The coding system of ours, as the message calls it two components on (CE.3, CWE.3); theirs is `L`.
    pub system: Option<String>,
}
