//! What the benches of doors share: a measurement with its ceilings of the same run, as a line of a table;
//! and the referrals by which a gateway is filled.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Gateway, Referral};
use crate::http_bench::Ceiling;
use crate::load_bench::{Times, as_fast_as_it_goes, syncs};

/// How long a ceiling is measured, each time.
const CEILING: Duration = Duration::from_millis(500);

/// Measures a gateway, and what the machine can do beside it.
pub struct Meter {
    /// TLS and HTTP with nothing behind.
    pub ceiling: Ceiling,
    /// How long each measurement takes.
    pub long: Duration,
}

impl Meter {
    /// Measures, and its ceilings afterwards; meanwhile the gateway's clock runs.
    pub fn measure(
        &self,
        gateway: &mut Gateway,
        connections: usize,
        run: impl FnOnce() -> Times,
    ) -> Row {
        let log = gateway.root().join("data/log");
        let before = bytes_in(&log);
        let over = AtomicBool::new(false);
        let times = std::thread::scope(|scope| {
            let heart = scope.spawn(|| {
                let begun = Instant::now();
                for second in 1.. {
                    while let Some(early) = Duration::from_secs(second)
                        .checked_sub(begun.elapsed())
                        .filter(|one| !one.is_zero())
                    {
                        if over.load(Ordering::Relaxed) {
                            return;
                        }
                        std::thread::park_timeout(early);
                    }
                    gateway.pass(1000);
                }
            });
            let times = run();
            over.store(true, Ordering::Relaxed);
            heart.thread().unpark();
            heart.join().unwrap();
            times
        });
        let count = times.count().max(1);
        let logged = usize::try_from(bytes_in(&log) - before).unwrap() / count;
        let disk = syncs(&log, logged.max(512), CEILING);
        let answered = times.bytes() / count;
        let path = format!("/{answered}");
        let echoes = as_fast_as_it_goes(self.ceiling.open(connections), CEILING, |http| {
            http.get(&path).expect(200).body.len()
        });
        Row { times, answered, logged, disk, tls: echoes.rate() }
    }
}

/// One line of a table.
pub struct Row {
    /// How long each took.
    pub times: Times,
    /// Bytes of an answer's body, on average.
    answered: usize,
    /// Bytes that a request adds to the log, on average: what is reserved and not yet used too.
    logged: usize,
    /// What the disk can do.
    disk: f64,
    /// What TLS and HTTP can do.
    tls: f64,
}

pub fn header(first: &str) {
    println!("{first:>24}        /s    p50 ms    p99 ms  per sync  per echo  answered    logged");
}

impl Row {
    pub fn print(&self, words: &str, more: &str) {
        let (rate, p50, p99) = (self.times.rate(), self.times.ms(50), self.times.ms(99));
        let (disk, tls) = (rate / self.disk, rate / self.tls);
        let (answered, logged) = (self.answered, self.logged);
        println!(
            "{words:>24} {rate:9.1} {p50:9.2} {p99:9.2} {disk:9.2} {tls:9.3} {answered:9} {logged:9}{more}"
        );
    }
}

/// A transaction about so many persons from the nth on: each a Patient, a Consent, a ServiceRequest, a
/// Task, and so many Observations.
pub fn bundle(n: usize, persons: usize, observations: usize) -> String {
    let mut template = Referral::food().bundle();
    let entries = template["entry"].as_array_mut().unwrap();
    let patient = entries[0]["fullUrl"].clone();
    for day in 0..observations {
        let resource = json!({
            "resourceType": "Observation",
            "status": "final",
            "code": { "coding": [{ "system": "http://loinc.org", "code": "63512-8" }] },
            "subject": { "reference": patient },
            "effectiveDateTime": format!("2026-10-{:02}", day + 1),
            "valueQuantity": { "value": day },
        });
        entries.push(json!({
            "fullUrl": format!("urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-{:012}", 100 + day),
            "resource": resource,
            "request": { "method": "POST", "url": "Observation" },
        }));
    }
    let one = template["entry"].to_string();
    let one = one.trim_matches(['[', ']']);
    let all: Vec<String> = (n..n + persons)
        .map(|n| {
            one.replace("6f1c0b5e-", &format!("{n:08x}-"))
                .replace("B-20417", &format!("B-{n}"))
                .replace("Lindqvist", &format!("Lindqvist{n}"))
                .replace(
                    "1988-04-02",
                    &format!("{}-{:02}-{:02}", 1930 + n % 80, 1 + n % 12, 1 + n % 28),
                )
        })
        .collect();
    let entries = all.join(",");
    format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{entries}]}}"#)
}

/// The memory a process holds now, KiB (`VmRSS`).
pub fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The bytes of the segments of the log.
fn bytes_in(log: &Path) -> u64 {
    let files = fs::read_dir(log).unwrap().map(Result::unwrap);
    let segments = files.filter(|file| file.path().extension().is_some_and(|one| one == "seg"));
    segments.map(|file| file.metadata().unwrap().len()).sum()
}

/// A setting of the environment: numbers.
pub fn setting(name: &str, default: &str) -> Vec<usize> {
    let text = std::env::var(name).unwrap_or_else(|_| default.to_owned());
    text.split(',').map(|one| one.trim().parse().expect("a number")).collect()
}
