//! How a refusal sounds: as OperationOutcome and as problem+json, from one table. HL7 v2's MSA and
//! ERR get their column with the v2 door.

use loopgate_fhir::{Fault, IssueCode, operation_outcome};
use serde_json::{Value, json};

use crate::refusal::{Kind, Refusal, Trouble};

/// An answer, before it is put on a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Header fields beside the content type.
    pub headers: Vec<(&'static str, String)>,
    /// The media type, unless there is no body.
    pub media: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

/// FHIR's media type.
pub const FHIR_JSON: &str = "application/fhir+json";
/// RFC 9457.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// Ours.
pub const JSON: &str = "application/json";

impl Reply {
    /// An answer with a body.
    pub fn with(status: u16, media: &'static str, body: Vec<u8>) -> Reply {
        Reply { status, headers: Vec::new(), media, body }
    }

    /// An answer without one.
    pub fn empty(status: u16) -> Reply {
        Reply { status, headers: Vec::new(), media: "", body: Vec::new() }
    }

    /// The same, with one more header field.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }
}

/// How one kind of refusal sounds.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// HTTP status.
    pub http: u16,
    /// FHIR IssueType.
    pub issue: IssueCode,
    /// The last part of the problem type URI.
    pub problem: &'static str,
    /// What went wrong, in words that hold for every case.
    pub words: &'static str,
}

/// One row per kind.
pub fn row(kind: Kind) -> Row {
    let (http, issue, problem, words) = match kind {
        Kind::Malformed => {
            (400, IssueCode::Structure, "malformed", "the message is not well-formed")
        }
        Kind::Invalid => (422, IssueCode::Processing, "invalid", "the message cannot be processed"),
        Kind::MediaType => {
            (415, IssueCode::NotSupported, "media-type", "this media type is not spoken here")
        }
        Kind::TooLarge => (413, IssueCode::TooLong, "too-large", "the message is over the limit"),
        Kind::Unauthenticated => {
            (401, IssueCode::Login, "unauthenticated", "no known client certificate was shown")
        }
        Kind::Forbidden => (403, IssueCode::Forbidden, "forbidden", "this partner may not do this"),
        Kind::NotFound | Kind::Denied => {
            (404, IssueCode::NotFound, "not-found", "there is no such thing here")
        }
        Kind::IllegalMove => (
            409,
            IssueCode::BusinessRule,
            "illegal-move",
            "this act is not open to this party from the present status",
        ),
        Kind::VersionConflict => {
            (412, IssueCode::Conflict, "version-conflict", "it was changed in between")
        }
        Kind::Duplicate => {
            (409, IssueCode::Duplicate, "duplicate", "the identifier was used before")
        }
        Kind::Method => {
            (405, IssueCode::NotSupported, "method", "this interaction is not offered here")
        }
    };
    Row { http, issue, problem, words }
}

const OUTAGE_WORDS: &str = "the gateway cannot keep its promise right now; try again";
const RETRY_AFTER_S: &str = "1";

/// As FHIR says it.
pub fn fhir(trouble: Trouble) -> Reply {
    let (status, faults) = match trouble {
        Trouble::Outage => {
            let fault = Fault::new(IssueCode::Transient, "", OUTAGE_WORDS);
            let body = operation_outcome(&[fault]).to_bytes();
            return Reply::with(503, FHIR_JSON, body).header("retry-after", RETRY_AFTER_S);
        }
        Trouble::Refused(Refusal { kind, faults }) => {
            let row = row(kind);
            let general = Fault::new(row.issue, "", row.words);
            (row.http, if faults.is_empty() { vec![general] } else { faults })
        }
    };
    Reply::with(status, FHIR_JSON, operation_outcome(&faults).to_bytes())
}

/// As RFC 9457 says it.
pub fn problem(trouble: Trouble) -> Reply {
    let (row, faults) = match trouble {
        Trouble::Outage => {
            let body = json!({ "type": "urn:loopgate:problem:outage", "title": OUTAGE_WORDS, "status": 503 });
            return json_reply(503, PROBLEM_JSON, &body).header("retry-after", RETRY_AFTER_S);
        }
        Trouble::Refused(Refusal { kind, faults }) => (row(kind), faults),
    };
    let mut body = json!({
        "type": format!("urn:loopgate:problem:{}", row.problem),
        "title": row.words,
        "status": row.http,
    });
    if !faults.is_empty() {
        let errors: Vec<Value> = faults
            .iter()
            .map(|fault| json!({ "at": fault.expression, "detail": fault.words }))
            .collect();
        body["errors"] = Value::Array(errors);
    }
    json_reply(row.http, PROBLEM_JSON, &body)
}

/// A JSON body.
pub fn json_reply(status: u16, media: &'static str, body: &Value) -> Reply {
    Reply::with(status, media, body.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row, as the protocol documents state it: RFC 9110 and FHIR R4 http.html for the status,
    /// IssueType for the issue.
    #[test]
    fn every_refusal_in_both_dialects() {
        let table = [
            (Kind::Malformed, 400, "structure", "malformed"),
            (Kind::Invalid, 422, "processing", "invalid"),
            (Kind::MediaType, 415, "not-supported", "media-type"),
            (Kind::TooLarge, 413, "too-long", "too-large"),
            (Kind::Unauthenticated, 401, "login", "unauthenticated"),
            (Kind::Forbidden, 403, "forbidden", "forbidden"),
            (Kind::NotFound, 404, "not-found", "not-found"),
            (Kind::Denied, 404, "not-found", "not-found"),
            (Kind::IllegalMove, 409, "business-rule", "illegal-move"),
            (Kind::VersionConflict, 412, "conflict", "version-conflict"),
            (Kind::Duplicate, 409, "duplicate", "duplicate"),
            (Kind::Method, 405, "not-supported", "method"),
        ];
        for (kind, http, issue, name) in table {
            let outcome = fhir(kind.into());
            assert_eq!(outcome.status, http, "{kind:?}");
            let body: Value = serde_json::from_slice(&outcome.body).unwrap();
            assert_eq!(body["resourceType"], "OperationOutcome");
            assert_eq!(body["issue"][0]["code"], issue, "{kind:?}");
            let reply = problem(kind.into());
            let body: Value = serde_json::from_slice(&reply.body).unwrap();
            assert_eq!(body["type"], format!("urn:loopgate:problem:{name}"));
            assert_eq!((reply.status, body["status"].as_u64()), (http, Some(u64::from(http))));
        }
        assert_eq!(fhir(Trouble::Outage).status, 503);
        assert_eq!(problem(Trouble::Outage).headers, [("retry-after", "1".to_owned())]);
    }
}
