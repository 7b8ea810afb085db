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
mod row_bench;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use harness::Gateway;
use http_bench::{Ceiling, Http, open};
use load_bench::{as_fast_as_it_goes, at_rate};
use row_bench::{Meter, bundle, header, resident_kib, setting};
use serde_json::Value;

const CONNECTIONS: [usize; 3] = [1, 4, 16];
/// Referrals a second, on as many connections as a hospital would open.
const RATES: [u32; 3] = [20, 50, 100];
const RATE_CONNECTIONS: usize = 8;
/// Connections that read and search.
const READERS: usize = 4;
/// Persons in a Bundle of those that fill the gateway, with so many resources each: 200 entries.
const PERSONS: usize = 20;
const OBSERVATIONS: usize = 6;
const EACH_PERSON: usize = 4 + OBSERVATIONS;

fn main() {
    let long = Duration::from_secs(setting("LOOPGATE_BENCH_SECONDS", "3")[0] as u64);
    let mut gateway = Gateway::prepare(&[(["limits", "connections_max"], "64")]);
    gateway.serve();
    let ceiling = Ceiling::serve(&gateway.root());
    let meter = Meter { ceiling, long };
    let mut bench = Bench { meter, said: AtomicUsize::new(0), held: Vec::new() };
    println!("resident with nothing held: {} MiB", resident_kib(gateway.pid()) / 1024);
    bench.referrals(&mut gateway);
    for held in setting("LOOPGATE_BENCH_HELD", "10000,100000") {
        bench.fill(&mut gateway, held);
        bench.reads(&mut gateway);
    }
    bench.meter.ceiling.stop();
    gateway.stop();
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
    meter: Meter,
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
            let row = self.meter.measure(gateway, connections, || {
                as_fast_as_it_goes(hospital, self.meter.long, |http| self.refer(http))
            });
            row.print(&connections.to_string(), "");
        }
        header(&format!("due/s on {RATE_CONNECTIONS}"));
        for rate in RATES {
            let hospital = open(gateway, "clinic-b", RATE_CONNECTIONS);
            let row = self.meter.measure(gateway, RATE_CONNECTIONS, || {
                at_rate(hospital, (rate, self.meter.long * 2), |http| self.refer(http))
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
        let row = self.meter.measure(gateway, READERS, || {
            as_fast_as_it_goes(readers, self.meter.long, |http| {
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
        let row = self.meter.measure(gateway, READERS, || {
            as_fast_as_it_goes(readers, self.meter.long, |(http, next)| {
                let page = http.get(next).expect(200);
                *next = following(&page.body).unwrap_or_else(|| first.clone());
                page.body.len()
            })
        });
        row.print(words, "");
    }
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
