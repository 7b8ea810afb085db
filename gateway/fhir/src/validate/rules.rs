//! The rules that the standard and the profiles write in FHIRPath, by hand, each under its key. A
//! rule looks at one element; what it says about another resource is not seen here.

mod core;
mod profiles;
mod questionnaire;

use jiff::tz::Offset;

use crate::{Json, Moment};

/// One rule.
pub(super) struct Rule {
    pub(super) key: &'static str,
    /// Where the same key means different things: the type or path it is on.
    of: Option<&'static str>,
    /// What is wrong when it does not hold.
    pub(super) words: &'static str,
    pub(super) holds: fn(&Json) -> bool,
}

/// The rule of that key, if it is checked.
pub(super) fn find(key: &str, of: &str) -> Option<&'static Rule> {
    let mut all = core::RULES.iter().chain(questionnaire::RULES).chain(profiles::RULES);
    all.find(|rule| rule.key == key && rule.of.is_none_or(|only| only == of))
}

/// Rules of R4 that are worth a warning and no refusal (`LENIENCIES`): whoever refuses a Consent that
/// names no policy may lose a person's no.
pub(super) const ADVICE: [&str; 1] = ["ppc-1"];

/// Keys that the tables name and no rule here answers to, and why.
#[cfg(test)]
pub(super) const NOT_CHECKED: [(&str, &str); 8] = [
    ("ctm-1", "asks for the resource behind a reference"),
    ("ppc-2", "its own text is a placeholder: system 'something'"),
    ("ppc-3", "its own text is a placeholder: system 'something'"),
    ("ppc-4", "its own text is a placeholder: system 'something'"),
    ("ppc-5", "its own text is a placeholder: system 'something'"),
    ("ref-1", "shape.rs: a reference into contained leads somewhere"),
    ("txt-1", "narrative is kept as text and never shown as HTML"),
    ("txt-2", "narrative is kept as text and never shown as HTML"),
];

/// A member, or what is said of it.
fn has(json: &Json, name: &str) -> bool {
    json.get(name).is_some()
        || json.members().iter().any(|(known, _)| known.strip_prefix('_') == Some(name))
}

/// A choice element of any type.
fn has_choice(json: &Json, name: &str) -> bool {
    choice(json, name).is_some()
}

/// The type and value of a choice element.
fn choice<'a>(json: &'a Json, name: &str) -> Option<(&'a str, &'a Json)> {
    json.members().iter().find_map(|(known, value)| {
        let bare = known.strip_prefix('_').unwrap_or(known);
        let kind = bare.strip_prefix(name)?;
        kind.starts_with(|letter: char| letter.is_ascii_uppercase()).then_some((kind, value))
    })
}

/// `a implies b`.
fn implies(a: bool, b: bool) -> bool {
    !a || b
}

/// A coding among those of a CodeableConcept, or of each of a list of them.
fn coded(concept: Option<&Json>, system: &str, codes: &[&str]) -> bool {
    let Some(concept) = concept else { return false };
    let all = match concept {
        Json::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    all.iter().flat_map(|one| one.list("coding")).any(|coding| {
        coding.text("system") == Some(system)
            && coding.text("code").is_some_and(|code| codes.contains(&code))
    })
}

/// The values of `name` in each item of a list.
fn each<'a>(json: &'a Json, list: &str, name: &str) -> Vec<&'a Json> {
    json.list(list).iter().filter_map(|item| item.get(name)).collect()
}

fn number(json: &Json, name: &str) -> Option<f64> {
    match json.get(name)? {
        Json::Number(digits) => digits.parse().ok(),
        _ => None,
    }
}

/// Whether `a` is not after `b`; what cannot be compared passes (FHIRPath N1, comparison: as far
/// as both are written).
fn in_order(a: Option<&str>, b: Option<&str>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return true };
    let zoned =
        |text: &str| text.ends_with('Z') || text.rfind(['+', '-']).is_some_and(|at| at > 10);
    if a.contains('T') && b.contains('T') && zoned(a) != zoned(b) {
        return true;
    }
    if a.contains('T') && b.contains('T') {
        let (a, b) = (Moment::parse(a, Offset::UTC), Moment::parse(b, Offset::UTC));
        return a.zip(b).is_none_or(|(a, b)| a.start < b.end);
    }
    let (a, b) = (a.split('T').next().unwrap_or(a), b.split('T').next().unwrap_or(b));
    let shared = a.len().min(b.len());
    match (a.get(..shared), b.get(..shared)) {
        (Some(a), Some(b)) => a <= b,
        _ => true,
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
