//! Timestamps that are not quite HL7's (`YYYYMMDDHHMMSS+ZZZZ`, v2.5.1 §2.A.22): with blanks around them,
//! or with the signs of ISO 8601. In the fields that hold timestamps, and nowhere else: a text that looks
//! like one is a text.

use loopgate_hl7v2::{Dtm, Message, is_null};

use super::leaf;

/// Fields of type DT, TS or DTM, and ranges: segment, field, component.
const PLACES: [(&str, u16, u16); 62] = [
    ("MSH", 7, 1),
    ("EVN", 2, 1),
    ("EVN", 3, 1),
    ("EVN", 6, 1),
    ("PID", 7, 1),
    ("PID", 29, 1),
    ("PID", 33, 1),
    ("NK1", 8, 1),
    ("NK1", 9, 1),
    ("NK1", 16, 1),
    ("PV1", 44, 1),
    ("PV1", 45, 1),
    ("PV2", 8, 1),
    ("PV2", 9, 1),
    ("IN1", 12, 1),
    ("IN1", 13, 1),
    ("IN1", 18, 1),
    ("RF1", 7, 1),
    ("RF1", 8, 1),
    ("RF1", 9, 1),
    ("PRD", 8, 1),
    ("PRD", 9, 1),
    ("AUT", 4, 1),
    ("AUT", 5, 1),
    ("AUT", 10, 1),
    ("ORC", 7, 4),
    ("ORC", 7, 5),
    ("ORC", 9, 1),
    ("ORC", 15, 1),
    ("ORC", 27, 1),
    ("TQ1", 7, 1),
    ("TQ1", 8, 1),
    ("OBR", 6, 1),
    ("OBR", 7, 1),
    ("OBR", 8, 1),
    ("OBR", 14, 1),
    ("OBR", 22, 1),
    ("OBR", 27, 4),
    ("OBR", 27, 5),
    ("OBR", 36, 1),
    ("OBX", 12, 1),
    ("OBX", 14, 1),
    ("OBX", 19, 1),
    ("DG1", 5, 1),
    ("DG1", 19, 1),
    ("PR1", 5, 1),
    ("AL1", 6, 1),
    ("NTE", 6, 1),
    ("SCH", 11, 4),
    ("SCH", 11, 5),
    ("AIS", 4, 1),
    ("AIG", 8, 1),
    ("AIL", 6, 1),
    ("AIP", 6, 1),
    ("TXA", 4, 1),
    ("TXA", 6, 1),
    ("TXA", 7, 1),
    ("TXA", 8, 1),
    ("CON", 13, 1),
    ("CON", 14, 1),
    ("CON", 15, 1),
    ("ARV", 6, 1),
];

/// Writes each timestamp of the message as HL7 does. What is none stays as it is, and is refused by
/// whoever needs it.
pub(super) fn plain(message: &mut Message) {
    for segment in &mut message.segments {
        let dated =
            segment.name == "OBX" && matches!(leaf::get(segment, 2, 0, 1), "TS" | "DT" | "DTM");
        let here = PLACES.iter().filter(|(name, ..)| *name == segment.name);
        let here = here.map(|(_, field, component)| (*field, *component));
        let all: Vec<(u16, u16)> = here.chain(dated.then_some((5, 1))).collect();
        for (field, component) in all {
            for repetition in 0..leaf::repetitions(segment, field) {
                let written = written(leaf::get(segment, field, repetition, component));
                if let Some(written) = written {
                    leaf::set(segment, field, repetition, component, &written);
                }
            }
        }
    }
}

/// As HL7 writes it, if that is not how it stands and it can be said.
fn written(raw: &str) -> Option<String> {
    let text = raw.trim_matches([' ', '\t']);
    if is_null(text) {
        return None;
    }
    if text.parse::<Dtm>().is_ok() {
        return (text != raw).then(|| text.to_owned());
    }
    iso(text).filter(|bare| bare.parse::<Dtm>().is_ok())
}

/// `2026-11-20T09:40:00.123Z`, with any of its signs left out; a blank may stand for the T and before
/// the zone.
fn iso(text: &str) -> Option<String> {
    let (date, rest) = match text.get(..10).filter(|date| is_shaped(date, "dddd-dd-dd")) {
        Some(date) => (date.replace('-', ""), &text[10..]),
        None => (text.get(..8).filter(|date| is_shaped(date, "dddddddd"))?.to_owned(), &text[8..]),
    };
    if rest.is_empty() {
        return Some(date);
    }
    let rest = rest.strip_prefix(['T', ' ']).unwrap_or(rest);
    let end = rest.find([' ', 'Z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = (&rest[..end], rest[end..].trim_start_matches(' '));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let shapes = ["dd:dd:dd", "dddddd", "dd:dd", "dddd"];
    let clock =
        shapes.iter().any(|shape| is_shaped(clock, shape)).then(|| clock.replace(':', ""))?;
    // Nobody here knows anything to less than a ten-thousandth of a second.
    let fraction = match fraction.get(..4).unwrap_or(fraction) {
        "" => String::new(),
        some if fraction.bytes().all(|b| b.is_ascii_digit()) => format!(".{some}"),
        _ => return None,
    };
    let zone = match zone {
        "" => String::new(),
        "Z" => "+0000".to_owned(),
        some if is_shaped(some.get(1..)?, "dd:dd") || is_shaped(some.get(1..)?, "dddd") => {
            some.replace(':', "")
        }
        _ => return None,
    };
    Some(format!("{date}{clock}{fraction}{zone}"))
}

/// `d` stands for a digit, any other sign for itself.
fn is_shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(found, asked)| match asked {
            b'd' => found.is_ascii_digit(),
            _ => found == asked,
        })
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn a_timestamp_is_written_as_hl7_writes_it() {
        for (theirs, ours) in [
            ("2026-11-20", "20261120"),
            ("2026-11-20T09:40", "202611200940"),
            ("2026-11-20 09:40:00", "20261120094000"),
            ("2026-11-20T09:40:00.5Z", "20261120094000.5+0000"),
            ("2026-11-20T09:40:00.1234567+01:00", "20261120094000.1234+0100"),
            ("20261120 09:40", "202611200940"),
            ("20261120094000+01:00", "20261120094000+0100"),
            ("20261120094000 +0100", "20261120094000+0100"),
            ("20261120094000-05:00", "20261120094000-0500"),
            (" 20261120 ", "20261120"),
            ("20261120T0940", "202611200940"),
        ] {
            assert_eq!(written(theirs).as_deref(), Some(ours), "{theirs}");
        }
    }

    #[test]
    fn what_stands_as_it_should_or_is_none_stays() {
        for text in [
            "",
            "\"\"",
            "20261120094000+0100",
            "2026",
            "11/20/2026",
            "2026-02-30",
            "2026-11-20T25:00",
            "2026-11-20T09",
            "2026-11-20 Friday",
            "2026-11-20T09:40:00.x",
            "2026-11-20T09:40 CET",
            "\u{660}\u{660}",
        ] {
            assert_eq!(written(text), None, "{text}");
        }
    }
}
