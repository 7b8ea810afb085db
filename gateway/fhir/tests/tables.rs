//! The tables are what the compiler writes from the definitions that LOOPGATE_CORPUS names.

use std::io::Write;
use std::path::Path;

#[path = "../examples/compile_profiles/compile.rs"]
mod compile;
#[path = "../examples/compile_profiles/elements.rs"]
mod elements;
#[path = "../examples/compile_profiles/sets.rs"]
mod sets;

#[test]
fn the_tables_are_what_the_compiler_writes() {
    let Some(corpus) = std::env::var_os("LOOPGATE_CORPUS") else {
        writeln!(std::io::stderr(), "skipped: LOOPGATE_CORPUS is not set").unwrap();
        return;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tables");
    for (name, text) in compile::tables(Path::new(&corpus)).unwrap() {
        let kept = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(kept == text, "{name} is not what the compiler writes");
    }
}
