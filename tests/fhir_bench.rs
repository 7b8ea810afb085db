//! The FHIR door under load, over mutual TLS, with consent, everything durable before it is answered:
//! referrals a second in transactions, as fast as it goes and at steady rates; then reads and searches
//! with more and more resources held, and the memory that takes.
//!
//! Two ceilings are measured in the same run, and everything is said as a ratio to them, since on
//! another machine the numbers are others and the ratios are not: how often the disk can be made to keep
//! as many bytes as a request adds to the log, and how often a server with nothing behind it answers as
//! many bytes over the same connections. The load comes from the machine that is measured.
//!
//! `LOOPGATE_BENCH_HELD`: how many resources are held, step by step; default `10000,100000`.
//! `LOOPGATE_BENCH_SECONDS`: how long each measurement takes; default 3.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it
#![allow(dead_code, unused_imports)] // the stories' harness, of which it uses a part

mod harness;
mod http_bench;
mod load_bench;

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use harness::{Gateway, Referral};
use http_bench::{Ceiling, Http, open};
use load_bench::{Times, as_fast_as_it_goes, at_rate, syncs};
use serde_json::{Value, json};

const CONNECTIONS: [usize; 3] = [1, 4, 16];
/// Referrals a second, on as many connections as a hospital would open.
const RATES: [u32; 3] = [20, 50, 100];
const RATE_CONNECTIONS: usize = 8;
/// Connections that read and search.
const READERS: usize = 4;
/// How long a ceiling is measured, each time.
const CEILING: Duration = Duration::from_millis(500);
/// Persons in a Bundle of those that fill the gateway, with so many resources each: 200 entries.
const PERSONS: usize = 20;
const OBSERVATIONS: usize = 6;
const EACH_PERSON: usize = 4 + OBSERVATIONS;

fn main() {
    let long = Duration::from_secs(setting("LOOPGATE_BENCH_SECONDS", "3")[0] as u64);
    let mut gateway = Gateway::prepare(&[(["limits", "connections_max"], "64")]);
    gateway.serve();
    let ceiling = Ceiling::serve(&gateway.root());
    let mut bench = Bench { ceiling, long, said: AtomicUsize::new(0), held: Vec::new() };
    println!("resident with nothing held: {} MiB", resident_kib(gateway.pid()) / 1024);
    bench.referrals(&mut gateway);
    for held in setting("LOOPGATE_BENCH_HELD", "10000,100000") {
        bench.fill(&mut gateway, held);
        bench.reads(&mut gateway);
    }
    bench.ceiling.stop();
    gateway.stop();
}

fn setting(name: &str, default: &str) -> Vec<usize> {
    let text = std::env::var(name).unwrap_or_else(|_| default.to_owned());
    text.split(',').map(|one| one.trim().parse().expect("a number")).collect()
}

/// Makes a path of a person and their identifier.
type Ask = fn(&Person, String) -> String;

/// A person who is held, by the ids that the gateway gave.
#[derive(Clone)]
struct Person {
    number: usize,
    patient: String,
    task: String,
    observation: String,
}

struct Bench {
    ceiling: Ceiling,
    long: Duration,
    /// Persons so far: each has a number of its own.
    said: AtomicUsize,
    held: Vec<Person>,
}

impl Bench {
    fn referrals(&self, gateway: &mut Gateway) {
        let size = bundle(0, 1, 0).len();
        println!(
            "\na referral is a transaction of Patient, Consent, ServiceRequest, Task: {size} bytes"
        );
        header("connections");
        for connections in CONNECTIONS {
            let hospital = open(gateway, "clinic-b", connections);
            let row = self.measure(gateway, connections, || {
                as_fast_as_it_goes(hospital, self.long, |http| self.refer(http))
            });
            row.print(&connections.to_string(), "");
        }
        header(&format!("due/s on {RATE_CONNECTIONS}"));
        for rate in RATES {
            let hospital = open(gateway, "clinic-b", RATE_CONNECTIONS);
            let row = self.measure(gateway, RATE_CONNECTIONS, || {
                at_rate(hospital, (rate, self.long * 2), |http| self.refer(http))
            });
            let behind = row.times.rate() < f64::from(rate) * 0.95;
            row.print(&rate.to_string(), if behind { "  cannot keep up" } else { "" });
        }
    }

