//! What a community organization waits for, with more and more open referrals: the list and a referral by
//! REST, and the page that a link in an e-mail leads to. Its slowest answers must not grow with the list.
//!
//! Everything is said as a ratio to ceilings of the same run (see `row_bench`).
//!
//! `LOOPGATE_BENCH_HELD`: how many referrals are open, step by step; default `10000,100000`.
//! `LOOPGATE_BENCH_SECONDS`: how long each measurement takes; default 3.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it
#![allow(dead_code, unused_imports)] // the stories' harness, of which it uses a part

mod harness;
mod http_bench;
mod load_bench;
mod row_bench;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use harness::{Gateway, partner_file};
use http_bench::{Ceiling, Http, open, open_people};
use load_bench::as_fast_as_it_goes;
use loopgate_referral::PlacementId;
use loopgate_server::doorkey::{Doorkeys, hash_pin};
use row_bench::{Meter, bundle, header, resident_kib, setting};
use serde_json::Value;

/// Connections that read.
const READERS: usize = 4;
/// The PIN of the organization.
const PIN: &str = "482913";
/// Persons in a Bundle of those that fill the gateway.
const PERSONS: usize = 40;

fn main() {
    let long = Duration::from_secs(setting("LOOPGATE_BENCH_SECONDS", "3")[0] as u64);
    let settings =
        [(["limits", "connections_max"], "64"), (["limits", "cbo_requests_per_minute"], "1000000")];
    let mut gateway = Gateway::prepare(&settings);
    // Where e-mails leave is not there: links are opened all the same.
    let file = gateway.root().join("loopgate.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let mail =
        "[mail]\nhost = \"127.0.0.1\"\nport = 9\ntls = \"none\"\nfrom = \"us@gateway.example\"\n";
    std::fs::write(&file, format!("{text}\n{mail}")).unwrap();
    gateway.serve();
    let meter = Meter { ceiling: Ceiling::serve(&gateway.root()), long };
    let mut open = 0;
    let mut links = Vec::new();
    for held in setting("LOOPGATE_BENCH_HELD", "10000,100000") {
        open = fill(&mut gateway, open, held);
        by_rest(&meter, &mut gateway);
        if links.is_empty() {
            links = tokens(&gateway);
        }
        by_link(&meter, &mut gateway, &links);
    }
    meter.ceiling.stop();
    gateway.stop();
}

/// Until so many referrals are open.
fn fill(gateway: &mut Gateway, from: usize, held: usize) -> usize {
    let mut hospital = open(gateway, "clinic-b", 1).pop().unwrap();
    let begun = Instant::now();
    let mut n = from;
    while n < held {
        hospital.post("/fhir", bundle(n, PERSONS, 0).as_bytes()).expect(200);
        n += PERSONS;
    }
    let rate = (n - from) as f64 / begun.elapsed().as_secs_f64();
    drop(hospital);
    let filled = resident_kib(gateway.pid()) / 1024;
    gateway.stop();
    let running = Instant::now();
    gateway.serve();
    println!(
        "\n{n} referrals open, taken in Bundles of {PERSONS}: {rate:.0} a second, resident then {filled} MiB; starts in {:.1} s, resident {} MiB",
        running.elapsed().as_secs_f64(),
        resident_kib(gateway.pid()) / 1024,
    );
    n
}

fn by_rest(meter: &Meter, gateway: &mut Gateway) {
    header("by REST");
    let mut pantry = open(gateway, "pantry", 1).pop().unwrap();
    let page = pantry.get("/cbo/v1/referrals?limit=100").expect(200).json();
    let rows = page["referrals"].as_array().unwrap();
    let ids: Vec<String> =
        rows.iter().map(|row| row["referral_id"].as_str().unwrap().to_owned()).collect();
    let one = |n: usize| format!("/cbo/v1/referrals/{}", ids[n % ids.len()]);
    read(meter, gateway, "first page of 20", &|_| "/cbo/v1/referrals?limit=20".to_owned());
    walk(meter, gateway);
    read(meter, gateway, "one referral", &one);
}

/// The nth request is for the nth path.
fn read(
    meter: &Meter,
    gateway: &mut Gateway,
    words: &str,
    path: &(dyn Fn(usize) -> String + Sync),
) {
    let readers = open(gateway, "pantry", READERS);
    let asked = AtomicUsize::new(0);
    let row = meter.measure(gateway, READERS, || {
        as_fast_as_it_goes(readers, meter.long, |http| {
            let n = asked.fetch_add(1, Ordering::Relaxed);
            http.get(&path(n)).expect(200).body.len()
        })
    });
    row.print(words, "");
}

/// Page after page.
fn walk(meter: &Meter, gateway: &mut Gateway) {
    let first = "/cbo/v1/referrals?limit=50";
    let readers = open(gateway, "pantry", READERS);
    let readers: Vec<_> = readers.into_iter().map(|http| (http, first.to_owned())).collect();
    let row = meter.measure(gateway, READERS, || {
        as_fast_as_it_goes(readers, meter.long, |(http, next)| {
            let page = http.get(next).expect(200);
            let said: Value = serde_json::from_slice(&page.body).unwrap();
            *next = match said["next"].as_str() {
                Some(after) => format!("{first}&after={after}"),
                None => first.to_owned(),
            };
            page.body.len()
        })
    });
    row.print("pages of 50", "");
}

/// The same organization by e-mail: the page with the need, and with the person.
fn by_link(meter: &Meter, gateway: &mut Gateway, tokens: &[String]) {
    let rest = std::fs::read_to_string(gateway.root().join("partners/pantry.toml")).unwrap();
    let hash = hash_pin(PIN, &[7; 16]).unwrap();
    let channel = format!(
        "kind = \"email\"\naddress = \"kitchen@pantry.example\"\npin_hash = \"{}\"",
        hash.as_str()
    );
    gateway.change_partner("pantry", |_| partner_file("pantry", "target", &channel));
    header("by link");
    let mut people = open_people(gateway, READERS);
    let cookie = people[0].give_pin(&format!("/r/{}", tokens[0]), PIN);
    for (words, cookie) in [("before the PIN", None), ("after the PIN", Some(cookie))] {
        let mut readers = open_people(gateway, READERS);
        readers.iter_mut().for_each(|one| one.cookie.clone_from(&cookie));
        let asked = AtomicUsize::new(0);
        let row = meter.measure(gateway, READERS, || {
            as_fast_as_it_goes(readers, meter.long, |http| {
                let n = asked.fetch_add(1, Ordering::Relaxed);
                http.get(&format!("/r/{}", tokens[n % tokens.len()])).expect(200).body.len()
            })
        });
        row.print(words, "");
    }
    gateway.change_partner("pantry", |_| rest);
}

/// The tokens of some links: what e-mails would have said.
fn tokens(gateway: &Gateway) -> Vec<String> {
    let entries = gateway.of_kind("referral.sent");
    let placements = entries.iter().take(100);
    let text = std::fs::read_to_string(gateway.root().join("keys/index.key")).unwrap();
    let mut key = [0; 32];
    hex::decode_to_slice(text.trim(), &mut key).unwrap();
    let keys = Doorkeys::new(&key);
    let token = |entry: &Value| {
        let placement: PlacementId =
            entry["transition"]["placement"].as_str().unwrap().parse().unwrap();
        keys.token(&placement)
    };
    placements.map(token).collect()
}
