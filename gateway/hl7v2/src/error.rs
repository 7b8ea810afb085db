//! What is wrong with a message, where, and how table 0357 calls it. Never a value of it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A place as ERR-2 says it (ERL, v2.5.1 §2.A.28).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The segment's name.
    pub segment: String,
    /// Which of that name, from 1.
    pub sequence: u32,
    /// The field, from 1.
    pub field: Option<u16>,
    /// The component, from 1.
    pub component: Option<u16>,
}

impl Place {
    /// A field of the first segment of that name.
    pub fn field(segment: &str, field: u16) -> Place {
        Place { segment: segment.to_owned(), sequence: 1, field: Some(field), component: None }
    }

    /// A segment.
    pub fn segment(segment: &str, sequence: u32) -> Place {
        Place { segment: segment.to_owned(), sequence, field: None, component: None }
    }
}

/// Not a place: `PID-3`, `RF1-6.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in a message")]
pub struct BadPlace;

impl FromStr for Place {
    type Err = BadPlace;

    /// What [`crate::Location`] reads, without its selections.
    fn from_str(text: &str) -> Result<Place, BadPlace> {
        let location: crate::Location = text.parse().map_err(|_| BadPlace)?;
        let mut place = Place::field(&location.segment, location.field);
        place.component = location.component;
        Ok(place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.segment)?;
        if self.sequence > 1 {
            write!(f, "[{}]", self.sequence)?;
        }
        if let Some(field) = self.field {
            write!(f, "-{field}")?;
        }
        if let Some(component) = self.component {
            write!(f, ".{component}")?;
        }
        Ok(())
    }
}

/// Table 0357, message error condition codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // the names are the table's
pub enum ErrorCode {
    Accepted,
    SegmentSequence,
    RequiredFieldMissing,
    DataType,
    TableValueNotFound,
    ValueTooLong,
    UnsupportedMessageType,
    UnsupportedEventCode,
    UnsupportedProcessingId,
    UnsupportedVersionId,
    UnknownKeyIdentifier,
    DuplicateKeyIdentifier,
    ApplicationRecordLocked,
    ApplicationInternalError,
}

impl ErrorCode {
    /// Its number in the table.
    pub fn number(self) -> u16 {
        match self {
            ErrorCode::Accepted => 0,
            ErrorCode::SegmentSequence => 100,
            ErrorCode::RequiredFieldMissing => 101,
            ErrorCode::DataType => 102,
            ErrorCode::TableValueNotFound => 103,
            ErrorCode::ValueTooLong => 104,
            ErrorCode::UnsupportedMessageType => 200,
            ErrorCode::UnsupportedEventCode => 201,
            ErrorCode::UnsupportedProcessingId => 202,
            ErrorCode::UnsupportedVersionId => 203,
            ErrorCode::UnknownKeyIdentifier => 204,
            ErrorCode::DuplicateKeyIdentifier => 205,
            ErrorCode::ApplicationRecordLocked => 206,
            ErrorCode::ApplicationInternalError => 207,
        }
    }

    /// Its text in the table.
    pub fn text(self) -> &'static str {
        match self {
            ErrorCode::Accepted => "Message accepted",
            ErrorCode::SegmentSequence => "Segment sequence error",
            ErrorCode::RequiredFieldMissing => "Required field missing",
            ErrorCode::DataType => "Data type error",
            ErrorCode::TableValueNotFound => "Table value not found",
            ErrorCode::ValueTooLong => "Value too long",
            ErrorCode::UnsupportedMessageType => "Unsupported message type",
            ErrorCode::UnsupportedEventCode => "Unsupported event code",
            ErrorCode::UnsupportedProcessingId => "Unsupported processing id",
            ErrorCode::UnsupportedVersionId => "Unsupported version id",
            ErrorCode::UnknownKeyIdentifier => "Unknown key identifier",
            ErrorCode::DuplicateKeyIdentifier => "Duplicate key identifier",
            ErrorCode::ApplicationRecordLocked => "Application record locked",
            ErrorCode::ApplicationInternalError => "Application internal error",
        }
    }

    /// Whether it rejects the message as such (AR, CR) rather than what it says (AE, CE): v2.5.1
    /// §2.9.2.2, step 1.
    pub fn rejects(self) -> bool {
        (200..=203).contains(&self.number())
    }
}

/// One thing wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// How the table calls it.
    pub code: ErrorCode,
    /// Where.
    pub at: Option<Place>,
    /// In words, which follow the place: `PID-3 is empty`.
    pub words: Cow<'static, str>,
}

impl Flaw {
    /// A flaw at a place.
    pub fn at(code: ErrorCode, at: Place, words: impl Into<Cow<'static, str>>) -> Flaw {
        Flaw { code, at: Some(at), words: words.into() }
    }

    /// A flaw of the message as a whole.
    pub fn whole(code: ErrorCode, words: impl Into<Cow<'static, str>>) -> Flaw {
        Flaw { code, at: None, words: words.into() }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(at) => write!(f, "{at} {}", self.words),
            None => f.write_str(&self.words),
        }
    }
}
