//! Completeness: exactly the entries the index counts, or from which one on.

use super::*;

#[test]
fn an_omitted_entry_is_a_hole() {
    let omit = |at: usize, shown: &[Field]| {
        let mut draft = Draft::new();
        draft.shown = shown.to_vec();
        draft.entries.remove(at);
        draft
    };
    omit(0, &ALL).check(3, Some(1), "entries before entry 1 are missing");
    omit(1, &ALL).check(3, Some(4), "entries before entry 4 are missing");
    omit(2, &ALL).check(3, None, "1 of 3 entries are missing");
    for at in 0..3 {
        omit(at, &[Field::Kind]).check(3, None, "1 of 3 entries are missing");
    }
    let mut none = Draft::new();
    none.entries.clear();
    none.check(3, None, "3 of 3 entries are missing");
    // A line cut off a finished file.
    for at in 1..4 {
        let written = Draft::new().write().edit(|lines| {
            lines.remove(at);
        });
        assert_eq!(written.verify().exit_code(), 3);
    }
}

#[test]
fn an_entry_of_another_chain_does_not_stand_in() {
    let swap = |shown: &[Field], entries: &[u64]| {
        let mut draft = Draft::new();
        (draft.shown, draft.entries) = (shown.to_vec(), entries.to_vec());
        draft
    };
    let foreign = "entry 2: `subject` has no link of this chain";
    swap(&ALL, &[0, 2, 4]).check(2, Some(2), foreign);
    swap(&ALL, &[0, 1, 2, 4]).check(2, Some(2), foreign);
    let hidden = [Field::Note];
    let differ = "the entries listed are not those the index counts";
    swap(&hidden, &[0, 2, 4]).check(3, None, differ);
    swap(&hidden, &[0, 1, 3]).check(3, None, differ);
    let more = "more entries are listed or skipped than the index counts";
    swap(&hidden, &[0, 1, 2, 4]).check(2, None, more);
    let mut absent = swap(&hidden, &[2]);
    absent.id = "Zyxw3".to_owned();
    absent.check(2, None, more);
}

#[test]
fn a_report_may_start_late() {
    let late = |count: usize, shown: &[Field]| {
        let mut draft = Draft::new();
        draft.shown = shown.to_vec();
        draft.skip(count);
        draft
    };
    for shown in [&ALL[..], &[Field::Note]] {
        for count in 1..4 {
            let draft = late(count, shown);
            let text = format!("ok, complete from entry {} of 3 on as of entry 5", count + 1);
            draft.write().holds(&text);
            let (_, listing) = read_report(&draft.write().path(), None);
            assert_eq!(listing.map(|listing| listing.skipped), Some(count as u64));
        }
    }
    let mut omitted = late(1, &ALL);
    omitted.entries.remove(0);
    omitted.check(3, Some(4), "entries before entry 4 are missing");
    omitted.shown.clear();
    omitted.check(3, None, "1 of 3 entries are missing");
    // More or fewer skipped than is said.
    let mut draft = late(1, &ALL);
    draft.skipped.iter_mut().for_each(|skipped| skipped.count = 2);
    draft.check(2, Some(1), "entry 1: `subject` has an ordinal out of order");
    draft.shown.clear();
    draft.check(2, None, "more entries are listed or skipped than the index counts");
    let mut draft = late(2, &ALL);
    draft.skipped.iter_mut().for_each(|skipped| skipped.count = 1);
    draft.check(3, Some(4), "entries before entry 4 are missing");
    draft.skipped.iter_mut().for_each(|skipped| (skipped.count, skipped.running) = (2, [0; 32]));
    draft.check(3, None, "the entries listed and skipped are not those the index counts");
    let written = Draft::new().write().put(
        0,
        r#""version""#,
        &format!(r#""skipped":{{"count":0,"running":"{}"}},"version""#, "00".repeat(32)),
    );
    written.check(2, None, "the header is not canonical");
}

#[test]
fn an_erased_entry_is_still_counted() {
    for erased in [vec![0], vec![1], vec![4], vec![0, 1], LISTED.to_vec()] {
        let (mut draft, count) = (Draft::new(), erased.len());
        draft.erased = erased.clone();
        let text = format!("ok, all 3 entries are listed as of entry 5; {count} said to be erased");
        draft.write().holds(&text);
        let (_, listing) = read_report(&draft.write().path(), None);
        for row in listing.unwrap().rows {
            assert_eq!(row.shown.is_none(), erased.contains(&row.index));
        }
        draft.entries.remove(1);
        assert_eq!(draft.write().verify().exit_code(), 3);
    }
    let mut draft = Draft::new();
    (draft.erased, draft.entries) = (vec![2], vec![0, 1, 2, 4]);
    draft.check(2, Some(4), "entry 4: `subject` has an ordinal out of order");
}

#[test]
fn a_link_that_was_recorded_wrong_is_found() {
    let record = |at: usize, n: u64, prev: i64| {
        Draft::of(|entries| {
            entries[at].set(Field::Subject, links_to_value(&[link("Zyxw1", n, prev)]));
        })
    };
    let ordinal = "entry 1: `subject` has an ordinal out of order";
    let prev = "does not point to the previous entry of its chain";
    record(1, 1, 0).check(2, Some(1), ordinal);
    record(1, 2, -1).check(2, Some(1), &format!("entry 1: `subject` {prev}"));
    record(4, 3, 0).check(2, Some(4), &format!("entry 4: `subject` {prev}"));
    record(0, 1, 0).check(2, Some(0), &format!("entry 0: `subject` {prev}"));
    record(0, 9, 0).check(2, Some(1), ordinal);
    for wrong in [-1, 1, 2] {
        let mut late = record(1, 2, wrong);
        late.skip(1);
        late.check(2, Some(1), &format!("entry 1: `subject` {prev}"));
    }
    let garbage = Draft::of(|entries| entries[1].set(Field::Subject, "[]"));
    garbage.check(2, Some(1), "entry 1: `subject` is not a list of links");
}
