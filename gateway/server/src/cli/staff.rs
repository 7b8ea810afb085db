//! `loopgate staff`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use loopgate_server::clock::{Clock, SystemClock};
use loopgate_server::staff::{Account, StaffName, StaffRole};

#[derive(Args)]
pub struct Staff {
    /// The deployment.
    #[arg(long, value_name = "DIR", global = true, default_value = ".")]
    data: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make an account; its password and the secret of its one-time codes are printed once.
    Add {
        /// Its name: `[a-z0-9-]`.
        name: StaffName,
        /// What they may do; may be given twice.
        #[arg(long, value_enum, required = true)]
        role: Vec<RoleArg>,
    },
    /// Let somebody sign in no more; in effect with their next click.
    Suspend {
        /// Their name.
        name: StaffName,
        /// Let them sign in again.
        #[arg(long)]
        lift: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArg {
    Coordinator,
    Auditor,
}

pub fn run(command: Staff) -> anyhow::Result<()> {
    let config = super::config_of(&command.data)?;
    let keys = &config.folders.keys;
    match command.what {
        What::Add { name, role } => {
            let clock = SystemClock::new();
            let mut random = |buffer: &mut [u8]| clock.random(buffer);
            let roles = role.into_iter().map(|role| match role {
                RoleArg::Coordinator => StaffRole::Coordinator,
                RoleArg::Auditor => StaffRole::Auditor,
            });
            let told = Account::make(keys, &name, roles.collect(), &mut random)?;
            println!("{name} signs in at {}/staff", config.people.base_url);
            println!("password       {}", told.password);
            println!("authenticator  {}", told.otpauth);
            println!("Neither is shown again.");
        }
        What::Suspend { name, lift } => {
            Account::suspend(keys, &name, !lift)?;
            println!("{name} is {}", if lift { "reinstated" } else { "suspended" });
        }
    }
    Ok(())
}
