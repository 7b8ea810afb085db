//! What a caller takes, and what it has already: `Accept`, `_format`, and the conditions of a read
//! (RFC 9110, R4 http.html).

use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use loopgate_fhir::is_json;
use loopgate_referral::Timestamp;

use crate::gate::Request;
use crate::refusal::{Kind, Trouble};

const WRITTEN: [&str; 6] = [
    "application/fhir+json",
    "application/json",
    "application/json+fhir",
    "text/json",
    "application/*",
    "*/*",
];

/// Refuses whoever takes no JSON. `_format` overrides `Accept`.
pub fn takes_json(request: &Request) -> Result<(), Trouble> {
    let formats = request.query.iter().filter(|(name, _)| name == "_format");
    let mut formats = formats.map(|(_, value)| value.as_str()).peekable();
    let ok = if formats.peek().is_some() {
        formats.all(is_json)
    } else {
        request.accept.as_deref().is_none_or(|accept| accept.trim().is_empty() || accepted(accept))
    };
    if ok { Ok(()) } else { Err(Kind::NotAcceptable.into()) }
}

fn accepted(accept: &str) -> bool {
    accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let refused = parts.any(|part| {
            let quality = part.strip_prefix("q=").or(part.strip_prefix("Q="));
            quality.is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0))
        });
        WRITTEN.contains(&media.as_str()) && !refused
    })
}

/// What a read is made to depend on.
#[derive(Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    None,
    /// It changed from all of these versions; none listed is any (`*`).
    NoneOf(Vec<u64>),
    /// It changed after this instant.
    Since(Timestamp),
}

impl Condition {
    /// Of a request. `If-None-Match` is heard before `If-Modified-Since`; a date that is none is not heard
    /// (RFC 9110 §13.1.3).
    pub fn of(request: &Request) -> Condition {
        if let Some(tags) = &request.if_none_match {
            if tags.trim() == "*" {
                return Condition::NoneOf(Vec::new());
            }
            let versions = tags.split(',').filter_map(|tag| {
                let tag = tag.trim();
                let tag = tag.strip_prefix("W/").unwrap_or(tag);
                // The bare number is what some clients send.
                let quoted = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
                quoted.unwrap_or(tag).parse().ok()
            });
            // Tags that are none of ours match nothing.
            let versions: Vec<u64> = versions.collect();
            return if versions.is_empty() { Condition::None } else { Condition::NoneOf(versions) };
        }
        let since = request.if_modified_since.as_deref();
        let since = since.and_then(|text| DateTimeParser::new().parse_timestamp(text).ok());
        since.map_or(Condition::None, |since| Condition::Since(Timestamp(since.as_millisecond())))
    }

    /// Whether what it depends on did not happen.
    pub fn is_unchanged(&self, version: Option<u64>, changed: Option<Timestamp>) -> bool {
        match self {
            Condition::None => false,
            Condition::NoneOf(versions) => {
                version.is_some_and(|version| versions.is_empty() || versions.contains(&version))
            }
            // The header knows seconds alone.
            Condition::Since(since) => changed
                .is_some_and(|changed| changed.0.div_euclid(1000) <= since.0.div_euclid(1000)),
        }
    }
}

/// An instant as an HTTP date.
pub fn http_date(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_taken_by_its_names_and_by_ranges() {
        for yes in [
            "application/fhir+json",
            "Application/JSON",
            "*/*",
            "text/html, */*;q=0.1",
            "application/fhir+xml, application/fhir+json; fhirVersion=4.0",
            "application/*",
        ] {
            assert!(accepted(yes), "{yes}");
        }
        for no in ["application/fhir+xml", "text/html", "*/*;q=0", "application/json;q=0.0", "json"]
        {
            assert!(!accepted(no), "{no}");
        }
        for yes in ["json", "application/json", "application/fhir json", "application/fhir+json"] {
            assert!(is_json(yes), "{yes}");
        }
        for no in ["xml", "application/fhir+xml", "text/html", "", "ttl"] {
            assert!(!is_json(no), "{no}");
        }
    }

    #[test]
    fn a_date_knows_seconds() {
        let at = Timestamp(784_111_777_999);
        // RFC 9110's own example.
        assert_eq!(http_date(at).as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
        let since = |ms| Condition::Since(Timestamp(ms)).is_unchanged(Some(1), Some(at));
        assert!(since(784_111_777_000) && !since(784_111_776_999));
        assert!(Condition::NoneOf(vec![1, 2]).is_unchanged(Some(2), None));
        assert!(!Condition::NoneOf(vec![1, 2]).is_unchanged(Some(3), None));
        assert!(Condition::NoneOf(Vec::new()).is_unchanged(Some(3), None));
    }
}
