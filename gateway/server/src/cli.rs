//! The command line: each command is a few lines over the library.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod evidence;
mod link;
mod mail;
mod partner;
mod person;
mod staff;
mod translate;
mod verify;
mod webhook;
mod witness;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};
use loopgate_server::admin;
use loopgate_server::admin::Ask;
use loopgate_server::assemble::{self, load_config};
use loopgate_server::clock::SystemClock;
use loopgate_server::config::Config;
use loopgate_server::csv;
use loopgate_server::partner::{load_partners, load_speaking};
use loopgate_server::run::{Options, Ticks, log_to_stderr, run};

use crate::{demo, sample};

/// The gateway for closed-loop social-care referrals.
#[derive(Parser)]
#[command(name = "loopgate", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play the main story on this machine, over real sockets, and verify its ledger.
    Demo {
        /// End after the story; exit 0 only if every step held.
        #[arg(long)]
        once: bool,
        /// Make the deployment here, and leave it.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Make a runnable deployment for development.
    Init {
        /// A folder that is empty or not there yet.
        dir: PathBuf,
    },
    /// Run the gateway.
    Serve {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Report every problem of a configuration and its partner and mapping files.
    CheckConfig {
        /// The configuration.
        file: PathBuf,
    },
    /// Partners of a deployment.
    Partner(partner::Partner),
    /// The queues of HL7 v2 links: what waits, stop, go on, put aside, send again.
    Link(link::Link),
    /// What the mail server tells: e-mails that came back.
    Mail(mail::Mail),
    /// Partners that are pushed to: their secrets, what waits, stop, go on, send again.
    Webhook(webhook::Webhook),
    /// Coordinators and auditors of a deployment.
    Staff(staff::Staff),
    /// Legal holds and erasure.
    Person(person::Person),
    /// Begin to sign with another key; the one in force signs beside it until the overlap is over.
    RotateKey {
        /// The deployment.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Print the OpenAPI document of the community door, as `/openapi.json` has it.
    Openapi {
        /// Where the gateway is reached: `https://host:port`.
        #[arg(long, value_name = "ORIGIN", default_value = "https://localhost:8443")]
        origin: String,
    },
    /// Convert between dialects; no server, no disclosure.
    Translate(translate::Translate),
    /// Write evidence.
    Export(evidence::Export),
    /// Give an evidence file on; the step is signed into it.
    HandOver(evidence::HandOver),
    /// Check evidence, offline.
    Verify(verify::Verify),
    /// Cosign the checkpoints of other logs.
    Witness(witness::Witness),
    /// Write the log's frames to a file.
    Backup {
        /// The deployment.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// A file that is not there yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Begin at this frame: an incremental backup.
        #[arg(long, default_value_t = 0)]
        first: u64,
    },
    /// Bring frames back from backups, oldest first.
    Restore {
        /// The deployment.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// The backups.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Say that this machine's clock is right, after the gateway stopped trusting it.
    ConfirmClock {
        /// The deployment.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

/// Runs the command line.
pub fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("loopgate: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match command {
        Command::Demo { once, data } => demo::demo(once, data).map(done),
        Command::Init { dir } => {
            sample::make(&dir)?;
            let config = dir.join("loopgate.toml");
            println!("ready: loopgate serve --config {}", config.display());
            Ok(ExitCode::SUCCESS)
        }
        Command::Serve { config } => serve(&config).map(done),
        Command::CheckConfig { file } => check(&file).map(done),
        Command::Partner(command) => partner::run(command).map(done),
        Command::Link(command) => link::run(command).map(done),
        Command::Mail(command) => mail::run(command).map(done),
        Command::Webhook(command) => webhook::run(command).map(done),
        Command::Staff(command) => staff::run(command).map(done),
        Command::Person(command) => person::run(command).map(done),
        Command::RotateKey { data } => told(&data, &Ask::RotateKey).map(done),
        Command::Openapi { origin } => {
            println!("{:#}", loopgate_server::openapi::document(&origin));
            Ok(ExitCode::SUCCESS)
        }
        Command::Translate(command) => Ok(translate::run(&command)),
        Command::Export(command) => evidence::export(command).map(done),
        Command::HandOver(command) => evidence::hand_over(&command).map(done),
        Command::Verify(command) => verify::verify(&command),
        Command::Witness(command) => witness::run(command).map(done),
        Command::Backup { data, out, first } => {
            let out = std::path::absolute(out)?;
            told(&data, &Ask::Backup { out, first }).map(done)
        }
        Command::Restore { data, files } => {
            let config = config_of(&data)?;
            let frames = loopgate_server::restore::restore(&config, &files)?;
            println!("{frames} frames restored");
            Ok(ExitCode::SUCCESS)
        }
        Command::ConfirmClock { data } => told(&data, &Ask::ClockConfirm).map(done),
    }
}

fn serve(file: &Path) -> anyhow::Result<()> {
    let config = load_config(file)?;
    log_to_stderr(config.log.format);
    let options = Options {
        clock: Arc::new(SystemClock::new()),
        hook: None,
        ticks: Ticks::EverySecond,
        ready: None,
        stop: None,
    };
    let listen = &config.listen;
    tracing::info!(
        machines = %listen.machines,
        people = %listen.people,
        mllp = %listen.mllp,
        ops = %listen.ops,
        "starting"
    );
    run(config, options)
}

fn check(file: &Path) -> anyhow::Result<()> {
    let config = Config::load(file).map_err(|problems| assemble::listed(&problems))?;
    let mut problems: Vec<String> = config.check_files().iter().map(ToString::to_string).collect();
    let library = loopgate_mapping::Library::load(&config.folders.mappings);
    let loaded = match &library {
        Ok(library) => load_speaking(&config.folders.partners, library),
        Err(_) => load_partners(&config.folders.partners),
    };
    match loaded {
        Ok(partners) => {
            let unreached = assemble::without_way(&config, &partners);
            problems.extend(unreached.iter().map(ToString::to_string));
            let columns =
                library.iter().flat_map(|library| csv::layout::problems(library, &partners));
            problems.extend(columns.map(|problem| problem.to_string()));
        }
        Err(found) => problems.extend(found.iter().map(ToString::to_string)),
    }
    if let Err(found) = library {
        problems.extend(found.iter().map(ToString::to_string));
    }
    if problems.is_empty() {
        println!("{} is fine", file.display());
        return Ok(());
    }
    Err(assemble::listed(&problems))
}

/// The configuration of a deployment.
pub fn config_of(data: &Path) -> anyhow::Result<Arc<Config>> {
    load_config(&data.join("loopgate.toml")).context("not a deployment")
}

/// Asks the running gateway, or opens the deployment and does it here.
pub fn told(data: &Path, ask: &Ask) -> anyhow::Result<()> {
    let config = config_of(data)?;
    if let Some(words) = admin::ask(&config.folders.data, ask)? {
        println!("{words}");
        return Ok(());
    }
    let clock = Arc::new(SystemClock::new());
    let deployment = assemble::open(config, clock, None, Box::new(|| {}))?;
    let outcome = admin::perform(&deployment.gate, ask);
    loopgate_server::run::finish(deployment)?;
    println!("{}", outcome?);
    Ok(())
}
