//! How every file looks.

use super::source::{Source, says, sources};
use super::{all, none};

/// Past this there is usually a second thing inside that wants its own name.
const LINES_MAX: usize = 400;

/// Where an error may be anything, because the next thing is to say it to a person.
const ANYHOW: [&str; 22] = [
    "gateway/server/src/main.rs",
    "gateway/server/src/sample.rs",
    "gateway/server/src/cli",
    "gateway/server/src/demo",
    "gateway/server/src/assemble",
    "gateway/server/src/run.rs",
    "gateway/server/src/admin.rs",
    "gateway/server/src/configuration.rs",
    "gateway/server/src/evidence.rs",
    "gateway/server/src/export.rs",
    "gateway/server/src/keks.rs",
    "gateway/server/src/replay.rs",
    "gateway/server/benches/",
    "gateway/server/src/rehearse.rs",
    "gateway/server/src/restore.rs",
    "gateway/server/src/signing_keys.rs",
    "gateway/server/src/state.rs",
    "gateway/server/src/init",
    "gateway/server/src/translate.rs",
    "gateway/server/src/inbound/tls.rs",
    "tests/",
    "conformance/",
];

pub fn length(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if source.is_test() || lines <= LINES_MAX {
        return Vec::new();
    }
    vec![format!("{}: {lines} lines, more than {LINES_MAX}", source.path)]
}

pub fn errors(source: &Source) -> Vec<String> {
    let allowed = ANYHOW.iter().any(|path| source.path.starts_with(path)) || source.is_test();
    let found = !allowed && says(&source.code(), "anyhow");
    found.then(|| format!("{}: anyhow; name the error", source.path)).into_iter().collect()
}

/// What no file has.
pub fn never(source: &Source) -> Vec<String> {
    let code = source.code();
    let words = ["unsafe", "todo!", "unimplemented!", "dbg!", "thread::sleep"];
    let pieces = ["#[ignore", "#[should_panic", "#![allow(unsafe_code"];
    let found = words.into_iter().filter(|word| said(&code, word));
    let found = found.chain(pieces.into_iter().filter(|piece| code.contains(piece)));
    found.map(|word| format!("{}: {word}", source.path)).collect()
}

/// A macro's name ends with its `!`, whatever follows.
fn said(code: &str, word: &str) -> bool {
    match word.strip_suffix('!') {
        Some(name) => code.split(&format!("{name}!")).count() > 1 && says(code, name),
        None => says(code, word),
    }
}

/// Time and randomness are asked for in one place.
pub fn ambient(source: &Source) -> Vec<String> {
    // A bench measures time, and nothing is built on what it reads.
    let bench = source.path.contains("/benches/") || source.path.ends_with("_bench.rs");
    let may = bench || source.path == "gateway/server/src/clock.rs";
    let found = !may && says(&source.code(), "disallowed_methods");
    found.then(|| format!("{}: only clock.rs asks the machine", source.path)).into_iter().collect()
}

/// A file opens with what it is for.
pub fn preamble(source: &Source) -> Vec<String> {
    let missing = !source.text.starts_with("//! ") && !source.is_test();
    missing.then(|| format!("{}: says not what it is for", source.path)).into_iter().collect()
}

#[test]
fn no_file_is_too_long() {
    none(&all(&sources(), length));
}

#[test]
fn errors_have_names() {
    none(&all(&sources(), errors));
}

#[test]
fn what_is_never_written_is_not_written() {
    none(&all(&sources(), never));
}

#[test]
fn one_file_asks_for_time_and_randomness() {
    none(&all(&sources(), ambient));
}

#[test]
fn every_file_says_what_it_is_for() {
    none(&all(&sources(), preamble));
}
