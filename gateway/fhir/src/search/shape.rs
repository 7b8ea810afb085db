//! How much of a resource is shown: `_summary` and `_elements` (R4 search.html#summary, #elements).
//! What is cut down says so, in `meta.tag`: nobody may take it for the whole and write it back.

use super::summary::{Elements, rows};
use crate::Json;
use crate::code::coding;

const OBSERVATION_VALUE: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
const SUBSETTED: &str = "SUBSETTED";
/// Elements that one search may name.
const ELEMENTS_MAX: usize = 100;

/// How much of a resource is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// All of it.
    Full,
    /// `_summary=true`: the elements marked as summary.
    Summary,
    /// `_summary=text`: the narrative, and what cannot be left out.
    Text,
    /// `_summary=data`: all but the narrative.
    Data,
    /// `_elements`: these, and what cannot be left out.
    Elements(Vec<String>),
}

impl Shape {
    /// Reads a `_summary`; `count` is none.
    pub(super) fn of_summary(value: &str) -> Option<Shape> {
        match value {
            "true" => Some(Shape::Summary),
            "text" => Some(Shape::Text),
            "data" => Some(Shape::Data),
            "false" => Some(Shape::Full),
            _ => None,
        }
    }

    /// Reads an `_elements` beside what was read before.
    pub(super) fn with_elements(&self, value: &str) -> Option<Shape> {
        let mut names = match self {
            Shape::Full => Vec::new(),
            Shape::Elements(names) => names.clone(),
            _ => return None,
        };
        for name in value.split(',') {
            let ok = (1..=64).contains(&name.len())
                && name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.bytes().all(|b| b.is_ascii_alphanumeric());
            if !ok || names.len() == ELEMENTS_MAX {
                return None;
            }
            names.push(name.to_owned());
        }
        Some(Shape::Elements(names))
    }
}

/// The resource in a shape. Mandatory elements, `id` and `meta` are in every one.
pub fn shaped(resource: &Json, shape: &Shape) -> Json {
    if *shape == Shape::Full {
        return resource.clone();
    }
    let kind = resource.text("resourceType").unwrap_or_default();
    let elements = rows().find(|row| row.kind == kind);
    let members = resource.members().iter().filter(|(member, _)| {
        let name = element_name(elements, member);
        let is_in = |names: &[&str]| names.contains(&name);
        match name {
            "resourceType" | "id" | "meta" | "implicitRules" | "modifierExtension" => true,
            _ if *shape == Shape::Data => name != "text",
            _ if elements.is_some_and(|row| is_in(row.mandatory)) => true,
            _ => match shape {
                Shape::Summary => elements.is_some_and(|row| is_in(row.summary)),
                Shape::Text => name == "text",
                Shape::Elements(names) => names.iter().any(|asked| asked == name),
                Shape::Full | Shape::Data => true,
            },
        }
    });
    let mut shown = Json::Object(members.cloned().collect());
    if let (Shape::Summary, Some(row)) = (shape, elements) {
        row.not_summary.iter().for_each(|path| leave_out(&mut shown, path));
    }
    // What is cut down does not hold what the profiles ask for.
    if *shape != Shape::Data
        && let Some(meta) = shown.get_mut("meta")
    {
        meta.remove("profile");
    }
    mark(&mut shown);
    shown
}

/// The element that a member is of: `_birthDate` of `birthDate`, `onsetAge` of `onset`.
fn element_name<'a>(elements: Option<&'a Elements>, member: &'a str) -> &'a str {
    let bare = member.strip_prefix('_').unwrap_or(member);
    let is_choice = |choice: &&&str| {
        let kind = bare.strip_prefix(**choice);
        kind.is_some_and(|kind| kind.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    let choices = elements.map_or(&[][..], |row| row.choices);
    choices.iter().find(is_choice).map_or(bare, |choice| *choice)
}

fn leave_out(json: &mut Json, path: &str) {
    match (json, path.split_once('.')) {
        (Json::Array(items), _) => items.iter_mut().for_each(|item| leave_out(item, path)),
        (json, Some((name, rest))) => {
            if let Some(inner) = json.get_mut(name) {
                leave_out(inner, rest);
            }
            // FHIR knows no empty object; a mandatory element is never emptied so.
            let emptied = json.get(name).is_some_and(|inner| {
                inner.members().is_empty() && matches!(inner, Json::Object(_))
            });
            if emptied {
                json.remove(name);
            }
        }
        (json, None) => {
            json.remove(path);
            json.remove(&format!("_{path}"));
        }
    }
}

fn mark(resource: &mut Json) {
    if resource.get("meta").is_none() {
        resource.set("meta", Json::object([]));
    }
    let Some(meta) = resource.get_mut("meta") else { return };
    let mut tags = meta.list("tag").to_vec();
    let known = tags.iter().any(|tag| {
        tag.text("system") == Some(OBSERVATION_VALUE) && tag.text("code") == Some(SUBSETTED)
    });
    if !known {
        tags.push(coding(OBSERVATION_VALUE, SUBSETTED));
        meta.set("tag", Json::Array(tags));
    }
}
