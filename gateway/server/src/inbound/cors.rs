//! Which web pages may read `/fhir` from a browser (CORS, Fetch standard §3.3): those of the origins that
//! the operator listed, by their exact names. Without a list nothing of this is said.
//!
//! A listed page may use what the browser has of its user, a client certificate above all: mutual TLS
//! would not be open to it otherwise. So an origin is listed only if it is trusted like the partner.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request};

use crate::config::Fhir;
use crate::reply::Reply;

/// What is done to a resource.
const METHODS: &str = "GET, POST, PUT";
/// What a page may read of an answer, beside what it always may.
const EXPOSED: &str = "etag, location, content-location, last-modified, loopgate-receipt";
/// Seconds for which a browser need not ask again.
const MAX_AGE_S: &str = "600";

/// What is to be said of origins in the answer to one request.
#[derive(Default)]
pub(super) struct Cors {
    /// It depends on who asks.
    varies: bool,
    /// The listed origin that asks.
    origin: Option<HeaderValue>,
    /// It asks beforehand.
    is_preflight: bool,
}

impl Cors {
    pub(super) fn of(config: &Fhir, request: &Request<Body>) -> Cors {
        let path = request.uri().path();
        if config.cors_origins.is_empty() || !(path == "/fhir" || path.starts_with("/fhir/")) {
            return Cors::default();
        }
        let mut origins = request.headers().get_all("origin").iter();
        let listed = |origin: &&HeaderValue| {
            config.cors_origins.iter().any(|one| one.as_bytes() == origin.as_bytes())
        };
        let origin = match (origins.next(), origins.next()) {
            (Some(origin), None) => Some(origin).filter(listed).cloned(),
            _ => None,
        };
        let asks = request.headers().contains_key("access-control-request-method");
        let is_preflight = origin.is_some() && asks && request.method() == Method::OPTIONS;
        Cors { varies: true, origin, is_preflight }
    }

    /// The answer, if that is all that was asked. Who asks beforehand shows no certificate, and is told
    /// nothing that the page of a listed origin does not know.
    pub(super) fn preflight(&self) -> Option<Reply> {
        self.is_preflight.then(|| Reply::empty(204))
    }

    /// Says it; `read` are the header fields that are looked at.
    pub(super) fn put(self, headers: &mut HeaderMap, read: &[&str]) {
        if self.varies {
            headers.insert("vary", HeaderValue::from_static("origin"));
        }
        let Some(origin) = self.origin else { return };
        headers.insert("access-control-allow-origin", origin);
        headers.insert("access-control-allow-credentials", HeaderValue::from_static("true"));
        if !self.is_preflight {
            headers.insert("access-control-expose-headers", HeaderValue::from_static(EXPOSED));
            return;
        }
        headers.insert("access-control-allow-methods", HeaderValue::from_static(METHODS));
        headers.insert("access-control-max-age", HeaderValue::from_static(MAX_AGE_S));
        if let Ok(read) = HeaderValue::from_str(&read.join(", ")) {
            headers.insert("access-control-allow-headers", read);
        }
    }
}
