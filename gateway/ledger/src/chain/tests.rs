use super::*;
use crate::complete::{Completeness, Told};
use crate::entry::Fields;
use crate::opening::Opening;
use crate::opening::view::View;
use crate::testing::{Sample, link, seed};

/// The first problem of these openings in a log of this size, none of them erased.
fn follow(openings: &[Opening], size: u64) -> Option<Problem> {
    let empty = tempfile::TempDir::new().unwrap();
    std::fs::write(empty.path().join("entries.jsonl"), "").unwrap();
    let mut completeness = Completeness::new(empty.path());
    for opening in openings {
        let (text, mut buffer, mut steps) = (opening.to_json().unwrap(), vec![], vec![]);
        let view = View::read(&mut Scan::new(&text), &mut buffer).unwrap();
        let shown = Shown { view: &view, text: text.as_bytes(), buffer: &buffer };
        let gap = steps_of(shown, &mut steps).err();
        let index = opening.index;
        completeness.take(&Told { index, steps: &steps, gap, erased: None });
    }
    completeness.finish(size).err()
}

/// The first problem of a log whose entries hold these links, `(field, links)` per entry.
fn hole(entries: &[&[(Field, Vec<Link>)]]) -> Option<String> {
    let mut openings = Vec::new();
    for (index, links) in (0..).zip(entries) {
        let mut fields = Fields::default();
        for (field, links) in *links {
            fields.set(*field, links_to_value(links));
        }
        openings.push(Opening::make(index, &seed(index), &fields, &CHAINED));
    }
    follow(&openings, entries.len() as u64).map(|problem| problem.text)
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
    let first =
        |openings: Vec<Opening>| follow(&openings, 3).map(|problem| (problem.entry, problem.text));
    assert_eq!(first(sample.openings()), None);
    for left_out in 0..3 {
        let mut openings = sample.openings();
        openings.remove(left_out);
        let expected = format!("entry {left_out} is not shown");
        assert_eq!(first(openings), Some((Some(left_out as u64), expected)));
    }
    for field in CHAINED {
        let mut sample = Sample::small();
        sample.shown.retain(|shown| *shown != field);
        let expected = format!("entry 0: `{field}` is not shown");
        assert_eq!(first(sample.openings()), Some((Some(0), expected)));
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
