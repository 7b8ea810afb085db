//! References (R4 references.html): finding them, rewriting them, telling their forms apart.

use crate::fault::member;
use crate::shape::is_id;
use crate::{Fault, IssueCode, Json};

/// One `Reference.reference`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ref {
    /// Where the Reference is, `Task.focus`.
    pub expression: String,
    /// Its text.
    pub text: String,
}

/// Every literal reference of a resource but those into its own `contained`. Places start at its
/// type.
pub fn references(resource: &Json) -> Vec<Ref> {
    let root = resource.text("resourceType").unwrap_or("Resource");
    all(resource, root).into_iter().filter(|found| !found.text.starts_with('#')).collect()
}

/// References into `contained` that lead nowhere.
pub(crate) fn contained_faults(resource: &Json, root: &str) -> Vec<Fault> {
    let known: Vec<&str> =
        resource.list("contained").iter().filter_map(|inner| inner.text("id")).collect();
    all(resource, root)
        .into_iter()
        .filter(|found| match found.text.strip_prefix('#') {
            // "#" alone is the resource itself.
            Some(id) => !id.is_empty() && !known.contains(&id),
            None => false,
        })
        .map(|found| {
            let words = "leads to no contained resource";
            Fault::new(IssueCode::NotFound, found.expression, words)
        })
        .collect()
}

fn all(resource: &Json, root: &str) -> Vec<Ref> {
    let mut found = Vec::new();
    collect(resource, root.to_owned(), &mut found);
    found
}

fn collect(json: &Json, place: String, found: &mut Vec<Ref>) {
    if let Some(text) = json.get("reference").and_then(Json::as_str) {
        found.push(Ref { expression: place.clone(), text: text.to_owned() });
    }
    for (name, value) in json.members() {
        if let Json::Object(_) | Json::Array(_) = value {
            collect(value, member(&place, name), found);
        }
    }
    for (i, item) in json.items().iter().enumerate() {
        collect(item, format!("{place}[{i}]"), found);
    }
}

/// Replaces the text of each reference for which `to` has another.
pub fn rewrite(json: &mut Json, to: &dyn Fn(&str) -> Option<String>) {
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                match value {
                    Json::String(text) if name == "reference" => {
                        if let Some(new) = to(text) {
                            *text = new;
                        }
                    }
                    value => rewrite(value, to),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| rewrite(item, to)),
        _ => {}
    }
}

/// The forms of a reference's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefText {
    /// `urn:uuid:…` or `urn:oid:…`: an entry's `fullUrl`.
    Urn(String),
    /// `Type/id`, with or without a version.
    Relative {
        /// The type.
        kind: String,
        /// The logical id.
        id: String,
    },
    /// A resource on a server, `https://…`.
    Absolute(String),
    /// `Type?query`: whichever resource matches.
    Conditional {
        /// The type.
        kind: String,
        /// The query, without its question mark.
        query: String,
    },
    /// `#id`: inside the same resource.
    Contained,
}

impl RefText {
    /// Reads a reference's text; `None` if it has none of the forms.
    pub fn of(text: &str) -> Option<RefText> {
        if text.starts_with('#') {
            return Some(RefText::Contained);
        }
        if text.starts_with("urn:uuid:") || text.starts_with("urn:oid:") {
            return Some(RefText::Urn(text.to_owned()));
        }
        if let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) {
            let ok = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic());
            return ok.then(|| RefText::Absolute(text.to_owned()));
        }
        if let Some((kind, query)) = text.split_once('?') {
            let ok = is_kind(kind) && !query.is_empty();
            return ok.then(|| RefText::Conditional { kind: kind.into(), query: query.into() });
        }
        let (kind, id) = type_and_id(text)?;
        Some(RefText::Relative { kind: kind.into(), id: id.into() })
    }

    /// The resource type, where the text says it.
    pub fn kind(&self) -> Option<&str> {
        match self {
            RefText::Relative { kind, .. } | RefText::Conditional { kind, .. } => Some(kind),
            RefText::Absolute(url) => last_type_and_id(url).map(|(kind, _)| kind),
            RefText::Urn(_) | RefText::Contained => None,
        }
    }

    /// A `Relative`, if this is an absolute reference to a resource under `base`, or relative.
    pub fn on_server(self, base: &str) -> Option<RefText> {
        match self {
            RefText::Relative { .. } => Some(self),
            RefText::Absolute(url) => {
                let rest = url.strip_prefix(base.trim_end_matches('/'))?.strip_prefix('/')?;
                let (kind, id) = type_and_id(rest)?;
                Some(RefText::Relative { kind: kind.into(), id: id.into() })
            }
            _ => None,
        }
    }
}

