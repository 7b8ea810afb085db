//! A mapping file's text, checked into a [`Mapping`]. `rows.rs` checks its rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use loopgate_hl7v2::Location;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use crate::acts::{self, ActsText};
use crate::codes::Codes;
use crate::mapping::Mapping;
use crate::problem::{Desk, Problem};
use crate::repeats::Repeats;
use crate::route::Route;
use crate::row::{Context, Dialect};
use crate::rows::{self, RowsText};
use crate::v2;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    mapping: HeadText,
    message: Option<Spanned<MessageText>>,
    acts: Option<ActsText>,
    rows: RowsText,
}

/// An HL7 v2 message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageText {
    /// Its segments in order, without MSH.
    structure: Vec<String>,
    /// Codes and events, `REF^I12`; a code alone is for any event.
    #[serde(default)]
    types: Vec<Spanned<String>>,
    /// Files of rows that belong to this mapping too.
    #[serde(default)]
    blocks: Vec<Spanned<String>>,
    /// Fields that the state of a referral is said in.
    #[serde(default)]
    state: Vec<Spanned<String>>,
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
    #[allow(dead_code)] // counted up by whoever edits the file; the digest tells versions apart
    version: u32,
}

/// Block files by name, `hl7v2/segments/pid`: path and text.
pub(crate) type Blocks = BTreeMap<String, (String, String)>;

/// What a mapping file is checked against.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) repeats: &'a Repeats,
    /// A value table with problems of its own is `None`.
    pub(crate) codes: &'a BTreeMap<String, Option<Arc<Codes>>>,
    pub(crate) blocks: &'a Blocks,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadText {
    name: Spanned<String>,
    version: u32,
    left: Spanned<String>,
    right: Spanned<String>,
}

/// Parse the file of the mapping `name`, and the blocks that it uses.
pub(crate) fn parse(
    file: &str,
    name: &str,
    text: &str,
    around: Around<'_>,
) -> Result<Mapping, Vec<Problem>> {
    let mut desk = Desk::new(file, text);
    let mut elsewhere = Vec::new();
    let mapping = desk.parse().map(|parsed: FileText| {
        let right = check_head(&parsed.mapping, name, &mut desk);
        let message = check_message(parsed.message, right, &mut desk);
        let Around { repeats, codes, .. } = around;
        let context = Context { repeats, codes, right, structure: &message.structure };
        let mut rows = Vec::new();
        let (mut fixed, mut uses) = rows::check(parsed.rows, &context, &mut rows, &mut desk);
        let mut digest = Sha256::new_with_prefix(text);
        for block in &message.blocks {
            let folder = name.split('/').next().unwrap_or_default();
            let block_name = format!("{folder}/segments/{}", block.get_ref());
            let Some((path, text)) = around.blocks.get(&block_name) else {
                desk.at(block.span(), format_args!("there is no file {block_name}.toml"));
                continue;
            };
            digest.update(Sha256::digest(text));
            let mut block = Desk::new(path, text);
            let more = block.parse().map(|parsed: BlockText| {
                if *parsed.block.name.get_ref() != block_name {
                    let what = format_args!("name is not {block_name:?}, the file's path");
                    block.at(parsed.block.name.span(), what);
                }
                rows::check(parsed.rows, &context, &mut rows, &mut block)
            });
            match block.close(more) {
                Ok((more, used)) => {
                    fixed.extend(more);
                    uses.constants.extend(used.constants);
                }
                Err(problems) => elsewhere.extend(problems),
            }
        }
        let acts = parsed.acts.and_then(|text| acts::check(text, &rows, &mut desk));
        Mapping {
            name: name.to_owned(),
            acts,
            version: parsed.mapping.version,
            digest: digest.finalize().into(),
            rows,
            fixed,
            structure: message.structure,
            types: message.types,
            state: message.state,
            constants: uses.constants,
        }
    });
    match (desk.close(mapping), elsewhere.is_empty()) {
        (Ok(mapping), true) => Ok(mapping),
        (Ok(_), false) => Err(elsewhere),
        (Err(problems), _) => Err(problems.into_iter().chain(elsewhere).collect()),
    }
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

/// The section `[message]`, checked.
#[derive(Default)]
struct MessageOf {
    structure: Vec<String>,
    types: Vec<(String, String)>,
    blocks: Vec<Spanned<String>>,
    state: Vec<(Location, Route)>,
}

fn check_message(
    message: Option<Spanned<MessageText>>,
    right: Dialect,
    desk: &mut Desk<'_>,
) -> MessageOf {
    let message = match (message, right) {
        (None, Dialect::Json) => return MessageOf::default(),
        (Some(message), Dialect::Json) => {
            desk.at(message.span(), "[message] is for hl7v2 only");
            return MessageOf::default();
        }
        (None, Dialect::Hl7v2) => {
            desk.whole("has no [message] with the structure of its segments");
            return MessageOf::default();
        }
        (Some(message), Dialect::Hl7v2) => message,
    };
    let span = message.span();
    let MessageText { structure, types, blocks, state } = message.into_inner();
    let twice = structure.iter().enumerate().any(|(n, one)| structure[..n].contains(one));
    if structure.is_empty() || twice || structure.iter().any(|name| name == "MSH") {
        desk.at(span, "structure is empty, or names a segment twice, or names MSH");
    }
    let types = types.into_iter().filter_map(|one| {
        let (code, event) = one.get_ref().split_once('^').unwrap_or((one.get_ref(), ""));
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let sound = code.len() == 3 && matches!(event.len(), 0 | 3) && plain(code) && plain(event);
        if !sound {
            desk.at(one.span(), "is not a message type, as REF^I12");
        }
        sound.then(|| (code.to_owned(), event.to_owned()))
    });
    let types = types.collect();
    let state = state.into_iter().filter_map(|one| match one.get_ref().parse::<Location>() {
        Ok(location) if structure.contains(&location.segment) => {
            let route = v2::route(&location);
            Some((location, route))
        }
        _ => {
            desk.at(one.span(), "is not a field of a segment in the structure");
            None
        }
    });
    let state = state.collect();
    MessageOf { structure, types, blocks, state }
}
