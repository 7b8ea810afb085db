//! Ways out that we begin: pushed deliveries, e-mails, and checkpoints to witnesses.

pub mod courier;
pub mod link;
pub mod mail;
pub mod mailing;
pub mod notices;
pub mod targets;
pub mod witnesses;
