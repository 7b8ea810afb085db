//! From the bytes of a file to rows of cells, as spreadsheets save them: UTF-8 with or without a mark,
//! UTF-16 with one, Windows-1252; commas, semicolons or tabs; line breaks inside of quotes.
//!
//! A file that is not such a table is refused as a whole. Not here: what a column means.

use std::borrow::Cow;

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Rows below the headings.
pub const ROWS_MAX: usize = 20_000;
/// Columns.
pub const COLUMNS_MAX: usize = 200;
/// Bytes of one cell: what a spreadsheet's cell holds.
pub const CELL_BYTES_MAX: usize = 32_767;

/// Why a file is no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCsv {
    /// It is empty.
    #[error("the file is empty")]
    Empty,
    /// It is a workbook.
    #[error("this is a workbook and not a CSV file; choose Save as, CSV UTF-8")]
    Workbook,
    /// It is no text in any encoding that spreadsheets save.
    #[error("the file is not a text in UTF-8, UTF-16 or Windows-1252")]
    NotText,
    /// Quotation marks that do not fit, in this row.
    #[error("the quotation marks of row {0} do not fit together")]
    Quotes(usize),
    /// More rows than [`ROWS_MAX`].
    #[error("the file has more than {ROWS_MAX} rows; send it in parts")]
    Rows,
    /// More columns than [`COLUMNS_MAX`], in this row.
    #[error("row {0} has more than {COLUMNS_MAX} columns")]
    Columns(usize),
    /// A cell longer than [`CELL_BYTES_MAX`], in this row.
    #[error("a cell of row {0} is longer than {CELL_BYTES_MAX} bytes")]
    Cell(usize),
    /// The headings do not name the referral.
    #[error("no column names the referral; keep the headings as they were downloaded")]
    NoReferral,
    /// Two columns have one heading that is read, the second in this column, counted from 0.
    #[error("the column {} has the heading of another column", letters(*.0))]
    HeadingTwice(usize),
}

/// One row: its number as a spreadsheet shows it, and its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'t> {
    /// Counted from 1; the headings are row 1.
    pub number: usize,
    /// As they were written.
    pub cells: Vec<Cow<'t, str>>,
}

impl Row<'_> {
    /// Whether nothing is in it.
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

/// The text of a file.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, NotCsv> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(NotCsv::Workbook);
    }
    let decoded = match bytes {
        [0xff, 0xfe, rest @ ..] => {
            UTF_16LE.decode_without_bom_handling_and_without_replacement(rest)
        }
        [0xfe, 0xff, rest @ ..] => {
            UTF_16BE.decode_without_bom_handling_and_without_replacement(rest)
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => {
            UTF_8.decode_without_bom_handling_and_without_replacement(rest)
        }
        bytes => match std::str::from_utf8(bytes) {
            Ok(text) => Some(Cow::Borrowed(text)),
            Err(_) => WINDOWS_1252.decode_without_bom_handling_and_without_replacement(bytes),
        },
    };
    let text = decoded.ok_or(NotCsv::NotText)?;
    let strange = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n');
    if text.contains(strange) {
        return Err(NotCsv::NotText);
    }
    if text.trim().is_empty() { Err(NotCsv::Empty) } else { Ok(text) }
}

/// The separator that a first line `sep=;` names, and the rest; Excel writes and reads it.
pub fn hinted(text: &str) -> (Option<char>, &str) {
    let Some(rest) = text.strip_prefix("sep=") else { return (None, text) };
    let mut chars = rest.chars();
    let Some(separator @ (',' | ';' | '\t')) = chars.next() else { return (None, text) };
    let rest = chars.as_str();
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\n', '\r']));
    rest.map_or((None, text), |rest| (Some(separator), rest))
}

/// Reads row by row; the first refusal ends it.
pub struct Rows<'t> {
    text: &'t str,
    separator: char,
    number: usize,
}

impl<'t> Rows<'t> {
    /// Rows of a text, the headings first.
    pub fn new(text: &'t str, separator: char) -> Rows<'t> {
        Rows { text, separator, number: 0 }
    }

    /// The next row, an empty line too; none at the end.
    pub fn next_row(&mut self) -> Result<Option<Row<'t>>, NotCsv> {
        if self.text.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if self.number > ROWS_MAX + 1 {
            // What nobody filled in is no row.
            let blank = self.text.chars().all(|c| c.is_whitespace() || c == self.separator);
            return if blank { Ok(None) } else { Err(NotCsv::Rows) };
        }
        let mut cells = Vec::new();
        loop {
            let (cell, ends) = self.cell()?;
            if cell.len() > CELL_BYTES_MAX {
                return Err(NotCsv::Cell(self.number));
            }
            if cells.len() == COLUMNS_MAX {
                return Err(NotCsv::Columns(self.number));
            }
            cells.push(cell);
            if ends {
                return Ok(Some(Row { number: self.number, cells }));
            }
        }
    }

    /// A cell, and whether it ends the row.
    fn cell(&mut self) -> Result<(Cow<'t, str>, bool), NotCsv> {
        let cell = match self.text.strip_prefix('"') {
            Some(quoted) => self.quoted(quoted)?,
            None => {
                let ends = self.text.find([self.separator, '\r', '\n']).unwrap_or(self.text.len());
                let (cell, rest) = self.text.split_at(ends);
                self.text = rest;
                Cow::Borrowed(cell)
            }
        };
        if let Some(rest) = self.text.strip_prefix(self.separator) {
            self.text = rest;
            return Ok((cell, false));
        }
        let ended = self.text.strip_prefix("\r\n").or_else(|| self.text.strip_prefix(['\r', '\n']));
        match ended {
            Some(rest) => self.text = rest,
            None if self.text.is_empty() => {}
            // After a closing quotation mark comes a separator or nothing.
            None => return Err(NotCsv::Quotes(self.number)),
        }
        Ok((cell, true))
    }

