//! Acknowledgements (v2.5.1 §2.9, §2.15.8 MSA, §2.15.5 ERR), and the MSH of what we write.

use std::fmt;

use crate::escape::escape;
use crate::version::Version;
use crate::{
    Charset, Component, Delimiters, ErrorCode, Few, Field, Flaw, Message, Place, Repetition,
    Segment, Wanted,
};

/// MSA-1, table 0008.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the table's
pub enum AckCode {
    CA,
    CE,
    CR,
    AA,
    AE,
    AR,
}

impl AckCode {
    /// The code of an outcome: `accept` for an accept acknowledgement, else an application one.
    pub fn of(accept: bool, worst: Option<ErrorCode>) -> AckCode {
        match (accept, worst) {
            (true, None) => AckCode::CA,
            (true, Some(code)) if code.rejects() => AckCode::CR,
            (true, Some(_)) => AckCode::CE,
            (false, None) => AckCode::AA,
            (false, Some(code)) if code.rejects() => AckCode::AR,
            (false, Some(_)) => AckCode::AE,
        }
    }

    /// Whether the message was taken.
    pub fn is_positive(self) -> bool {
        matches!(self, AckCode::CA | AckCode::AA)
    }

    /// The code of this text.
    pub fn parse(text: &str) -> Option<AckCode> {
        use AckCode::{AA, AE, AR, CA, CE, CR};
        [CA, CE, CR, AA, AE, AR].into_iter().find(|code| code.to_string() == text)
    }
}

impl fmt::Display for AckCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// ERR-4, table 0516.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The message was not taken.
    Error,
    /// It was taken, and here is something to know.
    Information,
}

/// What an acknowledgement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// MSA-1.
    pub code: AckCode,
    /// One ERR each.
    pub errors: Vec<(Severity, Flaw)>,
    /// MSA-4: the MSH-13 that should have come, where a link numbers its messages (v2.5.1 §2.10.1).
    pub expected: Option<i64>,
}

/// Who we are, and when and under which control id we write.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// MSH-3 of what we write.
    pub application: &'a str,
    /// MSH-4.
    pub facility: &'a str,
    /// MSH-7, a DTM.
    pub time: &'a str,
    /// MSH-10, at most 20 characters.
    pub control_id: &'a str,
}

/// The acknowledgement of `inbound`, of which MSH may be all there is; nothing, if not even that
/// could be read. It is parted as the message it answers, and of its version.
pub fn acknowledge(inbound: Option<&Message>, ack: &Ack, stamp: &Stamp<'_>) -> Message {
    let delimiters = inbound.map_or(Delimiters::USUAL, |message| message.delimiters);
    let given = |field: usize| {
        let header = inbound.and_then(|message| message.segments.first());
        header.and_then(|msh| msh.fields.get(field - 1)).cloned().unwrap_or_default()
    };
    let text = |text: &str| leaf(&escape(text, &delimiters));
    let event = inbound.and_then(|message| message.raw("MSH", 9, 2)).unwrap_or_default();
    let or = |field: Field, otherwise: &str| if is_empty(&field) { leaf(otherwise) } else { field };
    let field = or(given(12), &escape("2.5.1", &delimiters));
    let version = version(&field);
    let mut msh = vec![
        leaf(&delimiters.field.to_string()),
        leaf(&signs(&delimiters)),
        or(given(5), &escape(stamp.application, &delimiters)),
        or(given(6), &escape(stamp.facility, &delimiters)),
        given(3),
        given(4),
        text(stamp.time),
        Field::default(),
        kind(["ACK", event, "ACK"], version),
        text(stamp.control_id),
        or(given(11), "P"),
        field,
        Field::default(),
        Field::default(),
        Field::default(),
        Field::default(),
        Field::default(),
        text(Charset::WRITTEN),
    ];
    msh.truncate(version.last_of_msh());
    let worst = ack.errors.iter().find(|(severity, _)| *severity == Severity::Error);
    // Receivers of before 2.5 read MSA-3 alone; from 2.7 on there is none.
    let worst = worst.filter(|_| version < Version::V2_7);
    let words = worst.map(|(_, flaw)| text(&flaw.to_string())).unwrap_or_default();
    let expected = ack.expected.map(|number| text(&number.to_string())).unwrap_or_default();
    let msa = vec![leaf(&ack.code.to_string()), given(10), words, expected];
    let mut segments = vec![named("MSH", msh), named("MSA", msa)];
    if version < Version::V2_5 {
        segments.extend(eld(&ack.errors, version, &delimiters));
    } else {
        segments
            .extend(ack.errors.iter().map(|(severity, flaw)| err(*severity, flaw, &delimiters)));
    }
    Message { delimiters, segments }
}

/// ERR of 2.5 and later.
fn err(severity: Severity, flaw: &Flaw, delimiters: &Delimiters) -> Segment {
    let location = flaw.at.as_ref().map(erl).unwrap_or_default();
    let code = parts(&[&flaw.code.number().to_string(), flaw.code.text(), "HL70357"]);
    let severity = match severity {
        Severity::Error => "E",
        Severity::Information => "I",
    };
    let words = escape(&flaw.to_string(), delimiters);
    let empty = Field::default;
    let fields =
        vec![empty(), location, code, leaf(severity), empty(), empty(), empty(), leaf(&words)];
    named("ERR", fields)
}

