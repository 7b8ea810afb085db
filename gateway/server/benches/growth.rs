//! How a gateway's own costs grow with its log: appending, starting from a snapshot and from nothing,
//! proving, searching, memory. 10,000 and 100,000 entries; a million with `LOOPGATE_BENCH_LARGE=1`.
//!
//! Ratios to the first size stand beside each figure, since machines vary.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use loopgate_server::clock::{Clock, SystemClock};
use loopgate_server::init::init;
use loopgate_server::rehearse::Rehearsal;

/// Entries over which a rate of appending is measured.
const SAMPLE: u64 = 5_000;

struct Row {
    entries: u64,
    appended: f64,
    proof_ns: f64,
    search_ns: f64,
    snapshot: Duration,
    replay: Duration,
    resident_mib: u64,
    disk_bytes: u64,
}

fn main() -> anyhow::Result<()> {
    let mut sizes = vec![10_000, 100_000];
    if std::env::var_os("LOOPGATE_BENCH_LARGE").is_some() {
        sizes.push(1_000_000);
    }
    let dir = tempfile::tempdir()?;
    let root = dir.path().join("deployment");
    deployment(&root)?;
    let mut rows: Vec<Row> = Vec::new();
    for size in sizes {
        let row = measure(&root, size)?;
        rows.push(row);
    }
    println!(
        "  entries  append/s        proof     search   snapshot     replay  fold/s  resident  bytes/entry"
    );
    let first = &rows[0];
    for row in &rows {
        println!(
            "{:>9}  {:>8.0} ({:.2})  {:>4.0} ns ({:.2})  {:>5.0} ns ({:.2})  {:>7.2} s  {:>7.2} s  {:>6.0}  {:>4} MiB  {:>6}",
            row.entries,
            row.appended,
            row.appended / first.appended,
            row.proof_ns,
            row.proof_ns / first.proof_ns,
            row.search_ns,
            row.search_ns / first.search_ns,
            row.snapshot.as_secs_f64(),
            row.replay.as_secs_f64(),
            row.entries as f64 / row.replay.as_secs_f64(),
            row.resident_mib,
            row.disk_bytes / row.entries,
        );
    }
    Ok(())
}

fn deployment(root: &Path) -> anyhow::Result<()> {
    let clock = SystemClock::new();
    let now = jiff::Timestamp::from_millisecond(clock.now().0)?;
    let mut random = |buffer: &mut [u8]| clock.random(buffer);
    init(root, now, &mut random)?;
    for (path, text) in loopgate_mapping::Library::files() {
        let path = root.join("mappings").join(path);
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(path, text)?;
    }
    Ok(())
}

fn measure(root: &Path, size: u64) -> anyhow::Result<Row> {
    let log = Rehearsal::open(root)?;
    log.append(size.saturating_sub(log.len() + SAMPLE))?;
    let begin = Instant::now();
    log.append(SAMPLE)?;
    let appended = SAMPLE as f64 / begin.elapsed().as_secs_f64();
    let len = log.len();
    let proof_ns = each(20_000, |n| log.prove(n * 7_919 % len));
    let search_ns = each(20_000, |n| log.search(n * 31 % (len / 40)).unwrap_or_default());
    let resident_mib = resident()?;
    log.close()?;
    let (snapshot, replay) = (start(root)?, {
        fs::remove_file(root.join("data/state"))?;
        fs::remove_dir_all(root.join("data/view"))?;
        start(root)?
    });
    let disk_bytes = disk(&root.join("data/log"))?;
    Ok(Row {
        entries: len,
        appended,
        proof_ns,
        search_ns,
        snapshot,
        replay,
        resident_mib,
        disk_bytes,
    })
}

fn start(root: &Path) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let log = Rehearsal::open(root)?;
    let took = begin.elapsed();
    log.close()?;
    Ok(took)
}

fn each(times: u64, mut act: impl FnMut(u64) -> usize) -> f64 {
    let begin = Instant::now();
    let sum: usize = (0..times).map(&mut act).sum();
    assert!(sum > 0, "nothing was found");
    begin.elapsed().as_nanos() as f64 / times as f64
}

/// Resident memory of this process, by the kernel.
fn resident() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 =
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
    Ok(kib / 1024)
}

fn disk(dir: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() {
            disk(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
    }
    Ok(bytes)
}
