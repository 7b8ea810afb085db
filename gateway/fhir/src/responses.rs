//! Bundles we write: the answer to a transaction, and a page of a search. Neither counts what it
//! does not show: a `total` would tell of resources the reader may not see.

use loopgate_referral::Timestamp;

use crate::{Json, print_instant};

/// The answer to one entry of a transaction, in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseItem {
    /// `201 Created`, or `200 OK` for one that was there.
    pub status: &'static str,
    /// `Task/1/_history/1`, relative or absolute.
    pub location: String,
    /// Its version.
    pub version: u64,
    /// When it last changed.
    pub last_modified: Timestamp,
    /// The resource, if the caller asked to have it back.
    pub resource: Option<Json>,
    /// What there is to say about it (`Bundle.entry.response.outcome`).
    pub outcome: Option<Json>,
}

/// A Bundle of type `transaction-response`.
pub fn transaction_response(items: Vec<ResponseItem>) -> Json {
    let entries = items.into_iter().map(|item| {
        let mut entry = Json::object([]);
        if let Some(resource) = item.resource {
            entry.set("resource", resource);
        }
        let mut response = Json::object([
            ("status", item.status.into()),
            ("location", item.location.into()),
            ("etag", format!("W/\"{}\"", item.version).into()),
            ("lastModified", print_instant(item.last_modified).into()),
        ]);
        if let Some(outcome) = item.outcome {
            response.set("outcome", outcome);
        }
        entry.set("response", response);
        entry
    });
    bundle("transaction-response", Vec::new(), entries.collect())
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
    fn a_transaction_is_answered_entry_by_entry() {
        let item = ResponseItem {
            status: "201 Created",
            location: "Task/1/_history/1".into(),
            version: 1,
            last_modified: Timestamp(0),
            resource: None,
            outcome: Some(Json::object([("resourceType", "OperationOutcome".into())])),
        };
        let got = transaction_response(vec![item]).to_string();
        let want = concat!(
            r#"{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":"#,
            r#"{"status":"201 Created","location":"Task/1/_history/1","etag":"W/\"1\"","#,
            r#""lastModified":"1970-01-01T00:00:00.000Z","#,
            r#""outcome":{"resourceType":"OperationOutcome"}}}]}"#
        );
        assert_eq!(got, want);
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
