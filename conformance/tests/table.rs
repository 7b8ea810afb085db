//! The guide's table, the cases and the declarations fit together.

use std::collections::BTreeSet;

use loopgate_conformance::declared::Declared;
use loopgate_conformance::{cases, claims, guide};

#[test]
fn the_table_of_the_guide_is_whole() {
    let (server, narrative) = (guide::server(), guide::narrative());
    let keys: BTreeSet<&str> =
        server.iter().chain(&narrative).map(|row| row.key.as_str()).collect();
    assert_eq!(keys.len(), server.len() + narrative.len(), "a key stands twice");
    // 57 in the guide's Requirements resource, 6 on its pages alone.
    assert_eq!(narrative.len(), 57 + 6);
    assert_eq!(guide::kinds().len(), 21);
}

#[test]
fn the_page_lists_what_is_let_pass() {
    let page = include_str!("../CLAIMS.md");
    let rows = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, loopgate_fhir::LENIENCIES.len());
    for one in loopgate_fhir::LENIENCIES {
        let row = format!("| `{}` | {} | {} |", one.name, one.what, one.why);
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn no_two_cases_have_one_name() {
    let suite = cases::all();
    let names: BTreeSet<&str> = suite.cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(names.len(), suite.cases.len());
    assert!(suite.cases.len() > 250, "{}", suite.cases.len());
}

#[test]
fn every_row_is_met_or_declared() {
    let (suite, declared) = (cases::all(), Declared::own());
    assert_eq!(claims::open(&suite, &declared), [""; 0], "nothing is said of these");
    for line in &declared.lines {
        let of_case = suite
            .cases
            .iter()
            .any(|case| declared.of_case(&case.id).is_some_and(|reason| reason == line.reason));
        let mut rows = guide::server().into_iter().chain(guide::narrative());
        let of_row = rows.any(|row| declared.of_row(&row.key) == Some(line));
        assert!(of_case || of_row, "{} is neither a case nor a row", line.key);
    }
}

#[test]
fn every_parameter_of_the_statement_is_looked_for() {
    assert_eq!(cases::without_values(), [""; 0]);
}

#[test]
fn a_case_shows_rows_that_there_are() {
    let rows: BTreeSet<String> =
        guide::server().into_iter().chain(guide::narrative()).map(|row| row.key).collect();
    for case in &cases::all().cases {
        for row in &case.rows {
            assert!(rows.contains(row), "{} shows {row}", case.id);
        }
    }
}

#[test]
fn the_page_says_what_the_program_says() {
    let page = include_str!("../CLAIMS.md");
    let (_, rest) = page.split_once(claims::START).expect("where the rows begin");
    let (rows, _) = rest.split_once(claims::END).expect("where the rows end");
    let wanted = claims::page(&cases::all(), &Declared::own());
    assert!(rows == wanted, "put what `loopgate-conformance --claims` prints into CLAIMS.md");
}
