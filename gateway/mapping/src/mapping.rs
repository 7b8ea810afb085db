//! A checked mapping file, and its two directions.

use std::collections::BTreeSet;
use std::sync::Arc;

use loopgate_consent::{FieldGroup, Groups};
use loopgate_hl7v2::{Message, Segment};
use serde_json::{Map, Value};

use crate::authority;
use crate::codes::Codes;
use crate::constants::Constants;
use crate::leaves::{Part, Place, others, shown};
use crate::put::close_gaps;
use crate::refused::{Refused, Why};
use crate::right::Right;
use crate::route::Route;
use crate::v2;

/// The rows of one kind of message in one dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) digest: [u8; 32],
    pub(crate) rows: Vec<Row>,
    pub(crate) fixed: Vec<Fixed>,
    /// MSH-9.1 and MSH-9.2 of the messages it is for.
    pub(crate) types: Vec<(String, String)>,
    /// Fields whose value the state table gives.
    pub(crate) state: Vec<(String, Route)>,
    /// The segments of an HL7 v2 message, in order; empty for other dialects.
    pub(crate) structure: Vec<String>,
    pub(crate) constants: BTreeSet<String>,
}

/// An equation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) duty: Duty,
    pub(crate) left: Route,
    pub(crate) right: Right,
    pub(crate) codes: Option<Table>,
    pub(crate) group: Option<FieldGroup>,
    pub(crate) origin: Origin,
}

/// Where a row is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Path below the mappings folder.
    pub(crate) file: Arc<str>,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// Which row carried a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Carried {
    /// Where the pivot has it, without selections; empty for a field of the state table.
    pub left: String,
    /// Where the dialect has it, without selections.
    pub right: String,
    /// The row's file, below the mappings folder.
    pub file: String,
    /// The row's line, counted from 1; 0 for the file as a whole.
    pub line: usize,
}

/// What is always so on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fixed {
    /// Put on reading where the element it belongs to is there, or always; no loss on writing.
    Left { left: Route, is: String, always: bool },
    /// Written into a segment that is there; no loss on reading.
    Right(Route, String),
}

/// Where a row's value table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Table {
    /// A file of the folder.
    File(Arc<Codes>),
    /// Given by the link, under this name.
    Link(String),
}

/// What happens if a row cannot be carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Duty {
    /// Absent or withheld, the message is refused.
    Must,
    /// Absent is fine; present, it is carried whatever the groups, or the message is refused.
    Safety,
    /// Left out if withheld; listed if its code has no entry.
    May,
}

/// A document in the dialect, and what it does not say.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// What to send.
    pub document: Value,
    /// Paths that hold something in the pivot and are in no row, or have a code without an entry.
    /// Sorted, without list indexes and values.
    pub not_carried: Vec<String>,
    /// The groups that kept something back. Sorted.
    pub withheld: Vec<String>,
    /// Which rows carried something. Sorted, each once.
    pub carried: Vec<Carried>,
}

/// A message's segments, and what they do not say.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenV2 {
    /// What to send behind MSH.
    pub segments: Vec<Segment>,
    /// As [`Written::not_carried`].
    pub not_carried: Vec<String>,
    /// As [`Written::withheld`].
    pub withheld: Vec<String>,
    /// As [`Written::carried`].
    pub carried: Vec<Carried>,
}

/// The part of a pivot that a document speaks of.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// Keyed by resource type.
    pub pivot: Value,
    /// Paths that hold something in the document and are in no row, or have a code without an
    /// entry. Sorted, without list indexes and values.
    pub not_carried: Vec<String>,
    /// Which rows carried something. Sorted, each once.
    pub carried: Vec<Carried>,
}

/// The file of the state table.
pub(crate) const STATES_FILE: &str = "hl7v2/states.toml";

impl Mapping {
    /// `dialect/message`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Counted up by whoever edits the file.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Changes with the file, the value tables and the list of repeating elements: SHA-256 over the
    /// SHA-256 of each, the tables in the order of their paths.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The constants its rows need, sorted.
    pub fn constants(&self) -> impl Iterator<Item = &str> {
        self.constants.iter().map(String::as_str)
    }

    /// MSH-9.1 and MSH-9.2 of each kind of message it is for.
    pub fn messages(&self) -> impl Iterator<Item = (&str, &str)> {
        self.types.iter().map(|(code, event)| (code.as_str(), event.as_str()))
    }

    /// The fields whose value the state table gives: `ORC-1`.
    pub fn state_fields(&self) -> impl Iterator<Item = &str> {
        self.state.iter().map(|(field, _)| field.as_str())
    }

