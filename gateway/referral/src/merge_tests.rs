//! Laws of merging persons.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::Presented;

const INDEX: &str = "urn:a:mrn";

fn hospital() -> OrgId {
    "hospital-a".parse().unwrap()
}

fn mrn(value: &str) -> Identifier {
    Identifier { system: INDEX.into(), value: value.into() }
}

fn person(n: u8) -> PersonId {
    PersonId::from_random([n; 16])
}

fn register(persons: &mut Persons, by: &OrgId, identifiers: &[Identifier], n: u8) -> PersonId {
    let presented = Presented {
        by: by.clone(),
        identifiers: identifiers.to_vec(),
        index: Some(INDEX.into()),
        sameness: None,
    };
    let (who, events) = persons.decide(&presented, &[], person(n));
    events.iter().for_each(|event| persons.evolve(event));
    who
}

/// Persons 1, 2, 3 … under the numbers `A`, `B`, `C` ….
fn known(count: u8) -> Persons {
    let mut persons = Persons::default();
    for n in 0..count {
        let name = char::from(b'A' + n).to_string();
        register(&mut persons, &hospital(), &[mrn(&name)], n + 1);
    }
    persons
}

fn merge(persons: &mut Persons, retired: &str, survivor: &str) -> Result<Merging, NotMerged> {
    let merging = persons.decide_merge(&hospital(), INDEX, &[mrn(survivor)], &[mrn(retired)])?;
    if let Merging::Now(event) = &merging {
        persons.evolve(event);
    }
    Ok(merging)
}

fn who(persons: &Persons, value: &str) -> Vec<PersonId> {
    persons.holding(&mrn(value))
}

#[test]
fn after_a_merge_both_numbers_are_the_survivors() {
    let mut persons = known(3);
    let merging = merge(&mut persons, "A", "B").unwrap();
    assert!(matches!(
        merging,
        Merging::Now(PersonEvent::Merged { survivor, retired, .. })
            if survivor == person(2) && retired == person(1)
    ));
    assert_eq!((who(&persons, "A"), who(&persons, "B")), (vec![person(2)], vec![person(2)]));
    assert_eq!(persons.resolve(person(1)), person(2));
    assert_eq!(persons.names_of(person(1)), [person(2), person(1)]);
    assert_eq!(persons.names_of(person(3)), [person(3)]);
    assert_eq!(persons.len(), 2);
    // Whoever is presented under the old number is the survivor.
    assert_eq!(register(&mut persons, &hospital(), &[mrn("A")], 9), person(2));
}

#[test]
fn the_same_again_changes_nothing() {
    let mut persons = known(2);
    merge(&mut persons, "A", "B").unwrap();
    let before = persons.clone();
    assert_eq!(merge(&mut persons, "A", "B"), Ok(Merging::Already(person(2))));
    assert!(persons == before);
    // Nor does the event itself, once more.
    let event = PersonEvent::Merged {
        survivor: person(2),
        retired: person(1),
        by: hospital(),
        identifiers: vec![mrn("B")],
        superseded: vec![mrn("A")],
    };
    persons.evolve(&event);
    assert!(persons == before);
}

#[test]
fn a_chain_leads_to_its_end_and_a_ring_is_refused() {
    let mut persons = known(3);
    merge(&mut persons, "A", "B").unwrap();
    merge(&mut persons, "B", "C").unwrap();
    for name in ["A", "B", "C"] {
        assert_eq!(who(&persons, name), [person(3)], "{name}");
    }
    assert_eq!(persons.names_of(person(1)), [person(3), person(1), person(2)]);
    let before = persons.clone();
    for (retired, survivor) in [("C", "A"), ("C", "B"), ("B", "A"), ("A", "A")] {
        assert_eq!(merge(&mut persons, retired, survivor), Err(NotMerged::Cycle));
    }
    // What was said before is still so, and what follows from it.
    for (retired, survivor) in [("A", "B"), ("B", "C"), ("A", "C")] {
        assert_eq!(merge(&mut persons, retired, survivor), Ok(Merging::Already(person(3))));
    }
    assert!(persons == before);
}

#[test]
fn a_chain_told_from_its_end_comes_to_the_same() {
    let mut persons = known(3);
    merge(&mut persons, "B", "C").unwrap();
    merge(&mut persons, "A", "B").unwrap();
    assert_eq!(persons.names_of(person(1)), [person(3), person(1), person(2)]);
    assert_eq!(merge(&mut persons, "C", "A"), Err(NotMerged::Cycle));
}

