//! An engine's server of which every answer, and every silence, is the story's own. Like a careful
//! engine it wants to see our certificate.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use loopgate_hl7v2::{Decoder, frame};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// A bound for what fails; what holds never waits so long.
const PATIENCE: Duration = Duration::from_secs(20);
const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// Where it is called.
pub struct Callee {
    /// Its port on this machine.
    pub port: u16,
    calls: Receiver<Call>,
}

impl Callee {
    /// It trusts the deployment's authority, and shows a certificate of it.
    pub fn open(root: &Path) -> Callee {
        let tls = Arc::new(mutual(root));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, calls) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Who shows no certificate, or a wrong one, is not heard.
                let Some(call) = Call::taken(&tls, stream) else { continue };
                if sender.send(call).is_err() {
                    return;
                }
            }
        });
        Callee { port, calls }
    }

    /// The next call.
    #[track_caller]
    pub fn call(&self) -> Call {
        self.call_within(PATIENCE).expect("the gateway calls")
    }

    /// The next call, if one comes in that time.
    pub fn call_within(&self, patience: Duration) -> Option<Call> {
        self.calls.recv_timeout(patience).ok()
    }
}

/// One connection of the gateway's.
pub struct Call {
    stream: StreamOwned<ServerConnection, TcpStream>,
    decoder: Decoder,
}

impl Call {
    fn taken(tls: &Arc<ServerConfig>, mut stream: TcpStream) -> Option<Call> {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let mut connection = ServerConnection::new(tls.clone()).unwrap();
        connection.complete_io(&mut stream).ok()?;
        let stream = StreamOwned::new(connection, stream);
        Some(Call { stream, decoder: Decoder::new(FRAME_BYTES_MAX) })
    }

    /// The next message, or nothing if the gateway hangs up.
    pub fn message(&mut self) -> Option<String> {
        let mut byte = [0];
        loop {
            match self.stream.read(&mut byte) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => panic!("silence"),
                Err(_) => return None,
            }
            let (_, found) = self.decoder.push(&byte).unwrap();
            if let Some(message) = found {
                return Some(String::from_utf8(message).unwrap());
            }
        }
    }

    /// Says that code of that message.
    pub fn answer(&mut self, code: &str, control: &str) -> io::Result<()> {
        let ack = format!("MSH|^~\\&|EHR|HOSPA|||2026||ACK|1|T|2.5.1\rMSA|{code}|{control}\r");
        self.say(&frame(ack.as_bytes()).unwrap())
    }

    /// Sends bytes as they are.
    pub fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }
}

fn mutual(root: &Path) -> ServerConfig {
    let certs = root.join("certs");
    let read = |name: &str| -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_file_iter(certs.join(name)).unwrap().map(Result::unwrap).collect()
    };
    let mut roots = RootCertStore::empty();
    read("ca.pem").into_iter().for_each(|one| roots.add(one).unwrap());
    let key = PrivateKeyDer::from_pem_file(certs.join("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.unwrap())
        .with_single_cert(read("server.pem"), key)
        .unwrap()
}
