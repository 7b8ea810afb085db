//! What of a negative acknowledgement is kept: codes and places, never a text (ERR, v2.5.1 §2.15.5; ERR-1
//! of before 2.5, ELD).

use loopgate_hl7v2::{AckCode, Field, Message, Place, Segment};

use crate::journal::{Nack, NackError};

/// ERR that are kept of one acknowledgement.
const ERRORS_MAX: usize = 8;

/// The codes of an acknowledgement.
pub fn nack(code: AckCode, answer: &Message) -> Nack {
    let segments = answer.segments.iter().filter(|segment| segment.name == "ERR");
    let errors = segments.flat_map(errors).take(ERRORS_MAX).collect();
    Nack { code: code.to_string(), errors }
}

fn errors(segment: &Segment) -> Vec<NackError> {
    let field =
        |n: usize| segment.fields.get(n - 1).filter(|field| !text(field, 0, 0, 0).is_empty());
    let found = match (field(2), field(3), field(1)) {
        (None, None, Some(old)) => (0..old.0.len()).map(|n| eld(old, n)).collect(),
        (location, code, _) => {
            let code = code.and_then(|field| number(text(field, 0, 0, 0)));
            vec![NackError { code, at: location.and_then(erl) }]
        }
    };
    found.into_iter().filter(|one| one.code.is_some() || one.at.is_some()).collect()
}

/// One repetition of ERR-1 of before 2.5: segment, sequence, field, code.
fn eld(field: &Field, repetition: usize) -> NackError {
    let part = |component| text(field, repetition, component, 0);
    let at = place(part(0), part(1), part(2), "");
    NackError { code: number(part(3)), at }
}

/// ERR-2: segment, sequence, field, repetition, component.
fn erl(field: &Field) -> Option<String> {
    let part = |component| text(field, 0, component, 0);
    place(part(0), part(1), part(2), part(4))
}

fn place(segment: &str, sequence: &str, field: &str, component: &str) -> Option<String> {
    let bytes = segment.as_bytes();
    let named = bytes.len() == 3
        && bytes[0].is_ascii_uppercase()
        && bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let count = |text: &str| match text {
        "" => Some(None),
        text if text.len() <= 3 => text.parse::<u16>().ok().map(Some),
        _ => None,
    };
    let (sequence, field, component) = (count(sequence)?, count(field)?, count(component)?);
    let segment = segment.to_owned();
    let sequence = u32::from(sequence.unwrap_or(1));
    named.then(|| Place { segment, sequence, field, component }.to_string())
}

/// A number as table 0357 has them.
fn number(text: &str) -> Option<u16> {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

fn text(field: &Field, repetition: usize, component: usize, subcomponent: usize) -> &str {
    let component = field.0.get(repetition).and_then(|one| one.0.get(component));
    component.and_then(|one| one.0.get(subcomponent)).map_or("", |text| text.as_str())
}

#[cfg(test)]
mod tests {
    use loopgate_hl7v2::{Charset, Limits, read};

    use super::*;

    fn check(errors: &str, expected: &[(Option<u16>, Option<&str>)]) {
        let text = format!("MSH|^~\\&|E|H|||2026||ACK|1|T|2.5.1\rMSA|AE|7\r{errors}");
        let answer = read(text.as_bytes(), &Limits::default(), Charset::UTF_8).unwrap();
        let found = nack(AckCode::AE, &answer);
        assert_eq!(found.code, "AE");
        let found: Vec<_> = found.errors.iter().map(|one| (one.code, one.at.as_deref())).collect();
        assert_eq!(found, expected, "{errors}");
    }

    #[test]
    fn an_err_is_kept_as_codes_alone() {
        check("", &[]);
        check("ERR||PID^1^3|101^Required field missing^HL70357|E", &[(Some(101), Some("PID-3"))]);
        check("ERR||PID^2^5^1^1|102|E||||Maria is no date", &[(Some(102), Some("PID[2]-5.1"))]);
        check("ERR|||207^Application internal error^HL70357|E", &[(Some(207), None)]);
        check("ERR||PV1|100|E\rERR|||103|E", &[(Some(100), Some("PV1")), (Some(103), None)]);
        // Before 2.5: ELD, which repeats.
        check(
            "ERR|PID^1^3^101&Required field missing&HL70357~NK1^1^2^102",
            &[(Some(101), Some("PID-3")), (Some(102), Some("NK1-2"))],
        );
        // What is neither a number nor a place is not kept, whatever it is.
        check("ERR||Lindqvist^Maria|Maria|E||||Maria", &[]);
        check("ERR||PID^Maria^3|0142555|E", &[]);
        check("ERR||PID^1^19880402|101|E", &[(Some(101), None)]);
        let many = "ERR|||101|E\r".repeat(20);
        check(&many, &[(Some(101), None); ERRORS_MAX]);
    }
}
