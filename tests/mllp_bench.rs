//! A hospital's messages over MLLP and mutual TLS, each acknowledged once it is durable: how many a
//! second on one connection and on several, and how long an acknowledgement takes at a steady rate.
//! The disk's own rate is measured in the same run, before and after, and everything is said as a ratio
//! to it, since on another disk the numbers are others and the ratios are not.
//!
//! At a steady rate a message's time runs from the instant at which it was due, not from when a
//! connection got round to it: what falls behind is seen.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it
#![allow(dead_code, unused_imports)] // the stories' harness, of which it uses a part

mod harness;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use harness::{Gateway, Wire, client_config, field, referral_v2};
use loopgate_hl7v2::frame;

/// How long each measurement takes.
const EACH: Duration = Duration::from_secs(6);
/// How long the disk is measured, each time.
const DISK: Duration = Duration::from_secs(2);
/// About as much as one message adds to the log.
const SYNCED_BYTES: usize = 8 * 1024;
const CONNECTIONS: [usize; 3] = [1, 4, 16];
/// Messages a second, on as many connections as an engine would open.
const RATES: [u32; 4] = [20, 50, 100, 200];
const RATE_CONNECTIONS: usize = 8;

fn main() {
    let mut gateway = Gateway::prepare(&[(["limits", "mllp_connections_max"], "16")]);
    gateway.speaks_v2(None, "");
    gateway.serve();
    gateway.maria_consents();
    let bench = Bench { gateway: &gateway, said: AtomicUsize::new(0) };
    let before = syncs(&gateway.root());
    println!("the disk syncs {before:.0} writes of {SYNCED_BYTES} bytes a second");
    println!("connections  messages/s  per sync    p50 ms    p99 ms");
    for connections in CONNECTIONS {
        let (times, seconds) = bench.as_fast_as_it_goes(connections);
        let rate = times.len() as f64 / seconds;
        let [p50, p99] = percentiles(times);
        println!("{connections:11} {rate:11.1} {:9.2} {p50:9.1} {p99:9.1}", rate / before);
    }
    println!("due/s on {RATE_CONNECTIONS}   messages/s  per sync    p50 ms    p99 ms");
    for rate in RATES {
        let (times, seconds) = bench.at(rate);
        let kept = times.len() as f64 / seconds;
        let [p50, p99] = percentiles(times);
        let behind = if kept < f64::from(rate) * 0.95 { "  cannot keep up" } else { "" };
        println!("{rate:11} {kept:11.1} {:9.2} {p50:9.1} {p99:9.1}{behind}", kept / before);
    }
    let after = syncs(&gateway.root());
    println!("the disk syncs {after:.0} a second at the end, {:.2} of before", after / before);
    let said = bench.said.load(Ordering::Relaxed);
    let heard = gateway.kinds().iter().filter(|kind| *kind == "message.heard").count();
    assert_eq!(heard, said, "every acknowledged message is in the log");
    gateway.stop();
}

struct Bench<'a> {
    gateway: &'a Gateway,
    /// Messages so far: each has a number of its own.
    said: AtomicUsize,
}

impl Bench<'_> {
    fn open(&self) -> Wire {
        let tls = client_config(&self.gateway.root(), "hospital-a");
        let mut wire = Wire::open(tls, self.gateway.mllp());
        // The handshake is over before anything is measured.
        self.send(&mut wire);
        wire
    }

    fn send(&self, wire: &mut Wire) {
        let n = self.said.fetch_add(1, Ordering::Relaxed);
        let message = referral_v2(&format!("M-{n}"), "", &format!("R-{n}"), "A-99871");
        wire.say(&frame(message.as_bytes()).unwrap()).unwrap();
        let ack = wire.acknowledgement();
        assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
    }

    /// Each connection sends its next message when the last is acknowledged.
    fn as_fast_as_it_goes(&self, connections: usize) -> (Vec<Duration>, f64) {
        self.on_each(connections, |wire, begun| {
            let mut times = Vec::new();
            while begun.elapsed() < EACH {
                let sent = Instant::now();
                self.send(wire);
                times.push(sent.elapsed());
            }
            times
        })
    }

    /// So many messages become due each second, whoever is free sends the next.
    fn at(&self, rate: u32) -> (Vec<Duration>, f64) {
        let due = AtomicUsize::new(0);
        let all = (EACH.as_secs_f64() * f64::from(rate)) as usize;
        self.on_each(RATE_CONNECTIONS, |wire, begun| {
            let mut times = Vec::new();
            loop {
                let n = due.fetch_add(1, Ordering::Relaxed);
                let at = Duration::from_secs_f64(n as f64 / f64::from(rate));
                // What it does not manage in twice the time is seen in the rate.
                if n >= all || begun.elapsed() > EACH * 2 {
                    return times;
                }
                while let Some(early) = at.checked_sub(begun.elapsed()).filter(|one| !one.is_zero())
                {
                    std::thread::park_timeout(early);
                }
                self.send(wire);
                times.push(begun.elapsed() - at);
            }
        })
    }

    /// The times of all of them, and how many seconds it took.
    fn on_each(
        &self,
        connections: usize,
        send: impl Fn(&mut Wire, Instant) -> Vec<Duration> + Sync,
    ) -> (Vec<Duration>, f64) {
        let mut wires: Vec<Wire> = (0..connections).map(|_| self.open()).collect();
        let begun = Instant::now();
        let times = std::thread::scope(|scope| {
            let send = &send;
            let all = wires.iter_mut().map(|wire| scope.spawn(move || send(wire, begun)));
            let all: Vec<_> = all.collect();
            all.into_iter().flat_map(|one| one.join().unwrap()).collect()
        });
        (times, begun.elapsed().as_secs_f64())
    }
}

/// p50 and p99, in milliseconds.
fn percentiles(mut times: Vec<Duration>) -> [f64; 2] {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    [50, 99].map(|percent| times[last * percent / 100].as_secs_f64() * 1000.0)
}

/// How often a second the disk under this folder can be made to keep what was appended.
fn syncs(folder: &Path) -> f64 {
    let path = folder.join("sync-probe");
    let mut file = File::create(&path).unwrap();
    let bytes = vec![7; SYNCED_BYTES];
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < DISK {
        file.write_all(&bytes).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    let rate = f64::from(count) / begun.elapsed().as_secs_f64();
    drop(file);
    std::fs::remove_file(path).unwrap();
    rate
}
