//! How a refusal sounds: as OperationOutcome, as problem+json, and as ERR, from one table.

use std::sync::Arc;

use loopgate_consent::Sending;
use loopgate_fhir::{Fault, IssueCode, operation_outcome};
use loopgate_hl7v2::{ErrorCode, Flaw, Place};
use serde_json::{Value, json};

use crate::egress::Released;
use crate::refusal::{Kind, Refusal, Trouble};

/// An answer, before it is put on a socket.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Header fields beside the content type.
    pub headers: Vec<(&'static str, String)>,
    /// The media type, unless there is no body.
    pub media: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// The sends that the body is, if it is about somebody.
    pub sending: Hold,
}

/// Holds sends open for as long as their answer is on its way: a batch is several.
#[derive(Clone, Default)]
pub struct Hold(pub Vec<Arc<Sending>>);

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "nothing" } else { "sending" })
    }
}

/// FHIR's media type.
pub const FHIR_JSON: &str = "application/fhir+json";
/// Where the disclosure receipt stands: `origin index leaf-hash`, one for each entry.
pub const RECEIPT: &str = "loopgate-receipt";
/// RFC 9457.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// Ours.
pub const JSON: &str = "application/json";

impl Reply {
    /// An answer with a body.
    pub fn with(status: u16, media: &'static str, body: Vec<u8>) -> Reply {
        Reply { status, headers: Vec::new(), media, body, sending: Hold::default() }
    }

    /// An answer with what the exit released.
    pub fn released(status: u16, media: &'static str, released: Released) -> Reply {
        let mut reply = Reply::with(status, media, released.bytes);
        reply.sending = Hold(released.sending.into_iter().collect());
        match released.receipt {
            Some(receipt) => reply.header(RECEIPT, receipt.as_str()),
            None => reply,
        }
    }

