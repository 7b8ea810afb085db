//! `loopgate serve`: opens a deployment and its sockets, and ends cleanly or not at all.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, anyhow};
use loopgate_store::StepHook;
use tokio::sync::{mpsc, oneshot, watch};

use crate::admin;
use crate::assemble::{self, Deployment};
use crate::clock::Clock;
use crate::config::{Config, LogFormat, Tls};
use crate::configuration;
use crate::gate::Gate;
use crate::inbound::tls::Clients;
use crate::inbound::{http, mllp, ops, people, tls};
use crate::outbound::targets::Targets;
use crate::outbound::{courier, link, mailing, notices, webhook, witnesses};
use crate::scribe::{Command, strangers_due};

/// How long requests in flight may take at a stop.
const DRAIN: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_secs(1);

/// When the gateway looks at its clocks.
pub enum Ticks {
    /// Each second.
    EverySecond,
    /// When told to, answering when what the clocks did is durable. For stories.
    WhenTold(mpsc::Receiver<oneshot::Sender<()>>),
}

/// What `run` needs beside the configuration.
pub struct Options {
    /// Time and randomness.
    pub clock: Arc<dyn Clock>,
    /// Called before each step of a commit.
    pub hook: Option<StepHook>,
    /// When to look at the clocks.
    pub ticks: Ticks,
    /// Told the addresses once the sockets are open.
    pub ready: Option<oneshot::Sender<Addresses>>,
    /// Ends the gateway cleanly; a signal does too.
    pub stop: Option<oneshot::Receiver<()>>,
}

/// Where the gateway listens.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// HTTPS for machines.
    pub machines: SocketAddr,
    /// HTTPS for people.
    pub people: SocketAddr,
    /// HL7 v2 over MLLP.
    pub mllp: SocketAddr,
    /// `/healthz`, `/readyz`, `/metrics`.
    pub ops: SocketAddr,
}

/// From now on what is logged is written to standard error, a line each.
pub fn log_to_stderr(format: LogFormat) {
    let builder = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false);
    match format {
        LogFormat::Text => builder.with_ansi(false).init(),
        LogFormat::Json => builder.with_ansi(false).json().init(),
    }
}

/// Serves until told to stop. An error means that no promise could be kept any more.
pub fn run(config: Arc<Config>, options: Options) -> anyhow::Result<()> {
    // One crypto provider; a second call finds the same one installed.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (ended, scribe_ended) = oneshot::channel();
    let deployment = assemble::open(
        config.clone(),
        options.clock.clone(),
        options.hook,
        Box::new(move || {
            // Nobody waits for it if the gateway never opened.
            let _ = ended.send(());
        }),
    )?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let gate = deployment.gate.clone();
    let outcome = runtime.block_on(async {
        let sockets = Sockets::open(&config)?;
        admin::listen(gate.clone())?;
        if let Some(ready) = options.ready {
            let _ = ready.send(sockets.addresses);
        }
        serve(gate.clone(), sockets, options.ticks, options.stop, scribe_ended).await
    });
    runtime.shutdown_timeout(DRAIN);
    let stopped = finish(deployment);
    outcome.and(stopped)
}

/// Ends the scribe after what is queued, and writes out the projections.
pub fn finish(deployment: Deployment) -> anyhow::Result<()> {
    let Deployment { gate, scribe } = deployment;
    let failed = gate.scribe.published().stopped.load(Ordering::Acquire);
    gate.scribe.stop();
    scribe.join().map_err(|_| anyhow!("the scribe panicked"))?;
    gate.view.flush()?;
    if failed { Err(anyhow!("the disk failed; the next start recovers")) } else { Ok(()) }
}

struct Sockets {
    machines: TcpListener,
    people: TcpListener,
    mllp: tokio::net::TcpListener,
    ops: tokio::net::TcpListener,
    machines_tls: Arc<tls::Settings>,
    people_tls: Arc<tls::Settings>,
    mllp_tls: Arc<tls::Settings>,
    /// What we call others with.
    client_tls: rustls::ClientConfig,
    /// What we call the OpenID provider with, if there is one.
    provider_tls: Option<rustls::ClientConfig>,
    addresses: Addresses,
}

