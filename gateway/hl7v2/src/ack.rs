//! Acknowledgements (v2.5.1 §2.9, §2.15.8 MSA, §2.15.5 ERR), and the MSH of what we write.

use std::fmt;

use crate::escape::escape;
use crate::{
    Charset, Component, Delimiters, ErrorCode, Field, Flaw, Message, Place, Repetition, Segment,
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
/// could be read. It is parted as the message it answers.
pub fn acknowledge(inbound: Option<&Message>, ack: &Ack, stamp: &Stamp<'_>) -> Message {
    let delimiters = inbound.map_or(Delimiters::USUAL, |message| message.delimiters);
    let given = |field: usize| {
        let header = inbound.and_then(|message| message.segments.first());
        header.and_then(|msh| msh.fields.get(field - 1)).cloned().unwrap_or_default()
    };
    let text = |text: &str| leaf(&escape(text, &delimiters));
    let event = inbound.and_then(|message| message.raw("MSH", 9, 2)).unwrap_or_default();
    let kind = parts(&["ACK", event, "ACK"]);
    let or = |field: Field, otherwise: &str| if is_empty(&field) { leaf(otherwise) } else { field };
    let version = or(given(12), "2.5.1");
    let old = is_before_2_5(&version);
    let msh = vec![
        leaf(&delimiters.field.to_string()),
        leaf(&signs(&delimiters)),
        or(given(5), &escape(stamp.application, &delimiters)),
        or(given(6), &escape(stamp.facility, &delimiters)),
        given(3),
        given(4),
        leaf(stamp.time),
        Field::default(),
        kind,
        text(stamp.control_id),
        or(given(11), "P"),
        version,
        Field::default(),
        Field::default(),
        Field::default(),
        Field::default(),
        Field::default(),
        leaf(Charset::WRITTEN),
    ];
    let worst = ack.errors.iter().find(|(severity, _)| *severity == Severity::Error);
    // Receivers of before 2.5 read MSA-3 alone.
    let words = worst.map(|(_, flaw)| text(&flaw.to_string())).unwrap_or_default();
    let msa = vec![leaf(&ack.code.to_string()), given(10), words];
    let mut segments = vec![named("MSH", msh), named("MSA", msa)];
    if old {
        segments.extend(eld(&ack.errors, &delimiters));
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
fn eld(errors: &[(Severity, Flaw)], delimiters: &Delimiters) -> Option<Segment> {
    let one = |flaw: &Flaw| {
        let number = flaw.code.number().to_string();
        let place = flaw.at.clone().unwrap_or_default();
        let number_of = |n: Option<u16>| n.map(|n| n.to_string()).unwrap_or_default();
        let component = |text: &str| Component(vec![text.to_owned()]);
        Repetition(vec![
            component(&place.segment),
            component(&if place.sequence > 0 { place.sequence.to_string() } else { String::new() }),
            component(&number_of(place.field)),
            Component(vec![number, escape(flaw.code.text(), delimiters), "HL70357".to_owned()]),
        ])
    };
    let all: Vec<Repetition> = errors.iter().map(|(_, flaw)| one(flaw)).collect();
    (!all.is_empty()).then(|| named("ERR", vec![Field(all)]))
}

fn erl(place: &Place) -> Field {
    let sequence = place.sequence.max(1).to_string();
    let number = |n: Option<u16>| n.map(|n| n.to_string()).unwrap_or_default();
    let (field, component) = (number(place.field), number(place.component));
    let repetition = if place.component.is_some() { "1" } else { "" };
    parts(&[&place.segment, &sequence, &field, repetition, &component])
}

/// MSH of a message of ours: to whom, which kind, in which processing mode. We ask for an accept
/// acknowledgement and for no other.
pub fn envelope(to: (&str, &str), kind: [&str; 3], processing: &str, stamp: &Stamp<'_>) -> Segment {
    let delimiters = Delimiters::USUAL;
    let text = |text: &str| leaf(&escape(text, &delimiters));
    let empty = Field::default;
    let fields = vec![
        leaf(&delimiters.field.to_string()),
        leaf(&signs(&delimiters)),
        text(stamp.application),
        text(stamp.facility),
        text(to.0),
        text(to.1),
        leaf(stamp.time),
        empty(),
        parts(&kind),
        text(stamp.control_id),
        leaf(processing),
        leaf("2.5.1"),
        empty(),
        empty(),
        leaf("AL"),
        leaf("NE"),
        empty(),
        leaf(Charset::WRITTEN),
    ];
    named("MSH", fields)
}

/// MSA of an answer that is more than an acknowledgement.
pub fn msa(code: AckCode, control_id: &str) -> Segment {
    named("MSA", vec![leaf(&code.to_string()), leaf(control_id)])
}

fn named(name: &str, mut fields: Vec<Field>) -> Segment {
    while fields.last().is_some_and(is_empty) {
        fields.pop();
    }
    Segment { name: name.to_owned(), fields }
}

fn signs(delimiters: &Delimiters) -> String {
    let Delimiters { component, repetition, escape, subcomponent, truncation, .. } = delimiters;
    [Some(*component), Some(*repetition), Some(*escape), Some(*subcomponent), *truncation]
        .into_iter()
        .flatten()
        .collect()
}

fn leaf(raw: &str) -> Field {
    if raw.is_empty() {
        return Field::default();
    }
    parts(&[raw])
}

fn parts(raw: &[&str]) -> Field {
    let end = raw.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
    let components = raw[..end].iter().map(|part| Component(vec![(*part).to_owned()]));
    Field(vec![Repetition(components.collect())])
}

fn is_empty(field: &Field) -> bool {
    field.0.iter().flat_map(|one| &one.0).flat_map(|one| &one.0).all(String::is_empty)
}

fn is_before_2_5(version: &Field) -> bool {
    let text = version.0.first().and_then(|one| one.0.first()).and_then(|one| one.0.first());
    let minor = text.and_then(|text| text.strip_prefix("2.")).and_then(|rest| rest.bytes().next());
    matches!(minor, Some(b'1'..=b'4'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    const STAMP: Stamp<'_> = Stamp {
        application: "LOOPGATE",
        facility: "TOWN",
        time: "20261120094001+0000",
        control_id: "L1",
    };

    fn read(text: &str) -> Message {
        crate::read(text.as_bytes(), &Limits::default(), Charset::UTF_8).unwrap()
    }

    fn inbound(version: &str) -> Message {
        let msh =
            r"MSH|^~\&|EHR|HOSPA^1.2^ISO|LG|TOWN^9&x|20261120094000+0000||REF^I12^REF_I12|A\T\1|T|";
        read(&format!("{msh}{version}\rRF1|P"))
    }

    fn lines(message: &Message) -> Vec<String> {
        message.print().split('\r').map(str::to_owned).collect()
    }

    #[test]
    fn a_positive_acknowledgement_turns_the_header_round_and_echoes_the_control_id() {
        let ack = Ack { code: AckCode::CA, errors: Vec::new() };
        assert_eq!(
            lines(&acknowledge(Some(&inbound("2.5.1")), &ack, &STAMP)),
            [
                r"MSH|^~\&|LG|TOWN^9&x|EHR|HOSPA^1.2^ISO|20261120094001+0000||ACK^I12^ACK|L1|T|2.5.1||||||UNICODE UTF-8",
                r"MSA|CA|A\T\1",
                "",
            ]
        );
    }

    #[test]
    fn errors_say_where_and_in_words() {
        let place = Place { component: Some(1), ..Place::field("RF1", 6) };
        let flaw = Flaw::at(ErrorCode::RequiredFieldMissing, place, "is empty");
        let whole = Flaw::whole(ErrorCode::SegmentSequence, "a & b");
        let errors = vec![(Severity::Error, flaw), (Severity::Information, whole)];
        let ack = Ack { code: AckCode::AE, errors };
        let found = lines(&acknowledge(Some(&inbound("2.5.1")), &ack, &STAMP));
        assert_eq!(
            found[1..],
            [
                r"MSA|AE|A\T\1|RF1-6.1 is empty",
                "ERR||RF1^1^6^1^1|101^Required field missing^HL70357|E||||RF1-6.1 is empty",
                r"ERR|||100^Segment sequence error^HL70357|I||||a \T\ b",
                "",
            ]
        );
        // Before 2.5 ERR had one field.
        let found = lines(&acknowledge(Some(&inbound("2.3.1")), &ack, &STAMP));
        assert_eq!(
            found[2],
            "ERR|RF1^1^6^101&Required field missing&HL70357~^^^100&Segment sequence error&HL70357"
        );
    }

    #[test]
    fn what_could_not_be_read_is_answered_all_the_same() {
        let flaw = Flaw::whole(ErrorCode::SegmentSequence, "no MSH");
        let ack = Ack { code: AckCode::AR, errors: vec![(Severity::Error, flaw)] };
        let found = lines(&acknowledge(None, &ack, &STAMP));
        assert_eq!(
            found[0],
            r"MSH|^~\&|LOOPGATE|TOWN|||20261120094001+0000||ACK^^ACK|L1|P|2.5.1||||||UNICODE UTF-8"
        );
        assert_eq!(found[1], "MSA|AR||no MSH");
    }

    #[test]
    fn the_code_follows_from_the_worst_error_and_the_kind_of_acknowledgement() {
        use ErrorCode::{DuplicateKeyIdentifier, UnsupportedVersionId};
        assert_eq!(AckCode::of(true, None), AckCode::CA);
        assert_eq!(AckCode::of(false, None), AckCode::AA);
        assert_eq!(AckCode::of(true, Some(DuplicateKeyIdentifier)), AckCode::CE);
        assert_eq!(AckCode::of(false, Some(UnsupportedVersionId)), AckCode::AR);
        assert_eq!(AckCode::parse("AE"), Some(AckCode::AE));
        assert_eq!(AckCode::parse("XX"), None);
    }

    #[test]
    fn an_envelope_of_ours_reads_back() {
        let msh = envelope(("EHR", "A|B"), ["RRI", "I12", "RRI_I12"], "T", &STAMP);
        let message =
            Message { delimiters: Delimiters::USUAL, segments: vec![msh, msa(AckCode::AA, "7")] };
        let again = read(&message.print());
        let header = crate::Header::of(&again).unwrap();
        assert_eq!((header.code.as_str(), header.event.as_str()), ("RRI", "I12"));
        assert_eq!(header.application, "LOOPGATE");
        assert!(message.print().contains(r"|EHR|A\F\B|"));
        assert_eq!(again.msa(), Some(("AA", "7")));
    }
}
