//! Right sides: dotted JSON, `client.name.given[]`, or a place in an HL7 v2 message (`v2.rs`).

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Value};

use crate::constants::Constants;
use crate::find::Match;
use crate::form::Form;
use crate::leaves::{Part, Place, is_leaf, populated, step};
use crate::local::Local;
use crate::refused::{Refused, Why};
use crate::route::{Leg, Route, Take};
use crate::whole::Whole;

/// The most members a right side may have.
const MEMBERS_COUNT_MAX: usize = 16;

/// Members from the root, and whether the last holds a list of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RightPath {
    pub(crate) members: Vec<String>,
    pub(crate) list: bool,
}

/// A right side, in the dialect's own notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Right {
    /// Dotted JSON, and how the value is written there.
    Json(RightPath, Option<Local>),
    /// A place in an HL7 v2 message, and how the value is written there.
    V2(Route, Option<Form>),
    /// Components at a place in an HL7 v2 message that say one value together, from this one on.
    Whole(Route, Whole, u16),
}

/// What a right side says, if it is of its form, and the places of what it takes up.
pub(crate) type Said<'a> = (Result<Cow<'a, Value>, Why>, Vec<Place<'a>>);

impl Right {
    /// Without `[]` and selections.
    pub(crate) fn shown(&self) -> String {
        match self {
            Right::Json(path, _) => path.shown(),
            Right::V2(route, _) | Right::Whole(route, ..) => route.shown.clone(),
        }
    }

    /// Whether one is the other, or inside it.
    pub(crate) fn overlaps(&self, other: &Right) -> bool {
        match (self, other) {
            (Right::Json(mine, _), Right::Json(theirs, _)) => mine.overlaps(theirs),
            (Right::V2(mine, _), Right::V2(theirs, _)) => mine.legs == theirs.legs,
            (Right::Whole(mine, _, from), Right::Whole(theirs, _, other)) => {
                mine.legs == theirs.legs && from == other
            }
            _ => false,
        }
    }

    /// How often a row is tried when reading.
    pub(crate) fn indexes(&self, document: &Value) -> Range<usize> {
        match self {
            Right::Json(..) => 0..1,
            Right::V2(route, _) | Right::Whole(route, ..) => route.indexes(document),
        }
    }

    /// The way to a place in an HL7 v2 message.
    pub(crate) fn route(&self) -> Option<&Route> {
        match self {
            Right::Json(..) => None,
            Right::V2(route, _) | Right::Whole(route, ..) => Some(route),
        }
    }

    /// The populated value here and the places of its leaves.
    pub(crate) fn find<'a>(
        &'a self,
        document: &'a Value,
        constants: &Constants,
        index: usize,
    ) -> Result<Option<Said<'a>>, Refused> {
        match self {
            Right::Json(path, _) => {
                let found = path.find(document)?;
                Ok(found.map(|(value, own)| (Ok(Cow::Borrowed(value)), own)))
            }
            Right::V2(route, _) => Ok(route.find(document, constants, index)?.map(|found| {
                let own = found.own.into_iter().chain(found.used).collect();
                (Ok(Cow::Borrowed(found.value)), own)
            })),
            Right::Whole(route, whole, from) => {
                let found = route.reach(document, constants, index)?;
                Ok(found.and_then(|found| together(found, *whole, *from, constants)))
            }
        }
    }

    /// Put a value here.
    pub(crate) fn put(
        &self,
        document: &mut Value,
        value: Value,
        constants: &Constants,
        index: usize,
    ) -> Result<(), Refused> {
        match (self, document) {
            (Right::Json(path, _), Value::Object(members)) => {
                path.put(members, value);
                Ok(())
            }
            (Right::Json(..), _) => unreachable!("a document is an object"),
            (Right::V2(route, _), document) => route.put(document, value, constants, index),
            (Right::Whole(route, whole, from), document) => {
                let bad = || Refused::new(&route.shown, Why::BadForm);
                let text = value.as_str().ok_or_else(bad)?;
                for (part, text) in whole.to_right(text, constants).ok_or_else(bad)? {
                    let part = component(route, *whole, from + part - 1);
                    part.put(document, text.into(), constants, index)?;
                }
                Ok(())
            }
        }
    }
}

/// The way to one component of those that say a value together. The parts of HD are subcomponents.
fn component(route: &Route, whole: Whole, number: u16) -> Route {
    let one = |n: u16| Leg { name: n.to_string(), take: Take::One };
    let more = if whole == Whole::Hd { vec![one(number)] } else { vec![one(number), one(1)] };
    Route { shown: route.shown.clone(), legs: route.legs.iter().cloned().chain(more).collect() }
}

