//! The text of a search value: alternatives at commas, parts at `$` and `|`, and a backslash before
//! any of them that is meant as itself (R4 search.html#escaping).

/// The parts between separators that no backslash escapes. Escapes stay.
pub(super) fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        if c == separator && !escaped {
            parts.push(&text[start..at]);
            start = at + c.len_utf8();
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(&text[start..]);
    parts
}

/// The text that is meant; `None` if a backslash escapes nothing that needs it, or nothing at all.
pub(super) fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.push(chars.next().filter(|c| matches!(c, ',' | '|' | '$' | '\\'))?),
            c => plain.push(c),
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_keeps_a_separator_from_dividing() {
        assert_eq!(split(r"a,b", ','), ["a", "b"]);
        assert_eq!(split(r"a\,b", ','), [r"a\,b"]);
        assert_eq!(split(r"a\\,b", ','), [r"a\\", "b"]);
        assert_eq!(split(r"a\\\,b,", ','), [r"a\\\,b", ""]);
        assert_eq!(split("é|b", '|'), ["é", "b"]);
    }

    #[test]
    fn only_what_divides_is_escaped() {
        assert_eq!(unescape(r"a\,b\|c\$d\\e").as_deref(), Some(r"a,b|c$d\e"));
        assert_eq!(unescape(r"a\n"), None);
        assert_eq!(unescape("a\\"), None);
    }
}
