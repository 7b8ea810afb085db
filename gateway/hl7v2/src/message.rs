//! A message in memory: segments, fields, repetitions, components, subcomponents (v2.5.1 §2.5, §2.6).
//!
//! A leaf keeps its text as it stands in the message, escapes and all, so that printing gives the
//! message back. Not here: reading bytes, looking up a [`crate::Location`].

use crate::{Few, Text};

/// The characters that part a message (MSH-1, MSH-2; v2.5.1 §2.5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiters {
    /// MSH-1.
    pub field: char,
    /// MSH-2, first.
    pub component: char,
    /// MSH-2, second.
    pub repetition: char,
    /// MSH-2, third.
    pub escape: char,
    /// MSH-2, fourth.
    pub subcomponent: char,
    /// MSH-2, fifth, if the message has one (v2.7 §2.5.5.2).
    pub truncation: Option<char>,
}

impl Delimiters {
    /// `|^~\&`, the ones HL7 recommends and we write.
    pub const USUAL: Delimiters = Delimiters {
        field: '|',
        component: '^',
        repetition: '~',
        escape: '\\',
        subcomponent: '&',
        truncation: None,
    };
}

/// A message, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What parts it.
    pub delimiters: Delimiters,
    /// In order; the first is MSH.
    pub segments: Vec<Segment>,
}

/// A segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Three letters or digits.
    pub name: String,
    /// Field 1 is the first. MSH-1 and MSH-2 are kept as one leaf each, unescaped.
    pub fields: Vec<Field>,
}

/// A field: its repetitions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Field(pub Few<Repetition>);

/// A repetition: its components.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repetition(pub Few<Component>);

/// A component: the raw texts of its subcomponents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Component(pub Few<Text>);
