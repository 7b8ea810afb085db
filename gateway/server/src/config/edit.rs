//! A change to one value of a TOML file that leaves every other byte as it is.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// What came of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    /// The whole text, changed.
    Changed(String),
    /// The text is TOML without such a key.
    Absent,
    /// The text is not TOML.
    Unreadable,
}

/// Replaces the value at `path` by `value`, which is TOML.
pub(crate) fn set_value(text: &str, path: &[&str], value: &str) -> Edit {
    let Ok(table) = DeTable::parse(text) else { return Edit::Unreadable };
    let Some(span) = value_span(table.get_ref(), path) else { return Edit::Absent };
    let mut text = text.to_owned();
    text.replace_range(span, value);
    Edit::Changed(text)
}

fn value_span(table: &DeTable<'_>, path: &[&str]) -> Option<Range<usize>> {
    let (key, rest) = path.split_first()?;
    let value = table.get(*key)?;
    match (value.get_ref(), rest) {
        (_, []) => Some(value.span()),
        (DeValue::Table(inner), rest) => value_span(inner, rest),
        _ => None,
    }
}
