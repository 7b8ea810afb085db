//! A line to its fields: a plain split on the delimiters, which gives all that the standard asks for.
//! Texts are not copied. Not here: whether the line is a segment at all.

use std::ops::Range;
use std::sync::Arc;

use crate::guard::is_header;
use crate::{Component, Delimiters, Few, Field, Repetition, Segment, Text};

/// What a byte parts. Delimiters are ASCII, so no other character has their bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Nothing,
    Field,
    Repetition,
    Component,
    Subcomponent,
}

/// What each byte parts.
pub(crate) struct Signs {
    all: [Sign; 256],
    /// The bytes that part anything.
    four: [u8; 4],
}

impl Signs {
    pub(crate) fn of(delimiters: &Delimiters) -> Signs {
        let Delimiters { field, component, repetition, subcomponent, .. } = *delimiters;
        // What is not ASCII parts nothing, as a line end in a line.
        let byte = |sign: char| u8::try_from(sign).ok().filter(u8::is_ascii).unwrap_or(b'\r');
        let four = [subcomponent, component, repetition, field].map(byte);
        let mut all = [Sign::Nothing; 256];
        let parts = [Sign::Subcomponent, Sign::Component, Sign::Repetition, Sign::Field];
        for (byte, part) in four.into_iter().zip(parts) {
            all[usize::from(byte)] = part;
        }
        Signs { all, four }
    }

    fn parts(&self, byte: u8) -> Sign {
        self.all[usize::from(byte)]
    }

    /// How many delimiters there are.
    pub(crate) fn count(&self, line: &str) -> usize {
        let [one, two, three, four] = self.four;
        let is_sign = |byte: u8| (byte == one) | (byte == two) | (byte == three) | (byte == four);
        line.bytes().map(|byte| usize::from(is_sign(byte))).sum()
    }
}

/// The segment that is this line of the text.
pub(crate) fn segment(whole: &Arc<String>, line: Range<usize>, signs: &Signs) -> Segment {
    let text = &whole[line.clone()];
    let first = |text: &str| text.bytes().position(|byte| signs.parts(byte) == Sign::Field);
    let Some(end) = first(text) else {
        return Segment { name: text.to_owned(), fields: Vec::new() };
    };
    let name = text[..end].to_owned();
    let separators = text.bytes().filter(|byte| signs.parts(*byte) == Sign::Field).count();
    let mut fields = Vec::with_capacity(separators + 1);
    let mut from = line.start + end + 1;
    if is_header(name.as_bytes()) {
        fields.push(plain(whole, from - 1..from));
        let end = first(&whole[from..line.end]).map_or(line.end, |end| from + end);
        fields.push(plain(whole, from..end));
        from = end + 1;
        if end == line.end {
            return Segment { name, fields };
        }
    }
    let mut is_plain = true;
    let begin = from;
    for at in begin..line.end {
        match signs.parts(whole.as_bytes()[at]) {
            Sign::Nothing => {}
            Sign::Field => {
                fields.push(field(whole, from..at, is_plain, signs));
                from = at + 1;
                is_plain = true;
            }
            _ => is_plain = false,
        }
    }
    fields.push(field(whole, from..line.end, is_plain, signs));
    Segment { name, fields }
}

/// A field, of which is known whether it is one leaf.
fn field(whole: &Arc<String>, part: Range<usize>, is_plain: bool, signs: &Signs) -> Field {
    if part.is_empty() {
        return Field::default();
    }
    if is_plain {
        return plain(whole, part);
    }
    let text = |part| Text::part(whole, part);
    let component =
        |part| Component(pieces(whole, part, |byte| signs.parts(byte) == Sign::Subcomponent, text));
    let repetition = |part| {
        Repetition(pieces(whole, part, |byte| signs.parts(byte) == Sign::Component, component))
    };
    Field(pieces(whole, part, |byte| signs.parts(byte) == Sign::Repetition, repetition))
}

/// A field of one leaf.
fn plain(whole: &Arc<String>, part: Range<usize>) -> Field {
    Field(Few::one(Repetition(Few::one(Component(Few::one(Text::part(whole, part)))))))
}

fn pieces<T>(
    whole: &Arc<String>,
    part: Range<usize>,
    ends: impl Fn(u8) -> bool,
    make: impl Fn(Range<usize>) -> T,
) -> Few<T> {
    let bytes = &whole.as_bytes()[part.clone()];
    let count = bytes.iter().filter(|byte| ends(**byte)).count();
    if count == 0 {
        return Few::one(make(part));
    }
    let mut all = Vec::with_capacity(count + 1);
    let mut from = part.start;
    for at in part.clone().filter(|at| ends(whole.as_bytes()[*at])) {
        all.push(make(from..at));
        from = at + 1;
    }
    all.push(make(from..part.end));
    all.into()
}
