//! `loopgate verify`: offline, with nothing but what was handed out.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use loopgate_ledger::{
    Field, FieldOpening, Listing, Report, ReportRow, read_report, rebuild_index, verify_bundle,
    verify_consistency,
};

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
        VerifyWhat::RebuildIndex { dir, how } => (rebuild_index(dir, how.key.as_deref()).0, how),
        VerifyWhat::Report { file, list, how } => {
            let (report, listing) = read_report(file, how.key.as_deref());
            if let Some(listing) = listing.filter(|_| !how.json) {
                say(&listing, *list);
            }
            (report, how)
        }
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
