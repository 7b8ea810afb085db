//! A mapping file's text, checked into a [`Mapping`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use loopgate_consent::FieldGroup;
use loopgate_hl7v2::Location;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use crate::codes::Codes;
use crate::mapping::{Duty, Mapping, Row};
use crate::path::{Operand, Path};
use crate::problem::{Desk, Problem};
use crate::repeats::Repeats;
use crate::right::RightPath;

/// The most rows a file may have.
const ROWS_COUNT_MAX: usize = 256;

/// The types that say nothing about a person by themselves. Rows of all others name a group.
const NOT_ABOUT_A_PERSON: [&str; 2] = ["Task", "ServiceRequest"];

/// What a mapping file is checked against. A value table with problems of its own is `None`.
pub(crate) struct Context<'a> {
    pub(crate) repeats: &'a Repeats,
    pub(crate) codes: &'a BTreeMap<String, Option<Arc<Codes>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    mapping: HeadText,
    rows: RowsText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadText {
    name: Spanned<String>,
    version: u32,
    left: Spanned<String>,
    right: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowsText {
    #[serde(default)]
    must: Vec<Spanned<toml::Table>>,
    #[serde(default)]
    safety: Vec<Spanned<toml::Table>>,
    #[serde(default)]
    may: Vec<Spanned<toml::Table>>,
    #[serde(default)]
    first: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowText {
    left: String,
    right: String,
    codes: Option<String>,
    group: Option<String>,
}

/// Parse the file of the mapping `name`.
pub(crate) fn parse(
    file: &str,
    name: &str,
    text: &str,
    context: &Context<'_>,
) -> Result<Mapping, Vec<Problem>> {
    let mut desk = Desk::new(file, text);
    let mapping = desk.parse().map(|parsed: FileText| {
        let version = parsed.mapping.version;
        let v2 = check_head(&parsed.mapping, name, &mut desk);
        let (rows, constants) = check_rows(parsed.rows, v2, context, &mut desk);
        Mapping {
            name: name.to_owned(),
            version,
            digest: Sha256::digest(text).into(),
            rows,
            constants,
        }
    });
    desk.close(mapping)
}

/// Whether the right side is HL7 notation.
fn check_head(head: &HeadText, name: &str, desk: &mut Desk<'_>) -> bool {
    if head.name.get_ref() != name {
        desk.at(head.name.span(), format_args!("name is not {name:?}, the file's path"));
    }
    if head.left.get_ref() != "fhir" {
        desk.at(head.left.span(), "left is not \"fhir\", the pivot");
    }
    match head.right.get_ref().as_str() {
        "json" => return false,
        "hl7v2" => desk.at(head.right.span(), "right = \"hl7v2\" is not supported yet"),
        _ => desk.at(head.right.span(), "right is not \"json\" or \"hl7v2\""),
    }
    head.right.get_ref() == "hl7v2"
}

fn check_rows(
    text: RowsText,
    v2: bool,
    context: &Context<'_>,
    desk: &mut Desk<'_>,
) -> (Vec<Row>, BTreeSet<String>) {
    let first = check_first(&text.first, context.repeats, desk);
    let duties = [(Duty::Must, text.must), (Duty::Safety, text.safety), (Duty::May, text.may)];
    let mut rows: Vec<(Range<usize>, Row)> = Vec::new();
    let mut passed = BTreeSet::new();
    let mut constants = BTreeSet::new();
    let all =
        duties.into_iter().flat_map(|(duty, rows)| rows.into_iter().map(move |row| (duty, row)));
    for (count, (duty, row)) in all.enumerate() {
        let span = row.span();
        if count == ROWS_COUNT_MAX {
            desk.at(span, format_args!("has more than {ROWS_COUNT_MAX} rows"));
            break;
        }
        let text: RowText = match row.into_inner().try_into() {
            Ok(text) => text,
            Err(error) => {
                desk.at(span, error.message());
                continue;
            }
        };
        let path = check_path(&text.left, &span, desk);
        if let Some(path) = &path {
            note_use(path, &mut passed, &mut constants);
        }
        let right = check_right(&text.right, v2, &span, desk);
        let group = check_group(&text, path.as_ref(), &span, desk);
        let codes = check_codes(&text, context, &span, desk);
        let (Some(path), Some(right)) = (path, right) else { continue };
        match context.repeats.route(&path, &first, right.list) {
            Err(error) => desk.at(span, error),
            Ok(left) => {
                let row = Row { duty, left, right, codes, group };
                check_overlap(&row, &rows, &span, desk);
                rows.push((span, row));
            }
        }
    }
    for entry in text.first.iter().filter(|entry| !passed.contains(entry.get_ref())) {
        desk.at(entry.span(), "no row passes through it without a where");
    }
    (rows.into_iter().map(|(_, row)| row).collect(), constants)
}

fn check_first(
    first: &[Spanned<String>],
    repeats: &Repeats,
    desk: &mut Desk<'_>,
) -> BTreeSet<String> {
    let mut listed = BTreeSet::new();
    for entry in first {
        match repeats.many(entry.get_ref()) {
            Some(true) => {}
            Some(false) => desk.at(entry.span(), "does not repeat"),
            None => desk.at(entry.span(), "is not in fhir-repeats.toml"),
        }
        if !listed.insert(entry.get_ref().clone()) {
            desk.at(entry.span(), "is listed twice");
        }
    }
    listed
}

fn check_path(left: &str, span: &Range<usize>, desk: &mut Desk<'_>) -> Option<Path> {
    let path = Path::parse(left);
    path.map_err(|error| desk.at(span.clone(), format_args!("left {error}"))).ok()
}

/// Remember which elements a path passes without a selection, and which constants it names.
fn note_use(path: &Path, passed: &mut BTreeSet<String>, constants: &mut BTreeSet<String>) {
    let mut shown: Vec<&str> = Vec::new();
    for step in &path.steps {
        shown.push(&step.name);
        if step.wheres.is_empty() {
            passed.insert(shown.join("."));
        }
        constants.extend(step.wheres.iter().filter_map(|one| match &one.equals {
            Operand::Constant(name) => Some(name.clone()),
            Operand::Literal(_) => None,
        }));
    }
}

fn check_right(
    right: &str,
    v2: bool,
    span: &Range<usize>,
    desk: &mut Desk<'_>,
) -> Option<RightPath> {
    if v2 {
        if let Err(error) = right.parse::<Location>() {
            desk.at(span.clone(), format_args!("right {error}"));
        }
        return None;
    }
    let path = RightPath::parse(right);
    path.map_err(|error| desk.at(span.clone(), format_args!("right {error}"))).ok()
}

fn check_group(
    text: &RowText,
    path: Option<&Path>,
    span: &Range<usize>,
    desk: &mut Desk<'_>,
) -> Option<FieldGroup> {
    let Some(name) = &text.group else {
        let root = path.map(|path| path.steps[0].name.as_str());
        if root.is_some_and(|root| !NOT_ABOUT_A_PERSON.contains(&root)) {
            desk.at(span.clone(), "is about a person and names no group");
        }
        return None;
    };
    let group = name.parse();
    group.map_err(|error| desk.at(span.clone(), error)).ok()
}

fn check_codes(
    text: &RowText,
    context: &Context<'_>,
    span: &Range<usize>,
    desk: &mut Desk<'_>,
) -> Option<Arc<Codes>> {
    let name = text.codes.as_ref()?;
    let known = context.codes.get(name);
    if known.is_none() {
        desk.at(span.clone(), format_args!("there is no file codes/{name}.toml"));
    }
    known.cloned().flatten()
}

fn check_overlap(
    row: &Row,
    rows: &[(Range<usize>, Row)],
    span: &Range<usize>,
    desk: &mut Desk<'_>,
) {
    for (_, other) in rows {
        if row.right.overlaps(&other.right) {
            desk.at(
                span.clone(),
                format_args!("right overlaps {} of another row", other.right.shown()),
            );
        }
        let mut both = row.left.legs.iter().zip(&other.left.legs);
        if both.all(|(mine, theirs)| mine == theirs) {
            desk.at(
                span.clone(),
                format_args!("left overlaps {} of another row", other.left.shown),
            );
        }
    }
}
