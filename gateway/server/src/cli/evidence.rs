//! `loopgate export`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use loopgate_ledger::{HandOver as Step, LogKey};
use loopgate_referral::OrgId;
use loopgate_server::admin::{Ask, Class};
use loopgate_server::clock::{Clock, SystemClock};

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
    /// What an organization would download, as CSV files in a folder: a disclosure to it.
    Csv {
        /// The deployment.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// The organization.
        #[arg(long, value_name = "NAME")]
        org: OrgId,
        /// What.
        #[arg(long, value_enum, default_value = "referrals")]
        kind: CsvKind,
        /// A folder; the files are not there yet.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Chosen fields of chosen entries, in a sealed file that says who had it.
    Evidence {
        /// The deployment.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// A file that is not there yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// The case it is made for; recorded.
        #[arg(long)]
        case: String,
        /// Whom it is made for; recorded.
        #[arg(long = "for", value_name = "NAME")]
        made_for: String,
        /// The entries, by their index.
        #[arg(long, value_delimiter = ',', required = true)]
        entries: Vec<u64>,
        /// The fields it shows of each entry.
        #[arg(long, value_name = "FIELDS", default_value = "kind,time")]
        show: String,
    },
    /// A report over everything about one referral, person or organization, which proves that it is all
    /// there is.
    Report {
        /// The deployment.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// A file that is not there yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// The case it is made for; recorded.
        #[arg(long)]
        case: String,
        #[command(flatten)]
        of: Of,
        /// The fields it shows of each entry.
        #[arg(long, value_name = "FIELDS", default_value = SHOWN)]
        show: String,
    },
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum CsvKind {
    /// Its open referrals, in its own columns.
    Referrals,
    /// `Event.csv` of HMIS (FY 2026), and the list of what that does not say.
    HmisEvent,
}

/// What an auditor is shown: everything but free text, which may be about the person.
const SHOWN: &str = "kind,subject,patient,parties,actor,basis,transition,disclosed,payload,command,time,code,source";

pub fn export(command: Export) -> anyhow::Result<()> {
    match command.what {
        ExportWhat::Bundle { data, out, case } => {
            super::told(&data, &Ask::ExportBundle { out: std::path::absolute(out)?, case })
        }
        ExportWhat::Csv { data, org, kind, out } => {
            let (out, hmis) = (std::path::absolute(out)?, kind == CsvKind::HmisEvent);
            super::told(&data, &Ask::ExportCsv { out, org, hmis })
        }
        ExportWhat::Evidence { data, out, case, made_for, entries, show } => {
            let shown = show.split(',').map(str::to_owned).collect();
            let (out, entries) = (std::path::absolute(out)?, entries.into_iter().collect());
            super::told(&data, &Ask::ExportEvidence { out, case, made_for, entries, shown })
        }
        ExportWhat::Report { data, out, case, of, show } => {
            let (of, id) = match of {
                Of { referral: Some(id), .. } => (Class::Subject, id),
                Of { person: Some(id), .. } => (Class::Patient, id),
                Of { organization, .. } => (Class::Party, organization.unwrap_or_default()),
            };
            let shown = show.split(',').map(str::to_owned).collect();
            let out = std::path::absolute(out)?;
            super::told(&data, &Ask::ExportReport { out, case, of, id, shown })
        }
    }
}

/// `loopgate hand-over`: the next step in the custody of an evidence file.
#[derive(Args)]
pub struct HandOver {
    /// The evidence file.
    file: PathBuf,
    /// Who gives it away.
    #[arg(long)]
    from: String,
    /// Who takes it.
    #[arg(long)]
    to: String,
    /// The giver's key: 32 bytes in hex.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

pub fn hand_over(command: &HandOver) -> anyhow::Result<()> {
    let HandOver { file, from, to, key } = command;
    let seed = std::fs::read_to_string(key).context("the key")?;
    let seed = hex::decode(seed.trim()).ok().and_then(|seed| seed.try_into().ok());
    let seed = seed.context("the key does not hold 32 bytes in hex")?;
    let name: String = from.split_whitespace().collect::<Vec<_>>().join("-");
    let key = LogKey::from_seed(&name, seed).context("the giver's name")?;
    let time_s = SystemClock::new().now().0 / 1000;
    loopgate_ledger::hand_over(file, Step { from, to, time_s }, &key)?;
    println!("{from} gave it to {to}, by the key {}", key.vkey());
    Ok(())
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Of {
    /// Everything about this referral, as `ref_…`.
    #[arg(long)]
    referral: Option<String>,
    /// Everything about this person, as `per_…`.
    #[arg(long)]
    person: Option<String>,
    /// Everything that this organization took part in.
    #[arg(long)]
    organization: Option<String>,
}
