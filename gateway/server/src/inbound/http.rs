//! HTTPS for machines: one request is read whole under its limits, answered on a thread that may
//! block, and written.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Extension;
use axum::http::request::Parts;
use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Request as HttpRequest, Response, StatusCode, Version,
};
use axum::middleware::AddExtension;
use axum::routing::Router;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use http_body::Frame;
use http_body_util::{BodyExt, Limited};
use hyper_util::rt::TokioTimer;
use loopgate_consent::Sending;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Layer;

use crate::consent_token;
use crate::gate::{Certificate, Gate, Request};
use crate::inbound::cors::Cors;
use crate::inbound::tls::Settings;
use crate::inbound::wire::{Held, Wire};
use crate::inbound::{audit, cbo, fhir, ledger, oauth};
use crate::openapi;
use crate::refusal::{Kind, Trouble};
use crate::reply::{self, Reply};

/// How long the head of a request may take.
const HEAD_READ: Duration = Duration::from_secs(10);

/// What a request is told of its connection.
#[derive(Clone)]
pub(super) struct Peer {
    /// The client certificate.
    certificate: Option<Certificate>,
    /// What it has yet to write.
    held: Held,
    /// The connection's place among those that may be open; given back when it ends.
    _place: Arc<OwnedSemaphorePermit>,
}

/// Accepts TLS while there is a place, and tells each request whose certificate the connection has.
#[derive(Clone)]
pub(super) struct PeerAcceptor {
    tls: Arc<Settings>,
    handshake: Duration,
    places: Arc<Semaphore>,
}

impl PeerAcceptor {
    /// An acceptor with the configured limits.
    pub(super) fn new(gate: &Gate, tls: Arc<Settings>) -> PeerAcceptor {
        PeerAcceptor {
            tls,
            handshake: Duration::from_secs(gate.config.tls.handshake_timeout_s),
            places: Arc::new(Semaphore::new(gate.config.limits.connections_max)),
        }
    }
}

type Accepted<S, I> =
    std::pin::Pin<Box<dyn Future<Output = io::Result<(S, AddExtension<I, Peer>)>> + Send>>;

impl<I, S> Accept<I, S> for PeerAcceptor
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Send + 'static,
{
    type Stream = Wire<tokio_rustls::server::TlsStream<I>>;
    type Service = AddExtension<S, Peer>;
    type Future = Accepted<Self::Stream, S>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(self.tls.now()));
        let acceptor = acceptor.handshake_timeout(self.handshake);
        let place = self.places.clone().try_acquire_owned();
        Box::pin(async move {
            let place = place.map_err(|_| io::Error::other("too many connections"))?;
            let (stream, service) = acceptor.accept(stream, service).await?;
            let chain = stream.get_ref().1.peer_certificates();
            let certificate = chain.and_then(Certificate::of);
            let held = Held::default();
            let stream = Wire::new(stream, held.clone());
            let peer = Peer { certificate, held, _place: Arc::new(place) };
            Ok((stream, Extension(peer).layer(service)))
        })
    }
}

/// Serves machines until the handle says stop.
pub async fn serve(
    gate: Arc<Gate>,
    listener: std::net::TcpListener,
    tls: Arc<Settings>,
    handle: axum_server::Handle<SocketAddr>,
) -> io::Result<()> {
    let acceptor = PeerAcceptor::new(&gate, tls);
    let app = Router::new().fallback(move |request: HttpRequest<Body>| {
        let (gate, held) = (gate.clone(), held(&request));
        let cors = Cors::of(&gate.config.fhir, &request);
        async move {
            let reply = match cors.preflight() {
                Some(reply) => reply,
                None => answer(gate, request).await,
            };
            let mut response = respond(reply, &held);
            cors.put(response.headers_mut(), &[&NAMED[..], &["prefer"]].concat());
            response
        }
    });
    serve_app(listener, acceptor, handle, app).await
}

/// Serves over HTTP/1.1 alone: of HTTP/2 nobody can say whose bytes it still holds (ADR 0017).
pub(super) async fn serve_app(
    listener: std::net::TcpListener,
    acceptor: PeerAcceptor,
    handle: axum_server::Handle<SocketAddr>,
    app: Router,
) -> io::Result<()> {
    let server = axum_server::from_tcp(listener)?.acceptor(acceptor).handle(handle);
    let mut server = server.http1_only();
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD_READ);
    server.serve(app.into_make_service()).await
}

/// What the connection of a request has yet to write.
pub(super) fn held(request: &HttpRequest<Body>) -> Held {
    request.extensions().get::<Peer>().map(|peer| peer.held.clone()).unwrap_or_default()
}

/// The header fields that are read.
const NAMED: [&str; 10] = [
    "accept",
    "content-type",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-none-exist",
    "idempotency-key",
    "authorization",
    "loopgate-consent",
    "loopgate-case",
];

