//! The guide's table, the cases and the declarations fit together.

use std::collections::BTreeSet;

use loopgate_conformance::cases;
use loopgate_conformance::guide;

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
fn no_two_cases_have_one_name() {
    let suite = cases::all();
    let names: BTreeSet<&str> = suite.cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(names.len(), suite.cases.len());
    assert!(suite.cases.len() > 250, "{}", suite.cases.len());
}
