//! Each key of the tables is answered or said not to be.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_key_of_the_tables_is_checked_or_said_not_to_be() {
    let tables = [
        include_str!("../../tables/r4.txt"),
        include_str!("../../tables/us-core.txt"),
        include_str!("../../tables/sdohcc.txt"),
    ];
    let named: BTreeSet<&str> = tables
        .iter()
        .flat_map(|text| text.split(" rules(").skip(1))
        .flat_map(|rest| rest.split(')').next().unwrap().split(','))
        .collect();
    for key in &named {
        let checked = ["", "Patient", "DocumentReference"].iter().any(|of| find(key, of).is_some());
        let said = NOT_CHECKED.iter().any(|(known, _)| known == key);
        assert!(checked != said, "{key}");
    }
    assert!(NOT_CHECKED.iter().all(|(key, _)| named.contains(key)));
    let all = core::RULES.iter().chain(questionnaire::RULES).chain(profiles::RULES);
    for rule in all {
        assert!(named.contains(rule.key), "{}", rule.key);
    }
}
