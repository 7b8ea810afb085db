//! N66 to N69: HTTP that is not what it seems, from whoever sends it.

use serde_json::json;

use crate::harness::{Gateway, Referral, Wire, anonymous_config, client_config, status};

fn wire(gateway: &Gateway) -> Wire {
    Wire::open(client_config(&gateway.root(), "clinic-b"), gateway.machines())
}

/// How many answers of HTTP/1.1 came.
fn answers(text: &str) -> usize {
    text.matches("HTTP/1.1 ").count()
}

const HEAD: &str = "host: localhost\r\ncontent-type: application/fhir+json\r\n";
/// A second request that hides in the body of a first one.
const HIDDEN: &str = "GET /fhir/Task HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[test]
fn n66_requests_within_requests_and_floods() {
    let gateway = Gateway::start();
    gateway.party("clinic-b").post("/fhir", &Referral::food().bundle()).expect(200);
    let before = gateway.count();
    let length = HIDDEN.len();
    for (what, head) in [
        ("two lengths", format!("content-length: {length}\r\ncontent-length: 0\r\n")),
        ("two lengths in one", format!("content-length: {length}, 0\r\n")),
        ("a signed length", format!("content-length: +{length}\r\n")),
        ("no number", "content-length: 0x10\r\n".to_owned()),
        ("a folded line", "x: y\r\n content-length: 0\r\n".to_owned()),
        ("a space before the colon", format!("content-length : {length}\r\n")),
        ("chunked, but not last", "transfer-encoding: chunked, identity\r\n".to_owned()),
        ("unknown coding", "transfer-encoding: xchunked\r\n".to_owned()),
        ("a bare line end in a name", "x\ny: z\r\n".to_owned()),
        ("NUL in a value", "x: a\0b\r\n".to_owned()),
    ] {
        let request = format!("POST /fhir HTTP/1.1\r\n{HEAD}{head}\r\n{HIDDEN}");
        let answer = wire(&gateway).http(request.as_bytes());
        assert_eq!((status(&answer), answers(&answer)), (Some(400), 1), "{what}: {answer}");
        assert!(!answer.contains("searchset"), "{what}");
    }
    // Chunks win over a length, as RFC 9112 §6.3 says, and then nothing more is read.
    let both = format!(
        "POST /fhir HTTP/1.1\r\n{HEAD}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"
    );
    let answer = wire(&gateway).http(both.as_bytes());
    assert_eq!((status(&answer), answers(&answer)), (Some(400), 1), "{answer}");
    for (what, hosts) in
        [("two hosts", "host: localhost\r\nhost: evil.example\r\n"), ("no host", "")]
    {
        let request = format!("GET /fhir/Task HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
        let people = gateway.people().rsplit(':').next().unwrap().parse().unwrap();
        for port in [gateway.machines(), people] {
            let tls = crate::harness::client_config(&gateway.root(), "clinic-b");
            let answer = Wire::open(tls, port).http(request.as_bytes());
            assert_eq!((status(&answer), answers(&answer)), (Some(400), 1), "{what}: {answer}");
        }
    }
    for request in
        ["GET /fhir/Task HTTP/0.9\r\n\r\n", "GET /fhir/Task\r\n\r\n", "\u{1}\u{2}\r\n\r\n"]
    {
        let answer = wire(&gateway).http(request.as_bytes());
        assert!(matches!(status(&answer), None | Some(400 | 505)), "{answer}");
    }
    assert_eq!(gateway.count(), before);
    floods(&gateway);
    // It serves on.
    gateway.party("clinic-b").get("/fhir/Task").expect(200);
}

/// HTTP/2 is not spoken, whoever begins with it: neither rapid reset (CVE-2023-44487) nor headers
/// without end (CVE-2024-27316) are read.
fn floods(gateway: &Gateway) {
    let people = gateway.people().rsplit(':').next().unwrap().parse().unwrap();
    for port in [gateway.machines(), people] {
        let before = gateway.count();
        let mut offered = client_config(&gateway.root(), "clinic-b");
        offered.alpn_protocols = vec![b"h2".to_vec()];
        let mut wire = Wire::open(offered, port);
        assert!(wire.say(b"PRI").is_err() && wire.tls().alpn_protocol().is_none());
        let mut wire = Wire::open(client_config(&gateway.root(), "clinic-b"), port);
        wire.say(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
        let heard = wire.hear(|_| false);
        // A frame of HTTP/2 begins with its length, and what it says first is SETTINGS.
        assert!(heard.is_empty() || heard.starts_with(b"HTTP/1.1 4"), "{heard:?}");
        assert_eq!(gateway.count(), before);
    }
}

#[test]
fn n67_methods_by_another_name() {
    let gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let parts = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let task = parts.entry(Referral::food().task_entry(0));
    let id = gateway.party("pantry").only_referral();
    let before = gateway.count();
    let (cbo, patient) = (format!("/cbo/v1/referrals/{id}"), parts.entry(0));
    for (name, path) in [("clinic-b", &task), ("clinic-b", &patient), ("pantry", &cbo)] {
        for method in ["HEAD", "OPTIONS", "TRACE", "CONNECTX", "PROPFIND", "get"] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nhost: localhost\r\nx-canary: secret-value\r\nconnection: close\r\n\r\n"
            );
            let wire = Wire::open(client_config(&gateway.root(), name), gateway.machines());
            let answer = wire.http(request.as_bytes());
            assert_eq!(status(&answer), Some(405), "{method} {path}: {answer}");
            let lower = answer.to_lowercase();
            // What a community organization may ask is published, and RFC 9110 wants it said.
            let published = lower.contains("allow: get\r\n") && path == &cbo;
            assert!(published || !lower.contains("allow:"), "{method}: {answer}");
            for word in ["maria", "requested", "secret-value", "etag"] {
                assert!(!lower.contains(word), "{method}: {answer}");
            }
            if method == "HEAD" {
                assert!(answer.ends_with("\r\n\r\n"), "{answer}");
            }
        }
    }
    // Who says another method in a header, a parameter or a form says nothing by it.
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        for method in ["DELETE", "PUT", "PATCH"] {
            let headers = [(name, method), ("content-type", "application/fhir+json")];
            clinic.call("POST", &task, &headers, b"{}".to_vec()).expect(405);
        }
    }
    clinic.call("POST", &format!("{task}?_method=DELETE"), &[], Vec::new()).expect(405);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    clinic.call("POST", &format!("{task}/_search"), &form, b"_method=GET".to_vec()).expect(405);
    assert_eq!(gateway.count(), before);
    assert_eq!(clinic.get(&task).expect(200).json["meta"]["versionId"], "1");
    // A read is a read, whatever a header calls it; and is recorded as one.
    let headers = [("x-http-method-override", "DELETE")];
    clinic.call("GET", &task, &headers, Vec::new()).expect(200);
    assert_eq!(clinic.get(&task).expect(200).json["status"], "requested");
}

