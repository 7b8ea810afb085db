use super::*;
use crate::entry::Fields;
use crate::testing::{Sample, link, seed};

/// The first problem of a log whose entries hold these links, `(field, links)` per entry.
fn hole(entries: &[&[(Field, Vec<Link>)]]) -> Option<String> {
    let mut chains = Chains::default();
    for (index, links) in (0..).zip(entries) {
        let mut fields = Fields::default();
        for (field, links) in *links {
            fields.set(*field, links_to_value(links));
        }
        chains.follow(&Opening::make(index, &seed(index), &fields, &CHAINED));
    }
    let problem = chains.finish(entries.len() as u64);
    problem.map(|problem| problem.text)
}

#[test]
fn chains_of_every_class_run_side_by_side() {
    use Field::{Parties, Patient, Subject};
    let entries: [&[(Field, Vec<Link>)]; 5] = [
        &[(Subject, vec![link("a", 1, -1)]), (Patient, vec![link("a", 1, -1)])],
        &[(Parties, vec![link("b", 1, -1), link("a", 1, -1)])],
        &[(Subject, vec![link("a", 2, 0)])],
        &[],
        &[(Parties, vec![link("a", 2, 1)]), (Patient, vec![link("a", 2, 0), link("c", 1, -1)])],
    ];
    assert_eq!(hole(&entries), None);
    assert_eq!(hole(&[]), None);
}

#[test]
fn a_wrong_ordinal_or_back_link_is_a_hole() {
    let ordinal = "entry 1: `subject` has an ordinal out of order";
    let prev = "entry 1: `subject` does not point to the previous entry of its chain";
    let check = |second: Link, expected: &str| {
        let first = [(Field::Subject, vec![link("a", 1, -1)])];
        let second = [(Field::Subject, vec![second])];
        assert_eq!(hole(&[&first, &second]).as_deref(), Some(expected));
    };
    check(link("a", 3, 0), ordinal);
    check(link("a", 1, 0), ordinal);
    check(link("a", 2, -1), prev);
    check(link("a", 2, 1), prev);
    check(link("b", 2, 0), ordinal);
    check(link("b", 1, 0), prev);
}

#[test]
fn every_entry_and_all_three_fields_must_be_shown() {
    let sample = Sample::small();
    let follow = |openings: Vec<Opening>| {
        let mut chains = Chains::default();
        openings.iter().for_each(|opening| chains.follow(opening));
        chains.finish(3).map(|problem| (problem.entry, problem.text))
    };
    assert_eq!(follow(sample.openings()), None);
    for left_out in 0..3 {
        let mut openings = sample.openings();
        openings.remove(left_out);
        let expected = format!("entry {left_out} is not shown");
        assert_eq!(follow(openings), Some((Some(left_out as u64), expected)));
    }
    for field in CHAINED {
        let mut sample = Sample::small();
        sample.shown.retain(|shown| *shown != field);
        let expected = format!("entry 0: `{field}` is not shown");
        assert_eq!(follow(sample.openings()), Some((Some(0), expected)));
    }
}

#[test]
fn links_have_one_spelling() {
    let good = r#"[{"id":"a","n":1,"prev":-1},{"id":"b","n":2,"prev":0}]"#;
    let links = vec![link("a", 1, -1), link("b", 2, 0)];
    assert_eq!(links_to_value(&links), good.as_bytes());
    assert_eq!(links_from_value(good.as_bytes()), Ok(links));
    assert_eq!((links_to_value(&[]), links_from_value(b"")), (Vec::new(), Ok(Vec::new())));
    for bad in [
        "[]",
        "null",
        "Zyxw",
        r#"{"id":"a","n":1,"prev":-1}"#,
        r#"[{"id":"a","n":1,"prev":-1}] "#,
        r#"[{"n":1,"id":"a","prev":-1}]"#,
        r#"[{"id":"a","n":1,"prev":-1,"x":1}]"#,
        r#"[{"id":"a","n":1}]"#,
        r#"[{"id":"","n":1,"prev":-1}]"#,
        r#"[{"id":"a","n":0,"prev":-1}]"#,
        r#"[{"id":"a","n":1,"prev":-2}]"#,
        r#"[{"id":"a","n":1.0,"prev":-1}]"#,
        r#"[{"id":"a","n":9007199254740992,"prev":-1}]"#,
        r#"[{"id":"a","n":1,"prev":-1},{"id":"a","n":2,"prev":0}]"#,
    ] {
        assert_eq!(links_from_value(bad.as_bytes()), Err(ChainError), "{bad}");
    }
}
