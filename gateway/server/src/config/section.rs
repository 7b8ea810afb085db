//! A reader of TOML that notes every problem with its line instead of stopping at the first.
//!
//! Getters with a default answer the default after noting a problem, so that reading goes on; what
//! was read is handed out only if nothing was noted. Not here: which keys there are.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Problem;

/// What a value reader answers: the value, or what is wrong with it.
pub(crate) type Read<T> = Result<T, String>;

/// A value and the line it stands on.
pub(crate) type OnLine<T> = (Option<u32>, T);

/// What came of reading a file.
pub(crate) struct Reading<T> {
    value: Option<T>,
    problems: Vec<Problem>,
    /// Every key the reader asked for, dotted.
    #[cfg_attr(not(test), expect(dead_code, reason = "the test of docker/loopgate.toml asks"))]
    pub(super) keys: BTreeSet<String>,
}

impl<T> Reading<T> {
    /// What was read, or every problem in the order of the lines.
    pub(crate) fn finish(mut self) -> Result<T, Vec<Problem>> {
        self.problems.sort_by_key(|problem| problem.line);
        match self.value {
            Some(value) if self.problems.is_empty() => Ok(value),
            None if self.problems.is_empty() => unreachable!("an absent value is a noted problem"),
            _ => Err(self.problems),
        }
    }
}

/// Reads `text`; `file` is what its problems call it.
pub(crate) fn read<T>(
    file: &str,
    text: &str,
    shape: impl FnOnce(&mut Section<'_, '_>) -> Option<T>,
) -> Reading<T> {
    let mut desk = Desk { file, text, problems: Vec::new(), keys: BTreeSet::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let line = error.span().map(|span| desk.line(&span));
        desk.note(line, String::new(), error.message());
    }
    if !errors.is_empty() {
        // What follows from a file that is not TOML would only hide what is wrong.
        return Reading { value: None, problems: desk.problems, keys: desk.keys };
    }
    let table = table.into_inner();
    let mut root = Section { desk: &mut desk, path: String::new(), line: None, table };
    let value = shape(&mut root);
    root.refuse_the_rest();
    Reading { value, problems: desk.problems, keys: desk.keys }
}

struct Desk<'t> {
    file: &'t str,
    text: &'t str,
    problems: Vec<Problem>,
    keys: BTreeSet<String>,
}

impl Desk<'_> {
    fn line(&self, span: &Range<usize>) -> u32 {
        let before = self.text.as_bytes().get(..span.start).unwrap_or_default();
        let breaks = before.iter().filter(|byte| **byte == b'\n').count();
        u32::try_from(breaks).map_or(u32::MAX, |breaks| breaks.saturating_add(1))
    }

    fn note(&mut self, line: Option<u32>, key: String, words: impl fmt::Display) {
        let file = self.file.to_owned();
        self.problems.push(Problem { file, line, key, words: words.to_string() });
    }
}

/// A table whose keys are taken one by one; the ones left at the end are unknown.
pub(crate) struct Section<'d, 't> {
    desk: &'d mut Desk<'t>,
    path: String,
    line: Option<u32>,
    table: DeTable<'t>,
}

