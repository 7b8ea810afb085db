//! Data classes, purposes of use and actions: what a Grant speaks of.

use std::fmt;
use std::str::FromStr;

use loopgate_referral::{BadId, NeedCode};
use serde::{Deserialize, Serialize};

/// A class of data a person can consent to share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataClass {
    /// SDOHCC category `food-insecurity`.
    Food,
    /// SDOHCC categories `housing-instability`, `homelessness`, `inadequate-housing`.
    Housing,
}

impl DataClass {
    /// The class of an SDOHCC category; `None` for a category no class covers yet, which no
    /// Grant can then permit.
    pub fn of(need: &NeedCode) -> Option<DataClass> {
        match need.as_str() {
            "food-insecurity" => Some(DataClass::Food),
            "housing-instability" | "homelessness" | "inadequate-housing" => {
                Some(DataClass::Housing)
            }
            _ => None,
        }
    }

    /// Its name, which is also its minimum-necessary template's.
    pub fn name(self) -> &'static str {
        match self {
            DataClass::Food => "food",
            DataClass::Housing => "housing",
        }
    }
}

/// A purpose of use: a code of HL7 v3 ActReason, `CAREMGT`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Purpose(String);

impl Purpose {
    /// The code.
    pub fn code(&self) -> &str {
        &self.0
    }
}

impl FromStr for Purpose {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let ok = (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase());
        if ok { Ok(Purpose(text.to_owned())) } else { Err(BadId) }
    }
}

impl TryFrom<String> for Purpose {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<Purpose> for String {
    fn from(purpose: Purpose) -> String {
        purpose.0
    }
}

/// What may be done with data under a Grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A source hands a referral in.
    Submit,
    /// The referral goes on to its target.
    Forward,
    /// The target's news go back to the source.
    UpdateBack,
    /// A party is told that something is there.
    Notify,
    /// A party reads the status.
    StatusRead,
}

impl Action {
    /// Every action: what an absent `provision.action` permits to the named parties.
    pub const ALL: [Action; 5] =
        [Action::Submit, Action::Forward, Action::UpdateBack, Action::Notify, Action::StatusRead];

    /// The name in partner files and in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Action::Submit => "submit",
            Action::Forward => "forward",
            Action::UpdateBack => "update_back",
            Action::Notify => "notify",
            Action::StatusRead => "status_read",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Action {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        Action::ALL.into_iter().find(|action| action.name() == text).ok_or(BadId)
    }
}