    /// An answer without one.
    pub fn empty(status: u16) -> Reply {
        Reply::with(status, "", Vec::new())
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
    /// HL7 table 0357.
    pub v2: ErrorCode,
    /// What went wrong, in words that hold for every case.
    pub words: &'static str,
}

/// One row per kind.
pub fn row(kind: Kind) -> Row {
    use ErrorCode as V2;
    use IssueCode as Issue;
    let (http, issue, v2, problem, words) = match kind {
        Kind::Malformed => {
            (400, Issue::Structure, V2::DataType, "malformed", "the message is not well-formed")
        }
        Kind::Invalid => {
            (422, Issue::Processing, V2::DataType, "invalid", "the message cannot be processed")
        }
        Kind::MediaType => {
            let words = "this media type is not spoken here";
            (415, Issue::NotSupported, V2::UnsupportedMessageType, "media-type", words)
        }
        Kind::NotAcceptable => {
            let words = "this media type is not written here; json is";
            (406, Issue::NotSupported, V2::UnsupportedMessageType, "not-acceptable", words)
        }
        Kind::TooLarge => {
            (413, Issue::TooLong, V2::ValueTooLong, "too-large", "the message is over the limit")
        }
        Kind::Unauthenticated => {
            let words = "no known client certificate was shown";
            (401, Issue::Login, V2::ApplicationInternalError, "unauthenticated", words)
        }
        Kind::Forbidden => {
            let words = "this partner may not do this";
            (403, Issue::Forbidden, V2::ApplicationInternalError, "forbidden", words)
        }
        Kind::NotFound | Kind::Denied => {
            let words = "there is no such thing here";
            (404, Issue::NotFound, V2::UnknownKeyIdentifier, "not-found", words)
        }
        Kind::IllegalMove => {
            let words = "this act is not open to this party from the present status";
            (409, Issue::BusinessRule, V2::ApplicationInternalError, "illegal-move", words)
        }
        Kind::VersionConflict => {
            let words = "it was changed in between";
            (412, Issue::Conflict, V2::ApplicationRecordLocked, "version-conflict", words)
        }
        Kind::Ambiguous => {
            let words = "several resources match the condition";
            (412, Issue::MultipleMatches, V2::DuplicateKeyIdentifier, "ambiguous", words)
        }
        Kind::Duplicate => {
            let words = "the identifier was used before";
            (409, Issue::Duplicate, V2::DuplicateKeyIdentifier, "duplicate", words)
        }
        Kind::ReusedKey => {
            let words = "the control id was used before, with other content";
            (409, Issue::Duplicate, V2::DuplicateKeyIdentifier, "reused-key", words)
        }
        Kind::Method => {
            let words = "this interaction is not offered here";
            (405, Issue::NotSupported, V2::UnsupportedEventCode, "method", words)
        }
        Kind::TooMany => {
            let words = "too many requests; wait, then try again";
            (429, Issue::Throttled, V2::ApplicationInternalError, "too-many", words)
        }
    };
    Row { http, issue, problem, v2, words }
}

const OUTAGE_WORDS: &str = "the gateway cannot keep its promise right now; try again";
const RETRY_AFTER_S: &str = "1";

/// As FHIR says it.
pub fn fhir(trouble: Trouble) -> Reply {
    let (status, faults, correlation) = match trouble {
        Trouble::Outage => {
            let fault = Fault::new(IssueCode::Transient, "", OUTAGE_WORDS);
            let body = operation_outcome(&[fault]).to_bytes();
            return Reply::with(503, FHIR_JSON, body).header("retry-after", RETRY_AFTER_S);
        }
        Trouble::Refused(Refusal { kind, faults, correlation }) => {
            let row = row(kind);
            let general = Fault::new(row.issue, "", row.words);
            let faults = if faults.is_empty() { vec![general] } else { faults };
            (row.http, faults, correlation)
        }
    };
    let reply = Reply::with(status, FHIR_JSON, operation_outcome(&faults).to_bytes());
    named(reply, correlation)
}

/// As RFC 9457 says it.
pub fn problem(trouble: Trouble) -> Reply {
    let (row, faults, correlation) = match trouble {
        Trouble::Outage => {
            let body = json!({ "type": "urn:loopgate:problem:outage", "title": OUTAGE_WORDS, "status": 503 });
            return json_reply(503, PROBLEM_JSON, &body).header("retry-after", RETRY_AFTER_S);
        }
        Trouble::Refused(Refusal { kind, faults, correlation }) => (row(kind), faults, correlation),
    };
    let mut body = json!({
        "type": format!("urn:loopgate:problem:{}", row.problem),
        "title": row.words,
        "status": row.http,
    });
    if !faults.is_empty() {
        let errors: Vec<Value> = faults
            .iter()
            .map(|fault| {
                // A place in a JSON body is a pointer, as RFC 9457 shows it.
                let name = if fault.expression.starts_with('#') { "pointer" } else { "at" };
                json!({ name: fault.expression, "detail": fault.words })
            })
            .collect();
        body["errors"] = Value::Array(errors);
    }
    if let Some(name) = &correlation {
        body["instance"] = json!(format!("urn:loopgate:refusal:{name}"));
    }
    named(json_reply(row.http, PROBLEM_JSON, &body), correlation)
}

/// By what to ask about a refusal.
fn named(reply: Reply, correlation: Option<String>) -> Reply {
    match correlation {
        Some(name) => reply.header("loopgate-correlation", name),
        None => reply,
    }
}

/// As ERR says it: `place` finds where the message says what a FHIR expression names.
pub fn v2(refusal: &Refusal, place: &dyn Fn(&str) -> Option<Place>) -> Vec<Flaw> {
    let row = row(refusal.kind);
    if refusal.faults.is_empty() {
        return vec![Flaw::whole(row.v2, row.words)];
    }
    let flaws = refusal.faults.iter().map(|fault| {
        let code = match fault.code {
            IssueCode::Required => ErrorCode::RequiredFieldMissing,
            IssueCode::TooLong | IssueCode::TooCostly => ErrorCode::ValueTooLong,
            IssueCode::Duplicate => ErrorCode::DuplicateKeyIdentifier,
            IssueCode::BusinessRule | IssueCode::NotFound => ErrorCode::TableValueNotFound,
            _ => row.v2,
        };
        Flaw { code, at: place(&fault.expression), words: fault.words.clone() }
    });
    flaws.collect()
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
    fn every_refusal_in_every_dialect() {
        let table = [
            (Kind::Malformed, 400, "structure", "malformed", 102),
            (Kind::Invalid, 422, "processing", "invalid", 102),
            (Kind::MediaType, 415, "not-supported", "media-type", 200),
            (Kind::NotAcceptable, 406, "not-supported", "not-acceptable", 200),
            (Kind::TooLarge, 413, "too-long", "too-large", 104),
            (Kind::Unauthenticated, 401, "login", "unauthenticated", 207),
            (Kind::Forbidden, 403, "forbidden", "forbidden", 207),
            (Kind::NotFound, 404, "not-found", "not-found", 204),
            (Kind::Denied, 404, "not-found", "not-found", 204),
            (Kind::IllegalMove, 409, "business-rule", "illegal-move", 207),
            (Kind::VersionConflict, 412, "conflict", "version-conflict", 206),
            (Kind::Ambiguous, 412, "multiple-matches", "ambiguous", 205),
            (Kind::Duplicate, 409, "duplicate", "duplicate", 205),
            (Kind::ReusedKey, 409, "duplicate", "reused-key", 205),
            (Kind::Method, 405, "not-supported", "method", 201),
            (Kind::TooMany, 429, "throttled", "too-many", 207),
        ];
        for (kind, http, issue, name, number) in table {
            let flaws = v2(&Refusal::of(kind), &|_| None);
            assert_eq!(flaws.iter().map(|f| f.code.number()).collect::<Vec<_>>(), [number]);
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
