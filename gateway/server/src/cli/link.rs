//! `loopgate link`: the queues of HL7 v2 links.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use loopgate_referral::{OrgId, Timestamp};
use loopgate_server::admin::{Ask, LinkAsk};

#[derive(Args)]
pub struct Link {
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
    /// How links stand: what waits, what is put aside and why, the last exchanges.
    Status {
        /// This one alone.
        name: Option<OrgId>,
        /// For a program to read.
        #[arg(long)]
        json: bool,
    },
    /// Send nothing on a link. What is due waits, also through a restart; what comes in is heard.
    Pause {
        /// Whose.
        name: OrgId,
    },
    /// Send what waits, in the order it happened.
    Resume {
        /// Whose.
        name: OrgId,
    },
    /// Send again what a source was told, under the same control ids.
    Replay {
        /// Whose.
        name: OrgId,
        /// What happened at this instant or after, `2027-01-31T08:00:00Z`.
        #[arg(long, value_name = "TIME")]
        since: jiff::Timestamp,
    },
    /// Put a message aside; what comes after it about the same referral waits, and nothing else.
    Park {
        /// Whose.
        name: OrgId,
        /// Its control id, as `status` shows it.
        message: String,
    },
    /// Try a message again that was put aside.
    Unpark {
        /// Whose.
        name: OrgId,
        /// Its control id, as `status` shows it.
        message: String,
    },
}

pub fn run(command: Link) -> anyhow::Result<()> {
    let Link { data, by, what } = command;
    let ask = match what {
        What::Status { name, json } => LinkAsk::Status { name, json },
        What::Pause { name } => LinkAsk::Pause { name, paused: true, by },
        What::Resume { name } => LinkAsk::Pause { name, paused: false, by },
        What::Replay { name, since } => {
            LinkAsk::Replay { name, since: Timestamp(since.as_millisecond()), by }
        }
        What::Park { name, message } => LinkAsk::Park { name, message, parked: true, by },
        What::Unpark { name, message } => LinkAsk::Park { name, message, parked: false, by },
    };
    super::told(&data, &Ask::Link { ask })
}
