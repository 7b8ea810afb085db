use proptest::prelude::*;

use super::*;
use crate::canonical::INTEGER_MAX;
use crate::entry::commitment;
use crate::testing::{flips, seed};

fn entry() -> Fields {
    let mut fields = Fields::default();
    for field in Field::ALL.into_iter().filter(|field| field.index() % 3 != 1) {
        fields.set(field, format!("value {}", field.index() + 100));
    }
    fields
}

fn subset(bits: u16) -> Vec<Field> {
    let chosen = |field: &Field| bits >> field.index() & 1 == 1;
    Field::ALL.into_iter().filter(chosen).collect()
}

/// All 16,384 ways to show some fields.
#[test]
fn every_subset_verifies() {
    let (fields, seed) = (entry(), seed(0));
    let commitment = commitment(&seed, &fields);
    for bits in 0..1 << FIELD_COUNT {
        let shown = subset(bits);
        let opening = Opening::make(3, &seed, &fields, &shown);
        assert_eq!(opening.check(&commitment), Ok(()));
        assert_eq!(opening.fields.len(), shown.len());
    }
}

#[test]
fn no_flip_of_value_key_digest_or_commitment_verifies() {
    let (fields, seed) = (entry(), seed(0));
    let commitment = commitment(&seed, &fields);
    for bits in [0, 1, 0b10_1010_1010_1010, 0b11_1111_1111_1111] {
        let opening = Opening::make(3, &seed, &fields, &subset(bits));
        let check = |spoilt: &Opening| {
            assert_eq!(spoilt.check(&commitment), Err(ProofError::Mismatch));
        };
        for at in 0..opening.fields.len() {
            let mut spoilt = opening.clone();
            for value in flips(&opening.fields[at].value) {
                spoilt.fields[at].value = value;
                check(&spoilt);
            }
            spoilt.fields[at].value = [&opening.fields[at].value[..], b"\0"].concat();
            check(&spoilt);
            spoilt = opening.clone();
            for key in flips(&opening.fields[at].key) {
                spoilt.fields[at].key = key.try_into().unwrap();
                check(&spoilt);
            }
        }
        for at in 0..opening.others.len() {
            let mut spoilt = opening.clone();
            for digest in flips(&opening.others[at].1) {
                spoilt.others[at].1 = digest.try_into().unwrap();
                check(&spoilt);
            }
        }
        for flipped in flips(&commitment) {
            let refused = opening.check(&flipped.try_into().unwrap());
            assert_eq!(refused, Err(ProofError::Mismatch));
        }
    }
}

#[test]
fn refuses_any_other_set_of_positions() {
    let (fields, seed) = (entry(), seed(0));
    let commitment = commitment(&seed, &fields);
    let opening = Opening::make(3, &seed, &fields, &subset(0b11_0000));
    let check = |change: &dyn Fn(&mut Opening)| {
        let mut spoilt = opening.clone();
        change(&mut spoilt);
        assert_eq!(spoilt.check(&commitment), Err(ProofError::Shape));
        assert_eq!(spoilt.to_json(), Err(OpeningError::Shape));
    };
    check(&|it| drop(it.fields.pop()));
    check(&|it| it.others.truncate(11));
    check(&|it| it.fields.swap(0, 1));
    check(&|it| it.others.swap(0, 1));
    check(&|it| it.fields.push(it.fields[0].clone()));
    check(&|it| it.others.push(it.others[0]));
    check(&|it| it.others[0].0 = Field::Note);
    check(&|it| it.fields[0].field = Field::Kind);
}

/// Showing one field gives away no other: neither its key nor its value is in the text.
#[test]
fn one_field_opens_no_other() {
    let (fields, seed) = (entry(), seed(0));
    for shown in Field::ALL {
        let opening = Opening::make(3, &seed, &fields, &[shown]);
        let text = opening.to_json().unwrap();
        assert!(text.contains(&hex::encode(seed.field_key(shown))));
        for other in Field::ALL.into_iter().filter(|other| *other != shown) {
            assert!(!text.contains(&hex::encode(seed.field_key(other))));
            let value = std::str::from_utf8(fields.get(other)).unwrap();
            assert!(value.is_empty() || !text.contains(value));
            assert_eq!(opening.shown(other), None);
        }
        assert!(!text.contains(&hex::encode(seed.body_key())));
        assert_eq!(opening.shown(shown), Some(fields.get(shown)));
    }
}

