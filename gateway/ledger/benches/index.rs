//! The index: 10,000 changed keys and the root after them, a proof, its check. Times are told as
//! ratios to an inner node's hash (65 bytes) in the same run, which is what another machine keeps.
//! With `LOOPGATE_BENCH_LARGE` set also for a million keys. Then a report of 10,000 entries.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it

use std::error::Error;
use std::fs;
use std::time::Instant;

use divan::black_box;
use loopgate_ledger::{
    Checkpoint, Field, Fields, Hash, INDEX_KIND, Index, IndexRoot, IndexValue, Leaf, Link, LogKey,
    Opening, ReportEntry, ReportParts, Seed, Tree, commitment, index_key, links_to_value, log_id,
    verify_report, write_report,
};
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
    if let Err(why) = report(node_ns) {
        println!("no report: {why}");
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

/// How many entries the report lists.
const LISTED: u64 = 10_000;
const ORIGIN: &str = "log.example/ledger/0";

fn seed(index: u64) -> Seed {
    Seed::new(Sha256::digest(index.to_be_bytes()).into())
}

/// The entries of one chain, and last the one that states the root of their index.
fn log(index: &mut Index) -> Vec<Fields> {
    let mut entries = Vec::new();
    for at in 0..LISTED {
        let value = index.extend(Field::Subject, "chain", at);
        let prev = at.checked_sub(1).and_then(|prev| prev.try_into().ok()).unwrap_or(-1);
        let link = Link { id: "chain".to_owned(), n: value.count, prev };
        let mut fields = Fields::default();
        fields.set(Field::Kind, "bench.opened");
        fields.set(Field::Subject, links_to_value(&[link]));
        entries.push(fields);
    }
    let mut fields = Fields::default();
    fields.set(Field::Kind, INDEX_KIND);
    fields.set(Field::Payload, IndexRoot { root: index.root(), leaves: LISTED }.to_value());
    entries.push(fields);
    entries
}

fn report(node_ns: f64) -> Result<(), Box<dyn Error>> {
    let (mut index, mut tree, mut leaves) = (Index::new(), Tree::new(), Vec::new());
    let entries = log(&mut index);
    for (at, fields) in (0..).zip(&entries) {
        let leaf = Leaf::new(commitment(&seed(at), fields), at, &log_id(ORIGIN), 1_795_309_323)?;
        let leaf = leaf.to_bytes();
        tree.append(Leaf::hash(&leaf));
        leaves.push(leaf);
    }
    let key = LogKey::from_seed(ORIGIN, [7; 32])?;
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: tree.len(), root: tree.root() };
    let shown = [Field::Kind, Field::Subject, Field::Payload];
    let entry = |at: u64| ReportEntry {
        leaf: leaves[at as usize].clone(),
        inclusion: tree.prove_inclusion(at, tree.len()).unwrap_or_default(),
        opening: Some(Opening::make(at, &seed(at), &entries[at as usize], &shown)),
    };
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("report");
    let parts = ReportParts {
        field: Field::Subject,
        id: "chain",
        vkey: &key.vkey(),
        checkpoint_note: &key.sign(&checkpoint),
        index_entry: &entry(LISTED),
        proof: &index.prove(&index_key(Field::Subject, "chain")),
        skipped: None,
        entries: (0..LISTED).map(|at| Ok(entry(at))),
    };
    write_report(&path, parts)?;
    let verified = median_ns(RUNS, || {
        assert_eq!(verify_report(&path, Some(&key.vkey())).exit_code(), 0);
    });
    println!(
        "report of {LISTED} entries, {} KiB: {:.0} ms, {:.0} node hashes an entry",
        fs::metadata(&path)?.len() / 1024,
        verified / 1e6,
        verified / LISTED as f64 / node_ns
    );
    Ok(())
}
