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
    rows: RowsText,
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
        let context = Context { repeats, codes, right };
        let (rows, uses) = rows::check(parsed.rows, &context, &mut desk);
        Mapping {
            name: name.to_owned(),
            version: parsed.mapping.version,
            digest: Sha256::digest(text).into(),
            rows,
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
        "hl7v2" => {
            desk.at(head.right.span(), "right = \"hl7v2\" is not supported yet");
            Dialect::Hl7v2
        }
        _ => {
            desk.at(head.right.span(), "right is not \"json\" or \"hl7v2\"");
            Dialect::Json
        }
    }
}
