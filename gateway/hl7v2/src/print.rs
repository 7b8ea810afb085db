//! A message as text: what was read prints as it was read, but for its line ends.

use crate::guard::is_header;
use crate::{Delimiters, Field, Message, Segment};

impl Message {
    /// ER7: each segment ends with CR (v2.5.1 §2.5.2).
    pub fn print(&self) -> String {
        let mut out = String::new();
        for segment in &self.segments {
            segment.print(&self.delimiters, &mut out);
            out.push('\r');
        }
        out
    }
}

impl Segment {
    fn print(&self, delimiters: &Delimiters, out: &mut String) {
        out.push_str(&self.name);
        // MSH-1 is the separator itself, and MSH-2 holds the others bare.
        let header = usize::from(is_header(self.name.as_bytes()));
        for field in self.fields.iter().skip(header) {
            out.push(delimiters.field);
            field.print(delimiters, out);
        }
    }
}

impl Field {
    fn print(&self, delimiters: &Delimiters, out: &mut String) {
        for (n, repetition) in self.0.iter().enumerate() {
            if n > 0 {
                out.push(delimiters.repetition);
            }
            for (n, component) in repetition.0.iter().enumerate() {
                if n > 0 {
                    out.push(delimiters.component);
                }
                for (n, text) in component.0.iter().enumerate() {
                    if n > 0 {
                        out.push(delimiters.subcomponent);
                    }
                    out.push_str(text);
                }
            }
        }
    }
}
