//! `loopgate export` and `loopgate verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use loopgate_ledger::{Report, verify_bundle, verify_consistency};
use loopgate_server::admin::Ask;

#[derive(Args)]
pub struct Export {
    #[command(subcommand)]
    what: ExportWhat,
}

#[derive(Subcommand)]
enum ExportWhat {
    /// An evidence bundle over the whole log.
    Bundle {
        /// The deployment.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// A folder that is empty or not there yet.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// The case it is made for; recorded.
        #[arg(long, default_value = "unnamed")]
        case: String,
    },
}

pub fn export(command: Export) -> anyhow::Result<()> {
    let ExportWhat::Bundle { data, out, case } = command.what;
    super::told(&data, &Ask::ExportBundle { out: std::path::absolute(out)?, case })
}

#[derive(Args)]
pub struct Verify {
    #[command(subcommand)]
    what: VerifyWhat,
}

#[derive(Subcommand)]
enum VerifyWhat {
    /// An evidence bundle.
    Bundle {
        /// The bundle.
        dir: PathBuf,
        #[command(flatten)]
        how: How,
    },
    /// That a newer bundle continues an older one.
    Consistency {
        /// The older bundle.
        old: PathBuf,
        /// The newer bundle.
        new: PathBuf,
        #[command(flatten)]
        how: How,
    },
}

#[derive(Args)]
struct How {
    /// The log's verifier key; without it the bundle's own is used.
    #[arg(long, value_name = "VKEY")]
    key: Option<String>,
    /// For programs.
    #[arg(long)]
    json: bool,
}

/// Exit 0 ok, 2 integrity, 3 incomplete.
pub fn verify(command: &Verify) -> ExitCode {
    let (report, how) = match &command.what {
        VerifyWhat::Bundle { dir, how } => (verify_bundle(dir, how.key.as_deref()), how),
        VerifyWhat::Consistency { old, new, how } => {
            (verify_consistency(old, new, how.key.as_deref()), how)
        }
    };
    if how.json {
        println!("{}", serde_json::to_string(&report).unwrap_or_default());
    } else {
        print(&report);
    }
    ExitCode::from(report.exit_code())
}

/// The three verdicts.
pub fn print(report: &Report) {
    println!("integrity     {}", report.integrity.text());
    println!("completeness  {}", report.completeness.text());
    println!("capture       {}", report.capture.text());
}
