//! A hospital's HL7 v2 engine: a client that sends messages, and a server that takes answers.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loopgate_hl7v2::{Decoder, frame};
use rustls::{ClientConnection, ServerConnection, StreamOwned};

use super::Gateway;
use super::endpoint::server_config;
use super::party::client_config;

/// A bound for a story that fails; one that holds never waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// The client.
pub struct Engine {
    root: PathBuf,
    name: String,
    port: u16,
}

/// MSH of a message from hospital A, to be followed by segments.
pub fn msh(kind: &str, control: &str, modes: &str) -> String {
    format!(
        "MSH|^~\\&|EHR|HOSPA|LOOPGATE|TOWN|20261122094000+0000||{kind}|{control}|T|2.5.1|||{modes}\r"
    )
}

/// A food referral for the pantry, about hospital A's patient of this number.
pub fn referral_v2(control: &str, modes: &str, placer: &str, mrn: &str) -> String {
    let head = msh("REF^I12^REF_I12", control, modes);
    format!(
        "{head}RF1||R|food-insecurity^Food^SDOHCC|||{placer}^HOSPA|||20261122093000+0000\r\
         PRD|RT|||||||||Pantry^^^^^NPI^^^^pantry\r\
         PID|||{mrn}^^^HOSPA||Lindqvist-Okafor^Maria||19880402|F|||14 Juniper Row^^Fernhill||^^PH^^^^^^^^^+1 555 0142\r\
         NK1|1|Lindqvist^Ana\r\
         PR1|||467771000124109^Assistance with food^SCT\r\
         OBX||NM|63512-8^^LN||4||||||F\r"
    )
}

impl Engine {
    pub fn new(root: &Path, name: &str, port: u16) -> Engine {
        Engine { root: root.to_owned(), name: name.to_owned(), port }
    }

    /// `[hl7v2]` of hospital A, answered at that port of this machine.
    pub fn link(answered_at: Option<u16>) -> String {
        let endpoint = answered_at.map(|port| format!("endpoint = \"127.0.0.1:{port}\"\n"));
        format!(
            "[hl7v2]\napplication = \"EHR\"\nfacility = \"HOSPA\"\n{}authorities = [\n\
             {{ name = \"HOSPA\", system = \"urn:example:hospital-a:mrn\" }},\n\
             {{ name = \"COMM\", system = \"urn:example:community-id\" }},\n\
             {{ name = \"NPI\", system = \"urn:example:npi\" }},\n]\n",
            endpoint.unwrap_or_default()
        )
    }

    fn connect(&self) -> StreamOwned<ClientConnection, TcpStream> {
        let tls = Arc::new(client_config(&self.root, &self.name));
        let name = "localhost".try_into().unwrap();
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        StreamOwned::new(ClientConnection::new(tls, name).unwrap(), stream)
    }

    /// Sends bytes as they are, and gives what comes back until `count` answers are there or the
    /// gateway hangs up.
    pub fn bytes(&self, bytes: &[u8], count: usize) -> Vec<String> {
        let mut stream = self.connect();
        let mut answers = Vec::new();
        if stream.write_all(bytes).and_then(|()| stream.flush()).is_err() {
            return answers;
        }
        if count == 0 {
            // Nothing more is sent: the gateway ends the connection once it has read all.
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        let mut decoder = Decoder::new(1024 * 1024);
        let mut buffer = [0; 4096];
        while count == 0 || answers.len() < count {
            let Ok(read) = stream.read(&mut buffer) else { break };
            if read == 0 {
                break;
            }
            let mut rest = &buffer[..read];
            while !rest.is_empty() {
                let (taken, found) = decoder.push(rest).unwrap();
                rest = &rest[taken..];
                answers.extend(found.map(|answer| String::from_utf8(answer).unwrap()));
            }
        }
        answers
    }

    /// Sends one message; its answer, or nothing if the gateway hangs up.
    pub fn try_send(&self, message: &str) -> Option<String> {
        self.bytes(&frame(message.as_bytes()).unwrap(), 1).pop()
    }

    /// Sends one message and gives its answer.
    #[track_caller]
    pub fn send(&self, message: &str) -> String {
        self.try_send(message).expect("an answer")
    }
}

/// The server: what it got, and whether it says yes.
pub struct Inbox {
    pub port: u16,
    accepting: Arc<AtomicBool>,
    code: Arc<Mutex<String>>,
    messages: Receiver<String>,
}

impl Inbox {
    /// A server that takes what comes.
    pub fn open(root: &Path) -> Inbox {
        let tls = Arc::new(server_config(root));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepting = Arc::new(AtomicBool::new(true));
        let code = Arc::new(Mutex::new("CA".to_owned()));
        let (sender, messages) = channel();
        let (up, says) = (accepting.clone(), code.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if up.load(Ordering::SeqCst) {
                    let _ = serve(&tls, stream, &up, &says, &sender);
                }
            }
        });
        Inbox { port, accepting, code, messages }
    }

    /// It hangs up on whoever calls, or no longer does.
    pub fn down(&self, down: bool) {
        self.accepting.store(!down, Ordering::SeqCst);
    }

    /// From now on it says this in MSA-1; nothing at all if empty.
    pub fn say(&self, code: &str) {
        code.clone_into(&mut self.code.lock().unwrap());
    }

    /// The next message, once it is answered.
    #[track_caller]
    pub fn next(&self) -> String {
        self.messages.recv_timeout(PATIENCE).expect("a message arrives")
    }

    /// The next message, however long the gateway has to wait for it.
    #[track_caller]
    pub fn in_time(&self, gateway: &mut Gateway) -> String {
        for _ in 0..60 {
            if let Ok(message) = self.messages.recv_timeout(Duration::from_millis(250)) {
                return message;
            }
            gateway.pass(3_600_000);
        }
        panic!("no message arrives");
    }

    /// The messages that came and were not looked at.
    pub fn waiting(&self) -> Vec<String> {
        self.messages.try_iter().collect()
    }
}

fn serve(
    tls: &Arc<rustls::ServerConfig>,
    stream: TcpStream,
    up: &AtomicBool,
    code: &Mutex<String>,
    messages: &Sender<String>,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let connection = ServerConnection::new(tls.clone()).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut decoder = Decoder::new(1024 * 1024);
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
            let message = String::from_utf8(message).unwrap();
            let control = message.split('|').nth(9).unwrap_or_default().to_owned();
            let says = code.lock().unwrap().clone();
            if !says.is_empty() {
                let ack =
                    format!("MSH|^~\\&|EHR|HOSPA|||2026||ACK|1|T|2.5.1\rMSA|{says}|{control}\r");
                stream.write_all(&frame(ack.as_bytes()).unwrap())?;
                stream.flush()?;
            }
            // A story that is over looks at nothing more.
            let _ = messages.send(message);
            if says.is_empty() {
                return Ok(());
            }
        }
    }
}
