//! Dates (R4 search.html#date). A date, a Period and a Timing are ranges, as wide as they are
//! written or bounded; a moment written with seconds is a point.
//!
//! How the ranges above and below a value are read. A value that is "not fully specified" (year,
//! month, day, minute) is an interval: `gt` is after all of it and `lt` before all of it. One with
//! seconds is where it starts ("the range after 2015-08-12T05:23:45 includes any time after
//! 2015-08-12T05:23:45.000…"): `gt` is after its first instant, so who asks for what came after the
//! last second it saw reads something twice and misses nothing. `ge` and `le` are of "the specified
//! value and up" or down: some of the range is in or beyond it. `ap` overlaps; there is no clock
//! here to measure a tenth of the gap to.

use jiff::tz::Offset;
use loopgate_referral::Timestamp;

use super::element::{is_instant, values};
use super::split::unescape;
use crate::{Json, Moment, Served};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prefix {
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    Sa,
    Eb,
    Ap,
}

const PREFIXES: &[(&str, Prefix)] = &[
    ("eq", Prefix::Eq),
    ("ne", Prefix::Ne),
    ("gt", Prefix::Gt),
    ("lt", Prefix::Lt),
    ("ge", Prefix::Ge),
    ("le", Prefix::Le),
    ("sa", Prefix::Sa),
    ("eb", Prefix::Eb),
    ("ap", Prefix::Ap),
];

/// A stretch of time in whole milliseconds: `start` is in it, `end` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: i64,
    pub(super) end: i64,
}

/// One alternative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DateValue {
    prefix: Prefix,
    value: Range,
    /// The first instant that is `gt`.
    above: i64,
}

impl DateValue {
    /// Reads one alternative. No zone is UTC.
    pub(super) fn parse(text: &str) -> Option<DateValue> {
        let text = unescape(text)?;
        let known =
            PREFIXES.iter().find_map(|(name, prefix)| Some((*prefix, text.strip_prefix(name)?)));
        let (prefix, rest) = known.unwrap_or((Prefix::Eq, text.as_str()));
        let moment = Moment::parse(rest, Offset::UTC)?;
        let value = Range { start: moment.start.0, end: moment.end.0 };
        let above = if moment.has_seconds { value.start + 1 } else { value.end };
        Some(DateValue { prefix, value, above })
    }

    /// Whether a range of a resource is found.
    pub(super) fn matches(&self, found: Range) -> bool {
        let value = self.value;
        let contains = value.start <= found.start && found.end <= value.end;
        match self.prefix {
            Prefix::Eq => contains,
            Prefix::Ne => !contains,
            Prefix::Gt => found.end > self.above,
            Prefix::Lt => found.start < value.start,
            Prefix::Ge => found.end > value.start,
            Prefix::Le => found.start < value.end,
            Prefix::Sa => found.start >= value.end,
            Prefix::Eb => found.end <= value.start,
            Prefix::Ap => found.start < value.end && value.start < found.end,
        }
    }

    /// No instant before this one passes.
    pub(super) fn lowest(&self) -> Option<Timestamp> {
        match self.prefix {
            Prefix::Eq | Prefix::Ge | Prefix::Ap => Some(Timestamp(self.value.start)),
            Prefix::Gt => Some(Timestamp(self.above)),
            Prefix::Sa => Some(Timestamp(self.value.end)),
            Prefix::Ne | Prefix::Lt | Prefix::Le | Prefix::Eb => None,
        }
    }
}

/// The ranges at a path.
pub(super) fn ranges(served: &Served, resource: &Json, path: &str) -> Vec<Range> {
    let instant = is_instant(served, path);
    let of = |element: &Json| match element {
        Json::String(text) => moment(text, instant),
        element if path.ends_with("Timing") => timing(element),
        element => period(element),
    };
    values(resource, path).into_iter().filter_map(of).collect()
}

fn moment(text: &str, instant: bool) -> Option<Range> {
    let Moment { start, end, has_seconds } = Moment::parse(text, Offset::UTC)?;
    let end = if instant || has_seconds { start.0 + 1 } else { end.0 };
    Some(Range { start: start.0, end })
}

/// "A missing lower boundary is less than any actual date", a missing upper one greater.
fn period(period: &Json) -> Option<Range> {
    let bound = |name: &str| period.text(name).and_then(|text| moment(text, false));
    let (start, end) = (bound("start"), bound("end"));
    if start.is_none() && end.is_none() {
        return None;
    }
    let start = start.map_or(i64::MIN, |range| range.start);
    Some(Range { start, end: end.map_or(i64::MAX, |range| range.end) })
}

/// "Only the outer limits matter": of its events and its bounds.
fn timing(timing: &Json) -> Option<Range> {
    let events = values(timing, "event").into_iter().filter_map(Json::as_str);
    let events = events.filter_map(|text| moment(text, false));
    let bounds = timing.at("repeat.boundsPeriod").and_then(period);
    events.chain(bounds).reduce(|a, b| Range { start: a.start.min(b.start), end: a.end.max(b.end) })
}
