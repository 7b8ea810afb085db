//! The last look before the transport: what HTTP has taken but not yet written does not leave once its
//! send was cut.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use loopgate_consent::Sending;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The sends whose bytes a connection still holds.
#[derive(Clone, Default)]
pub(super) struct Held(Arc<Mutex<Vec<Arc<Sending>>>>);

impl Held {
    /// Holds a send until its answer was given up or is written.
    pub(super) fn hold(&self, sending: Arc<Sending>) {
        self.list().push(sending);
    }

    fn list(&self) -> MutexGuard<'_, Vec<Arc<Sending>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes, unless one of them was cut: nothing tells whose bytes come next.
    fn write<T>(&self, write: impl FnOnce() -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        Sending::write_all(self.list().iter().map(Arc::as_ref), write)
            .unwrap_or_else(|| Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())))
    }

    /// All is written: a send whose answer nobody holds any more is over.
    fn written(&self) {
        self.list().retain(|sending| Arc::strong_count(sending) > 1);
    }
}

/// A connection of HTTP/1.1, which hands over its answers one after the other.
pub struct Wire<S> {
    stream: S,
    held: Held,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S, held: Held) -> Wire<S> {
        Wire { stream, held }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.held.write(|| Pin::new(&mut this.stream).poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.held.write(|| Pin::new(&mut this.stream).poll_write_vectored(context, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = this.held.write(|| Pin::new(&mut this.stream).poll_flush(context));
        ready!(flushed)?;
        this.held.written();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.held.write(|| Pin::new(&mut this.stream).poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper_util::rt::TokioIo;
    use loopgate_consent::Sends;
    use loopgate_referral::PersonId;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::inbound::http::respond;
    use crate::reply::{Hold, Reply};

    const BODY_BYTES: usize = 200_000;

    fn person() -> PersonId {
        PersonId::from_random([1; 16])
    }

    /// A reader who asked for a large answer about somebody, and what is on its way.
    async fn asked(transport_bytes: usize) -> (tokio::io::DuplexStream, Sends) {
        let sends = Sends::default();
        let (ours, mut theirs) = tokio::io::duplex(transport_bytes);
        let (held, about) = (Held::default(), sends.clone());
        let wire = Wire::new(ours, held.clone());
        let service = hyper::service::service_fn(move |_| {
            let mut reply = Reply::with(200, "text/plain", vec![b'x'; BODY_BYTES]);
            reply.sending = Hold(vec![Arc::new(about.begin(vec![person()]))]);
            let response = respond(reply, &held);
            async move { Ok::<_, std::convert::Infallible>(response) }
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(wire), service),
        );
        theirs.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut first = [0; 64];
        theirs.read_exact(&mut first).await.unwrap();
        (theirs, sends)
    }

    #[tokio::test]
    async fn what_http_holds_back_does_not_leave_once_cut() {
        let (reader, sends) = asked(1_024).await;
        assert_eq!((sends.count(), sends.settle(person(), Duration::ZERO, &|| 0)), (1, 1));
        let mut rest = Vec::new();
        let _ = reader.take(2 * 1_024).read_to_end(&mut rest).await;
        // No more than the transport had taken.
        assert!(rest.len() <= 1_024, "{} bytes came after the cut", rest.len());
        assert_eq!(sends.count(), 0);
    }

    #[tokio::test]
    async fn a_send_ends_when_all_of_it_is_written_and_the_connection_stays() {
        let (mut reader, sends) = asked(2 * BODY_BYTES).await;
        let mut rest = vec![0; BODY_BYTES];
        reader.read_exact(&mut rest).await.unwrap();
        while sends.count() > 0 {
            tokio::task::yield_now().await;
        }
        reader.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut next = Vec::new();
        while !next.ends_with(b"HTTP/1.1 200 OK\r\n") {
            next.push(reader.read_u8().await.unwrap());
        }
    }
}
