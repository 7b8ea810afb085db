//! What is answered beside the inbox, as the document says it: what one sent oneself, documents, other
//! organizations, and what became of the rows of a spreadsheet.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shows::{Client, Household, Need, Status};
use crate::journal::CapacityStatus;

/// What became of a referral when it came in. Sent again with its key it is the same answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Referred {
    /// Its id here.
    #[schema(pattern = "^ref_[0-9a-f]{32}$")]
    pub referral_id: String,
    /// `new`, or `declined` if it may go nowhere.
    pub status: Status,
    /// `waiting for consent`, if it goes nowhere until the person agrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_status: Option<String>,
    /// Why it goes nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Why>,
    /// Its version.
    #[schema(minimum = 1)]
    pub version: u64,
}

/// Why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// Its class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A referral that you sent. What its target said is in it as far as consent lets it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SentReferral {
    /// Its id here.
    #[schema(pattern = "^ref_[0-9a-f]{32}$")]
    pub referral_id: String,
    /// To whom.
    pub to: String,
    /// Where it stands.
    pub status: Status,
    /// What it has come to between two statuses, in words; `answer withheld` if consent lets none back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_status: Option<String>,
    /// Why it stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Why>,
    /// What is needed.
    pub need: Need,
    /// Whom it is about; not in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// Who lives with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<Household>,
    /// What you wrote when you sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When you sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authored_on: Option<String>,
    /// Its version: what `If-Match` names.
    #[schema(minimum = 1)]
    pub version: u64,
    /// What was given; not in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<GivenService>>,
    /// What you and the target wrote to each other, the oldest first; not in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments: Option<Vec<SentComment>>,
}

/// A service that was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenService {
    /// It in words.
    pub text: String,
    /// When.
    #[schema(format = "date-time")]
    pub performed: String,
    /// The system of the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// One thing that was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SentComment {
    /// When.
    #[schema(format = "date-time")]
    pub at: String,
    /// Which organization wrote it.
    pub by: String,
    /// The words.
    pub text: String,
}

/// A page of what you sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SentPage {
    /// Each, in the order in which they changed, the oldest first.
    pub sent: Vec<SentReferral>,
    /// Where to go on: give it as `after`. Not there if this is the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9a-f]{32}$")]
    pub next: Option<String>,
}

/// A document of a referral, without its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its id.
    #[schema(pattern = "^[0-9a-f-]{36}$")]
    pub id: String,
    /// What it is called: the name that was given, safe to save under.
    pub name: String,
    /// Its media type: `application/pdf`, `image/png`, `image/jpeg` or `text/plain`.
    pub media: String,
    /// SHA-256 of its bytes.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
    /// How many bytes it has.
    #[schema(minimum = 1)]
    pub bytes: u64,
    /// When it was added.
    #[schema(format = "date-time")]
    pub at: String,
    /// Which organization added it.
    pub by: String,
}

/// Documents of a referral.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Documents {
    /// Each that you may read.
    pub attachments: Vec<Document>,
}

/// How much an organization can take on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// How much, in the words of SDOHCC.
    pub status: CapacityStatus,
    /// Of which kind of need; not there: of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<String>,
    /// The last day on which it is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date")]
    pub until: Option<String>,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was said.
    #[schema(format = "date-time")]
    pub reported: String,
}

/// What you said of your capacity and is still so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Capacities {
    /// For each kind of need, and for all.
    pub capacity: Vec<Reported>,
}

/// An organization that takes referrals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// What `to` of a referral names.
    #[schema(pattern = "^[a-z0-9-]{1,64}$")]
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it said of its capacity and is still so.
    pub capacity: Vec<Reported>,
}

/// Other organizations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Organizations {
    /// Each that takes referrals now.
    pub organizations: Vec<Organization>,
}

/// What became of a spreadsheet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SheetReport {
    /// How many rows were taken.
    pub taken: u64,
    /// How many rows say what is so already.
    pub unchanged: u64,
    /// Of how many rows something was not done.
    pub wrong: u64,
    /// Letters of the columns whose headings mean nothing here; nothing was read from them.
    pub columns_not_read: Vec<String>,
    /// Each row that is not empty.
    pub rows: Vec<SheetRow>,
}

/// What became of a row. No cell is repeated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SheetRow {
    /// As a spreadsheet numbers it: the headings are row 1.
    #[schema(minimum = 1)]
    pub row: u64,
    /// What became of it.
    pub result: Became,
    /// The referral, if the row names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral_id: Option<String>,
    /// Its version now, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// What was done, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Vec<String>>,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problems: Option<Vec<SheetProblem>>,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Became {
    /// Something was done, and is recorded.
    Taken,
    /// What it says is so already.
    Unchanged,
    /// Something of it was not done.
    Wrong,
}

/// What is wrong with a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SheetProblem {
    /// Which kind, for programs.
    pub code: String,
    /// What to do, for people.
    pub to_do: String,
    /// The heading of its column, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}
