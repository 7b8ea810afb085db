//! MSH, read: who sends what to whom, and which acknowledgements it asks for (v2.5.1 §2.9, §2.15.9).

use std::fmt;

use crate::escape::{is_null, unescape};
use crate::version::Version;
use crate::{ErrorCode, Flaw, Message, Place, Repetition, Text};

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
    /// MSH-9.2; where that is empty, EVN-1, or the one event that a message of this code can have
    /// (MSH-9 of version 2.1 has no event).
    pub event: String,
    /// MSH-9.3, which many leave empty or get wrong: for show, never to go by.
    pub structure: String,
    /// MSH-10, as it stands in the message.
    pub control_id: String,
    /// MSH-11.1.
    pub processing: Processing,
    /// MSH-12.1.
    pub version: String,
    /// MSH-15 and MSH-16.
    pub mode: AckMode,
    /// MSH-13, if it says anything.
    pub sequence: Option<i64>,
    /// MSH-21.1 of each repetition that says anything.
    pub profiles: Vec<String>,
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

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wanted::Always => "AL",
            Wanted::Never => "NE",
            Wanted::Error => "ER",
            Wanted::Success => "SU",
        })
    }
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
        if Version::read(&version).is_none() {
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
        let sequence = match text(13, 1).as_str() {
            "" => None,
            number => {
                let number = number.parse().ok();
                if number.is_none() {
                    flaw(ErrorCode::DataType, 13, "is not a whole number");
                }
                number
            }
        };
        let header = Header {
            application: text(3, 1),
            facility: text(4, 1),
            time: text(7, 1),
            code: text(9, 1),
            event: message.event(),
            structure: text(9, 3),
            control_id,
            processing,
            version,
            mode,
            sequence,
            profiles: message.profiles(),
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

    fn event(&self) -> String {
        let given = self.header(9, 2);
        let evn = || self.raw("EVN", 1, 1).filter(|raw| !raw.is_empty() && !is_null(raw));
        let other = || evn().map_or(only_event(&self.header(9, 1)), |event| event).to_owned();
        if given.is_empty() { other() } else { given }
    }

    fn profiles(&self) -> Vec<String> {
        let field = self.segments.first().and_then(|msh| msh.fields.get(20));
        let first = |one: &Repetition| one.0.first()?.0.first().cloned();
        let all = field.iter().flat_map(|field| &field.0).filter_map(first);
        let said = all.filter(|raw| !raw.is_empty() && !is_null(raw));
        said.map(|raw| unescape(&raw, &self.delimiters)).collect()
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

    /// The text of a component of the first segment of that name, without escapes; `None` if it is
    /// empty or null. Counted from 1.
    pub fn text(&self, segment: &str, field: usize, component: usize) -> Option<String> {
        let raw =
            self.raw(segment, field, component).filter(|raw| !raw.is_empty() && !is_null(raw));
        raw.map(|raw| unescape(raw, &self.delimiters).to_string())
    }

    /// The first subcomponent of a component of the first such segment, as it stands.
    pub(crate) fn raw(&self, segment: &str, field: usize, component: usize) -> Option<&str> {
        self.segments.iter().find(|one| one.name == segment)?.raw(field, component)
    }
}

impl crate::Segment {
    /// The first subcomponent of a component of the first repetition, as it stands.
    pub(crate) fn raw(&self, field: usize, component: usize) -> Option<&str> {
        let repetition = self.fields.get(field.checked_sub(1)?)?.0.first()?;
        repetition.0.get(component.checked_sub(1)?)?.0.first().map(Text::as_str)
    }
}

/// The one event that a message of this code can have, if there is one.
fn only_event(code: &str) -> &'static str {
    match code {
        "ORM" => "O01",
        "ORR" => "O02",
        "ORU" => "R01",
        _ => "",
    }
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
    fn sequence_and_profiles_are_read_where_they_are() {
        let header = of(&MSH.replace("|||AL|SU", "|-1||AL|SU|||||A\\T\\B^1~\"\"~C")).unwrap();
        assert_eq!((header.sequence, header.structure.as_str()), (Some(-1), "REF_I12"));
        assert_eq!(header.profiles, ["A&B", "C"]);
        let header = of(MSH).unwrap();
        assert_eq!((header.sequence, header.profiles.len()), (None, 0));
    }

    #[test]
    fn an_event_that_msh_9_leaves_out_is_found() {
        let event = |kind: &str, more: &str| {
            let msh = MSH.replace("REF^I12^REF_I12", kind).replace("2.5.1", "2.1");
            of(&format!("{msh}\r{more}")).unwrap().event
        };
        assert_eq!(event("ORU", "PID|1"), "R01");
        assert_eq!(event("ORM", "PID|1"), "O01");
        assert_eq!(event("ORR", "PID|1"), "O02");
        assert_eq!(event("ADT", "EVN|A08|2026"), "A08");
        assert_eq!(event("ADT^A04", "EVN|A08|2026"), "A04");
        assert_eq!(event("ADT", "EVN|\"\"|2026"), "");
        assert_eq!(event("ACK", "MSA|AA|1"), "");
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        assert_eq!(of("MSH|^~\\&|EHR").unwrap_err().len(), 4);
        let wrong = |from: &str, to: &str| of(&MSH.replace(from, to)).unwrap_err().join(";");
        assert_eq!(wrong(r"A\T\1", "\"\""), "MSH-10 is empty 101");
        assert_eq!(wrong("|P|", "|X|"), "MSH-11 is not P, T or D 202");
        assert_eq!(wrong("2.5.1", "3.0"), "MSH-12 is not a version from 2.1 to 2.9 203");
        assert_eq!(wrong("2.5.1", "2.15"), "MSH-12 is not a version from 2.1 to 2.9 203");
        assert_eq!(wrong("|||AL|", "|x||AL|"), "MSH-13 is not a whole number 102");
        assert_eq!(wrong("|AL|", "|XX|"), "MSH-15 is not AL, NE, ER or SU 103");
        assert_eq!(wrong(r"A\T\1", &"1".repeat(200)), "MSH-10 is over 199 characters 104");
    }
}
