//! Ways out that we begin: pushed deliveries.

pub mod courier;
pub mod link;
pub mod mail;
pub mod notices;
pub mod targets;
