//! A connection to try things on: TCP, TLS with our certificate, MLLP. What goes wrong is said in words.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use loopgate_hl7v2::{Decoder, frame};
use rustls::{AlertDescription, CertificateError, Error as Tls};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// An acknowledgement is short.
const ACK_BYTES_MAX: usize = 64 * 1024;
/// How long a server has to refuse our certificate after the handshake (TLS 1.3).
const SETTLED: Duration = Duration::from_secs(2);

type Words = String;

/// A stream to the first of the addresses that takes one.
pub(super) async fn dial(addresses: &[SocketAddr], patience: Duration) -> Result<TcpStream, Words> {
    let mut words = "nobody listens there".to_owned();
    for address in addresses {
        match timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => words = format!("the connection is not taken: {}", error.kind()),
            Err(_) => words = format!("no connection within {} s", patience.as_secs()),
        }
    }
    Err(words)
}

/// A connection with TLS.
pub(super) struct Line(TlsStream<TcpStream>);

impl Line {
    /// The handshake, for a server of this name.
    pub(super) async fn secured(
        stream: TcpStream,
        settings: rustls::ClientConfig,
        host: &str,
        patience: Duration,
    ) -> Result<Line, Words> {
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| "the host is no name".to_owned())?;
        let connector = TlsConnector::from(Arc::new(settings));
        match timeout(patience, connector.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(Line(stream)),
            Ok(Err(error)) => Err(refused(&error)),
            Err(_) => Err(format!("no TLS handshake within {} s", patience.as_secs())),
        }
    }

    /// `TLS 1.3`.
    pub(super) fn version(&self) -> &'static str {
        match self.0.get_ref().1.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS 1.2",
        }
    }

    /// The certificate that the server showed.
    pub(super) fn certificate(&self) -> Option<&[u8]> {
        self.0.get_ref().1.peer_certificates()?.first().map(AsRef::as_ref)
    }

    /// Whether the server still holds the line when nothing is said.
    pub(super) async fn settled(&mut self) -> Result<(), Words> {
        let mut byte = [0];
        match timeout(SETTLED, self.0.read(&mut byte)).await {
            Err(_) | Ok(Ok(1..)) => Ok(()),
            Ok(Ok(0)) => Err("the connection was closed after the handshake".to_owned()),
            Ok(Err(error)) => Err(refused(&error)),
        }
    }

    /// Sends a message and gives the frame that comes back.
    pub(super) async fn exchange(
        &mut self,
        message: &[u8],
        lenient: bool,
        patience: Duration,
    ) -> Result<Vec<u8>, Words> {
        let framed = frame(message).map_err(|_| "the message holds a framing byte".to_owned())?;
        let exchanged = async {
            self.0.write_all(&framed).await.map_err(|error| refused(&error))?;
            self.0.flush().await.map_err(|error| refused(&error))?;
            self.next(lenient).await
        };
        let late = || format!("no acknowledgement within {} s", patience.as_secs());
        timeout(patience, exchanged).await.map_err(|_| late())?
    }

    async fn next(&mut self, lenient: bool) -> Result<Vec<u8>, Words> {
        let mut decoder = Decoder::new(ACK_BYTES_MAX).lenient(lenient);
        let mut buffer = vec![0; 4096];
        loop {
            let read = self.0.read(&mut buffer).await.map_err(|error| refused(&error))?;
            if read == 0 {
                let words = "the connection was closed without an acknowledgement";
                return decoder.finish().ok().flatten().ok_or_else(|| words.to_owned());
            }
            let (_, found) = decoder.push(&buffer[..read]).map_err(|why| why.to_string())?;
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }
}

/// What went wrong with TLS, for whoever has to put it right.
fn refused(error: &std::io::Error) -> Words {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Tls>());
    let words = match inner {
        Some(Tls::InvalidCertificate(why)) => match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate is over"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate does not hold yet"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another name"
            }
            CertificateError::UnknownIssuer => {
                "its certificate chains to none of the roots in [tls] client_roots"
            }
            CertificateError::Revoked => "its certificate is revoked",
            _ => "its certificate is not accepted",
        },
        Some(Tls::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::AccessDenied
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked,
        )) => "the other side refuses our certificate",
        Some(Tls::AlertReceived(_)) => "the other side ended the handshake",
        Some(_) => "the other side speaks no TLS that we speak",
        None => return format!("the connection broke off: {}", error.kind()),
    };
    words.to_owned()
}
