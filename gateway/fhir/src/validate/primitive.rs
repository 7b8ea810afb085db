//! The forms of R4's primitive types (datatypes.html). Control characters, emptiness and length are
//! `shape.rs`'s.

use jiff::tz::Offset;

use crate::shape::is_id;
use crate::{IssueCode, Json, Moment};

/// A primitive type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Primitive {
    Base64,
    Boolean,
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Oid,
    PositiveInt,
    /// `string`, `markdown`, `xhtml`: any text.
    Text,
    Time,
    UnsignedInt,
    /// `uri`, `url`, `canonical`.
    Uri,
    Uuid,
}

use Primitive::*;

/// Every primitive type by its name.
pub(super) const PRIMITIVES: [(&str, Primitive); 20] = [
    ("base64Binary", Base64),
    ("boolean", Boolean),
    ("canonical", Uri),
    ("code", Code),
    ("date", Date),
    ("dateTime", DateTime),
    ("decimal", Decimal),
    ("id", Id),
    ("instant", Instant),
    ("integer", Integer),
    ("markdown", Text),
    ("oid", Oid),
    ("positiveInt", PositiveInt),
    ("string", Text),
    ("time", Time),
    ("unsignedInt", UnsignedInt),
    ("uri", Uri),
    ("url", Uri),
    ("uuid", Uuid),
    ("xhtml", Text),
];

/// What is wrong with a value of a primitive type, if anything is.
pub(super) fn fault(kind: Primitive, value: &Json) -> Option<(IssueCode, &'static str)> {
    let wrong_type = Some((IssueCode::Structure, "has the wrong JSON type"));
    let form = |ok: bool, words| if ok { None } else { Some((IssueCode::Value, words)) };
    match (kind, value) {
        (Boolean, Json::Bool(_)) | (Decimal, Json::Number(_)) => None,
        (Boolean | Decimal, _) => wrong_type,
        (Integer | PositiveInt | UnsignedInt, Json::Number(digits)) => {
            let least = match kind {
                PositiveInt => 1,
                UnsignedInt => 0,
                _ => i32::MIN,
            };
            // R4 datatypes.html: 32 bits, and no fraction or exponent.
            form(digits.parse().is_ok_and(|n: i32| n >= least), "is no integer of its type")
        }
        (Integer | PositiveInt | UnsignedInt, _) => wrong_type,
        (_, Json::String(text)) => {
            let (ok, words) = text_form(kind, text);
            form(ok, words)
        }
        _ => wrong_type,
    }
}

fn text_form(kind: Primitive, text: &str) -> (bool, &'static str) {
    match kind {
        Base64 => (is_base64(text), "is not base64"),
        Code => (is_code(text), "does not have the form of a code"),
        Date => (is_date(text), "does not have the form of a date"),
        DateTime => (is_date_time(text), "does not have the form of a dateTime"),
        Id => (is_id(text), "does not have the form of an id"),
        Instant => (is_instant(text), "does not have the form of an instant"),
        Oid => (is_oid(text), "does not have the form of an oid"),
        Time => (is_time(text), "does not have the form of a time"),
        Uri => (!text.chars().any(char::is_whitespace), "does not have the form of a uri"),
        Uuid => (is_uuid(text), "does not have the form of a uuid"),
        _ => (true, ""),
    }
}

fn is_date(text: &str) -> bool {
    !text.contains('T') && Moment::parse(text, Offset::UTC).is_some()
}

/// Lenient: seconds and the zone may be left out (`LENIENCIES`).
fn is_date_time(text: &str) -> bool {
    Moment::parse(text, Offset::UTC).is_some()
}

fn is_instant(text: &str) -> bool {
    let Some((_, clock)) = text.split_once('T') else { return false };
    let zoned = clock.contains(['Z', '+', '-']);
    zoned && Moment::parse(text, Offset::UTC).is_some_and(|moment| moment.has_seconds)
}

