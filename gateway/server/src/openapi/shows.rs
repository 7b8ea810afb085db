//! What `/cbo/v1` answers, as the document says it. What a mapping writes is held against these by its
//! samples (`tests.rs`).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The word for where a referral stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nobody answered yet.
    New,
    /// Taken on.
    Accepted,
    /// Not taken on.
    Declined,
    /// Work began.
    InProgress,
    /// Suspended for a while.
    OnHold,
    /// The service was given.
    Served,
    /// It ended without the service.
    NotServed,
    /// It was called off, or given back.
    Cancelled,
    /// It should never have been sent.
    Withdrawn,
}

/// What is needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// SDOHCC's code of the kind of need, such as `food-insecurity`.
    pub category: String,
    /// There if the person must not be contacted: then nobody may call, write or visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// The service that was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Ordered>,
    /// How soon: FHIR's request-priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
}

/// Whether the person may be contacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Contact {
    /// Nobody may contact the person.
    DoNotContact,
}

/// A service that was ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ordered {
    /// Its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// It in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// The system of the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
}

/// The person, as far as the need and their consent let it pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// What they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// A telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// An e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The language they prefer (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonName {
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Given names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Vec<String>>,
    /// The whole name, as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Who lives with the person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Household {
    /// How many live or stay there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<f64>,
}

/// What has to be kept to with what is in the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Handling {
    /// Codes of v3-ActCode.
    pub codes: Vec<String>,
    /// The sentences they stand for.
    pub notices: Vec<String>,
}

/// A referral. What consent and need do not let pass is not in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Referral {
    /// Its id here.
    #[schema(pattern = "^ref_[0-9a-f]{32}$", example = "ref_0123456789abcdef0123456789abcdef")]
    pub referral_id: String,
    /// Where it stands.
    pub status: Status,
    /// What it has come to between two statuses, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_status: Option<String>,
    /// What is needed.
    pub need: Need,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// Who lives with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<Household>,
    /// What the source wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authored_on: Option<String>,
    /// The appointment that you booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment: Option<Appointment>,
    /// Who of you works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned: Option<String>,
    /// How the person is safely reached, as you noted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safe_contact: Option<String>,
    /// Names of what the source sent and this dialect has no member for; in a whole referral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_carried: Option<Vec<String>>,
    /// What has to be kept to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handling: Option<Handling>,
}

/// An appointment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Appointment {
    /// When it begins.
    #[schema(format = "date-time")]
    pub start: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// What was written of a referral.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Comments {
    /// Each, the oldest first.
    pub comments: Vec<Comment>,
}

/// One thing that was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// When.
    #[schema(format = "date-time")]
    pub at: String,
    /// Who wrote it.
    pub by: By,
    /// The words; not there if they may not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Who wrote something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Your organization.
    You,
    /// The organization that referred.
    Source,
}

/// A page of the inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Inbox {
    /// Need and status of each, in the order in which they changed, the oldest first.
    pub referrals: Vec<Referral>,
    /// Where to go on: give it as `after`. Not there if this is the end; with `wait` it always is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9a-f]{32}$")]
    pub next: Option<String>,
}

/// Where a referral stands after an act.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Which referral.
    #[schema(pattern = "^ref_[0-9a-f]{32}$")]
    pub referral_id: String,
    /// Where it stands now.
    pub status: Status,
    /// Its version now: what `If-Match` of the next act names.
    #[schema(minimum = 1)]
    pub version: u64,
}

/// That what is held about somebody must not be used any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Its id.
    pub id: String,
    /// What is to be done.
    pub kind: NoticeKind,
    /// Since when.
    #[schema(format = "date-time")]
    pub at: String,
    /// From which referrals it is.
    pub referrals: Vec<String>,
    /// The same in words.
    pub words: String,
}

/// What a notice asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// The person withdrew: stop using it, and pass it on to nobody.
    StopUse,
}

/// Those notices that were not said to be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Notices {
    /// Each.
    pub notices: Vec<Notice>,
}

/// Why something was refused (RFC 9457). Never a value of what was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// The kind of problem: `urn:loopgate:problem:…`.
    #[serde(rename = "type")]
    #[schema(format = "uri", example = "urn:loopgate:problem:invalid")]
    pub kind: String,
    /// The kind, in words.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What is wrong, and where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<Wrong>>,
    /// By what to ask about it: `urn:loopgate:refusal:…`, as in the header field `Loopgate-Correlation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// Where in the body: a JSON pointer as a URI fragment (RFC 6901 §6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "#/reason/code")]
    pub pointer: Option<String>,
    /// The parameter or header field, if it is none in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "limit")]
    pub at: Option<String>,
    /// What is wrong with it.
    pub detail: String,
}
