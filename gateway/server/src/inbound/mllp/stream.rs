//! One connection: frames in, answers out, in order. The time for a frame runs from its first byte to
//! its last, whatever comes in between.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use loopgate_hl7v2::{Decoder, frame};
use loopgate_referral::OrgId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::server::TlsStream;

use super::budget::Held;
use super::{framing, told};
use crate::gate::{Certificate, Gate};
use crate::inbound::v2::{self, Answer};
use crate::links::{code_of, kind_of};
use crate::partner::Partner;

/// How long a connection may say nothing between two messages.
const IDLE: Duration = Duration::from_secs(3600);
const READ_BYTES: usize = 16 * 1024;
/// How long a connection whose stream broke off is kept for its last answer.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// One connection.
pub struct Stream {
    gate: Arc<Gate>,
    link: OrgId,
    certificate: Certificate,
    stream: TlsStream<TcpStream>,
    decoder: Decoder,
    /// For a whole frame, or for an answer to be taken.
    patience: Duration,
    /// When it is given up.
    until: Instant,
    /// It ends because we do.
    stopped: bool,
}

/// What a read came to.
enum Read {
    Bytes(usize),
    /// The other side says no more.
    End,
    /// Nothing is read any more, and nothing is owed.
    Over,
}

impl Stream {
    /// A connection of this partner.
    pub fn new(
        stream: TlsStream<TcpStream>,
        certificate: Certificate,
        gate: &Arc<Gate>,
        partner: &Partner,
    ) -> Stream {
        let (frame_bytes_max, lenient) = framing(gate, partner);
        Stream {
            gate: gate.clone(),
            link: partner.org.clone(),
            certificate,
            stream,
            decoder: Decoder::new(frame_bytes_max).lenient(lenient),
            patience: Duration::from_secs(gate.config.limits.mllp_frame_timeout_s),
            until: Instant::now() + IDLE,
            stopped: false,
        }
    }

    /// Answers what comes, until the other side ends it or `stop` says true.
    pub async fn run(&mut self, mut held: Held, mut stop: watch::Receiver<bool>) -> io::Result<()> {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let read = tokio::select! {
                biased;
                () = told(&mut stop) => {
                    self.stopped = true;
                    return self.close().await;
                }
                read = self.read(&mut buffer, &mut held) => read?,
            };
            match read {
                Read::Over => return Ok(()),
                Read::End => return self.last().await,
                Read::Bytes(count) => self.take(&buffer[..count]).await?,
            }
            if !self.decoder.is_in_frame() {
                held.give_back();
            }
        }
    }

    /// Bytes of a frame that began and did not end, if one did and it is not we who ended it.
    pub fn half_frame(&self) -> Option<u64> {
        let counts = self.decoder.counts();
        let bytes = if self.decoder.is_in_frame() {
            Some(self.decoder.begun().len() as u64)
        } else {
            (counts.half_frames > 0).then_some(counts.half_frame_bytes)
        };
        bytes.filter(|_| !self.stopped)
    }

    async fn read(&mut self, buffer: &mut [u8], held: &mut Held) -> io::Result<Read> {
        let read = async {
            let count = self.stream.read(buffer).await?;
            // What is read is not looked at before there is room for it.
            held.take(count).await;
            io::Result::Ok(count)
        };
        match timeout_at(self.until, read).await {
            Ok(Ok(0)) => Ok(Read::End),
            Ok(Ok(count)) => Ok(Read::Bytes(count)),
            // Many just hang up. A frame says itself where it ends, so nothing was cut off unseen.
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Read::End),
            Ok(Err(error))
                if error.kind() == io::ErrorKind::ConnectionReset
                    && !self.decoder.is_in_frame() =>
            {
                Ok(Read::Over)
            }
            Ok(Err(error)) => Err(error),
            Err(_) if self.decoder.is_in_frame() => {
                Err(io::Error::other("a message took too long"))
            }
            // Nothing was said for long: who has something to say connects again.
            Err(_) => Ok(Read::Over),
        }
    }

    /// Answers every frame that these bytes make whole, one after the other.
    async fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let began = self.decoder.is_in_frame();
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.decoder.push(rest) {
                Ok((taken, found)) => {
                    rest = &rest[taken..];
                    if let Some(message) = found {
                        self.answer(message).await?;
                        self.until = Instant::now() + IDLE;
                    }
                }
                Err(why) => {
                    let begun = self.decoder.begun().to_vec();
                    let make = move |gate: &Gate| v2::answer_broken(gate, &begun, why);
                    self.respond(make).await?;
                    let _ = timeout(LAST_WORDS, self.drain()).await;
                    return Err(io::Error::other(why));
                }
            }
        }
        let whole = Instant::now() + self.patience;
        if self.decoder.is_in_frame() && (!began || self.until > whole) {
            self.until = whole;
        }
        Ok(())
    }

    /// The other side says no more: its last frame may lack its last byte.
    async fn last(&mut self) -> io::Result<()> {
        match self.decoder.finish().map_err(io::Error::other)? {
            Some(message) => self.answer(message).await,
            None => Ok(()),
        }
    }

    async fn answer(&mut self, message: Vec<u8>) -> io::Result<()> {
        let (kind, at) = (kind_of(&message), self.gate.now());
        let certificate = self.certificate.clone();
        let said =
            self.respond(move |gate: &Gate| v2::answer(gate, &certificate, &message)).await?;
        self.gate.links.heard(&self.link, at, kind, said.as_deref().and_then(code_of));
        Ok(())
    }

    /// Says what `make` makes; nothing if nobody waits for it.
    async fn respond(
        &mut self,
        make: impl FnOnce(&Gate) -> Answer + Send + 'static,
    ) -> io::Result<Option<Vec<u8>>> {
        let gate = self.gate.clone();
        let answered = tokio::task::spawn_blocking(move || make(&gate)).await;
        let answer = match answered {
            Ok(Answer::Say(answer)) => answer,
            Ok(Answer::Nothing) => return Ok(None),
            Ok(Answer::HangUp) => return Err(io::Error::other("no promise can be kept now")),
            Err(_) => {
                tracing::error!("a message handler panicked");
                return Err(io::Error::other("a message handler panicked"));
            }
        };
        let framed = frame(&answer).map_err(io::Error::other)?;
        let write = async {
            self.stream.write_all(&framed).await?;
            self.stream.flush().await
        };
        let written = timeout(self.patience, write).await;
        written.map_err(|_| io::Error::other("an answer was not taken"))??;
        Ok(Some(answer))
    }

    /// Says that nothing more is said.
    async fn close(&mut self) -> io::Result<()> {
        let _ = timeout(LAST_WORDS, self.stream.shutdown()).await;
        Ok(())
    }

    /// Reads what the other side is still sending, so that it can read why nobody listens.
    async fn drain(&mut self) -> io::Result<()> {
        self.stream.get_mut().1.send_close_notify();
        self.stream.flush().await?;
        let mut buffer = vec![0; READ_BYTES];
        while self.stream.read(&mut buffer).await? > 0 {}
        Ok(())
    }
}
