//! What comes beside the steps of a placement: attempts to reach the person, comments, documents.

use serde::{Deserialize, Serialize};

use crate::{Outcome, Says, Timestamp};

/// Why a target declines: code, and words for it.
pub const DECLINE_REASONS: [(&str, &str); 8] = [
    ("no-capacity", "We have no room at the moment"),
    ("not-eligible", "We cannot offer this to the person"),
    ("out-of-area", "The person is outside our area"),
    ("not-reached", "We could not reach the person"),
    ("not-our-client", "The person is not a client of ours"),
    ("already-served", "The person was served already"),
    ("client-declined", "The person does not want it"),
    ("other", "Another reason"),
];

/// By which way somebody tried to reach the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // the names say it
pub enum ContactHow {
    Phone,
    Text,
    Email,
    Visit,
    Letter,
}

impl ContactHow {
    /// Every way.
    pub const ALL: [ContactHow; 5] = [
        ContactHow::Phone,
        ContactHow::Text,
        ContactHow::Email,
        ContactHow::Visit,
        ContactHow::Letter,
    ];

    /// The code of it.
    pub fn code(self) -> &'static str {
        match self {
            ContactHow::Phone => "phone",
            ContactHow::Text => "text",
            ContactHow::Email => "email",
            ContactHow::Visit => "visit",
            ContactHow::Letter => "letter",
        }
    }

    /// The way with this code.
    pub fn from_code(code: &str) -> Option<ContactHow> {
        ContactHow::ALL.into_iter().find(|how| how.code() == code)
    }
}

/// One attempt to reach the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactAttempt {
    /// How.
    pub how: ContactHow,
    /// They were reached.
    pub reached: bool,
    /// What is to be said of it. May be about the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl ContactAttempt {
    /// In words.
    pub fn words(&self) -> String {
        let how = self.how.code();
        let came = if self.reached { "reached" } else { "not reached" };
        match &self.text {
            Some(text) => format!("contact attempt by {how}: {came}; {text}"),
            None => format!("contact attempt by {how}: {came}"),
        }
    }
}

/// What one party wrote to the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// When.
    pub at: Timestamp,
    /// The target wrote it, not the source.
    pub by_target: bool,
    /// The words.
    pub text: String,
}

/// What a target told beside the steps of its Task: a note, an attempt, an appointment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// When.
    pub at: Timestamp,
    /// What.
    pub says: Says,
}

/// A document that one party added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its logical id, as a DocumentReference.
    pub id: String,
    /// Its name. May be about the person.
    pub name: String,
    /// Its media type.
    pub media: String,
    /// SHA-256 of its bytes.
    #[serde(with = "hex::serde")]
    pub sha256: [u8; 32],
    /// How many bytes.
    pub bytes: u64,
}

/// A document, and who added it when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// When.
    pub at: Timestamp,
    /// The target added it, not the source.
    pub by_target: bool,
    /// What it is.
    pub attachment: Attachment,
}

/// A service that a target says it gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The service.
    pub outcome: Outcome,
    /// The version of its Procedure.
    pub version: u64,
    /// When that last changed.
    pub changed: Timestamp,
    /// It was said in error.
    pub withdrawn: bool,
}

/// What was done for the person, service by service; empty if it is not said what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Services", into = "Services")]
pub struct Served(pub Vec<Outcome>);

/// As it is written: nothing, one, or a list; one alone was all there could be once.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Services {
    Many(Vec<Outcome>),
    One(Outcome),
    Unsaid(Option<()>),
}

impl From<Services> for Served {
    fn from(services: Services) -> Served {
        match services {
            Services::Many(all) => Served(all),
            Services::One(one) => Served(vec![one]),
            Services::Unsaid(_) => Served(Vec::new()),
        }
    }
}

impl From<Served> for Services {
    fn from(Served(mut all): Served) -> Services {
        match (all.pop(), all.is_empty()) {
            (None, _) => Services::Unsaid(None),
            (Some(one), true) => Services::One(one),
            (Some(last), false) => {
                all.push(last);
                Services::Many(all)
            }
        }
    }
}
