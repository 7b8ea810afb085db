//! `loopgate partner`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use loopgate_referral::{Identifier, OrgId};
use loopgate_server::admin::{self, Ask};
use loopgate_server::clock::{Clock, SystemClock};
use loopgate_server::init::add_partner;
use loopgate_server::partner::{Agreement, Partner as File, Role, load_partners};

#[derive(Args)]
pub struct Partner {
    /// The deployment.
    #[arg(long, value_name = "DIR", global = true, default_value = ".")]
    data: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write a partner file, with a development client certificate.
    Add(Add),
    /// Partners and whether they are suspended.
    List,
    /// Let nothing pass to or from a partner; in effect when this returns.
    Suspend {
        /// Its name.
        name: OrgId,
        /// Let it pass again.
        #[arg(long)]
        lift: bool,
    },
}

#[derive(Args)]
struct Add {
    /// Its name: `[a-z0-9-]`.
    name: OrgId,
    /// What it is in a referral.
    #[arg(long, value_enum)]
    role: RoleArg,
    /// Its name for people.
    #[arg(long)]
    title: Option<String>,
    /// An Organization identifier, `SYSTEM|VALUE`.
    #[arg(long, value_name = "SYSTEM|VALUE")]
    identifier: Vec<String>,
    /// The identifier system of its own patient index.
    #[arg(long, value_name = "SYSTEM")]
    patient_index: Option<String>,
    /// The last day its data agreement covers, `2027-12-31`.
    #[arg(long, value_name = "DATE")]
    agreement_until: Option<jiff::civil::Date>,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArg {
    Source,
    Target,
}

pub fn run(command: Partner) -> anyhow::Result<()> {
    let Partner { data, what } = command;
    match what {
        What::Add(add) => {
            let now = jiff::Timestamp::from_millisecond(SystemClock::new().now().0)?;
            let path = add_partner(&data, file(add)?, Some(now))?;
            println!("{}", path.display());
            // A running gateway uses it at once; one that is not running reads it at its start.
            let config = super::config_of(&data)?;
            if let Some(words) = admin::ask(&config.folders.data, &Ask::PartnersReload)? {
                println!("{words}");
            }
            Ok(())
        }
        What::List => {
            let config = super::config_of(&data)?;
            let loaded = load_partners(&config.folders.partners)
                .map_err(|problems| loopgate_server::assemble::listed(&problems))?;
            for one in loaded {
                let partner = one.partner;
                let roles: Vec<&str> = partner.roles.iter().map(|role| role.name()).collect();
                let state = if partner.suspended { "suspended" } else { "active" };
                println!(
                    "{:<24} {:<16} {:<10} {}",
                    partner.org,
                    roles.join(","),
                    state,
                    partner.name
                );
            }
            Ok(())
        }
        What::Suspend { name, lift } => {
            super::told(&data, &Ask::PartnerSuspend { name, suspended: !lift })
        }
    }
}

fn file(add: Add) -> anyhow::Result<File> {
    let role = match add.role {
        RoleArg::Source => Role::Source,
        RoleArg::Target => Role::Target,
    };
    let mut partner = File::new(add.name, role);
    if let Some(title) = add.title {
        partner.name = title;
    }
    let identifiers = add.identifier.iter().map(|text| identifier(text));
    partner.identifiers = identifiers.collect::<Result<_, _>>()?;
    partner.patient_index = add.patient_index;
    partner.agreement = add
        .agreement_until
        .and_then(|until| Agreement::new("to be filled in".into(), until, &partner.time_zone));
    Ok(partner)
}

fn identifier(text: &str) -> anyhow::Result<Identifier> {
    let (system, value) = text
        .split_once('|')
        .ok_or_else(|| anyhow::anyhow!("an identifier is written SYSTEM|VALUE"))?;
    Ok(Identifier { system: system.to_owned(), value: value.to_owned() })
}
