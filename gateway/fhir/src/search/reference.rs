//! References (R4 search.html#reference): `id`, `Type/id`, or a URL; a canonical may say a version.
//! A URL under our base is `Type/id`; any other compares as it is written.

use loopgate_referral::ResourceId;

use super::element::has_value;
use super::split::{split, unescape};
use crate::served::Param;
use crate::shape::is_id;
use crate::{Json, RefText};

/// What a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// `id`, of any type. Only asked for, never found.
    Id(String),
    /// A resource of this server.
    Ours { kind: String, id: String },
    /// Anything else.
    Other(String),
}

/// One alternative, or one reference of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefValue {
    target: Target,
    /// `_history/version`, or `|version` of a canonical.
    version: Option<String>,
}

impl RefValue {
    /// Reads one alternative. `kind` is the type that the modifier says, `canonical` whether the
    /// element is one.
    pub(super) fn parse(
        text: &str,
        base: &str,
        kind: Option<&str>,
        canonical: bool,
    ) -> Option<RefValue> {
        let (text, version) = match split(text, '|')[..] {
            [text] => (text, None),
            [text, version] if canonical && !version.is_empty() => (text, Some(unescape(version)?)),
            _ => return None,
        };
        let text = unescape(text)?;
        let mut value = if is_id(&text) {
            let target = match kind {
                Some(kind) => Target::Ours { kind: kind.to_owned(), id: text },
                None => Target::Id(text),
            };
            RefValue { target, version: None }
        } else if canonical {
            RefValue::of_canonical(&text, base)?
        } else {
            RefValue::of(&text, base)?
        };
        // "The type modifier can't be used with a reference to a resource found on another server",
        // and `patient:Patient=Group/1` asks for nothing there can be.
        let said = match &value.target {
            Target::Ours { kind, .. } => Some(kind.as_str()),
            Target::Id(_) | Target::Other(_) => None,
        };
        if kind.is_some() && said != kind {
            return None;
        }
        value.version = version.or(value.version);
        Some(value)
    }

    /// Reads a URL or `Type/id`; `None` for what leads nowhere else (`#id`) or nowhere.
    fn of(text: &str, base: &str) -> Option<RefValue> {
        let (text, version) = match text.split_once("/_history/") {
            Some((text, version)) if is_id(version) => (text, Some(version.to_owned())),
            _ => (text, None),
        };
        let read = RefText::of(text)?;
        let target = match read.clone().on_server(base) {
            Some(RefText::Relative { kind, id }) => Target::Ours { kind, id },
            _ => match read {
                RefText::Absolute(url) | RefText::Urn(url) => Target::Other(url),
                _ => return None,
            },
        };
        Some(RefValue { target, version })
    }

    /// Reads a canonical: any absolute URI names something (R4 references.html#canonical).
    fn of_canonical(text: &str, base: &str) -> Option<RefValue> {
        let is_uri = || {
            text.split_once(':').is_some_and(|(scheme, rest)| {
                !rest.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric())
            })
        };
        let other = || is_uri().then(|| Target::Other(text.to_owned()));
        RefValue::of(text, base).or_else(|| Some(RefValue { target: other()?, version: None }))
    }

    /// Whether a reference of a resource is the one asked for. One without a version leads to any.
    fn matches(&self, found: &RefValue) -> bool {
        let version_ok = self.version.is_none() || self.version == found.version;
        version_ok
            && match (&self.target, &found.target) {
                (Target::Id(asked), Target::Ours { id, .. }) => asked == id,
                (asked, found) => asked == found,
            }
    }

    /// Whether an element, a Reference or a canonical, is the one asked for.
    pub(super) fn is_in(&self, param: &Param, base: &str, element: &Json) -> bool {
        let found = found(base, element);
        found.is_some_and(|found| leads_to(param, found.kind()) && self.matches(&found))
    }

    /// The type it leads to, where it says it.
    fn kind(&self) -> Option<String> {
        match &self.target {
            Target::Ours { kind, .. } => Some(kind.clone()),
            Target::Other(url) => RefText::of(url)?.kind().map(str::to_owned),
            Target::Id(_) => None,
        }
    }

    /// What an index knows it by.
    pub(super) fn term(&self) -> String {
        match &self.target {
            Target::Id(id) | Target::Ours { id, .. } => id.clone(),
            Target::Other(url) => url.rsplit('/').next().unwrap_or_default().to_owned(),
        }
    }
}

/// A parameter looks at references to some types only (`where(resolve() is Patient)`).
fn leads_to(param: &Param, kind: Option<String>) -> bool {
    kind.is_none_or(|kind| param.targets.is_empty() || param.targets.contains(&kind.as_str()))
}

fn found(base: &str, element: &Json) -> Option<RefValue> {
    let Some(canonical) = element.as_str() else {
        return RefValue::of(element.text("reference")?, base);
    };
    let (text, version) = match canonical.split_once('|') {
        Some((text, version)) => (text, Some(version.to_owned())),
        None => (canonical, None),
    };
    let found = RefValue::of_canonical(text, base)?;
    Some(RefValue { version: version.or(found.version), ..found })
}

/// Whether there is a value for the parameter: a reference, even one that says no more than an
/// identifier, but not one to another type.
pub(super) fn is_value(param: &Param, element: &Json) -> bool {
    let kind = found("", element).and_then(|found| found.kind());
    has_value(element) && leads_to(param, kind.or_else(|| element.text("type").map(str::to_owned)))
}

/// What an index knows an element by.
pub(super) fn term(param: &Param, element: &Json) -> Option<String> {
    let found = found("", element)?;
    leads_to(param, found.kind()).then(|| found.term())
}

/// The resource of this server that an element leads to.
pub(super) fn resource(param: &Param, base: &str, element: &Json) -> Option<ResourceId> {
    match found(base, element)?.target {
        Target::Ours { kind, id } if leads_to(param, Some(kind.clone())) => {
            ResourceId::of(&kind, &id).ok()
        }
        _ => None,
    }
}
