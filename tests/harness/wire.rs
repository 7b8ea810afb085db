//! A connection on which every byte is the story's own: what no well-behaved client sends.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection, StreamOwned};

/// A bound for what fails; what holds never waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// TLS to a port of this machine.
pub struct Wire {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Wire {
    /// Connects; the handshake happens with the first bytes.
    pub fn open(tls: ClientConfig, port: u16) -> Wire {
        Wire::shared(&Arc::new(tls), port)
    }

    /// The same, with what the settings remember of earlier connections.
    pub fn shared(tls: &Arc<ClientConfig>, port: u16) -> Wire {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let name = "localhost".try_into().unwrap();
        let connection = ClientConnection::new(tls.clone(), name).unwrap();
        Wire { stream: StreamOwned::new(connection, stream) }
    }

    /// The TLS of it.
    pub fn tls(&self) -> &ClientConnection {
        &self.stream.conn
    }

    /// Sends bytes as they are.
    pub fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Says that nothing more is sent.
    pub fn done(&mut self) -> io::Result<()> {
        self.stream.conn.send_close_notify();
        self.stream.flush()
    }

    /// What comes until it is enough or the other side hangs up.
    pub fn hear(&mut self, enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let (mut heard, mut buffer) = (Vec::new(), [0; 16 * 1024]);
        while !enough(&heard) {
            match self.stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => heard.extend_from_slice(&buffer[..read]),
                // Silence is no answer; a connection that breaks off is one.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => panic!("no answer"),
                Err(_) => break,
            }
        }
        heard
    }

    /// All that comes until the other side hangs up, as text.
    pub fn rest(&mut self) -> String {
        String::from_utf8_lossy(&self.hear(|_| false)).into_owned()
    }

    /// One HTTP/1.1 request as it is, and all that comes back; it should ask to close.
    pub fn http(mut self, request: &[u8]) -> String {
        // Whoever is refused early may find that nobody reads on.
        let _ = self.say(request);
        self.rest()
    }

    /// One MLLP frame of an answer.
    pub fn acknowledgement(&mut self) -> String {
        let frame = self.hear(|heard| heard.ends_with(b"\x1c\r"));
        String::from_utf8_lossy(&frame).trim_matches(['\x0b', '\x1c', '\r']).to_owned()
    }
}

/// The status of an answer of HTTP/1.1; nothing if there was none.
pub fn status(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}
