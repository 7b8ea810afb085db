//! Value tables: one-to-one, with one-way entries apart so that loss is declared.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use crate::problem::{Desk, Problem};
use crate::view::Pair;

/// A value table, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Codes {
    name: String,
    to_right: BTreeMap<String, String>,
    to_left: BTreeMap<String, String>,
    /// Codes of the right that say what holds without a word.
    nothing: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodesText {
    /// Codes of the right that say what holds without a word: read as nothing, never written.
    #[serde(default)]
    nothing: BTreeSet<String>,
    /// left = right, read either way.
    #[serde(default)]
    both: BTreeMap<String, Spanned<String>>,
    /// left = right, never read back.
    #[serde(default)]
    left_only: BTreeMap<String, Spanned<String>>,
    /// right = left, never written.
    #[serde(default)]
    right_only: BTreeMap<String, Spanned<String>>,
}

impl Codes {
    pub(crate) fn parse(file: &str, text: &str) -> Result<Codes, Vec<Problem>> {
        let mut desk = Desk::new(file, text);
        let codes = desk.parse().map(|parsed| check(&parsed, &mut desk));
        let name = file.strip_prefix("codes/").unwrap_or(file).trim_end_matches(".toml");
        desk.close(codes.map(|codes| Codes { name: name.to_owned(), ..codes }))
    }

    /// Its path below `codes/`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Every pair, by what the pivot calls it.
    pub(crate) fn pairs(&self) -> Vec<Pair<'_>> {
        let written = self.to_right.iter().map(|(left, right)| {
            let read = self.to_left.get(right) == Some(left);
            Pair { left, right, read, written: true }
        });
        let read = self.to_left.iter().filter_map(|(right, left)| {
            let both = self.to_right.get(left) == Some(right);
            (!both).then_some(Pair { left, right, read: true, written: false })
        });
        let mut pairs: Vec<Pair<'_>> = written.chain(read).collect();
        pairs.sort_unstable();
        pairs
    }

    /// What the dialect calls the pivot's `code`.
    pub(crate) fn to_right(&self, code: &str) -> Option<&str> {
        self.to_right.get(code).map(String::as_str)
    }

    /// Whether the dialect's `code` says no more than silence does.
    pub(crate) fn is_nothing(&self, code: &str) -> bool {
        self.nothing.contains(code)
    }

    /// What the pivot calls the dialect's `code`.
    pub(crate) fn to_left(&self, code: &str) -> Option<&str> {
        self.to_left.get(code).map(String::as_str)
    }
}

fn check(text: &CodesText, desk: &mut Desk<'_>) -> Codes {
    let mut to_right = BTreeMap::new();
    let mut to_left = BTreeMap::new();
    for (left, right) in &text.both {
        to_right.insert(left.clone(), right.get_ref().clone());
        if to_left.insert(right.get_ref().clone(), left.clone()).is_some() {
            desk.at(right.span(), format_args!("{:?} has two codes on the left", right.get_ref()));
        }
    }
    for (left, right) in &text.left_only {
        if to_right.insert(left.clone(), right.get_ref().clone()).is_some() {
            desk.at(right.span(), format_args!("{left:?} is also in [both]"));
        }
    }
    for (right, left) in &text.right_only {
        if to_left.insert(right.clone(), left.get_ref().clone()).is_some() {
            desk.at(left.span(), format_args!("{right:?} is also in [both]"));
        }
    }
    if let Some(both) = text.nothing.iter().find(|code| to_left.contains_key(*code)) {
        desk.whole(format_args!("{both:?} says something, and nothing"));
    }
    let empty: BTreeSet<_> = [&text.both, &text.left_only, &text.right_only]
        .into_iter()
        .flatten()
        .filter(|(key, value)| key.is_empty() || value.get_ref().is_empty())
        .map(|(_, value)| value.span().start)
        .collect();
    for start in empty {
        desk.at(start..start, "a code is empty");
    }
    if to_right.is_empty() && to_left.is_empty() {
        desk.whole("has no codes");
    }
    Codes { name: String::new(), to_right, to_left, nothing: text.nothing.clone() }
}
