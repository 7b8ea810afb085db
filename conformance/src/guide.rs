//! The rows of the guide: of its CoordinationPlatform statement as a server, and its keyed requirements.
//!
//! Facts alone: names, codes, expectations, and a few words of ours for each requirement.

use crate::case::Level;

const SERVER: &str = include_str!("../guide/server.tsv");
const NARRATIVE: &str = include_str!("../guide/narrative.tsv");

/// A row of the guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// `Task/search.patient`, `system/format.xml`, `refer-1`.
    pub key: String,
    /// The resource type, `system`, or the prefix of a narrative key.
    pub group: String,
    /// How binding.
    pub level: Level,
    /// The word of the expectation, as the guide has it.
    pub word: String,
    /// The type of a parameter, the canonical of a profile; of a requirement what it asks, in our words.
    pub detail: String,
}

/// The rows of the server statement.
pub fn server() -> Vec<Row> {
    rows(SERVER, |fields| {
        let [group, name, word, detail] = fields else { return None };
        Some(Row {
            key: format!("{group}/{name}"),
            group: (*group).to_owned(),
            level: Level::of(word),
            word: (*word).to_owned(),
            detail: (*detail).to_owned(),
        })
    })
}

/// The keyed requirements of the narrative.
pub fn narrative() -> Vec<Row> {
    rows(NARRATIVE, |fields| {
        let [key, word, detail] = fields else { return None };
        let (group, _) = key.split_once('-')?;
        Some(Row {
            key: (*key).to_owned(),
            group: group.to_owned(),
            level: Level::of(word),
            word: (*word).to_owned(),
            detail: (*detail).to_owned(),
        })
    })
}

fn rows(text: &str, read: impl Fn(&[&str]) -> Option<Row>) -> Vec<Row> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            match read(&fields) {
                Some(row) => row,
                None => unreachable!("the table of the guide is read by a test: {line}"),
            }
        })
        .collect()
}

/// The resource types of the server statement, in its order.
pub fn kinds() -> Vec<String> {
    let rows = server();
    rows.iter().filter(|row| row.key.ends_with("/resource")).map(|row| row.group.clone()).collect()
}

/// The rows of one type whose names begin so, with what follows.
pub fn of_kind(kind: &str, prefix: &str) -> Vec<(String, Row)> {
    let start = format!("{kind}/{prefix}");
    let rows = server().into_iter();
    rows.filter_map(|row| Some((row.key.strip_prefix(&start)?.to_owned(), row))).collect()
}
