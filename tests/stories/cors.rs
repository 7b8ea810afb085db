//! A page of another origin reads `/fhir` only if the operator listed that origin.

use std::collections::BTreeMap;

use crate::harness::{Gateway, Party, patient};

const APP: &str = "https://app.example";
const ASKS: (&str, &str) = ("access-control-request-method", "PUT");

/// What is said of origins.
fn cors(fields: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    let of = |name: &str| name == "vary" || name.starts_with("access-control-");
    let fields = fields.iter().filter(|(name, _)| of(name));
    fields.map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn says_cors(party: &Party) -> bool {
    party.get("/fhir/metadata").expect(200).json["rest"][0]["security"]["cors"] == true
}

#[test]
fn without_a_list_no_origin_is_told_anything() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    for method in ["GET", "OPTIONS"] {
        let (status, fields) = clinic.head_of(method, "/fhir/Task", &[("origin", APP), ASKS]);
        assert_eq!(status, if method == "GET" { 200 } else { 405 });
        assert!(cors(&fields).is_empty(), "{fields:?}");
    }
    let (status, fields) = gateway.stranger().head_of("OPTIONS", "/fhir", &[("origin", APP), ASKS]);
    assert_eq!((status, cors(&fields)), (401, vec![]));
    assert!(!says_cors(&clinic));
    gateway.stop();
}

#[test]
fn a_listed_origin_reads_and_no_other_does() {
    let mut gateway =
        Gateway::start_with(&[(["fhir", "cors_origins"], "[\"https://app.example\"]")]);
    let (clinic, stranger) = (gateway.party("clinic-b"), gateway.stranger());
    assert!(says_cors(&clinic));
    let path = clinic.post("/fhir/Patient", &patient("clinic-b", "B-1")).expect(201).created();

    // Asked beforehand, by a browser that shows no certificate yet.
    let (status, fields) = stranger.head_of("OPTIONS", &path, &[("origin", APP), ASKS]);
    assert_eq!(status, 204);
    let headers = "accept, content-type, if-match, if-none-match, if-modified-since, if-none-exist, \
                   idempotency-key, authorization, loopgate-consent, loopgate-case, prefer";
    let want = [
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-headers", headers),
        ("access-control-allow-methods", "GET, POST, PUT"),
        ("access-control-allow-origin", APP),
        ("access-control-max-age", "600"),
        ("vary", "origin"),
    ];
    assert_eq!(cors(&fields), want);

    let want = [
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-origin", APP),
        (
            "access-control-expose-headers",
            "etag, location, content-location, last-modified, loopgate-receipt",
        ),
        ("vary", "origin"),
    ];
    let (status, fields) = clinic.head_of("GET", &path, &[("origin", APP)]);
    assert_eq!((status, cors(&fields)), (200, want.to_vec()));
    // What is refused is read by the page too, and is refused all the same.
    let (status, fields) = stranger.head_of("GET", &path, &[("origin", APP)]);
    assert_eq!((status, cors(&fields)), (401, want.to_vec()));

    let others = ["https://app.example:8443", "http://app.example", "https://APP.example", "null"];
    for other in others.into_iter().chain(["https://app.example.evil.example", "*"]) {
        let (status, fields) = clinic.head_of("OPTIONS", &path, &[("origin", other), ASKS]);
        assert_eq!((status, cors(&fields)), (405, vec![("vary", "origin")]), "{other}");
        let (_, fields) = clinic.head_of("GET", &path, &[("origin", other)]);
        assert_eq!(cors(&fields), [("vary", "origin")], "{other}");
    }
    // Twice is not once; without the question it is no question; and only `/fhir` is open.
    let twice = [("origin", APP), ("origin", APP), ASKS];
    assert_eq!(clinic.head_of("OPTIONS", &path, &twice).0, 405);
    assert_eq!(clinic.head_of("OPTIONS", &path, &[("origin", APP)]).0, 405);
    for path in ["/cbo/v1/referrals", "/fhirs/Task", "/oauth/token", "/ledger/checkpoint"] {
        let (status, fields) = clinic.head_of("OPTIONS", path, &[("origin", APP), ASKS]);
        assert!(status >= 400 && cors(&fields).is_empty(), "{path}: {status} {fields:?}");
    }
    gateway.stop();
}
