//! A hospital's HL7 v2 engine, as the demo and the stories play it: a client that sends messages, and a
//! server that takes answers.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use loopgate_hl7v2::{Decoder, frame};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned};

/// A bound for what fails; what holds never waits so long.
const PATIENCE: Duration = Duration::from_secs(20);
const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// The client.
pub struct Engine {
    tls: Arc<ClientConfig>,
    port: u16,
}

impl Engine {
    /// An engine that calls this port of this machine.
    pub fn new(tls: ClientConfig, port: u16) -> Engine {
        Engine { tls: Arc::new(tls), port }
    }

    /// Sends bytes as they are, and gives what comes back until `count` answers are there or the
    /// gateway hangs up.
    pub fn bytes(&self, bytes: &[u8], count: usize) -> Vec<String> {
        let mut answers = Vec::new();
        // What breaks off gives the answers that came before.
        let _ = self.talk(bytes, count, &mut answers);
        answers
    }

    fn talk(&self, bytes: &[u8], count: usize, answers: &mut Vec<String>) -> std::io::Result<()> {
        let name = "localhost".try_into().map_err(std::io::Error::other)?;
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let connection =
            ClientConnection::new(self.tls.clone(), name).map_err(std::io::Error::other)?;
        let mut stream = StreamOwned::new(connection, stream);
        stream.write_all(bytes)?;
        stream.flush()?;
        if count == 0 {
            // Nothing more is sent: the gateway ends the connection once it has read all.
            stream.conn.send_close_notify();
            stream.flush()?;
        }
        let mut decoder = Decoder::new(FRAME_BYTES_MAX);
        let mut buffer = [0; 4096];
        while count == 0 || answers.len() < count {
            let read = stream.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            let mut rest = &buffer[..read];
            while !rest.is_empty() {
                let (taken, found) = decoder.push(rest).map_err(std::io::Error::other)?;
                rest = &rest[taken..];
                answers.extend(found.map(|answer| String::from_utf8_lossy(&answer).into_owned()));
            }
        }
        Ok(())
    }

    /// Sends one message; its answer, or nothing if the gateway hangs up.
    pub fn try_send(&self, message: &str) -> Option<String> {
        self.bytes(&frame(message.as_bytes()).ok()?, 1).pop()
    }
}

/// The server: what it got, and what it says.
pub struct Inbox {
    /// Its port on this machine.
    pub port: u16,
    accepting: Arc<AtomicBool>,
    code: Arc<Mutex<String>>,
    refused: Arc<Refused>,
    messages: Receiver<String>,
}

/// What the messages have in common that are refused, and the ERR they are refused with.
type Refused = Mutex<Option<(String, String)>>;

impl Inbox {
    /// A server that takes what comes.
    pub fn open(tls: ServerConfig) -> std::io::Result<Inbox> {
        let tls = Arc::new(tls);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let accepting = Arc::new(AtomicBool::new(true));
        let code = Arc::new(Mutex::new("CA".to_owned()));
        let refused = Arc::new(Refused::default());
        let (sender, messages) = channel();
        let (up, says) = (accepting.clone(), code.clone());
        let no = refused.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if up.load(Ordering::SeqCst) {
                    // A connection that breaks off is the gateway's to try again.
                    let _ = serve(&tls, stream, &up, (&says, &no), &sender);
                }
            }
        });
        Ok(Inbox { port, accepting, code, refused, messages })
    }

    /// It hangs up on whoever calls, or no longer does.
    #[allow(dead_code)] // the demo's is always up
    pub fn down(&self, down: bool) {
        self.accepting.store(!down, Ordering::SeqCst);
    }

    /// From now on it says this in MSA-1, or in MSA-1 and MSA-2 if there is a `|` in it; nothing at all
    /// if empty.
    #[allow(dead_code)] // the demo's always says yes
    pub fn say(&self, code: &str) {
        code.clone_into(&mut self.code.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// From now on what has this in it is answered AE with this ERR, or nothing is.
    #[allow(dead_code)] // the demo's always says yes
    pub fn refuse(&self, what: Option<(&str, &str)>) {
        let what = what.map(|(text, err)| (text.to_owned(), err.to_owned()));
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    /// The next message, once it is answered, if one comes in that time.
    pub fn within(&self, patience: Duration) -> Option<String> {
        self.messages.recv_timeout(patience).ok()
    }
}

fn serve(
    tls: &Arc<ServerConfig>,
    stream: TcpStream,
    up: &AtomicBool,
    (code, refused): (&Mutex<String>, &Refused),
    messages: &Sender<String>,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let connection = ServerConnection::new(tls.clone()).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut decoder = Decoder::new(FRAME_BYTES_MAX);
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 || !up.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            let (taken, found) = decoder.push(rest).map_err(std::io::Error::other)?;
            rest = &rest[taken..];
            let Some(message) = found else { continue };
            let message = String::from_utf8_lossy(&message).into_owned();
            let control = message.split('|').nth(9).unwrap_or_default().to_owned();
            let says = code.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let no = refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let no = no.filter(|(text, _)| message.contains(text.as_str()));
            let says = no.map_or(says, |(_, err)| format!("AE|{control}\r{err}"));
            if !says.is_empty() {
                let says =
                    if says.contains('|') { says.clone() } else { format!("{says}|{control}") };
                let ack = format!("MSH|^~\\&|EHR|HOSPA|||2026||ACK|1|T|2.5.1\rMSA|{says}\r");
                stream.write_all(&frame(ack.as_bytes()).map_err(std::io::Error::other)?)?;
                stream.flush()?;
            }
            // Who no longer looks misses nothing.
            let _ = messages.send(message);
            if says.is_empty() {
                return Ok(());
            }
        }
    }
}

/// A field of the first such segment of a message, counted as HL7 counts.
pub fn field(message: &str, segment: &str, number: usize) -> String {
    let line = message.split('\r').find(|line| line.starts_with(segment)).unwrap_or_default();
    // MSH-1 is the separator itself.
    let at = if segment == "MSH" { number - 1 } else { number };
    line.split('|').nth(at).unwrap_or_default().to_owned()
}
