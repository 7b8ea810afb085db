//! A place in a message, as HL7 writes it (v2.5.1 §2.6): `MSH-9.2`, `PID-3[5='MR'].1`.
//!
//! `[5='MR']` selects the one repetition whose component 5 is `MR`. Not here: looking there.

use std::fmt;
use std::str::FromStr;

/// The highest field number (v2.5.1 has none above 99; Z segments get room).
const FIELD_NUMBER_MAX: u16 = 999;
/// The highest component or subcomponent number.
const COMPONENT_NUMBER_MAX: u16 = 99;
/// The longest literal in a selection.
const LITERAL_BYTES_MAX: usize = 199;

/// A segment, a field, and optionally one repetition, component and subcomponent of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Three characters: `PID`, `ZL1`.
    pub segment: String,
    /// Counted from 1, as HL7 does; `MSH-1` is the field separator.
    pub field: u16,
    /// Which repetition.
    pub select: Option<Select>,
    /// Counted from 1.
    pub component: Option<u16>,
    /// Counted from 1; only with a component.
    pub subcomponent: Option<u16>,
}

/// The repetition whose `component` is `equals`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Select {
    /// Counted from 1.
    pub component: u16,
    /// Without quotes; holds no quote itself.
    pub equals: String,
}

/// Why a text is not a [`Location`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLocation {
    /// Not a letter followed by two letters or digits, all upper case, and a hyphen.
    #[error("does not start with a segment name and a hyphen")]
    Segment,
    /// The field is not a number from 1 to 999.
    #[error("field is not a number from 1 to {FIELD_NUMBER_MAX}")]
    Field,
    /// The selection is not `[component='literal']`.
    #[error("selection is not [component='literal']")]
    Select,
    /// A component is not a number from 1 to 99.
    #[error("component is not a number from 1 to {COMPONENT_NUMBER_MAX}")]
    Component,
    /// Something follows the subcomponent.
    #[error("goes on after the subcomponent")]
    TooLong,
}

impl FromStr for Location {
    type Err = BadLocation;

    fn from_str(text: &str) -> Result<Self, BadLocation> {
        let (segment, rest) = text.split_once('-').ok_or(BadLocation::Segment)?;
        if !is_segment(segment) {
            return Err(BadLocation::Segment);
        }
        let end = rest.find(['[', '.']).unwrap_or(rest.len());
        let (field, rest) = rest.split_at(end);
        let field = number(field, FIELD_NUMBER_MAX).ok_or(BadLocation::Field)?;
        let (select, rest) = match rest.strip_prefix('[') {
            Some(inner) => {
                let (select, rest) = parse_select(inner).ok_or(BadLocation::Select)?;
                (Some(select), rest)
            }
            None => (None, rest),
        };
        let (component, subcomponent) = parse_components(rest)?;
        Ok(Location { segment: segment.to_owned(), field, select, component, subcomponent })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.segment, self.field)?;
        if let Some(select) = &self.select {
            write!(f, "[{}='{}']", select.component, select.equals)?;
        }
        if let Some(component) = self.component {
            write!(f, ".{component}")?;
        }
        if let Some(subcomponent) = self.subcomponent {
            write!(f, ".{subcomponent}")?;
        }
        Ok(())
    }
}

fn is_segment(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 3
        && bytes[0].is_ascii_uppercase()
        && bytes[1..].iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Plain digits without sign or leading zero, so that printing gives the text back.
fn number(text: &str, max: u16) -> Option<u16> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    let number = plain.then(|| text.parse().ok()).flatten()?;
    (number <= max).then_some(number)
}

/// `5='MR'].1` -> component 5, `MR`, and what follows the bracket.
fn parse_select(text: &str) -> Option<(Select, &str)> {
    let (component, rest) = text.split_once("='")?;
    let (equals, rest) = rest.split_once('\'')?;
    let rest = rest.strip_prefix(']')?;
    let component = number(component, COMPONENT_NUMBER_MAX)?;
    let sound =
        (1..=LITERAL_BYTES_MAX).contains(&equals.len()) && !equals.contains(char::is_control);
    let equals = sound.then(|| equals.to_owned())?;
    Some((Select { component, equals }, rest))
}

fn parse_components(text: &str) -> Result<(Option<u16>, Option<u16>), BadLocation> {
    if text.is_empty() {
        return Ok((None, None));
    }
    let mut parts = text.strip_prefix('.').ok_or(BadLocation::Select)?.split('.');
    let mut next = || {
        parts
            .next()
            .map(|part| number(part, COMPONENT_NUMBER_MAX).ok_or(BadLocation::Component))
            .transpose()
    };
    let found = (next()?, next()?);
    match parts.next() {
        None => Ok(found),
        Some(_) => Err(BadLocation::TooLong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Location) {
        assert_eq!(text.parse(), Ok(expected.clone()), "{text}");
        assert_eq!(expected.to_string(), text);
    }

    fn place(segment: &str, field: u16) -> Location {
        Location {
            segment: segment.to_owned(),
            field,
            select: None,
            component: None,
            subcomponent: None,
        }
    }

    #[test]
    fn a_location_parses_and_prints_back() {
        check("OBX-5", place("OBX", 5));
        check("RF1-6.1", Location { component: Some(1), ..place("RF1", 6) });
        check(
            "PID-5.1.2",
            Location { component: Some(1), subcomponent: Some(2), ..place("PID", 5) },
        );
        let select = Some(Select { component: 5, equals: "M.R-[1]".to_owned() });
        check("PID-3[5='M.R-[1]']", Location { select: select.clone(), ..place("PID", 3) });
        check(
            "ZL1-999[5='M.R-[1]'].99",
            Location { select, component: Some(99), ..place("ZL1", 999) },
        );
    }

    #[test]
    fn what_is_not_a_location_says_which_part() {
        for (text, expected) in [
            ("", BadLocation::Segment),
            ("PID", BadLocation::Segment),
            ("pid-3", BadLocation::Segment),
            ("1ID-3", BadLocation::Segment),
            ("PIDX-3", BadLocation::Segment),
            ("PÄ-3", BadLocation::Segment),
            ("PID-", BadLocation::Field),
            ("PID-0", BadLocation::Field),
            ("PID-03", BadLocation::Field),
            ("PID-+3", BadLocation::Field),
            ("PID-1000", BadLocation::Field),
            ("PID-3 ", BadLocation::Field),
            ("PID-3[5=MR]", BadLocation::Select),
            ("PID-3[5='']", BadLocation::Select),
            ("PID-3[0='MR']", BadLocation::Select),
            ("PID-3[5='MR'", BadLocation::Select),
            ("PID-3[5='MR']1", BadLocation::Select),
            ("PID-3[5='M\rR']", BadLocation::Select),
            ("PID-3.", BadLocation::Component),
            ("PID-3.100", BadLocation::Component),
            ("PID-3.1.", BadLocation::Component),
            ("PID-3.1.2.3", BadLocation::TooLong),
        ] {
            assert_eq!(text.parse::<Location>(), Err(expected), "{text:?}");
        }
    }
}
