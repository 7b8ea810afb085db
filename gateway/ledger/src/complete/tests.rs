use super::*;
use crate::chain::{Link, links_to_value};
use crate::entry::Fields;
use crate::index::{Erased, ErasedEntry};
use crate::testing::{Copy, Sample, link, seed};
use crate::{Opening, Report};

fn erased(index: u64, subject: Vec<Link>) -> ErasedEntry {
    ErasedEntry::new(index, |field| if field == Field::Subject { subject.clone() } else { vec![] })
}

fn about(links: &[Link]) -> Fields {
    let mut fields = Fields::default();
    fields.set(Field::Kind, "demo.opened");
    fields.set(Field::Subject, links_to_value(links));
    fields
}

fn shred(list: &[ErasedEntry]) -> Fields {
    let mut fields = Fields::default();
    fields.set(Field::Kind, "key.shred");
    fields.set(Field::Payload, Erased { entries: list.to_vec() }.to_value());
    fields
}

/// Subject a: entries 0, 1, 3, 6. Subject b: entries 2, 3. Entry 4 says that 0 and 2 are erased,
/// entry 7 that 3 and 6 are.
fn lists() -> [Vec<ErasedEntry>; 2] {
    [
        vec![erased(0, vec![link("a", 1, -1)]), erased(2, vec![link("b", 1, -1)])],
        vec![erased(3, vec![link("a", 3, 1), link("b", 2, 2)]), erased(6, vec![link("a", 4, 3)])],
    ]
}

fn verify(lists: [Vec<ErasedEntry>; 2], shown: &[u64]) -> Report {
    let entries = vec![
        about(&[link("a", 1, -1)]),
        about(&[link("a", 2, 0)]),
        about(&[link("b", 1, -1)]),
        about(&[link("a", 3, 1), link("b", 2, 2)]),
        shred(&lists[0]),
        Fields::default(),
        about(&[link("a", 4, 3)]),
        shred(&lists[1]),
        Fields::default(),
    ];
    let mut sample = Sample::of(entries);
    sample.shown.extend([Field::Kind, Field::Payload]);
    let mut openings = sample.openings();
    openings.retain(|opening| shown.contains(&opening.index));
    let copy = Copy::empty();
    sample.write_showing(&copy.dir(), openings);
    copy.verify()
}

fn check(lists: [Vec<ErasedEntry>; 2], shown: &[u64], first_bad: Option<u64>, problem: &str) {
    let report = verify(lists, shown);
    let found = (report.exit_code(), report.first_bad, report.first_problem());
    assert_eq!(found, (3, first_bad, Some(problem)));
    assert!(report.integrity.holds());
}

const SHOWN: [u64; 5] = [1, 4, 5, 7, 8];

#[test]
fn erased_entries_leave_the_list_whole() {
    let report = verify(lists(), &SHOWN);
    assert_eq!(report.exit_code(), 0, "{report:?}");
    let text = "ok, every entry is shown or erased (4 are) and no chain has a hole";
    assert_eq!((report.completeness.text(), report.entries), (text, 5));
}

#[test]
fn an_entry_neither_shown_nor_erased_is_missing() {
    check(lists(), &[4, 5, 7, 8], Some(1), "entry 1 is not shown");
    check(lists(), &[1, 4, 7, 8], Some(5), "entry 5 is not shown");
    check(lists(), &[1, 4, 5, 7], Some(8), "entry 8 is not shown");
    // The list itself is not shown: nobody says that these are erased.
    check(lists(), &[1, 5, 7, 8], Some(0), "entry 0 is not shown");
    check(lists(), &[1, 4, 5, 8], Some(3), "entry 3 is not shown");
    check(lists(), &[], Some(0), "entry 0 is not shown");
}

