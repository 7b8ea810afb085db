//! `loopgate witness`: cosigns other logs.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand};
use loopgate_server::clock::{Clock, SystemClock};
use loopgate_server::config::LogFormat;
use loopgate_server::run::{log_to_stderr, signalled};
use loopgate_server::witness::{self, Listening};

#[derive(Args)]
pub struct Witness {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make a witness; its verifier key is printed.
    Init {
        /// The witness's folder.
        dir: PathBuf,
        /// Its name: a URL without its scheme, such as witness.example/w1; never changes.
        #[arg(long)]
        name: String,
    },
    /// List a key of a log that is cosigned from the next start on.
    AddLog {
        /// The witness's folder.
        dir: PathBuf,
        /// The log's verifier key, as its operator gave it out.
        vkey: String,
    },
    /// Run the witness.
    Serve {
        /// The witness's folder.
        dir: PathBuf,
        /// Address and port; without TLS one of this machine.
        #[arg(long, value_name = "ADDR")]
        listen: SocketAddr,
        /// The certificate, then those between it and the root, PEM.
        #[arg(long, value_name = "FILE", requires = "tls_key")]
        tls_cert: Option<PathBuf>,
        /// Its private key, PEM.
        #[arg(long, value_name = "FILE", requires = "tls_cert")]
        tls_key: Option<PathBuf>,
    },
}

pub fn run(command: Witness) -> anyhow::Result<()> {
    let clock = SystemClock::new();
    match command.what {
        What::Init { dir, name } => {
            println!("{}", witness::init(&dir, &name, &|seed| clock.random(seed))?);
        }
        What::AddLog { dir, vkey } => witness::add_log(&dir, &vkey)?,
        What::Serve { dir, listen, tls_cert, tls_key } => {
            log_to_stderr(LogFormat::Text);
            let socket =
                TcpListener::bind(listen).with_context(|| format!("{listen} is not free"))?;
            let listening = Listening { socket, tls: tls_cert.zip(tls_key) };
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let stop = async {
                // Without signals it ends when it is killed: its state is durable at any time.
                let _ = signalled().await;
            };
            runtime.block_on(witness::serve(&dir, listening, Arc::new(clock), stop))?;
        }
    }
    Ok(())
}
