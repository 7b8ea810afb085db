//! `[csv]` of a partner file.

use super::{Read, Section, value};
use crate::csv::layout::{Answer, Column, DECLARED_MAX, Holds, Layout};
use crate::csv::moment::Dates;

const SEPARATORS: [(&str, char); 3] = [(",", ','), (";", ';'), ("tab", '\t')];
const DATES: [(&str, Dates); 2] = [("iso", Dates::Iso), ("local", Dates::Local)];

pub(super) fn csv(s: &mut Section<'_, '_>) -> Option<Layout> {
    let (given, line) = (s.has("columns"), s.line_of("columns"));
    let declared: Vec<Column> =
        s.tables("columns", column).into_iter().map(|(_, one)| one).collect();
    let separator = s.or("separator", ',', value::one_of(&SEPARATORS));
    let bom = s.or("bom", true, value::flag);
    let dates = s.or("dates", Dates::Iso, value::one_of(&DATES));
    let day_first = s.or("day_first", false, value::flag);
    let layout = match (given, declared.len()) {
        (false, _) => Ok(Layout::default()),
        (true, 0) => Err("names no column".to_owned()),
        (true, ..=DECLARED_MAX) => Layout::new(declared),
        (true, _) => Err(format!("names more than {DECLARED_MAX} columns")),
    };
    match layout {
        Ok(layout) => Some(Layout { separator, bom, dates, day_first, ..layout }),
        Err(words) => {
            s.note(line, "columns", words);
            None
        }
    }
}

fn column(s: &mut Section<'_, '_>) -> Option<Column> {
    let name = s.must("name", value::text);
    let place = s.maybe("place", value::text);
    let answers = Answer::ALL.map(|(name, answer, _)| (name, answer));
    let answer = s.maybe("answer", value::one_of(&answers));
    let holds: Read<Holds> = match (place, answer) {
        (Some(place), None) => Ok(Holds::Place(place)),
        (None, Some(answer)) => Ok(Holds::Answer(answer)),
        _ => Err("needs either a place of the dialect or an answer".to_owned()),
    };
    match holds {
        Ok(holds) => Some(Column { name: name?, holds }),
        Err(words) => {
            s.note(s.line_of("name"), "place", words);
            None
        }
    }
}
