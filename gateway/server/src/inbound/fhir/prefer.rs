//! `Prefer` (RFC 7240, R4 http.html#return and #handling): what a caller would like. What is not
//! understood is passed over, as the RFC asks.

use loopgate_fhir::Handling;

use crate::gate::Request;

/// What comes back of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// Nothing of it.
    Minimal,
    /// The resource, which is to read it.
    Representation,
    /// An OperationOutcome.
    Outcome,
}

/// What a caller would like to have back of what it writes, if it says so.
pub fn returned(request: &Request) -> Option<Return> {
    let mut preferences = preferences(request.prefer.as_deref());
    // The first of a name counts (RFC 7240 §2).
    let (_, value) = preferences.find(|(name, _)| name.eq_ignore_ascii_case("return"))?;
    match value {
        "minimal" => Some(Return::Minimal),
        "representation" => Some(Return::Representation),
        "OperationOutcome" => Some(Return::Outcome),
        _ => None,
    }
}

/// Whether parameters of a search that are not understood are passed over: not, unless the caller asks.
pub fn handling(prefer: Option<&str>) -> Handling {
    let mut preferences = preferences(prefer);
    match preferences.find(|(name, _)| name.eq_ignore_ascii_case("handling")) {
        Some((_, value)) if value.eq_ignore_ascii_case("lenient") => Handling::Lenient,
        _ => Handling::Strict,
    }
}

fn preferences(prefer: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    let lines = prefer.unwrap_or_default().split(',');
    lines.filter_map(|one| {
        let (name, value) = one.split(';').next()?.split_once('=')?;
        Some((name.trim(), value.trim().trim_matches('"')))
    })
}
