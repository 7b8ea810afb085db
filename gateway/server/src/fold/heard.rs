//! What is known of HL7 v2 messages taken in.

use serde::{Deserialize, Serialize};

use super::Locator;

/// An HL7 v2 message taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// SHA-256 of it.
    pub content: [u8; 32],
    /// Where its acknowledgement lies.
    pub ack: Locator,
}

/// How a referral came as HL7 v2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken {
    /// MSH-10 of the message.
    pub control: String,
    /// MSH-16 asks for an application answer.
    pub asked: bool,
    /// Fields that nothing here says on.
    pub not_carried: Vec<String>,
}
