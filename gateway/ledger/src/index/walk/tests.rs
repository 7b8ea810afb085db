use super::*;
use crate::chain::links_to_value;
use crate::entry::Fields;
use crate::index::tests::{brute_root, value_of};
use crate::testing::{link, seed};

const SHOWN: [Field; 5] =
    [Field::Kind, Field::Subject, Field::Patient, Field::Parties, Field::Payload];

fn entry(links: &[(Field, &[Link])]) -> Fields {
    let mut fields = Fields::default();
    fields.set(Field::Kind, "demo.opened");
    for (field, links) in links {
        fields.set(*field, links_to_value(links));
    }
    fields
}

fn saying(kind: &str, payload: Vec<u8>) -> Fields {
    let mut fields = entry(&[]);
    fields.set(Field::Kind, kind);
    fields.set(Field::Payload, payload);
    fields
}

/// The `ledger.index` entry over so many leaves of [`log`], its root computed by the definition.
fn stated(leaves: u64) -> Fields {
    let chains: [(Field, &str, &[u64]); 4] = [
        (Field::Subject, "a", &[0, 1, 4]),
        (Field::Patient, "a", &[1, 4]),
        (Field::Parties, "b", &[0, 3]),
        (Field::Parties, "a", &[3]),
    ];
    let before = |indices: &[u64]| -> Vec<u64> {
        indices.iter().copied().filter(|index| *index < leaves).collect()
    };
    let mut sorted: Vec<_> = chains
        .iter()
        .map(|(field, id, indices)| (index_key(*field, id), before(indices)))
        .filter(|(_, indices)| !indices.is_empty())
        .collect();
    sorted.sort();
    saying(INDEX_KIND, IndexRoot { root: brute_root(&sorted, 0), leaves }.to_value())
}

/// Six entries, two of them stating roots.
fn log() -> Vec<Fields> {
    use Field::{Parties, Patient, Subject};
    vec![
        entry(&[(Subject, &[link("a", 1, -1)]), (Parties, &[link("b", 1, -1)])]),
        entry(&[(Subject, &[link("a", 2, 0)]), (Patient, &[link("a", 1, -1)])]),
        stated(2),
        entry(&[(Parties, &[link("a", 1, -1), link("b", 2, 0)])]),
        entry(&[(Subject, &[link("a", 3, 1)]), (Patient, &[link("a", 2, 1)])]),
        stated(5),
    ]
}

fn opening(index: u64, fields: &Fields) -> Opening {
    Opening::make(index, &seed(index), fields, &SHOWN)
}

fn openings(log: &[Fields]) -> Vec<Opening> {
    (0..).zip(log).map(|(index, fields)| opening(index, fields)).collect()
}

fn walk(openings: &[Opening], size: u64) -> Result<Walked, WalkError> {
    let mut walk = IndexWalk::new();
    openings.iter().try_for_each(|opening| walk.note_erased(opening))?;
    openings.iter().try_for_each(|opening| walk.follow(opening))?;
    walk.finish(size)
}

fn found(openings: &[Opening], size: u64) -> Result<(u64, Option<u64>), WalkError> {
    walk(openings, size).map(|walked| (walked.roots, walked.first_difference))
}

/// The log with entries 1 and 4 erased, and the `key.shred` entries that say so.
fn erased_log() -> Vec<Opening> {
    let log = log();
    let listed = |index: u64| {
        let value = |field| links_from_value(log[index as usize].get(field)).unwrap();
        ErasedEntry::new(index, value)
    };
    let mut all = openings(&log);
    for (at, index) in [(6, 4), (7, 1)] {
        let payload = Erased { entries: vec![listed(index)] }.to_value();
        all.push(opening(at, &saying(ERASED_KIND, payload)));
    }
    all.retain(|opening| ![1, 4].contains(&opening.index));
    all
}