#[test]
fn the_links_of_an_erased_entry_count() {
    let with = |first: Vec<Link>, third: Vec<Link>| {
        let [mut one, mut two] = lists();
        one[0] = erased(0, first);
        two[0] = erased(3, third);
        [one, two]
    };
    let third = vec![link("a", 3, 1), link("b", 2, 2)];
    let ordinal = |entry| format!("entry {entry}: `subject` has an ordinal out of order");
    let prev = |entry| {
        format!("entry {entry}: `subject` does not point to the previous entry of its chain")
    };
    check(with(vec![], third.clone()), &SHOWN, Some(1), &ordinal(1));
    check(with(vec![link("a", 2, -1)], third.clone()), &SHOWN, Some(0), &ordinal(0));
    let first = vec![link("a", 1, -1)];
    check(with(first.clone(), vec![link("b", 2, 2)]), &SHOWN, Some(6), &ordinal(6));
    let astray = vec![link("a", 3, 0), link("b", 2, 2)];
    check(with(first, astray), &SHOWN, Some(3), &prev(3));
}

#[test]
fn no_entry_is_listed_twice_or_listed_and_shown() {
    let both = |index| format!("entry {index}: both shown and listed as erased");
    check(lists(), &[0, 1, 4, 5, 7, 8], Some(0), &both(0));
    check(lists(), &[1, 2, 4, 5, 7, 8], Some(2), &both(2));
    check(lists(), &[1, 3, 4, 5, 7, 8], Some(3), &both(3));
    check(lists(), &[1, 4, 5, 6, 7, 8], Some(6), &both(6));
    check(lists(), &[0, 1, 2, 3, 4, 5, 6, 7, 8], Some(0), &both(0));
    let [one, mut two] = lists();
    two.insert(0, erased(2, vec![link("b", 1, -1)]));
    check([one, two], &SHOWN, Some(2), "entry 2: listed twice as erased");
}

#[test]
fn an_entry_is_erased_by_a_later_one() {
    let [one, mut two] = lists();
    two.push(erased(8, vec![]));
    let shown = [1, 4, 5, 7];
    let why = "entry 7: lists an entry that is not before it";
    check([one.clone(), two.clone()], &shown, Some(7), why);
    two.pop();
    two.push(erased(7, vec![]));
    let problem = "entry 7: both shown and listed as erased";
    check([one.clone(), two.clone()], &SHOWN, Some(7), problem);
    two.pop();
    let early = vec![
        erased(0, vec![link("a", 1, -1)]),
        erased(2, vec![link("b", 1, -1)]),
        two[0].clone(),
        erased(5, vec![]),
    ];
    check(
        [early, vec![two[1].clone()]],
        &[1, 4, 7, 8],
        Some(4),
        "entry 4: lists an entry that is not before it",
    );
}

#[test]
fn a_list_that_cannot_be_read_is_incomplete() {
    for payload in ["", "Zyxw", r#"{"erased":[]}"#] {
        let mut fields = Fields::default();
        fields.set(Field::Kind, "key.shred");
        fields.set(Field::Payload, payload);
        let mut sample = Sample::of(vec![fields]);
        sample.shown.extend([Field::Kind, Field::Payload]);
        let problem = "entry 0: `payload` is not a list of erased entries";
        Copy::of(&sample).check(3, Some(0), problem);
        sample.shown.pop();
        Copy::of(&sample).check(3, Some(0), "entry 0: `payload` is not shown");
        sample.shown.pop();
        assert_eq!(Copy::of(&sample).verify().exit_code(), 0, "nobody says what it is");
    }
}

/// The look ahead sees a line by how it begins; here by how it is written.
#[test]
fn a_list_is_known_by_its_kind() {
    let opening = |fields: &Fields, shown: &[Field]| {
        Opening::make(1 << 40, &seed(1), fields, shown).to_json().unwrap()
    };
    let list = shred(&lists()[0]);
    assert!(shows_shred(&opening(&list, &Field::ALL)));
    assert!(shows_shred(&opening(&list, &[Field::Kind])));
    assert!(!shows_shred(&opening(&list, &[Field::Payload])));
    assert!(!shows_shred(&opening(&about(&[]), &Field::ALL)));
    let mut other = shred(&[]);
    other.set(Field::Kind, "key.shredded");
    assert!(!shows_shred(&opening(&other, &Field::ALL)));
    assert!(!shows_shred("é") && !shows_shred(""));
}
