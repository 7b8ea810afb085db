//! `POST /add-checkpoint` over HTTP/1.1, under TLS or on this machine alone. Everything is limited: what
//! is read, for how long, and by how many at once.

use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use axum::http::{Response, StatusCode};
use axum::middleware::AddExtension;
use axum::routing::post;
use axum_server::accept::{Accept, DefaultAcceptor};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use http_body_util::{BodyExt, Limited};
use hyper_util::rt::TokioTimer;
use loopgate_ledger::{Answer, REQUEST_BYTES_MAX, add_checkpoint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Layer;

use super::{Opened, WitnessError, open};
use crate::clock::Clock;
use crate::inbound::tls;

const HEAD_READ: Duration = Duration::from_secs(10);
const HANDSHAKE: Duration = Duration::from_secs(5);
const BODY_READ: Duration = Duration::from_secs(10);
const DRAIN: Duration = Duration::from_secs(10);
const CONNECTIONS_MAX: usize = 256;

/// Where a witness listens.
pub struct Listening {
    /// The open socket.
    pub socket: TcpListener,
    /// Certificate chain and key, PEM; without them only this machine is listened to.
    pub tls: Option<(PathBuf, PathBuf)>,
}

/// Serves the witness in `dir` until `stop` is over.
pub async fn serve(
    dir: &Path,
    listening: Listening,
    clock: Arc<dyn Clock>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), WitnessError> {
    // One crypto provider; a second call finds the same one installed.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let Listening { socket, tls } = listening;
    let local = socket.local_addr().map_err(WitnessError::Socket)?;
    if tls.is_none() && !local.ip().is_loopback() {
        return Err(WitnessError::Plain);
    }
    let opened = Arc::new(open(dir)?);
    socket.set_nonblocking(true).map_err(WitnessError::Socket)?;
    let app = Router::new().route(
        "/add-checkpoint",
        post(move |body: Body| answer(opened.clone(), clock.clone(), body)),
    );
    let handle = axum_server::Handle::new();
    let stopping = handle.clone();
    tokio::spawn(async move {
        stop.await;
        stopping.graceful_shutdown(Some(DRAIN));
    });
    let server = axum_server::from_tcp(socket).map_err(WitnessError::Socket)?.handle(handle);
    let mut server = server.http1_only();
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD_READ);
    let app = app.into_make_service();
    let served = match tls {
        None => server.acceptor(Places::new(DefaultAcceptor::new())).serve(app).await,
        Some((certificate, key)) => {
            let config = tls::anyones(&certificate, &key)
                .map_err(|error| WitnessError::Tls(error.to_string()))?;
            let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(Arc::new(config)));
            let acceptor = acceptor.handshake_timeout(HANDSHAKE);
            server.acceptor(Places::new(acceptor)).serve(app).await
        }
    };
    served.map_err(WitnessError::Socket)
}

async fn answer(opened: Arc<Opened>, clock: Arc<dyn Clock>, body: Body) -> Response<Body> {
    let read = Limited::new(body, REQUEST_BYTES_MAX).collect();
    let bytes = match tokio::time::timeout(BODY_READ, read).await {
        Err(_) => return bare(StatusCode::REQUEST_TIMEOUT),
        Ok(Err(_)) => return said(&Answer::Malformed),
        Ok(Ok(body)) => body.to_bytes(),
    };
    let decided = tokio::task::spawn_blocking(move || {
        let time_s = u64::try_from(clock.now().0 / 1000).unwrap_or_default();
        add_checkpoint(&opened.witness, &bytes, &mut &opened.shelves, time_s)
    });
    match decided.await {
        Ok(Ok(answer)) => said(&answer),
        Ok(Err(error)) => {
            tracing::error!(%error, "the state cannot be read or kept: nothing is cosigned");
            bare(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Err(_) => bare(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn said(answer: &Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body()));
    *response.status_mut() =
        StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = axum::http::HeaderValue::from_static(answer.content_type());
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, kind);
    response
}

fn bare(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Accepts while there is a place; a connection gives its own back when it ends.
#[derive(Clone)]
struct Places<A> {
    within: A,
    places: Arc<Semaphore>,
}

impl<A> Places<A> {
    fn new(within: A) -> Places<A> {
        Places { within, places: Arc::new(Semaphore::new(CONNECTIONS_MAX)) }
    }
}

type Accepted<S, I> = std::pin::Pin<
    Box<dyn Future<Output = io::Result<(S, AddExtension<I, Arc<OwnedSemaphorePermit>>)>> + Send>,
>;

impl<A, I, S> Accept<I, S> for Places<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
    A::Stream: Send + 'static,
    A::Service: Send + 'static,
{
    type Stream = A::Stream;
    type Service = AddExtension<A::Service, Arc<OwnedSemaphorePermit>>;
    type Future = Accepted<Self::Stream, A::Service>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let place = self.places.clone().try_acquire_owned();
        let accepted = self.within.accept(stream, service);
        Box::pin(async move {
            let place = place.map_err(|_| io::Error::other("too many connections"))?;
            let (stream, service) = accepted.await?;
            Ok((stream, Extension(Arc::new(place)).layer(service)))
        })
    }
}