fn is_time(text: &str) -> bool {
    let clock = text.len() >= 8 && !text.contains(['Z', '+', '-']);
    // A day of which the time is one.
    clock
        && Moment::parse(&format!("2000-01-01T{text}"), Offset::UTC).is_some_and(|m| m.has_seconds)
}

/// No space at either end, and none but single ones within.
fn is_code(text: &str) -> bool {
    text.split(' ').all(|word| !word.is_empty() && !word.contains(char::is_whitespace))
}

fn is_base64(text: &str) -> bool {
    let mut count = 0_usize;
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')) {
            return false;
        }
        count += 1;
    }
    count.is_multiple_of(4)
}

fn is_oid(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("urn:oid:") else { return false };
    let arc = |part: &str| {
        part.bytes().all(|b| b.is_ascii_digit()) && (part == "0" || !part.starts_with('0'))
    };
    rest.starts_with(['0', '1', '2'])
        && rest.contains('.')
        && rest.split('.').all(|part| !part.is_empty() && arc(part))
}

fn is_uuid(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("urn:uuid:") else { return false };
    let lengths: Vec<usize> = rest.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && rest.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, good: &[&str], bad: &[&str]) {
        let (_, primitive) = PRIMITIVES.into_iter().find(|(name, _)| *name == kind).unwrap();
        let read =
            |text: &str| Json::parse(text.as_bytes(), "x", &crate::Limits::default()).unwrap();
        for text in good {
            assert_eq!(fault(primitive, &read(text)), None, "{kind} {text}");
        }
        for text in bad {
            assert!(fault(primitive, &read(text)).is_some(), "{kind} {text}");
        }
    }

    #[test]
    fn each_primitive_has_its_form() {
        check("boolean", &["true", "false"], &["\"true\"", "1", "{}"]);
        check("integer", &["0", "-3", "2147483647"], &["2147483648", "1.0", "1e2", "\"1\""]);
        check("positiveInt", &["1"], &["0", "-1"]);
        check("unsignedInt", &["0"], &["-1"]);
        check("decimal", &["1", "1.50", "-1e-3"], &["\"1\"", "true", "[1]"]);
        check(
            "date",
            &["\"2026\"", "\"2026-02\"", "\"2026-02-28\""],
            &["\"2026-02-29\"", "\"2026-02-28T10:00:00Z\"", "\"26\"", "7"],
        );
        check(
            "dateTime",
            &["\"2026\"", "\"2026-02-28T10:00:00Z\"", "\"2026-02-28T10:00:00.5-05:00\""],
            &["\"2026-02-28T25:00:00Z\"", "\"soon\""],
        );
        check(
            "instant",
            &["\"2026-02-28T10:00:00Z\""],
            &["\"2026-02-28\"", "\"2026-02-28T10:00:00\"", "\"2026-02-28T10:00Z\""],
        );
        check(
            "time",
            &["\"10:00:00\"", "\"23:59:59.9\""],
            &["\"10:00\"", "\"24:00:00\"", "\"10:00:00Z\""],
        );
        check("code", &["\"a\"", "\"a b\""], &["\" a\"", "\"a \"", "\"a  b\"", "\"a\\tb\""]);
        check("id", &["\"a-1.B\""], &["\"a_b\"", "\"a b\""]);
        check("uri", &["\"urn:x\"", "\"a\""], &["\"a b\""]);
        check(
            "oid",
            &["\"urn:oid:1.2.840\""],
            &["\"1.2.3\"", "\"urn:oid:3.1\"", "\"urn:oid:1.02\"", "\"urn:oid:1\""],
        );
        check(
            "uuid",
            &["\"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0\""],
            &["\"0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0\""],
        );
        check("base64Binary", &["\"AAAA\"", "\"AA==\"", "\"AAAA AAAA\""], &["\"AAA\"", "\"A_==\""]);
        check("string", &["\"a\""], &["1", "true"]);
    }
}