    fn refer(&self, http: &mut Http) -> usize {
        let n = self.said.fetch_add(1, Ordering::Relaxed);
        http.post("/fhir", bundle(n, 1, 0).as_bytes()).expect(200).body.len()
    }

    /// Until so many resources are held that the hospital supplied.
    fn fill(&mut self, gateway: &mut Gateway, held: usize) {
        let bundles = held.div_ceil(PERSONS * EACH_PERSON);
        let mut hospital = open(gateway, "clinic-b", 1).pop().unwrap();
        let (begun, before) = (Instant::now(), self.held.len());
        while self.held.len() < bundles * PERSONS {
            let n = self.said.fetch_add(PERSONS, Ordering::Relaxed);
            let body = bundle(n, PERSONS, OBSERVATIONS);
            let answer = hospital.post("/fhir", body.as_bytes()).expect(200).json();
            let places = answer["entry"].as_array().unwrap();
            for (k, entries) in places.chunks(EACH_PERSON).enumerate() {
                self.held.push(Person {
                    number: n + k,
                    patient: id(&entries[0]),
                    task: id(&entries[3]),
                    observation: id(&entries[4]),
                });
            }
        }
        let supplied = (self.held.len() - before) * EACH_PERSON;
        let rate = supplied as f64 / begun.elapsed().as_secs_f64();
        drop(hospital);
        let begun = Instant::now();
        gateway.stop();
        let stopped = begun.elapsed().as_secs_f64();
        let running = Instant::now();
        gateway.serve();
        println!(
            "\n{} resources held of {} persons and referrals, taken in Bundles of {} entries: {rate:.0} a second; \
             stops in {stopped:.1} s, starts in {:.1} s; resident {} MiB",
            self.held.len() * EACH_PERSON,
            self.held.len(),
            PERSONS * EACH_PERSON,
            running.elapsed().as_secs_f64(),
            resident_kib(gateway.pid()) / 1024,
        );
    }

    fn reads(&self, gateway: &mut Gateway) {
        let any = |k: usize| &self.held[k * 7919 % self.held.len()];
        let mrn = |person: &Person| format!("urn:example:clinic-b:mrn%7CB-{}", person.number);
        let path = |make: Ask| move |k: usize| make(any(k), mrn(any(k)));
        header("clinic-b");
        self.read(gateway, "clinic-b", "read Task", path(|one, _| one.task.clone()));
        self.read(gateway, "clinic-b", "read Observation", path(|one, _| one.observation.clone()));
        let rows: [(&str, Ask); 6] = [
            ("Task?_id", |one, _| format!("Task?_id={}", bare(&one.task))),
            ("Task?patient", |one, _| format!("Task?patient={}", one.patient)),
            ("Observation?patient", |one, _| format!("Observation?patient={}", one.patient)),
            ("Patient?identifier", |_, mrn| format!("Patient?identifier={mrn}")),
            ("_include focus, patient", |one, _| {
                let id = bare(&one.task);
                format!("Task?_id={id}&_include=Task:focus&_include=Task:patient")
            }),
            ("Task?status, 20", |_, _| "Task?status=requested&_count=20".to_owned()),
        ];
        for (words, make) in rows {
            self.read(gateway, "clinic-b", words, path(make));
        }
        self.walk(gateway, "clinic-b", "pages of 50 Tasks", "Task?status=requested&_count=50");
        self.walk(gateway, "clinic-b", "pages of 50 Obs.", "Observation?code=63512-8&_count=50");
        header("pantry");
        let placed = self.placed(gateway);
        if placed.is_empty() {
            return;
        }
        self.read(gateway, "pantry", "read Task", |k| placed[k % placed.len()].clone());
        let newest = "Task?status=requested&_count=20".to_owned();
        self.read(gateway, "pantry", "Task?status, 20", |_| newest.clone());
        self.walk(gateway, "pantry", "pages of 50 Tasks", "Task?status=requested&_count=50");
        println!("resident afterwards: {} MiB", resident_kib(gateway.pid()) / 1024);
    }

