//! What is wrong with a configuration file, and where: for the person who wrote it.

use std::fmt;

/// One thing wrong with one file. Its words never hold a value of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, as the operator knows it: `loopgate.toml`, `partners/NAME.toml`.
    pub file: String,
    /// Counted from 1; absent if no line is to blame.
    pub line: Option<u32>,
    /// The dotted key; empty if the file as a whole is meant.
    pub key: String,
    /// What is wrong with it.
    pub words: String,
}

impl Problem {
    /// A problem with the file as a whole.
    pub fn of_file(file: &str, words: impl fmt::Display) -> Problem {
        let key = String::new();
        Problem { file: file.to_owned(), line: None, key, words: words.to_string() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.words)
    }
}

impl std::error::Error for Problem {}
