//! Documents of the community dialect as rows of a file, and back: a conversion on this machine, for
//! `loopgate translate`. Nothing is disclosed, and no answer is taken.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::headings::{self, Headings};
use super::layout::{Answer, Holds, Layout};
use super::table::{self, NotCsv, Row};
use super::{cell, moment, out, places};

/// A row of a file, as a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The document.
    pub document: Value,
    /// What the row says that a document does not, by heading.
    pub not_carried: Vec<String>,
}

/// The row of a document, and the places of it that the file has no column for.
pub fn written(layout: &Layout, zone: &TimeZone, document: &Value) -> (String, Vec<String>) {
    let mut row = String::new();
    out::row(&mut row, (layout, zone), document, None);
    let columns: Vec<&str> = layout
        .columns
        .iter()
        .filter_map(|column| match &column.holds {
            Holds::Place(at) => Some(at.as_str()),
            Holds::Answer(Answer::Status) => Some("status"),
            Holds::Answer(_) => None,
        })
        .collect();
    let mut lost = Vec::new();
    leaves(document, "", &mut |place| {
        let said = columns.iter().any(|column| {
            column.trim_end_matches("[]") == place || place.starts_with(&format!("{column}."))
        });
        if !said {
            lost.push(place.to_owned());
        }
    });
    let lists = columns.iter().filter(|at| !places::says(document, at));
    lost.extend(lists.map(|at| (*at).to_owned()));
    if document["authored_on"].as_str().is_some_and(|text| text.contains('T')) {
        lost.push("authored_on, the time of day".to_owned());
    }
    (row, lost)
}

/// Every place of a document that has a value.
fn leaves(value: &Value, at: &str, found: &mut dyn FnMut(&str)) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let below = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                leaves(value, &below, found);
            }
        }
        Value::Null => {}
        _ => found(at),
    }
}

/// Every row of a file.
pub fn read(bytes: &[u8], layout: &Layout, zone: &TimeZone) -> Result<Vec<Read>, NotCsv> {
    let text = table::text(bytes)?;
    let (headings, rows) = headings::read(&text, layout)?;
    Ok(rows.iter().map(|row| document(&headings, row, (layout, zone))).collect())
}

fn document(headings: &Headings, row: &Row<'_>, (layout, zone): (&Layout, &TimeZone)) -> Read {
    let text = |at: usize| row.cells.get(at).map_or("", |cell| cell::original(cell));
    let dated = |place: &str, text: &str| match moment::day(text, layout.day_first) {
        Some((date, None)) if place == "authored_on" => date.to_string(),
        Some((date, Some(time))) if place == "authored_on" => {
            let at = moment::instant(date, time, zone).map(|at| at.0).unwrap_or_default();
            jiff::Timestamp::from_millisecond(at).unwrap_or_default().to_string()
        }
        _ => text.to_owned(),
    };
    let mut cells: Vec<(&str, String)> = headings
        .places
        .iter()
        .map(|(place, at)| (place.as_str(), dated(place, text(*at))))
        .collect();
    let mut not_carried = Vec::new();
    for (answer, at) in &headings.answers {
        match answer {
            Answer::Status if !headings.places.iter().any(|(place, _)| place == "status") => {
                cells.push(("status", text(*at).trim().to_owned()));
            }
            _ if text(*at).trim().is_empty() => {}
            answer => {
                let name = layout.name_of(&Holds::Answer(*answer)).unwrap_or_default();
                not_carried.push(name.to_owned());
            }
        }
    }
    let unknown = headings.not_read.iter().filter(|at| !text(**at).trim().is_empty());
    not_carried.extend(unknown.map(|at| format!("column {}", table::letters(*at))));
    let document = places::document(cells.iter().map(|(place, text)| (*place, text.as_str())));
    Read { document, not_carried }
}
