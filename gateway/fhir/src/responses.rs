//! Bundles we write: the answer to a transaction, and a page of a search. Neither counts what it
//! does not show: a `total` would tell of resources the reader may not see.

use loopgate_referral::Timestamp;

use crate::{Json, print_instant};

/// The answer to one entry of a Bundle that was posted, in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResponseItem {
    /// `201 Created`.
    pub status: String,
    /// `Task/1/_history/1`, relative or absolute.
    pub location: Option<String>,
    /// `W/"1"`.
    pub etag: Option<String>,
    /// When it last changed.
    pub last_modified: Option<Timestamp>,
    /// The bytes of a resource that goes back, as they were released.
    pub resource: Option<Vec<u8>>,
    /// What there is to say about it (`Bundle.entry.response.outcome`).
    pub outcome: Option<Json>,
}

/// Which Bundle is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posting {
    /// With a `transaction-response`.
    Transaction,
    /// With a `batch-response`.
    Batch,
}

/// The answer to a Bundle that was posted.
pub fn posted_response(posting: Posting, items: Vec<ResponseItem>) -> Vec<u8> {
    let kind = match posting {
        Posting::Transaction => "transaction-response",
        Posting::Batch => "batch-response",
    };
    let mut bytes = bundle(kind, Vec::new(), Vec::new()).to_bytes();
    let Some(b'}') = bytes.pop() else { unreachable!("an object ends with a brace") };
    let count = items.len();
    for (i, item) in items.into_iter().enumerate() {
        bytes.extend(if i == 0 { &b",\"entry\":[{"[..] } else { &b",{"[..] });
        if let Some(resource) = &item.resource {
            // As they were sealed: what was recorded is the hash of these very bytes.
            bytes.extend(b"\"resource\":");
            bytes.extend(resource);
            bytes.push(b',');
        }
        bytes.extend(b"\"response\":");
        bytes.extend(response(item).to_bytes());
        bytes.push(b'}');
        if i + 1 == count {
            bytes.push(b']');
        }
    }
    bytes.push(b'}');
    bytes
}

fn response(item: ResponseItem) -> Json {
    let mut response = Json::object([("status", item.status.into())]);
    if let Some(location) = item.location {
        response.set("location", location.into());
    }
    if let Some(etag) = item.etag {
        response.set("etag", etag.into());
    }
    if let Some(at) = item.last_modified {
        response.set("lastModified", print_instant(at).into());
    }
    if let Some(outcome) = item.outcome {
        response.set("outcome", outcome);
    }
    response
}

/// Why a resource is on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchMode {
    /// It matched.
    Match,
    /// A match refers to it.
    Include,
    /// It tells of the search itself.
    Outcome,
}

/// One resource on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchItem {
    /// Its absolute URL.
    pub full_url: Option<String>,
    /// The resource.
    pub resource: Json,
    /// Why it is there.
    pub mode: SearchMode,
}

/// A Bundle of type `searchset`.
pub fn searchset(items: Vec<SearchItem>, self_link: &str, next_link: Option<&str>) -> Json {
    let links = [("self", Some(self_link)), ("next", next_link)]
        .into_iter()
        .filter_map(|(relation, url)| {
            Some(Json::object([("relation", relation.into()), ("url", url?.into())]))
        })
        .collect();
    let entries = items.into_iter().map(|item| {
        let mut entry = Json::object([]);
        if let Some(full_url) = item.full_url {
            entry.set("fullUrl", full_url.into());
        }
        entry.set("resource", item.resource);
        let mode = match item.mode {
            SearchMode::Match => "match",
            SearchMode::Include => "include",
            SearchMode::Outcome => "outcome",
        };
        entry.set("search", Json::object([("mode", mode.into())]));
        entry
    });
    bundle("searchset", links, entries.collect())
}

fn bundle(kind: &str, links: Vec<Json>, entries: Vec<Json>) -> Json {
    let mut bundle = Json::object([("resourceType", "Bundle".into()), ("type", kind.into())]);
    // FHIR knows no empty array.
    for (name, items) in [("link", links), ("entry", entries)] {
        if !items.is_empty() {
            bundle.set(name, Json::Array(items));
        }
    }
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_posted_bundle_is_answered_entry_by_entry() {
        let written = ResponseItem {
            status: "201 Created".into(),
            location: Some("Task/1/_history/1".into()),
            etag: Some("W/\"1\"".into()),
            last_modified: Some(Timestamp(0)),
            resource: None,
            outcome: Some(Json::object([("resourceType", "OperationOutcome".into())])),
        };
        let resource = Some(b"{\"resourceType\": \"Task\"}".to_vec());
        let read = ResponseItem { status: "200 OK".into(), resource, ..ResponseItem::default() };
        let got = posted_response(Posting::Transaction, vec![written, read]);
        let want = concat!(
            r#"{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":"#,
            r#"{"status":"201 Created","location":"Task/1/_history/1","etag":"W/\"1\"","#,
            r#""lastModified":"1970-01-01T00:00:00.000Z","#,
            r#""outcome":{"resourceType":"OperationOutcome"}}},"#,
            r#"{"resource":{"resourceType": "Task"},"response":{"status":"200 OK"}}]}"#
        );
        assert_eq!(String::from_utf8(got).unwrap(), want);
        let nothing = posted_response(Posting::Batch, Vec::new());
        assert_eq!(nothing, br#"{"resourceType":"Bundle","type":"batch-response"}"#);
    }

    #[test]
    fn a_page_has_links_and_no_total() {
        let resource = Json::object([("resourceType", "Task".into())]);
        let item = SearchItem { full_url: Some("u".into()), resource, mode: SearchMode::Include };
        let want = concat!(
            r#"{"resourceType":"Bundle","type":"searchset","link":[{"relation":"self","url":"s"},"#,
            r#"{"relation":"next","url":"n"}],"entry":[{"fullUrl":"u","resource":"#,
            r#"{"resourceType":"Task"},"search":{"mode":"include"}}]}"#
        );
        assert_eq!(searchset(vec![item], "s", Some("n")).to_string(), want);
        let want = r#"{"resourceType":"Bundle","type":"searchset","link":[{"relation":"self","url":"s"}]}"#;
        assert_eq!(searchset(vec![], "s", None).to_string(), want);
    }
}
