//! HL7 v2 segments, MLLP frames and acknowledgements (v2.5.1, chapter 2).
//!
//! [`read`] is the guard: bytes become a whole [`Message`], or words for why not. A message keeps
//! its texts as they stand, so that it prints as it was read; a [`Location`] looks a text up, and
//! puts one there. [`batch()`] takes a batch apart into messages, [`Message::orders`] a message into
//! one for each order.
//!
//! **Invariant**: nothing here knows FHIR or does I/O, and nothing is read in part.

mod ack;
mod batch;
mod charset;
mod dtm;
mod error;
mod escape;
mod guard;
mod header;
mod location;
mod message;
mod mllp;
mod orders;
mod print;
mod split;
mod text;
mod version;

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
mod differential_tests;
#[cfg(test)]
mod law_tests;
#[cfg(test)]
mod testing;

pub use ack::{Ack, AckCode, Envelope, Severity, Stamp, acknowledge, envelope, msa};
pub use batch::{Batch, batch};
pub use charset::{Charset, UnknownCharset};
pub use dtm::{BadDtm, Dtm};
pub use error::{BadPlace, ErrorCode, Flaw, Place};
pub use escape::{escape, is_null, unescape};
pub use guard::{Limits, Unsound, broken, read};
pub use header::{AckMode, Header, Processing, Wanted};
pub use location::{BadLocation, Location, Select, Which};
pub use message::{Component, Delimiters, Field, Message, Repetition, Segment};
pub use mllp::{Counts, Decoder, Framing, Unframeable, frame};
pub use text::{Few, Text};
