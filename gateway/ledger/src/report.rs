//! What the verifier says: verdicts, never merged, and the exit code they amount to.

use std::fmt::Display;

use serde::Serialize;

/// One verdict and its text. Texts name entries and files, never a field's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", content = "text", rename_all = "kebab-case")]
pub enum Verdict {
    /// It was checked and holds; the text says under which condition.
    Holds(String),
    /// It was checked and does not hold; the text is the first reason.
    Fails(String),
    /// It was not checked; the text says why.
    NotChecked(String),
}

impl Verdict {
    /// Whether it was checked and holds.
    pub fn holds(&self) -> bool {
        matches!(self, Verdict::Holds(_))
    }

    /// Whether it was checked and does not hold.
    pub fn fails(&self) -> bool {
        matches!(self, Verdict::Fails(_))
    }

    /// The words to print.
    pub fn text(&self) -> &str {
        match self {
            Verdict::Holds(text) | Verdict::Fails(text) | Verdict::NotChecked(text) => text,
        }
    }
}

/// The outcome of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Is what is shown what was signed?
    pub integrity: Verdict,
    /// Is everything shown?
    pub completeness: Verdict,
    /// Did everything that happened reach the log? No file can prove that by itself.
    pub capture: Verdict,
    /// Did enough witnesses see the log so? Checked only by a policy.
    pub policy: Verdict,
    /// Is the newest sign of life young enough? Checked only if an age was given.
    pub fresh: Verdict,
    /// How many entries were opened and checked.
    pub entries: u64,
    /// The size of the log by its checkpoint; 0 if that could not be read.
    pub size: u64,
    /// The index of the first bad entry, if the first problem lies in one; of the first one not
    /// shown, if that is the problem.
    pub first_bad: Option<u64>,
}

impl Report {
    /// Nothing checked yet: what a verifier begins with.
    pub(crate) fn unchecked() -> Report {
        let unchecked = || Verdict::NotChecked("not checked".to_owned());
        Report {
            integrity: unchecked(),
            completeness: Verdict::NotChecked("not checked, integrity fails".to_owned()),
            capture: unchecked(),
            policy: unchecked(),
            fresh: unchecked(),
            entries: 0,
            size: 0,
            first_bad: None,
        }
    }

    /// 0 all that was checked holds, 2 integrity fails, 4 the quorum is not met, 3 incomplete,
    /// 5 stale; the first of them in this order: of a tree that too few have seen, being whole
    /// means little.
    pub fn exit_code(&self) -> u8 {
        if !self.integrity.holds() {
            2
        } else if self.policy.fails() {
            4
        } else if self.completeness.fails() {
            3
        } else if self.fresh.fails() {
            5
        } else {
            0
        }
    }

    /// The first reason not to exit with 0.
    pub fn first_problem(&self) -> Option<&str> {
        let failed = [&self.integrity, &self.policy, &self.completeness, &self.fresh];
        let first = failed.into_iter().find(|verdict| verdict.fails());
        first.map(Verdict::text)
    }
}

/// A reason why something does not hold, and the entry it lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) text: String,
    pub(crate) entry: Option<u64>,
}

impl Problem {
    pub(crate) fn of_entry(index: u64, why: impl Display) -> Problem {
        Problem { text: format!("entry {index}: {why}"), entry: Some(index) }
    }

    pub(crate) fn of_bundle(text: impl Into<String>) -> Problem {
        Problem { text: text.into(), entry: None }
    }

    /// Says in which bundle.
    pub(crate) fn within(self, place: &str) -> Problem {
        Problem { text: format!("{place}: {}", self.text), ..self }
    }
}
