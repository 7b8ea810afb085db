//! Every problem of a folder is found when it is loaded, with its line.

use super::{REPEATS, file, load};
use crate::Library;

#[track_caller]
fn refuses(rows: &str, expected: &[&str]) {
    let problems = load(rows).err().unwrap_or_default();
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, expected);
}

#[track_caller]
fn files_refused(files: &[(&str, &str)], expected: &[&str]) {
    let problems = Library::from_files(files.iter().copied()).err().unwrap_or_default();
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, expected);
}

#[test]
fn a_row_about_a_person_names_its_group() {
    refuses(
        "may = [\n{ left = \"Patient.name.family\", right = \"a\" },\n{ left = \"Task.status\", right = \"b\" },\n\
         { left = \"Observation.where(code.coding.code='x').valueString\", right = \"c\" },\n]\nfirst = [\"Patient.name\"]",
        &[
            "d/m.toml:8: is about a person and names no group",
            "d/m.toml:10: is about a person and names no group",
        ],
    );
}

#[test]
fn a_repeating_element_is_selected_or_listed() {
    refuses(
        "may = [{ left = \"Patient.name.family\", right = \"a\", group = \"identity\" }]",
        &["d/m.toml:7: Patient.name repeats: select with where, or list it under first"],
    );
    refuses(
        "may = [{ left = \"Task.note\", right = \"a\" }]",
        &["d/m.toml:7: Task.note repeats: select with where, or list it under first"],
    );
    refuses(
        "may = [{ left = \"Task.where(status='x').intent\", right = \"a\" }]",
        &["d/m.toml:7: Task does not repeat, so there is nothing to select"],
    );
    refuses(
        "may = [{ left = \"Task.status\", right = \"a[]\" }]",
        &["d/m.toml:7: Task.status is not a list, so the right side cannot end in []"],
    );
    refuses(
        "may = [{ left = \"Task.status\", right = \"a\" }]\nfirst = [\"Patient.name\",\n\"Task.intent\",\n\"Task.nil\"]",
        &[
            "d/m.toml:8: no row passes through it without a where",
            "d/m.toml:9: does not repeat",
            "d/m.toml:9: no row passes through it without a where",
            "d/m.toml:10: is not in fhir-repeats.toml",
            "d/m.toml:10: no row passes through it without a where",
        ],
    );
}

#[test]
fn a_misspelt_path_does_not_load() {
    refuses(
        "may = [\n{ left = \"Task.stattus\", right = \"a\" },\n{ left = \"Task.status.first()\", right = \"b\" },\n\
         { left = \"Patient.telecom.where(sytem='x').value\", right = \"c\", group = \"contact\" },\n]",
        &[
            "d/m.toml:8: Task.stattus is not in fhir-repeats.toml",
            "d/m.toml:9: left has a step that is not an element name",
            "d/m.toml:10: Patient.telecom.sytem is not in fhir-repeats.toml",
        ],
    );
}

#[test]
fn two_rows_never_share_a_place() {
    refuses(
        "may = [\n{ left = \"Task.status\", right = \"a\" },\n{ left = \"Task.status\", right = \"b\" },\n\
         { left = \"Task.intent\", right = \"a.c\" },\n]",
        &[
            "d/m.toml:9: left overlaps Task.status of another row",
            "d/m.toml:10: right overlaps a of another row",
        ],
    );
}

#[test]
fn unknown_keys_groups_and_tables() {
    refuses(
        "may = [\n{ left = \"Task.status\", right = \"a\", grupo = \"need\" },\n{ left = \"Task.status\", right = \"b\", group = \"needs\" },\n\
         { left = \"Task.intent\", right = \"c\", codes = \"u\" },\n{ left = \"Task.intent\" },\n]",
        &[
            "d/m.toml:8: unknown field `grupo`, expected one of `left`, `right`, `codes`, `group`, `as`, `or`, `then`, `also`",
            "d/m.toml:9: no field group has this name",
            "d/m.toml:10: there is no file codes/u.toml",
            "d/m.toml:11: missing field `right`",
        ],
    );
    refuses(
        "mai = []",
        &[
            "d/m.toml:7: unknown field `mai`, expected one of `must`, `safety`, `may`, `fixed`, `first`",
        ],
    );
    refuses(
        "[extra]\na = 1",
        &[
            "d/m.toml:7: unknown field `extra`, expected one of `mapping`, `message`, `acts`, `rows`",
        ],
    );
    refuses("may = [", &["d/m.toml:7: unclosed array, expected `]`"]);
}

