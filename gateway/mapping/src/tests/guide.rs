//! The HL7 v2-to-FHIR guide, row by row, against ours: each of its rows is the same, or is listed in
//! `mappings/hl7v2/guide.tsv` as different or not carried, with the reason in words.
//!
//! The guide's maps are read from `LOOPGATE_CORPUS`, `v2-to-fhir/segments`; they are no part of the
//! project.

#![allow(clippy::print_stderr)] // a test that is not run says so, and what the guide's rows came to

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use crate::builtin;

/// The segment maps that are followed: the guide's name, and the FHIR type whose elements it names.
const FOLLOWED: [(&str, &str); 23] = [
    ("MSH[MessageHeader]", "MessageHeader"),
    ("MSA[MessageHeader]", "MessageHeader"),
    ("EVN[Provenance]", "Provenance"),
    ("PID[Patient]", "Patient"),
    ("PD1[Patient]", "Patient"),
    ("NK1[RelatedPerson]", "RelatedPerson"),
    ("PV1[Encounter]", "Encounter"),
    ("ORC[ServiceRequest]", "ServiceRequest"),
    ("OBR[ServiceRequest]", "ServiceRequest"),
    ("OBR[DiagnosticReport]", "DiagnosticReport"),
    ("TQ1[ServiceRequest]", "ServiceRequest"),
    ("DG1[Condition]", "Condition"),
    ("OBX[Observation]", "Observation"),
    ("NTE[ServiceRequest]", "ServiceRequest"),
    ("NTE[Observation]", "Observation"),
    ("SCH[Appointment]", "Appointment"),
    ("AIS[Appointment]", "Appointment"),
    ("AIG[Appointment]", "Appointment"),
    ("AIL[Appointment]", "Appointment"),
    ("AIP[Appointment]", "Appointment"),
    ("TXA[DocumentReference]", "DocumentReference"),
    ("IN1[Coverage]", "Coverage"),
    ("MRG[Account]", "Account"),
];

/// A row of ours: where it stands in FHIR, without selections; what its selections and fixed
/// values are; and the fields it is read from.
struct Ours {
    left: String,
    fields: BTreeSet<String>,
}

/// A row of the guide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Guides {
    map: String,
    /// `PID-5`, or the segment.
    field: String,
    /// The FHIR element as the guide writes it; nothing, if it maps the field to nothing.
    element: String,
    /// What the guide puts there in any case.
    is: String,
}

#[test]
fn every_row_of_the_guide_is_followed_or_answered() {
    let Some(corpus) = std::env::var_os("LOOPGATE_CORPUS").map(PathBuf::from) else {
        eprintln!("LOOPGATE_CORPUS is not set: the guide's rows were not compared");
        return;
    };
    let (ours, fixed) = ours();
    let listed = listed();
    let mut used = BTreeSet::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (map, kind) in FOLLOWED {
        let path = corpus.join("v2-to-fhir/segments").join(format!("{map}.csv"));
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for row in guides(map, &text) {
            let same = is_same(&row, kind, &ours, &fixed);
            match (same, listed.get(&row)) {
                (true, None) => *counts.entry("same").or_default() += 1,
                (false, Some((verdict, _))) => {
                    *counts.entry(verdict).or_default() += 1;
                    used.insert(row);
                }
                (true, Some(_)) => wrong.push(format!("stale, it is the same now: {row:?}")),
                (false, None) => wrong.push(format!("in neither: {row:?}")),
            }
        }
    }
    let gone = listed.keys().filter(|row| !used.contains(row));
    let stale: Vec<String> = gone.map(|row| format!("no such row to answer: {row:?}")).collect();
    wrong.extend(stale);
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
    eprintln!("rows of the guide: {counts:?}");
    assert!(counts["same"] > 0);
}

#[test]
fn every_answer_gives_a_reason() {
    let listed = listed();
    assert!(!listed.is_empty());
    for (row, (verdict, reason)) in listed {
        assert!(matches!(verdict, "different" | "not carried"), "{row:?}: {verdict}");
        assert!(reason.split_whitespace().count() >= 3, "{row:?}: {reason:?} is no reason");
    }
}

/// A row that maps a field to nothing is followed if we carry nothing of it either; one that names
/// an element, if a row of ours joins the two; one that puts a value there, if ours does so.
fn is_same(row: &Guides, kind: &str, ours: &[Ours], fixed: &BTreeSet<(String, String)>) -> bool {
    let of_field = ours.iter().filter(|one| one.fields.contains(&row.field));
    let of_kind: Vec<&Ours> = of_field.filter(|one| root(&one.left) == kind).collect();
    if row.element.is_empty() {
        return of_kind.is_empty();
    }
    let element = format!("{kind}.{}", plain(&row.element));
    let inside = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let is = row.is.trim_matches('"');
    if is.is_empty() {
        return of_kind.iter().any(|one| inside(&one.left, &element));
    }
    let field_there = row.field.len() == 3
        || of_kind.iter().any(|one| {
            let parent = element.rsplit_once('.').map_or(kind, |(parent, _)| parent);
            let parent = parent.strip_suffix(".coding").unwrap_or(parent);
            let parent = parent.strip_suffix(".type").unwrap_or(parent);
            inside(&one.left, parent)
        });
    field_there && fixed.contains(&(element, is.to_owned()))
}

