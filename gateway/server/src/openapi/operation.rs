//! One thing that can be asked, as the document says it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;

/// The schemas that the document names, by their names.
pub type Schemas = BTreeMap<String, Value>;

/// Adds a schema and those it names, and says how to name it.
pub type SchemaOf = fn(&mut Schemas) -> Value;

/// The schema of a type.
///
/// # Panics
/// If two types that are not the same have one name: a test writes the whole document.
pub fn of<T: ToSchema>(schemas: &mut Schemas) -> Value {
    let mut named = Vec::new();
    T::schemas(&mut named);
    named.push((T::name().into_owned(), T::schema()));
    for (name, schema) in named {
        let schema = match schema {
            RefOr::T(schema) => json!(schema),
            RefOr::Ref(reference) => json!(reference),
        };
        let known = schemas.insert(name, schema.clone());
        if known.is_some_and(|known| known != schema) {
            unreachable!("no two types of the document have one name");
        }
    }
    json!({ "$ref": format!("#/components/schemas/{}", T::name()) })
}

/// Any bytes.
pub fn bytes(_: &mut Schemas) -> Value {
    json!({ "type": "string", "format": "binary", "description": "Bytes as they are." })
}

/// What stands in the query.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub words: &'static str,
    /// What it may be, JSON Schema as text.
    pub schema: &'static str,
    /// It has to be there.
    pub required: bool,
}

/// What is sent along.
#[derive(Debug, Clone, Copy)]
pub struct Takes {
    /// Its media types.
    pub media: &'static [&'static str],
    /// What it has to be.
    pub schema: SchemaOf,
    /// It may be left out.
    pub optional: bool,
    /// Names and texts of examples: JSON, for JSON.
    pub examples: &'static [(&'static str, &'static str)],
}

/// What is answered if it went well.
#[derive(Debug, Clone, Copy)]
pub struct Gives {
    /// HTTP status.
    pub status: u16,
    /// In words.
    pub words: &'static str,
    /// Media type and schema, if there is a body.
    pub body: Option<(&'static str, SchemaOf)>,
    /// The same in other media types.
    pub also: &'static [(&'static str, SchemaOf)],
    /// An example of it, JSON as text; empty: none.
    pub example: &'static str,
    /// Header fields beside those that each answer has: `etag`, `loopgate-receipt`, `location`,
    /// `content-disposition`.
    pub headers: &'static [&'static str],
}

/// Its name, its place and what may be said and answered; who does it is the door's.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    /// The method.
    pub method: &'static str,
    /// The path, `{…}` for a part that is an id.
    pub path: &'static str,
    /// The document's `operationId`.
    pub id: &'static str,
    /// Under which heading.
    pub tag: &'static str,
    /// In a line.
    pub summary: &'static str,
    /// In words.
    pub words: &'static str,
    /// What may stand in the query; everything else is refused.
    pub query: &'static [Query],
    /// `Idempotency-Key` and `If-Match` are heeded.
    pub conditional: bool,
    /// What is sent along.
    pub takes: Option<Takes>,
    /// What is answered.
    pub gives: Gives,
    /// The statuses of refusals, beside those that every request may get.
    pub refuses: &'static [u16],
}

impl Said {
    /// The parts of a path that its ids stand for; `None`: it is not this one's path.
    pub fn ids<'p>(&self, segments: &[&'p str]) -> Option<Vec<&'p str>> {
        let template: Vec<&str> = self.path.split('/').skip(1).collect();
        if template.len() != segments.len() {
            return None;
        }
        let mut ids = Vec::new();
        for (part, given) in template.iter().zip(segments) {
            if part.starts_with('{') {
                ids.push(*given);
            } else if part != given {
                return None;
            }
        }
        Some(ids)
    }
}
