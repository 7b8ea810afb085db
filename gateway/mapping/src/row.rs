//! One row of a mapping file, checked alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use loopgate_consent::FieldGroup;
use loopgate_hl7v2::Location;
use serde::Deserialize;
use toml::Spanned;

use crate::codes::Codes;
use crate::mapping::{Duty, Row};
use crate::path::Path;
use crate::problem::Desk;
use crate::repeats::Repeats;
use crate::right::RightPath;
use crate::rows::Uses;

/// The types that say nothing about a person by themselves. Rows of all others name a group.
const NOT_ABOUT_A_PERSON: [&str; 2] = ["Task", "ServiceRequest"];

/// What a row is checked against.
pub(crate) struct Context<'a> {
    pub(crate) repeats: &'a Repeats,
    /// A value table with problems of its own is `None`.
    pub(crate) codes: &'a BTreeMap<String, Option<Arc<Codes>>>,
    pub(crate) right: Dialect,
}

/// How right sides are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Json,
    Hl7v2,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowText {
    left: String,
    right: String,
    codes: Option<String>,
    group: Option<String>,
}

/// Check a row. `first`: the elements taken as one.
pub(crate) fn check(
    duty: Duty,
    text: Spanned<toml::Table>,
    first: &BTreeSet<String>,
    context: &Context<'_>,
    uses: &mut Uses,
    desk: &mut Desk<'_>,
) -> Option<Row> {
    let span = text.span();
    let mut note = |what: &dyn fmt::Display| desk.at(span.clone(), what);
    let parsed = text.into_inner().try_into();
    let text: RowText = parsed.map_err(|error: toml::de::Error| note(&error.message())).ok()?;

    let path = Path::parse(&text.left);
    let path = path.map_err(|error| note(&format_args!("left {error}"))).ok();
    if let Some(path) = &path {
        uses.note(path);
    }
    let right = check_right(&text.right, context.right, &mut note);
    let group = check_group(&text, path.as_ref(), &mut note);
    let codes = check_codes(&text, context, &mut note);
    let (path, right) = (path?, right?);
    let left = context.repeats.route(&path, first, right.list);
    let left = left.map_err(|error| note(&error)).ok()?;
    Some(Row { duty, left, right, codes, group })
}

type Note<'n> = dyn FnMut(&dyn fmt::Display) + 'n;

/// Nothing is done with HL7 notation yet; it is only checked.
fn check_right(right: &str, dialect: Dialect, note: &mut Note<'_>) -> Option<RightPath> {
    match dialect {
        Dialect::Json => {
            let path = RightPath::parse(right);
            path.map_err(|error| note(&format_args!("right {error}"))).ok()
        }
        Dialect::Hl7v2 => {
            let location = right.parse::<Location>();
            let _ = location.map_err(|error| note(&format_args!("right {error}")));
            None
        }
    }
}

fn check_group(text: &RowText, path: Option<&Path>, note: &mut Note<'_>) -> Option<FieldGroup> {
    let Some(name) = &text.group else {
        let root = path.map(|path| path.steps[0].name.as_str());
        if root.is_some_and(|root| !NOT_ABOUT_A_PERSON.contains(&root)) {
            note(&"is about a person and names no group");
        }
        return None;
    };
    name.parse::<FieldGroup>().map_err(|error| note(&error)).ok()
}

fn check_codes(text: &RowText, context: &Context<'_>, note: &mut Note<'_>) -> Option<Arc<Codes>> {
    let name = text.codes.as_ref()?;
    let known = context.codes.get(name);
    if known.is_none() {
        note(&format_args!("there is no file codes/{name}.toml"));
    }
    known.cloned().flatten()
}
