//! The index: 10,000 changed keys and the root after them, a proof, its check. Times are told as
//! ratios to an inner node's hash (65 bytes) in the same run, which is what another machine keeps.
//! With `LOOPGATE_BENCH_LARGE` set also for a million keys.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it

use std::fs;
use std::time::Instant;

use divan::black_box;
use loopgate_ledger::{Field, Hash, Index, IndexValue, index_key};
use sha2::{Digest, Sha256};

/// How many keys change between two roots.
const DIRTY_KEYS: usize = 10_000;
const RUNS: usize = 9;

fn main() {
    let node_ns = node_hash_ns();
    println!("inner node's hash: {node_ns:.0} ns, {:.1} M/s", 1_000.0 / node_ns);
    let mut sizes = vec![10_000, 100_000];
    if std::env::var_os("LOOPGATE_BENCH_LARGE").is_some() {
        sizes.push(1_000_000);
    }
    for size in sizes {
        measure(size, node_ns);
    }
}

fn key(number: usize) -> Hash {
    index_key(Field::Subject, &format!("chain {number}"))
}

/// Median of so many runs, ns.
fn median_ns(runs: usize, mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed().as_secs_f64() * 1e9
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[runs / 2]
}

fn node_hash_ns() -> f64 {
    const COUNT: usize = 100_000;
    let mut block = [3u8; 65];
    let all = median_ns(RUNS, || {
        for _ in 0..COUNT {
            let hash = Sha256::digest(block);
            block[1..33].copy_from_slice(&hash);
        }
        black_box(block);
    });
    all / COUNT as f64
}

/// What the process holds, bytes; 0 where the system does not say.
fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    kilobytes.unwrap_or(0usize) * 1024
}

fn measure(size: usize, node_ns: f64) {
    let keys: Vec<Hash> = (0..size).map(key).collect();
    let pairs: Vec<_> = keys.iter().map(|key| (*key, IndexValue::first(1))).collect();
    let before = resident_bytes();
    let begun = Instant::now();
    let mut index: Index = pairs.iter().copied().collect();
    let mut root = index.root();
    let built_ms = begun.elapsed().as_secs_f64() * 1e3;
    let held = resident_bytes().saturating_sub(before) / size;

    let mut at = 1;
    let update = median_ns(RUNS, || {
        for dirty in 0..DIRTY_KEYS {
            let key = &keys[(dirty * 7_919 + at) % size];
            let value = index.get(key).unwrap_or_else(|| IndexValue::first(0));
            index.put(*key, value.after(at as u64 + 1));
        }
        at += 1;
        root = black_box(index.root());
    });
    let mut next = 0;
    let prove = median_ns(2_001, || {
        next = (next + 7_919) % size;
        black_box(index.prove(&keys[next]));
    });
    let proofs: Vec<_> = keys.iter().step_by(size / 1_000).map(|key| index.prove(key)).collect();
    let mut passed = 0;
    let check = median_ns(RUNS, || {
        for (key, proof) in keys.iter().step_by(size / 1_000).zip(&proofs) {
            passed += usize::from(proof.check(key, &root).is_ok_and(|found| found.is_some()));
        }
    });
    assert_eq!(passed, RUNS * proofs.len(), "every proof of the bench holds");
    let check = check / proofs.len() as f64;
    let each = update / DIRTY_KEYS as f64;
    println!("{size} keys: built in {built_ms:.0} ms, about {held} bytes a key");
    println!(
        "  {DIRTY_KEYS} changed and the root: {:.1} ms, {:.1} node hashes a key",
        update / 1e6,
        each / node_ns
    );
    println!("  prove: {:.1} us, {:.1} node hashes", prove / 1e3, prove / node_ns);
    println!("  check: {:.1} us, {:.1} node hashes", check / 1e3, check / node_ns);
}
