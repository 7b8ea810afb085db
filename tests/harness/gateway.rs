//! The gateway under story: a child process on a deployment in a temporary folder.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use loopgate_ledger::{Field, Opening};
use loopgate_server::admin::{self, Ask};
use loopgate_server::clock::{Clock, SystemClock};
use loopgate_server::init::{add_partner, configured, init};
use loopgate_server::partner::Partner;
use serde_json::Value;

use super::Party;

/// When every story begins: 2026-11-22T10:00:00Z, ms since 1970.
pub const START_MS: i64 = 1_795_341_600_000;

/// A deployment and the process that serves it.
pub struct Gateway {
    dir: tempfile::TempDir,
    running: Option<Running>,
    base: String,
    mllp: u16,
    people: String,
    now_ms: i64,
}

struct Running {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Gateway {
    /// A deployment with `clinic-b` and `hospital-a` (sources), `pantry` and `housing` (targets
    /// that ask by REST), served.
    pub fn start() -> Gateway {
        Gateway::start_with(&[])
    }

    /// The same, with other configuration values, each written as TOML.
    pub fn start_with(values: &[([&str; 2], &str)]) -> Gateway {
        let mut gateway = Gateway::prepare(values);
        gateway.serve();
        gateway
    }

    /// The same, not served yet.
    pub fn prepare(values: &[([&str; 2], &str)]) -> Gateway {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("deployment");
        let mut n = 0u8;
        let mut random = |buffer: &mut [u8]| {
            buffer.iter_mut().for_each(|byte| {
                n = n.wrapping_mul(31).wrapping_add(7);
                *byte = n;
            });
        };
        init(&root, machine_now(), &mut random).unwrap();
        for (path, text) in loopgate_mapping::Library::files() {
            let path = root.join("mappings").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let [machines, people, mllp, ops] = [(); 4].map(|()| free_port());
        let base = format!("https://localhost:{machines}");
        let file = root.join("loopgate.toml");
        let mut all = vec![
            (["organization", "base_url"], format!("\"{base}/fhir\"")),
            (["listen", "machines"], format!("\"127.0.0.1:{machines}\"")),
            (["listen", "people"], format!("\"127.0.0.1:{people}\"")),
            (["listen", "mllp"], format!("\"127.0.0.1:{mllp}\"")),
            (["people", "base_url"], format!("\"https://localhost:{people}\"")),
            (["listen", "ops"], format!("\"127.0.0.1:{ops}\"")),
            (["data", "reserve_mib"], "1".to_owned()),
            // A story's clock stands still, and no bucket fills.
            (["limits", "cbo_requests_burst"], "1000000".to_owned()),
            (["identity", "shared_systems"], "[\"urn:example:community-id\"]".to_owned()),
        ];
        all.extend(values.iter().map(|(path, value)| (*path, (*value).to_owned())));
        let text = configured(&fs::read_to_string(&file).unwrap(), &all).unwrap();
        fs::write(&file, text).unwrap();
        let people = format!("https://localhost:{people}");
        let gateway = Gateway { dir, running: None, base, mllp, people, now_ms: START_MS };
        for (name, role) in [
            ("clinic-b", "source"),
            ("hospital-a", "source"),
            ("pantry", "target"),
            ("housing", "target"),
        ] {
            gateway.add_partner(name, &partner_file(name, role, "kind = \"rest\""));
        }
        gateway
    }

    /// Adds a partner with a client certificate; a running gateway uses it at once.
    pub fn add_partner(&self, name: &str, text: &str) {
        let partner = Partner::parse(name.parse().unwrap(), text).unwrap();
        add_partner(&self.root(), partner, Some(machine_now())).unwrap();
        if self.running.is_some() {
            self.admin(&Ask::PartnersReload);
        }
    }

    /// Serves the deployment, from the instant the story has reached.
    pub fn serve(&mut self) {
        let opened = self.try_serve();
        let said = fs::read_to_string(self.beside("stderr")).unwrap_or_default();
        assert!(opened, "the gateway did not open: {said}");
    }

    /// The same; `false` if the gateway refuses to serve.
    pub fn try_serve(&mut self) -> bool {
        self.try_serve_under(&[])
    }

    /// The same under another program, such as one that watches its system calls.
    pub fn try_serve_under(&mut self, program: &[&str]) -> bool {
        let words = program.iter().copied().chain([env!("CARGO_BIN_EXE_story-gateway")]);
        let words: Vec<&str> = words.collect();
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .arg(self.root().join("loopgate.toml"))
            .arg(self.now_ms.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(self.beside("stderr")).unwrap())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        if !line.starts_with("ready") {
            child.wait().unwrap();
            return false;
        }
        self.running = Some(Running { child, input, output });
        true
    }

    /// The deployment's folder.
    pub fn root(&self) -> PathBuf {
        self.dir.path().join("deployment")
    }

    /// A path beside the deployment's folder.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What time it is when the gateway is served again.
    pub fn wake_at(&mut self, ms: i64) {
        self.now_ms = ms;
    }

    fn tell(&mut self, line: &str) -> bool {
        let running = self.running.as_mut().expect("the gateway runs");
        writeln!(running.input, "{line}").unwrap();
        let mut answer = String::new();
        running.output.read_line(&mut answer).unwrap();
        answer.trim() == "ok"
    }

    /// Time passes, and the gateway looks at its clocks.
    pub fn pass(&mut self, ms: i64) {
        self.now_ms += ms;
        assert!(self.tell(&format!("advance {ms}")));
        self.tick();
    }

    /// The wall clock jumps; no time passes.
    pub fn jump(&mut self, ms: i64) {
        self.now_ms += ms;
        assert!(self.tell(&format!("jump {ms}")));
    }

    /// The gateway looks at its clocks.
    pub fn tick(&mut self) {
        assert!(self.tell("tick"));
    }

    /// At the `nth` commit step from now (`apply`, `flush`, `sync`, `synced`) the disk says no.
    pub fn fail_at(&mut self, step: &str, nth: u32) {
        assert!(self.tell(&format!("arm {step} {nth} error")));
    }

    /// At the `nth` commit step from now the process dies.
    pub fn die_at(&mut self, step: &str, nth: u32) {
        assert!(self.tell(&format!("arm {step} {nth} abort")));
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let mut running = self.running.take().expect("the gateway runs");
        running.child.kill().unwrap();
        running.child.wait().unwrap();
    }

    /// Waits for a gateway that ends by itself.
    pub fn ended(&mut self) -> ExitStatus {
        self.running.take().expect("the gateway runs").child.wait().unwrap()
    }

    /// Ends it cleanly.
    pub fn stop(&mut self) {
        let mut running = self.running.take().expect("the gateway runs");
        writeln!(running.input, "stop").unwrap();
        assert!(running.child.wait().unwrap().success());
    }

    /// SIGTERM; it ends cleanly.
    pub fn terminate(&mut self) {
        let pid = self.pid().to_string();
        let mut running = self.running.take().expect("the gateway runs");
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(running.child.wait().unwrap().success());
    }

    /// Does what an operator asks.
    pub fn admin(&self, ask: &Ask) -> String {
        self.try_admin(ask).unwrap_or_else(|error| {
            let said = fs::read_to_string(self.beside("stderr")).unwrap_or_default();
            panic!("{error}: {said}")
        })
    }

    /// The same, when it may fail.
    pub fn try_admin(&self, ask: &Ask) -> anyhow::Result<String> {
        let words = admin::ask(&self.root().join("data"), ask)?;
        words.ok_or_else(|| anyhow::anyhow!("no gateway listens"))
    }

    /// What it logged since it was last served.
    pub fn log(&self) -> String {
        fs::read_to_string(self.beside("stderr")).unwrap()
    }

    /// The entries there are: how much was recorded.
    pub fn count(&self) -> u64 {
        let status = self.admin(&Ask::Status);
        status.split(' ').next().unwrap().parse().unwrap()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("the gateway runs").child.id()
    }

    /// The port of its HTTPS listener for machines.
    pub fn machines(&self) -> u16 {
        self.base.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// A partner's client.
    pub fn party(&self, name: &str) -> Party {
        Party::with_certificate(&self.root(), name, &self.base)
    }

    /// `https://localhost:port`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The story's time, seconds since 1970.
    pub fn now_s(&self) -> i64 {
        self.now_ms / 1000
    }

    /// The port of its MLLP listener.
    pub fn mllp(&self) -> u16 {
        self.mllp
    }

    /// Where people's browsers go.
    pub fn people(&self) -> &str {
        &self.people
    }

    /// Somebody without a certificate.
    pub fn stranger(&self) -> Party {
        Party::stranger(&self.root(), &self.base)
    }

    /// Exports an evidence bundle, and says where it is.
    pub fn evidence(&self) -> PathBuf {
        let mut n = 0;
        let out = loop {
            let out = self.dir.path().join(format!("evidence-{n}"));
            if !out.exists() {
                break out;
            }
            n += 1;
        };
        self.admin(&Ask::ExportBundle { out: out.clone(), case: "story".into() });
        out
    }

    /// Every entry so far, as an auditor is shown it: kind, and the shown fields by name.
    pub fn entries(&self) -> Vec<Entry> {
        let dir = self.evidence();
        let mut entries = read_entries(&dir);
        // The export itself is the last.
        entries.pop();
        entries
    }

    /// The fields of every entry of this kind so far.
    pub fn of_kind(&self, kind: &str) -> Vec<Value> {
        let entries = self.entries().into_iter().filter(|entry| entry.kind == kind);
        entries.map(|entry| entry.fields).collect()
    }

    /// The kinds of all entries so far, without those of the set-up and of the log itself.
    pub fn kinds(&self) -> Vec<String> {
        let kinds = self.entries().into_iter().map(|entry| entry.kind);
        kinds.filter(|kind| kind != "config.changed" && !kind.starts_with("ledger.")).collect()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            // The story is over, one way or another.
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

/// One entry as shown.
#[derive(Debug, Clone)]
pub struct Entry {
    /// `referral.accepted`, `phi.disclosed`, ….
    pub kind: String,
    /// The shown fields, parsed; null where empty.
    pub fields: Value,
}

/// The entries of an evidence bundle.
pub fn read_entries(dir: &Path) -> Vec<Entry> {
    let text = fs::read_to_string(dir.join("entries.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let opening = Opening::parse(line.as_bytes()).unwrap();
            let mut fields = serde_json::Map::new();
            for field in Field::ALL {
                let value = opening.shown(field).unwrap_or_default();
                let value = serde_json::from_slice(value).unwrap_or(Value::Null);
                fields.insert(field.name().to_owned(), value);
            }
            let kind = opening.shown(Field::Kind).unwrap_or_default();
            Entry {
                kind: String::from_utf8_lossy(kind).into_owned(),
                fields: Value::Object(fields),
            }
        })
        .collect()
}

/// A port that nobody else is given, and that no outgoing connection takes while a gateway is down: it
/// is below those that the system hands out by itself.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 20_000 + u16::try_from(std::process::id() % 12).unwrap() * 1000;
    loop {
        let port = start + NEXT.fetch_add(1, Ordering::Relaxed) % 1000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Certificates are checked against the machine's clock, not the story's.
pub fn machine_now() -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(SystemClock::new().now().0).unwrap()
}

/// A partner file for a story; `channel` is the body of `[channel]`.
pub fn partner_file(name: &str, role: &str, channel: &str) -> String {
    let (legal, channel) = match role {
        "target" => ("cbo-nonhipaa", format!("[channel]\n{channel}\ndialect = \"cbo-json\"\n")),
        _ => ("ce", String::new()),
    };
    format!(
        "name = \"{name}\"\nroles = [\"{role}\"]\nlegal_class = \"{legal}\"\npurpose = \"CAREMGT\"\n\
         identifiers = [{{ system = \"urn:example:npi\", value = \"{name}\" }}]\n\
         [agreement]\nreference = \"DUA\"\nexpires = \"2030-12-31\"\n{channel}"
    )
}
