//! Bytes to a message, or words for why not. Nothing is read in part.
//!
//! In order: size, character set, line ends, MSH-1 and MSH-2, segment by segment. No parser stands
//! between (adr 0012). Not here: what the fields mean, batches (FHS, BHS), which
//! [`crate::batch()`] takes apart.

use std::sync::Arc;

use crate::escape::unescape;
use crate::split::{self, Signs};
use crate::{Charset, Delimiters, ErrorCode, Flaw, Message, Place, Segment};

/// How much of everything one message may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes.
    pub message_bytes_max: usize,
    /// Segments.
    pub segments_max: usize,
    /// Fields of one segment. The standard's longest has fewer than 100.
    pub fields_max: usize,
    /// Delimiters of a message: each costs memory.
    pub delimiters_max: usize,
    /// Messages of a batch.
    pub messages_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            message_bytes_max: 8 * 1024 * 1024,
            segments_max: 10_000,
            fields_max: 1000,
            delimiters_max: 500_000,
            messages_max: 1000,
        }
    }
}

/// A message that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsound {
    /// What is wrong.
    pub flaw: Flaw,
    /// Its MSH alone, if that could be read: whom to answer.
    pub header: Option<Box<Message>>,
}

/// What some write before the first character.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a message. `charset` holds if MSH-18 says nothing.
pub fn read(bytes: &[u8], limits: &Limits, charset: Charset) -> Result<Message, Unsound> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let unsound = |flaw| Unsound { flaw, header: header(bytes, charset).map(Box::new) };
    let whole = |code, words| unsound(Flaw::whole(code, words));
    if bytes.len() > limits.message_bytes_max {
        return Err(whole(ErrorCode::ValueTooLong, "the message is over the limit"));
    }
    if bytes.starts_with(b"FHS") || bytes.starts_with(b"BHS") {
        let words = "a batch is not taken here; send its messages one by one";
        return Err(whole(ErrorCode::UnsupportedMessageType, words));
    }
    let msh = first_line(bytes);
    let delimiters = delimiters(msh).map_err(unsound)?;
    let own = declared(msh).map_or(Ok(charset), |name| named(name, &delimiters));
    let own = own.map_err(unsound)?;
    let at = || Place::field("MSH", 18);
    let text = own.decode(bytes).ok_or_else(|| {
        let words = "does not name the characters of this message";
        unsound(Flaw::at(ErrorCode::DataType, at(), words))
    })?;
    if has_control(&text) {
        return Err(whole(ErrorCode::DataType, "a control character is in the message"));
    }
    segments(text, delimiters, limits).map_err(unsound)
}

/// Whether a character has no place in a message: any control character that is not a line end or a
/// tab, those above ASCII too.
fn has_control(text: &str) -> bool {
    let ascii = |byte: u8| byte.is_ascii_control() & !matches!(byte, b'\r' | b'\n' | b'\t');
    // Each byte is looked at, which is faster than asking after each whether to go on.
    let found = text.bytes().fold(false, |found, byte| found | ascii(byte));
    found || (!text.is_ascii() && text.chars().any(|c| !c.is_ascii() && c.is_control()))
}

/// What is wrong with a message that never came whole, of which this is the beginning.
pub fn broken(begun: &[u8], flaw: Flaw) -> Unsound {
    // A line that may be cut off says nothing sure.
    let whole = begun.iter().any(|b| matches!(b, b'\r' | b'\n'));
    let header = if whole { header(begun, Charset::UTF_8) } else { None };
    Unsound { flaw, header: header.map(Box::new) }
}

pub(crate) fn first_line(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(bytes.len());
    &bytes[..end]
}

/// MSH alone, for an answer to what could not be read further.
fn header(bytes: &[u8], charset: Charset) -> Option<Message> {
    const MSH_BYTES_MAX: usize = 4096;
    let msh = Some(first_line(bytes)).filter(|msh| msh.starts_with(b"MSH"))?;
    let delimiters = delimiters(msh).ok()?;
    let own = declared(msh).and_then(|name| named(name, &delimiters).ok()).unwrap_or(charset);
    let text = own.decode(msh).filter(|_| msh.len() <= MSH_BYTES_MAX)?;
    let sound = !text.chars().any(|c| c.is_control() && c != '\t');
    sound.then(|| Message { delimiters, segments: vec![segment(text, &delimiters)] })
}

