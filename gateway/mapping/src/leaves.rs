//! Populated leaves of a JSON document and their places: how loss is found.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

/// The longest member name that is shown in a path.
const MEMBER_BYTES_MAX: usize = 48;

/// One step from a value to a value inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part<'a> {
    Member(&'a str),
    Index(usize),
}

/// The steps from the root to a value.
pub(crate) type Place<'a> = Vec<Part<'a>>;

/// Leaves that were taken up. Nobody asks for their order, and a large message has very many.
pub(crate) type Known<'a> = HashSet<Place<'a>>;

/// Whether there is anything here. FHIR has no empty texts, lists or objects, and partners write
/// them for "unknown".
pub(crate) fn populated(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Whether `value` is a populated text, number or boolean.
pub(crate) fn is_leaf(value: &Value) -> bool {
    populated(value) && !value.is_array() && !value.is_object()
}

/// The place of every populated leaf, in document order.
pub(crate) fn leaves(root: &Value) -> Vec<Place<'_>> {
    let mut found = Vec::new();
    let mut todo = vec![(Place::new(), root)];
    while let Some((place, value)) = todo.pop() {
        match value {
            Value::Object(members) => todo.extend(
                members.iter().map(|(name, value)| (step(&place, Part::Member(name)), value)),
            ),
            Value::Array(items) => todo.extend(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, value)| (step(&place, Part::Index(index)), value)),
            ),
            leaf if populated(leaf) => found.push(place),
            _ => {}
        }
    }
    found
}

/// `place` and one part more.
pub(crate) fn step<'a>(place: &[Part<'a>], part: Part<'a>) -> Place<'a> {
    let mut longer = Vec::with_capacity(place.len() + 1);
    longer.extend_from_slice(place);
    longer.push(part);
    longer
}

/// The leaves of `root` outside `known`, as sorted paths without indexes.
pub(crate) fn others(
    root: &Value,
    known: &Known<'_>,
    skip: fn(&[Part<'_>]) -> bool,
    shown: fn(&[Part<'_>]) -> String,
) -> Vec<String> {
    let paths: BTreeSet<String> = leaves(root)
        .into_iter()
        .filter(|place| !known.contains(place) && !skip(place))
        .map(|place| shown(&place))
        .collect();
    paths.into_iter().collect()
}

/// Dotted, without indexes. A member that does not look like a name is shown as `?`: somebody may
/// have put a person's name there.
pub(crate) fn shown(place: &[Part<'_>]) -> String {
    let names = place.iter().enumerate().filter_map(|(depth, part)| match part {
        // Types begin with a capital, elements do not; a person's name often does.
        Part::Member(name) if is_name(name, depth == 0) => Some(*name),
        Part::Member(_) => Some("?"),
        Part::Index(_) => None,
    });
    names.collect::<Vec<_>>().join(".")
}

fn is_name(text: &str, is_type: bool) -> bool {
    (1..=MEMBER_BYTES_MAX).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_' || is_type)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
