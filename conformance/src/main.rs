//! `loopgate-conformance`: runs the cases against a server and says what came of them.
//!
//! Exit: 0 all as declared, 1 something is not, 2 it could not be run.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Parser;
use loopgate_conformance::case::{Done, Verdict, run};
use loopgate_conformance::declared::Declared;
use loopgate_conformance::report::Summary;
use loopgate_conformance::spawn::{self, Gateway};
use loopgate_conformance::world::{Access, World};
use loopgate_conformance::{cases, claims, report};

/// Checks a server against SDOHCC's CoordinationPlatform (server), from outside.
#[derive(Parser)]
#[command(name = "loopgate-conformance", version)]
struct Arguments {
    /// The server's FHIR base URL.
    #[arg(long, required_unless_present_any = ["spawn", "claims", "list"])]
    base: Option<String>,
    /// The referral source's client certificate, PEM.
    #[arg(long, requires = "client_key")]
    client_cert: Option<PathBuf>,
    /// Its key, PEM.
    #[arg(long)]
    client_key: Option<PathBuf>,
    /// The authority that the server's certificate chains to, PEM.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// The source's Organization on the server, `Organization/ID`.
    #[arg(long)]
    source: Option<String>,
    /// The referral target's client certificate, PEM.
    #[arg(long, requires = "target_key")]
    target_cert: Option<PathBuf>,
    /// Its key, PEM.
    #[arg(long)]
    target_key: Option<PathBuf>,
    /// The target's Organization on the server, `Organization/ID`.
    #[arg(long)]
    target: Option<String>,
    /// Starts a gateway of this build, and checks that.
    #[arg(long, conflicts_with = "base")]
    spawn: bool,
    /// Only cases whose names hold this, or match it where it has `*`.
    #[arg(long)]
    only: Option<String>,
    /// Writes `report.html` and `report.json` there.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Writes every FHIR body that the server sent there, one file each.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// What is declared not to be met, instead of what loopgate declares.
    #[arg(long)]
    declared: Option<PathBuf>,
    /// Says every case, not only those that did not pass.
    #[arg(long)]
    verbose: bool,
    /// Prints the rows of CLAIMS.md, and runs nothing.
    #[arg(long)]
    claims: bool,
    /// Prints the cases, and runs nothing.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    if let Some(served) = spawn::child() {
        return match served {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error:#}");
                ExitCode::from(2)
            }
        };
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match check(&arguments) {
        Ok(sound) => ExitCode::from(u8::from(!sound)),
        Err(error) => {
            eprintln!("loopgate-conformance: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether all is as declared.
fn check(arguments: &Arguments) -> anyhow::Result<bool> {
    let declared = match &arguments.declared {
        Some(path) => Declared::parse(&read_text(path)?).map_err(anyhow::Error::msg)?,
        None => Declared::own(),
    };
    let suite = cases::all();
    if arguments.claims {
        print!("{}", claims::page(&suite, &declared));
        return Ok(true);
    }
    if arguments.list {
        for case in &suite.cases {
            println!("{}\t{}\t{}", case.id, case.level.word(), case.clause);
        }
        return Ok(true);
    }
    let gateway = if arguments.spawn {
        Some(Gateway::start(&std::env::current_exe().context("this program")?)?)
    } else {
        None
    };
    let access = match &gateway {
        Some(gateway) => gateway.access.clone(),
        None => access(arguments)?,
    };
    for folder in [&arguments.keep, &arguments.report].into_iter().flatten() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let base = access.base.clone();
    let wires = access.wires()?;
    let world = World::new(access, wires, arguments.keep.clone());
    let reached = world.source.get("metadata");
    ensure!(reached.status != 0, "{base} does not answer: {}", reached.text);
    let verbose = arguments.verbose;
    let mut heard = |done: &Done| {
        if verbose || !matches!(done.verdict, Verdict::Passed | Verdict::Declared) {
            println!("{:<8} {}  {}", done.verdict.words(), done.id, done.words);
        }
    };
    let done = run(&suite, &world, arguments.only.as_deref(), &declared, &mut heard);
    drop(gateway);
    ensure!(!done.is_empty(), "no case is of that name");
    let summary = Summary::of(&done);
    if let Some(folder) = &arguments.report {
        let software = report::software(world.statement());
        let about = report::About { base: &base, software: &software };
        fs::write(folder.join("report.json"), report::json(&about, &done))?;
        fs::write(folder.join("report.html"), report::html(&about, &done))?;
    }
    println!("{}", summary.line());
    Ok(summary.sound())
}

fn access(arguments: &Arguments) -> anyhow::Result<Access> {
    let identity = |certificate: &Option<PathBuf>, key: &Option<PathBuf>| match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some((read(certificate)?, read(key)?))),
        _ => anyhow::Ok(None),
    };
    let source = identity(&arguments.client_cert, &arguments.client_key)?;
    let authority = arguments.ca.as_ref().context("--ca is needed with --base")?;
    Ok(Access {
        base: arguments.base.clone().unwrap_or_default().trim_end_matches('/').to_owned(),
        authority: read(authority)?,
        source: source.context("--client-cert and --client-key are needed with --base")?,
        source_reference: arguments.source.clone(),
        target: identity(&arguments.target_cert, &arguments.target_key)?,
        target_reference: arguments.target.clone(),
    })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| path.display().to_string())
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}
