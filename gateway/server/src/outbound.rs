//! Ways out that we begin: pushed deliveries.

pub mod courier;
pub mod targets;
