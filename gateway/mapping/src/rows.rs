//! The section `[rows]`: rows checked against each other. `row.rs` checks each alone.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::mapping::{Duty, Fixed, Row};
use crate::path::{Operand, Path};
use crate::problem::Desk;
use crate::repeats::Repeats;
use crate::row::{self, Context};

/// The most rows a file may have.
const ROWS_COUNT_MAX: usize = 256;

/// The section's text; each row is parsed alone, so that one bad row does not hide another.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowsText {
    #[serde(default)]
    must: Vec<Spanned<toml::Table>>,
    #[serde(default)]
    safety: Vec<Spanned<toml::Table>>,
    #[serde(default)]
    may: Vec<Spanned<toml::Table>>,
    #[serde(default)]
    fixed: Vec<Spanned<toml::Table>>,
    #[serde(default)]
    first: Vec<Spanned<String>>,
}

/// What the paths of all rows use.
#[derive(Default)]
pub(crate) struct Uses {
    /// Elements passed without a selection.
    passed: BTreeSet<String>,
    /// Constants selected by.
    pub(crate) constants: BTreeSet<String>,
}

/// Check every row of one file, and put them behind those of the files before.
pub(crate) fn check(
    text: RowsText,
    context: &Context<'_>,
    rows: &mut Vec<Row>,
    desk: &mut Desk<'_>,
) -> (Vec<Fixed>, Uses) {
    let first = check_first(&text.first, context.repeats, desk);
    let duties = [(Duty::Must, text.must), (Duty::Safety, text.safety), (Duty::May, text.may)];
    let texts = duties
        .into_iter()
        .flat_map(|(duty, texts)| texts.into_iter().map(move |text| (duty, text)));
    let mut uses = Uses::default();
    for (count, (duty, text)) in texts.enumerate() {
        let span = text.span();
        if count == ROWS_COUNT_MAX {
            desk.at(span, format_args!("has more than {ROWS_COUNT_MAX} rows"));
            break;
        }
        if let Some(row) = row::check(duty, text, &first, context, &mut uses, desk) {
            check_overlap(&row, rows, &span, desk);
            rows.push(row);
        }
    }
    let fixed = text.fixed.into_iter().take(ROWS_COUNT_MAX);
    let fixed = fixed.filter_map(|text| row::check_fixed(text, &first, context, &mut uses, desk));
    let fixed = fixed.collect();
    for entry in text.first.iter().filter(|entry| !uses.passed.contains(entry.get_ref())) {
        desk.at(entry.span(), "no row passes through it without a where");
    }
    (fixed, uses)
}

impl Uses {
    /// Remember what a path uses.
    pub(crate) fn note(&mut self, path: &Path) {
        let mut shown: Vec<&str> = Vec::new();
        for step in &path.steps {
            shown.push(&step.name);
            if step.wheres.is_empty() && !step.each && step.nth.is_none() {
                self.passed.insert(shown.join("."));
            }
            self.constants.extend(step.wheres.iter().filter_map(|one| match &one.equals {
                Operand::Constant(name) => Some(name.clone()),
                Operand::Literal(_) => None,
            }));
        }
    }
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

/// Two rows in one place would contradict each other, one way or the other.
fn check_overlap(row: &Row, rows: &[Row], span: &Range<usize>, desk: &mut Desk<'_>) {
    for other in rows {
        for theirs in other.places() {
            if row.places().any(|mine| mine.overlaps(theirs)) {
                desk.at(
                    span.clone(),
                    format_args!("right overlaps {} of another row", theirs.shown()),
                );
            }
        }
        let mut both = row.left.legs.iter().zip(&other.left.legs);
        if both.all(|(mine, theirs)| mine == theirs) {
            let what = format_args!("left overlaps {} of another row", other.left.shown);
            desk.at(span.clone(), what);
        }
    }
}
