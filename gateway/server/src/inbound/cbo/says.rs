//! The bodies of the acts at `/cbo/v1`. From these types they are read, and the document is written.

use loopgate_referral::{ContactAttempt, ContactHow, DECLINE_REASONS};
use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Category, Code, Day, HeadCount, Instant, LISTED, Name, Words};
use crate::journal::CapacityStatus;
use crate::openapi::{Schemas, of, shows};

/// A member that may be left out, and is not null.
fn there<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// No member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// Why.
    pub reason: Reason,
}

/// A reason, with a code of the caller's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Its class.
    pub code: Code,
    /// In words.
    pub text: Words,
}

/// Why it is not, or was not, done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotDone {
    /// Why.
    pub reason: ListedReason,
}

/// A reason by one of the listed codes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListedReason {
    /// Its class.
    pub code: DeclineCode,
    /// In words; the code's own, if it is left out.
    #[serde(default, deserialize_with = "there")]
    pub text: Option<Words>,
}

/// A code of [`DECLINE_REASONS`]: its place there.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct DeclineCode(usize);

impl DeclineCode {
    /// The code, and words for it.
    pub fn said(self) -> (&'static str, &'static str) {
        DECLINE_REASONS[self.0]
    }
}

impl TryFrom<String> for DeclineCode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<DeclineCode, &'static str> {
        let listed = DECLINE_REASONS.iter().position(|(code, _)| *code == text);
        listed.map(DeclineCode).ok_or(LISTED)
    }
}

impl PartialSchema for DeclineCode {
    fn schema() -> RefOr<Schema> {
        let listed = DECLINE_REASONS.iter().map(|(code, words)| format!("- `{code}`: {words}."));
        let words = format!("Why.\n\n{}", listed.collect::<Vec<_>>().join("\n"));
        let codes: Vec<&str> = DECLINE_REASONS.iter().map(|(code, _)| *code).collect();
        let object = Object::builder().schema_type(Type::String).description(Some(words));
        RefOr::T(Schema::Object(object.enum_values(Some(codes)).build()))
    }
}

impl ToSchema for DeclineCode {}

/// An appointment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Book {
    /// When it begins.
    pub start: Instant,
    /// Where.
    #[serde(default, deserialize_with = "there")]
    pub place: Option<Words>,
}

/// Something in words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The words.
    pub text: Words,
}

/// An attempt to reach the person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// By which way.
    pub how: How,
    /// Whether the person was reached.
    pub reached: bool,
    /// What came of it, in words.
    #[serde(default, deserialize_with = "there")]
    pub text: Option<Words>,
}

/// A way to reach somebody.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// By telephone.
    Phone,
    /// By a text message.
    Text,
    /// By e-mail.
    Email,
    /// By going there.
    Visit,
    /// By a letter.
    Letter,
}

impl From<Attempt> for ContactAttempt {
    fn from(attempt: Attempt) -> ContactAttempt {
        let how = match attempt.how {
            How::Phone => ContactHow::Phone,
            How::Text => ContactHow::Text,
            How::Email => ContactHow::Email,
            How::Visit => ContactHow::Visit,
            How::Letter => ContactHow::Letter,
        };
        ContactAttempt { how, reached: attempt.reached, text: attempt.text.map(|text| text.0) }
    }
}

/// Who works on it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// A name or a role among your staff, at most 100 bytes of UTF-8; left out: nobody.
    #[serde(default, deserialize_with = "there")]
    #[schema(max_length = 100)]
    pub to: Option<Words>,
}

/// How the person is safely reached.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SafeContact {
    /// In words; left out: what was said before holds no more.
    #[serde(default, deserialize_with = "there")]
    pub text: Option<Words>,
}

/// For whom it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reroute {
    /// The organization it is for.
    pub to: Name,
    /// Why.
    pub reason: Reason,
}

/// One service that was given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The service in words.
    pub text: Words,
    /// A code of it; with its system.
    #[serde(default, deserialize_with = "there")]
    pub code: Option<Words>,
    /// The system of the code; with a code.
    #[serde(default, deserialize_with = "there")]
    pub system: Option<Words>,
}

/// One service, in a list of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The service in words.
    pub text: Words,
    /// A code of it; with its system.
    #[serde(default, deserialize_with = "there")]
    pub code: Option<Words>,
    /// The system of the code; with a code.
    #[serde(default, deserialize_with = "there")]
    pub system: Option<Words>,
    /// When; now, if it is left out.
    #[serde(default, deserialize_with = "there")]
    pub performed: Option<Instant>,
}

/// What was done: one service.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServedOne {
    /// The service.
    pub outcome: Outcome,
    /// When; now, if it is left out.
    #[serde(default, deserialize_with = "there")]
    pub performed: Option<Instant>,
}

