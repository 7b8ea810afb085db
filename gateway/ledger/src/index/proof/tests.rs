use super::*;
use crate::entry::Field;
use crate::index::{Index, index_key};
use crate::testing::flips;

/// Forty chains; the key of the `n`-th.
fn key(n: u64) -> Hash {
    index_key(Field::Subject, &format!("chain {n}"))
}

fn forty() -> (Index, Hash) {
    let mut index: Index = (0..40).map(|n| (key(n), IndexValue::first(n).after(n + 40))).collect();
    let root = index.root();
    (index, root)
}

#[test]
fn no_flip_in_a_proof_its_key_or_its_root_passes() {
    let (mut index, root) = forty();
    for n in [0, 17, 39, 40, 41, 42] {
        let proof = index.prove(&key(n));
        let expected = index.get(&key(n));
        assert_eq!(expected.is_some(), n < 40);
        assert_eq!(proof.check(&key(n), &root), Ok(expected));
        for flipped in flips(&root) {
            let flipped: Hash = flipped.try_into().unwrap();
            assert_eq!(proof.check(&key(n), &flipped), Err(ProofError::Mismatch));
        }
        for flipped in flips(&key(n)) {
            // A proof of absence is one for every key of the same path, and all are absent.
            let flipped: Hash = flipped.try_into().unwrap();
            match proof.check(&flipped, &root) {
                Ok(found) => assert_eq!((found, index.get(&flipped), expected), (None, None, None)),
                Err(why) => assert!(matches!(why, ProofError::Mismatch | ProofError::Shape)),
            }
        }
        for flipped in flips(proof.to_json().as_bytes()) {
            let passes = IndexProof::parse(&flipped)
                .is_ok_and(|flipped| flipped.check(&key(n), &root).is_ok());
            assert!(!passes, "{}", String::from_utf8_lossy(&flipped));
        }
    }
}

#[test]
fn no_flip_in_a_value_passes() {
    let (mut index, root) = forty();
    let proof = index.prove(&key(3));
    let End::This(value) = proof.end else { panic!("chain 3 is there") };
    for bit in 0..64 {
        let check = |value| {
            let forged = IndexProof { end: End::This(value), ..proof.clone() };
            assert_eq!(forged.check(&key(3), &root), Err(ProofError::Mismatch));
        };
        check(IndexValue { count: value.count ^ 1 << bit, ..value });
        check(IndexValue { last: value.last ^ 1 << bit, ..value });
    }
    for flipped in flips(&value.running) {
        let value = IndexValue { running: flipped.try_into().unwrap(), ..value };
        let forged = IndexProof { end: End::This(value), ..proof.clone() };
        assert_eq!(forged.check(&key(3), &root), Err(ProofError::Mismatch));
    }
}

#[test]
fn a_member_cannot_be_proved_absent() {
    let (mut index, root) = forty();
    for n in 0..40 {
        let proof = index.prove(&key(n));
        let End::This(value) = proof.end else { panic!("chain {n} is there") };
        let empty = IndexProof { end: End::Empty, ..proof.clone() };
        assert_eq!(empty.check(&key(n), &root), Err(ProofError::Mismatch));
        let own = IndexProof { end: End::Other(key(n), value), ..proof.clone() };
        assert_eq!(own.check(&key(n), &root), Err(ProofError::Shape));
        for other in (0..40).filter(|other| *other != n) {
            // Another's proof, true of that key, says nothing of this one.
            let another = index.prove(&key(other));
            let End::This(value) = another.end else { panic!("chain {other} is there") };
            let posed = IndexProof { end: End::Other(key(other), value), ..another };
            assert!(posed.check(&key(n), &root).is_err());
        }
    }
}

/// What no index would prove, whatever the root is.
#[test]
fn a_subtree_of_one_or_none_is_no_inner_node() {
    let value = IndexValue::first(0);
    let check = |siblings: Vec<Hash>, end: End| {
        let proof = IndexProof { siblings: siblings.clone(), end };
        let mut root = match end {
            End::This(value) => leaf_node(&key(0), &value),
            End::Other(other, value) => leaf_node(&other, &value),
            End::Empty => EMPTY,
        };
        for (depth, sibling) in siblings.iter().enumerate().take(256).rev() {
            root = match bit(&key(0), depth) {
                0 => inner_node(&root, sibling),
                _ => inner_node(sibling, &root),
            };
        }
        proof.check(&key(0), &root)
    };
    assert_eq!(check(vec![[1; 32]], End::This(value)), Ok(Some(value)));
    assert_eq!(check(vec![EMPTY, [1; 32]], End::This(value)), Ok(Some(value)));
    assert_eq!(check(vec![[1; 32], EMPTY], End::This(value)), Err(ProofError::Shape));
    assert_eq!(check(vec![EMPTY], End::Empty), Err(ProofError::Shape));
    assert_eq!(check(vec![[1; 32]; 256], End::This(value)), Ok(Some(value)));
    assert_eq!(check(vec![[1; 32]; 257], End::This(value)), Err(ProofError::Shape));
    let mut elsewhere = key(0);
    elsewhere[0] ^= 0x80;
    assert_eq!(check(vec![[1; 32]], End::Other(elsewhere, value)), Err(ProofError::Shape));
}

#[test]
fn a_proof_has_one_spelling() {
    let (mut index, _) = forty();
    for n in 0..60 {
        let proof = index.prove(&key(n));
        assert_eq!(IndexProof::parse(proof.to_json().as_bytes()), Ok(proof));
    }
    let (h, g) = ("ab".repeat(32), "AB".repeat(32));
    let value = format!(r#"{{"count":2,"last":7,"running":"{h}"}}"#);
    let check = |text: String, good: bool| {
        let parsed = IndexProof::parse(text.as_bytes());
        assert_eq!(parsed.is_ok(), good, "{text}");
        if let Ok(proof) = parsed {
            assert_eq!(proof.to_json(), text);
        }
    };
    check(r#"{"siblings":[]}"#.to_owned(), true);
    check(format!(r#"{{"siblings":["{h}"],"value":{value}}}"#), true);
    check(format!(r#"{{"other":{{"key":"{h}","value":{value}}},"siblings":["{h}"]}}"#), true);
    check(String::new(), false);
    check(r#"{"siblings":[] }"#.to_owned(), false);
    check(r#"{"siblings":[],"value":null}"#.to_owned(), false);
    check(r#"{"siblings":[],"x":1}"#.to_owned(), false);
    check(format!(r#"{{"siblings":["{g}"]}}"#), false);
    check(format!(r#"{{"siblings":["{}"]}}"#, &h[1..]), false);
    check(format!(r#"{{"value":{value},"siblings":[]}}"#), false);
    check(format!(r#"{{"siblings":[],"value":{}}}"#, value.replace(":2", ":0")), false);
    check(format!(r#"{{"siblings":[],"value":{}}}"#, value.replace(":2", ":9")), false);
    check(
        format!(r#"{{"siblings":[],"value":{}}}"#, value.replace(":7", ":9007199254740992")),
        false,
    );
    let both = format!(r#"{{"key":"{h}","value":{value}}}"#);
    check(format!(r#"{{"other":{both},"siblings":[],"value":{value}}}"#), false);
    let many = vec![format!("\"{h}\""); 257];
    check(format!(r#"{{"siblings":[{}]}}"#, many.join(",")), false);
    check(format!(r#"{{"siblings":[{}]}}"#, many[..256].join(",")), true);
}
