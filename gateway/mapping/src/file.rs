//! A mapping file's text, checked into a [`Mapping`]. `rows.rs` checks its rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use crate::codes::Codes;
use crate::mapping::Mapping;
use crate::problem::{Desk, Problem};
use crate::repeats::Repeats;
use crate::row::{Context, Dialect};
use crate::rows::{self, RowsText};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    mapping: HeadText,
    message: Option<Spanned<MessageText>>,
    rows: RowsText,
}

/// An HL7 v2 message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageText {
    /// Its segments in order, without MSH.
    structure: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadText {
    name: Spanned<String>,
    version: u32,
    left: Spanned<String>,
    right: Spanned<String>,
}

/// Parse the file of the mapping `name`. A value table with problems of its own is `None`.
pub(crate) fn parse(
    file: &str,
    name: &str,
    text: &str,
    repeats: &Repeats,
    codes: &BTreeMap<String, Option<Arc<Codes>>>,
) -> Result<Mapping, Vec<Problem>> {
    let mut desk = Desk::new(file, text);
    let mapping = desk.parse().map(|parsed: FileText| {
        let right = check_head(&parsed.mapping, name, &mut desk);
        let structure = check_structure(parsed.message, right, &mut desk);
        let context = Context { repeats, codes, right, structure: &structure };
        let (rows, fixed, uses) = rows::check(parsed.rows, &context, &mut desk);
        Mapping {
            name: name.to_owned(),
            version: parsed.mapping.version,
            digest: Sha256::digest(text).into(),
            rows,
            fixed,
            structure,
            constants: uses.constants,
        }
    });
    desk.close(mapping)
}

fn check_head(head: &HeadText, name: &str, desk: &mut Desk<'_>) -> Dialect {
    if head.name.get_ref() != name {
        desk.at(head.name.span(), format_args!("name is not {name:?}, the file's path"));
    }
    if head.left.get_ref() != "fhir" {
        desk.at(head.left.span(), "left is not \"fhir\", the pivot");
    }
    match head.right.get_ref().as_str() {
        "json" => Dialect::Json,
        "hl7v2" => Dialect::Hl7v2,
        _ => {
            desk.at(head.right.span(), "right is not \"json\" or \"hl7v2\"");
            Dialect::Json
        }
    }
}

fn check_structure(
    message: Option<Spanned<MessageText>>,
    right: Dialect,
    desk: &mut Desk<'_>,
) -> Vec<String> {
    match (message, right) {
        (None, Dialect::Json) => Vec::new(),
        (Some(message), Dialect::Json) => {
            desk.at(message.span(), "[message] is for hl7v2 only");
            Vec::new()
        }
        (None, Dialect::Hl7v2) => {
            desk.whole("has no [message] with the structure of its segments");
            Vec::new()
        }
        (Some(message), Dialect::Hl7v2) => {
            let span = message.span();
            let structure = message.into_inner().structure;
            let twice = structure.iter().enumerate().any(|(n, one)| structure[..n].contains(one));
            if structure.is_empty() || twice || structure.iter().any(|name| name == "MSH") {
                desk.at(span, "structure is empty, or names a segment twice, or names MSH");
            }
            structure
        }
    }
}