impl<'t> Section<'_, 't> {
    /// The value at `key`, if it is there and `reader` likes it.
    pub(crate) fn maybe<T>(
        &mut self,
        key: &str,
        reader: impl FnOnce(&DeValue<'_>) -> Read<T>,
    ) -> Option<T> {
        let (_, value) = self.take(key)?;
        let line = self.desk.line(&value.span());
        match reader(value.get_ref()) {
            Ok(read) => Some(read),
            Err(words) => {
                self.note(Some(line), key, words);
                None
            }
        }
    }

    /// As [`Section::maybe`], but an absent key is a problem.
    pub(crate) fn must<T>(
        &mut self,
        key: &str,
        reader: impl FnOnce(&DeValue<'_>) -> Read<T>,
    ) -> Option<T> {
        if !self.table.contains_key(key) {
            self.desk.keys.insert(self.dotted(key));
            self.note(self.line, key, "is missing");
        }
        self.maybe(key, reader)
    }

    /// As [`Section::maybe`], with a default.
    pub(crate) fn or<T>(
        &mut self,
        key: &str,
        default: T,
        reader: impl FnOnce(&DeValue<'_>) -> Read<T>,
    ) -> T {
        self.maybe(key, reader).unwrap_or(default)
    }

    /// The items of the list at `key` that `reader` likes, and no item twice.
    pub(crate) fn list<T: PartialEq>(
        &mut self,
        key: &str,
        reader: impl Fn(&DeValue<'_>) -> Read<T>,
    ) -> Vec<OnLine<T>> {
        let mut items: Vec<OnLine<T>> = Vec::new();
        for item in self.items(key) {
            let line = Some(self.desk.line(&item.span()));
            match reader(item.get_ref()) {
                Ok(read) if items.iter().any(|(_, other)| *other == read) => {
                    self.note(line, key, "lists an item twice");
                }
                Ok(read) => items.push((line, read)),
                Err(words) => self.note(line, key, words),
            }
        }
        items
    }

    /// The tables in the list at `key`.
    pub(crate) fn tables<T>(
        &mut self,
        key: &str,
        mut shape: impl FnMut(&mut Section<'_, 't>) -> Option<T>,
    ) -> Vec<OnLine<T>> {
        let mut items = Vec::new();
        for item in self.items(key) {
            let line = Some(self.desk.line(&item.span()));
            match item.into_inner() {
                DeValue::Table(table) => {
                    let path = self.dotted(key);
                    let read = Self::enter(self.desk, path, line, table, &mut shape);
                    items.extend(read.map(|read| (line, read)));
                }
                other => self.note(line, key, wants("a table", &other)),
            }
        }
        items
    }

    /// The table at `key`; an absent one is read as empty, so that its keys can be missed.
    pub(crate) fn section<T>(
        &mut self,
        key: &str,
        shape: impl FnOnce(&mut Section<'_, 't>) -> T,
    ) -> T {
        let (line, table) = self.table_at(key).unwrap_or_default();
        let path = self.dotted(key);
        Self::enter(self.desk, path, line, table, shape)
    }

    /// The table at `key`, if it is there.
    pub(crate) fn maybe_section<T>(
        &mut self,
        key: &str,
        shape: impl FnOnce(&mut Section<'_, 't>) -> Option<T>,
    ) -> Option<T> {
        let (line, table) = self.table_at(key)?;
        let path = self.dotted(key);
        Self::enter(self.desk, path, line, table, shape)
    }

    /// Whether `key` is there; ask before taking it.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The line `key` stands on, or the section's own; ask before taking it.
    pub(crate) fn line_of(&self, key: &str) -> Option<u32> {
        self.table.get(key).map(|value| self.desk.line(&value.span())).or(self.line)
    }

    /// Notes a problem with `key`.
    pub(crate) fn note(&mut self, line: Option<u32>, key: &str, words: impl fmt::Display) {
        let key = self.dotted(key);
        self.desk.note(line, key, words);
    }

    fn enter<T>(
        desk: &mut Desk<'t>,
        path: String,
        line: Option<u32>,
        table: DeTable<'t>,
        shape: impl FnOnce(&mut Section<'_, 't>) -> T,
    ) -> T {
        let mut section = Section { desk, path, line, table };
        let read = shape(&mut section);
        section.refuse_the_rest();
        read
    }

    fn take(&mut self, key: &str) -> Option<(u32, Spanned<DeValue<'t>>)> {
        self.desk.keys.insert(self.dotted(key));
        let (name, value) = self.table.remove_entry(key)?;
        Some((self.desk.line(&name.span()), value))
    }

    fn items(&mut self, key: &str) -> Vec<Spanned<DeValue<'t>>> {
        let Some((_, value)) = self.take(key) else { return Vec::new() };
        let line = self.desk.line(&value.span());
        match value.into_inner() {
            DeValue::Array(items) => items.into_iter().collect(),
            other => {
                self.note(Some(line), key, wants("a list", &other));
                Vec::new()
            }
        }
    }

    fn table_at(&mut self, key: &str) -> Option<(Option<u32>, DeTable<'t>)> {
        let (line, value) = self.take(key)?;
        match value.into_inner() {
            DeValue::Table(table) => Some((Some(line), table)),
            other => {
                self.note(Some(line), key, wants("a table", &other));
                None
            }
        }
    }

    fn refuse_the_rest(&mut self) {
        for (key, value) in std::mem::take(&mut self.table) {
            let line = self.desk.line(&key.span());
            let what = match value.get_ref() {
                DeValue::Table(_) => "there is no such section",
                _ => "there is no such key",
            };
            self.note(Some(line), key.get_ref(), what);
        }
    }

    fn dotted(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// The words for a value of the wrong type.
pub(crate) fn wants(wanted: &str, got: &DeValue<'_>) -> String {
    let got = match got {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date without quotes",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    format!("is {got}, {wanted} is wanted")
}
