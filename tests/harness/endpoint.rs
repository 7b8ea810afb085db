//! A community organization's own system: an HTTPS server that deliveries are pushed to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loopgate_server::certificates::{Authority, Validity};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;

use super::gateway::machine_now;

/// The server, and what was pushed to it.
pub struct Endpoint {
    port: u16,
    status: Arc<AtomicU16>,
    location: Arc<Mutex<String>>,
    pushes: Receiver<Push>,
}

/// One delivery, as it came and as it was answered.
#[derive(Debug, Clone)]
pub struct Push {
    /// The path it came to.
    pub path: String,
    /// `webhook-id`.
    pub key: String,
    /// What the webhook is about: the referral where it goes along, the notice.
    pub json: Value,
    /// The status it was answered with.
    pub answered: u16,
}

impl Endpoint {
    /// A server with a certificate of the deployment's authority, that takes what comes.
    pub fn open(root: &Path) -> Endpoint {
        let tls = Arc::new(server_config(root));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let status = Arc::new(AtomicU16::new(200));
        let (sender, pushes) = channel();
        let location = Arc::new(Mutex::new(String::new()));
        let (answers, leads) = (status.clone(), location.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A connection that breaks off is the gateway's to try again.
                let _ = serve(&tls, stream, (&answers, &leads), &sender);
            }
        });
        Endpoint { port, status, location, pushes }
    }

    /// From now on it answers with this status.
    pub fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// From now on it sends whoever comes there (307).
    pub fn redirect(&self, to: &str) {
        *self.location.lock().unwrap() = format!("location: {to}\r\n");
        self.answer(307);
    }

    /// Its port on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `[channel]` of a partner that is pushed to here, at this path.
    pub fn channel(&self, path: &str) -> String {
        let endpoint = format!("https://127.0.0.1:{}{path}", self.port);
        format!("kind = \"push\"\npayload = \"whole\"\nendpoint = \"{endpoint}\"")
    }

    /// The next delivery, once it is answered.
    #[track_caller]
    pub fn next(&self) -> Push {
        // The bound is for a story that fails; one that holds never waits so long.
        self.pushes.recv_timeout(Duration::from_secs(20)).expect("a delivery arrives")
    }

    /// The deliveries that came and were not looked at. That none comes later is shown by what
    /// happens next: the courier sends one after the other.
    pub fn waiting(&self) -> Vec<Push> {
        self.pushes.try_iter().collect()
    }
}

/// The TLS of a server of the deployment's authority.
pub fn server_config(root: &Path) -> rustls::ServerConfig {
    let read = |name: &str| std::fs::read_to_string(root.join("certs").join(name)).unwrap();
    let authority = Authority::load(&read("ca.pem"), &read("ca.key")).unwrap();
    let now = machine_now();
    let hours = |hours| jiff::SignedDuration::from_hours(hours);
    let validity = Validity { from: now - hours(1), until: now + hours(24) };
    let issued = authority.server(&[], validity).unwrap();
    let certificate = CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

/// One request of HTTP/1.1 (RFC 9112) with a Content-Length, on a connection of its own.
pub(super) struct Asked {
    pub path: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    reader: BufReader<rustls::StreamOwned<rustls::ServerConnection, TcpStream>>,
}

impl Asked {
    pub fn read(tls: &Arc<rustls::ServerConfig>, stream: TcpStream) -> std::io::Result<Asked> {
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let connection =
            rustls::ServerConnection::new(tls.clone()).map_err(std::io::Error::other)?;
        let mut reader = BufReader::new(rustls::StreamOwned::new(connection, stream));
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut asked = Asked { path, headers, body: Vec::new(), reader };
        asked.body = vec![0; asked.header("content-length").parse().unwrap_or(0)];
        asked.reader.read_exact(&mut asked.body)?;
        Ok(asked)
    }

    /// A header's value; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Answers it, with these header lines, and ends the connection.
    pub fn answer(&mut self, status: u16, headers: &str, body: &str) -> std::io::Result<()> {
        let stream = self.reader.get_mut();
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status} .\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )?;
        stream.conn.send_close_notify();
        stream.flush()
    }
}

fn serve(
    tls: &Arc<rustls::ServerConfig>,
    stream: TcpStream,
    (status, location): (&AtomicU16, &Mutex<String>),
    pushes: &Sender<Push>,
) -> std::io::Result<()> {
    let mut asked = Asked::read(tls, stream)?;
    let answered = status.load(Ordering::SeqCst);
    let location = location.lock().unwrap().clone();
    let outcome = asked.answer(answered, &location, "");
    let json: Value = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
    let json = match &json["data"] {
        data if data["referral"].is_object() => data["referral"].clone(),
        data => data.clone(),
    };
    let (path, key) = (asked.path.clone(), asked.header("webhook-id").to_owned());
    // A story that is over looks at nothing more.
    let _ = pushes.send(Push { path, key, json, answered });
    outcome
}
