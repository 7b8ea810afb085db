//! `loopgate mail`: what the mail server of a deployment tells it.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use loopgate_server::admin::{Ask, MailAsk};
use loopgate_server::bounce::{REPORT_BYTES_MAX, Report, read};

#[derive(Args)]
pub struct Mail {
    /// The deployment.
    #[arg(long, value_name = "DIR", global = true, default_value = ".")]
    data: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Read a delivery status notification, as the mail server pipes it: an e-mail of ours that failed for
    /// good marks its address. What is no such notification is passed over.
    Bounce {
        /// Its file; `-` for standard input.
        file: PathBuf,
    },
}

pub fn run(command: Mail) -> anyhow::Result<()> {
    let Mail { data, what: What::Bounce { file } } = command;
    let mut bytes = Vec::new();
    let most = REPORT_BYTES_MAX as u64 + 1;
    if file.as_os_str() == "-" {
        std::io::stdin().take(most).read_to_end(&mut bytes)?;
    } else {
        let file = std::fs::File::open(&file).context("the notification")?;
        file.take(most).read_to_end(&mut bytes)?;
    }
    match read(&bytes) {
        Ok(Report::Failed { message_id, status }) => {
            super::told(&data, &Ask::Mail { ask: MailAsk::Bounced { message_id, status } })
        }
        // A mail server that is told no sends it again, or to somebody else.
        Ok(Report::NotFailed) => {
            println!("no failure: nothing was done");
            Ok(())
        }
        Err(unread) => {
            println!("{unread}: nothing was done");
            Ok(())
        }
    }
}
