//! HL7 v2 over MLLP and mutual TLS. One message at a time on each connection, in order: the next is
//! read once the one before is answered, and what all connections have read and not answered is bounded
//! together. Nothing waits in a queue here.
//!
//! At a stop nobody is let in any more, what came whole is answered, and what did not is left to its
//! sender, who sends it again.

mod budget;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use loopgate_referral::OrgId;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::gate::{Certificate, Gate};
use crate::inbound::tls::Settings;
use crate::partner::{Lenient, Partner};
use budget::Budget;
use stream::Stream;

/// Serves until `stop` says true and what came whole is answered.
pub async fn serve(
    gate: Arc<Gate>,
    listener: TcpListener,
    tls: Arc<Settings>,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(gate.config.limits.connections_max));
    let budget = Arc::new(Budget::new(gate.config.limits.mllp_in_flight_bytes_max));
    let mut connections = JoinSet::new();
    loop {
        let (place, stream) = tokio::select! {
            biased;
            () = told(&mut stop) => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&places, &listener) => match accepted {
                Some(accepted) => accepted,
                None => break,
            },
        };
        let acceptor = TlsAcceptor::from(tls.now());
        let door = Door { gate: gate.clone(), budget: budget.clone(), stop: stop.clone() };
        connections.spawn(async move {
            let _place = place;
            door.connection(acceptor, stream).await;
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Over once we are to stop; if whoever says so is gone, that is a stop too.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn accept(
    places: &Arc<Semaphore>,
    listener: &TcpListener,
) -> Option<(OwnedSemaphorePermit, TcpStream)> {
    let place = places.clone().acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return Some((place, stream)),
            Err(error) => {
                // Too many open files, say: it passes, and must not spin until then.
                tracing::warn!(%error, "an MLLP connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// What every connection shares.
struct Door {
    gate: Arc<Gate>,
    budget: Arc<Budget>,
    stop: watch::Receiver<bool>,
}

impl Door {
    async fn connection(mut self, acceptor: TlsAcceptor, stream: TcpStream) {
        let handshake = Duration::from_secs(self.gate.config.tls.handshake_timeout_s);
        let shaken = tokio::select! {
            biased;
            () = told(&mut self.stop) => return,
            shaken = timeout(handshake, acceptor.accept(stream)) => shaken,
        };
        let Ok(Ok(stream)) = shaken else { return };
        let chain = stream.get_ref().1.peer_certificates();
        let Some(certificate) = chain.and_then(Certificate::of) else { return };
        let known = {
            let (gate, one) = (self.gate.clone(), certificate.clone());
            let partner = move || gate.certificates_partner(Some(&one.sha256), &one.chain);
            tokio::task::spawn_blocking(partner).await
        };
        // A stranger is counted and learns nothing.
        let Ok(Ok(partner)) = known else { return };
        let connections_max = self.gate.config.limits.mllp_connections_max;
        let Some(_counted) = Counted::new(&self.gate, &partner.org, connections_max) else {
            tracing::warn!(partner = %partner.org, "has too many MLLP connections");
            return;
        };
        let stream = Stream::new(stream, certificate, &self.gate, &partner);
        self.talk(&partner, stream).await;
    }

    async fn talk(self, partner: &Partner, mut stream: Stream) {
        let ended = stream.run(self.budget.held(), self.stop).await;
        let links = &self.gate.links;
        if let Some(bytes) = stream.half_frame() {
            links.half_frame(&partner.org);
            tracing::warn!(partner = %partner.org, bytes, "an MLLP frame began and did not end");
        }
        if let Err(error) = ended {
            links.broke_off(&partner.org);
            tracing::warn!(partner = %partner.org, %error, "an MLLP connection broke off");
        }
    }
}

/// One of a partner's connections, until it is dropped.
struct Counted {
    gate: Arc<Gate>,
    org: OrgId,
}

impl Counted {
    fn new(gate: &Arc<Gate>, org: &OrgId, connections_max: usize) -> Option<Counted> {
        let fits = gate.links.connect(org, connections_max);
        fits.then(|| Counted { gate: gate.clone(), org: org.clone() })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.gate.links.disconnect(&self.org);
    }
}

/// Bytes of a frame of this partner, and whether it may end frames otherwise than the standard says.
fn framing(gate: &Gate, partner: &Partner) -> (usize, bool) {
    let link = partner.hl7v2.as_ref();
    let own = link.and_then(|link| link.frame_bytes_max);
    let frame_bytes_max = own.unwrap_or(gate.config.limits.mllp_frame_bytes_max);
    (frame_bytes_max, link.is_some_and(|link| link.passes(Lenient::FrameEnd)))
}
