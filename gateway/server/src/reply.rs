//! How a refusal sounds: as OperationOutcome, as MSA/ERR, as problem+json. One table, three dialects.

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
    /// HL7 table 0357 code for ERR-3.
    pub v2_error: u16,
    /// What went wrong, in words that hold for every case.
    pub words: &'static str,
}

/// One row per kind.
pub fn row(kind: Kind) -> Row {
    let (http, issue, problem, v2_error, words) = match kind {
        Kind::Malformed => {
            (400, IssueCode::Structure, "malformed", 100, "the message is not well-formed")
        }
        Kind::Invalid => {
            (422, IssueCode::Processing, "invalid", 207, "the message cannot be processed")
        }
        Kind::MediaType => {
            (415, IssueCode::NotSupported, "media-type", 203, "this media type is not spoken here")
        }
        Kind::TooLarge => {
            (413, IssueCode::TooLong, "too-large", 104, "the message is over the limit")
        }
        Kind::Unauthenticated => {
            (401, IssueCode::Login, "unauthenticated", 207, "no known client certificate was shown")
        }
        Kind::Forbidden => {
            (403, IssueCode::Forbidden, "forbidden", 207, "this partner may not do this")
        }
        Kind::NotFound => {
            (404, IssueCode::NotFound, "not-found", 204, "there is no such thing here")
        }
        Kind::IllegalMove => (
            409,
            IssueCode::BusinessRule,
            "illegal-move",
            207,
            "this act is not open to this party from the present status",
        ),
        Kind::VersionConflict => {
            (412, IssueCode::Conflict, "version-conflict", 206, "it was changed in between")
        }
        Kind::Duplicate => {
            (409, IssueCode::Duplicate, "duplicate", 205, "the identifier was used before")
        }
        Kind::Method => {
            (405, IssueCode::NotSupported, "method", 200, "this interaction is not offered here")
        }
    };
    Row { http, issue, problem, v2_error, words }
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
    /// IssueType for the issue, HL7 table 0357 for the error.
    #[test]
    fn every_refusal_in_three_dialects() {
        let table = [
            (Kind::Malformed, 400, "structure", "malformed", 100),
            (Kind::Invalid, 422, "processing", "invalid", 207),
            (Kind::MediaType, 415, "not-supported", "media-type", 203),
            (Kind::TooLarge, 413, "too-long", "too-large", 104),
            (Kind::Unauthenticated, 401, "login", "unauthenticated", 207),
            (Kind::Forbidden, 403, "forbidden", "forbidden", 207),
            (Kind::NotFound, 404, "not-found", "not-found", 204),
            (Kind::IllegalMove, 409, "business-rule", "illegal-move", 207),
            (Kind::VersionConflict, 412, "conflict", "version-conflict", 206),
            (Kind::Duplicate, 409, "duplicate", "duplicate", 205),
            (Kind::Method, 405, "not-supported", "method", 200),
        ];
        for (kind, http, issue, name, v2) in table {
            let outcome = fhir(kind.into());
            assert_eq!(outcome.status, http, "{kind:?}");
            let body: Value = serde_json::from_slice(&outcome.body).unwrap();
            assert_eq!(body["resourceType"], "OperationOutcome");
            assert_eq!(body["issue"][0]["code"], issue, "{kind:?}");
            let reply = problem(kind.into());
            let body: Value = serde_json::from_slice(&reply.body).unwrap();
            assert_eq!(body["type"], format!("urn:loopgate:problem:{name}"));
            assert_eq!((reply.status, body["status"].as_u64()), (http, Some(u64::from(http))));
            assert_eq!(row(kind).v2_error, v2);
        }
        assert_eq!(fhir(Trouble::Outage).status, 503);
        assert_eq!(problem(Trouble::Outage).headers, [("retry-after", "1".to_owned())]);
    }
}
