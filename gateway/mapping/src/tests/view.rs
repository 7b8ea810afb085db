//! What is shown of a mapping is what its file says.

use super::*;
use crate::{Needed, Pair, TableView};

#[test]
fn every_row_of_a_file_is_shown_as_it_is_written() {
    for (file, text) in Library::files() {
        let Some(name) = file.strip_suffix(".toml") else { continue };
        let library = Library::builtin();
        let Some(mapping) = library.mapping(name) else { continue };
        let lines: Vec<&str> = text.lines().collect();
        for row in mapping.rows().filter(|row| row.file == file) {
            let line = lines[row.line as usize - 1];
            let said = |key: &str| {
                line.split_once(&format!("{key} = \""))
                    .map(|(_, rest)| rest.split_once('"').map_or(rest, |(text, _)| text).to_owned())
            };
            assert_eq!(said("left"), Some(row.left.clone()), "{file}:{}", row.line);
            // The first component stands for the whole in a selection.
            let plain = |text: String| text.replace(".1='", "='");
            assert_eq!(said("right").map(plain), Some(row.right.clone()), "{file}:{}", row.line);
            assert_eq!(said("codes").is_some(), row.table.is_some(), "{file}:{}", row.line);
            assert_eq!(said("group").is_some(), row.group.is_some(), "{file}:{}", row.line);
        }
    }
}

#[test]
fn a_row_says_whether_it_has_to_be_there_and_how_its_codes_are_called() {
    let library = Library::builtin();
    let mapping = library.mapping("hl7v2/ref-i12").unwrap();
    let row = |place: &str| mapping.rows().find(|row| row.right == place).unwrap();
    assert_eq!(row("RF1-6.1").needed, Needed::Always);
    let protection = row("PD1-12");
    assert_eq!(protection.needed, Needed::IfThere);
    let Some(TableView::File { name, pairs }) = protection.table else { panic!() };
    let prohibited =
        Pair { left: "contacting-subject-prohibited", right: "Y", read: true, written: true };
    assert_eq!((name, pairs), ("contact/hl7v2", vec![prohibited]));
    let Some(TableView::File { pairs, .. }) = row("PID-15.1").table else { panic!() };
    let spanish: Vec<&Pair<'_>> = pairs.iter().filter(|pair| pair.left == "es").collect();
    let called: Vec<(&str, bool)> = spanish.iter().map(|pair| (pair.right, pair.written)).collect();
    assert_eq!(called, [("ES", true), ("es", false), ("spa", false)]);
    assert!(mapping.structure().starts_with(&["RF1".to_owned(), "PRD".to_owned()]));
}
