use proptest::prelude::*;

use super::*;
use crate::checkpoint::LogKey;
use crate::testing::{ORIGIN, flips, log_key, tree};

fn note(key: &LogKey, tree: &Tree) -> String {
    key.sign(&Checkpoint { origin: ORIGIN.to_owned(), size: tree.len(), root: tree.root() })
}

fn diff(a: (&Tree, bool), b: (&Tree, bool)) -> Outcome {
    let (key, vkey) = (log_key(), log_key().vkey());
    let (note_a, note_b) = (note(&key, a.0), note(&key, b.0));
    let view = |note, (tree, shown): (_, bool)| View { note, tree: shown.then_some(tree) };
    verify_diff(view(&note_a, a), view(&note_b, b), &[&vkey]).unwrap()
}

fn split(outcome: Outcome) -> String {
    match outcome {
        Outcome::Split(evidence) => evidence,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_size_and_two_roots_prove_themselves() {
    let (honest, fork) = (tree(7, 100), tree(7, 3));
    let evidence = split(diff((&honest, false), (&fork, false)));
    let vkey = log_key().vkey();
    let shown = check_evidence(&evidence, Some(&[&vkey])).unwrap();
    assert_eq!((shown.older.size, shown.newer.size), (7, 7));
    assert_ne!(shown.older.root, shown.newer.root);
    assert_eq!(evidence, split(diff((&fork, false), (&honest, false))));
    assert_eq!(diff((&honest, false), (&honest, true)), Outcome::Agree);
}

#[test]
fn two_sizes_need_the_larger_ones_leaves_once() {
    let (small, fork) = (tree(7, 100), tree(12, 3));
    assert_eq!(diff((&small, true), (&fork, false)), Outcome::Unknown);
    let evidence = split(diff((&small, false), (&fork, true)));
    // From here on no leaf is needed.
    let shown = check_evidence(&evidence, None).unwrap();
    assert_eq!(shown.root, fork.root_at(7).unwrap());
    assert_eq!(diff((&small, false), (&tree(12, 7), true)), Outcome::Agree);
    assert_eq!(diff((&tree(0, 0), false), (&fork, false)), Outcome::Agree);
}

#[test]
fn no_bit_flip_of_the_evidence_proves_anything() {
    let evidence = split(diff((&tree(7, 100), false), (&tree(12, 3), true)));
    let vkey = log_key().vkey();
    for flipped in flips(evidence.as_bytes()).filter_map(|bytes| String::from_utf8(bytes).ok()) {
        assert!(check_evidence(&flipped, Some(&[&vkey])).is_err(), "{flipped}");
    }
}

#[test]
fn what_is_no_split_is_no_evidence() {
    let (small, large) = (tree(7, 100), tree(12, 100));
    let evidence = split(diff((&tree(7, 3), false), (&large, true)));
    let honest = serde_json::to_string(&note(&log_key(), &small)).unwrap();
    let forged = serde_json::to_string(&note(&log_key(), &tree(7, 3))).unwrap();
    let framed = evidence.replace(&forged, &honest);
    assert_ne!(framed, evidence);
    assert_eq!(check_evidence(&framed, None), Err(EvidenceError::NoSplit));
    // A made-up root does not lead to the signed one.
    let made_up = framed.replace(&hex::encode(small.root()), &hex::encode([7; 32]));
    assert_ne!(made_up, framed);
    assert_eq!(check_evidence(&made_up, None), Err(EvidenceError::NoSplit));
}

#[test]
fn strangers_keys_other_logs_and_other_leaves() {
    let (key, other) = (log_key(), LogKey::from_seed(ORIGIN, [8; 32]).unwrap());
    let (honest, fork) = (tree(7, 100), tree(9, 3));
    let (note_a, note_b) = (note(&key, &honest), note(&other, &fork));
    let (vkey, other_vkey) = (key.vkey(), other.vkey());
    let view = |note, tree| View { note, tree: Some(tree) };
    let (a, b) = (view(&note_a, &honest), view(&note_b, &fork));
    let refused = verify_diff(a, b, &[&vkey]);
    assert_eq!(refused, Err(EvidenceError::Checkpoint(CheckpointError::Unsigned)));
    // Two keys of one log, one after the other.
    let evidence = split(verify_diff(a, b, &[&vkey, &other_vkey]).unwrap());
    assert!(check_evidence(&evidence, Some(&[&vkey, &other_vkey])).is_ok());
    assert_eq!(check_evidence(&evidence, Some(&[&vkey])), Err(EvidenceError::Key));
    assert_eq!(verify_diff(view(&note_a, &fork), a, &[&vkey]), Err(EvidenceError::Leaves));
    let elsewhere = LogKey::from_seed("other.example", [9; 32]).unwrap();
    let origin = "other.example".to_owned();
    let note = elsewhere.sign(&Checkpoint { origin, size: 7, root: honest.root() });
    let views = verify_diff(a, view(&note, &honest), &[&vkey, &elsewhere.vkey()]);
    assert_eq!(views, Err(EvidenceError::TwoLogs));
}

proptest! {
    /// I13: whatever two views a log gave, a split is found exactly if there is one, and proves itself.
    #[test]
    fn a_split_is_found_exactly_if_there_is_one(a in 0..40_u64, b in 0..40_u64, from in 0..40_u64) {
        let (honest, fork) = (tree(a, 100), tree(b, from));
        let common = a.min(b) <= from;
        match diff((&honest, true), (&fork, true)) {
            Outcome::Agree => prop_assert!(common),
            Outcome::Split(evidence) => {
                prop_assert!(!common);
                prop_assert!(check_evidence(&evidence, None).is_ok());
            }
            Outcome::Unknown => prop_assert!(false),
        }
    }
}
