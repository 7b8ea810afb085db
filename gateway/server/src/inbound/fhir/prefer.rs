//! `Prefer` (RFC 7240, R4 http.html#return and #handling): what a caller would like. What is not
//! understood is passed over, as the RFC asks.

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
    let mut preferences = preferences(request);
    // The first of a name counts (RFC 7240 §2).
    let (_, value) = preferences.find(|(name, _)| name.eq_ignore_ascii_case("return"))?;
    match value {
        "minimal" => Some(Return::Minimal),
        "representation" => Some(Return::Representation),
        "OperationOutcome" => Some(Return::Outcome),
        _ => None,
    }
}

fn preferences(request: &Request) -> impl Iterator<Item = (&str, &str)> {
    let lines = request.prefer.as_deref().unwrap_or_default().split(',');
    lines.filter_map(|one| {
        let (name, value) = one.split(';').next()?.split_once('=')?;
        Some((name.trim(), value.trim().trim_matches('"')))
    })
}
