//! Minimum-necessary templates: which field groups a kind of need may pass.

use loopgate_consent::{FieldGroup, Groups};
use serde::Deserialize;
use toml::Spanned;

use crate::problem::{Desk, Problem};

/// Which field groups may pass for one kind of need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The kind of need; the file's name.
    pub id: String,
    /// Counted up by whoever edits the file.
    pub version: u32,
    /// Never holds [`FieldGroup::SourceKeys`].
    pub groups: Groups,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    template: TemplateText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateText {
    id: Spanned<String>,
    version: u32,
    groups: Vec<Spanned<String>>,
}

impl Template {
    /// Parse the file `templates/ID.toml`.
    pub(crate) fn parse(file: &str, id: &str, text: &str) -> Result<Template, Vec<Problem>> {
        let mut desk = Desk::new(file, text);
        let parsed = desk.parse();
        let template = parsed.map(|FileText { template }| check(id, template, &mut desk));
        desk.close(template)
    }
}

fn check(id: &str, text: TemplateText, desk: &mut Desk<'_>) -> Template {
    if text.id.get_ref() != id {
        desk.at(text.id.span(), format_args!("id is not {id:?}, the file's name"));
    }
    let mut groups = Vec::new();
    for name in &text.groups {
        match name.get_ref().parse() {
            Ok(FieldGroup::SourceKeys) => {
                desk.at(name.span(), "source-keys return to the source and pass to nobody else")
            }
            Ok(group) => groups.push(group),
            Err(error) => desk.at(name.span(), error),
        }
    }
    Template { id: id.to_owned(), version: text.version, groups: groups.into_iter().collect() }
}
