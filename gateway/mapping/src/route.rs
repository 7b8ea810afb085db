//! A checked left side. `find.rs` finds its value in a pivot, `put.rs` puts one there.

use std::ops::Range;

use serde_json::Value;

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
    /// Each, one by one: the index says which; nothing, if it does not hold there.
    Each(Vec<Condition>),
    /// The one at this place, counted from 0.
    Nth(usize),
    /// The first for which all conditions hold; the others are not carried.
    First(Vec<Condition>),
}

/// `path = value` inside a repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) legs: Vec<Leg>,
    pub(crate) equals: Operand,
}

impl Route {
    /// How often a row is tried: once, or for each item of the list it goes through.
    pub(crate) fn indexes(&self, root: &Value) -> Range<usize> {
        let Some(at) = self.legs.iter().position(Leg::is_each) else { return 0..1 };
        let mut value = Some(root);
        for leg in &self.legs[..at] {
            value = value.and_then(|value| value.get(&leg.name));
            match leg.take {
                Take::One => {}
                Take::Nth(n) => value = value.and_then(|list| list.get(n)),
                _ => value = value.and_then(|list| list.get(0)),
            }
        }
        let list = value.and_then(|value| value.get(&self.legs[at].name)).and_then(Value::as_array);
        0..list.map_or(0, Vec::len)
    }

    /// The members up to and with the one that is taken one by one.
    pub(crate) fn each(&self) -> Option<Vec<&str>> {
        let at = self.legs.iter().position(Leg::is_each)?;
        Some(self.legs[..=at].iter().map(|leg| leg.name.as_str()).collect())
    }
}

impl Leg {
    fn is_each(&self) -> bool {
        matches!(self.take, Take::Each(_))
    }
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
