//! The fuzz target's seeds, and what it found once: all of it holds.

use std::fs;

#[path = "../fuzz/holds.rs"]
mod holds;

#[test]
fn read() {
    let folder = format!("{}/fuzz/corpus/read", env!("CARGO_MANIFEST_DIR"));
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 12, "there are {} seeds", files.len());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        assert!(bytes.len() <= 4096, "{} is no small seed", file.display());
        holds::read(&bytes);
    }
}
