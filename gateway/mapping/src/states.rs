//! The state table (`hl7v2/states.toml`): where a referral stands, and each message that says so.
//! Both directions are read from it. Whose word a message is belongs to the key: a cancelled order
//! from the placer asks, from the filler it answers.
//!
//! Not here: what may happen to a referral, and what else a message says.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::problem::{Desk, Problem};

/// Every state, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct States(Vec<State>);

/// Where a referral stands, or what happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Its name.
    pub name: String,
    /// `Task.status`; nothing, if that stays as it is.
    pub task: Option<String>,
    /// `ServiceRequest.status`; nothing, if that stays as it is.
    pub request: Option<String>,
    /// BSeR's business status.
    pub business: Option<String>,
    by: Vec<By>,
    from: Vec<String>,
    ways: Vec<Way>,
}

/// Whose word it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The referral source, the placer.
    Source,
    /// The referral target, the filler.
    Target,
}

/// One message that says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// MSH-9.1.
    pub code: String,
    /// MSH-9.2.
    pub event: String,
    /// Fields, as `ORC-5`, and their values; an empty value says that the field is empty.
    pub fields: Vec<(String, String)>,
    /// It says less than it means, so that it is written and never read.
    written_only: bool,
}

/// What a message says of where a referral stands.
pub struct Said<'a> {
    /// MSH-9.1.
    pub code: &'a str,
    /// MSH-9.2.
    pub event: &'a str,
    /// The value of a field, if it has one.
    pub fields: &'a dyn Fn(&str) -> Option<String>,
}

/// The fields that decide, in this order (an event decides before any of them).
const DECIDING: [&str; 8] =
    ["ORC-5", "ORC-1", "RF1-25", "RF1-1", "SCH-25", "OBR-25", "TXA-17", "MSA-1"];

/// Task.status of R4, as far as SDOHCC uses it.
const TASK: [&str; 10] = [
    "draft",
    "requested",
    "accepted",
    "rejected",
    "cancelled",
    "in-progress",
    "on-hold",
    "failed",
    "completed",
    "entered-in-error",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    state: Vec<Spanned<StateText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateText {
    name: String,
    task: Option<String>,
    request: Option<String>,
    business: Option<String>,
    by: Vec<By>,
    #[serde(default)]
    from: Vec<String>,
    said: Vec<BTreeMap<String, String>>,
}

impl States {
    pub(crate) fn parse(file: &str, text: &str) -> Result<States, Vec<Problem>> {
        let mut desk = Desk::new(file, text);
        let states = desk.parse().map(|parsed: FileText| {
            let mut states: Vec<State> = Vec::new();
            for text in parsed.state {
                let span = text.span();
                let mut note = |what: String| desk.at(span.clone(), what);
                let state = State::read(text.into_inner(), &mut note);
                if states.iter().any(|other| other.name == state.name) {
                    note(format!("{} is there twice", state.name));
                }
                for other in &states {
                    if let Some((code, event)) = state.clashes(other) {
                        let (one, other) = (&state.name, &other.name);
                        note(format!("{code}^{event} may say {one} and {other}"));
                    }
                }
                states.push(state);
            }
            States(states)
        });
        let states = states.inspect(|states| states.check_readable(&mut desk));
        desk.close(states)
    }

    /// Every state, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &State> {
        self.0.iter()
    }

    /// The state of this name.
    pub fn get(&self, name: &str) -> Option<&State> {
        self.0.iter().find(|state| state.name == name)
    }

    /// What a message says of a referral whose Task has this status. The event decides first, then
    /// ORC-5, ORC-1, RF1-25, RF1-1, SCH-25, OBR-25, TXA-17.
    pub fn read(&self, said: &Said<'_>, by: By, task: &str) -> Option<&State> {
        let open = self.0.iter().filter(|state| state.is_open_to(by, task));
        let all = open.flat_map(|state| state.ways.iter().map(move |way| (state, way)));
        let meant = all.filter(|(_, way)| !way.written_only && way.is_said(said));
        let best = meant.min_by_key(|(_, way)| Reverse(way.rank()));
        best.map(|(state, _)| state)
    }

    /// How a message of this code says a state.
    pub fn say(&self, name: &str, code: &str) -> Option<&Way> {
        self.get(name)?.ways.iter().find(|way| way.code == code)
    }

    /// Each way that is not only written reads back as its own state.
    fn check_readable(&self, desk: &mut Desk<'_>) {
        for state in &self.0 {
            for way in state.ways.iter().filter(|way| !way.written_only) {
                let value = |field: &str| {
                    let found = way.fields.iter().find(|(name, _)| name == field);
                    found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
                };
                let said = Said { code: &way.code, event: &way.event, fields: &value };
                let task = state.from.first().map_or("requested", String::as_str);
                for by in &state.by {
                    let found = self.read(&said, *by, task).map(|found| found.name.as_str());
                    if found != Some(&state.name) {
                        let (name, Way { code, event, .. }) = (&state.name, way);
                        let found = found.unwrap_or("nothing");
                        desk.whole(format_args!("{code}^{event} of {name} reads as {found}"));
                    }
                }
            }
        }
    }
}

