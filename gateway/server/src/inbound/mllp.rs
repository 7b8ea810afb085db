//! HL7 v2 over MLLP and mutual TLS. One message at a time on each connection, in order: the next is
//! read once the one before is answered, which is all the back-pressure there is.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use loopgate_hl7v2::{Decoder, frame};
use loopgate_referral::OrgId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::gate::{Certificate, Gate};
use crate::inbound::tls::Settings;
use crate::inbound::v2::{self, Answer};

/// How long a connection may say nothing between two messages.
const IDLE: Duration = Duration::from_secs(3600);
const READ_BYTES: usize = 16 * 1024;
/// How long a connection whose stream broke off is kept for its last answer.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Connections of each partner.
type Open = Arc<Mutex<HashMap<OrgId, usize>>>;

/// Serves until the process ends.
pub async fn serve(gate: Arc<Gate>, listener: TcpListener, tls: Arc<Settings>) {
    let places = Arc::new(Semaphore::new(gate.config.limits.connections_max));
    let open = Open::default();
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many open files, say: it passes, and must not spin until then.
                tracing::warn!(%error, "an MLLP connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let acceptor = TlsAcceptor::from(tls.now());
        let (gate, open) = (gate.clone(), open.clone());
        tokio::spawn(async move {
            let _place = place;
            connection(gate, acceptor, open, stream).await;
        });
    }
}

async fn connection(gate: Arc<Gate>, acceptor: TlsAcceptor, open: Open, stream: TcpStream) {
    let handshake = Duration::from_secs(gate.config.tls.handshake_timeout_s);
    let Ok(Ok(stream)) = timeout(handshake, acceptor.accept(stream)).await else { return };
    let chain = stream.get_ref().1.peer_certificates();
    let Some(certificate) = chain.and_then(Certificate::of) else { return };
    let known = {
        let (gate, one) = (gate.clone(), certificate.clone());
        let partner = move || gate.certificates_partner(Some(&one.sha256), &one.chain);
        tokio::task::spawn_blocking(partner).await
    };
    // A stranger is counted and learns nothing.
    let Ok(Ok(partner)) = known else { return };
    let Some(_counted) = Counted::new(&open, &partner.org, gate.config.limits.mllp_connections_max)
    else {
        tracing::warn!(partner = %partner.org, "has too many MLLP connections");
        return;
    };
    let own = partner.hl7v2.as_ref().and_then(|link| link.frame_bytes_max);
    let frame_bytes_max = own.unwrap_or(gate.config.limits.mllp_frame_bytes_max);
    if let Err(error) = messages(&gate, certificate, stream, frame_bytes_max).await {
        gate.broken_streams.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(partner = %partner.org, %error, "an MLLP connection broke off");
    }
}

/// One of a partner's connections, until it is dropped.
struct Counted {
    open: Open,
    org: OrgId,
}

impl Counted {
    fn new(open: &Open, org: &OrgId, max: usize) -> Option<Counted> {
        let mut counts = open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(org.clone()).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(Counted { open: open.clone(), org: org.clone() })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.org) {
            *count -= 1;
        }
    }
}

async fn messages(
    gate: &Arc<Gate>,
    certificate: Certificate,
    mut stream: TlsStream<TcpStream>,
    frame_bytes_max: usize,
) -> io::Result<()> {
    let whole = Duration::from_secs(gate.config.limits.mllp_frame_timeout_s);
    let mut decoder = Decoder::new(frame_bytes_max);
    let mut buffer = vec![0; READ_BYTES];
    let mut until = Instant::now() + IDLE;
    loop {
        let read = match timeout_at(until, stream.read(&mut buffer)).await {
            Ok(read) => read?,
            Err(_) if decoder.is_in_frame() => {
                return Err(io::Error::other("a message took too long"));
            }
            // Nothing was said for long: who has something to say connects again.
            Err(_) => return Ok(()),
        };
        if read == 0 {
            let last = decoder.finish().map_err(io::Error::other)?;
            if let Some(message) = last {
                let certificate = certificate.clone();
                let make = move |gate: &Gate| v2::answer(gate, &certificate, &message);
                respond(gate, &mut stream, make, whole).await?;
            }
            return Ok(());
        }
        let began = decoder.is_in_frame();
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            let (taken, found) = match decoder.push(rest) {
                Ok(found) => found,
                Err(why) => {
                    let begun = decoder.begun().to_vec();
                    let make = move |gate: &Gate| v2::answer_broken(gate, &begun, why);
                    respond(gate, &mut stream, make, whole).await?;
                    let _ = timeout(LAST_WORDS, drain(&mut stream)).await;
                    return Err(io::Error::other(why));
                }
            };
            rest = &rest[taken..];
            if let Some(message) = found {
                let certificate = certificate.clone();
                let make = move |gate: &Gate| v2::answer(gate, &certificate, &message);
                respond(gate, &mut stream, make, whole).await?;
                until = Instant::now() + IDLE;
            }
        }
        // The time for a whole message runs from its first byte.
        if decoder.is_in_frame() && (!began || until > Instant::now() + whole) {
            until = Instant::now() + whole;
        }
    }
}

/// Reads what the other side is still sending, so that it can read why nobody listens.
async fn drain(stream: &mut TlsStream<TcpStream>) -> io::Result<()> {
    stream.get_mut().1.send_close_notify();
    stream.flush().await?;
    let mut buffer = vec![0; READ_BYTES];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

async fn respond(
    gate: &Arc<Gate>,
    stream: &mut TlsStream<TcpStream>,
    make: impl FnOnce(&Gate) -> Answer + Send + 'static,
    patience: Duration,
) -> io::Result<()> {
    let gate = gate.clone();
    let answered = tokio::task::spawn_blocking(move || make(&gate)).await;
    let answer = match answered {
        Ok(Answer::Say(answer)) => answer,
        Ok(Answer::Nothing) => return Ok(()),
        Ok(Answer::HangUp) => return Err(io::Error::other("no promise can be kept now")),
        Err(_) => {
            tracing::error!("a message handler panicked");
            return Err(io::Error::other("a message handler panicked"));
        }
    };
    let framed = frame(&answer).map_err(io::Error::other)?;
    let write = async {
        stream.write_all(&framed).await?;
        stream.flush().await
    };
    timeout(patience, write).await.map_err(|_| io::Error::other("an answer was not taken"))?
}
