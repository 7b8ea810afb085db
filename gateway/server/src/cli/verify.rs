//! `loopgate verify`: offline, with nothing but what was handed out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, ensure};
use clap::{Args, Subcommand};
use loopgate_ledger::{
    Field, FieldOpening, Freshness, Listing, Outcome, Policy, Report, ReportRow, SealedEvidence,
    Tree, Trust, Verdict, View, bundle_tree, read_report_trusting, rebuild_index,
    verify_bundle_trusting, verify_consistency, verify_diff, verify_evidence, verify_receipt,
};
use loopgate_server::clock::{Clock, SystemClock};

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
    /// A report over one referral, person or organization.
    Report {
        /// The report.
        file: PathBuf,
        /// What it lists, as a table or as CSV.
        #[arg(long, value_enum, default_value = "table")]
        list: List,
        #[command(flatten)]
        how: How,
    },
    /// A disclosure receipt; a receipt holds no key, so one has to be given.
    Receipt {
        /// The receipt.
        file: PathBuf,
        #[command(flatten)]
        how: How,
    },
    /// An evidence file: chosen fields of chosen entries, sealed, with its custody.
    Evidence {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        how: How,
    },
    /// Two views of one log, each a bundle or a signed checkpoint: whether both can be true.
    Diff {
        /// One view.
        one: PathBuf,
        /// The other view.
        other: PathBuf,
        /// Where the proof goes, if they cannot.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        how: How,
    },
    /// The index of a whole bundle, computed anew and held against every root the log stated.
    RebuildIndex {
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

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum List {
    Table,
    Csv,
    None,
}

#[derive(Args)]
struct How {
    /// The log's verifier key; without it the file's own is used.
    #[arg(long, value_name = "VKEY", conflicts_with = "policy")]
    key: Option<String>,
    /// A policy (C2SP tlog-policy): which log keys, which witnesses, how many of them.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The newest sign of life, a cosignature if there is one, may be this old, in seconds.
    #[arg(long, value_name = "SECONDS")]
    max_age: Option<u64>,
    /// For programs.
    #[arg(long)]
    json: bool,
}

/// Exit 0 ok, 2 integrity, 3 incomplete, 4 policy, 5 stale.
pub fn verify(command: &Verify) -> anyhow::Result<ExitCode> {
    let how = match &command.what {
        VerifyWhat::Bundle { how, .. }
        | VerifyWhat::Report { how, .. }
        | VerifyWhat::Receipt { how, .. }
        | VerifyWhat::Evidence { how, .. }
        | VerifyWhat::RebuildIndex { how, .. }
        | VerifyWhat::Consistency { how, .. }
        | VerifyWhat::Diff { how, .. } => how,
    };
    let policy = how.policy.as_ref().map(|path| read_policy(path)).transpose()?;
    let trust = match (&policy, &how.key) {
        (Some(policy), _) => Trust::Policy(policy),
        (None, Some(key)) => Trust::Key(key),
        (None, None) => Trust::Own,
    };
    let now_s = u64::try_from(SystemClock::new().now().0 / 1000).unwrap_or_default();
    let fresh = how.max_age.map(|age_s_max| Freshness { now_s, age_s_max });
    let key = how.key.as_deref();
    let only_a_key = || -> anyhow::Result<()> {
        ensure!(policy.is_none() && fresh.is_none(), "that takes --key alone");
        Ok(())
    };
    let report = match &command.what {
        VerifyWhat::Bundle { dir, .. } => verify_bundle_trusting(dir, trust, fresh),
        VerifyWhat::RebuildIndex { dir, .. } => {
            only_a_key()?;
            rebuild_index(dir, key).0
        }
        VerifyWhat::Report { file, list, .. } => {
            let (report, listing) = read_report_trusting(file, trust, fresh);
            if let Some(listing) = listing.filter(|_| !how.json) {
                say(&listing, *list);
            }
            report
        }
        VerifyWhat::Receipt { file, .. } => {
            let text = std::fs::read_to_string(file).context("the receipt")?;
            verify_receipt(&text, trust, fresh).report
        }
        VerifyWhat::Evidence { file, .. } => {
            ensure!(fresh.is_none(), "evidence is of its day: --max-age says nothing of it");
            let (report, evidence) = verify_evidence(file, trust);
            if let Some(evidence) = evidence.filter(|_| !how.json) {
                say_evidence(&evidence);
            }
            report
        }
        VerifyWhat::Consistency { old, new, .. } => {
            only_a_key()?;
            verify_consistency(old, new, key)
        }
        VerifyWhat::Diff { one, other, out, .. } => {
            only_a_key()?;
            return diff(one, other, out.as_deref(), key);
        }
    };
    if how.json {
        println!("{}", serde_json::to_string(&report).unwrap_or_default());
    } else {
        print(&report);
    }
    Ok(ExitCode::from(report.exit_code()))
}

fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    let text = std::fs::read(path).context("the policy")?;
    Policy::parse(&text).map_err(|fault| anyhow!("the policy: {fault}"))
}