fn root(path: &str) -> &str {
    path.split('.').next().unwrap_or_default()
}

/// `extension[1].valueString` as `extension.valueString`; ` name` as `name`.
fn plain(element: &str) -> String {
    let mut plain = String::new();
    let mut inside = 0usize;
    for c in element.trim().chars() {
        match c {
            '[' => inside += 1,
            ']' => inside = inside.saturating_sub(1),
            c if inside == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

/// Our rows, and what our paths select and fix: element and value.
fn ours() -> (Vec<Ours>, BTreeSet<(String, String)>) {
    let mut rows = Vec::new();
    let mut fixed = BTreeSet::new();
    let files = builtin::FILES
        .into_iter()
        .filter(|(path, _)| path.starts_with("hl7v2/") && !path.ends_with("states.toml"));
    for (_, text) in files {
        let table: toml::Table = text.parse().unwrap();
        let Some(sections) = table.get("rows").and_then(toml::Value::as_table) else { continue };
        for (duty, list) in sections.iter().filter(|(duty, _)| *duty != "first") {
            for row in list.as_array().unwrap() {
                let text = |key: &str| row.get(key).and_then(toml::Value::as_str);
                let Some(left) = text("left") else { continue };
                let (shown, selected) = read_left(left);
                fixed.extend(selected);
                if duty == "fixed" {
                    fixed.insert((shown, text("is").unwrap().to_owned()));
                    continue;
                }
                let others = ["or", "then"].into_iter().filter_map(|key| row.get(key));
                let others = others.flat_map(|list| list.as_array().unwrap());
                let rights = text("right").into_iter().chain(others.filter_map(|one| one.as_str()));
                let fields = rights.map(field_of).collect();
                rows.push(Ours { left: shown, fields });
            }
        }
    }
    (rows, fixed)
}

/// `OBX[*][2='NM']-5.1` is of `OBX-5`.
fn field_of(right: &str) -> String {
    let bare = plain(right);
    bare.split('.').next().unwrap_or_default().to_owned()
}

/// A left side without selections, and what its selections hold to be so.
fn read_left(left: &str) -> (String, Vec<(String, String)>) {
    let mut shown = String::new();
    let mut selected = Vec::new();
    let mut rest = left;
    while let Some((before, after)) = rest.split_once(".where(") {
        shown += &plain(before);
        let (condition, after) = after.split_once(')').unwrap();
        let (member, value) = condition.split_once('=').unwrap();
        selected.push((format!("{shown}.{member}"), value.trim_matches('\'').to_owned()));
        rest = after;
    }
    shown += &plain(rest);
    (shown, selected)
}

/// The rows of a map: quoted CSV, two lines of heading.
fn guides(map: &str, text: &str) -> BTreeSet<Guides> {
    let records = records(text.trim_start_matches('\u{feff}'));
    let cell = |record: &[String], n: usize| {
        record.get(n).map_or("", String::as_str).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let rows = records.iter().skip(2).map(|record| {
        let field = cell(record, 1);
        let element = match cell(record, 9) {
            none if none.is_empty() => cell(record, 10),
            element => element,
        };
        let field = if field.is_empty() { map[..3].to_owned() } else { field };
        Guides { map: map.to_owned(), field, element, is: cell(record, 16) }
    });
    rows.filter(|row| row.field.starts_with(&map[..3])).collect()
}

fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = vec![vec![String::new()]];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let record = records.last_mut().unwrap();
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                record.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(String::new()),
            '\n' if !quoted => records.push(vec![String::new()]),
            '\r' if !quoted => {}
            c => record.last_mut().unwrap().push(c),
        }
    }
    records
}

/// What is answered: the row, whether it is different or not carried, and why.
fn listed() -> BTreeMap<Guides, (&'static str, &'static str)> {
    let text = include_str!("../../../../mappings/hl7v2/guide.tsv");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let listed = lines.map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [map, field, element, is, verdict, reason] = cells[..] else {
            panic!("guide.tsv: not six cells: {line:?}")
        };
        let [map, field, element, is] = [map, field, element, is].map(str::to_owned);
        (Guides { map, field, element, is }, (verdict, reason))
    });
    let mut all = BTreeMap::new();
    for (row, answer) in listed {
        assert!(all.insert(row.clone(), answer).is_none(), "guide.tsv: {row:?} is there twice");
    }
    all
}