    /// Left to right: say in the dialect what of the pivot belongs to `groups`. An HL7 v2 message is
    /// said as [`Mapping::write_v2`] says it.
    pub fn write(
        &self,
        pivot: &Value,
        groups: &Groups,
        constants: &Constants,
    ) -> Result<Written, Refused> {
        let mut document = Value::Object(Map::new());
        let mut known = BTreeSet::new();
        let mut withheld = BTreeSet::new();
        let mut carried = BTreeSet::new();
        for (field, route) in &self.state {
            if let Some(value) = constants.state(field) {
                route.put(&mut document, value.into(), constants, 0)?;
                carried.insert(by_states(field));
            }
        }
        for row in &self.rows {
            if let Some(group) = row.withheld_from(groups) {
                if row.duty == Duty::Must {
                    return Err(Refused::new(&row.left.shown, Why::Withheld(group)));
                }
                for found in row.left.find_all(pivot, constants)? {
                    withheld.insert(group.name().to_owned());
                    known.extend(found.own.into_iter().chain(found.used));
                }
                continue;
            }
            let mut any = false;
            for index in row.left.indexes(pivot) {
                let Some(found) = row.left.find(pivot, constants, index)? else { continue };
                any = true;
                known.extend(found.used);
                match row.to_right(found.value, constants) {
                    Ok(value) => {
                        row.right.put(&mut document, value, constants, index)?;
                        known.extend(found.own);
                        carried.insert(row.carried());
                    }
                    Err(why) => row.unsaid(&row.left.shown, why)?,
                }
            }
            if !any {
                row.absent(&row.left.shown)?;
            }
        }
        for fixed in &self.fixed {
            match fixed {
                Fixed::Left { left, is, .. } => {
                    let found = left.find_all(pivot, constants)?;
                    let same = found.into_iter().filter(|found| found.value.as_str() == Some(is));
                    known.extend(same.flat_map(|found| found.own.into_iter().chain(found.used)));
                }
                Fixed::Right(right, is) => {
                    // Said of a segment that is there, and making none.
                    let segment = Route { shown: String::new(), legs: right.legs[..1].to_vec() };
                    for index in segment.indexes(&document) {
                        let each = segment.each().is_some();
                        let there = if each {
                            segment.holds(&document, constants, index)
                        } else {
                            !segment.find_all(&document, constants)?.is_empty()
                        };
                        if there {
                            right.put(&mut document, is.as_str().into(), constants, index)?;
                        }
                    }
                }
            }
        }
        close_gaps(&mut document);
        Ok(Written {
            document,
            not_carried: others(pivot, &known, is_bookkeeping, shown),
            withheld: withheld.into_iter().collect(),
            carried: carried.into_iter().collect(),
        })
    }

    /// Right to left: the pivot that the document speaks of.
    pub fn read(&self, right: &Value, constants: &Constants) -> Result<Read, Refused> {
        let mut pivot = Value::Object(Map::new());
        let mut known: BTreeSet<Place<'_>> = BTreeSet::new();
        let mut carried = BTreeSet::new();
        for (field, route) in &self.state {
            for found in route.find_all(right, constants)? {
                known.extend(found.own);
                carried.insert(by_states(field));
            }
        }
        for row in &self.rows {
            let mut any = false;
            for index in row.right.indexes(right) {
                let Some((value, own)) = row.right.find(right, constants, index)? else { continue };
                any = true;
                match row.to_left(&value, constants) {
                    Ok(value) => {
                        row.left.put(&mut pivot, value, constants, index)?;
                        known.extend(own);
                        carried.insert(row.carried());
                    }
                    Err(why) => row.unsaid(&row.right.shown(), why)?,
                }
            }
            if !any {
                row.absent(&row.right.shown())?;
            }
        }
        for fixed in &self.fixed {
            match fixed {
                Fixed::Left { left, is, always } => {
                    // What nothing was said of is not made up.
                    if *always || left.parent_is_there(&pivot, constants)? {
                        left.put(&mut pivot, is.as_str().into(), constants, 0)?;
                    }
                }
                Fixed::Right(route, is) => {
                    let found = route.find_all(right, constants)?;
                    let same = found.into_iter().filter(|found| found.value.as_str() == Some(is));
                    known.extend(same.flat_map(|found| found.own.into_iter().chain(found.used)));
                }
            }
        }
        close_gaps(&mut pivot);
        let not_carried = if self.structure.is_empty() {
            others(right, &known, |_| false, shown)
        } else {
            others(right, &known, is_header, shown_v2)
        };
        Ok(Read { pivot, not_carried, carried: carried.into_iter().collect() })
    }

    /// Left to right, as segments without MSH, in the order of the message's structure.
    pub fn write_v2(
        &self,
        pivot: &Value,
        groups: &Groups,
        constants: &Constants,
    ) -> Result<WrittenV2, Refused> {
        let written = self.write(pivot, groups, constants)?;
        let Written { document, not_carried, withheld, carried } = written;
        let segments = v2::segments(&document, &self.structure);
        Ok(WrittenV2 { segments, not_carried, withheld, carried })
    }

    /// Right to left: the pivot that the message speaks of. MSH is its envelope, and read elsewhere.
    pub fn read_v2(&self, message: &Message, constants: &Constants) -> Result<Read, Refused> {
        self.read(&v2::tree(message), constants)
    }