/// What was done: several services.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServedSeveral {
    /// Each.
    #[schema(min_items = 1, max_items = 50)]
    pub services: Vec<Service>,
}

/// One service or several.
pub fn served(schemas: &mut Schemas) -> Value {
    json!({ "oneOf": [of::<ServedOne>(schemas), of::<ServedSeveral>(schemas)] })
}

/// A referral on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a mapping takes its members from the body")]
pub struct Refer {
    /// To whom: another organization that takes referrals (`/cbo/v1/organizations`).
    pub to: Name,
    /// Whom it is about.
    pub about: About,
    /// What is needed.
    pub need: Needed,
    /// What they should know; it passes only where the template of the need lists notes.
    #[serde(default, deserialize_with = "there")]
    pub note: Option<Words>,
    /// Who lives with the person.
    #[serde(default, deserialize_with = "there")]
    pub household: Option<LivesWith>,
}

/// One of both: a referral that you hold, or somebody new.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// A referral that was sent to you and is not over: it is the same person, as far as you are shown them.
    #[serde(default, deserialize_with = "there")]
    #[schema(pattern = "^ref_[0-9a-f]{32}$")]
    pub referral: Option<String>,
    /// Somebody who is new here, whoever else has their name.
    #[serde(default, deserialize_with = "there")]
    pub client: Option<Somebody>,
}

/// A person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a mapping takes its members from the body")]
pub struct Somebody {
    /// What they are called.
    pub name: Called,
    /// A telephone number.
    #[serde(default, deserialize_with = "there")]
    pub phone: Option<Words>,
    /// An e-mail address.
    #[serde(default, deserialize_with = "there")]
    pub email: Option<Words>,
    /// The language they prefer (BCP 47).
    #[serde(default, deserialize_with = "there")]
    pub language: Option<Words>,
}

/// A name: at least one member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a mapping takes its members from the body")]
pub struct Called {
    /// Family name.
    #[serde(default, deserialize_with = "there")]
    pub family: Option<Words>,
    /// Given names.
    #[serde(default, deserialize_with = "there")]
    #[schema(min_items = 1, max_items = 20)]
    pub given: Option<Vec<Words>>,
    /// The whole name, as it is written.
    #[serde(default, deserialize_with = "there")]
    pub text: Option<Words>,
}

/// What is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a mapping takes its members from the body")]
pub struct Needed {
    /// The kind of need.
    pub category: Category,
    /// How soon.
    #[serde(default, deserialize_with = "there")]
    pub priority: Option<Priority>,
    /// The service that is asked for; left out: whatever helps with the need.
    #[serde(default, deserialize_with = "there")]
    pub service: Option<Asked>,
    /// There if nobody may contact the person. It holds whoever refers them on.
    #[serde(default, deserialize_with = "there")]
    pub contact: Option<shows::Contact>,
}

/// How soon: FHIR's request-priority.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// In its turn.
    Routine,
    /// Before what is routine.
    Urgent,
    /// As soon as possible.
    Asap,
    /// At once.
    Stat,
}

/// A service that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a mapping takes its members from the body")]
pub struct Asked {
    /// The system of the code, a URI.
    pub system: Words,
    /// Its code.
    pub code: Words,
    /// It in words.
    #[serde(default, deserialize_with = "there")]
    pub display: Option<Words>,
}

/// Who lives with the person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a mapping takes its members from the body")]
pub struct LivesWith {
    /// How many live or stay there.
    #[schema(value_type = u8, minimum = 1, maximum = 255)]
    pub size: HeadCount,
}

/// How much can be taken on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CapacityReport)]
pub struct Capacity {
    /// How much, in the words of SDOHCC.
    pub status: CapacityStatus,
    /// Of which kind of need; left out: of each.
    #[serde(default, deserialize_with = "there")]
    pub need: Option<Category>,
    /// The last day on which it is so, where you are; not before today.
    #[serde(default, deserialize_with = "there")]
    pub until: Option<Day>,
    /// In words, for whoever refers. Nothing about a person.
    #[serde(default, deserialize_with = "there")]
    pub note: Option<Words>,
}

/// What a type cannot say: a code goes with its system, and one of two is enough.
pub fn finish(schemas: &mut Schemas) {
    if let Some(about) = schemas.get_mut("About") {
        about["oneOf"] = json!([{ "required": ["referral"] }, { "required": ["client"] }]);
    }
    if let Some(name) = schemas.get_mut("Called") {
        name["minProperties"] = json!(1);
    }
    for name in ["Outcome", "Service"] {
        if let Some(schema) = schemas.get_mut(name) {
            schema["dependentRequired"] = json!({ "code": ["system"], "system": ["code"] });
        }
    }
}
