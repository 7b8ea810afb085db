//! Ways out that we begin: webhooks, e-mails, HL7 v2 messages, and checkpoints to witnesses.

pub mod courier;
pub mod link;
pub mod mail;
pub mod mailing;
pub mod notices;
pub mod targets;
pub mod webhook;
pub mod witnesses;
