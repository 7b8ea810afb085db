//! What a case is, what may come of it, and how all of them are run.

use crate::declared::Declared;
use crate::world::World;

/// How binding a clause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// SHALL.
    Shall,
    /// SHOULD.
    Should,
    /// MAY: checked only so far as the server offers it.
    May,
}

impl Level {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Level::Shall => "SHALL",
            Level::Should => "SHOULD",
            Level::May => "MAY",
        }
    }

    /// From the guide's word; a row without one counts as SHALL.
    pub fn of(word: &str) -> Level {
        match word {
            "SHOULD" | "SHOULD-NOT" => Level::Should,
            "MAY" => Level::May,
            _ => Level::Shall,
        }
    }
}

/// Why a case did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fail {
    /// The server did otherwise.
    Failed(String),
    /// It could not be looked at: something that the case needs was not given.
    Skipped(String),
}

/// What comes of running a case.
pub type Check = Result<(), Fail>;

/// Fails with these words.
pub fn fail<T>(words: impl Into<String>) -> Result<T, Fail> {
    Err(Fail::Failed(words.into()))
}

/// Skips with these words.
pub fn skip<T>(words: impl Into<String>) -> Result<T, Fail> {
    Err(Fail::Skipped(words.into()))
}

/// Fails unless it holds.
pub fn hold(holds: bool, words: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(Fail::Failed(words())) }
}

/// What a case does.
pub type Run = Box<dyn Fn(&World) -> Check>;

/// One case.
pub struct Case {
    /// Its name, unlike any other's.
    pub id: String,
    /// How binding its clause is.
    pub level: Level,
    /// The clause it shows: a page of the guide or of R4.
    pub clause: String,
    /// The keys of the guide's rows that it shows (`guide`).
    pub rows: Vec<String>,
    run: Run,
}

/// Cases, as they are written down.
#[derive(Default)]
pub struct Suite {
    /// In the order they run.
    pub cases: Vec<Case>,
}

impl Suite {
    /// Adds one.
    pub fn add(
        &mut self,
        id: impl Into<String>,
        level: Level,
        clause: impl Into<String>,
        rows: &[&str],
        run: impl Fn(&World) -> Check + 'static,
    ) {
        let id = id.into();
        debug_assert!(self.cases.iter().all(|case| case.id != id), "two cases {id}");
        self.cases.push(Case {
            id,
            level,
            clause: clause.into(),
            rows: rows.iter().map(|row| (*row).to_owned()).collect(),
            run: Box::new(run),
        });
    }
}

/// What came of a case, beside what was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Passed,
    /// It does not, and nobody said so.
    Failed,
    /// It does not, as declared.
    Declared,
    /// It holds although it is declared not to: the declaration is stale.
    Stale,
    /// It was not looked at.
    Skipped,
}

impl Verdict {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Declared => "not met, declared",
            Verdict::Stale => "passed, though declared not met",
            Verdict::Skipped => "skipped",
        }
    }
}

/// A case that was run.
#[derive(Debug, Clone)]
pub struct Done {
    /// The case's name.
    pub id: String,
    /// How binding.
    pub level: Level,
    /// Its clause.
    pub clause: String,
    /// The guide's rows.
    pub rows: Vec<String>,
    /// What came of it.
    pub verdict: Verdict,
    /// Why it did not pass; empty if it did.
    pub words: String,
    /// The reason of the declaration, if there is one.
    pub reason: Option<String>,
    /// How long it took, ms.
    pub took_ms: i64,
}

/// Whether a case of this name is meant: the pattern is part of it, or has `*` for any letters.
pub fn matches(pattern: &str, id: &str) -> bool {
    if !pattern.contains('*') {
        return id.contains(pattern);
    }
    let pieces: Vec<&str> = pattern.split('*').collect();
    let mut rest = id;
    for (n, piece) in pieces.iter().enumerate() {
        let last = n + 1 == pieces.len();
        rest = match (n, last) {
            (0, _) => match rest.strip_prefix(piece) {
                Some(rest) => rest,
                None => return false,
            },
            (_, true) => return rest.ends_with(piece),
            _ => match rest.split_once(piece) {
                Some((_, rest)) => rest,
                None => return false,
            },
        };
    }
    true
}

/// Runs the cases whose names match, and holds each against what is declared.
pub fn run(
    suite: &Suite,
    world: &World,
    only: Option<&str>,
    declared: &Declared,
    heard: &mut dyn FnMut(&Done),
) -> Vec<Done> {
    let meant = suite.cases.iter().filter(|case| only.is_none_or(|only| matches(only, &case.id)));
    meant
        .map(|case| {
            let start = world.now_ms();
            let outcome = (case.run)(world);
            let took_ms = world.now_ms() - start;
            let reason = declared.of_case(&case.id).map(str::to_owned);
            let (verdict, words) = match (outcome, reason.is_some()) {
                (Ok(()), false) => (Verdict::Passed, String::new()),
                (Ok(()), true) => (Verdict::Stale, "passes; take the declaration back".to_owned()),
                (Err(Fail::Failed(words)), false) => (Verdict::Failed, words),
                (Err(Fail::Failed(words)), true) => (Verdict::Declared, words),
                (Err(Fail::Skipped(words)), _) => (Verdict::Skipped, words),
            };
            let done = Done {
                id: case.id.clone(),
                level: case.level,
                clause: case.clause.clone(),
                rows: case.rows.clone(),
                verdict,
                words,
                reason,
                took_ms,
            };
            heard(&done);
            done
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_is_a_part_of_a_name_or_has_stars() {
        for (pattern, id, meant) in [
            ("Task", "Task.read", true),
            ("read", "Task.read", true),
            ("Goal", "Task.read", false),
            ("Task.*", "Task.read", true),
            ("*.read", "Task.read", true),
            ("*.read", "Task.read.absent", false),
            ("Task.*.match", "Task.search.code.match", true),
            ("Task.*.match", "Goal.search.code.match", false),
            ("*.search.*", "Goal.search.code.match", true),
            ("*", "anything", true),
        ] {
            assert_eq!(matches(pattern, id), meant, "{pattern} {id}");
        }
    }
}