impl Sockets {
    fn open(config: &Config) -> anyhow::Result<Sockets> {
        let bind = |address: SocketAddr| -> anyhow::Result<TcpListener> {
            let listener =
                TcpListener::bind(address).with_context(|| format!("{address} is not free"))?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let machines = bind(config.listen.machines)?;
        let people = bind(config.listen.people)?;
        let mllp = tokio::net::TcpListener::from_std(bind(config.listen.mllp)?)?;
        let ops = tokio::net::TcpListener::from_std(bind(config.listen.ops)?)?;
        let addresses = Addresses {
            machines: machines.local_addr()?,
            people: people.local_addr()?,
            mllp: mllp.local_addr()?,
            ops: ops.local_addr()?,
        };
        let machines_tls = tls::Settings::read(&config.tls, Clients::MayShow, &["http/1.1"])?;
        let people_tls = tls::Settings::read(&config.tls, Clients::Anyone, &["http/1.1"])?;
        let mllp_tls = tls::Settings::read(&config.tls, Clients::MustShow, &[])?;
        // Read before anybody is told that it is open: a file that changes later is none of the start's.
        let client_tls = tls::client_config(&config.tls)?;
        let provider_tls = match &config.oidc {
            Some(oidc) => {
                let roots = oidc.roots.as_ref().unwrap_or(&config.tls.client_roots);
                let tls = Tls { client_roots: roots.clone(), ..config.tls.clone() };
                Some(tls::client_config(&tls)?)
            }
            None => None,
        };
        Ok(Sockets {
            machines,
            people,
            mllp,
            ops,
            machines_tls,
            people_tls,
            mllp_tls,
            client_tls,
            provider_tls,
            addresses,
        })
    }
}

async fn serve(
    gate: Arc<Gate>,
    sockets: Sockets,
    ticks: Ticks,
    stop: Option<oneshot::Receiver<()>>,
    scribe_ended: oneshot::Receiver<()>,
) -> anyhow::Result<()> {
    let handle = axum_server::Handle::new();
    let targets = Targets::new(gate.config.delivery.private_targets.clone());
    let client_tls = sockets.client_tls;
    let client = courier::client(&gate.config.delivery, targets.clone(), client_tls.clone())?;
    let [mails, news, stops, signed, hooks] = gate.scribe.published().moved.clone();
    gate.key_sets.fetch_by(client.clone(), targets.clone());
    if let Some(tls) = sockets.provider_tls {
        let client = courier::client(&gate.config.delivery, targets.clone(), tls)?;
        gate.provider.call_by(client, targets.clone());
    }
    let settings = [&sockets.machines_tls, &sockets.people_tls, &sockets.mllp_tls].map(Arc::clone);
    tokio::spawn(notices::run(gate.clone(), stops));
    tokio::spawn(webhook::run(gate.clone(), client.clone(), targets.clone(), hooks));
    tokio::spawn(witnesses::run(gate.clone(), client, targets.clone(), signed));
    tokio::spawn(mailing::run(gate.clone(), mails));
    tokio::spawn(link::run(gate.clone(), client_tls, targets, news));
    tokio::spawn(ops::serve(gate.clone(), sockets.ops));
    let (stop_mllp, stopping) = watch::channel(false);
    let mllp = mllp::serve(gate.clone(), sockets.mllp, sockets.mllp_tls, stopping);
    let mllp = tokio::spawn(mllp);
    tokio::spawn(tick(gate.clone(), ticks, settings));
    let mut machines = tokio::spawn(http::serve(
        gate.clone(),
        sockets.machines,
        sockets.machines_tls,
        handle.clone(),
    ));
    let people = people::serve(gate.clone(), sockets.people, sockets.people_tls, handle.clone());
    let people = tokio::spawn(people);
    tokio::select! {
        _ = scribe_ended => Err(anyhow!("the scribe stopped: nothing is acknowledged any more")),
        _ = signalled() => Ok(()),
        () = told(stop) => Ok(()),
        ended = people => Err(anyhow!("the people's listener ended: {ended:?}")),
        ended = &mut machines => Err(anyhow!("the machines' listener ended: {ended:?}")),
    }?;
    gate.scribe.published().waits.close();
    handle.graceful_shutdown(Some(DRAIN));
    // Nobody listens any more if it panicked.
    let _ = stop_mllp.send(true);
    // Who waited for news is answered. What is left is cut by `graceful_shutdown`.
    let _ = tokio::time::timeout(DRAIN, machines).await;
    if tokio::time::timeout(DRAIN, mllp).await.is_err() {
        tracing::warn!("some HL7 v2 messages were not answered; they are sent again");
    }
    Ok(())
}

async fn told(stop: Option<oneshot::Receiver<()>>) {
    match stop {
        Some(stop) => drop(stop.await),
        None => std::future::pending().await,
    }
}

/// Over when the process is told to end.
pub async fn signalled() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

/// How often the files of TLS and of the configuration are read again.
const READ_MS: i64 = 60_000;

async fn tick(gate: Arc<Gate>, ticks: Ticks, settings: [Arc<tls::Settings>; 3]) {
    let mut read_ms = gate.clock.monotonic_ms();
    match ticks {
        Ticks::EverySecond => {
            let mut interval = tokio::time::interval(TICK);
            loop {
                interval.tick().await;
                read_again(&gate, &settings, &mut read_ms).await;
                look(&gate).await;
            }
        }
        Ticks::WhenTold(mut told) => {
            while let Some(answer) = told.recv().await {
                read_again(&gate, &settings, &mut read_ms).await;
                look(&gate).await;
                let _ = answer.send(());
            }
        }
    }
}

/// Certificates, roots and revocation lists as their files are now. What does not read is said, and
/// what was read before holds; a list that is over holds nobody harmless.
async fn read_again(gate: &Arc<Gate>, settings: &[Arc<tls::Settings>; 3], read_ms: &mut i64) {
    let now_ms = gate.clock.monotonic_ms();
    if now_ms - *read_ms < READ_MS {
        return;
    }
    *read_ms = now_ms;
    let tls = &gate.config.tls;
    let read = settings.iter().try_for_each(|one| one.read_again(tls));
    if let Err(error) = read.and_then(|()| assemble::read_revoked(gate)) {
        tracing::error!(%error, "the files of TLS were not read again");
    }
    let gate = gate.clone();
    let looked = tokio::task::spawn_blocking(move || configuration::look(&gate)).await;
    if let Ok(Err(error)) = looked {
        tracing::error!(%error, "the configuration was not looked at");
    }
}

async fn look(gate: &Gate) {
    let last = gate.scribe.published().world().strangers_at;
    let due = strangers_due(last.0, gate.now().0);
    let strangers = if due { gate.strangers.swap(0, Ordering::Relaxed) } else { 0 };
    if gate.scribe.ask(|reply| Command::Tick { strangers, reply }).await.is_err() && due {
        // Not written down: they are counted again next time.
        gate.strangers.fetch_add(strangers, Ordering::Relaxed);
    }
    gate.scribe.published().stir();
}
