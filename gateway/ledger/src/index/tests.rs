use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::testing::hex32;

/// A trie's root by its definition, from the sorted list of what it holds; written without a look
/// at the code.
pub(super) fn brute_root(sorted: &[(Hash, Vec<u64>)], depth: u32) -> Hash {
    match sorted {
        [] => [0; 32],
        [(key, indices)] => {
            let mut running = [0; 32];
            for index in indices {
                let step = [&[4][..], &running, &index.to_be_bytes()].concat();
                running = Sha256::digest(step).into();
            }
            let count = (indices.len() as u64).to_be_bytes();
            let last = indices[indices.len() - 1].to_be_bytes();
            Sha256::digest([&[2][..], key, &count, &last, &running].concat()).into()
        }
        _ => {
            let mask = 0x80u8 >> (depth % 8);
            let ones = sorted.partition_point(|(key, _)| key[depth as usize / 8] & mask == 0);
            let (left, right) = sorted.split_at(ones);
            let (left, right) = (brute_root(left, depth + 1), brute_root(right, depth + 1));
            Sha256::digest([&[3][..], &left, &right].concat()).into()
        }
    }
}

pub(super) fn value_of(indices: &[u64]) -> IndexValue {
    let first = IndexValue::first(indices[0]);
    indices[1..].iter().fold(first, |value, index| value.after(*index))
}

/// Keys that share long beginnings: one of four, with the bits from `at` on turned over.
fn a_key() -> impl Strategy<Value = Hash> {
    let start = prop::sample::select(vec![[0u8; 32], [0xff; 32], [0x5a; 32], [0x80; 32]]);
    (start, 0usize..=256).prop_map(|(mut key, at)| {
        for bit in at..256 {
            key[bit / 8] ^= 0x80 >> (bit % 8);
        }
        key
    })
}

#[derive(Debug, Clone)]
enum Step {
    Extend(Hash),
    Root,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => prop_oneof![a_key(), any::<Hash>()].prop_map(Step::Extend),
        1 => Just(Step::Root),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Invariant I8: whatever comes, and whenever the root is asked for, the index is the plain map.
    #[test]
    fn an_index_is_a_map(steps in steps(), absent in prop::collection::vec(a_key(), 8)) {
        let (mut index, mut map) = (Index::new(), BTreeMap::<Hash, Vec<u64>>::new());
        let sorted = |map: &BTreeMap<Hash, Vec<u64>>| -> Vec<(Hash, Vec<u64>)> {
            map.iter().map(|(key, indices)| (*key, indices.clone())).collect()
        };
        for (at, step) in (0..).zip(&steps) {
            let Step::Extend(key) = step else {
                prop_assert_eq!(index.root(), brute_root(&sorted(&map), 0));
                continue;
            };
            let value = index.get(key);
            index.put(*key, value.map_or(IndexValue::first(at), |value| value.after(at)));
            map.entry(*key).or_default().push(at);
        }
        let root = index.root();
        prop_assert_eq!(root, brute_root(&sorted(&map), 0));
        prop_assert_eq!(index.len(), map.len());
        for key in map.keys().chain(&absent) {
            let expected = map.get(key).map(|indices| value_of(indices));
            prop_assert_eq!(index.get(key), expected);
            prop_assert_eq!(index.prove(key).check(key, &root), Ok(expected));
        }
        let reversed = map.iter().rev().map(|(key, indices)| (*key, value_of(indices)));
        prop_assert_eq!(reversed.collect::<Index>().root(), root);
    }
}

/// Expected values from another program, written after `FORMAT.md`.
#[test]
fn known_values() {
    let mut index = Index::new();
    assert_eq!((index.root(), index.is_empty()), ([0; 32], true));
    for at in [3, 7] {
        index.extend(Field::Subject, "a", at);
    }
    let a = hex32("88e92018628b2979c0e7f272dd53910a3a83ab10df504acdb7f8a3571d96e226");
    assert_eq!(index_key(Field::Subject, "a"), a);
    let running = hex32("f5114bb8d69d836a882d03da9891d3c875cd172b5dec70f0eff5222fae073632");
    assert_eq!(index.get(&a), Some(IndexValue { count: 2, last: 7, running }));
    assert_eq!(
        index.root(),
        hex32("76d730cb87dff368ed41a55cf6554d23f179b6b33ea566b10de701491ca6448f")
    );
    index.extend(Field::Patient, "a", 3);
    assert_eq!(
        index.root(),
        hex32("4fadfbed720c5b1fa26ffc7da5b763b2e933491921a900427664efb7c07e2255")
    );
    for at in [0, 7, 9] {
        index.extend(Field::Parties, "b", at);
    }
    assert_eq!(
        index.root(),
        hex32("3c0bbef4c284d2598f27933d8877078004f520d5b5f1ce643e854448dffe18a8")
    );
    assert_eq!((index.len(), index.get(&[9; 32])), (3, None));
}

#[test]
fn keys_that_part_at_the_last_bit() {
    let mut key = [0xa5; 32];
    let mut pairs = vec![(key, vec![1])];
    for depth in (0..256).rev() {
        let mut other = key;
        other[depth / 8] ^= 0x80 >> (depth % 8);
        pairs.push((other, vec![depth as u64]));
    }
    let build = |pairs: &[(Hash, Vec<u64>)]| -> Index {
        pairs.iter().map(|(key, indices)| (*key, value_of(indices))).collect()
    };
    // Two keys 255 bits along, one after the other, then one at each bit.
    for count in [2, pairs.len()] {
        let mut index = build(&pairs[..count]);
        let mut sorted = pairs[..count].to_vec();
        sorted.sort();
        assert_eq!(index.root(), brute_root(&sorted, 0));
        assert_eq!(index.inners.len(), 256);
    }
    let mut index = build(&pairs[..2]);
    let root = index.root();
    let found = index.prove(&key).check(&key, &root);
    assert_eq!(found, Ok(Some(IndexValue::first(1))));
    key[0] ^= 0x80;
    assert_eq!(index.prove(&key).check(&key, &root), Ok(None));
}

#[test]
fn only_what_changed_is_hashed() {
    let key = |n: u64| -> Hash { Sha256::digest(n.to_be_bytes()).into() };
    let mut index: Index = (0..1_000).map(|n| (key(n), IndexValue::first(n))).collect();
    let dirty = |index: &Index| index.inners.iter().filter(|inner| inner.dirty).count();
    assert_eq!(dirty(&index), index.inners.len());
    let before = index.root();
    assert_eq!(dirty(&index), 0);
    let copy = index.clone();
    index.put(key(500), IndexValue::first(500).after(1_000));
    assert!((1..40).contains(&dirty(&index)), "{}", dirty(&index));
    assert_ne!(index.root(), before);
    assert_eq!((dirty(&index), copy.clone().root()), (0, before));
}

#[test]
fn of_two_values_the_later_counts() {
    let pairs = [([1; 32], IndexValue::first(1)), ([1; 32], IndexValue::first(2))];
    let index: Index = pairs.into_iter().collect();
    assert_eq!((index.len(), index.get(&[1; 32])), (1, Some(IndexValue::first(2))));
}
