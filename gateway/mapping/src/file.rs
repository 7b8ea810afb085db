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
use crate::route::Route;
use crate::row::{Context, Dialect};
use crate::rows::{self, Checked, RowsText};

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
    /// What MSH-9 says of such messages: `REF^I12`. None: it is found by its name alone.
    #[serde(default)]
    types: Vec<String>,
    /// Its segments in order, without MSH.
    structure: Vec<String>,
    /// The files whose rows belong to it too: `segments/NAME.toml` of the same folder.
    #[serde(default)]
    blocks: Vec<String>,
    /// Fields whose value the state table gives.
    #[serde(default)]
    state: Vec<String>,
}

/// Rows that several mappings share.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockText {
    block: BlockHeadText,
    rows: RowsText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockHeadText {
    name: Spanned<String>,
    #[allow(dead_code)] // counted up by whoever edits the file
    version: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadText {
    name: Spanned<String>,
    version: u32,
    left: Spanned<String>,
    right: Spanned<String>,
}

/// What a mapping file is checked against.
pub(crate) struct Others<'a> {
    pub(crate) repeats: &'a Repeats,
    /// A value table with problems of its own is `None`.
    pub(crate) codes: &'a BTreeMap<String, Option<Arc<Codes>>>,
    /// Texts of block files, by path.
    pub(crate) blocks: &'a BTreeMap<String, String>,
}

/// Parse the file of the mapping `name`.
pub(crate) fn parse(
    file: &str,
    name: &str,
    text: &str,
    others: &Others<'_>,
) -> Result<Mapping, Vec<Problem>> {
    let mut desk = Desk::new(file, text);
    let mut elsewhere = Vec::new();
    let mapping = desk.parse().map(|parsed: FileText| {
        let right = check_head(&parsed.mapping, name, &mut desk);
        let message = check_message(parsed.message, right, &mut desk);
        let Others { repeats, codes, .. } = others;
        let context = Context { repeats, codes, right, structure: &message.structure };
        let mut all = Checked::default();
        for block in &message.blocks {
            elsewhere.extend(add_block(block, name, &context, others, &mut all));
        }
        rows::check(parsed.rows, &context, &mut desk, &mut all);
        let state = message.state.iter().filter_map(|field| state(field, &context, &mut desk));
        Mapping {
            name: name.to_owned(),
            version: parsed.mapping.version,
            digest: Sha256::digest(text).into(),
            state: state.collect(),
            types: message.types,
            structure: message.structure,
            rows: all.rows,
            fixed: all.fixed,
            constants: all.constants,
        }
    });
    match desk.close(mapping) {
        Ok(mapping) if elsewhere.is_empty() => Ok(mapping),
        Ok(_) => Err(elsewhere),
        Err(mut problems) => {
            problems.extend(elsewhere);
            Err(problems)
        }
    }
}

/// Adds the rows of a block; gives what is wrong with it.
fn add_block(
    block: &str,
    of: &str,
    context: &Context<'_>,
    others: &Others<'_>,
    all: &mut Checked,
) -> Vec<Problem> {
    let folder = of.split('/').next().unwrap_or_default();
    let name = format!("{folder}/segments/{block}");
    let path = format!("{name}.toml");
    let Some(text) = others.blocks.get(&path) else {
        let what = format!("is not there, and {of} wants it");
        return vec![Problem { file: path, line: None, what }];
    };
    let mut desk = Desk::new(&path, text);
    if let Some(parsed) = desk.parse::<BlockText>() {
        if *parsed.block.name.get_ref() != name {
            desk.at(
                parsed.block.name.span(),
                format_args!("name is not {name:?}, the file's path"),
            );
        }
        rows::check(parsed.rows, context, &mut desk, all);
    }
    desk.close(Some(())).err().unwrap_or_default()
}

/// A field whose value the state table gives.
fn state(field: &str, context: &Context<'_>, desk: &mut Desk<'_>) -> Option<(String, Route)> {
    let place = field.parse::<loopgate_hl7v2::Location>().ok();
    let place = place.filter(|place| context.structure.contains(&place.segment));
    if place.is_none() {
        desk.whole(format_args!("state {field} is no field of a segment of the structure"));
    }
    Some((field.to_owned(), crate::v2::route(&place?)))
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

/// What `[message]` says.
#[derive(Default)]
struct MessageIn {
    types: Vec<(String, String)>,
    structure: Vec<String>,
    blocks: Vec<String>,
    state: Vec<String>,
}

fn check_message(
    message: Option<Spanned<MessageText>>,
    right: Dialect,
    desk: &mut Desk<'_>,
) -> MessageIn {
    let message = match (message, right) {
        (None, Dialect::Json) => return MessageIn::default(),
        (Some(message), Dialect::Json) => {
            desk.at(message.span(), "[message] is for hl7v2 only");
            return MessageIn::default();
        }
        (None, Dialect::Hl7v2) => {
            desk.whole("has no [message] with the structure of its segments");
            return MessageIn::default();
        }
        (Some(message), Dialect::Hl7v2) => message,
    };
    let span = message.span();
    let MessageText { types, structure, blocks, state } = message.into_inner();
    let twice = |list: &[String]| list.iter().enumerate().any(|(n, one)| list[..n].contains(one));
    if structure.is_empty() || twice(&structure) || structure.iter().any(|name| name == "MSH") {
        desk.at(span.clone(), "structure is empty, or names a segment twice, or names MSH");
    }
    if twice(&blocks) || twice(&state) {
        desk.at(span.clone(), "blocks or state name something twice");
    }
    let mut pairs = Vec::new();
    for one in &types {
        match one.split_once('^').filter(|(code, event)| code.len() == 3 && event.len() == 3) {
            Some((code, event)) => pairs.push((code.to_owned(), event.to_owned())),
            None if one == "ACK" => pairs.push((one.clone(), String::new())),
            None => desk.at(span.clone(), format_args!("{one:?} is not a type like REF^I12")),
        }
    }
    MessageIn { types: pairs, structure, blocks, state }
}
