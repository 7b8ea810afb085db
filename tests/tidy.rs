//! The house rules that a machine can check. Each rule is a function from a file to what is wrong
//! with it, so that `planted` can show each of them failing.

mod files;
mod mappings;
mod planted;
mod rooms;
mod source;

use source::Source;

/// What is wrong, a line each; a test prints all of it.
#[track_caller]
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Applies a rule to every file.
fn all(sources: &[Source], rule: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    sources.iter().flat_map(rule).collect()
}
