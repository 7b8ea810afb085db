//! The rows of CLAIMS.md: every row of the guide, and the cases that show it or the reason why it is not met.

use crate::case::{Case, Level, Suite};
use crate::declared::{Declared, What};
use crate::guide::{self, Row};

/// Before the rows, in CLAIMS.md.
pub const START: &str = "<!-- rows: what `loopgate-conformance --claims` prints -->\n";
/// After them.
pub const END: &str = "<!-- end of rows -->\n";

/// How many cases are named; of more, how many there are.
const NAMED_MAX: usize = 4;

/// The rows, as CLAIMS.md has them.
pub fn page(suite: &Suite, declared: &Declared) -> String {
    let mut text = String::new();
    let mut group = String::new();
    for row in guide::server() {
        if row.group != group {
            group.clone_from(&row.group);
            text += &format!("\n## {group}\n\n{HEAD}");
        }
        let name = row.key.split_once('/').map_or(row.key.as_str(), |(_, name)| name);
        text += &line(name, &row, suite, declared);
    }
    text += &format!("\n## Keyed requirements\n\n{HEAD}");
    for row in guide::narrative() {
        let name = format!("{}: {}", row.key, row.detail);
        text += &line(&name, &row, suite, declared);
    }
    text.trim_start().to_owned()
}

const HEAD: &str = "| row | level | today | shown by |\n|---|---|---|---|\n";

fn line(name: &str, row: &Row, suite: &Suite, declared: &Declared) -> String {
    let (today, shown) = state(row, suite, declared);
    format!("| {name} | {} | {today} | {shown} |\n", row.word)
}

/// Rows that bind and of which nothing is said: nobody may leave one out.
pub fn open(suite: &Suite, declared: &Declared) -> Vec<String> {
    let rows = guide::server().into_iter().chain(guide::narrative());
    let unsaid = |row: &Row| state(row, suite, declared).0 == OPEN;
    rows.filter(unsaid).map(|row| row.key).collect()
}

const OPEN: &str = "open";

/// What is so today, and what shows it.
fn state(row: &Row, suite: &Suite, declared: &Declared) -> (String, String) {
    let (mut unmet, mut met): (Vec<&Case>, Vec<&Case>) = (Vec::new(), Vec::new());
    for case in suite.cases.iter().filter(|case| case.rows.contains(&row.key)) {
        match declared.of_case(&case.id) {
            Some(_) => unmet.push(case),
            None => met.push(case),
        }
    }
    let mut reasons: Vec<&str> = Vec::new();
    for reason in unmet.iter().filter_map(|case| declared.of_case(&case.id)) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    if let Some(line) = declared.of_row(&row.key) {
        return match line.what {
            What::Elsewhere => (format!("met, shown elsewhere: {}", line.reason), named(&met)),
            What::Others => (format!("not asked of a server: {}", line.reason), named(&met)),
            What::Partly => (format!("met in part, declared: {}", line.reason), named(&met)),
            What::Unmet | What::Case => {
                (format!("not met, declared: {}", line.reason), String::new())
            }
        };
    }
    match (met.is_empty(), unmet.is_empty()) {
        (false, true) => ("met".into(), named(&met)),
        (false, false) => (format!("met in part, declared: {}", reasons.join("; ")), named(&met)),
        (true, false) => (format!("not met, declared: {}", reasons.join("; ")), named(&unmet)),
        (true, true) if row.level == Level::May => ("not looked at".into(), String::new()),
        (true, true) => (OPEN.into(), String::new()),
    }
}

fn named(cases: &[&Case]) -> String {
    let mut names: Vec<String> =
        cases.iter().take(NAMED_MAX).map(|case| format!("`{}`", case.id)).collect();
    if cases.len() > NAMED_MAX {
        names.push(format!("and {} more", cases.len() - NAMED_MAX));
    }
    names.join(", ")
}
