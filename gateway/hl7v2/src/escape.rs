//! Escape sequences (v2.5.1 §2.7): from a leaf as it stands in a message to its text, and back.
//!
//! What is not a sequence we know stays as it is. Not here: character set shifts (`\C..\`, `\M..\`),
//! which stay as they are too.

use crate::Delimiters;

/// Whether a leaf is `""`: the value is known to be none (v2.5.1 §2.5.3).
pub fn is_null(raw: &str) -> bool {
    raw == "\"\""
}

/// The text of a leaf.
pub fn unescape(raw: &str, delimiters: &Delimiters) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once(delimiters.escape) {
        out.push_str(before);
        let Some((sequence, following)) = after.split_once(delimiters.escape) else {
            // Unterminated: nothing of it is lost.
            out.push(delimiters.escape);
            rest = after;
            break;
        };
        match meaning(sequence, delimiters) {
            Some(text) => {
                out.push_str(&text);
                rest = following;
            }
            None => {
                // The closing character may open the next sequence.
                out.push(delimiters.escape);
                out.push_str(sequence);
                rest = &after[sequence.len()..];
                if !known_start(&rest[delimiters.escape.len_utf8()..], delimiters) {
                    out.push(delimiters.escape);
                    rest = following;
                }
            }
        }
    }
    out.push_str(rest);
    out
}

/// Whether a known sequence goes up to the next escape character.
fn known_start(rest: &str, delimiters: &Delimiters) -> bool {
    rest.split_once(delimiters.escape)
        .is_some_and(|(sequence, _)| meaning(sequence, delimiters).is_some())
}

fn meaning(sequence: &str, delimiters: &Delimiters) -> Option<String> {
    Some(match sequence {
        "F" => delimiters.field.to_string(),
        "S" => delimiters.component.to_string(),
        "T" => delimiters.subcomponent.to_string(),
        "R" => delimiters.repetition.to_string(),
        "E" => delimiters.escape.to_string(),
        "P" => delimiters.truncation.unwrap_or('#').to_string(),
        // Highlighting changes no text.
        "H" | "N" => String::new(),
        ".br" | ".sp" => "\n".to_owned(),
        _ => {
            if let Some(lines) = sequence.strip_prefix(".sp") {
                let lines: usize = lines.trim_start_matches('+').parse().ok()?;
                return (1..=99).contains(&lines).then(|| "\n".repeat(lines));
            }
            let digits = sequence.strip_prefix('X')?;
            let pairs = digits.len() >= 2 && digits.len().is_multiple_of(2) && digits.is_ascii();
            let bytes = pairs.then(|| hex(digits)).flatten()?;
            let text = String::from_utf8(bytes).ok()?;
            text.chars()
                .all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
                .then_some(text)?
        }
    })
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok())
        .collect()
}

/// A text as a leaf. A line break becomes `\.br\`, or `\X0A\` where the dot parts something; other control characters have no place in a
/// message and are left out.
pub fn escape(text: &str, delimiters: &Delimiters) -> String {
    let mut out = String::with_capacity(text.len());
    let mut previous = '\0';
    let Delimiters { field, component, repetition, escape, subcomponent, .. } = *delimiters;
    // Then `\.br\` would be parted.
    let dot = [field, component, repetition, escape, subcomponent].contains(&'.');
    for c in text.chars() {
        let letter = match c {
            _ if c == delimiters.field => Some("F"),
            _ if c == delimiters.component => Some("S"),
            _ if c == delimiters.subcomponent => Some("T"),
            _ if c == delimiters.repetition => Some("R"),
            _ if c == delimiters.escape => Some("E"),
            _ if Some(c) == delimiters.truncation => Some("P"),
            '\n' if previous == '\r' => None,
            '\n' | '\r' if dot => Some("X0A"),
            '\n' | '\r' => Some(".br"),
            _ => None,
        };
        match letter {
            Some(letter) => {
                out.push(delimiters.escape);
                out.push_str(letter);
                out.push(delimiters.escape);
            }
            None if c.is_control() && c != '\t' => {}
            None => out.push(c),
        }
        previous = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USUAL: Delimiters = Delimiters::USUAL;

    #[test]
    fn sequences_of_the_standard() {
        for (raw, text) in [
            (r"Rubble \T\ Sons", "Rubble & Sons"),
            (r"\F\\S\\T\\R\\E\", r"|^&~\"),
            (r"a\.br\b", "a\nb"),
            (r"a\.sp2\b", "a\n\nb"),
            (r"\H\loud\N\", "loud"),
            (r"\X41\", "A"),
            (r"\XC3BC\", "ü"),
            // What broke others: text that is not ASCII before a sequence.
            (r"Müñoz \T\ Ünal", "Müñoz & Ünal"),
            (r"日本\S\語", "日本^語"),
            // What is none stays.
            (r"C:\temp", r"C:\temp"),
            (r"\Zfoo\", r"\Zfoo\"),
            (r"\X4\", r"\X4\"),
            (r"\XFF\", r"\XFF\"),
            (r"\X1C\", r"\X1C\"),
            (r"\", r"\"),
            (r"a \ b \T\ c", r"a \ b & c"),
            ("", ""),
        ] {
            assert_eq!(unescape(raw, &USUAL), text, "{raw}");
        }
    }

    #[test]
    fn what_parts_a_message_cannot_be_put_into_a_value() {
        assert_eq!(escape("a|b^c&d~e\\f", &USUAL), r"a\F\b\S\c\T\d\R\e\E\f");
        assert_eq!(escape("a\r\nb\nc\rd", &USUAL), r"a\.br\b\.br\c\.br\d");
        assert_eq!(escape("a\u{b}\u{1c}\0b\tc", &USUAL), "ab\tc");
    }

    #[test]
    fn null_is_not_a_text() {
        assert!(is_null("\"\"") && !is_null("") && !is_null("\"a\""));
    }

    proptest! {
        #[test]
        fn what_is_escaped_reads_back(text in "[^\\p{Cc}]{0,40}(\n[^\\p{Cc}]{0,10})?") {
            let raw = escape(&text, &USUAL);
            prop_assert!(!raw.contains(['|', '^', '&', '~', '\r', '\n']));
            prop_assert_eq!(unescape(&raw, &USUAL), text);
        }

        #[test]
        fn no_text_panics(raw in "\\PC{0,40}", more in "[\\\\XFSTRE.brsp0-9é]{0,20}") {
            let _ = unescape(&format!("{raw}{more}"), &USUAL);
        }
    }
}
