//! One row of a mapping file, checked alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use loopgate_consent::FieldGroup;
use loopgate_hl7v2::Location;
use serde::Deserialize;
use toml::Spanned;

use crate::codes::Codes;
use crate::form::Form;
use crate::local::Local;
use crate::mapping::{Duty, Fixed, Row, Table};
use crate::path::Path;
use crate::problem::Desk;
use crate::repeats::Repeats;
use crate::right::{Right, RightPath};
use crate::route::{Route, Take};
use crate::rows::Uses;
use crate::v2;
use crate::whole::Whole;

/// The types that say nothing about a person by themselves. Rows of all others name a group.
const NOT_ABOUT_A_PERSON: [&str; 2] = ["Task", "ServiceRequest"];

/// What a row is checked against.
pub(crate) struct Context<'a> {
    pub(crate) repeats: &'a Repeats,
    /// A value table with problems of its own is `None`.
    pub(crate) codes: &'a BTreeMap<String, Option<Arc<Codes>>>,
    pub(crate) right: Dialect,
    /// The segments of an HL7 v2 message, in order.
    pub(crate) structure: &'a [String],
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
    r#as: Option<String>,
    /// Where it is read from if the right is silent; never written.
    #[serde(default)]
    or: Vec<String>,
    /// Lists whose items are read behind those of the right; never written.
    #[serde(default)]
    then: Vec<String>,
    /// Said beside the right, of the same value.
    #[serde(default)]
    also: Vec<AlsoText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlsoText {
    right: String,
    codes: String,
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
    let form = check_form(&text, context.right, &mut note);
    let right = check_right(&text.right, context, form, &mut note);
    let others = |texts: &[String], note: &mut Note<'_>| -> Vec<Right> {
        let checked = texts.iter().filter_map(|text| check_right(text, context, form, note));
        checked.collect()
    };
    let (or, then) = (others(&text.or, &mut note), others(&text.then, &mut note));
    let group = check_group(&text, path.as_ref(), &mut note);
    let codes = check_codes(text.codes.as_ref(), context, &mut note);
    let also = check_also(&text.also, context, &mut note);
    let (path, right) = (path?, right?);
    let whole = matches!(&right, Right::Json(right, _) if right.list);
    let left = context.repeats.route(&path, first, whole);
    let left = left.map_err(|error| note(&error)).ok()?;
    check_each(&left, &right, &mut note)?;
    or.iter().try_for_each(|one| check_each(&left, one, &mut note))?;
    if !(or.is_empty() && then.is_empty()) && context.right != Dialect::Hl7v2 {
        note(&"or and then are for hl7v2 only");
    }
    if !then.is_empty() && (left.each().is_none() || !or.is_empty()) {
        note(&"then is for a list, and not beside or");
    }
    let line = u32::try_from(desk.line(&span)).unwrap_or(0);
    let file = desk.file().into();
    Some(Row { duty, left, right, or, then, also, codes, group, file, line })
}

/// `[*]` goes through two lists at once, or through none.
fn check_each(left: &Route, right: &Right, note: &mut Note<'_>) -> Option<()> {
    let lists =
        [Some(left), right.route()].map(|route| route.filter(|route| route.each().is_some()));
    if lists[0].is_some() != lists[1].is_some() {
        note(&"has [*] on one side alone");
        return None;
    }
    let selected = lists.into_iter().flatten().any(|route| {
        let before = route.legs.iter().take_while(|leg| !matches!(leg.take, Take::Each(_)));
        before.into_iter().any(|leg| {
            matches!(&leg.take, Take::Where(_) | Take::Only | Take::Nth(_) | Take::All)
                || matches!(&leg.take, Take::First(conditions) if !conditions.is_empty())
        })
    });
    if selected {
        note(&"has a selection before [*]");
        return None;
    }
    Some(())
}

/// A row of `fixed`: what is always so on one side.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FixedText {
    left: Option<String>,
    right: Option<String>,
    is: String,
    #[serde(default)]
    always: bool,
}

