//! `--spawn`: a gateway of this build's own, as a child process on a deployment in a temporary folder.
//!
//! The child lives while its standard input is open: it ends when the runner drops it, and also when
//! the runner dies. It takes its folder with it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, bail};
use loopgate_referral::Identifier;
use loopgate_server::assemble::load_config;
use loopgate_server::clock::{Clock, SystemClock};
use loopgate_server::config::LogFormat;
use loopgate_server::init::{add_partner, configured, init};
use loopgate_server::partner::{Agreement, Partner, Role};
use loopgate_server::run::{Options, Ticks, log_to_stderr, run};
use tokio::sync::oneshot;

use crate::world::Access;

/// The variable that makes this program the gateway: the deployment's folder.
pub const CHILD: &str = "LOOPGATE_CONFORMANCE_GATEWAY";

const SOURCE: &str = "clinic";
const TARGET: &str = "pantry";

/// A gateway that runs.
pub struct Gateway {
    child: Child,
    /// How to reach it, and who may.
    pub access: Access,
}

impl Gateway {
    /// Starts one: `program` is this program.
    pub fn start(program: &Path) -> anyhow::Result<Gateway> {
        let dir = tempfile::Builder::new().prefix("loopgate-conformance-").tempdir()?;
        let access = deployment(dir.path())?;
        let log = fs::File::create(dir.path().join("log"))?;
        let mut child = Command::new(program)
            .env(CHILD, dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("the gateway does not start")?;
        let mut line = String::new();
        let output = child.stdout.take().context("the gateway says nothing")?;
        BufReader::new(output).read_line(&mut line)?;
        if line.trim() != "ready" {
            let said = fs::read_to_string(dir.path().join("log")).unwrap_or_default();
            let _ = child.kill();
            let _ = child.wait();
            bail!("the gateway did not open: {said}");
        }
        // From here on the folder is the child's to take away.
        let _ = dir.keep();
        Ok(Gateway { child, access })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It ends when its input does; whatever it says, the runner is done.
        let _ = self.child.wait();
    }
}

/// If this process is to be the gateway: is it, to its end.
pub fn child() -> Option<anyhow::Result<()>> {
    let dir = PathBuf::from(std::env::var_os(CHILD)?);
    let served = serve(&dir);
    let _ = fs::remove_dir_all(&dir);
    Some(served)
}

#[allow(clippy::print_stdout)]
fn serve(dir: &Path) -> anyhow::Result<()> {
    let (ready, opened) = oneshot::channel();
    let (stop, stopped) = oneshot::channel();
    let options = Options {
        clock: Arc::new(SystemClock::new()),
        hook: None,
        ticks: Ticks::EverySecond,
        ready: Some(ready),
        stop: Some(stopped),
    };
    std::thread::spawn(move || {
        if opened.blocking_recv().is_ok() {
            println!("ready");
        }
        let mut rest = Vec::new();
        // It ends when the runner closes it, or is gone.
        let _ = std::io::stdin().read_to_end(&mut rest);
        let _ = stop.send(());
    });
    log_to_stderr(LogFormat::Text);
    run(load_config(&dir.join("deployment/loopgate.toml"))?, options)
}

/// A deployment with one source and one target.
fn deployment(dir: &Path) -> anyhow::Result<Access> {
    let clock = SystemClock::new();
    let now = jiff::Timestamp::from_millisecond(clock.now().0)?;
    let root = dir.join("deployment");
    init(&root, now, &mut |buffer: &mut [u8]| clock.random(buffer))?;
    for (path, text) in loopgate_mapping::Library::files() {
        let path = root.join("mappings").join(path);
        fs::create_dir_all(path.parent().unwrap_or(&root))?;
        fs::write(path, text)?;
    }
    let [machines, people, mllp, ops] = free_ports()?;
    let base = format!("https://localhost:{machines}/fhir");
    let file = root.join("loopgate.toml");
    let text = configured(
        &fs::read_to_string(&file)?,
        &[
            (["organization", "base_url"], format!("\"{base}\"")),
            (["listen", "machines"], format!("\"127.0.0.1:{machines}\"")),
            (["listen", "people"], format!("\"127.0.0.1:{people}\"")),
            (["listen", "mllp"], format!("\"127.0.0.1:{mllp}\"")),
            (["listen", "ops"], format!("\"127.0.0.1:{ops}\"")),
            (["people", "base_url"], format!("\"https://localhost:{people}\"")),
            (["data", "reserve_mib"], "1".to_owned()),
        ],
    )?;
    fs::write(&file, text)?;
    partner(&root, SOURCE, Role::Source, now)?;
    partner(&root, TARGET, Role::Target, now)?;
    let pem = |path: String| fs::read(root.join(&path)).with_context(|| path);
    let certificate = |name: &str| pem(format!("certs/clients/{name}.pem"));
    let key = |name: &str| pem(format!("certs/clients/{name}.key"));
    Ok(Access {
        base,
        authority: pem("certs/ca.pem".into())?,
        source: (certificate(SOURCE)?, key(SOURCE)?),
        source_reference: Some(format!("Organization/{SOURCE}")),
        target: Some((certificate(TARGET)?, key(TARGET)?)),
        target_reference: Some(format!("Organization/{TARGET}")),
    })
}

fn partner(root: &Path, name: &str, role: Role, now: jiff::Timestamp) -> anyhow::Result<()> {
    let mut partner = Partner::new(name.parse()?, role);
    partner.identifiers =
        vec![Identifier { system: "urn:example:npi".into(), value: name.to_owned() }];
    let today = now.to_zoned(partner.time_zone.clone()).date();
    let until = today.checked_add(jiff::Span::new().years(1))?;
    partner.agreement = Agreement::new("invented".into(), until, &partner.time_zone);
    add_partner(root, partner, Some(now)).map(drop)
}

/// Four that are free now; all are held until the last is found, so that none is found twice.
fn free_ports() -> anyhow::Result<[u16; 4]> {
    let mut listeners = Vec::new();
    for _ in 0..4 {
        listeners.push(TcpListener::bind("127.0.0.1:0")?);
    }
    let mut ports = [0; 4];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
