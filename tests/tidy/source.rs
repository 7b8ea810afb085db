//! The repository's files, and what of them is code.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A Rust file: its path from the root, and its text.
pub struct Source {
    pub path: String,
    pub text: String,
}

/// Every Rust file of the workspace.
pub fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for folder in ["gateway", "conformance", "tests"] {
        walk(&root().join(folder), &mut |path| {
            if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.push(Source { path: name, text: fs::read_to_string(path).unwrap() });
            }
        });
    }
    assert!(found.len() > 100, "only {} files were found", found.len());
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(folder: &Path, found: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            walk(&entry, found);
        } else {
            found(&entry);
        }
    }
}

impl Source {
    /// The crate's folder, if it is one of `gateway`.
    pub fn room(&self) -> Option<&str> {
        let rest = self.path.strip_prefix("gateway/")?;
        rest.split_once("/src/").map(|(room, _)| room)
    }

    /// A file of tests, or of what only tests use.
    pub fn is_test(&self) -> bool {
        let mut parts = self.path.split('/');
        let name = parts.next_back().unwrap_or_default();
        name == "tests.rs"
            || name == "testing.rs"
            || name.ends_with("_tests.rs")
            || parts.any(|folder| folder == "tests")
    }

    /// The code without comments and without the tests at its end.
    pub fn words(&self) -> String {
        bare(without_tests(&self.text), false)
    }

    /// All code without comments and without what is in quotation marks.
    pub fn code(&self) -> String {
        bare(&self.text, true)
    }
}

fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {").map_or(text, |at| &text[..at])
}

/// Whether this word, as a whole, is in the text.
pub fn says(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// Rust without comments, and if asked, without the insides of strings.
fn bare(text: &str, blank_strings: bool) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (kept, length) = if rest.starts_with("//") {
            ("", rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            ("", rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if let Some(length) = string_length(rest, out.chars().next_back()) {
            if blank_strings { ("\"\"", length) } else { (&rest[..length], length) }
        } else if let Some(length) = character_length(rest) {
            ("' '", length)
        } else {
            (&rest[..next.len_utf8()], next.len_utf8())
        };
        out.push_str(kept);
        rest = &rest[length..];
    }
    out
}

/// How long the string is that starts here: `"…"`, `r"…"`, `r#"…"#`, with or without a `b`.
fn string_length(rest: &str, before: Option<char>) -> Option<usize> {
    if let Some(inside) = rest.strip_prefix('"') {
        let mut escaped = false;
        let end = inside.find(|c: char| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        return Some(end.map_or(rest.len(), |end| end + 2));
    }
    let raw = rest.strip_prefix('r')?;
    if before.is_some_and(|c| c != 'b' && (c.is_ascii_alphanumeric() || c == '_')) {
        return None;
    }
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    let inside = raw[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = inside.find(&close)?;
    Some(1 + hashes + 1 + end + close.len())
}

/// How long the character literal is that starts here; a lifetime is none.
fn character_length(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    if inside.starts_with('\\') {
        return inside[2..].find('\'').map(|end| end + 4);
    }
    let first = inside.chars().next()?;
    inside[first.len_utf8()..].starts_with('\'').then(|| first.len_utf8() + 2)
}

#[test]
fn code_is_told_from_comments_and_strings() {
    for (text, words, code) in [
        ("a // b\nc", "a \nc", "a \nc"),
        ("a /* b */ c", "a  c", "a  c"),
        (r#"f("x // \" y") // z"#, r#"f("x // \" y") "#, r#"f("") "#),
        (r##"f(r#"a "b" //"#, b"c")"##, r##"f(r#"a "b" //"#, b"c")"##, r#"f("", b"")"#),
        ("'\"' 'a' '\\'' <'b>", "' ' ' ' ' ' <'b>", "' ' ' ' ' ' <'b>"),
        ("var\"x\"", "var\"x\"", "var\"\""),
    ] {
        let source = Source { path: "a.rs".into(), text: text.into() };
        assert_eq!((source.words().as_str(), source.code().as_str()), (words, code), "{text}");
    }
    assert!(says("use sled;", "sled") && !says("unsled sled_x", "sled"));
}
