//! What is said to `/cbo/v1`, read strictly: an unknown member is refused, and what is wrong is said
//! with a JSON pointer (RFC 6901) to where, in the form of RFC 9457's own example.

use std::fmt;

use loopgate_fhir::{Fault, IssueCode, is_category};
use loopgate_referral::{NeedCode, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::refusal::{Kind, Refusal, Trouble};
use crate::scribe::NOTE_BYTES_MAX;

/// A body as what it has to be; none at all is an object without members.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    let body = if body.is_empty() { b"{}" } else { body };
    let looked: Value = serde_json::from_slice(body).map_err(|_| Trouble::from(Kind::Malformed))?;
    if let Some(pointer) = stray_list(&looked, "#".to_owned(), false) {
        return Err(Refusal::at(Kind::Malformed, vec![of_another_type(pointer)]).into());
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        wrong(pointer, error.inner())
    })?;
    reader.end().map_err(|_| Trouble::from(Kind::Malformed))?;
    Ok(read)
}

/// The members that are lists.
const LISTS: [&str; 2] = ["services", "given"];

/// Where there is a list that is none of those: serde would take it for an object whose members are said by
/// their order.
fn stray_list(value: &Value, pointer: String, may_be: bool) -> Option<String> {
    match value {
        Value::Array(_) if !may_be => Some(pointer),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(n, item)| stray_list(item, format!("{pointer}/{n}"), false))
        }
        Value::Object(members) => members.iter().find_map(|(name, one)| {
            stray_list(one, member(&pointer, name), LISTS.contains(&name.as_str()))
        }),
        _ => None,
    }
}

fn of_another_type(pointer: String) -> Fault {
    Fault::new(IssueCode::Structure, pointer, "is of another type")
}

/// What serde says is wrong, in our words: its own may quote the message.
fn wrong(mut pointer: String, error: &serde_json::Error) -> Trouble {
    if !error.is_data() {
        // It is JSON: it was read as such.
        return Refusal::at(Kind::Malformed, vec![of_another_type(pointer)]).into();
    }
    let text = error.to_string();
    let named = |rest: &str| member(&pointer, rest.split('`').next().unwrap_or_default());
    let (code, words) = match text.split_once(" `") {
        Some(("missing field", rest)) => {
            pointer = named(rest);
            (IssueCode::Required, "is missing")
        }
        Some(("duplicate field", rest)) => {
            pointer = named(rest);
            (IssueCode::Structure, "is there twice")
        }
        Some(("unknown field", _)) => (IssueCode::Structure, "is not known here"),
        Some(("unknown variant", _)) => (IssueCode::Value, "is not one of the words there are"),
        _ if text.starts_with("invalid type") => (IssueCode::Structure, "is of another type"),
        _ => {
            // The words of the types below.
            let known = WORDS.iter().find(|words| text.starts_with(*words));
            (IssueCode::Value, *known.unwrap_or(&"is not a value that may be here"))
        }
    };
    let kind = if code == IssueCode::Value { Kind::Invalid } else { Kind::Malformed };
    Refusal::at(kind, vec![Fault::new(code, pointer, words)]).into()
}

/// Where, as a JSON pointer in a URI fragment. A member's name is text of the message too: one that does not
/// look like ours ends it.
fn pointer(path: &Path) -> String {
    let mut pointer = "#".to_owned();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer = format!("{pointer}/{index}"),
            Segment::Map { key } => {
                let longer = member(&pointer, key);
                if longer == pointer {
                    break;
                }
                pointer = longer;
            }
            Segment::Enum { .. } | Segment::Unknown => break,
        }
    }
    pointer
}

fn member(pointer: &str, name: &str) -> String {
    let ours = (1..=32).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if ours { format!("{pointer}/{name}") } else { pointer.to_owned() }
}

/// A value that a schema lets pass and that is none that may be there.
pub fn bad(at: &str, words: &'static str) -> Trouble {
    Refusal::invalid(vec![Fault::new(IssueCode::Value, at, words)]).into()
}

/// A place that is named with dots, as a JSON pointer in a URI fragment.
pub fn pointed_at(place: &str) -> String {
    let mut pointer = "#".to_owned();
    for step in place.split(['.', '[']).map(|step| step.trim_end_matches(']')) {
        if !step.is_empty() {
            pointer = pointer + "/" + &step.replace('~', "~0").replace('/', "~1");
        }
    }
    pointer
}