#[test]
fn nobody_known_is_nothing_to_do() {
    let mut persons = known(1);
    let before = persons.clone();
    assert_eq!(merge(&mut persons, "Z", "A"), Ok(Merging::Nobody));
    assert_eq!(merge(&mut persons, "Z", "Y"), Ok(Merging::Nobody));
    assert!(persons == before);
}

#[test]
fn a_survivor_that_is_not_known_is_another_number_of_the_retired() {
    let mut persons = known(1);
    let merging = merge(&mut persons, "A", "Z").unwrap();
    assert!(matches!(
        merging,
        Merging::Now(PersonEvent::Superseded { person: who, .. }) if who == person(1)
    ));
    assert_eq!((who(&persons, "A"), who(&persons, "Z")), (vec![person(1)], vec![person(1)]));
    assert_eq!(persons.names_of(person(1)), [person(1)]);
    assert_eq!(merge(&mut persons, "A", "Z"), Ok(Merging::Already(person(1))));
    assert_eq!(merge(&mut persons, "Z", "A"), Err(NotMerged::Cycle));
}

#[test]
fn only_numbers_of_its_own_index_count() {
    let mut persons = known(2);
    let clinic: OrgId = "clinic-b".parse().unwrap();
    register(&mut persons, &clinic, &[mrn("A")], 7);
    let before = persons.clone();
    let other = |value: &str| Identifier { system: "urn:insurance".into(), value: value.into() };
    let decide = |persons: &Persons, by: &OrgId, survivor, retired| {
        persons.decide_merge(by, INDEX, &[survivor], &[retired])
    };
    let not_own = Err(NotMerged::NotOwn);
    assert_eq!(decide(&persons, &hospital(), other("1"), mrn("A")), not_own);
    assert_eq!(decide(&persons, &hospital(), mrn("B"), other("1")), not_own);
    // Another organization's numbers are of other persons, though they read the same.
    assert_eq!(decide(&persons, &clinic, mrn("A"), mrn("B")), Ok(Merging::Nobody));
    assert!(persons == before);
    merge(&mut persons, "A", "B").unwrap();
    assert_eq!(who(&persons, "A"), [person(2), person(7)]);
}

#[test]
fn numbers_of_several_persons_on_one_side_are_refused() {
    let persons = known(3);
    let both = [mrn("A"), mrn("B")];
    let decide = |survivor: &[Identifier], retired: &[Identifier]| {
        persons.decide_merge(&hospital(), INDEX, survivor, retired)
    };
    assert_eq!(decide(&both, &[mrn("C")]), Err(NotMerged::Several));
    assert_eq!(decide(&[mrn("C")], &both), Err(NotMerged::Several));
}

#[test]
fn who_looked_alike_does_not_look_like_themselves() {
    let mut persons = known(3);
    for (one, other) in [(1, 2), (1, 3)] {
        persons.evolve(&PersonEvent::CandidateNoted { person: person(one), other: person(other) });
    }
    merge(&mut persons, "A", "B").unwrap();
    let left: Vec<_> = persons.candidates().copied().collect();
    assert_eq!(left, [(person(2), person(3))]);
}

proptest! {
    /// Whatever is merged in whatever order: who somebody is now is nobody's former name, every number
    /// leads to one person, the names of all together are everybody, and the numbers form no ring.
    #[test]
    fn whatever_is_merged_everybody_is_somebody(pairs in prop::collection::vec((0..6u8, 0..6u8), 0..30)) {
        let mut persons = known(6);
        let name = |n: u8| char::from(b'A' + n).to_string();
        for (retired, survivor) in pairs {
            let before = persons.clone();
            match merge(&mut persons, &name(retired), &name(survivor)) {
                Ok(Merging::Now(_)) => {
                    prop_assert_eq!(who(&persons, &name(retired)), who(&persons, &name(survivor)));
                }
                _ => prop_assert!(persons == before),
            }
        }
        let mut all = BTreeSet::new();
        for n in 0..6 {
            let holders = who(&persons, &name(n));
            prop_assert_eq!(holders.len(), 1);
            prop_assert_eq!(persons.resolve(holders[0]), holders[0]);
            prop_assert_eq!(persons.resolve(person(n + 1)), holders[0]);
            all.extend(persons.names_of(holders[0]));
            // Following what replaced a number ends.
            let mut at = mrn(&name(n));
            for _ in 0..7 {
                let Some(next) = persons.superseded.get(&(hospital(), at.clone())) else { break };
                at = next.clone();
            }
            prop_assert!(!persons.superseded.contains_key(&(hospital(), at)));
        }
        prop_assert_eq!(all.len(), 6);
    }
}
