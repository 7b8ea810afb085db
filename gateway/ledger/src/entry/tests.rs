use super::*;
use crate::testing::hex32;

/// The example of FORMAT.md, reckoned with Python's `hmac` and `hashlib`.
#[test]
fn keys_digests_and_commitment_of_the_published_example() {
    let seed = Seed::new(std::array::from_fn(|at| at as u8));
    let mut fields = Fields::default();
    fields.set(Field::Kind, "demo.opened");
    fields.set(Field::Note, "café \"1\"");
    let check = |found: [u8; 32], expected| assert_eq!(found, hex32(expected));

    let kind_key = seed.field_key(Field::Kind);
    let note_key = seed.field_key(Field::Note);
    check(kind_key, "596b51b130a6f49ccb270ef62d279666e0e64bcb43da616473e5676987a5b446");
    check(note_key, "6896b15aadf30e50738c84894a04183240a39d48d7bd8449bbe387dafd4991a0");
    check(seed.body_key(), "c1d9557245af5174c31421cfd62afe2c348ac661c6bb7e21074161ef15b921e6");
    check(
        field_digest(&kind_key, Field::Kind, b"demo.opened"),
        "f99cbb52330a549d4abb0f7a4e2099f852f8f78e511e3625c2f592c343b9ec54",
    );
    check(
        field_digest(&seed.field_key(Field::Subject), Field::Subject, b""),
        "2d26c6a7b510a790d8a0409fab004ba6642ba49daf2ea4663c12289cea25c200",
    );
    check(
        field_digest(&note_key, Field::Note, "café \"1\"".as_bytes()),
        "80371cd3155ebb117f8219dfb6c623a2458a5a2cce183f293d7b9a1ebf378fe0",
    );
    check(
        commitment(&seed, &fields),
        "05b028746d08159194f422dab479252758a9f6f6a7d1c6c5a061481e3627f82a",
    );
}

#[test]
fn all_15_keys_of_a_seed_differ() {
    let seed = Seed::new([1; 32]);
    let mut keys: Vec<_> = Field::ALL.map(|field| seed.field_key(field)).to_vec();
    keys.push(seed.body_key());
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), FIELD_COUNT + 1);
}

#[test]
fn a_change_of_any_field_changes_the_commitment() {
    let seed = Seed::new([1; 32]);
    let absent = commitment(&seed, &Fields::default());
    for field in Field::ALL {
        let mut fields = Fields::default();
        fields.set(field, "x");
        assert_ne!(commitment(&seed, &fields), absent, "{field}");
    }
    let other = Seed::new([2; 32]);
    assert_ne!(commitment(&other, &Fields::default()), absent);
}

#[test]
fn names_and_positions_agree() {
    for (index, name) in FIELD_NAMES.into_iter().enumerate() {
        let field: Field = name.parse().unwrap();
        assert_eq!((field.index(), field.name()), (index, name));
        assert_eq!(Field::ALL[index], field);
    }
    for name in ["", "Kind", "kind ", "kin", "notes"] {
        assert_eq!(name.parse::<Field>(), Err(UnknownField));
    }
}

#[test]
fn debug_shows_neither_values_nor_seeds() {
    let mut fields = Fields::default();
    fields.set(Field::Note, "Zyxw");
    assert!(!format!("{fields:?}").contains("Zyxw"));
    assert_eq!(format!("{:?}", Seed::new([65; 32])), "Seed(..)");
}
