//! An open connection to the other side of a link: one message out, one acknowledgement in.

use loopgate_hl7v2::{AckCode, Charset, Decoder, Framing, Limits, frame, read};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::nack::nack;
use crate::journal::Nack;
use crate::outbound::targets::Targets;
use crate::partner::Endpoint;

/// An acknowledgement is short.
const ACK_BYTES_MAX: usize = 64 * 1024;

/// What the other side said to one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It took it.
    Taken(AckCode),
    /// It did not.
    Refused(AckCode, Nack),
    /// It hung up before it said anything.
    Gone,
    /// Nothing that is an acknowledgement of it.
    Nothing,
}

/// An open connection.
pub struct Wire {
    stream: TlsStream<TcpStream>,
    decoder: Decoder,
    answered: bool,
}

impl Wire {
    /// Connects to the first of the endpoint's addresses that takes a connection.
    pub async fn open(
        connector: &TlsConnector,
        targets: &Targets,
        endpoint: &Endpoint,
    ) -> Option<Wire> {
        let name = ServerName::try_from(endpoint.host.clone()).ok()?;
        for address in targets.addresses(&endpoint.host, endpoint.port).await {
            let Ok(stream) = TcpStream::connect(address).await else { continue };
            let stream = connector.connect(name.clone(), stream).await.ok()?;
            let decoder = Decoder::new(ACK_BYTES_MAX);
            return Some(Wire { stream, decoder, answered: false });
        }
        None
    }

    /// Whether something was answered on it.
    pub fn has_answered(&self) -> bool {
        self.answered
    }

    /// Sends one message and waits for its acknowledgement.
    pub async fn tell(&mut self, message: &[u8], control_id: &str) -> Said {
        // What is printed escapes whatever frames a message.
        let Ok(framed) = frame(message) else { return Said::Nothing };
        if self.stream.write_all(&framed).await.is_err() || self.stream.flush().await.is_err() {
            return Said::Gone;
        }
        let answer = match self.next().await {
            Ok(Some(answer)) => answer,
            Ok(None) => return Said::Gone,
            Err(_) => return Said::Nothing,
        };
        self.answered = true;
        let Ok(answer) = read(&answer, &Limits::default(), Charset::UTF_8) else {
            return Said::Nothing;
        };
        match answer.msa().and_then(|(code, id)| Some((AckCode::parse(code)?, id))) {
            Some((code, id)) if id == control_id => {
                if code.is_positive() {
                    Said::Taken(code)
                } else {
                    Said::Refused(code, nack(code, &answer))
                }
            }
            // Of another message, or of none: who knows what it is about.
            _ => Said::Nothing,
        }
    }

    /// The next frame; none if the other side hangs up before it begins one.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Framing> {
        let mut buffer = vec![0; 4096];
        loop {
            let read = self.stream.read(&mut buffer).await.unwrap_or(0);
            if read == 0 {
                return self.decoder.finish();
            }
            let mut rest = &buffer[..read];
            while !rest.is_empty() {
                let (taken, found) = self.decoder.push(rest)?;
                rest = &rest[taken..];
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
    }
}
