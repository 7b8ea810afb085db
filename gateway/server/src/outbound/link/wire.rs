//! An open connection to the other side of a link: one message out, one acknowledgement in.

use loopgate_hl7v2::{AckCode, Charset, Decoder, Limits, frame, read};
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
    /// Nothing that is an acknowledgement of it.
    Nothing,
}

/// An open connection.
pub struct Wire {
    stream: TlsStream<TcpStream>,
    decoder: Decoder,
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
            return Some(Wire { stream, decoder: Decoder::new(ACK_BYTES_MAX) });
        }
        None
    }

    /// Sends one message and waits for its acknowledgement.
    pub async fn tell(&mut self, message: &[u8], control_id: &str) -> Said {
        // What is printed escapes whatever frames a message.
        let Ok(framed) = frame(message) else { return Said::Nothing };
        if self.stream.write_all(&framed).await.is_err() || self.stream.flush().await.is_err() {
            return Said::Nothing;
        }
        let Some(answer) = self.next().await else { return Said::Nothing };
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

    async fn next(&mut self) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 4096];
        loop {
            let read = self.stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
            let mut rest = &buffer[..read];
            while !rest.is_empty() {
                let (taken, found) = self.decoder.push(rest).ok()?;
                rest = &rest[taken..];
                if found.is_some() {
                    return found;
                }
            }
        }
    }
}
