//! A witness of somebody else's, served from a folder of its own by a thread of the story.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use loopgate_server::certificates::{Authority, Validity};
use loopgate_server::clock::SystemClock;
use loopgate_server::witness::{Listening, add_log, init, serve};
use tokio::sync::oneshot;

use super::gateway::machine_now;
use super::{Answer, Party};

/// The witness; it ends when it is dropped.
pub struct Witness {
    dir: PathBuf,
    name: String,
    vkey: String,
    port: u16,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Witness {
    /// A witness that knows a log, with a certificate of the deployment's authority.
    pub fn start(dir: &Path, root: &Path, name: &str, log: &str) -> Witness {
        let seed = u8::try_from(name.len()).unwrap() ^ name.as_bytes()[name.len() - 1];
        let vkey = init(dir, name, &|random| random.fill(seed)).unwrap();
        add_log(dir, log).unwrap();
        write_certificate(dir, root);
        let mut witness =
            Witness { dir: dir.to_owned(), name: name.to_owned(), vkey, port: 0, running: None };
        witness.serve();
        witness
    }

    /// Serves the folder as it is, where it was served before.
    pub fn serve(&mut self) {
        let socket = TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        self.port = socket.local_addr().unwrap().port();
        let tls = Some((self.dir.join("tls.pem"), self.dir.join("tls.key")));
        let (stop, stopped) = oneshot::channel();
        let dir = self.dir.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let until = async {
                let _ = stopped.await;
            };
            let listening = Listening { socket, tls };
            runtime.block_on(serve(&dir, listening, Arc::new(SystemClock::new()), until)).unwrap();
        });
        self.running = Some((stop, thread));
    }

    /// Ends it; its port refuses.
    pub fn stop(&mut self) {
        let Some((stop, thread)) = self.running.take() else { return };
        let _ = stop.send(());
        thread.join().unwrap();
    }

    /// Its verifier key.
    pub fn vkey(&self) -> &str {
        &self.vkey
    }

    /// Its table in `loopgate.toml`.
    pub fn table(&self) -> String {
        format!(
            "\n[[ledger.witness]]\nname = \"{}\"\nvkey = \"{}\"\nurl = \"https://127.0.0.1:{}\"\n",
            self.name, self.vkey, self.port
        )
    }

    /// The one file of its state.
    pub fn state(&self) -> PathBuf {
        let mut files = fs::read_dir(self.dir.join("state")).unwrap();
        let file = files.next().unwrap().unwrap().path();
        file.with_extension("")
    }

    /// The size it cosigned last, as its file says.
    pub fn size(&self) -> u64 {
        let text = fs::read_to_string(self.state()).unwrap();
        text.lines().nth(1).unwrap().parse().unwrap()
    }

    /// What it answers to `add-checkpoint`.
    pub fn add(&self, root: &Path, body: &str) -> Answer {
        let client = Party::stranger(root, &format!("https://127.0.0.1:{}", self.port));
        client.call("POST", "/add-checkpoint", &[], body.as_bytes().to_vec())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if let Some((stop, _)) = self.running.take() {
            // The story is over, one way or another.
            let _ = stop.send(());
        }
    }
}

fn write_certificate(dir: &Path, root: &Path) {
    let read = |name: &str| fs::read_to_string(root.join("certs").join(name)).unwrap();
    let authority = Authority::load(&read("ca.pem"), &read("ca.key")).unwrap();
    let hours = |hours| jiff::SignedDuration::from_hours(hours);
    let validity = Validity { from: machine_now() - hours(1), until: machine_now() + hours(24) };
    let issued = authority.server(&[], validity).unwrap();
    fs::write(dir.join("tls.pem"), issued.certificate_pem).unwrap();
    fs::write(dir.join("tls.key"), issued.key_pem).unwrap();
}
