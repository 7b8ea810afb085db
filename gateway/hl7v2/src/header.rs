//! MSH, read: who sends what to whom, and which acknowledgements it asks for (v2.5.1 §2.9, §2.15.9).

use crate::escape::{is_null, unescape};
use crate::{ErrorCode, Flaw, Message, Place};

/// What MSH says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// MSH-3.1.
    pub application: String,
    /// MSH-4.1.
    pub facility: String,
    /// MSH-7.1, as written.
    pub time: String,
    /// MSH-9.1.
    pub code: String,
    /// MSH-9.2.
    pub event: String,
    /// MSH-10, as it stands in the message.
    pub control_id: String,
    /// MSH-11.1.
    pub processing: Processing,
    /// MSH-12.1.
    pub version: String,
    /// MSH-15 and MSH-16.
    pub mode: AckMode,
}

/// Table 0103.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the table's
pub enum Processing {
    Production,
    Training,
    Debugging,
}

/// When an acknowledgement is wanted: table 0155.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// AL
    Always,
    /// NE
    Never,
    /// ER: on error or rejection.
    Error,
    /// SU: on success.
    Success,
}

/// Which acknowledgements a message asks for (v2.5.1 §2.9.2, §2.9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckMode {
    /// MSH-15 and MSH-16 are both empty: one application acknowledgement, at once.
    Original,
    /// One of them is valued: an accept acknowledgement at once, an application one later.
    Enhanced {
        /// MSH-15.
        accept: Wanted,
        /// MSH-16.
        application: Wanted,
    },
}

impl Wanted {
    /// Whether one is wanted after this outcome.
    pub fn after(self, success: bool) -> bool {
        match self {
            Wanted::Always => true,
            Wanted::Never => false,
            Wanted::Error => !success,
            Wanted::Success => success,
        }
    }
}

/// The longest MSH-10 (v2.7 §2.14.9.10; 20 before).
const CONTROL_ID_BYTES_MAX: usize = 199;

impl Header {
    /// Reads MSH, or says everything that is wrong with it.
    pub fn of(message: &Message) -> Result<Header, Vec<Flaw>> {
        let mut flaws = Vec::new();
        let mut flaw = |code, field, words| {
            flaws.push(Flaw::at(code, Place::field("MSH", field), words));
        };
        let text = |field, component| message.header(field, component);
        let control_id = message.control_id().unwrap_or_default().to_owned();
        if control_id.is_empty() {
            flaw(ErrorCode::RequiredFieldMissing, 10, "is empty");
        }
        if control_id.len() > CONTROL_ID_BYTES_MAX {
            flaw(ErrorCode::ValueTooLong, 10, "is over 199 characters");
        }
        if text(9, 1).is_empty() {
            flaw(ErrorCode::RequiredFieldMissing, 9, "is empty");
        }
        let processing = match text(11, 1).as_str() {
            "P" => Processing::Production,
            "T" => Processing::Training,
            "D" => Processing::Debugging,
            _ => {
                flaw(ErrorCode::UnsupportedProcessingId, 11, "is not P, T or D");
                Processing::Debugging
            }
        };
        let version = text(12, 1);
        if !is_version(&version) {
            flaw(ErrorCode::UnsupportedVersionId, 12, "is not a version from 2.1 to 2.9");
        }
        let mut wanted = |field: u16| {
            Some(match message.header(field.into(), 1).as_str() {
                "" => return None,
                "AL" => Wanted::Always,
                "NE" => Wanted::Never,
                "ER" => Wanted::Error,
                "SU" => Wanted::Success,
                _ => {
                    flaw(ErrorCode::TableValueNotFound, field, "is not AL, NE, ER or SU");
                    return None;
                }
            })
        };
        let mode = match (wanted(15), wanted(16)) {
            (None, None) => AckMode::Original,
            (accept, application) => AckMode::Enhanced {
                accept: accept.unwrap_or(Wanted::Never),
                application: application.unwrap_or(Wanted::Never),
            },
        };
        let header = Header {
            application: text(3, 1),
            facility: text(4, 1),
            time: text(7, 1),
            code: text(9, 1),
            event: text(9, 2),
            control_id,
            processing,
            version,
            mode,
        };
        if flaws.is_empty() { Ok(header) } else { Err(flaws) }
    }
}

