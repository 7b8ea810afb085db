//! Batches: FHS, BHS, BTS and FTS around messages, and the batch that answers one (v2.5.1 §2.10.3,
//! §2.15.2, §2.15.3, §2.15.6, §2.15.7).
//!
//! A batch is taken apart, not read: each message is handed out as its bytes, with its own delimiters
//! and character set, for [`crate::read`] to judge. A header or a trailer may be missing, as the
//! standard allows; a count that is there must be right, since a wrong one says that messages are
//! missing. Not here: what becomes of the messages, and which of them are acknowledged.

use crate::ack::{is_empty, leaf, named, signs};
use crate::escape::escape;
use crate::guard::{BYTE_ORDER_MARK, delimiters, first_line, segment};
use crate::{Charset, Delimiters, ErrorCode, Field, Flaw, Limits, Message, Place, Segment, Stamp};

/// A batch, or a file of batches, in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch<'a> {
    /// Each message's bytes, in order.
    pub messages: Vec<&'a [u8]>,
    /// The first line: FHS of a file, else BHS.
    opening: Header,
    /// Each BHS.
    batches: Vec<Header>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Header {
    delimiters: Delimiters,
    segment: Segment,
}

/// Takes a batch apart; nothing if the bytes begin with neither FHS nor BHS. `charset` is that of
/// the headers, which have no field to name one.
///
/// The whole may be as long as one message may be (`message_bytes_max`), and hold `messages_max`.
pub fn batch<'a>(
    bytes: &'a [u8],
    limits: &Limits,
    charset: Charset,
) -> Option<Result<Batch<'a>, Flaw>> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let begins = bytes.starts_with(b"FHS") || bytes.starts_with(b"BHS");
    begins.then(|| apart(bytes, limits, charset))
}

fn apart<'a>(bytes: &'a [u8], limits: &Limits, charset: Charset) -> Result<Batch<'a>, Flaw> {
    if bytes.len() > limits.message_bytes_max {
        return Err(Flaw::whole(ErrorCode::ValueTooLong, "the batch is over the limit"));
    }
    let first = first_line(bytes);
    let opening = Header::read(first, charset)?;
    let is_file = opening.is_file();
    let batches = if is_file { Vec::new() } else { vec![opening.clone()] };
    let mut reading = Reading {
        bytes,
        charset,
        messages_max: limits.messages_max,
        separator: opening.delimiters.field,
        at: if is_file { At::Between } else { At::Batch(0) },
        begun: None,
        trailers: 0,
        loose: 0,
        batch: Batch { messages: Vec::new(), opening, batches },
    };
    let mut start = first.len() + 1;
    while let Some(rest) = bytes.get(start..).filter(|rest| !rest.is_empty()) {
        let line = first_line(rest);
        reading.line(start, line)?;
        start += line.len() + 1;
    }
    reading.close(bytes.len());
    Ok(reading.batch)
}

impl Header {
    fn read(line: &[u8], charset: Charset) -> Result<Header, Flaw> {
        let delimiters = delimiters(line)?;
        let text = charset.decode(line).ok_or_else(|| {
            let words = "a header of the batch is not in the character set of this link";
            Flaw::whole(ErrorCode::DataType, words)
        })?;
        if text.chars().any(|c| c.is_control() && c != '\t') {
            return Err(Flaw::whole(ErrorCode::DataType, "a control character is in the batch"));
        }
        Ok(Header { delimiters, segment: segment(text, &delimiters) })
    }

    fn is_file(&self) -> bool {
        self.segment.name == "FHS"
    }

    /// The header of the answer, which names this one if `refers` says so.
    fn answer(&self, name: &str, refers: bool, stamp: &Stamp<'_>) -> String {
        let delimiters = &self.delimiters;
        let given = |field: usize| self.segment.fields.get(field - 1).cloned().unwrap_or_default();
        let or = |field: Field, otherwise: &str| {
            if is_empty(&field) { leaf(&escape(otherwise, delimiters)) } else { field }
        };
        let fields = vec![
            leaf(&delimiters.field.to_string()),
            leaf(&signs(delimiters)),
            or(given(5), stamp.application),
            or(given(6), stamp.facility),
            given(3),
            given(4),
            leaf(&escape(stamp.time, delimiters)),
            Field::default(),
            Field::default(),
            Field::default(),
            leaf(&escape(stamp.control_id, delimiters)),
            if refers { given(11) } else { Field::default() },
        ];
        let segments = vec![named(name, fields)];
        Message { delimiters: *delimiters, segments }.print()
    }
}

/// Where in a file the next line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// After FHS or BTS.
    Between,
    /// After BHS, in a batch of so many messages.
    Batch(usize),
    /// Among messages that no BHS stands before.
    Loose,
    /// After FTS.
    End,
}

struct Reading<'a> {
    bytes: &'a [u8],
    charset: Charset,
    messages_max: usize,
    /// Field separator of the last header.
    separator: char,
    at: At,
    /// Where the message began in which the next line stands.
    begun: Option<usize>,
    /// BTS so far.
    trailers: u32,
    /// Runs of messages without BHS.
    loose: usize,
    batch: Batch<'a>,
}

