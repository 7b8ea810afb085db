//! Reading the fixed shapes of canonical JSON, strictly and without copies.
//!
//! The files of a bundle have few shapes and many lines. A [`Scan`] walks one text from left to
//! right and accepts only what `canonical` would write; whoever calls it names every byte between
//! the values. Not here: texts of open shape, which `canonical::read` reads.

use crate::canonical::INTEGER_MAX;
use crate::tree::Hash;

/// A position in a text. Every method gives `None` where the text is not as asked for; the text is
/// then refused as a whole.
pub(crate) struct Scan<'a> {
    text: &'a [u8],
    at: usize,
}

/// A string's content, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    /// As it stands in the text, from byte to byte.
    Text(usize, usize),
    /// It held escapes, and lies in the buffer that was given, from byte to byte.
    Buffer(usize, usize),
}

impl Span {
    /// The content; `text` and `buffer` are those it was read with.
    pub(crate) fn of<'a>(self, text: &'a [u8], buffer: &'a [u8]) -> &'a [u8] {
        match self {
            Span::Text(from, to) => &text[from..to],
            Span::Buffer(from, to) => &buffer[from..to],
        }
    }
}

impl<'a> Scan<'a> {
    /// At the start of the text.
    pub(crate) fn new(text: &'a str) -> Scan<'a> {
        Scan { text: text.as_bytes(), at: 0 }
    }

    /// How many bytes were read.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Exactly these bytes.
    pub(crate) fn expect(&mut self, bytes: &[u8]) -> Option<()> {
        self.has(bytes).then_some(())
    }

    /// Goes past these bytes if they are next.
    pub(crate) fn has(&mut self, bytes: &[u8]) -> bool {
        let next = self.text[self.at..].starts_with(bytes);
        self.at += if next { bytes.len() } else { 0 };
        next
    }

    /// The end of the text.
    pub(crate) fn end(&self) -> Option<()> {
        (self.at == self.text.len()).then_some(())
    }

    /// 64 lower-case hex digits.
    pub(crate) fn hash(&mut self) -> Option<Hash> {
        let digits: &[u8; 64] = self.text.get(self.at..self.at + 64)?.try_into().ok()?;
        self.at += 64;
        hash_from_digits(digits)
    }

    /// An integer from 0 to 2^53-1.
    pub(crate) fn integer(&mut self) -> Option<u64> {
        self.number().filter(|value| *value <= INTEGER_MAX)
    }

    /// An integer from 0 to 2^64-1, without needless zeros.
    pub(crate) fn number(&mut self) -> Option<u64> {
        let digits = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = self.bytes(digits)?;
        if digits == 0 || (digits > 1 && text[0] == b'0') {
            return None;
        }
        text.iter()
            .try_fold(0_u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
    }

    /// So many bytes as they are.
    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let bytes = self.text.get(self.at..self.at + count)?;
        self.at += count;
        Some(bytes)
    }

    /// The rest of a string whose opening quote was read, and its closing quote.
    pub(crate) fn string(&mut self, buffer: &mut Vec<u8>) -> Option<Span> {
        let (start, begun) = (self.at, buffer.len());
        let mut copied = start;
        loop {
            self.at += special(&self.text[self.at..]);
            match self.text.get(self.at)? {
                b'"' => break,
                b'\\' => {
                    buffer.extend_from_slice(&self.text[copied..self.at]);
                    buffer.push(self.escape()?);
                    copied = self.at;
                }
                _ => return None,
            }
        }
        let end = self.at;
        self.at += 1;
        if copied == start {
            return Some(Span::Text(start, end));
        }
        buffer.extend_from_slice(&self.text[copied..end]);
        Some(Span::Buffer(begun, buffer.len()))
    }

    /// What the escape at this position stands for; only the one spelling of each.
    fn escape(&mut self) -> Option<u8> {
        let letter = self.text.get(self.at + 1)?;
        self.at += 2;
        Some(match letter {
            b'"' | b'\\' => *letter,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'f' => 12,
            b'r' => b'\r',
            b'u' => return self.control(),
            _ => return None,
        })
    }

    /// The four digits of a control character that has no shorter escape.
    fn control(&mut self) -> Option<u8> {
        let [b'0', b'0', high @ (b'0' | b'1'), low] = self.bytes(4)? else { return None };
        let low = match low {
            b'0'..=b'9' => low - b'0',
            b'a'..=b'f' => low - b'a' + 10,
            _ => return None,
        };
        let character = (high - b'0') * 16 + low;
        let shorter = matches!(character, 8 | b'\t' | b'\n' | 12 | b'\r');
        (!shorter).then_some(character)
    }
}

/// `None` unless all 64 are lower-case hex digits. Without branches, for speed.
fn hash_from_digits(digits: &[u8; 64]) -> Option<Hash> {
    let (mut values, mut bad) = ([0; 64], 0);
    for (value, digit) in values.iter_mut().zip(digits) {
        let (number, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
        *value = if number < 10 { number } else { letter.wrapping_add(10) };
        bad |= u8::from(number >= 10) & u8::from(letter >= 6);
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(values.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    (bad == 0).then_some(hash)
}

/// How many bytes stand before the first quote, backslash or control character: eight at a time,
/// by the carries of Mycroft's zero-byte test, then one by one.
fn special(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let mut count = 0;
    let (eights, rest) = bytes.as_chunks::<8>();
    for eight in eights {
        let word = u64::from_le_bytes(*eight);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let found = zero(word ^ (ONES * u64::from(b'"')))
            | zero(word ^ (ONES * u64::from(b'\\')))
            | control;
        if found != 0 {
            // The lowest marked byte is exact; those above it may be carries.
            return count + found.trailing_zeros() as usize / 8;
        }
        count += 8;
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    count + rest.iter().position(is_special).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests;
