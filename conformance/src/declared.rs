//! What is declared: not met, and why; or shown by something else than a case from outside.

const OWN: &str = include_str!("../declared.tsv");

/// A declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `case`: the cases that do not pass. `unmet`: a row of the guide that is not met. `elsewhere`: one
    /// that is met, and cannot be seen from outside.
    pub what: What,
    /// A case's name, or the key of a row.
    pub key: String,
    /// Why; for `elsewhere`, what shows it.
    pub reason: String,
}

/// What is declared of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A case does not pass.
    Case,
    /// A row is not met, and no case looks.
    Unmet,
    /// A row is met, and shown elsewhere.
    Elsewhere,
}

/// All declarations.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// In the order of the file.
    pub lines: Vec<Line>,
}

impl Declared {
    /// What loopgate declares.
    pub fn own() -> Declared {
        match Declared::parse(OWN) {
            Ok(declared) => declared,
            Err(words) => unreachable!("a test reads it: {words}"),
        }
    }

    /// Reads lines of `case|unmet|elsewhere`, key, reason, with tabs between.
    pub fn parse(text: &str) -> Result<Declared, String> {
        let mut lines = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            let [what, key, reason] = fields[..] else {
                return Err(format!("not three fields: {line}"));
            };
            let what = match what {
                "case" => What::Case,
                "unmet" => What::Unmet,
                "elsewhere" => What::Elsewhere,
                _ => return Err(format!("neither case, unmet nor elsewhere: {line}")),
            };
            lines.push(Line { what, key: key.to_owned(), reason: reason.to_owned() });
        }
        Ok(Declared { lines })
    }

    /// Why this case is declared not to pass.
    pub fn of_case(&self, id: &str) -> Option<&str> {
        self.find(What::Case, id)
    }

    /// Why this row is declared not to be met.
    pub fn unmet(&self, key: &str) -> Option<&str> {
        self.find(What::Unmet, key)
    }

    /// What else shows this row.
    pub fn elsewhere(&self, key: &str) -> Option<&str> {
        self.find(What::Elsewhere, key)
    }

    fn find(&self, what: What, key: &str) -> Option<&str> {
        let found = self.lines.iter().find(|line| line.what == what && line.key == key);
        found.map(|line| line.reason.as_str())
    }
}
