//! `_sort` (R4 search.html#sort). A resource without a value comes last, either way; one with
//! several values is placed by the one that comes first in the direction.

use std::cmp::Ordering;

use super::date::ranges;
use super::element::{form, values};
use super::text::normalized;
use super::token::codes;
use crate::served::{Param, ParamKind};
use crate::{Json, Served};

/// One key of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// The parameter whose values are compared.
    pub param: &'static Param,
    /// From the last to the first.
    pub descending: bool,
    served: &'static Served,
}

impl SortKey {
    /// Reads one key, `param` or `-param`; `None` if the type has no such parameter to order by.
    pub(super) fn parse(served: &'static Served, text: &str) -> Option<SortKey> {
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let param = served.param(name).filter(|param| param.kind != ParamKind::Composite)?;
        Some(SortKey { param, descending, served })
    }
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Instant(i64),
    Text(String),
}

/// The order of two resources of the type; equal where every key is.
pub fn compare(keys: &[SortKey], a: &Json, b: &Json) -> Ordering {
    keys.iter()
        .map(|key| {
            let (a, b) = (placed_by(key, a), placed_by(key, b));
            match (a, b) {
                (Some(a), Some(b)) if key.descending => b.cmp(&a),
                (Some(a), Some(b)) => a.cmp(&b),
                (a, b) => a.is_none().cmp(&b.is_none()),
            }
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn placed_by(key: &SortKey, resource: &Json) -> Option<Value> {
    let all = key.param.paths.iter().flat_map(|path| sorted_by(key, path, resource));
    if key.descending { all.max() } else { all.min() }
}

fn sorted_by(key: &SortKey, path: &str, resource: &Json) -> Vec<Value> {
    if key.param.kind == ParamKind::Date {
        let ranges = ranges(key.served, resource, path).into_iter();
        let by = |at: super::date::Range| if key.descending { at.end } else { at.start };
        return ranges.map(|range| Value::Instant(by(range))).collect();
    }
    let texts = values(resource, path).into_iter().flat_map(|element| match key.param.kind {
        ParamKind::Token => codes(form(key.served, path), element),
        ParamKind::String => element.as_str().map(normalized).into_iter().collect(),
        _ => {
            let text = element.as_str().or_else(|| element.text("reference"));
            text.map(str::to_owned).into_iter().collect()
        }
    });
    texts.map(Value::Text).collect()
}
