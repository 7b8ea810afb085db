//! The parts of a search and what they match (R4 search.html).

use jiff::tz::Offset;
use loopgate_referral::{ResourceId, TaskStatus, Timestamp};

use crate::shape::is_id;
use crate::{Moment, RefText};

/// A reference as a search names it: `Type/id`, or `id` of any type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefParam {
    /// The type, if it was said.
    pub kind: Option<String>,
    /// The logical id.
    pub id: String,
}

impl RefParam {
    /// Reads one value; `base` is the base URL of this server, and another server's is nobody's.
    pub(crate) fn parse(text: &str, base: &str) -> Option<RefParam> {
        if is_id(text) {
            return Some(RefParam { kind: None, id: text.to_owned() });
        }
        match RefText::of(text)?.on_server(base)? {
            RefText::Relative { kind, id } => Some(RefParam { kind: Some(kind), id }),
            _ => None,
        }
    }

    /// Whether it names this resource.
    pub fn matches(&self, resource: &ResourceId) -> bool {
        self.id == resource.id() && self.kind.as_deref().is_none_or(|kind| kind == resource.kind())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prefix {
    Eq,
    Ge,
    Gt,
    Le,
    Lt,
}

/// One test of an instant against a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTest {
    prefix: Prefix,
    moment: Moment,
}

/// The text is no date test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadDateTest {
    /// A prefix of FHIR's that we do not support.
    Prefix,
    /// No date.
    Date,
}

impl DateTest {
    pub(crate) fn parse(text: &str) -> Result<DateTest, BadDateTest> {
        let (prefix, rest) = text.split_at_checked(2).unwrap_or(("", text));
        let (prefix, rest) = match prefix {
            "eq" => (Prefix::Eq, rest),
            "ge" => (Prefix::Ge, rest),
            "gt" => (Prefix::Gt, rest),
            "le" => (Prefix::Le, rest),
            "lt" => (Prefix::Lt, rest),
            "ne" | "sa" | "eb" | "ap" => return Err(BadDateTest::Prefix),
            _ => (Prefix::Eq, text),
        };
        let moment = Moment::parse(rest, Offset::UTC).ok_or(BadDateTest::Date)?;
        Ok(DateTest { prefix, moment })
    }

    /// Whether an instant passes.
    ///
    /// `gt` of a whole day or minute is after all of it. `gt` of a second or finer is after its
    /// first instant: who polls with the last second it saw, and reads a Task twice, loses nothing;
    /// who skipped the rest of that second would.
    pub fn holds(&self, at: Timestamp) -> bool {
        let Moment { start, end, has_seconds } = self.moment;
        match self.prefix {
            Prefix::Eq => start <= at && at < end,
            Prefix::Ge => start <= at,
            Prefix::Gt if has_seconds => start < at,
            Prefix::Gt => end <= at,
            Prefix::Le => at < end,
            Prefix::Lt => at < start,
        }
    }
}

/// What a search looks at in a Task.
#[derive(Debug, Clone, Copy)]
pub struct TaskKeys<'a> {
    /// Its logical id.
    pub id: &'a str,
    /// Its owner.
    pub owner: Option<&'a ResourceId>,
    /// Its requester.
    pub requester: Option<&'a ResourceId>,
    /// The Patient it is for.
    pub patient: Option<&'a ResourceId>,
    /// Its status.
    pub status: TaskStatus,
    /// `meta.lastUpdated`.
    pub last_updated: Timestamp,
}