    /// Some Tasks that lie at the pantry.
    fn placed(&self, gateway: &Gateway) -> Vec<String> {
        let mut pantry = open(gateway, "pantry", 1).pop().unwrap();
        let page = pantry.get("/fhir/Task?_count=100");
        if page.status != 200 {
            return Vec::new();
        }
        let page = page.json();
        let entries = page["entry"].as_array().into_iter().flatten();
        entries.map(|one| format!("Task/{}", one["resource"]["id"].as_str().unwrap())).collect()
    }

    /// The nth request is for the nth path.
    fn read(
        &self,
        gateway: &mut Gateway,
        who: &str,
        words: &str,
        path: impl Fn(usize) -> String + Sync,
    ) {
        let mut readers = open(gateway, who, READERS);
        let first = readers[0].get(&format!("/fhir/{}", path(0)));
        if first.status != 200 {
            println!("{words:>24}  is answered {}", first.status);
            return;
        }
        let asked = AtomicUsize::new(0);
        let row = self.measure(gateway, READERS, || {
            as_fast_as_it_goes(readers, self.long, |http| {
                let n = asked.fetch_add(1, Ordering::Relaxed);
                http.get(&format!("/fhir/{}", path(n))).expect(200).body.len()
            })
        });
        row.print(words, "");
    }

    /// Page after page, each reader on its own, from the first again after the last.
    fn walk(&self, gateway: &mut Gateway, who: &str, words: &str, first: &str) {
        let mut readers = open(gateway, who, READERS);
        let first = format!("/fhir/{first}");
        let page = readers[0].get(&first);
        if page.status != 200 {
            println!("{words:>24}  is answered {}", page.status);
            return;
        }
        let readers: Vec<_> = readers.into_iter().map(|http| (http, first.clone())).collect();
        let row = self.measure(gateway, READERS, || {
            as_fast_as_it_goes(readers, self.long, |(http, next)| {
                let page = http.get(next).expect(200);
                *next = following(&page.body).unwrap_or_else(|| first.clone());
                page.body.len()
            })
        });
        row.print(words, "");
    }

    /// Measures, and its ceilings afterwards; meanwhile the gateway's clock runs.
    fn measure(
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
struct Row {
    times: Times,
    /// Bytes of an answer's body, on average.
    answered: usize,
    /// Bytes that a request adds to the log, on average: what is reserved and not yet used too.
    logged: usize,
    /// What the disk can do.
    disk: f64,
    /// What TLS and HTTP can do.
    tls: f64,
}

fn header(first: &str) {
    println!("{first:>24}        /s    p50 ms    p99 ms  per sync  per echo  answered    logged");
}

impl Row {
    fn print(&self, words: &str, more: &str) {
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
fn bundle(n: usize, persons: usize, observations: usize) -> String {
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

/// `Type/id` of an entry of a transaction-response.
fn id(entry: &Value) -> String {
    let location = entry["response"]["location"].as_str().unwrap();
    let (resource, _) = location.split_once("/_history/").unwrap();
    resource.split_once("/fhir/").unwrap().1.to_owned()
}

fn bare(reference: &str) -> &str {
    reference.split_once('/').unwrap().1
}

/// The path of a page's next link.
fn following(page: &[u8]) -> Option<String> {
    let page: Value = serde_json::from_slice(page).unwrap();
    let links = page["link"].as_array()?;
    let next = links.iter().find(|link| link["relation"] == "next")?;
    let (_, path) = next["url"].as_str()?.split_once("/fhir/")?;
    Some(format!("/fhir/{path}"))
}

/// The memory a process holds now, KiB (`VmRSS`).
fn resident_kib(pid: u32) -> u64 {
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
