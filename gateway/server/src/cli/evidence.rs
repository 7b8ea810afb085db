//! `loopgate export`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use loopgate_server::admin::{Ask, Class};

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

/// What an auditor is shown: everything but free text, which may be about the person.
const SHOWN: &str = "kind,subject,patient,parties,actor,basis,transition,disclosed,payload,command,time,code,source";

pub fn export(command: Export) -> anyhow::Result<()> {
    match command.what {
        ExportWhat::Bundle { data, out, case } => {
            super::told(&data, &Ask::ExportBundle { out: std::path::absolute(out)?, case })
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