impl Reading<'_> {
    fn line(&mut self, start: usize, line: &[u8]) -> Result<(), Flaw> {
        let name = line.get(..3).unwrap_or_default();
        // BTS is parted as its BHS, FTS as its FHS.
        let trailer = |separator: char| line.get(3).is_none_or(|b| char::from(*b) == separator);
        match name {
            _ if line.trim_ascii().is_empty() => Ok(()),
            _ if self.at == At::End => Err(broken("something follows FTS")),
            b"FHS" => Err(broken("another FHS is inside the batch")),
            b"BHS" => self.header(start, line),
            b"MSH" => self.message(start),
            b"BTS" if trailer(self.separator) => self.batch_trailer(start, line),
            b"FTS" if trailer(self.batch.opening.delimiters.field) => {
                self.file_trailer(start, line)
            }
            _ if self.begun.is_some() => Ok(()),
            _ => Err(broken("a line of the batch is outside any message")),
        }
    }

    fn header(&mut self, start: usize, line: &[u8]) -> Result<(), Flaw> {
        self.close(start);
        let header = Header::read(line, self.charset)?;
        self.separator = header.delimiters.field;
        self.batch.batches.push(header);
        self.at = At::Batch(0);
        Ok(())
    }

    fn message(&mut self, start: usize) -> Result<(), Flaw> {
        self.close(start);
        let count = self.batch.messages.len();
        if count == self.messages_max {
            let words = format!("the batch has more than {} messages", self.messages_max);
            return Err(Flaw::whole(ErrorCode::ValueTooLong, words));
        }
        self.at = match self.at {
            At::Batch(count) => At::Batch(count + 1),
            At::Loose => At::Loose,
            At::Between if self.batch.opening.is_file() => {
                self.loose += 1;
                At::Loose
            }
            At::Between | At::End => return Err(broken("a message follows BTS")),
        };
        self.begun = Some(start);
        Ok(())
    }

    fn batch_trailer(&mut self, start: usize, line: &[u8]) -> Result<(), Flaw> {
        self.close(start);
        self.trailers += 1;
        let At::Batch(count) = self.at else {
            return Err(broken("BTS ends no batch"));
        };
        self.at = At::Between;
        let place = Place { sequence: self.trailers, ..Place::field("BTS", 1) };
        self.counts(line, place, &[count], "is not how many messages the batch has")
    }

    fn file_trailer(&mut self, start: usize, line: &[u8]) -> Result<(), Flaw> {
        self.close(start);
        if !self.batch.opening.is_file() {
            return Err(broken("FTS ends no file"));
        }
        self.at = At::End;
        // Whether messages without BHS make a batch is not said.
        let batches = self.batch.batches.len();
        let right = [batches, batches + self.loose];
        self.counts(line, Place::field("FTS", 1), &right, "is not how many batches the file has")
    }

    /// The first field of a trailer, if it says anything.
    fn counts(
        &self,
        line: &[u8],
        place: Place,
        right: &[usize],
        words: &'static str,
    ) -> Result<(), Flaw> {
        let separator = line.get(3).copied().unwrap_or_default();
        let said = line.split(|byte| *byte == separator).nth(1).unwrap_or_default().trim_ascii();
        if said.is_empty() || said == b"\"\"" {
            return Ok(());
        }
        let digits = Some(said).filter(|said| said.iter().all(u8::is_ascii_digit));
        let digits = digits.and_then(|said| std::str::from_utf8(said).ok());
        let Some(number) = digits.and_then(|digits| digits.parse::<usize>().ok()) else {
            return Err(Flaw::at(ErrorCode::DataType, place, "is not a number"));
        };
        let wrong = || Flaw::at(ErrorCode::SegmentSequence, place, words);
        right.contains(&number).then_some(()).ok_or_else(wrong)
    }

    /// Ends the message in which the line before this place stands.
    fn close(&mut self, end: usize) {
        let begun = self.begun.take();
        self.batch.messages.extend(begun.and_then(|begun| self.bytes.get(begun..end)));
    }
}

fn broken(words: &'static str) -> Flaw {
    Flaw::whole(ErrorCode::SegmentSequence, words)
}

impl Batch<'_> {
    /// The batch of these acknowledgements, in ER7 and UTF-8. It names the batch that it answers
    /// (BHS-12, FHS-12) if that was one, and is a file if that was a file.
    pub fn answer(&self, acks: &[Message], stamp: &Stamp<'_>) -> Vec<u8> {
        let first = self.batches.first().unwrap_or(&self.opening);
        let mut out = String::new();
        if self.opening.is_file() {
            out.push_str(&self.opening.answer("FHS", true, stamp));
        }
        out.push_str(&first.answer("BHS", self.batches.len() == 1, stamp));
        for ack in acks {
            out.push_str(&ack.print());
        }
        out.push_str(&format!("BTS{}{}\r", first.delimiters.field, acks.len()));
        if self.opening.is_file() {
            out.push_str(&format!("FTS{}1\r", self.opening.delimiters.field));
        }
        out.into_bytes()
    }
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
