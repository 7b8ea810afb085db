//! Which FHIR elements repeat (`fhir-repeats.toml`), and how a row must pass through them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use crate::path::{Path, Step, Where};
use crate::problem::{Desk, Problem};
use crate::route::{Condition, Leg, Route, Take};

/// Every element that a row may pass through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Repeats(BTreeMap<String, bool>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    many: Vec<Spanned<String>>,
    once: Vec<Spanned<String>>,
}

/// Why a path cannot be a row's left side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadRoute {
    #[error("{0} is not in fhir-repeats.toml")]
    Unknown(String),
    #[error("{0} repeats: select with where, or list it under first")]
    Unselected(String),
    #[error("{0} does not repeat, so there is nothing to select")]
    Once(String),
    #[error("{0} is not a list, so the right side cannot end in []")]
    NotAList(String),
}

impl Repeats {
    pub(crate) fn parse(file: &str, text: &str) -> Result<Repeats, Vec<Problem>> {
        let mut desk = Desk::new(file, text);
        let repeats = desk.parse().map(|parsed: FileText| {
            let mut table = BTreeMap::new();
            let many = parsed.many.into_iter().map(|path| (path, true));
            let once = parsed.once.into_iter().map(|path| (path, false));
            for (path, repeats) in many.chain(once) {
                if table.insert(path.get_ref().clone(), repeats).is_some() {
                    desk.at(path.span(), format_args!("{} is listed twice", path.get_ref()));
                }
            }
            Repeats(table)
        });
        desk.close(repeats)
    }

    /// Whether the element repeats: its exact path, else the longest `*.` ending. `None` if the
    /// table does not know it.
    pub(crate) fn many(&self, path: &str) -> Option<bool> {
        let endings = path.match_indices('.').map(|(dot, _)| format!("*{}", &path[dot..]));
        std::iter::once(path.to_owned()).chain(endings).find_map(|key| self.0.get(&key).copied())
    }

    /// Check a path against the table. `list`: the right side takes the whole last list.
    pub(crate) fn route(
        &self,
        path: &Path,
        first: &BTreeSet<String>,
        list: bool,
    ) -> Result<Route, BadRoute> {
        let mut shown = String::new();
        let mut legs = Vec::new();
        for (index, step) in path.steps.iter().enumerate() {
            extend(&mut shown, &step.name);
            let whole = list && index + 1 == path.steps.len();
            let take = self.take(&shown, step, first.contains(&shown), whole)?;
            let name = step.name.clone();
            legs.push(Leg { name, take });
        }
        Ok(Route { shown, legs })
    }

    fn take(&self, shown: &str, step: &Step, first: bool, whole: bool) -> Result<Take, BadRoute> {
        let many = self.known(shown)?;
        if let Some(nth) = step.nth {
            return match (many, step.wheres.is_empty()) {
                (true, true) if !whole => Ok(Take::Nth(usize::from(nth) - 1)),
                (true, _) => Err(BadRoute::NotAList(shown.to_owned())),
                (false, _) => Err(BadRoute::Once(shown.to_owned())),
            };
        }
        if step.each {
            return match (many, step.wheres.is_empty()) {
                (true, true) if !whole => Ok(Take::Each(Vec::new())),
                (true, _) => Err(BadRoute::NotAList(shown.to_owned())),
                (false, _) => Err(BadRoute::Once(shown.to_owned())),
            };
        }
        match (many, step.wheres.is_empty()) {
            (true, false) if whole => Err(BadRoute::NotAList(shown.to_owned())),
            (true, false) => {
                let conditions = step.wheres.iter().map(|one| self.condition(shown, one));
                conditions.collect::<Result<_, _>>().map(Take::Where)
            }
            (true, true) if whole => Ok(Take::All),
            (true, true) if first => Ok(Take::Only),
            (true, true) => Err(BadRoute::Unselected(shown.to_owned())),
            (false, false) => Err(BadRoute::Once(shown.to_owned())),
            (false, true) if whole => Err(BadRoute::NotAList(shown.to_owned())),
            (false, true) => Ok(Take::One),
        }
    }

    fn condition(&self, prefix: &str, selection: &Where) -> Result<Condition, BadRoute> {
        let mut shown = prefix.to_owned();
        let mut legs = Vec::new();
        for member in &selection.members {
            extend(&mut shown, member);
            let take = if self.known(&shown)? { Take::Only } else { Take::One };
            let name = member.clone();
            legs.push(Leg { name, take });
        }
        let equals = selection.equals.clone();
        Ok(Condition { legs, equals })
    }

    fn known(&self, shown: &str) -> Result<bool, BadRoute> {
        self.many(shown).ok_or_else(|| BadRoute::Unknown(shown.to_owned()))
    }
}

fn extend(path: &mut String, member: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(member);
}