/// ERR-1 of before 2.5: a repetition for each place (ELD).
fn eld(errors: &[(Severity, Flaw)], version: Version, delimiters: &Delimiters) -> Option<Segment> {
    let one = |flaw: &Flaw| {
        let mut code = vec![flaw.code.number().to_string()];
        if version.codes_errors() {
            code.extend([escape(flaw.code.text(), delimiters), "HL70357".to_owned()]);
        }
        let place = flaw.at.clone().unwrap_or_default();
        let number_of = |n: Option<u16>| n.map(|n| n.to_string()).unwrap_or_default();
        let component = |text: String| Component(vec![text].into());
        let sequence = if place.sequence > 0 { place.sequence.to_string() } else { String::new() };
        let field = number_of(place.field);
        let place = [place.segment, sequence, field].map(component);
        Repetition(place.into_iter().chain([Component(code.into())]).collect())
    };
    let all: Vec<Repetition> = errors.iter().map(|(_, flaw)| one(flaw)).collect();
    (!all.is_empty()).then(|| named("ERR", vec![Field(all.into())]))
}

fn erl(place: &Place) -> Field {
    let sequence = place.sequence.max(1).to_string();
    let number = |n: Option<u16>| n.map(|n| n.to_string()).unwrap_or_default();
    let (field, component) = (number(place.field), number(place.component));
    let repetition = if place.component.is_some() { "1" } else { "" };
    parts(&[&place.segment, &sequence, &field, repetition, &component])
}

/// What MSH of a message of ours says, besides who we are and when.
///
/// As it stands by default, it asks for an accept acknowledgement and for no other.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// MSH-5 and MSH-6.
    pub to: (&'a str, &'a str),
    /// MSH-9: code, event and structure.
    pub kind: [&'a str; 3],
    /// MSH-11: P, T or D.
    pub processing: &'a str,
    /// MSH-12: 2.1 to 2.9. A field that this version does not have is not written.
    pub version: &'a str,
    /// MSH-15; neither this nor the next: original mode.
    pub accept: Option<Wanted>,
    /// MSH-16.
    pub application: Option<Wanted>,
    /// MSH-21.1, as `360X`.
    pub profile: Option<&'a str>,
    /// MSH-13.
    pub sequence: Option<i64>,
}

impl Default for Envelope<'_> {
    fn default() -> Self {
        Envelope {
            to: ("", ""),
            kind: [""; 3],
            processing: "P",
            version: "2.5.1",
            accept: Some(Wanted::Always),
            application: Some(Wanted::Never),
            profile: None,
            sequence: None,
        }
    }
}

/// MSH of a message of ours.
pub fn envelope(envelope: &Envelope<'_>, stamp: &Stamp<'_>) -> Segment {
    let delimiters = Delimiters::USUAL;
    let version = Version::read(envelope.version).unwrap_or(Version::OURS);
    let text = |text: &str| leaf(&escape(text, &delimiters));
    let wanted = |wanted: Option<Wanted>| leaf(&wanted.map_or(String::new(), |w| w.to_string()));
    let empty = Field::default;
    let mut fields = vec![
        leaf(&delimiters.field.to_string()),
        leaf(&signs(&delimiters)),
        text(stamp.application),
        text(stamp.facility),
        text(envelope.to.0),
        text(envelope.to.1),
        text(stamp.time),
        empty(),
        kind(envelope.kind, version),
        text(stamp.control_id),
        leaf(envelope.processing),
        text(envelope.version),
        leaf(&envelope.sequence.map_or(String::new(), |number| number.to_string())),
        empty(),
        wanted(envelope.accept),
        wanted(envelope.application),
        empty(),
        text(Charset::WRITTEN),
        empty(),
        empty(),
        text(envelope.profile.unwrap_or_default()),
    ];
    fields.truncate(version.last_of_msh());
    named("MSH", fields)
}

/// MSH-9, as far as the version has it.
fn kind([code, event, structure]: [&str; 3], version: Version) -> Field {
    let event = if version.has_events() { event } else { "" };
    let structure = if version >= Version::V2_3_1 { structure } else { "" };
    parts(&[code, event, structure])
}

/// MSA of an answer that is more than an acknowledgement.
pub fn msa(code: AckCode, control_id: &str) -> Segment {
    named("MSA", vec![leaf(&code.to_string()), leaf(control_id)])
}

pub(crate) fn named(name: &str, mut fields: Vec<Field>) -> Segment {
    while fields.last().is_some_and(is_empty) {
        fields.pop();
    }
    Segment { name: name.to_owned(), fields }
}

pub(crate) fn signs(delimiters: &Delimiters) -> String {
    let Delimiters { component, repetition, escape, subcomponent, truncation, .. } = delimiters;
    [Some(*component), Some(*repetition), Some(*escape), Some(*subcomponent), *truncation]
        .into_iter()
        .flatten()
        .collect()
}

pub(crate) fn leaf(raw: &str) -> Field {
    if raw.is_empty() {
        return Field::default();
    }
    parts(&[raw])
}

fn parts(raw: &[&str]) -> Field {
    let end = raw.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
    let component = |part: &&str| Component(Few::one((*part).into()));
    Field(Few::one(Repetition(raw[..end].iter().map(component).collect())))
}

pub(crate) fn is_empty(field: &Field) -> bool {
    field.0.iter().flat_map(|one| &one.0).flat_map(|one| &one.0).all(|text| text.is_empty())
}

/// The version that MSH-12 names; ours, if it names none.
fn version(field: &Field) -> Version {
    let text = field.0.first().and_then(|one| one.0.first()).and_then(|one| one.0.first());
    text.and_then(|text| Version::read(text)).unwrap_or(Version::OURS)
}

#[cfg(test)]
#[path = "ack_tests.rs"]
mod tests;
