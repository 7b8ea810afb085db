//! `loopgate webhook`: partners that are pushed to, their secrets, and what is due to them.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use loopgate_referral::{OrgId, Timestamp};
use loopgate_server::admin::{Ask, WebhookAsk};
use loopgate_server::clock::{Clock, SystemClock};
use loopgate_server::webhook_secret as secret;

const HOUR_MS: i64 = 3_600_000;

#[derive(Args)]
pub struct Webhook {
    /// The deployment.
    #[arg(long, value_name = "DIR", global = true, default_value = ".")]
    data: PathBuf,
    /// Who says so; recorded with every change.
    #[arg(long, value_name = "WHO", global = true, default_value = "operator")]
    by: String,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Partners that are pushed to: whether they are sent anything, and how much waits.
    List {
        /// For a program to read.
        #[arg(long)]
        json: bool,
    },
    /// What waits for a partner, and what came of the last tries.
    Show {
        /// Whose.
        name: OrgId,
        /// For a program to read.
        #[arg(long)]
        json: bool,
    },
    /// Send again what a partner was told in the last 30 days, under the same ids.
    Replay {
        /// Whose.
        name: OrgId,
        /// What happened at this instant or after, `2027-01-31T08:00:00Z`; all of it, if not given.
        #[arg(long, value_name = "TIME")]
        since: Option<jiff::Timestamp>,
    },
    /// Send what waits.
    Enable {
        /// Whose.
        name: OrgId,
    },
    /// Send nothing. What is due waits, also through a restart.
    Disable {
        /// Whose.
        name: OrgId,
    },
    /// Send `webhook.test` now, and say what came of it.
    Test {
        /// Whose.
        name: OrgId,
    },
    /// Make a partner's secret, printed once.
    Secret {
        /// Whose.
        name: OrgId,
    },
    /// Make a partner's next secret, printed once; the one before signs beside it for a while.
    Rotate {
        /// Whose.
        name: OrgId,
        /// For how long both sign.
        #[arg(long, value_name = "HOURS", default_value_t = 24)]
        overlap: u32,
    },
}

pub fn run(command: Webhook) -> anyhow::Result<()> {
    let Webhook { data, by, what } = command;
    let ask = match what {
        What::List { json } => WebhookAsk::Status { name: None, json },
        What::Show { name, json } => WebhookAsk::Status { name: Some(name), json },
        What::Replay { name, since } => {
            let since = Timestamp(since.map_or(0, jiff::Timestamp::as_millisecond));
            WebhookAsk::Replay { name, since, by }
        }
        What::Enable { name } => WebhookAsk::Disable { name, disabled: false, by },
        What::Disable { name } => WebhookAsk::Disable { name, disabled: true, by },
        What::Test { name } => WebhookAsk::Test { name },
        What::Secret { name } => {
            let keys = keys(&data, &name)?;
            println!("{}", secret::make(&keys, &name)?);
            return Ok(());
        }
        What::Rotate { name, overlap } => {
            let keys = keys(&data, &name)?;
            let now = SystemClock::new().now();
            let until = Timestamp(now.0 + i64::from(overlap) * HOUR_MS);
            println!("{}", secret::rotate(&keys, &name, now, until)?);
            return Ok(());
        }
    };
    super::told(&data, &Ask::Webhook { ask })
}

/// Where secrets lie, if there is such a partner. A running gateway reads them at each webhook.
fn keys(data: &std::path::Path, name: &OrgId) -> anyhow::Result<PathBuf> {
    let config = super::config_of(data)?;
    let file = config.folders.partners.join(format!("{name}.toml"));
    file.is_file().then_some(config.folders.keys.clone()).context("there is no such partner")
}
