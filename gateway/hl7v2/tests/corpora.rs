//! The fuzz targets' seeds, and what they found once: all of it holds.

use std::fs;

#[path = "../fuzz/holds.rs"]
mod holds;

fn replay(name: &str, holds: fn(&[u8])) {
    let folder = format!("{}/fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 8, "{name} has {} seeds", files.len());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        assert!(bytes.len() <= 4096, "{} is no small seed", file.display());
        holds(&bytes);
    }
}

#[test]
fn guard() {
    replay("guard", holds::guard);
}

#[test]
fn codec() {
    replay("codec", holds::codec);
}

#[test]
fn escape() {
    replay("escape", holds::escapes);
}

#[test]
fn timestamp() {
    replay("timestamp", holds::timestamp);
}

#[test]
fn batch() {
    replay("batch", holds::batch);
}
