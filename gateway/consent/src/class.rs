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
    /// SDOHCC category `transportation-insecurity`.
    Transport,
    /// SDOHCC category `utility-insecurity`.
    Utilities,
    /// SDOHCC categories `employment-status`, `educational-attainment`.
    Employment,
    /// SDOHCC categories `financial-insecurity`, `material-hardship`, `medical-cost-burden`,
    /// `health-insurance-coverage-status`.
    Financial,
    /// SDOHCC categories `social-connection`, `stress`, `digital-access`, `health-literacy`,
    /// `language-access`, `personal-health-literacy`, `digital-literacy`.
    Social,
    /// SDOHCC category `veteran-status`.
    Veteran,
    /// SDOHCC categories `intimate-partner-violence`, `elder-abuse`.
    Ipv,
    /// SDOHCC category `incarceration-status`.
    Justice,
}

impl DataClass {
    /// Every class.
    pub const ALL: [DataClass; 10] = [
        DataClass::Food,
        DataClass::Housing,
        DataClass::Transport,
        DataClass::Utilities,
        DataClass::Employment,
        DataClass::Financial,
        DataClass::Social,
        DataClass::Veteran,
        DataClass::Ipv,
        DataClass::Justice,
    ];

    /// The class of an SDOHCC category; `None` for a category no class covers, which no Grant can
    /// then permit.
    pub fn of(need: &NeedCode) -> Option<DataClass> {
        DataClass::ALL.into_iter().find(|class| class.needs().contains(&need.as_str()))
    }

    /// The SDOHCC categories of a class.
    pub fn needs(self) -> &'static [&'static str] {
        match self {
            DataClass::Food => &["food-insecurity"],
            DataClass::Housing => &["housing-instability", "homelessness", "inadequate-housing"],
            DataClass::Transport => &["transportation-insecurity"],
            DataClass::Utilities => &["utility-insecurity"],
            DataClass::Employment => &["employment-status", "educational-attainment"],
            DataClass::Financial => &[
                "financial-insecurity",
                "material-hardship",
                "medical-cost-burden",
                "health-insurance-coverage-status",
            ],
            DataClass::Social => &[
                "social-connection",
                "stress",
                "digital-access",
                "digital-literacy",
                "health-literacy",
                "personal-health-literacy",
                "language-access",
            ],
            DataClass::Veteran => &["veteran-status"],
            DataClass::Ipv => &["intimate-partner-violence", "elder-abuse"],
            DataClass::Justice => &["incarceration-status"],
        }
    }

    /// Its name, which is also its minimum-necessary template's.
    pub fn name(self) -> &'static str {
        match self {
            DataClass::Food => "food",
            DataClass::Housing => "housing",
            DataClass::Transport => "transport",
            DataClass::Utilities => "utilities",
            DataClass::Employment => "employment",
            DataClass::Financial => "financial",
            DataClass::Social => "social",
            DataClass::Veteran => "veteran",
            DataClass::Ipv => "ipv",
            DataClass::Justice => "justice",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_name_and_its_needs() {
        let names = DataClass::ALL.map(DataClass::name);
        assert_eq!(names[..3], ["food", "housing", "transport"]);
        assert!(names.iter().all(|name| names.iter().filter(|other| *other == name).count() == 1));
        for class in DataClass::ALL {
            for need in class.needs() {
                assert_eq!(DataClass::of(&need.parse().unwrap()), Some(class), "{need}");
            }
        }
        assert_eq!(DataClass::of(&"sdoh-category-unspecified".parse().unwrap()), None);
    }

    #[test]
    fn a_purpose_is_a_code_in_capitals() {
        let purpose: Purpose = "CAREMGT".parse().unwrap();
        assert_eq!(
            (purpose.code(), String::from(purpose.clone())),
            ("CAREMGT", "CAREMGT".to_owned())
        );
        for wrong in ["", "caremgt", "CARE MGT", "ABCDEFGHIJKLMNOPQRSTU"] {
            assert!(wrong.parse::<Purpose>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_action_is_read_as_it_is_written() {
        let names = Action::ALL.map(|action| action.to_string());
        assert_eq!(names, ["submit", "forward", "update_back", "notify", "status_read"]);
        for action in Action::ALL {
            assert_eq!(action.name().parse(), Ok(action));
        }
        assert!("read".parse::<Action>().is_err());
    }
}