#[test]
fn the_written_form() {
    let digest = |letter: &str| letter.repeat(64);
    let mut expected =
        format!(r#"{{"f":[{{"k":"{}","n":"kind","v":"a\"\\\n\u001fé/"}}"#, digest("1"));
    let mut opening = Opening {
        index: 12,
        fields: vec![FieldOpening {
            field: Field::Kind,
            value: "a\"\\\n\u{1f}é/".into(),
            key: [0x11; 32],
        }],
        others: Vec::new(),
    };
    for field in &Field::ALL[1..] {
        opening.others.push((*field, [0xaa; 32]));
        expected += &format!(r#",{{"d":"{}","n":"{field}"}}"#, digest("a"));
    }
    expected += r#"],"i":12}"#;
    assert_eq!(opening.to_json().as_deref(), Ok(expected.as_str()));
    assert_eq!(Opening::parse(expected.as_bytes()), Ok(opening));

    let check = |from: &str, to: &str, why| {
        let text = expected.replacen(from, to, 1);
        assert_ne!(text, expected);
        assert_eq!(Opening::parse(text.as_bytes()), Err(why), "{text}");
    };
    use OpeningError::{NotCanonical, Shape};
    check("{", "{ ", NotCanonical);
    check("}]", "},]", NotCanonical);
    check(r#""i":12"#, r#""i":9007199254740992"#, NotCanonical);
    check(r#""i":12"#, r#""i":12,"j":1"#, NotCanonical);
    check(r"\u001f", r"\u001F", NotCanonical);
    check("é", r"\u00e9", NotCanonical);
    check("/", r"\/", NotCanonical);
    check("aaaa", "AAAA", NotCanonical);
    check("aaaa", "aaa", NotCanonical);
    check("1111", "111g", NotCanonical);
    check(r#""d":""#, r#""d":"","k":""#, NotCanonical);
    check(r#""n":"note""#, r#""n":"note","v":"""#, NotCanonical);
    check(r#""n":"note""#, r#""n":"kind""#, Shape);
    check(&format!(r#",{{"d":"{}","n":"note"}}"#, digest("a")), "", Shape);
}

#[test]
fn a_value_that_is_no_text_is_not_written() {
    let mut fields = entry();
    fields.set(Field::Note, [0xff]);
    let hidden = Opening::make(0, &seed(0), &fields, &[Field::Kind]);
    assert!(hidden.to_json().is_ok());
    let shown = Opening::make(0, &seed(0), &fields, &[Field::Note]);
    assert_eq!(shown.to_json(), Err(OpeningError::NotText(Field::Note)));
}

#[test]
fn debug_shows_neither_value_nor_key() {
    let opening = Opening::make(0, &seed(0), &entry(), &Field::ALL);
    let text = format!("{opening:?}");
    assert!(text.contains("FieldOpening(kind)") && !text.contains("value"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_written_is_read(
        index in 0..=INTEGER_MAX,
        bits in 0_u16..1 << FIELD_COUNT,
        values in prop::collection::vec(any::<String>(), FIELD_COUNT),
    ) {
        let mut fields = Fields::default();
        for (field, value) in Field::ALL.into_iter().zip(values) {
            fields.set(field, value);
        }
        let opening = Opening::make(index, &seed(1), &fields, &subset(bits));
        let text = opening.to_json().unwrap();
        let read = Opening::parse(text.as_bytes());
        prop_assert_eq!(read.as_ref(), Ok(&opening));
        prop_assert_eq!(opening.check(&commitment(&seed(1), &fields)), Ok(()));
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        prop_assert!(Opening::parse(&bytes).is_err());
    }
}
