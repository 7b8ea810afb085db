//! Why a message was not translated: a path, never a value.

use loopgate_consent::FieldGroup;

/// The message cannot be translated, and no part of it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} {why}")]
pub struct Refused {
    /// Where, in the dialect that was read, without list indexes.
    pub path: String,
    /// Why.
    pub why: Why,
}

/// Why a message was not translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// A row of `must` finds nothing.
    #[error("is missing")]
    Missing,
    /// A row of `must` belongs to a group that may not pass.
    #[error("is required, and its group {0} may not pass")]
    Withheld(FieldGroup),
    /// More than one element where the mapping takes one.
    #[error("has more than one match")]
    Several,
    /// A list where one element belongs, or one element where a list belongs, or a value where an
    /// object belongs.
    #[error("has the wrong shape")]
    WrongShape,
    /// Not a text, number or boolean.
    #[error("is not a single value")]
    NotAValue,
    /// The value table has no entry for the code.
    #[error("has a code without an entry in the value table")]
    NoCode,
    /// Not a date, a time or a number, where the row says it is one.
    #[error("is not of its form")]
    BadForm,
    /// A local time in the hour that the clocks went back.
    #[error("is a local time that the clocks show twice")]
    Twice,
    /// A local time in the hour that the clocks skipped.
    #[error("is a local time that the clocks skip")]
    Never,
    /// The row selects by a constant that the caller did not supply.
    #[error("is selected by a constant that was not supplied")]
    NoConstant,
    /// Two rows, or a row and its own selection, want different values at one place; or two members say
    /// different things of one value.
    #[error("would get two different values")]
    Conflict,
}

impl Refused {
    pub(crate) fn new(path: impl Into<String>, why: Why) -> Self {
        let path = path.into();
        Refused { path, why }
    }
}