/// Two views of one log: exit 0 if they agree, 2 if they cannot both be true.
fn diff(
    one: &Path,
    other: &Path,
    out: Option<&Path>,
    key: Option<&str>,
) -> anyhow::Result<ExitCode> {
    let views = [Seen::read(one)?, Seen::read(other)?];
    let own: Vec<&str> =
        views.iter().flat_map(|view| view.vkeys.iter().map(String::as_str)).collect();
    let keys = match key {
        Some(key) => vec![key],
        None => own,
    };
    let [one, other] =
        views.each_ref().map(|view| View { note: &view.note, tree: view.tree.as_ref() });
    match verify_diff(one, other, &keys).map_err(|why| anyhow!("{why}"))? {
        Outcome::Agree => {
            println!("the views agree");
            Ok(ExitCode::SUCCESS)
        }
        Outcome::Split(evidence) => {
            println!("the views cannot both be true: the log has two pasts");
            if let Some(out) = out {
                std::fs::write(out, evidence).context("the evidence")?;
                println!("the proof of it is in {}", out.display());
            }
            Ok(ExitCode::from(2))
        }
        Outcome::Unknown => {
            println!("the sizes differ, and neither view shows its leaves: give a bundle");
            Ok(ExitCode::from(3))
        }
    }
}

/// One view: a bundle, or a signed checkpoint alone.
struct Seen {
    note: String,
    vkeys: Vec<String>,
    tree: Option<Tree>,
}

impl Seen {
    fn read(path: &Path) -> anyhow::Result<Seen> {
        if !path.is_dir() {
            let note = std::fs::read_to_string(path).context("the checkpoint")?;
            return Ok(Seen { note, vkeys: Vec::new(), tree: None });
        }
        let note = std::fs::read_to_string(path.join("checkpoint")).context("the checkpoint")?;
        let vkeys = std::fs::read_to_string(path.join("log.vkeys")).context("the keys")?;
        let tree = bundle_tree(path).map_err(|why| anyhow!("the bundle: {why}"))?;
        Ok(Seen { note, vkeys: vkeys.lines().map(str::to_owned).collect(), tree: Some(tree) })
    }
}

/// The verdicts.
fn print(report: &Report) {
    println!("integrity     {}", report.integrity.text());
    println!("completeness  {}", report.completeness.text());
    println!("capture       {}", report.capture.text());
    for (name, verdict) in [("policy", &report.policy), ("fresh", &report.fresh)] {
        if !matches!(verdict, Verdict::NotChecked(_)) {
            println!("{name:<13} {}", verdict.text());
        }
    }
}

fn say_evidence(evidence: &SealedEvidence) {
    println!("case {}, made for {}", evidence.case, evidence.made_for);
    for row in &evidence.rows {
        println!("{:>8}  {}  {}", row.index, row.time, words(row));
    }
    for step in &evidence.custody {
        println!("{}  {} to {}, at {}", step.what, step.from, step.to, step.time());
    }
}

fn say(listing: &Listing, list: List) {
    match list {
        List::None => {}
        List::Csv => print!("{}", csv(listing)),
        List::Table => {
            let (field, id) = (listing.field, &listing.id);
            println!("{field} {id}: {} entries as of entry {}", listing.count, listing.as_of);
            for row in &listing.rows {
                println!("{:>8}  {}  {}", row.index, row.time, words(row));
            }
        }
    }
}

/// The kind of an entry, and what else is short enough for a line.
fn words(row: &ReportRow) -> String {
    let Some(shown) = &row.shown else { return "erased".to_owned() };
    let value = |field| {
        let found = shown.iter().find(|one| one.field == field);
        found.map(|one| String::from_utf8_lossy(&one.value).into_owned()).unwrap_or_default()
    };
    let more = [Field::Actor, Field::Transition, Field::Basis].map(value);
    let more = more.into_iter().filter(|text| !text.is_empty());
    std::iter::once(format!("{:<24}", value(Field::Kind)))
        .chain(more)
        .collect::<Vec<_>>()
        .join("  ")
}

/// One row an entry, one column a field; spreadsheets are given no formula.
fn csv(listing: &Listing) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    let fields = Field::ALL.map(Field::name);
    let head = ["index", "time", "erased"].into_iter().chain(fields);
    let mut written = out.write_record(head);
    for row in &listing.rows {
        let value = |field: Field| {
            let shown: &[FieldOpening] = row.shown.as_deref().unwrap_or_default();
            let found = shown.iter().find(|one| one.field == field);
            found.map(|one| plain(&String::from_utf8_lossy(&one.value))).unwrap_or_default()
        };
        let erased = if row.shown.is_none() { "yes" } else { "no" };
        let start = [row.index.to_string(), row.time.clone(), erased.to_owned()];
        let record = start.into_iter().chain(Field::ALL.map(value));
        written = written.and_then(|()| out.write_record(record));
    }
    let bytes = written.ok().and_then(|()| out.into_inner().ok()).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// A cell that a spreadsheet would take for a formula begins with an apostrophe.
fn plain(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("'{text}") } else { text.to_owned() }
}
