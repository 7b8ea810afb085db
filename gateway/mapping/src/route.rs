//! A checked left side. `find.rs` finds its value in a pivot, `put.rs` puts one there.

use crate::constants::Constants;
use crate::path::Operand;
use crate::refused::Why;

/// A path whose repeating elements are all accounted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// The path without selections, for lists and refusals.
    pub(crate) shown: String,
    pub(crate) legs: Vec<Leg>,
}

/// One element on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leg {
    pub(crate) name: String,
    pub(crate) take: Take,
}

/// Which of an element's repetitions to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Take {
    /// It does not repeat.
    One,
    /// It repeats, and may do so once.
    Only,
    /// The one for which all conditions hold.
    Where(Vec<Condition>),
    /// The whole list; last leg only.
    All,
}

/// `path = value` inside a repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) legs: Vec<Leg>,
    pub(crate) equals: Operand,
}

impl Condition {
    /// What to compare with.
    pub(crate) fn value<'c>(&'c self, constants: &'c Constants) -> Result<&'c str, Why> {
        match &self.equals {
            Operand::Literal(literal) => Ok(literal),
            Operand::Constant(name) => constants.get(name).ok_or(Why::NoConstant),
        }
    }
}
