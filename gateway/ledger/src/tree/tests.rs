use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2_011::Sha256;

use super::*;
use crate::testing::{flips, hex32};

type Oracle = MemoryBackedTree<Sha256, Vec<u8>>;

fn oracle_root(oracle: &Oracle) -> Hash {
    oracle.root().as_bytes().as_slice().try_into().unwrap()
}

fn data(index: u64) -> Vec<u8> {
    format!("leaf {index}").into_bytes()
}

fn tree_of(size: u64) -> Tree {
    let mut tree = Tree::new();
    for index in 0..size {
        assert_eq!(tree.append(leaf_hash(&data(index))), index);
    }
    tree
}

/// The eight leaves and all their roots from the Certificate Transparency reference code
/// (`merkle_tree_test.cc`), used by every RFC 6962 implementation since.
#[test]
fn published_vectors() {
    let leaves = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut tree = Tree::new();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(tree.root(), hex32(empty));
    for (leaf, root) in leaves.into_iter().zip(roots) {
        tree.append(leaf_hash(&hex::decode(leaf).unwrap()));
        assert_eq!(tree.root(), hex32(root));
    }
    let hashes = |texts: &[&str]| -> Vec<Hash> { texts.iter().map(|text| hex32(text)).collect() };
    let path_5_of_8 = [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    assert_eq!(tree.prove_inclusion(5, 8), Some(hashes(&path_5_of_8)));
    let consistency_6_to_8 = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    let proof = tree.prove_consistency(6, 8);
    assert_eq!(proof, Some(hashes(&consistency_6_to_8)));
}

#[test]
fn every_root_up_to_2000_is_the_oracles() {
    let (mut tree, mut oracle) = (Tree::new(), Oracle::new());
    assert_eq!(tree.root(), oracle_root(&oracle));
    let mut roots = vec![tree.root()];
    for index in 0..2000 {
        tree.append(leaf_hash(&data(index)));
        oracle.push(data(index));
        assert_eq!(tree.root(), oracle_root(&oracle), "size {}", index + 1);
        assert_eq!(tree.leaf(index), Some(leaf_hash(&data(index))));
        roots.push(tree.root());
    }
    for (size, root) in (0..).zip(roots) {
        assert_eq!(tree.root_at(size), Some(root), "size {size}");
    }
    assert_eq!((tree.root_at(2001), tree.leaf(2000)), (None, None));
}

/// Calls `check` with every copy of the proof in which one bit, or the length, is another.
fn each_spoilt(proof: &[Hash], mut check: impl FnMut(&[Hash])) {
    for flipped in flips(proof.as_flattened()) {
        check(flipped.as_chunks::<32>().0);
    }
    let mut longer = proof.to_vec();
    longer.push([0; 32]);
    check(&longer);
    if let Some((_, shorter)) = proof.split_last() {
        check(shorter);
        check(&proof[1..]);
    }
}

fn flips32(hash: &Hash) -> impl Iterator<Item = Hash> + '_ {
    flips(hash).map(|flipped| flipped.try_into().unwrap())
}

#[test]
fn inclusion_holds_and_no_flip_does() {
    let tree = tree_of(41);
    let root = |size| tree.root_at(size).unwrap();
    for size in 1..=40 {
        for index in 0..size {
            let leaf = tree.leaf(index).unwrap();
            let proof = tree.prove_inclusion(index, size).unwrap();
            let check = |leaf: &Hash, index, size, proof: &[Hash], root: &Hash| {
                check_inclusion(leaf, index, size, proof, root).is_ok()
            };
            let root_here = root(size);
            assert!(check(&leaf, index, size, &proof, &root_here));
            for flipped in flips32(&leaf) {
                assert!(!check(&flipped, index, size, &proof, &root_here));
            }
            for flipped in flips32(&root_here) {
                assert!(!check(&leaf, index, size, &proof, &flipped));
            }
            each_spoilt(&proof, |spoilt| {
                assert!(!check(&leaf, index, size, spoilt, &root_here));
            });
            for other in [index.wrapping_sub(1), index + 1] {
                assert!(!check(&leaf, other, size, &proof, &root_here));
            }
            for other in [size - 1, size + 1] {
                assert!(!check(&leaf, index, other, &proof, &root(other)));
            }
        }
    }
}

#[test]
fn consistency_holds_and_no_flip_does() {
    let tree = tree_of(41);
    let root = |size| tree.root_at(size).unwrap();
    for new in 0..=40 {
        for old in 0..=new {
            let proof = tree.prove_consistency(old, new).unwrap();
            let check = |old, old_root: &Hash, new, new_root: &Hash, proof: &[Hash]| {
                check_consistency(old, old_root, new, new_root, proof).is_ok()
            };
            let (old_root, new_root) = (root(old), root(new));
            assert!(check(old, &old_root, new, &new_root, &proof));
            for flipped in flips32(&old_root) {
                assert!(!check(old, &flipped, new, &new_root, &proof));
            }
            // Any tree continues the empty one, so only then the new root is free.
            for flipped in flips32(&new_root).take_while(|_| old > 0 || new == 0) {
                assert!(!check(old, &old_root, new, &flipped, &proof));
            }
            each_spoilt(&proof, |spoilt| {
                assert!(!check(old, &old_root, new, &new_root, spoilt));
            });
            for other in [old.wrapping_sub(1), old + 1] {
                assert!(!check(other, &old_root, new, &new_root, &proof) || other == 0);
            }
            for other in [new.wrapping_sub(1), new + 1].map(|size| size.min(41)) {
                let spoilt = check(old, &old_root, other, &root(other), &proof);
                assert!(!spoilt || old == 0 || other == new, "{old} {new} {other}");
            }
        }
    }
}

#[test]
fn no_proof_outside_the_tree() {
    let tree = tree_of(5);
    assert_eq!(tree.prove_inclusion(5, 5), None);
    assert_eq!(tree.prove_inclusion(0, 6), None);
    assert_eq!(tree.prove_inclusion(0, 0), None);
    assert_eq!(tree.prove_consistency(3, 6), None);
    assert_eq!(tree.prove_consistency(4, 3), None);
    let many = vec![[0; 32]; 1000];
    let root = tree.root();
    let inclusion = |index, size| check_inclusion(&root, index, size, &many, &root);
    assert_eq!(inclusion(5, 5), Err(ProofError::OutOfRange));
    assert_eq!(inclusion(0, u64::MAX), Err(ProofError::Shape));
    let consistency = |old, new| check_consistency(old, &root, new, &root, &many[..64]);
    assert_eq!(consistency(6, 5), Err(ProofError::OutOfRange));
    assert_eq!(consistency(0, 5), Err(ProofError::Shape));
    assert!(consistency(u64::MAX - 1, u64::MAX).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn random_sizes_agree_with_the_oracle(size in 1_u64..3000, at: u64, old: u64) {
        let (index, old) = (at % size, 1 + old % size);
        let tree = tree_of(size);
        let mut oracle = Oracle::new();
        (0..size).for_each(|index| oracle.push(data(index)));
        prop_assert_eq!(tree.root(), oracle_root(&oracle));
        let proof = tree.prove_inclusion(index, size).unwrap();
        let expected = oracle.prove_inclusion(index as usize);
        prop_assert_eq!(proof.as_flattened(), expected.as_bytes());
        let proof = tree.prove_consistency(old, size).unwrap();
        let expected = oracle.prove_consistency((size - old) as usize);
        prop_assert_eq!(proof.as_flattened(), expected.as_bytes());
    }
}