/// What components say together; nothing, if none of them is there.
fn together<'a>(
    (place, value, used): Match<'a>,
    whole: Whole,
    from: u16,
    constants: &Constants,
) -> Option<Said<'a>> {
    let leaf = |part: u16| -> Option<(Place<'a>, &'a str)> {
        let (name, child) = value.as_object()?.get_key_value(&(from + part - 1).to_string())?;
        let place = step(&place, Part::Member(name));
        if whole == Whole::Hd {
            return Some((place, child.as_str()?));
        }
        Some((step(&place, Part::Member("1")), child.get("1")?.as_str()?))
    };
    if whole.parts().all(|part| leaf(part).is_none()) {
        return None;
    }
    let text = |part| leaf(part).map(|(_, text)| text);
    let Some((text, parts)) = whole.to_left(&text, constants) else {
        return Some((Err(Why::BadForm), Vec::new()));
    };
    let own = parts.into_iter().filter_map(|part| leaf(part).map(|(place, _)| place));
    Some((Ok(Cow::Owned(text.into())), own.chain(used).collect()))
}

/// Not dotted JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not dotted JSON: up to {MEMBERS_COUNT_MAX} names of letters, 0-9 and _, with [] only at the end"
)]
pub(crate) struct BadRight;

impl RightPath {
    pub(crate) fn parse(text: &str) -> Result<RightPath, BadRight> {
        let (path, list) = match text.strip_suffix("[]") {
            Some(path) => (path, true),
            None => (text, false),
        };
        let members: Vec<String> = path.split('.').map(str::to_owned).collect();
        let sound =
            members.len() <= MEMBERS_COUNT_MAX && members.iter().all(|member| is_member(member));
        sound.then_some(RightPath { members, list }).ok_or(BadRight)
    }

    /// Dotted, without `[]`.
    pub(crate) fn shown(&self) -> String {
        self.members.join(".")
    }

    /// Whether one is the other, or inside it.
    pub(crate) fn overlaps(&self, other: &RightPath) -> bool {
        let both = self.members.iter().zip(&other.members);
        both.into_iter().all(|(mine, theirs)| mine == theirs)
    }

    /// The populated value here and the places of its leaves.
    pub(crate) fn find<'a>(
        &'a self,
        document: &'a Value,
    ) -> Result<Option<(&'a Value, Vec<Place<'a>>)>, Refused> {
        let mut value = document;
        let mut place = Place::new();
        for (index, member) in self.members.iter().enumerate() {
            let wrong = || Refused::new(self.members[..index].join("."), Why::WrongShape);
            let members = value.as_object().ok_or_else(wrong)?;
            match members.get(member).filter(|value| populated(value)) {
                Some(child) => value = child,
                None => return Ok(None),
            }
            place = step(&place, Part::Member(member));
        }
        let own = match value {
            Value::Array(items) if self.list => items
                .iter()
                .enumerate()
                .map(|(index, item)| is_leaf(item).then(|| step(&place, Part::Index(index))))
                .collect(),
            _ if self.list => return Err(Refused::new(self.shown(), Why::WrongShape)),
            leaf => is_leaf(leaf).then(|| vec![place]),
        };
        let own = own.ok_or_else(|| Refused::new(self.shown(), Why::NotAValue))?;
        Ok(Some((value, own)))
    }

    /// Put a value here. Two right sides of one mapping never overlap, so the way is free.
    pub(crate) fn put(&self, document: &mut Map<String, Value>, value: Value) {
        let Some((last, before)) = self.members.split_last() else {
            unreachable!("a right side has a member");
        };
        let mut members = document;
        for name in before {
            let child = members.entry(name.as_str()).or_insert_with(|| Value::Object(Map::new()));
            members = match child {
                Value::Object(members) => members,
                _ => unreachable!("two right sides of one mapping do not overlap"),
            };
        }
        members.insert(last.clone(), value);
    }
}

fn is_member(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_json_and_nothing_else() {
        let path = RightPath::parse("client.name.given[]").unwrap();
        assert_eq!((path.shown().as_str(), path.list), ("client.name.given", true));
        for text in ["referralId", "Client.FirstName"] {
            assert_eq!(RightPath::parse(text).unwrap().shown(), text);
        }
        for text in [
            "",
            ".",
            "a.",
            "a..b",
            "a[].b",
            "a[0]",
            "a b",
            "ä",
            "1a",
            "a[][]",
            "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q",
        ] {
            assert_eq!(RightPath::parse(text), Err(BadRight), "{text:?}");
        }
    }
}
