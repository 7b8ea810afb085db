use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::entry::{Field, field_digest};
use crate::tree::{Tree, leaf_hash};

/// By `hmac` and by the tree of the log.
fn plainly(keys: &[Hash; FIELD_COUNT], values: &[Vec<u8>], hidden: u16) -> Hash {
    let mut tree = Tree::new();
    for (at, field) in Field::ALL.into_iter().enumerate() {
        let digest = match hidden >> at & 1 {
            1 => keys[at],
            _ => field_digest(&keys[at], field, &values[at]),
        };
        tree.append(leaf_hash(&digest));
    }
    tree.root()
}

fn fast(keys: &[Hash; FIELD_COUNT], values: &[Vec<u8>], hidden: u16) -> Hash {
    let position = |at: usize| match hidden >> at & 1 {
        1 => Position::Hidden(&keys[at]),
        _ => Position::Shown(&keys[at], &values[at]),
    };
    commitment_of(&std::array::from_fn(position))
}

fn keys(from: u8) -> [Hash; FIELD_COUNT] {
    std::array::from_fn(|at| Sha256::digest([from, at as u8]).into())
}

/// Every length around one, two, three and four blocks, in every position.
#[test]
fn every_length_agrees_with_the_plain_way() {
    let keys = keys(0);
    for length in 0..=270 {
        let values = vec![vec![0x5a; length]; FIELD_COUNT];
        assert_eq!(fast(&keys, &values, 0), plainly(&keys, &values, 0), "{length}");
    }
}

#[test]
fn a_node_is_the_hash_of_one_and_both() {
    let [left, right, ..] = keys(1);
    let expected: Hash = Sha256::digest([&[1][..], &left, &right].concat()).into();
    assert_eq!(node(&left, &right), expected);
}

#[test]
fn parts_are_hashed_as_one() {
    for length in 0..130_usize {
        let text: Vec<u8> = (0..length as u8).collect();
        let (left, right) = text.split_at(length / 3);
        let expected: Hash = Sha256::digest(&text).into();
        assert_eq!(sha256_of(&[left, right]), expected, "{length}");
    }
}

proptest! {
    #[test]
    fn any_opening_agrees_with_the_plain_way(
        hidden: u16,
        from: u8,
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), FIELD_COUNT),
    ) {
        let keys = keys(from);
        prop_assert_eq!(fast(&keys, &values, hidden), plainly(&keys, &values, hidden));
    }
}