async fn answer(gate: Arc<Gate>, request: HttpRequest<Body>) -> Reply {
    let (parts, body) = request.into_parts();
    let dialect = Dialect::of(parts.uri.path());
    if !one_host(&parts) {
        return dialect.sound(Kind::Malformed.into());
    }
    let certificate = parts.extensions.get::<Peer>().and_then(|peer| peer.certificate.clone());
    let named = NAMED.map(|name| text(&parts.headers, name));
    // A condition that cannot be read is not the same as none.
    let [
        Ok(accept),
        Ok(content_type),
        Ok(if_match),
        Ok(if_none_match),
        Ok(if_modified_since),
        Ok(if_none_exist),
        Ok(idempotency_key),
        Ok(authorization),
        Ok(consent),
        Ok(case),
    ] = named
    else {
        return dialect.sound(Kind::Malformed.into());
    };
    let query = parts.uri.query().unwrap_or_default();
    let mut request = Request {
        certificate: certificate.as_ref().map(|one| one.sha256),
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        accept,
        content_type,
        if_match,
        if_none_match,
        if_modified_since,
        if_none_exist,
        prefer: lines(&parts.headers, "prefer"),
        idempotency_key,
        authorization,
        consent,
        case,
        chain: certificate.map(|one| one.chain).unwrap_or_default(),
        body: Vec::new(),
    };
    // A condition that is not offered does not hold: to pass it over would do what was not asked.
    let offered = matches!(dialect, Dialect::Fhir);
    if request.if_none_exist.is_some() && !offered && gate.knows(&request) {
        return dialect.sound(Kind::VersionConflict.into());
    }
    let limits = &gate.config.limits;
    let timeout = Duration::from_secs(limits.request_timeout_s);
    // A stranger's body is not worth a byte of memory: it is refused unread.
    let bytes_max = match dialect {
        Dialect::OAuth => oauth::BODY_BYTES_MAX,
        _ if gate.knows(&request) => limits.http_body_bytes_max,
        _ => 0,
    };
    let read = tokio::time::timeout(timeout, read(body, bytes_max));
    request.body = match read.await {
        Ok(Err(_)) if bytes_max == 0 => Vec::new(),
        Ok(Ok(body)) => body.to_vec(),
        Ok(Err(trouble)) => return dialect.sound(trouble),
        Err(_) => return Reply::empty(408),
    };
    if let Dialect::Cbo = dialect {
        return cbo::wait::answer(gate, request).await;
    }
    let handled = tokio::task::spawn_blocking(move || dialect.handle(&gate, &request));
    match handled.await {
        Ok(reply) => reply,
        Err(_) => {
            tracing::error!("a request handler panicked");
            dialect.sound(Trouble::Outage)
        }
    }
}

/// RFC 9112 §3.2: one Host, no more and no less; HTTP/1.0 may have none.
pub(super) fn one_host(parts: &Parts) -> bool {
    match parts.headers.get_all("host").iter().count() {
        0 => parts.version != Version::HTTP_11,
        hosts => hosts == 1,
    }
}

pub(super) async fn read(body: Body, bytes_max: usize) -> Result<Bytes, Trouble> {
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Kind::TooLarge.into()),
        Err(_) => Err(Kind::Malformed.into()),
    }
}

/// A header's text; an error if it is there twice, or is no text.
fn text(headers: &HeaderMap, name: &str) -> Result<Option<String>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(|text| Some(text.to_owned())).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}

/// The lines of a header that may have several (RFC 9110 §5.3); what is no text is as if not said.
fn lines(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let lines: Vec<&str> = lines.collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

/// How much of an answer is handed to the transport at once.
const STEP_BYTES: usize = 16 * 1024;

/// An answer about somebody: handed over in steps, none of which begins once one of its sends was cut.
struct InSteps {
    bytes: Bytes,
    sends: Vec<Arc<Sending>>,
}

impl http_body::Body for InSteps {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        if this.bytes.is_empty() {
            return Poll::Ready(None);
        }
        let len = this.bytes.len().min(STEP_BYTES);
        let bytes = &mut this.bytes;
        let sends = this.sends.iter().map(Arc::as_ref);
        Poll::Ready(Some(match Sending::write_all(sends, || bytes.split_to(len)) {
            Some(step) => Ok(Frame::data(step)),
            None => Err(io::Error::other("the person said no")),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.bytes.len() as u64)
    }
}

pub(super) fn respond(reply: Reply, held: &Held) -> Response<Body> {
    let sends = reply.sending.0;
    let body = if sends.is_empty() {
        Body::from(reply.body)
    } else {
        sends.iter().for_each(|sending| held.hold(sending.clone()));
        Body::new(InSteps { bytes: Bytes::from(reply.body), sends })
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    // What is answered here is about a person, or may be: nobody in between keeps it.
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    if !reply.media.is_empty() {
        headers.insert("content-type", HeaderValue::from_static(reply.media));
    }
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

#[derive(Clone, Copy)]
enum Dialect {
    Fhir,
    Cbo,
    OpenApi,
    Audit,
    Ledger,
    OAuth,
}

impl Dialect {
    fn of(path: &str) -> Dialect {
        match path.split('/').nth(1) {
            Some("cbo" | "v1") => Dialect::Cbo,
            Some("openapi.json") if path == "/openapi.json" => Dialect::OpenApi,
            Some("audit") => Dialect::Audit,
            Some("ledger" | "status") => Dialect::Ledger,
            Some("oauth" | ".well-known") => Dialect::OAuth,
            Some("fhir") if path == "/fhir/.well-known/smart-configuration" => Dialect::OAuth,
            _ => Dialect::Fhir,
        }
    }

    fn sound(self, trouble: Trouble) -> Reply {
        match self {
            Dialect::Fhir => reply::fhir(trouble),
            _ => reply::problem(trouble),
        }
    }

    fn handle(self, gate: &Gate, request: &Request) -> Reply {
        let outcome = match self {
            Dialect::Fhir => fhir::handle(gate, request),
            Dialect::Cbo => unreachable!("it waits, and is answered by itself"),
            Dialect::OpenApi if request.method == "GET" => Ok(openapi::answer(gate)),
            Dialect::OpenApi => Err(Kind::Method.into()),
            Dialect::Audit => audit::handle(gate, request),
            Dialect::Ledger if request.path == "/status/1" && request.method == "GET" => {
                consent_token::status(gate)
            }
            Dialect::Ledger => ledger::handle(gate, request),
            Dialect::OAuth => {
                oauth::handle(gate, request).ok_or_else(|| Trouble::from(Kind::NotFound))
            }
        };
        outcome.unwrap_or_else(|trouble| self.sound(trouble))
    }
}
