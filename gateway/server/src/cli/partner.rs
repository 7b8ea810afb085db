//! `loopgate partner`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use loopgate_referral::{Identifier, OrgId};
use loopgate_server::admin::{self, Ask};
use loopgate_server::clock::{Clock, SystemClock};
use loopgate_server::init::add_partner;
use loopgate_server::partner::{
    Agreement, Channel, ChannelKind, Partner as File, Role, load_partners,
};

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

/// An invented partner with an agreement for years to come.
pub fn add_sample(dir: &Path, name: &str, role: &str, title: &str) -> anyhow::Result<()> {
    let now = jiff::Timestamp::from_millisecond(SystemClock::new().now().0)?;
    let until =
        now.to_zoned(jiff::tz::TimeZone::UTC).date().checked_add(jiff::Span::new().years(5))?;
    let add = Add {
        name: name.parse()?,
        role: if role == "source" { RoleArg::Source } else { RoleArg::Target },
        title: Some(title.to_owned()),
        identifier: vec![format!("urn:example:npi|{name}")],
        patient_index: (role == "source").then(|| format!("urn:example:{name}:mrn")),
        agreement_until: Some(until),
    };
    add_partner(dir, file(add)?, Some(now)).map(drop)
}

fn file(add: Add) -> anyhow::Result<File> {
    let role = match add.role {
        RoleArg::Source => Role::Source,
        RoleArg::Target => Role::Target,
    };
    let zone = jiff::tz::TimeZone::UTC;
    let agreement = add
        .agreement_until
        .and_then(|until| Agreement::new("to be filled in".into(), until, &zone));
    Ok(File {
        name: add.title.unwrap_or_else(|| add.name.to_string()),
        org: add.name,
        roles: BTreeSet::from([role]),
        legal: match role {
            Role::Source => loopgate_consent::LegalClass::Ce,
            _ => loopgate_consent::LegalClass::CboNonhipaa,
        },
        purpose: Some("CAREMGT".parse()?),
        actions: role.actions().iter().copied().collect(),
        identifiers: add
            .identifier
            .iter()
            .map(|text| identifier(text))
            .collect::<Result<_, _>>()?,
        patient_index: add.patient_index,
        certificates: Vec::new(),
        time_zone: zone,
        production: false,
        suspended: false,
        agreement,
        channel: (role == Role::Target)
            .then(|| Channel { dialect: "cbo-json".into(), kind: ChannelKind::Rest }),
    })
}

fn identifier(text: &str) -> anyhow::Result<Identifier> {
    let (system, value) = text
        .split_once('|')
        .ok_or_else(|| anyhow::anyhow!("an identifier is written SYSTEM|VALUE"))?;
    Ok(Identifier { system: system.to_owned(), value: value.to_owned() })
}