#[test]
fn a_value_table_is_one_to_one() {
    let text =
        "[both]\na = \"X\"\nb = \"X\"\n[left_only]\na = \"Y\"\n[right_only]\nX = \"c\"\nZ = \"\"\n";
    files_refused(
        &[
            ("fhir-repeats.toml", REPEATS),
            ("codes/a/b.toml", text),
            ("codes/c.toml", ""),
            ("codes/d.toml", "[bothe]"),
        ],
        &[
            "codes/a/b.toml:3: \"X\" has two codes on the left",
            "codes/a/b.toml:5: \"a\" is also in [both]",
            "codes/a/b.toml:7: \"X\" is also in [both]",
            "codes/a/b.toml:8: a code is empty",
            "codes/c.toml: has no codes",
            "codes/d.toml:1: unknown field `bothe`, expected one of `nothing`, `both`, `left_only`, `right_only`",
        ],
    );
}

#[test]
fn a_mapping_is_named_as_its_file_and_between_known_dialects() {
    let text = file("may = [\n{ left = \"Task.status\", right = \"ORC-5.x\" },\n{ left = \"Task.intent\", right = \"ORC-5\" }]")
        .replace("\"json\"", "\"hl7v2\"")
        .replace("\"fhir\"", "\"FHIR\"");
    files_refused(
        &[
            ("fhir-repeats.toml", REPEATS),
            ("d/n.toml", &text),
            ("e/m.toml", &file("may = []").replace("json", "xml")),
        ],
        &[
            "d/n.toml: has no [message] with the structure of its segments",
            "d/n.toml:2: name is not \"d/n\", the file's path",
            "d/n.toml:4: left is not \"fhir\", the pivot",
            "d/n.toml:8: right component is not a number from 1 to 99",
            "d/n.toml:9: ORC is not in the structure",
            "e/m.toml:2: name is not \"e/m\", the file's path",
            "e/m.toml:5: right is not \"json\" or \"hl7v2\"",
        ],
    );
}

#[test]
fn a_template_never_lets_the_sources_own_keys_pass() {
    let text =
        "[template]\nid = \"f\"\nversion = 1\ngroups = [\"need\",\n\"source-keys\",\n\"all\"]\n";
    files_refused(
        &[
            ("fhir-repeats.toml", REPEATS),
            ("templates/food.toml", text),
            ("templates/x.toml", "[template]\nwho = 1"),
        ],
        &[
            "templates/food.toml:2: id is not \"food\", the file's name",
            "templates/food.toml:5: source-keys return to the source and pass to nobody else",
            "templates/food.toml:6: no field group has this name",
            "templates/x.toml:2: unknown field `who`, expected one of `id`, `version`, `groups`",
        ],
    );
}

#[test]
fn files_out_of_place_too_long_or_missing() {
    let long = "#".repeat(64 * 1024 + 1);
    files_refused(
        &[
            ("a.toml", ""),
            ("a/b/c.toml", ""),
            ("a/b.toml", &long),
            ("README.md", ""),
            ("a/samples/s/x.toml", "?"),
        ],
        &[
            "a.toml: is not a mapping (FOLDER/NAME.toml), a template or a value table",
            "a/b.toml: is longer than 65536 bytes",
            "a/b/c.toml: is not a mapping (FOLDER/NAME.toml), a template or a value table",
            "fhir-repeats.toml: is missing",
        ],
    );
    let twice = "many = [\"Task\"]\nonce = [\"Task\"]";
    files_refused(&[("fhir-repeats.toml", twice)], &["fhir-repeats.toml:2: Task is listed twice"]);
    let rows: String =
        (0..257).map(|n| format!("{{ left = \"Task.status\", right = \"r{n}\" }},\n")).collect();
    let problems = load(&format!("may = [\n{rows}]")).unwrap_err();
    assert!(problems.iter().any(|problem| problem.what == "has more than 256 rows"));
}

#[test]
fn a_folder_that_is_not_there() {
    let problems = Library::load(std::path::Path::new("/nonexistent/loopgate")).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].file, ".");
}
