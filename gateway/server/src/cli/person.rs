//! `loopgate person`: legal holds and erasure.

use std::path::PathBuf;

use anyhow::ensure;
use clap::{Args, Subcommand};
use loopgate_server::admin::{Ask, Who};
use loopgate_server::journal::ShredGround;

#[derive(Args)]
pub struct Person {
    /// The deployment.
    #[arg(long, value_name = "DIR", global = true, default_value = ".")]
    data: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Hold what is about a person for a case: nothing of it is erased while the case is open.
    Hold {
        /// Whose: `per_…`, or an identifier as `SYSTEM|VALUE`.
        person: Who,
        /// The case.
        #[arg(long)]
        case: String,
        /// Who says so; recorded.
        #[arg(long)]
        by: String,
        /// The case needs it no longer.
        #[arg(long)]
        lift: bool,
    },
    /// Destroy the keys of persons, for ever: what was kept about them cannot be read by anybody, and
    /// every proof still holds. The gateway answers nobody while it does it.
    Erase {
        /// Whose: `per_…`, or an identifier as `SYSTEM|VALUE`.
        #[arg(required = true)]
        persons: Vec<Who>,
        /// Who says so; recorded.
        #[arg(long)]
        by: String,
        /// The order of a court or an authority; without one, what has to be kept must have been kept
        /// long enough.
        #[arg(long, value_name = "REFERENCE")]
        order: Option<String>,
        /// It cannot be undone.
        #[arg(long)]
        for_ever: bool,
    },
}

pub fn run(command: Person) -> anyhow::Result<()> {
    let ask = match command.what {
        What::Hold { person, case, by, lift } => Ask::Hold { person, case, by, lift },
        What::Erase { persons, by, order, for_ever } => {
            ensure!(for_ever, "it cannot be undone: say --for-ever");
            let ground = match order {
                Some(order) => ShredGround::Order { order },
                None => ShredGround::RetentionOver,
            };
            Ask::Erase { persons: persons.into_iter().collect(), ground, by }
        }
    };
    super::told(&command.data, &ask)
}
