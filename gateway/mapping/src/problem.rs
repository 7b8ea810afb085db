//! What is wrong with a file, and where: for the person who wrote it.

use std::fmt;
use std::ops::Range;

/// One thing wrong with one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Path below the mappings folder.
    pub file: String,
    /// Counted from 1; absent if the file as a whole is meant.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

impl std::error::Error for Problem {}

/// The problems of one file, gathered while it is read.
pub(crate) struct Desk<'a> {
    file: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        let problems = Vec::new();
        Desk { file, text, problems }
    }

    /// Note a problem at a place in the text.
    pub(crate) fn at(&mut self, span: Range<usize>, what: impl fmt::Display) {
        let line = self.line(&span);
        self.note(Some(line), what);
    }

    /// The line of a place in the text, from 1.
    pub(crate) fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        1 + before.bytes().filter(|byte| *byte == b'\n').count()
    }

    /// The file's path.
    pub(crate) fn file(&self) -> &'a str {
        self.file
    }

    /// Note a problem with the file as a whole.
    pub(crate) fn whole(&mut self, what: impl fmt::Display) {
        self.note(None, what);
    }

    /// Parse the text as TOML of the shape `T`, or note why not.
    pub(crate) fn parse<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        match toml::from_str(self.text) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                match error.span() {
                    Some(span) => self.at(span, error.message()),
                    None => self.whole(error.message()),
                }
                None
            }
        }
    }

    /// The value if nothing was noted, else what was noted.
    pub(crate) fn close<T>(self, value: Option<T>) -> Result<T, Vec<Problem>> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(self.problems),
        }
    }

    fn note(&mut self, line: Option<usize>, what: impl fmt::Display) {
        self.problems.push(Problem { file: self.file.to_owned(), line, what: what.to_string() });
    }
}
