//! Which column of a file is which of the layout: by the headings, whatever their case and order.

use super::layout::{Answer, Holds, Layout, REFERRAL, VERSION, heading};
use super::table::{NotCsv, Row, Rows, hinted};

/// Where in a file what is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headings {
    /// The referral's id.
    pub referral: usize,
    /// The version an answer is made for.
    pub version: Option<usize>,
    /// Parts of the answer.
    pub answers: Vec<(Answer, usize)>,
    /// Places of the dialect, the referral's id among them.
    pub places: Vec<(String, usize)>,
    /// Columns whose headings mean nothing here.
    pub not_read: Vec<usize>,
}

/// The headings and the rows under them that are not empty. All of the file is read, or nothing.
pub fn read<'t>(text: &'t str, layout: &Layout) -> Result<(Headings, Vec<Row<'t>>), NotCsv> {
    let (hint, text) = hinted(text);
    let separators =
        [',', ';', '\t'].into_iter().filter(|one| hint.is_none_or(|hint| hint == *one));
    let mut found: Option<(usize, char)> = None;
    for separator in separators {
        // One that does not fit may break the quotation marks.
        let Ok(Some(first)) = Rows::new(text, separator).next_row() else { continue };
        let known = known(&first, layout).filter(Option::is_some).count();
        if found.is_none_or(|(most, _)| known > most) {
            found = Some((known, separator));
        }
    }
    let (_, separator) = found.ok_or(NotCsv::Quotes(1))?;
    let mut rows = Rows::new(text, separator);
    let first = rows.next_row()?.ok_or(NotCsv::Empty)?;
    let headings = headings(&first, layout)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next_row()? {
        if !row.is_blank() {
            all.push(row);
        }
    }
    Ok((headings, all))
}

/// What each heading says that its column holds.
fn known<'l>(first: &Row<'_>, layout: &'l Layout) -> impl Iterator<Item = Option<&'l Holds>> {
    let names: Vec<String> = first.cells.iter().map(|cell| heading(cell)).collect();
    names.into_iter().map(move |name| {
        let found = layout.columns.iter().find(|column| heading(&column.name) == name);
        found.map(|column| &column.holds)
    })
}

fn headings(first: &Row<'_>, layout: &Layout) -> Result<Headings, NotCsv> {
    let (mut referral, mut version) = (None, None);
    let (mut answers, mut places, mut not_read) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen: Vec<&Holds> = Vec::new();
    for (at, holds) in known(first, layout).enumerate() {
        let Some(holds) = holds else {
            let named = first.cells.get(at).is_some_and(|cell| !cell.trim().is_empty());
            not_read.extend(named.then_some(at));
            continue;
        };
        if seen.contains(&holds) {
            return Err(NotCsv::HeadingTwice(at));
        }
        seen.push(holds);
        match holds {
            Holds::Place(place) => {
                match place.as_str() {
                    REFERRAL => referral = Some(at),
                    VERSION => version = Some(at),
                    _ => {}
                }
                places.push((place.clone(), at));
            }
            Holds::Answer(answer) => answers.push((*answer, at)),
        }
    }
    let referral = referral.ok_or(NotCsv::NoReferral)?;
    Ok(Headings { referral, version, answers, places, not_read })
}
