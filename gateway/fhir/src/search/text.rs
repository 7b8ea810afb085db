//! Strings (R4 search.html#string): "insensitive to casing and included combining characters";
//! "punctuation and non-significant whitespace should also be ignored".

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::split::unescape;

/// How a string is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Equal or at the start, normalized; without a modifier.
    Start,
    /// Anywhere, normalized: `:contains`.
    Anywhere,
    /// All of it, as written: `:exact`.
    Exact,
}

/// One alternative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StringValue {
    how: How,
    text: String,
}

impl StringValue {
    /// Reads one alternative. One of which nothing is left to compare is none.
    pub(super) fn parse(text: &str, how: How) -> Option<StringValue> {
        let text = unescape(text)?;
        let text = if how == How::Exact { text } else { normalized(&text) };
        (!text.is_empty()).then_some(StringValue { how, text })
    }

    /// Whether a text is found. "Servers should search the parts of a family name independently."
    pub(super) fn matches(&self, text: &str, is_family: bool) -> bool {
        match self.how {
            How::Exact => text == self.text,
            How::Anywhere => normalized(text).contains(&self.text),
            How::Start => {
                let text = normalized(text);
                let parts = text.match_indices(' ').map(|(at, _)| &text[at + 1..]);
                text.starts_with(&self.text)
                    || is_family && parts.into_iter().any(|part| part.starts_with(&self.text))
            }
        }
    }
}

/// As strings compare: base letters and digits, in one case, and one space between words.
pub(super) fn normalized(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut space = false;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)) {
        if c.is_whitespace() {
            space = !out.is_empty();
        } else if c.is_alphanumeric() {
            if std::mem::take(&mut space) {
                out.push(' ');
            }
            push_folded(c, &mut out);
        }
    }
    out
}

/// Letters that Unicode does not take apart, written as those without the stroke are.
fn push_folded(c: char, out: &mut String) {
    match c {
        'ø' | 'Ø' => out.push('o'),
        'ł' | 'Ł' => out.push('l'),
        'đ' | 'Đ' => out.push('d'),
        'æ' | 'Æ' => out.push_str("ae"),
        'œ' | 'Œ' => out.push_str("oe"),
        // By way of the upper case, `ß` is `ss` and both sigmas are one.
        c => out.extend(c.to_uppercase().flat_map(char::to_lowercase)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_compare_by_their_base_letters() {
        for (text, want) in [
            ("Peña", "pena"),
            ("Pen\u{303}a", "pena"),
            ("ÅNGSTRÖM", "angstrom"),
            ("O'Brien-Smith", "obriensmith"),
            ("  Mary \t\n Ann ", "mary ann"),
            ("Straße", "strasse"),
            ("Øystein Łódź", "oystein lodz"),
            ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
            ("Σίσυφος", "σισυφοσ"),
            ("ﬁn", "fin"),
            ("王", "王"),
            ("-- '", ""),
        ] {
            assert_eq!(normalized(text), want, "{text}");
        }
    }
}
