use proptest::prelude::*;

use super::*;
use crate::canonical;

fn string(text: &str) -> Option<Vec<u8>> {
    let mut buffer = b"other".to_vec();
    let mut scan = Scan::new(text);
    scan.expect(b"\"")?;
    let span = scan.string(&mut buffer)?;
    scan.end()?;
    Some(span.of(text.as_bytes(), &buffer).to_vec())
}

fn integer(text: &str) -> Option<u64> {
    let mut scan = Scan::new(text);
    let value = scan.integer()?;
    scan.end().map(|()| value)
}

fn hash(text: &str) -> Option<Hash> {
    let mut scan = Scan::new(text);
    let value = scan.hash()?;
    scan.end().map(|()| value)
}

/// Each character after 0 to 20 others, so that it stands at each place of the eight.
#[test]
fn every_character_has_the_spelling_of_serde_json() {
    let characters = (0..=0x2ff).chain([0x2028, 0xd7ff, 0xe000, 0xffff, 0x1_0000, 0x10_ffff]);
    for character in characters.filter_map(char::from_u32) {
        for before in 0..20 {
            let text = format!("{}{character}z", "y".repeat(before));
            let written = canonical::write(&text);
            assert_eq!(string(&written).as_deref(), Some(text.as_bytes()), "{written}");
        }
    }
}

#[test]
fn no_other_spelling_of_a_string_is_read() {
    assert_eq!(string(r#""""#), Some(Vec::new()));
    assert_eq!(string(r#""\u001f\u0000\b""#), Some(vec![31, 0, 8]));
    for bad in [
        "",
        "\"",
        "\"a",
        "\"a\n\"",
        "\"\u{0}\"",
        r#""\"#,
        r#""\""#,
        r#""\/""#,
        r#""\u0041""#,
        r#""\u001F""#,
        r#""\u0008""#,
        r#""\u0009""#,
        r#""\u000a""#,
        r#""\u000c""#,
        r#""\u000d""#,
        r#""\u00""#,
        r#""\u0020""#,
        r#""\u00e9""#,
        r#""\x00""#,
        r#""\'""#,
        r#""\U0001""#,
        r#""\u 01f""#,
        r#""\u001g""#,
        r#""\a""#,
        r#""\é""#,
    ] {
        assert_eq!(string(bad), None, "{bad}");
    }
}

#[test]
fn integers_have_one_spelling() {
    assert_eq!(integer("0"), Some(0));
    assert_eq!(integer("9007199254740991"), Some(INTEGER_MAX));
    for bad in ["", "-1", "+1", "00", "01", "9007199254740992", "18446744073709551616", "1e3"] {
        assert_eq!(integer(bad), None, "{bad}");
    }
    let mut scan = Scan::new("18446744073709551615");
    assert_eq!(scan.number(), Some(u64::MAX));
}

/// Every byte at every place of a hash: a digit and `hex` agrees, or refused.
#[test]
fn hashes_are_lower_case_hex() {
    let good = "0123456789abcdef".repeat(4);
    for at in 0..64 {
        for byte in 0..128 {
            let mut text = good.clone().into_bytes();
            text[at] = byte;
            let text = String::from_utf8(text).unwrap();
            let expected = hex::decode(&text).ok().filter(|_| !byte.is_ascii_uppercase());
            assert_eq!(hash(&text).map(Vec::from), expected, "{text}");
        }
    }
    assert_eq!(hash(&good[1..]), None);
    assert_eq!(hash("é"), None);
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read(text: String) {
        prop_assert_eq!(string(&canonical::write(&text)), Some(text.into_bytes()));
    }

    /// Whatever is read is what serde_json reads and writes.
    #[test]
    fn what_is_read_is_what_serde_json_writes(inside in r#"[a\\"nu01\n\x00é]{0,12}"#) {
        let text = format!("\"{inside}\"");
        let oracle: Option<String> = canonical::read(text.as_bytes());
        prop_assert_eq!(string(&text), oracle.map(String::into_bytes));
    }
}
