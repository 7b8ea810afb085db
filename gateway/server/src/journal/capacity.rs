//! What an organization says of how much it can take on (SDOHCC CapacityStatus).

use loopgate_referral::{NeedCode, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// SDOHCC-ValueSetCapacityStatus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CapacityStatus {
    /// It takes people on.
    Capacity,
    /// It does not.
    NoCapacity,
    /// It puts people on a list.
    Waitlist,
    /// It has to look at each case first.
    AdditionalAssessmentRequired,
}

impl CapacityStatus {
    /// Its code.
    pub fn code(self) -> &'static str {
        match self {
            CapacityStatus::Capacity => "capacity",
            CapacityStatus::NoCapacity => "no-capacity",
            CapacityStatus::Waitlist => "waitlist",
            CapacityStatus::AdditionalAssessmentRequired => "additional-assessment-required",
        }
    }
}

/// What an organization says of its capacity. Nothing of it is about a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// For which need; all of them, if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<NeedCode>,
    /// How much.
    pub status: CapacityStatus,
    /// The last day on which it is so, `2026-12-31`, in the organization's time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The first instant at which it is so no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// In words, for other organizations to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