/// Check a row of `fixed`.
pub(crate) fn check_fixed(
    text: Spanned<toml::Table>,
    first: &BTreeSet<String>,
    context: &Context<'_>,
    uses: &mut Uses,
    desk: &mut Desk<'_>,
) -> Option<Fixed> {
    let span = text.span();
    let mut note = |what: &dyn fmt::Display| desk.at(span.clone(), what);
    let parsed = text.into_inner().try_into();
    let text: FixedText = parsed.map_err(|error: toml::de::Error| note(&error.message())).ok()?;
    if text.is.is_empty() {
        note(&"is is empty");
    }
    match (text.left, text.right) {
        (Some(left), None) => {
            let path =
                Path::parse(&left).map_err(|error| note(&format_args!("left {error}"))).ok()?;
            uses.note(&path);
            let left = context.repeats.route(&path, first, false);
            let left = left.map_err(|error| note(&error)).ok()?;
            Some(Fixed::Left { left, is: text.is, always: text.always })
        }
        (None, Some(_)) if text.always => {
            note(&"always is for the left only");
            None
        }
        (None, Some(right)) => match check_right(&right, context, None, &mut note)? {
            Right::V2(route, _) => Some(Fixed::Right(route, text.is)),
            Right::Json(..) | Right::Whole(..) => {
                note(&"right is for hl7v2 only");
                None
            }
        },
        _ => {
            note(&"needs left or right, and not both");
            None
        }
    }
}

type Note<'n> = dyn FnMut(&dyn fmt::Display) + 'n;

fn check_form(text: &RowText, dialect: Dialect, note: &mut Note<'_>) -> Option<As> {
    let name = text.r#as.as_ref()?;
    let known: Vec<(&str, As)> = match dialect {
        Dialect::Json => Local::ALL.map(|(name, local)| (name, As::Local(local))).into(),
        Dialect::Hl7v2 => {
            let forms = Form::ALL.map(|(name, form)| (name, As::Form(form))).into_iter();
            forms.chain(Whole::ALL.map(|(name, whole)| (name, As::Whole(whole)))).collect()
        }
    };
    let found = known.iter().find(|(known, _)| known == name).map(|(_, found)| *found);
    if found.is_none() {
        let known: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        note(&format_args!("as is none of {}", known.join(", ")));
    }
    found
}

/// How a value is written.
#[derive(Clone, Copy)]
enum As {
    /// In one component.
    Form(Form),
    /// In several.
    Whole(Whole),
    /// As a local time in JSON.
    Local(Local),
}

fn check_right(
    right: &str,
    context: &Context<'_>,
    form: Option<As>,
    note: &mut Note<'_>,
) -> Option<Right> {
    match context.right {
        Dialect::Json => {
            let path = RightPath::parse(right);
            let path = path.map_err(|error| note(&format_args!("right {error}"))).ok()?;
            let local = match form {
                Some(As::Local(local)) => Some(local),
                _ => None,
            };
            if path.list && local.is_some() {
                note(&"as is not for a list");
            }
            Some(Right::Json(path, local))
        }
        Dialect::Hl7v2 => {
            let location = right.parse::<Location>();
            let location = location.map_err(|error| note(&format_args!("right {error}"))).ok()?;
            if !context.structure.contains(&location.segment) {
                note(&format_args!("{} is not in the structure", location.segment));
            }
            let mut route = v2::route(&location);
            Some(match form {
                None | Some(As::Local(_)) => Right::V2(route, None),
                Some(As::Form(form)) => Right::V2(route, Some(form)),
                Some(As::Whole(whole)) => {
                    route.legs.truncate(if whole == Whole::Hd { 3 } else { 2 });
                    let from = if whole == Whole::Hd { 1 } else { location.component.unwrap_or(1) };
                    Right::Whole(route, whole, from)
                }
            })
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

/// What is said beside the right: another member, by a table of its own.
fn check_also(
    all: &[AlsoText],
    context: &Context<'_>,
    note: &mut Note<'_>,
) -> Vec<(Right, Arc<Codes>)> {
    if !all.is_empty() && context.right != Dialect::Json {
        note(&"also is for json only");
    }
    let each = all.iter().filter_map(|one| {
        let right = check_right(&one.right, context, None, note);
        match check_codes(Some(&one.codes), context, note)? {
            Table::File(codes) => Some((right?, codes)),
            Table::Link(_) => {
                note(&"also needs a table of the folder");
                None
            }
        }
    });
    each.collect()
}

fn check_codes(name: Option<&String>, context: &Context<'_>, note: &mut Note<'_>) -> Option<Table> {
    let name = name?;
    if let Some(link) = name.strip_prefix('%') {
        return Some(Table::Link(link.to_owned()));
    }
    let known = context.codes.get(name);
    if known.is_none() {
        note(&format_args!("there is no file codes/{name}.toml"));
    }
    known.cloned().flatten().map(Table::File)
}