    /// Where the dialect says what the pivot says at `left`, a path without selections: of that
    /// very element, of something in it, or of what it is in.
    pub fn right_of(&self, left: &str) -> Option<String> {
        let inside = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let under = self.rows.iter().find(|row| inside(&row.left.shown, left));
        let above = || {
            let rows = self.rows.iter().filter(|row| inside(left, &row.left.shown));
            rows.max_by_key(|row| row.left.shown.len())
        };
        under.or_else(above).map(|row| row.right.shown())
    }
}

/// A field that the state table gives.
fn by_states(field: &str) -> Carried {
    Carried { left: String::new(), right: field.to_owned(), file: STATES_FILE.to_owned(), line: 0 }
}

impl Row {
    fn carried(&self) -> Carried {
        Carried {
            left: self.left.shown.clone(),
            right: self.right.shown(),
            file: self.origin.file.to_string(),
            line: self.origin.line,
        }
    }

    fn withheld_from(&self, groups: &Groups) -> Option<FieldGroup> {
        let group = self.group.filter(|group| !groups.contains(*group));
        if self.duty == Duty::Safety { None } else { group }
    }

    fn absent(&self, path: &str) -> Result<(), Refused> {
        match self.duty {
            Duty::Must => Err(Refused::new(path, Why::Missing)),
            Duty::Safety | Duty::May => Ok(()),
        }
    }

    /// What cannot be said on the other side: listed, or the message stops.
    fn unsaid(&self, path: &str, why: Why) -> Result<(), Refused> {
        match self.duty {
            Duty::Must | Duty::Safety => Err(Refused::new(path, why)),
            Duty::May => Ok(()),
        }
    }

    /// The value in the dialect's words and form.
    fn to_right(&self, value: &Value, constants: &Constants) -> Result<Value, Why> {
        if let Right::Authority(_) = self.right {
            let parts = value.as_str().and_then(|system| authority::parts(system, constants));
            return parts.map(|parts| Value::from(parts.to_vec())).ok_or(Why::NoCode);
        }
        let coded = self.coded(value, &|table, code| match table {
            Table::File(codes) => codes.to_right(code).map(Value::from),
            Table::Link(name) => constants.to_right(name, code).map(Value::from),
        });
        let coded = coded.ok_or(Why::NoCode)?;
        match &self.right {
            Right::V2(_, Some(form)) => form.to_right(&coded).ok_or(Why::BadForm),
            // All that a message holds is text.
            Right::V2(_, None) if !coded.is_string() => Err(Why::BadForm),
            _ => Ok(coded),
        }
    }

    /// The value in the pivot's words and form.
    fn to_left(&self, value: &Value, constants: &Constants) -> Result<Value, Why> {
        if let Right::Authority(_) = self.right {
            let part = |n: usize| value[n].as_str().unwrap_or_default();
            let system = authority::system([part(0), part(1), part(2)], constants);
            return system.map(Value::from).ok_or(Why::NoCode);
        }
        let formed = match &self.right {
            Right::V2(_, Some(form)) => form.to_left(value, constants.zone()),
            _ => Some(value.clone()),
        };
        let coded = self.coded(&formed.ok_or(Why::BadForm)?, &|table, code| match table {
            Table::File(codes) => codes.to_left(code).map(Value::from),
            Table::Link(name) => constants.to_left(name, code).map(Value::from),
        });
        coded.ok_or(Why::NoCode)
    }

    /// The value in the other side's words, or `None` if it has none.
    fn coded(
        &self,
        value: &Value,
        translate: &dyn Fn(&Table, &str) -> Option<Value>,
    ) -> Option<Value> {
        let Some(table) = &self.codes else {
            return Some(value.clone());
        };
        match value {
            Value::Array(items) => items
                .iter()
                .map(|item| self.coded(item, translate))
                .collect::<Option<Vec<_>>>()
                .map(Value::Array),
            single => translate(table, single.as_str()?),
        }
    }
}

/// MSH says who sends what: it is read by the door, not by rows.
fn is_header(place: &[Part<'_>]) -> bool {
    matches!(place, [Part::Member("MSH"), ..])
}

fn shown_v2(place: &[Part<'_>]) -> String {
    let members = place.iter().filter_map(|part| match part {
        Part::Member(name) => Some(*name),
        Part::Index(_) => None,
    });
    v2::place(&members.collect::<Vec<_>>())
}

/// `resourceType`, `id` and `meta` of a resource: how it is kept, not what it says.
fn is_bookkeeping(place: &[Part<'_>]) -> bool {
    let rest = match place {
        [Part::Member(_), Part::Index(_), rest @ ..] | [Part::Member(_), rest @ ..] => rest,
        _ => return false,
    };
    matches!(rest, [Part::Member("resourceType" | "id" | "meta"), ..])
}
