//! Durable appends a second, against the same bytes appended to one file with `fdatasync`: both in
//! turn, commit by commit, so that whatever else the machine does strikes both. Entries of 1 KiB and
//! 5,632 B, 1, 16 and 256 to a frame. With `LOOPGATE_BENCH_LARGE` also how fast a log of a million
//! small frames opens and is read.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use loopgate_ledger::Leaf;
use loopgate_store::{Appended, EntryRecord, Epoch, FileLog, Frame, KeyName, Log};

/// Bytes of an entry, entries to a frame, and the share of the raw rate that is wanted.
const CASES: [(usize, usize, f64); 6] = [
    (1024, 1, 0.45),
    (1024, 16, 0.45),
    (1024, 256, 0.35),
    (5632, 1, 0.2),
    (5632, 16, 0.3),
    (5632, 256, 0.3),
];
const COMMITS: [(usize, u32); 3] = [(1, 3000), (16, 1500), (256, 300)];
const LARGE_FRAMES: u64 = 1_000_000;

fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    println!(
        "{:>7} {:>6} {:>12} {:>12} {:>6} {:>7}",
        "bytes", "batch", "log/s", "raw/s", "ratio", "wanted"
    );
    for (bytes, batch, wanted) in CASES {
        let dir = folder.path().join(format!("{bytes}-{batch}"));
        std::fs::create_dir(&dir).unwrap();
        let commits = COMMITS.iter().find(|(of, _)| *of == batch).unwrap().1;
        let (log, raw) = in_turn(&dir, bytes, batch, commits);
        let rate = |took: Duration| f64::from(commits) * batch as f64 / took.as_secs_f64();
        let (log, raw) = (rate(log), rate(raw));
        println!(
            "{bytes:>7} {batch:>6} {log:>12.0} {raw:>12.0} {:>6.2} {wanted:>7.2}{}",
            log / raw,
            if log / raw < wanted { "  below" } else { "" },
        );
        std::fs::remove_dir_all(&dir).unwrap();
    }
    if std::env::var_os("LOOPGATE_BENCH_LARGE").is_some() {
        large(folder.path());
    }
}

/// The time both took for so many commits, one of each after the other.
fn in_turn(dir: &Path, bytes: usize, batch: usize, commits: u32) -> (Duration, Duration) {
    let mut log = FileLog::open(&dir.join("log"), None).unwrap();
    let epoch = log.take_over().unwrap();
    let mut raw = File::options().create(true).append(true).open(dir.join("raw")).unwrap();
    raw.sync_all().unwrap();
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    for n in 0..u64::from(commits) {
        let frame = frame(n, batch, bytes);
        let same = noise(n, bytes * batch);
        let begun = Instant::now();
        append(&mut log, epoch, &frame);
        ours += begun.elapsed();
        let begun = Instant::now();
        raw.write_all(&same).unwrap();
        raw.sync_data().unwrap();
        theirs += begun.elapsed();
    }
    (ours, theirs)
}

fn append(log: &mut impl Log, epoch: Epoch, frame: &Frame) {
    let Appended::Committed(proofs) = log.append(epoch, frame, frame.sequence).unwrap() else {
        panic!("nobody else appends");
    };
    assert_eq!(proofs.len(), frame.entries.len());
}

/// A frame whose entries are so many bytes each.
fn frame(sequence: u64, batch: usize, bytes: usize) -> Frame {
    let first_leaf = sequence * batch as u64;
    let entry = |n: usize| {
        let leaf = Leaf::new([7; 32], first_leaf + n as u64, "log", 1_700_000_000).unwrap();
        let (leaf, seed) = (leaf.to_bytes(), vec![1; 60]);
        // The rest of a frame's entry: the key's name, three lengths and a count.
        let body = noise(sequence ^ (n as u64) << 32, bytes - leaf.len() - seed.len() - 16 - 16);
        EntryRecord { leaf, key: KeyName::TENANT, seed, body, files: Vec::new(), payload: None }
    };
    let (entries, at_ms) = ((0..batch).map(entry).collect(), 1_700_000_000_000);
    Frame { sequence, first_leaf, at_ms, entries, keys: Vec::new() }
}

/// Bytes that do not compress, like ciphertext.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

fn large(folder: &Path) {
    let dir = folder.join("large");
    std::fs::create_dir(&dir).unwrap();
    let mut log = FileLog::open(&dir.join("log"), None).unwrap();
    let epoch = log.take_over().unwrap();
    let begun = Instant::now();
    for n in 0..LARGE_FRAMES {
        append(&mut log, epoch, &frame(n, 1, 300));
    }
    println!("{LARGE_FRAMES} frames of 300 B written in {:?}", begun.elapsed());
    drop(log);
    let begun = Instant::now();
    let log = FileLog::open(&dir.join("log"), None).unwrap();
    println!("opened in {:?}", begun.elapsed());
    let begun = Instant::now();
    for n in 0..LARGE_FRAMES {
        assert_eq!(log.read(n).unwrap().unwrap().frame.first_leaf, n);
    }
    let rate = LARGE_FRAMES as f64 / begun.elapsed().as_secs_f64();
    println!("read, checked and decoded: {rate:.0} frames/s");
}