impl State {
    fn read(text: StateText, note: &mut dyn FnMut(String)) -> State {
        let statuses = text.from.iter().chain(&text.task);
        for status in statuses.filter(|status| !TASK.contains(&status.as_str())) {
            note(format!("{status} is no Task.status"));
        }
        if text.by.is_empty() {
            note("by names nobody".to_owned());
        }
        let ways = text.said.into_iter().filter_map(|one| Way::read(one, note)).collect();
        let StateText { name, task, request, business, by, from, .. } = text;
        State { name, task, request, business, by, from, ways }
    }

    /// Each message that says it.
    pub fn ways(&self) -> impl Iterator<Item = &Way> {
        self.ways.iter()
    }

    /// Who can say it.
    pub fn by(&self) -> &[By] {
        &self.by
    }

    /// The statuses of the Task from which it can be said; any, if there is none.
    pub fn from(&self) -> &[String] {
        &self.from
    }

    fn is_open_to(&self, by: By, task: &str) -> bool {
        self.by.contains(&by) && (self.from.is_empty() || self.from.iter().any(|one| one == task))
    }

    /// The message that may mean either, if there is one.
    fn clashes(&self, other: &State) -> Option<(&str, &str)> {
        let by = self.by.iter().any(|by| other.by.contains(by));
        let from = self.from.is_empty()
            || other.from.is_empty()
            || self.from.iter().any(|one| other.from.contains(one));
        let pairs = self.ways.iter().flat_map(|mine| other.ways.iter().map(move |one| (mine, one)));
        let mut both = pairs.filter(|(mine, theirs)| mine.may_be(theirs));
        let (mine, _) = both.find(|_| by && from)?;
        Some((&mine.code, &mine.event))
    }
}

impl Way {
    fn read(mut one: BTreeMap<String, String>, note: &mut dyn FnMut(String)) -> Option<Way> {
        let written_only = one.remove("only").is_some_and(|word| {
            if word != "written" {
                note("only is not \"written\"".to_owned());
            }
            true
        });
        let message = one.remove("message").unwrap_or_default();
        let Some((code, event)) = message.split_once('^') else {
            note(format!("{message:?} is not a message like OSU^O51"));
            return None;
        };
        for field in one.keys().filter(|field| !DECIDING.contains(&field.as_str())) {
            note(format!("{field} does not decide where a referral stands"));
        }
        let fields = one.into_iter().collect();
        Some(Way { code: code.to_owned(), event: event.to_owned(), fields, written_only })
    }

    fn is_said(&self, said: &Said<'_>) -> bool {
        (self.code.as_str(), self.event.as_str()) == (said.code, said.event)
            && self
                .fields
                .iter()
                .all(|(field, value)| (said.fields)(field).unwrap_or_default() == *value)
    }

    /// Which of the deciding fields it names, the first weighing most.
    fn rank(&self) -> [bool; DECIDING.len()] {
        DECIDING
            .map(|field| self.fields.iter().any(|(name, value)| name == field && !value.is_empty()))
    }

    /// Whether one message could be both and neither would come first.
    fn may_be(&self, other: &Way) -> bool {
        let same = (&self.code, &self.event) == (&other.code, &other.event);
        let apart = self.fields.iter().any(|(field, value)| {
            other.fields.iter().any(|(name, other)| name == field && other != value)
        });
        same && !apart && !self.written_only && !other.written_only && self.rank() == other.rank()
    }
}

#[cfg(test)]
#[path = "states_tests.rs"]
mod tests;