const TEXT: &str = "is not a text of 1 to 1000 bytes without the character NUL";
const CODE: &str = "is not a code of 1 to 40 of a-z, 0-9 and -";
const INSTANT: &str = "is not a date and time with its zone";
const CATEGORY: &str = "is no SDOHCC category";
const DAY: &str = "is not a date";
const NAME: &str = "is not a name of 1 to 64 of a-z, 0-9 and -";
pub const LISTED: &str = "is not one of the codes there are";
const WORDS: [&str; 7] = [TEXT, CODE, INSTANT, NAME, CATEGORY, DAY, LISTED];

/// A text that says something, and has no NUL.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Words(pub String);

impl TryFrom<String> for Words {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Words, &'static str> {
        let blank = text.chars().all(|c| c.is_whitespace() || c.is_control());
        if blank || text.len() > NOTE_BYTES_MAX || text.contains('\0') {
            return Err(TEXT);
        }
        Ok(Words(text))
    }
}

/// The class of a reason.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Code(pub String);

impl TryFrom<String> for Code {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Code, &'static str> {
        let sound = (1..=40).contains(&text.len())
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if sound { Ok(Code(text)) } else { Err(CODE) }
    }
}

/// An instant with its zone: a local time means another instant to somebody else.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct Instant(pub Timestamp);

impl TryFrom<String> for Instant {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Instant, &'static str> {
        let instant: Result<jiff::Timestamp, _> = text.parse();
        instant.map(|at| Instant(Timestamp(at.as_millisecond()))).map_err(|_| INSTANT)
    }
}

/// A kind of need.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Category(pub NeedCode);

impl TryFrom<String> for Category {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Category, &'static str> {
        let listed = text.parse().ok().filter(|_| is_category(&text));
        listed.map(Category).ok_or(CATEGORY)
    }
}

/// A day, `YYYY-MM-DD` and nothing else.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct Day(pub jiff::civil::Date);

impl TryFrom<String> for Day {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Day, &'static str> {
        let day: Option<jiff::civil::Date> = text.parse().ok();
        day.filter(|day| day.to_string() == text).map(Day).ok_or(DAY)
    }
}

/// A whole number of people. JSON has one kind of number: `4.0` is 4.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "f64")]
pub struct HeadCount;

impl TryFrom<f64> for HeadCount {
    type Error = &'static str;

    fn try_from(count: f64) -> Result<HeadCount, &'static str> {
        let whole = (1.0..=255.0).contains(&count) && count.fract() == 0.0;
        whole.then_some(HeadCount).ok_or("is no number of people")
    }
}

/// The name of an organization, as `Organization/NAME`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(pub loopgate_referral::OrgId);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Name, &'static str> {
        text.parse().map(Name).map_err(|_| NAME)
    }
}

fn text(words: &str) -> ObjectBuilder {
    Object::builder().schema_type(Type::String).description(Some(words))
}

fn said(object: ObjectBuilder) -> RefOr<Schema> {
    RefOr::T(Schema::Object(object.build()))
}

/// ECMA-262, the pattern of [`Words`].
const WORDS_PATTERN: &str = "^[^\\u0000]*[^\\s\\u0000-\\u001F\\u007F-\\u009F][^\\u0000]*$";

impl PartialSchema for Words {
    fn schema() -> RefOr<Schema> {
        let words = "A text that is not blank: at most 1000 bytes of UTF-8, without the character NUL. It may \
                     be about the person; it is told to whoever may read it, and to nobody else.";
        said(text(words).min_length(Some(1)).max_length(Some(1000)).pattern(Some(WORDS_PATTERN)))
    }
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        said(text("The class of a reason, for programs.").pattern(Some("^[a-z0-9-]{1,40}$")))
    }
}

impl PartialSchema for Instant {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        said(text("A date and time with its zone (RFC 3339).").format(Some(format)))
    }
}

impl PartialSchema for Name {
    fn schema() -> RefOr<Schema> {
        let words = "The name of an organization: the last part of its `Organization/NAME`.";
        said(text(words).pattern(Some("^[a-z0-9-]{1,64}$")))
    }
}

impl PartialSchema for Category {
    fn schema() -> RefOr<Schema> {
        let words = "A kind of need: a code of SDOHCC's value set of categories, such as `food-insecurity`.";
        said(text(words).pattern(Some("^[a-z0-9-]{1,64}$")).examples(["food-insecurity"]))
    }
}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Date);
        said(text("A day.").format(Some(format)))
    }
}

impl ToSchema for Category {}
impl ToSchema for Day {}
impl ToSchema for Words {}
impl ToSchema for Code {}
impl ToSchema for Instant {}
impl ToSchema for Name {}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
