//! The section `[acts]`: what a document of this mapping asks for, word by word.
//!
//! Not here: what the acts do. They are names, and whoever reads documents knows them.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use crate::mapping::{Row, Table};
use crate::problem::Desk;
use crate::right::{Right, RightPath};

/// What documents of one mapping ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acts {
    /// The member whose word says it.
    of: RightPath,
    /// The member that names the document.
    id: Option<RightPath>,
    door: Option<String>,
    words: Vec<Act>,
}

/// A word, and the act that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The word.
    pub said: String,
    /// The name of the act.
    pub act: String,
    /// What the word says and the act does not, as paths of the pivot.
    pub lost: Vec<String>,
    /// Its line in the mapping's file, from 1.
    pub line: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActsText {
    of: Spanned<String>,
    id: Option<Spanned<String>>,
    door: Option<Spanned<String>>,
    words: Vec<Spanned<WordText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordText {
    said: String,
    act: String,
    #[serde(default)]
    lost: Vec<String>,
}

impl Acts {
    /// Where the word stands, dotted.
    pub fn place(&self) -> String {
        self.of.shown()
    }

    /// The last part of the path at which such documents are taken, if they have a door of their own.
    pub fn door(&self) -> Option<&str> {
        self.door.as_deref()
    }

    /// Every word, in the order of the file.
    pub fn words(&self) -> impl Iterator<Item = &Act> {
        self.words.iter()
    }

    /// What the document asks for; nothing, if it has none of the words.
    pub fn asked(&self, document: &Value) -> Option<&Act> {
        let said = at(&self.of, document)?;
        self.words.iter().find(|word| word.said == said)
    }

    /// The name that the document's sender gave it, if it has one.
    pub fn id<'d>(&self, document: &'d Value) -> Option<&'d str> {
        at(self.id.as_ref()?, document)
    }
}

fn at<'d>(path: &RightPath, document: &'d Value) -> Option<&'d str> {
    let found = path.members.iter().try_fold(document, |value, member| value.get(member))?;
    found.as_str().filter(|text| !text.is_empty())
}

/// Checks the section against the rows: each word that a row reads has an act, and the other way round.
pub(crate) fn check(text: ActsText, rows: &[Row], desk: &mut Desk<'_>) -> Option<Acts> {
    let row_of = |path: &RightPath| {
        rows.iter().find(|row| matches!(&row.right, Right::Json(right, _) if right == path))
    };
    let path = |text: &Spanned<String>, desk: &mut Desk<'_>| {
        let parsed = RightPath::parse(text.get_ref());
        let found = parsed.ok().filter(|path| row_of(path).is_some());
        if found.is_none() {
            desk.at(text.span(), "is the right of no row");
        }
        found
    };
    let of = path(&text.of, desk);
    let id = text.id.as_ref().map(|id| path(id, desk));
    let door = text.door.map(|door| {
        let plain = |b: u8| b.is_ascii_lowercase() || b == b'-';
        if door.get_ref().is_empty() || !door.get_ref().bytes().all(plain) {
            desk.at(door.span(), "door is not of a-z and -");
        }
        door.into_inner()
    });
    let of = of?;
    let table = match row_of(&of).and_then(|row| row.codes.as_ref()) {
        Some(Table::File(codes)) => Some(codes),
        _ => None,
    };
    let mut seen = BTreeSet::new();
    let mut words = Vec::new();
    for word in text.words {
        let span = word.span();
        let WordText { said, act, lost } = word.into_inner();
        if said.is_empty() || !seen.insert(said.clone()) {
            desk.at(span.clone(), format_args!("{said:?} is empty, or is there twice"));
        }
        if table.is_some_and(|codes| codes.to_left(&said).is_none()) {
            desk.at(span.clone(), format_args!("{said:?} is not read by the value table"));
        }
        words.push(Act { said, act, lost, line: desk.line(&span) });
    }
    let pairs = table.into_iter().flat_map(|codes| codes.pairs());
    let silent: BTreeSet<&str> = pairs
        .filter(|pair| pair.read && !seen.contains(pair.right))
        .map(|pair| pair.right)
        .collect();
    for word in silent {
        desk.at(text.of.span(), format_args!("{word:?} has no act"));
    }
    Some(Acts { of, id: id.flatten(), door, words })
}
