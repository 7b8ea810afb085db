//! Writes `gateway/fhir/tables` from the folder that LOOPGATE_CORPUS names. Not shipped.
//!
//! `cargo run -p loopgate-fhir --example compile_profiles`

use std::io;
use std::path::Path;

mod compile;
mod elements;
mod sets;

fn main() -> io::Result<()> {
    let corpus = std::env::var_os("LOOPGATE_CORPUS")
        .ok_or_else(|| io::Error::other("LOOPGATE_CORPUS is not set"))?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tables");
    for (name, text) in compile::tables(Path::new(&corpus))? {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
