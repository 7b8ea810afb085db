use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[test]
fn samples_of_the_dialect_are_what_the_document_says() {
    let dir =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings/cbo-json/samples");
    let mut seen = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("referral-") {
            continue;
        }
        let text = std::fs::read_to_string(path.join("right.json")).unwrap();
        let read: Result<shows::Referral, _> = serde_json::from_str(&text);
        assert!(read.is_ok(), "{name}: {read:?}");
        seen += 1;
    }
    assert!(seen >= 3);
}

#[test]
fn the_words_for_where_a_referral_stands_are_the_mappings() {
    let text = include_str!("../../../../mappings/codes/task-status/cbo.toml");
    let table: toml::Table = text.parse().unwrap();
    let both = table["both"].as_table().unwrap();
    let of_mapping: BTreeSet<(&str, &str)> =
        both.iter().map(|(code, word)| (word.as_str().unwrap(), code.as_str())).collect();
    let ours: BTreeSet<(&str, &str)> =
        cbo::STATUS.iter().map(|(word, status)| (*word, status.code())).collect();
    assert_eq!(ours, of_mapping);
    let document = document("https://gateway.example");
    let words = &document["components"]["schemas"]["Status"]["enum"];
    let documented: BTreeSet<&str> =
        words.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(documented, ours.iter().map(|(word, _)| *word).collect());
}

#[test]
fn every_name_leads_somewhere_and_every_object_is_closed() {
    let document = document("https://gateway.example");
    let mut names = Vec::new();
    walk(&document, &mut |value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            names.push(reference.trim_start_matches('#').to_owned());
        }
        if value["type"] == "object" {
            assert_eq!(value["additionalProperties"], false, "{value}");
        }
        assert_ne!(value["type"], "null", "{value}");
    });
    assert!(names.len() > 100);
    for name in names {
        assert!(document.pointer(&name).is_some(), "{name}");
    }
}

#[test]
fn every_operation_is_there_with_an_example_and_all_its_statuses() {
    let document = document("https://gateway.example");
    for operation in cbo::operations() {
        let said = &operation.said;
        let written = &document["paths"][said.path][said.method.to_ascii_lowercase()];
        assert_eq!(written["operationId"], said.id);
        for text in [&written["summary"], &written["description"]] {
            assert!(!text.as_str().unwrap().is_empty(), "{}", said.id);
        }
        let responses = written["responses"].as_object().unwrap();
        assert!(responses.contains_key(&said.gives.status.to_string()));
        for status in ["401", "403", "413", "429", "503"] {
            assert!(responses.contains_key(status), "{} {status}", said.id);
        }
        let takes_json = said.takes.is_some_and(|takes| takes.media.contains(&JSON));
        if takes_json {
            assert!(written["requestBody"]["content"][JSON]["examples"]["e0"]["value"].is_object());
        }
        for query in said.query {
            let schema: Value = serde_json::from_str(query.schema).unwrap();
            assert!(schema["type"].is_string(), "{}", query.name);
        }
    }
    let count: usize = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .map(|path| path.as_object().unwrap().len())
        .sum();
    assert_eq!(count, cbo::operations().count());
}

#[test]
fn the_problems_are_those_of_the_table_of_refusals() {
    use crate::refusal::Kind;
    let kinds = [
        Kind::Malformed,
        Kind::Invalid,
        Kind::MediaType,
        Kind::TooLarge,
        Kind::Unauthenticated,
        Kind::Forbidden,
        Kind::NotFound,
        Kind::IllegalMove,
        Kind::VersionConflict,
        Kind::Method,
        Kind::TooMany,
    ];
    let rows: BTreeMap<u16, &str> = kinds
        .iter()
        .map(|kind| crate::reply::row(*kind))
        .map(|row| (row.http, row.problem))
        .collect();
    for one in REFUSALS.iter().filter(|one| !matches!(one.status, 408 | 503)) {
        assert_eq!(rows.get(&one.status), Some(&one.problem));
    }
}

fn walk(value: &Value, seen: &mut dyn FnMut(&Value)) {
    seen(value);
    match value {
        Value::Object(members) => {
            members
                .iter()
                .filter(|(name, _)| !name.starts_with("example"))
                .for_each(|(_, one)| walk(one, seen));
        }
        Value::Array(items) => items.iter().for_each(|one| walk(one, seen)),
        _ => {}
    }
}
