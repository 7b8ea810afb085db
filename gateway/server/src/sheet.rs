//! Tables as CSV (RFC 4180), no cell of which a spreadsheet takes for a formula.

/// The media type.
pub const CSV: &str = "text/csv; charset=utf-8; header=present";

/// A table: its head, and its rows.
pub fn csv(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Vec<u8> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![]);
    let head = head.iter().map(|cell| (*cell).to_owned()).collect();
    for row in std::iter::once(head).chain(rows) {
        // It goes to memory, which does not fail.
        let _ = out.write_record(row.iter().map(|cell| harmless(cell)));
    }
    out.into_inner().unwrap_or_default()
}

/// A cell that a spreadsheet could take for a formula begins with a quote mark (CWE-1236).
fn harmless(cell: &str) -> String {
    let first = cell.trim_start_matches([' ', '\u{a0}']).chars().next();
    match first {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => {
            format!("'{cell}")
        }
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n47_no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", " =1"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
        for cell in ["", "Pantry", "1 = 1", "'=1"] {
            assert_eq!(harmless(cell), cell);
        }
        let table = csv(&["a", "b"], [vec!["=1".to_owned(), "x,\"y".to_owned()]]);
        assert_eq!(String::from_utf8(table).unwrap(), "a,b\r\n'=1,\"x,\"\"y\"\r\n");
    }
}