/// `Type/id` or `Type/id/_history/version`.
fn type_and_id(text: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts[..] {
        [kind, id] if is_kind(kind) && is_id(id) => Some((kind, id)),
        [kind, id, "_history", version] if is_kind(kind) && is_id(id) && is_id(version) => {
            Some((kind, id))
        }
        _ => None,
    }
}

/// The type and id at the end of a URL.
fn last_type_and_id(url: &str) -> Option<(&str, &str)> {
    let at = url.rfind("/_history/").unwrap_or(url.len());
    let (rest, _) = url[..at].rsplit_once('/')?;
    let start = rest.rfind('/')? + 1;
    type_and_id(&url[start..at])
}

fn is_kind(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn parse(text: &str) -> Json {
        Json::parse(text.as_bytes(), "Task", &Limits::default()).unwrap()
    }

    fn check(text: &str, want: Option<RefText>, kind: Option<&str>) {
        let got = RefText::of(text);
        assert_eq!(got, want, "{text}");
        assert_eq!(got.as_ref().and_then(RefText::kind), kind, "{text}");
    }

    #[test]
    fn the_forms_of_a_reference() {
        let relative = || RefText::Relative { kind: "Task".into(), id: "a-1.b".into() };
        check("Task/a-1.b", Some(relative()), Some("Task"));
        check("Task/a-1.b/_history/2", Some(relative()), Some("Task"));
        for urn in ["urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "urn:oid:1.2.3"] {
            check(urn, Some(RefText::Urn(urn.into())), None);
        }
        for (url, kind) in [
            ("https://a.example/fhir/Patient/7", Some("Patient")),
            ("http://a.example/fhir/Patient/7/_history/1", Some("Patient")),
            ("https://a.example", None),
        ] {
            check(url, Some(RefText::Absolute(url.into())), kind);
        }
        let query = "identifier=s|v".to_owned();
        let conditional = RefText::Conditional { kind: "Patient".into(), query };
        check("Patient?identifier=s|v", Some(conditional), Some("Patient"));
        check("#p", Some(RefText::Contained), None);
        for text in [
            "",
            "Task",
            "Task/",
            "Task/a/b",
            "task/a",
            "Task/a b",
            "/Task/a",
            "https://",
            "ftp://a/b",
        ] {
            check(text, None, None);
        }
    }

    #[test]
    fn an_absolute_reference_under_our_base_is_relative() {
        let base = "https://gate.example/fhir/";
        let on_server = |text: &str| RefText::of(text).and_then(|found| found.on_server(base));
        let task = RefText::of("Task/a");
        assert_eq!(on_server("https://gate.example/fhir/Task/a"), task);
        assert_eq!(on_server("Task/a"), task);
        for other in
            ["https://gate.example/fhirTask/a", "https://other.example/fhir/Task/a", "urn:oid:1"]
        {
            assert_eq!(on_server(other), None, "{other}");
        }
    }

    #[test]
    fn every_reference_is_found_and_rewritten() {
        let mut json = parse(
            r##"{"resourceType":"Task","focus":{"reference":"urn:uuid:1","display":"urn:uuid:1"},
            "extension":[{"url":"u","valueReference":{"reference":"Goal/1"}}],
            "contained":[{"resourceType":"Patient","id":"p","link":[{"other":{"reference":"Patient/2"}}]}],
            "for":{"reference":"#p"},"basedOn":[{"reference":"ServiceRequest/1"}]}"##,
        );
        let found: Vec<(String, String)> =
            references(&json).into_iter().map(|found| (found.expression, found.text)).collect();
        let want = [
            ("Task.focus", "urn:uuid:1"),
            ("Task.extension[0].valueReference", "Goal/1"),
            ("Task.contained[0].link[0].other", "Patient/2"),
            ("Task.basedOn[0]", "ServiceRequest/1"),
        ];
        assert_eq!(found, want.map(|(a, b)| (a.to_owned(), b.to_owned())));
        rewrite(&mut json, &|text| (text == "urn:uuid:1").then(|| "Task/9".to_owned()));
        assert_eq!(json.text("focus.reference"), Some("Task/9"));
        assert_eq!(json.text("focus.display"), Some("urn:uuid:1"));
    }

    #[test]
    fn a_reference_into_contained_leads_somewhere() {
        let json = parse(
            r##"{"resourceType":"Task","for":{"reference":"#q"},"owner":{"reference":"#"},
            "contained":[{"resourceType":"Patient","id":"p"}],"requester":{"reference":"#p"}}"##,
        );
        let places: Vec<String> =
            contained_faults(&json, "Task").into_iter().map(|fault| fault.expression).collect();
        assert_eq!(places, ["Task.for"]);
    }
}