/// Fields 1 and 2 of MSH, BHS or FHS: four or five different signs, none of them a letter or a digit.
pub(crate) fn delimiters(line: &[u8]) -> Result<Delimiters, Flaw> {
    let Some((name, rest)) = line.split_at_checked(3).filter(|(name, _)| is_header(name)) else {
        return Err(Flaw::whole(ErrorCode::SegmentSequence, "the message does not begin with MSH"));
    };
    let wrong = |field, words| {
        let place = Place::field(&String::from_utf8_lossy(name), field);
        Flaw::at(ErrorCode::DataType, place, words)
    };
    let sign = |byte: &u8| byte.is_ascii_punctuation() && *byte != b'"';
    let (field, rest) = match rest.split_first() {
        Some((field, rest)) if sign(field) => (*field, rest),
        _ => return Err(wrong(1, "is not a sign")),
    };
    let end = rest.iter().position(|b| b == &field).unwrap_or(rest.len());
    let signs = &rest[..end];
    let different = signs.iter().enumerate().all(|(n, b)| *b != field && !signs[..n].contains(b));
    match signs {
        [component, repetition, escape, subcomponent, more @ ..]
            if more.len() <= 1 && different && signs.iter().all(sign) =>
        {
            Ok(Delimiters {
                field: field.into(),
                component: (*component).into(),
                repetition: (*repetition).into(),
                escape: (*escape).into(),
                subcomponent: (*subcomponent).into(),
                truncation: more.first().map(|b| (*b).into()),
            })
        }
        _ => Err(wrong(2, "is not four or five different signs")),
    }
}

/// MSH-18, if it says anything.
fn declared(msh: &[u8]) -> Option<&[u8]> {
    let separator = *msh.get(3)?;
    msh.split(|b| *b == separator).nth(17).filter(|name| !name.is_empty() && *name != b"\"\"")
}

fn named(name: &[u8], delimiters: &Delimiters) -> Result<Charset, Flaw> {
    let wrong = |words| Flaw::at(ErrorCode::DataType, Place::field("MSH", 18), words);
    let text = std::str::from_utf8(name).map_err(|_| wrong("is not ASCII"))?;
    let mut names = text.split(delimiters.repetition);
    let first = names.next().unwrap_or_default();
    // A second name means shifts between sets within a field (v2.5.1 §2.15.9.18).
    if names.any(|more| !more.is_empty() && more != first) {
        return Err(wrong("names more than one character set"));
    }
    // Some write table and text behind it: `UNICODE UTF-8^…`.
    let first = first.split(delimiters.component).next().unwrap_or_default();
    unescape(first, delimiters)
        .parse()
        .map_err(|_| wrong("names a character set that is not read here"))
}

fn segments(text: String, delimiters: Delimiters, limits: &Limits) -> Result<Message, Flaw> {
    let text = Arc::new(one_line_end(text));
    let signs = Signs::of(&delimiters);
    let mut segments = Vec::new();
    let (mut parts, mut start) = (0, 0);
    for (n, line) in text[..end(&text)].split('\r').enumerate() {
        let broken = |words| Flaw::whole(ErrorCode::SegmentSequence, words);
        if line.trim().is_empty() {
            return Err(broken("an empty line is between two segments"));
        }
        let named = line.get(..3).filter(|name| is_name(name));
        let rest = line.get(3..).unwrap_or_default();
        let (Some(name), true) = (named, rest.is_empty() || rest.starts_with(delimiters.field))
        else {
            return Err(broken("a line does not begin with a segment name"));
        };
        if n > 0 && matches!(name, "MSH" | "FHS" | "BHS" | "BTS" | "FTS") {
            return Err(broken("another header is inside the message"));
        }
        parts += signs.count(line);
        if segments.len() == limits.segments_max || parts > limits.delimiters_max {
            let words = "the message has too many segments or delimiters";
            return Err(Flaw::whole(ErrorCode::ValueTooLong, words));
        }
        let segment = split::segment(&text, start..start + line.len(), &signs);
        if segment.fields.len() > limits.fields_max {
            return Err(Flaw::whole(ErrorCode::ValueTooLong, "a segment has too many fields"));
        }
        segments.push(segment);
        start += line.len() + 1;
    }
    Ok(Message { delimiters, segments })
}

/// The text with each line end as CR.
fn one_line_end(text: String) -> String {
    if text.contains('\n') { text.replace("\r\n", "\r").replace('\n', "\r") } else { text }
}

/// Where the last line ends that is not blank.
fn end(text: &str) -> usize {
    let mut end = text.len();
    while let Some(at) = text[..end].rfind('\r').filter(|at| text[at + 1..end].trim().is_empty()) {
        end = at;
    }
    end
}

fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes[0].is_ascii_uppercase()
        && bytes[1..].iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Whether a segment of that name says in its fields 1 and 2 what parts it.
pub(crate) fn is_header(name: &[u8]) -> bool {
    matches!(name, b"MSH" | b"BHS" | b"FHS")
}

/// One line as a segment.
pub(crate) fn segment(line: String, delimiters: &Delimiters) -> Segment {
    let end = line.len();
    split::segment(&Arc::new(line), 0..end, &Signs::of(delimiters))
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
