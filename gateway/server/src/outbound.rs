//! Ways out that we begin: pushed deliveries, and checkpoints to witnesses.

pub mod courier;
pub mod link;
pub mod mail;
pub mod notices;
pub mod targets;
pub mod witnesses;
