//! One cell: written so that no spreadsheet takes it for a formula, and read back as it was.
//!
//! The rule, either way: a text that begins with any number of apostrophes and then one of
//! `= + - @`, their full-width forms, tab, CR or LF gets one more apostrophe in front; read, such a
//! text with at least one apostrophe loses one. Every other text stays as it is. So no cell begins
//! with what starts a formula, and every text comes back.

use std::borrow::Cow;

/// What a spreadsheet may take for the start of a formula, or skip before one.
const STARTS: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// A text that starts no formula.
pub fn neutral(text: &str) -> Cow<'_, str> {
    if is_marked(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text that [`neutral`] made this of.
pub fn original(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_marked(rest) => rest,
        _ => text,
    }
}

fn is_marked(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(STARTS)
}

/// Writes one record, ended by CRLF. Cells are neutralized, and quoted where RFC 4180 asks for it.
pub fn record<'c>(out: &mut String, separator: char, cells: impl IntoIterator<Item = &'c str>) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(separator);
        }
        quoted(out, separator, &neutral(cell));
    }
    out.push_str("\r\n");
}

fn quoted(out: &mut String, separator: char, cell: &str) {
    // A space at an end is part of the cell (RFC 4180 §2.4), and some programs take it away.
    let spaced = cell.starts_with(' ') || cell.ends_with(' ');
    if !spaced && !cell.contains([separator, '"', '\r', '\n', ',', ';', '\t']) {
        out.push_str(cell);
        return;
    }
    out.push('"');
    for (at, part) in cell.split('"').enumerate() {
        if at > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_starts_a_formula_does_not_any_more_and_comes_back() {
        for (text, written) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1 555 0142", "'+1 555 0142"),
            ("-5", "'-5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("\n=1", "'\n=1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("'=1", "''=1"),
            ("''+1", "'''+1"),
            ("'t Hooft", "'t Hooft"),
            ("'", "'"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(neutral(text), written, "{text}");
            assert_eq!(original(written), text, "{written}");
            assert!(!written.starts_with(STARTS), "{written}");
        }
        // Typed by a person, it stays what it is.
        assert_eq!(original("=1"), "=1");
    }

    #[test]
    fn a_record_is_quoted_where_it_must_be() {
        let mut out = String::new();
        record(&mut out, ',', ["a", "b,c", "d\"e", "f\ng", " h", "", "=i"]);
        assert_eq!(out, "a,\"b,c\",\"d\"\"e\",\"f\ng\",\" h\",,'=i\r\n");
    }

    #[test]
    fn another_reader_reads_what_is_written() {
        let cells = ["\"", "a\r\nb", ",;\t", "'", "=1", "é", ""];
        for separator in [',', ';', '\t'] {
            let mut out = String::new();
            record(&mut out, separator, cells);
            record(&mut out, separator, cells.into_iter().rev());
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .delimiter(u8::try_from(separator).unwrap())
                .from_reader(out.as_bytes());
            let read: Vec<Vec<String>> = reader
                .records()
                .map(|one| one.unwrap().iter().map(str::to_owned).collect())
                .collect();
            let neutral: Vec<String> = cells.iter().map(|one| neutral(one).into_owned()).collect();
            let back: Vec<String> = neutral.iter().rev().cloned().collect();
            assert_eq!(read, [neutral, back]);
        }
    }
}