impl Message {
    /// A component of MSH, as text.
    fn header(&self, field: usize, component: usize) -> String {
        let raw = self.raw("MSH", field, component).filter(|raw| !is_null(raw));
        raw.map(|raw| unescape(raw, &self.delimiters)).unwrap_or_default()
    }

    /// MSH-10 as it stands, if it is there.
    pub fn control_id(&self) -> Option<&str> {
        self.raw("MSH", 10, 1).filter(|raw| !raw.is_empty() && !is_null(raw))
    }

    /// Whether it is an acknowledgement itself, or an answer to a message: it has MSA, or says so.
    pub fn is_acknowledgement(&self) -> bool {
        self.raw("MSH", 9, 1) == Some("ACK") || self.msa().is_some()
    }

    /// MSA-1 and MSA-2, as they stand.
    pub fn msa(&self) -> Option<(&str, &str)> {
        let segment = self.segments.iter().find(|one| one.name == "MSA")?;
        let code = segment.raw(1, 1).unwrap_or_default();
        Some((code, segment.raw(2, 1).unwrap_or_default()))
    }

    /// The first subcomponent of a component of the first such segment, as it stands.
    pub(crate) fn raw(&self, segment: &str, field: usize, component: usize) -> Option<&str> {
        self.segments.iter().find(|one| one.name == segment)?.raw(field, component)
    }
}

impl crate::Segment {
    fn raw(&self, field: usize, component: usize) -> Option<&str> {
        let repetition = self.fields.get(field.checked_sub(1)?)?.0.first()?;
        repetition.0.get(component.checked_sub(1)?)?.0.first().map(String::as_str)
    }
}

fn is_version(text: &str) -> bool {
    let minor = text.strip_prefix("2.").and_then(|rest| rest.split('.').next());
    minor.is_some_and(|minor| matches!(minor.as_bytes(), [b'1'..=b'9']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Charset, Limits};

    const MSH: &str = r"MSH|^~\&|EHR|HOSPA^1.2^ISO|LG|TOWN|20261120094000+0000||REF^I12^REF_I12|A\T\1|P|2.5.1|||AL|SU";

    fn of(text: &str) -> Result<Header, Vec<String>> {
        let message = crate::read(text.as_bytes(), &Limits::default(), Charset::UTF_8).unwrap();
        Header::of(&message)
            .map_err(|flaws| flaws.iter().map(|f| format!("{f} {}", f.code.number())).collect())
    }

    #[test]
    fn a_header_says_who_sends_what_and_what_it_waits_for() {
        let header = of(MSH).unwrap();
        assert_eq!((header.application.as_str(), header.facility.as_str()), ("EHR", "HOSPA"));
        assert_eq!((header.code.as_str(), header.event.as_str()), ("REF", "I12"));
        assert_eq!(header.control_id, r"A\T\1", "as it stands: it is echoed byte for byte");
        assert_eq!(header.processing, Processing::Production);
        let AckMode::Enhanced { accept, application } = header.mode else { panic!() };
        assert!(accept.after(true) && accept.after(false));
        assert!(application.after(true) && !application.after(false));
        assert_eq!(of(&MSH.replace("|AL|SU", "")).unwrap().mode, AckMode::Original);
        let one = of(&MSH.replace("|AL|SU", "||NE")).unwrap().mode;
        assert_eq!(one, AckMode::Enhanced { accept: Wanted::Never, application: Wanted::Never });
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        assert_eq!(of("MSH|^~\\&|EHR").unwrap_err().len(), 4);
        let wrong = |from: &str, to: &str| of(&MSH.replace(from, to)).unwrap_err().join(";");
        assert_eq!(wrong(r"A\T\1", "\"\""), "MSH-10 is empty 101");
        assert_eq!(wrong("|P|", "|X|"), "MSH-11 is not P, T or D 202");
        assert_eq!(wrong("2.5.1", "3.0"), "MSH-12 is not a version from 2.1 to 2.9 203");
        assert_eq!(wrong("2.5.1", "2.15"), "MSH-12 is not a version from 2.1 to 2.9 203");
        assert_eq!(wrong("|AL|", "|XX|"), "MSH-15 is not AL, NE, ER or SU 103");
        assert_eq!(wrong(r"A\T\1", &"1".repeat(200)), "MSH-10 is over 199 characters 104");
    }
}
