//! A submission server for one machine (RFC 5321, the least of it), as the demo and the stories play it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// The server, and the e-mails it took.
pub struct Post {
    /// Its port on this machine.
    pub port: u16,
    refusing: Arc<AtomicBool>,
    rejecting: Arc<AtomicBool>,
    forgetting: Arc<AtomicBool>,
    letters: Receiver<Received>,
}

/// One e-mail, as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// RCPT TO.
    pub to: String,
    /// Head and body.
    pub text: String,
}

impl Post {
    /// A server that takes what comes.
    pub fn open() -> std::io::Result<Post> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let [refusing, rejecting, forgetting] = [(); 3].map(|()| Arc::new(AtomicBool::new(false)));
        let (sender, letters) = channel();
        let says = [refusing.clone(), rejecting.clone(), forgetting.clone()];
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A conversation that breaks off is the client's to begin again.
                let _ = converse(stream, &says, &sender);
            }
        });
        Ok(Post { port, refusing, rejecting, forgetting, letters })
    }

    /// From now on it says that it cannot take an e-mail now, or no longer does.
    #[allow(dead_code)] // the demo's never refuses
    pub fn refuse(&self, refusing: bool) {
        self.refusing.store(refusing, Ordering::SeqCst);
    }

    /// From now on it says that nobody has the address, or no longer does.
    #[allow(dead_code)] // the demo's never rejects
    pub fn reject(&self, rejecting: bool) {
        self.rejecting.store(rejecting, Ordering::SeqCst);
    }

    /// From now on it takes an e-mail and says that it did not, or no longer does.
    #[allow(dead_code)] // the demo's never forgets
    pub fn forget(&self, forgetting: bool) {
        self.forgetting.store(forgetting, Ordering::SeqCst);
    }

    /// The next e-mail, if one comes in time.
    pub fn next(&self, patience: Duration) -> Option<Received> {
        self.letters.recv_timeout(patience).ok()
    }
}

impl Received {
    /// The link in it.
    pub fn link(&self) -> Option<&str> {
        self.text.lines().find(|line| line.starts_with("https://"))
    }
}

fn converse(
    stream: TcpStream,
    [refusing, rejecting, forgetting]: &[Arc<AtomicBool>; 3],
    letters: &Sender<Received>,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream);
    write!(out, "220 localhost\r\n")?;
    let mut to = String::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" => write!(out, "250 localhost\r\n")?,
            "MAIL" if refusing.load(Ordering::SeqCst) => write!(out, "451 not now\r\n")?,
            "RCPT" if rejecting.load(Ordering::SeqCst) => {
                write!(out, "550 5.1.1 nobody of this name\r\n")?;
            }
            "RCPT" => {
                line.trim_end().clone_into(&mut to);
                write!(out, "250 ok\r\n")?;
            }
            "DATA" => {
                write!(out, "354 go on\r\n")?;
                let mut text = String::new();
                loop {
                    let mut line = String::new();
                    if lines.read_line(&mut line)? == 0 {
                        return Ok(());
                    }
                    let line = line.trim_end_matches(['\r', '\n']);
                    if line == "." {
                        break;
                    }
                    text.push_str(line.strip_prefix('.').unwrap_or(line));
                    text.push('\n');
                }
                let taken = !forgetting.load(Ordering::SeqCst);
                write!(out, "{}\r\n", if taken { "250 taken" } else { "451 not now" })?;
                // Who no longer looks misses nothing.
                let _ = letters.send(Received { to: to.clone(), text });
            }
            "QUIT" => return write!(out, "221 bye\r\n"),
            _ => write!(out, "250 ok\r\n")?,
        }
    }
}
