//! Tokens (R4 search.html#token): a code, alone or with its system.
//!
//! "When in doubt, servers SHOULD treat tokens in a case-insensitive manner", and we are always in
//! doubt; but for `_id`, which is case sensitive. Systems are URIs and compare as written.

use super::element::{Form, System, form, values};
use super::split::{split, unescape};
use super::text::normalized;
use crate::{Json, Served};

/// What is asked of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Of {
    /// `code`
    Any,
    /// `|code`: none.
    None,
    /// `system|code`, `system|`
    This(String),
}

/// One alternative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TokenValue {
    of: Of,
    /// Folded; none for `system|`.
    code: Option<String>,
}

/// `type system|type code|value` of an Identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OfType {
    system: String,
    code: String,
    value: String,
}

/// One code of a resource.
struct Found<'a> {
    system: Has<'a>,
    code: &'a str,
}

enum Has<'a> {
    Said(Option<&'a str>),
    Implied(&'static [System]),
}

/// As tokens compare.
pub(super) fn folded(code: &str) -> String {
    code.to_lowercase()
}

impl TokenValue {
    /// Reads one alternative. `bare`: the element has no system, and no pipe may be there.
    pub(super) fn parse(text: &str, bare: bool) -> Option<TokenValue> {
        let parts = split(text, '|');
        let (of, code) = match parts[..] {
            [code] => (Of::Any, code),
            [..] if bare => return None,
            ["", code] => (Of::None, code),
            [system, code] => (Of::This(unescape(system)?), code),
            _ => return None,
        };
        let code = unescape(code)?;
        match of {
            Of::This(_) if code.is_empty() => Some(TokenValue { of, code: None }),
            _ if code.is_empty() => None,
            of => Some(TokenValue { of, code: Some(folded(&code)) }),
        }
    }

    /// The code, folded, if there is one.
    pub(super) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    fn matches(&self, found: &Found<'_>) -> bool {
        let code_ok = self.code.as_deref().is_none_or(|code| folded(found.code) == code);
        let system_ok = match (&self.of, &found.system) {
            (Of::Any, _) => true,
            (Of::None, Has::Said(system)) => system.is_none(),
            // A `code` has a system, though it does not say so.
            (Of::None, Has::Implied(_)) => false,
            (Of::This(uri), Has::Said(system)) => *system == Some(uri.as_str()),
            (Of::This(uri), Has::Implied(systems)) => {
                systems.iter().any(|one| one.uri == uri && one.has(found.code))
            }
        };
        code_ok && system_ok
    }

    /// Whether an element at a path has it.
    pub(super) fn is_at(&self, served: &Served, resource: &Json, path: &str) -> bool {
        let form = form(served, path);
        values(resource, path).into_iter().any(|element| self.is_in(form, element))
    }

    /// Whether an element has it.
    pub(super) fn is_in(&self, form: Form, element: &Json) -> bool {
        // `system|` of a Coding without a code is met too.
        if let (None, Of::This(uri), Form::Coded) = (&self.code, &self.of, form) {
            let codings = element.list("coding").iter().chain([element]);
            return codings.filter_map(|one| one.text("system")).any(|system| system == uri);
        }
        found(form, element).iter().any(|one| self.matches(one))
    }
}

fn found(form: Form, element: &Json) -> Vec<Found<'_>> {
    match (form, element) {
        (Form::Code(systems), Json::String(code)) => {
            vec![Found { system: Has::Implied(systems), code }]
        }
        (_, Json::String(code)) => vec![Found { system: Has::Said(None), code }],
        (_, Json::Bool(value)) => {
            let code = if *value { "true" } else { "false" };
            vec![Found { system: Has::Said(None), code }]
        }
        (Form::Contact, contact) => {
            let value = contact.text("value");
            value.map(|code| Found { system: Has::Said(None), code }).into_iter().collect()
        }
        (_, element) => {
            let codings = element.list("coding").iter().filter_map(|one| coded(one, "code"));
            // A Coding has a `code`, an Identifier a `value`.
            let itself = coded(element, "code").or_else(|| coded(element, "value"));
            codings.chain(itself).collect()
        }
    }
}

fn coded<'a>(element: &'a Json, member: &str) -> Option<Found<'a>> {
    let code = element.text(member)?;
    Some(Found { system: Has::Said(element.text("system")), code })
}

/// Every code of an element, folded.
pub(super) fn codes(form: Form, element: &Json) -> Vec<String> {
    found(form, element).into_iter().map(|one| folded(one.code)).collect()
}

/// Whether a text that goes with the code starts so: `CodeableConcept.text`, `Coding.display`,
/// `Identifier.type.text`.
pub(super) fn text_starts(element: &Json, start: &str) -> bool {
    let displays = element.list("coding").iter().filter_map(|one| one.text("display"));
    let own = ["text", "display", "type.text"].into_iter().filter_map(|path| element.text(path));
    displays.chain(own).any(|text| normalized(text).starts_with(start))
}

impl OfType {
    /// Reads one alternative: "all 3 parts must be present".
    pub(super) fn parse(text: &str) -> Option<OfType> {
        let [system, code, value] = split(text, '|')[..] else { return None };
        let part = |text: &str| unescape(text).filter(|text| !text.is_empty());
        let (code, value) = (folded(&part(code)?), folded(&part(value)?));
        Some(OfType { system: part(system)?, code, value })
    }

    /// Its value, folded.
    pub(super) fn value(&self) -> &str {
        &self.value
    }

    /// Whether an Identifier is it.
    pub(super) fn is(&self, identifier: &Json) -> bool {
        let value_ok = identifier.text("value").is_some_and(|value| folded(value) == self.value);
        value_ok
            && identifier.list("type.coding").iter().any(|coding| {
                coding.text("system") == Some(&self.system)
                    && coding.text("code").is_some_and(|code| folded(code) == self.code)
            })
    }
}
