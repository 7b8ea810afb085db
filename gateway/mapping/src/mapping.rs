//! A checked mapping file. `read.rs` and `write.rs` are its two directions.

use std::collections::BTreeSet;
use std::sync::Arc;

use loopgate_consent::FieldGroup;
use loopgate_hl7v2::{Location, Segment};
use serde_json::Value;

use crate::acts::Acts;
use crate::codes::Codes;
use crate::right::Right;
use crate::route::Route;

/// The rows of one kind of message in one dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) digest: [u8; 32],
    pub(crate) rows: Vec<Row>,
    pub(crate) fixed: Vec<Fixed>,
    /// The segments of an HL7 v2 message, in order; empty for other dialects.
    pub(crate) structure: Vec<String>,
    /// The HL7 v2 messages that it is for: code and event; the event is empty if it is for any.
    pub(crate) types: Vec<(String, String)>,
    /// The fields that the state of a referral is read from and written to.
    pub(crate) state: Vec<(Location, Route)>,
    pub(crate) acts: Option<Acts>,
    pub(crate) constants: BTreeSet<String>,
}

/// An equation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) duty: Duty,
    pub(crate) left: Route,
    pub(crate) right: Right,
    /// Where it is read from if the right is silent.
    pub(crate) or: Vec<Right>,
    /// Lists whose items are read behind those of the right.
    pub(crate) then: Vec<Right>,
    /// Said beside the right, of the same value; read, it has to agree.
    pub(crate) also: Vec<(Right, Arc<Codes>)>,
    pub(crate) codes: Option<Table>,
    pub(crate) group: Option<FieldGroup>,
    /// The file it stands in, and its line.
    pub(crate) file: Arc<str>,
    pub(crate) line: u32,
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
    /// What was said, and by which rows, in their order.
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
    /// What was said, and by which rows, in their order.
    pub carried: Vec<Carried>,
}

/// A value that was carried, by its places and the row that joins them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// In the pivot, without selections.
    pub left: String,
    /// In the dialect, without selections.
    pub right: String,
    /// The row's file, below the mappings folder.
    pub file: String,
    /// The row's line, from 1; 0 where a whole file says it.
    pub line: u32,
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

    /// What its documents ask for, if they ask for anything.
    pub fn acts(&self) -> Option<&Acts> {
        self.acts.as_ref()
    }

    /// Whether its documents are JSON.
    pub fn is_json(&self) -> bool {
        self.structure.is_empty()
    }

    /// MSH-9.1 and MSH-9.2 of each kind of message it is for; the event is empty if it is for any.
    pub fn messages(&self) -> impl Iterator<Item = (&str, &str)> {
        self.types.iter().map(|(code, event)| (code.as_str(), event.as_str()))
    }

    /// The fields whose value the state table gives: `ORC-1`.
    pub fn state_fields(&self) -> impl Iterator<Item = String> {
        self.state.iter().map(|(field, _)| field.to_string())
    }

    /// Whether documents of this dialect are brought to this door for it.
    pub(crate) fn is_at(&self, dialect: &str, door: &str) -> bool {
        let message = self.name.strip_prefix(dialect).is_some_and(|rest| rest.starts_with('/'));
        message && self.acts().and_then(Acts::door) == Some(door)
    }

    /// Whether it is for the HL7 v2 messages of this code and event.
    pub(crate) fn is_for(&self, code: &str, event: &str) -> bool {
        self.types.iter().any(|(c, e)| c == code && (e.is_empty() || e == event))
    }

    /// The constants its rows need, sorted.
    pub fn constants(&self) -> impl Iterator<Item = &str> {
        self.constants.iter().map(String::as_str)
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

impl Row {
    /// Every place of the dialect that is its own.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Right> {
        let also = self.also.iter().map(|(right, _)| right);
        std::iter::once(&self.right).chain(&self.or).chain(&self.then).chain(also)
    }
}

/// Add to a list of what was carried, each once. A row's own stand together, at the end.
pub(crate) fn note(carried: &mut Vec<Carried>, row: &Row, right: &Right) {
    let right = right.shown();
    let mut own =
        carried.iter().rev().take_while(|one| (one.line, &*one.file) == (row.line, &*row.file));
    if own.all(|one| one.right != right) {
        let (left, file, line) = (row.left.shown.clone(), row.file.to_string(), row.line);
        carried.push(Carried { left, right, file, line });
    }
}