    fn quoted(&mut self, mut text: &'t str) -> Result<Cow<'t, str>, NotCsv> {
        let mut cell = Cow::Borrowed("");
        loop {
            let Some((part, rest)) = text.split_once('"') else {
                return Err(NotCsv::Quotes(self.number));
            };
            if cell.is_empty() {
                cell = Cow::Borrowed(part)
            } else {
                cell.to_mut().push_str(part)
            }
            match rest.strip_prefix('"') {
                Some(rest) => {
                    cell.to_mut().push('"');
                    text = rest;
                }
                None => {
                    self.text = rest;
                    return Ok(cell);
                }
            }
        }
    }
}

/// What a spreadsheet calls the nth column, counted from 0.
pub fn letters(mut column: usize) -> String {
    let mut name = String::new();
    loop {
        name.insert(0, char::from(b'A' + u8::try_from(column % 26).unwrap_or_default()));
        match (column / 26).checked_sub(1) {
            Some(rest) => column = rest,
            None => return name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, separator: char) -> Result<Vec<(usize, Vec<String>)>, NotCsv> {
        let mut rows = Rows::new(text, separator);
        let mut all = Vec::new();
        while let Some(row) = rows.next_row()? {
            all.push((row.number, row.cells.into_iter().map(Cow::into_owned).collect()));
        }
        Ok(all)
    }

    fn check(text: &str, separator: char, expected: &[(usize, &[&str])]) {
        let expected: Vec<(usize, Vec<String>)> = expected
            .iter()
            .map(|(n, all)| (*n, all.iter().map(|one| (*one).to_owned()).collect()))
            .collect();
        assert_eq!(rows(text, separator).unwrap(), expected, "{text}");
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_does() {
        check("a,b\r\n1,2\r\n", ',', &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check("a;b\n\n\"x\ny\";2", ';', &[(1, &["a", "b"]), (2, &[""]), (3, &["x\ny", "2"])]);
        check("a\tb\r1\t", '\t', &[(1, &["a", "b"]), (2, &["1", ""])]);
        check("5\" pipe,\"say \"\"hi\"\"\"", ',', &[(1, &["5\" pipe", "say \"hi\""])]);
        check("\"\"\"\",\"\"", ',', &[(1, &["\"", ""])]);
    }

    #[test]
    fn quotation_marks_that_do_not_fit_refuse_the_file() {
        assert_eq!(rows("a,b\n1,\"2\n3,4\n", ','), Err(NotCsv::Quotes(2)));
        assert_eq!(rows("a,b\n\"1\"x,2\n", ','), Err(NotCsv::Quotes(2)));
    }

    #[test]
    fn there_is_an_end_to_everything() {
        let many = "x\n".repeat(ROWS_MAX + 1);
        assert_eq!(rows(&many, ',').unwrap().len(), ROWS_MAX + 1);
        assert_eq!(rows(&format!("{many}x\n"), ','), Err(NotCsv::Rows));
        assert_eq!(rows(&format!("{many},,\n\n"), ',').unwrap().len(), ROWS_MAX + 1);
        assert_eq!(rows(&",".repeat(COLUMNS_MAX), ','), Err(NotCsv::Columns(1)));
        assert_eq!(rows(&"x".repeat(CELL_BYTES_MAX + 1), ','), Err(NotCsv::Cell(1)));
    }

    #[test]
    fn a_text_is_read_in_the_encodings_of_spreadsheets() {
        for bytes in [
            "é;ß\n".as_bytes(),
            b"\xef\xbb\xbf\xc3\xa9;\xc3\x9f\n",
            b"\xff\xfe\xe9\x00;\x00\xdf\x00\n\x00",
            b"\xfe\xff\x00\xe9\x00;\x00\xdf\x00\n",
            b"\xe9;\xdf\n",
        ] {
            assert_eq!(text(bytes).unwrap(), "é;ß\n", "{bytes:?}");
        }
        assert_eq!(text(b"\x80 1\x92s"), Ok("€ 1’s".into()));
        assert_eq!(text(b"PK\x03\x04rest"), Err(NotCsv::Workbook));
        for bytes in
            [&b"%PDF\x00\x01"[..], b"\xef\xbb\xbf\xff", b"\xff\xfe\x00", b"a\x81b", b"\x00a"]
        {
            assert_eq!(text(bytes), Err(NotCsv::NotText), "{bytes:?}");
        }
        for bytes in [&b""[..], b"\xef\xbb\xbf", b" \r\n"] {
            assert_eq!(text(bytes), Err(NotCsv::Empty), "{bytes:?}");
        }
    }

    #[test]
    fn excels_hint_names_the_separator_and_columns_have_letters() {
        assert_eq!(hinted("sep=;\r\na;b"), (Some(';'), "a;b"));
        assert_eq!(hinted("sep=x\na"), (None, "sep=x\na"));
        assert_eq!([0, 25, 26, 701, 702].map(letters), ["A", "Z", "AA", "ZZ", "AAA"]);
    }
}