#[test]
fn every_stated_root_is_computed_anew() {
    let walked = walk(&openings(&log()), 6).unwrap();
    assert_eq!((walked.roots, walked.first_difference), (2, None));
    let value = walked.index.get(&index_key(Field::Subject, "a"));
    assert_eq!((value, walked.index.len()), (Some(value_of(&[0, 1, 4])), 4));
    assert_eq!(found(&[], 0), Ok((0, None)));

    let mut wrong = log();
    wrong[5] = stated(4);
    assert_eq!(found(&openings(&wrong), 6), Ok((2, Some(5))));
    wrong[2] = saying(INDEX_KIND, IndexRoot { root: [0; 32], leaves: 2 }.to_value());
    assert_eq!(found(&openings(&wrong), 6), Ok((2, Some(2))));
    // The right root, of another number of leaves.
    wrong[2] = log()[2].clone();
    let payload = String::from_utf8(log()[5].get(Field::Payload).to_vec()).unwrap();
    wrong[5].set(Field::Payload, payload.replace(r#""leaves":5"#, r#""leaves":4"#));
    assert_eq!(found(&openings(&wrong), 6), Ok((2, Some(5))));
}

#[test]
fn erased_entries_keep_their_links() {
    let all = erased_log();
    let walked = walk(&all, 8).unwrap();
    assert_eq!((walked.roots, walked.first_difference), (2, None));
    let value = walked.index.get(&index_key(Field::Patient, "a"));
    assert_eq!(value, Some(value_of(&[1, 4])));

    let with = |more: Opening| {
        let mut all = all.clone();
        all.push(more);
        all.sort_by_key(|opening| opening.index);
        let size = all.len() as u64 + 2;
        found(&all, size)
    };
    let shown = opening(1, &log()[1]);
    assert_eq!(with(shown), Err(WalkError::ErasedAndShown(1)));
    let shred = |index| {
        let entry = ErasedEntry::new(index, |_| Vec::new());
        opening(8, &saying(ERASED_KIND, Erased { entries: vec![entry] }.to_value()))
    };
    assert_eq!(with(shred(1)), Err(WalkError::ErasedTwice(1)));
    assert_eq!(with(shred(8)), Err(WalkError::ErasedTwice(8)));
    assert_eq!(with(shred(0)), Err(WalkError::ErasedAndShown(0)));
    let unlisted = &all[..all.len() - 1];
    assert_eq!(found(unlisted, 7), Err(WalkError::NotShown(1)));
}

#[test]
fn erased_entries_at_the_end_are_passed() {
    let mut walk = IndexWalk::new();
    let entry = ErasedEntry::new(0, |field| match field {
        Field::Subject => vec![link("a", 1, -1)],
        _ => Vec::new(),
    });
    let shred = saying(ERASED_KIND, Erased { entries: vec![entry] }.to_value());
    walk.note_erased(&opening(1, &shred)).unwrap();
    let walked = walk.finish(1).unwrap();
    assert_eq!(walked.index.get(&index_key(Field::Subject, "a")), Some(IndexValue::first(0)));
}

#[test]
fn a_log_that_cannot_be_followed_is_refused() {
    let all = openings(&log());
    assert_eq!(found(&all, 7), Err(WalkError::NotShown(6)));
    assert_eq!(found(&all, 5), Err(WalkError::Order(5)));
    for left_out in 0..6 {
        let mut all = all.clone();
        all.remove(left_out as usize);
        assert_eq!(found(&all, 6), Err(WalkError::NotShown(left_out)));
    }
    let mut twice = all.clone();
    twice.insert(1, all[0].clone());
    assert_eq!(found(&twice, 6), Err(WalkError::Order(0)));

    let check = |at: usize, fields: Fields, expected: WalkError| {
        let mut log = log();
        log[at] = fields;
        assert_eq!(found(&openings(&log), 6), Err(expected));
    };
    for second in [link("a", 3, 0), link("a", 1, 0), link("a", 2, -1), link("a", 2, 1)] {
        let fields = entry(&[(Field::Subject, &[second])]);
        check(1, fields, WalkError::Chain(1, Field::Subject));
    }
    let mut fields = entry(&[]);
    fields.set(Field::Parties, "[]");
    check(3, fields, WalkError::Links(3, Field::Parties));
    let not_canonical = |at| WalkError::Payload(at, PayloadError::NotCanonical);
    check(2, saying(INDEX_KIND, Vec::new()), not_canonical(2));
    check(4, saying(ERASED_KIND, Vec::new()), not_canonical(4));
}

#[test]
fn what_is_needed_must_be_shown() {
    let hidden = |at: u64, field: Field| {
        let mut all = openings(&log());
        let shown: Vec<Field> = SHOWN.into_iter().filter(|shown| *shown != field).collect();
        all[at as usize] = Opening::make(at, &seed(at), &log()[at as usize], &shown);
        found(&all, 6)
    };
    for field in [Field::Kind, Field::Subject, Field::Patient, Field::Parties] {
        assert_eq!(hidden(3, field), Err(WalkError::Hidden(3, field)));
    }
    assert_eq!(hidden(3, Field::Payload), Ok((2, None)));
    assert_eq!(hidden(2, Field::Payload), Err(WalkError::Hidden(2, Field::Payload)));
}
