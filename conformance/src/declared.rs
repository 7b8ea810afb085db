//! What is declared: not met, and why; met in part; shown by something else than a case from outside; or
//! asked of somebody else.

const OWN: &str = include_str!("../declared.tsv");

/// A declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What is declared.
    pub what: What,
    /// A case's name, or the key of a row.
    pub key: String,
    /// Why; for `elsewhere`, what shows it.
    pub reason: String,
}

/// What is declared of a case or a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// `case`: this case does not pass.
    Case,
    /// `unmet`: a row is not met, and no case looks.
    Unmet,
    /// `partly`: its cases pass, and something of it is not met.
    Partly,
    /// `elsewhere`: met, and not to be seen from outside.
    Elsewhere,
    /// `others`: asked of somebody else than the server.
    Others,
}

const WORDS: [(&str, What); 5] = [
    ("case", What::Case),
    ("unmet", What::Unmet),
    ("partly", What::Partly),
    ("elsewhere", What::Elsewhere),
    ("others", What::Others),
];

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

    /// Reads lines of a kind, a key and a reason, with tabs between.
    pub fn parse(text: &str) -> Result<Declared, String> {
        let mut lines = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            let [what, key, reason] = fields[..] else {
                return Err(format!("not three fields: {line}"));
            };
            let Some((_, what)) = WORDS.iter().find(|(word, _)| *word == what) else {
                return Err(format!("no kind of declaration: {line}"));
            };
            let what = *what;
            lines.push(Line { what, key: key.to_owned(), reason: reason.to_owned() });
        }
        Ok(Declared { lines })
    }

    /// Why this case is declared not to pass.
    pub fn of_case(&self, id: &str) -> Option<&str> {
        let found = self.lines.iter().find(|line| line.what == What::Case && line.key == id);
        found.map(|line| line.reason.as_str())
    }

    /// What is declared of a row.
    pub fn of_row(&self, key: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.what != What::Case && line.key == key)
    }
}
