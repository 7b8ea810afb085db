//! Where the validator is, without a text for it until there is a fault; and what it found.

use std::borrow::Cow;

use crate::fault::{Faults, member};
use crate::{Fault, IssueCode};

/// A place in a resource: its parent, and the step from there.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    parent: Option<&'a At<'a>>,
    name: &'a str,
    item: Option<usize>,
}

impl<'a> At<'a> {
    pub(super) fn root(name: &'a str) -> At<'a> {
        At { parent: None, name, item: None }
    }

    pub(super) fn member<'b>(&'b self, name: &'b str) -> At<'b> {
        At { parent: Some(self), name, item: None }
    }

    /// An item of the list that this is.
    pub(super) fn item(&self, index: usize) -> At<'a> {
        At { item: Some(index), ..*self }
    }

    pub(super) fn step<'b>(&'b self, name: &'b str, item: Option<usize>) -> At<'b> {
        At { parent: Some(self), name, item }
    }

    /// The FHIRPath location.
    pub(super) fn text(&self) -> String {
        let mut text = match self.parent {
            Some(parent) => member(&parent.text(), self.name),
            None => self.name.to_owned(),
        };
        if let Some(item) = self.item {
            text.push_str(&format!("[{item}]"));
        }
        text
    }
}

/// Faults and warnings of one resource.
pub(super) struct Report<'a> {
    pub(super) faults: &'a mut Faults,
    pub(super) warnings: &'a mut Faults,
    /// Whose rules are being checked, if not the base standard's.
    pub(super) profile: Option<&'static str>,
    /// What is found is worth a warning and no more.
    pub(super) advisory: bool,
}

impl Report<'_> {
    /// Notes a fault; one that its place has already tells the sender enough, unless it is a rule.
    pub(super) fn fault(&mut self, code: IssueCode, at: &At<'_>, words: &'static str) {
        let words = self.words(words);
        let fault = Fault::new(code, at.text(), words);
        let into = if self.advisory { &mut *self.warnings } else { &mut *self.faults };
        if code == IssueCode::Invariant || !into.has(&fault.expression) {
            into.push(fault);
        }
    }

    pub(super) fn warn(&mut self, code: IssueCode, at: &At<'_>, words: &'static str) {
        let words = self.words(words);
        self.warnings.push(Fault::new(code, at.text(), words));
    }

    /// A rule of the standard or of a profile, named by its key.
    pub(super) fn broken(&mut self, at: &At<'_>, key: &'static str, words: &'static str) {
        let fault = Fault::new(IssueCode::Invariant, at.text(), format!("{key}: {words}"));
        let into = if self.advisory { &mut *self.warnings } else { &mut *self.faults };
        into.push(fault);
    }

    fn words(&self, words: &'static str) -> Cow<'static, str> {
        match self.profile {
            Some(profile) => format!("{words} ({profile})").into(),
            None => words.into(),
        }
    }
}
