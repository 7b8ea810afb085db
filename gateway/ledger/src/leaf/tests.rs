use proptest::prelude::*;

use super::*;
use crate::testing::{ORIGIN, hex32};

/// The example of FORMAT.md, written and hashed with Python's `json` and `hashlib`.
const TEXT: &str = concat!(
    r#"{"c":"BbAodG0IFZGU9CLatHklJ1ip9van0cbFoGFIHjYn+Co=","i":0,"#,
    r#""l":"8776c13290b81c65","t":"2026-11-22T01:02:03Z","v":1}"#
);

fn example() -> Leaf {
    let commitment = "05b028746d08159194f422dab479252758a9f6f6a7d1c6c5a061481e3627f82a";
    Leaf::new(hex32(commitment), 0, &log_id(ORIGIN), 1_795_309_323).unwrap()
}

#[test]
fn the_published_example() {
    assert_eq!(example().to_bytes(), TEXT.as_bytes());
    assert_eq!(Leaf::parse(TEXT.as_bytes()), Ok(example()));
    let hash = "c5535a77bfb045b22a9d002deed4a3e6e6c709fb02960e3ed8d989912134957c";
    assert_eq!(Leaf::hash(TEXT.as_bytes()), hex32(hash));
}

/// Every other byte at every position: refused, or another leaf that is itself canonical.
#[test]
fn any_byte_change_is_refused_or_another_leaf() {
    let (mut refused, mut others) = (0, 0);
    for at in 0..TEXT.len() {
        for byte in 0..=255 {
            let mut changed = TEXT.as_bytes().to_vec();
            if changed[at] == byte {
                continue;
            }
            changed[at] = byte;
            match Leaf::parse(&changed) {
                Err(_) => refused += 1,
                Ok(leaf) => {
                    assert_ne!(leaf, example());
                    assert_eq!(leaf.to_bytes(), changed);
                    others += 1;
                }
            }
        }
    }
    assert!(refused > others && others > 1000, "{refused} {others}");
}

#[test]
fn refuses_other_spellings() {
    let check = |from: &str, to: &str, why| {
        let text = TEXT.replacen(from, to, 1);
        assert_ne!(text, TEXT);
        assert_eq!(Leaf::parse(text.as_bytes()), Err(why), "{text}");
    };
    use LeafError::{Commitment, Index, Log, NotCanonical, Time, Version};
    check("{", " {", NotCanonical);
    check("}", "}\n", NotCanonical);
    check(r#""i":0"#, r#""i":00"#, NotCanonical);
    check(r#""i":0"#, r#""i":0.0"#, NotCanonical);
    check(r#""i":0"#, r#""i":-0"#, NotCanonical);
    check(r#""i":0"#, r#""i":0,"i":0"#, NotCanonical);
    check(r#""i":0"#, r#""i":"0""#, NotCanonical);
    check(r#""i":0,"#, "", NotCanonical);
    check(r#""v":1"#, r#""v":1,"w":1"#, NotCanonical);
    check(r#""l""#, r#""\u006c""#, NotCanonical);
    check("8776", r"\u0038776", NotCanonical);
    check(r#""v":1"#, r#""v":2"#, Version);
    check(r#""i":0"#, r#""i":9007199254740992"#, Index);
    check("Co=", "Cp=", Commitment); // non-zero bits after the last byte
    check("Co=", "Co", Commitment);
    check("BbAo", "", Commitment);
    check("+Co", "-Co", Commitment);
    check("8776", "877A", Log);
    check("8776c13290b81c65", "", Log);
    check("8776", &"a".repeat(53), Log);
    check("22T", "31T", Time);
    check("03Z", "60Z", Time);
    assert_eq!(Leaf::parse(b""), Err(NotCanonical));
}

#[test]
fn new_refuses_what_cannot_be_written() {
    let check = |index, log: &str, time_s, why| {
        assert_eq!(Leaf::new([0; 32], index, log, time_s), Err(why));
    };
    check(1 << 53, "a", 0, LeafError::Index);
    check(0, "", 0, LeafError::Log);
    check(0, "a/b", 0, LeafError::Log);
    check(0, "a", -1, LeafError::Time);
    check(0, "a", time::TIME_S_MAX + 1, LeafError::Time);
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        commitment: [u8; 32],
        index in 0..=INTEGER_MAX,
        log in "[a-z0-9.-]{1,64}",
        time_s in 0..=time::TIME_S_MAX,
    ) {
        let leaf = Leaf::new(commitment, index, &log, time_s).unwrap();
        prop_assert_eq!(Leaf::parse(&leaf.to_bytes()), Ok(leaf));
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        prop_assert!(Leaf::parse(&bytes).is_err());
    }
}

/// The three leaves of FORMAT.md, their hash tile, entries tile and root, reckoned in Python.
#[test]
fn the_published_bundle() {
    use crate::{Field, Fields, Seed, Tile, TileKind, Tree, commitment, encode_entries};
    let entries: [&[(Field, &str)]; 3] = [
        &[(Field::Kind, "demo.opened"), (Field::Note, "café \"1\"")],
        &[(Field::Kind, "demo.noted")],
        &[(Field::Kind, "demo.closed")],
    ];
    let (mut tree, mut leaves) = (Tree::new(), Vec::new());
    for (index, values) in entries.into_iter().enumerate() {
        let seed = Seed::new(std::array::from_fn(|at| (32 * index + at) as u8));
        let mut fields = Fields::default();
        values.iter().for_each(|(field, value)| fields.set(*field, *value));
        let (index, time_s) = (index as u64, 1_795_309_323 + index as i64);
        let leaf = Leaf::new(commitment(&seed, &fields), index, &log_id(ORIGIN), time_s).unwrap();
        tree.append(Leaf::hash(&leaf.to_bytes()));
        leaves.push(leaf.to_bytes());
    }
    let sha256 = |bytes: &[u8]| -> Hash { Sha256::digest(bytes).into() };
    let root = "62c5df81fc3ffcef0ca02eff6328de8fb19510be8ded6b7fae1b1857fa8b4d9c";
    assert_eq!(tree.root(), hex32(root));
    let node = "ee9003e05da6d18417890573c5357080530ba3e1105def4b1d84e055685264da";
    assert_eq!(tree.subtree(1, 0), Some(hex32(node)));
    let hashes = Tile::new(TileKind::Hashes(0), 0, 3).unwrap().hash_bytes(&tree).unwrap();
    let tile = "92cf109790bbaafcf9bb9f039b37456b105708aacdb8350844fe6044ddc72311";
    assert_eq!(sha256(&hashes), hex32(tile));
    let entries = encode_entries(&leaves).unwrap();
    let tile = "51b42a0e113f574803c1fcabc8675767be61b592ef502c744f5a17fbaae52ffd";
    assert_eq!((entries.len(), sha256(&entries)), (348, hex32(tile)));
}
