//! HL7 v2 segments, MLLP frames and acknowledgements.
//!
//! Here now: [`Location`], the notation for a place in a message. Not here yet: the guard around
//! the parser, the escape codec, the MLLP codec, acknowledgements.
//!
//! **Invariant**: nothing here knows FHIR or does I/O.

mod location;
mod message;

pub use location::{BadLocation, Location, Select};
pub use message::{Component, Delimiters, Field, Message, Repetition, Segment};