#[test]
fn n68_pages_of_other_origins() {
    let gateway = Gateway::start();
    gateway.party("clinic-b").post("/fhir", &Referral::food().bundle()).expect(200);
    let people: u16 = gateway.people().rsplit(':').next().unwrap().parse().unwrap();
    let root = gateway.root();
    for origin in ["null", "https://evil.example", gateway.base(), "https://localhost.evil.example"]
    {
        for (method, path) in [
            ("GET", "/fhir/Task"),
            ("GET", "/fhir/metadata"),
            ("GET", "/cbo/v1/referrals"),
            ("OPTIONS", "/fhir/Task"),
            ("OPTIONS", "/cbo/v1/referrals"),
            ("OPTIONS", "/oauth/token"),
            ("GET", "/.well-known/jwks.json"),
            ("OPTIONS", "/r/x"),
            ("GET", "/"),
        ] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nhost: localhost\r\norigin: {origin}\r\n\
                 access-control-request-method: POST\r\naccess-control-request-headers: authorization\r\n\
                 cookie: a=b\r\nconnection: close\r\n\r\n"
            );
            for wire in [
                Wire::open(client_config(&root, "clinic-b"), gateway.machines()),
                Wire::open(anonymous_config(&root), gateway.machines()),
                Wire::open(anonymous_config(&root), people),
            ] {
                let answer = wire.http(request.as_bytes());
                assert!(status(&answer).is_some(), "{method} {path}");
                let lower = answer.to_lowercase();
                assert!(!lower.contains("access-control-"), "{method} {path}: {answer}");
                assert!(method != "OPTIONS" || status(&answer) >= Some(400), "{path}: {answer}");
            }
        }
    }
}

/// An auditor asks about one entry, for a case: it enumerates nothing, and exports nothing.
#[test]
fn n69_an_auditor_who_enumerates() {
    let gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let parts = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let text = crate::harness::partner_file("watcher", "auditor", "");
    gateway.add_partner("watcher", &text);
    let watcher = gateway.party("watcher");
    let before = gateway.of_kind("phi.denied").len();
    let mut refused = 0;
    for path in [
        &parts.entry(0),
        &parts.entry(1),
        &parts.entry(3),
        "/fhir/Patient/1",
        "/audit/v1/entries",
        "/audit/v1/entries/0",
        "/audit/v1/export?case=",
        "/ledger/entries/0",
        "/ledger/tile/0/000",
    ] {
        watcher.get(path).expect(404);
        refused += usize::from(path.starts_with("/fhir") || path.starts_with("/audit"));
    }
    for path in ["/fhir/$export", "/fhir/Patient/$export", "/fhir/AuditEvent"] {
        let answer = watcher.get(path);
        assert!(matches!(answer.status, 404 | 405), "{path}: {}", answer.status);
        refused += usize::from(answer.status == 404);
    }
    watcher.get("/cbo/v1/referrals").expect(403);
    watcher.post("/fhir", &Referral::food().bundle()).expect(403);
    for kind in ["Task", "Patient", "Consent"] {
        let page = watcher.get(&format!("/fhir/{kind}")).expect(200).json;
        assert!(page["entry"].is_null(), "{page}");
    }
    let denied = gateway.of_kind("phi.denied").split_off(before);
    assert_eq!(denied.len(), refused + 2);
    assert!(denied.iter().all(|one| one["parties"][0]["id"] == "watcher"));
    let codes: Vec<_> = denied.iter().map(|one| one["basis"]["reason"].clone()).collect();
    assert_eq!(codes[refused..], [json!("A4"), json!("A4")]);
    // Nothing was shown to it.
    let shown = gateway.of_kind("phi.disclosed");
    assert!(shown.iter().all(|one| one["disclosed"]["recipient"] != "watcher"));
}
