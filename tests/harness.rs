//! A gateway process of its own for each story, and the parties that talk to it.

mod bundles;
mod gateway;
mod party;

pub use bundles::{Need, Referral, consent, patient};
pub use gateway::Gateway;
pub use party::{Answer, Party};
