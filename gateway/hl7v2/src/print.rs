//! A message as text: what was read prints as it was read, but for its line ends.

use crate::guard::is_header;
use crate::{Component, Delimiters, Field, Message, Repetition, Segment};

impl Message {
    /// ER7: each segment ends with CR (v2.5.1 §2.5.2).
    pub fn print(&self) -> String {
        let mut out = String::new();
        for segment in &self.segments {
            out.push_str(&segment.print(&self.delimiters));
            out.push('\r');
        }
        out
    }
}

impl Segment {
    pub(crate) fn print(&self, delimiters: &Delimiters) -> String {
        let mut out = self.name.clone();
        // MSH-1 is the separator itself, and MSH-2 holds the others bare.
        let header = usize::from(is_header(self.name.as_bytes()));
        for field in self.fields.iter().skip(header) {
            out.push(delimiters.field);
            out.push_str(&field.print(delimiters));
        }
        out
    }
}

impl Field {
    fn print(&self, delimiters: &Delimiters) -> String {
        let all = self.0.iter().map(|one| one.print(delimiters));
        all.collect::<Vec<_>>().join(&delimiters.repetition.to_string())
    }
}

impl Repetition {
    fn print(&self, delimiters: &Delimiters) -> String {
        let join = |component: &Component| component.0.join(&delimiters.subcomponent.to_string());
        let all: Vec<String> = self.0.iter().map(join).collect();
        all.join(&delimiters.component.to_string())
    }
}
