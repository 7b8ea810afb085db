//! A place in a message, as HL7 writes it (v2.5.1 §2.6), with selections: `MSH-9.2`,
//! `PID-3[5='MR'].1`, `PRD[1='RT']-10.1`, `OBX[3.1='63512-8']-5`, `PID-3[*].1`.
//!
//! `PRD[1='RT']` selects the segment whose field 1 is `RT`, `PID-3[5='MR']` the repetition whose
//! component 5 is `MR`; `[*]` means each, `OBX[*][2='NM']-5` each for which the selection holds. Not
//! here: looking there.

use std::fmt;
use std::str::FromStr;

/// The highest field number (v2.5.1 has none above 99; Z segments get room).
const FIELD_NUMBER_MAX: u16 = 999;
/// The highest component or subcomponent number.
const COMPONENT_NUMBER_MAX: u16 = 99;
/// The longest literal of a selection.
const LITERAL_BYTES_MAX: usize = 100;
/// The most selections in one place.
const SELECTS_COUNT_MAX: usize = 4;

/// A field of a segment, or part of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Three characters.
    pub segment: String,
    /// Which segments of that name.
    pub of: Which,
    /// Counted from 1.
    pub field: u16,
    /// Which repetitions.
    pub which: Which,
    /// Counted from 1; the whole field, which is its first component, if absent.
    pub component: Option<u16>,
    /// Counted from 1; only with a component.
    pub subcomponent: Option<u16>,
}

/// Which of several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// The first, which is the primary one.
    First,
    /// Each; of those at their places, the ones for which all of these hold.
    Each(Vec<Select>),
    /// The first for which all of these hold.
    Where(Vec<Select>),
}

/// A part that equals a text: of a segment `field[.component]`, of a repetition `component`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Select {
    /// Counted from 1.
    pub part: u16,
    /// Counted from 1; for segments only.
    pub component: Option<u16>,
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
    /// The selection is neither `[part='literal']` nor `[*]`.
    #[error("selection is not [part='literal'] or [*]")]
    Select,
    /// Both the segment and the field are `[*]`.
    #[error("has [*] twice")]
    Each,
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
        let end = text.find(['[', '-']).ok_or(BadLocation::Segment)?;
        let (segment, rest) = text.split_at(end);
        if !is_segment(segment) {
            return Err(BadLocation::Segment);
        }
        let (of, rest) = which(rest, true)?;
        let rest = rest.strip_prefix('-').ok_or(BadLocation::Segment)?;
        let end = rest.find(['[', '.']).unwrap_or(rest.len());
        let (field, rest) = rest.split_at(end);
        let field = number(field, FIELD_NUMBER_MAX).ok_or(BadLocation::Field)?;
        let (which, rest) = which(rest, false)?;
        if matches!((&of, &which), (Which::Each(_), Which::Each(_))) {
            return Err(BadLocation::Each);
        }
        let (component, subcomponent) = parse_components(rest)?;
        Ok(Location { segment: segment.to_owned(), of, field, which, component, subcomponent })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}-{}{}", self.segment, self.of, self.field, self.which)?;
        if let Some(component) = self.component {
            write!(f, ".{component}")?;
        }
        if let Some(subcomponent) = self.subcomponent {
            write!(f, ".{subcomponent}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Which::First => Ok(()),
            Which::Each(selects) => {
                f.write_str("[*]")?;
                selects.iter().try_for_each(|select| write!(f, "{select}"))
            }
            Which::Where(selects) => selects.iter().try_for_each(|select| write!(f, "{select}")),
        }
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}", self.part)?;
        if let Some(component) = self.component {
            write!(f, ".{component}")?;
        }
        write!(f, "='{}']", self.equals)
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

/// The selections in front of `text`, and what follows them.
fn which(text: &str, segment: bool) -> Result<(Which, &str), BadLocation> {
    let (each, mut rest) = match text.strip_prefix("[*]") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut selects = Vec::new();
    while let Some(inner) = rest.strip_prefix('[') {
        let (select, after) = parse_select(inner, segment).ok_or(BadLocation::Select)?;
        selects.push(select);
        rest = after;
    }
    match selects.len() {
        0..=SELECTS_COUNT_MAX if each => Ok((Which::Each(selects), rest)),
        0 => Ok((Which::First, rest)),
        1..=SELECTS_COUNT_MAX => Ok((Which::Where(selects), rest)),
        _ => Err(BadLocation::Select),
    }
}

/// `5='MR'].1` -> part 5, `MR`, and what follows the bracket.
fn parse_select(text: &str, segment: bool) -> Option<(Select, &str)> {
    let (part, rest) = text.split_once("='")?;
    let (equals, rest) = rest.split_once('\'')?;
    let rest = rest.strip_prefix(']')?;
    let (part, component) = match part.split_once('.') {
        Some((part, component)) if segment => {
            (part, Some(number(component, COMPONENT_NUMBER_MAX)?))
        }
        Some(_) => return None,
        None => (part, None),
    };
    let part = number(part, if segment { FIELD_NUMBER_MAX } else { COMPONENT_NUMBER_MAX })?;
    let sound =
        (1..=LITERAL_BYTES_MAX).contains(&equals.len()) && !equals.contains(char::is_control);
    let equals = sound.then(|| equals.to_owned())?;
    Some((Select { part, component, equals }, rest))
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
            of: Which::First,
            field,
            which: Which::First,
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
        let select = |part, component, equals: &str| {
            Which::Where(vec![Select { part, component, equals: equals.to_owned() }])
        };
        check(
            "PID-3[5='M.R-[1]']",
            Location { which: select(5, None, "M.R-[1]"), ..place("PID", 3) },
        );
        check(
            "ZL1-999[5='M.R-[1]'].99",
            Location {
                which: select(5, None, "M.R-[1]"),
                component: Some(99),
                ..place("ZL1", 999)
            },
        );
        check(
            "PRD[1='RT']-10.10",
            Location { of: select(1, None, "RT"), component: Some(10), ..place("PRD", 10) },
        );
        check(
            "OBX[3.1='63512-8']-5",
            Location { of: select(3, Some(1), "63512-8"), ..place("OBX", 5) },
        );
        check("NTE[*]-3", Location { of: Which::Each(Vec::new()), ..place("NTE", 3) });
        check(
            "PID-3[*].1",
            Location { which: Which::Each(Vec::new()), component: Some(1), ..place("PID", 3) },
        );
        for text in [
            "OBX[3.1='a'][2='NM']-5",
            "PID-13[2='PRN'][3='PH'].12",
            "OBX[*][2='NM']-5",
            "PID-3[*][5='MR'].1",
        ] {
            assert_eq!(text.parse::<Location>().unwrap().to_string(), text);
        }
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
            ("PID-3[5.1='MR']", BadLocation::Select),
            ("PRD[1='RT'-10", BadLocation::Select),
            ("PRD[1='RT'].10", BadLocation::Segment),
            ("OBX[*]-3[*]", BadLocation::Each),
            ("PID-3[*]1", BadLocation::Select),
            ("PID-3.", BadLocation::Component),
            ("PID-3.100", BadLocation::Component),
            ("PID-3.1.", BadLocation::Component),
            ("PID-3.1.2.3", BadLocation::TooLong),
        ] {
            assert_eq!(text.parse::<Location>(), Err(expected), "{text:?}");
        }
    }
}
