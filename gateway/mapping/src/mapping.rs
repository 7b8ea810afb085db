//! A checked mapping file, and its two directions.

use std::collections::BTreeSet;
use std::sync::Arc;

use loopgate_consent::{FieldGroup, Groups};
use serde_json::{Map, Value};

use crate::codes::Codes;
use crate::constants::Constants;
use crate::leaves::{Part, Place, others};
use crate::refused::{Refused, Why};
use crate::right::RightPath;
use crate::route::Route;

/// The rows of one kind of message in one dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) digest: [u8; 32],
    pub(crate) rows: Vec<Row>,
    pub(crate) constants: BTreeSet<String>,
}

/// An equation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) duty: Duty,
    pub(crate) left: Route,
    pub(crate) right: RightPath,
    pub(crate) codes: Option<Arc<Codes>>,
    pub(crate) group: Option<FieldGroup>,
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
}

/// The part of a pivot that a document speaks of.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// Keyed by resource type.
    pub pivot: Value,
    /// Paths that hold something in the document and are in no row, or have a code without an
    /// entry. Sorted, without list indexes and values.
    pub not_carried: Vec<String>,
}

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

    /// Left to right: say in the dialect what of the pivot belongs to `groups`.
    pub fn write(
        &self,
        pivot: &Value,
        groups: &Groups,
        constants: &Constants,
    ) -> Result<Written, Refused> {
        let mut document = Map::new();
        let mut known = BTreeSet::new();
        let mut withheld = BTreeSet::new();
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
            let Some(found) = row.left.find(pivot, constants)? else {
                row.absent(&row.left.shown)?;
                continue;
            };
            known.extend(found.used);
            match row.coded(found.value, Codes::to_right) {
                Some(value) => {
                    row.right.put(&mut document, value);
                    known.extend(found.own);
                }
                None => row.no_code(&row.left.shown)?,
            }
        }
        Ok(Written {
            document: Value::Object(document),
            not_carried: others(pivot, &known, is_bookkeeping),
            withheld: withheld.into_iter().collect(),
        })
    }

    /// Right to left: the pivot that the document speaks of.
    pub fn read(&self, right: &Value, constants: &Constants) -> Result<Read, Refused> {
        let mut pivot = Value::Object(Map::new());
        let mut known: BTreeSet<Place<'_>> = BTreeSet::new();
        for row in &self.rows {
            let Some((value, own)) = row.right.find(right)? else {
                row.absent(&row.right.shown())?;
                continue;
            };
            match row.coded(value, Codes::to_left) {
                Some(value) => {
                    row.left.put(&mut pivot, value, constants)?;
                    known.extend(own);
                }
                None => row.no_code(&row.right.shown())?,
            }
        }
        let not_carried = others(right, &known, |_| false);
        Ok(Read { pivot, not_carried })
    }
}

/// One direction of a value table.
type Translate = for<'c> fn(&'c Codes, &str) -> Option<&'c str>;

impl Row {
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

    fn no_code(&self, path: &str) -> Result<(), Refused> {
        match self.duty {
            Duty::Must | Duty::Safety => Err(Refused::new(path, Why::NoCode)),
            Duty::May => Ok(()),
        }
    }

    /// The value in the other side's words, or `None` if it has none.
    fn coded(&self, value: &Value, translate: Translate) -> Option<Value> {
        let Some(codes) = &self.codes else {
            return Some(value.clone());
        };
        match value {
            Value::Array(items) => items
                .iter()
                .map(|item| self.coded(item, translate))
                .collect::<Option<Vec<_>>>()
                .map(Value::Array),
            single => translate(codes, single.as_str()?).map(Value::from),
        }
    }
}

/// `resourceType`, `id` and `meta` of a resource: how it is kept, not what it says.
fn is_bookkeeping(place: &[Part<'_>]) -> bool {
    let rest = match place {
        [Part::Member(_), Part::Index(_), rest @ ..] | [Part::Member(_), rest @ ..] => rest,
        _ => return false,
    };
    matches!(rest, [Part::Member("resourceType" | "id" | "meta"), ..])
}
