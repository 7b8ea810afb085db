//! A hospital's messages over MLLP and mutual TLS, each acknowledged once it is durable: how many a
//! second on one connection and on several, and how long an acknowledgement takes at a steady rate.
//! The disk's own rate is measured in the same run, before and after, and everything is said as a ratio
//! to it, since on another disk the numbers are others and the ratios are not.
//!
//! At a steady rate a message's time runs from the instant at which it was due.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it
#![allow(dead_code, unused_imports)] // the stories' harness, of which it uses a part

mod harness;
mod load_bench;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use harness::{Gateway, Wire, client_config, field, referral_v2};
use load_bench::{as_fast_as_it_goes, at_rate, syncs};
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
    let before = syncs(&gateway.root(), SYNCED_BYTES, DISK);
    println!("the disk syncs {before:.0} writes of {SYNCED_BYTES} bytes a second");
    println!("connections  messages/s  per sync    p50 ms    p99 ms");
    for connections in CONNECTIONS {
        let times = as_fast_as_it_goes(bench.open(connections), EACH, |wire| bench.send(wire));
        let (rate, p50, p99) = (times.rate(), times.ms(50), times.ms(99));
        println!("{connections:11} {rate:11.1} {:9.2} {p50:9.1} {p99:9.1}", rate / before);
    }
    println!("due/s on {RATE_CONNECTIONS}   messages/s  per sync    p50 ms    p99 ms");
    for rate in RATES {
        let wires = bench.open(RATE_CONNECTIONS);
        let times = at_rate(wires, (rate, EACH), |wire| bench.send(wire));
        let (kept, p50, p99) = (times.rate(), times.ms(50), times.ms(99));
        let behind = if kept < f64::from(rate) * 0.95 { "  cannot keep up" } else { "" };
        println!("{rate:11} {kept:11.1} {:9.2} {p50:9.1} {p99:9.1}{behind}", kept / before);
    }
    let after = syncs(&gateway.root(), SYNCED_BYTES, DISK);
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
    fn open(&self, connections: usize) -> Vec<Wire> {
        let one = |_| {
            let tls = client_config(&self.gateway.root(), "hospital-a");
            let mut wire = Wire::open(tls, self.gateway.mllp());
            // The handshake is over before anything is measured.
            self.send(&mut wire);
            wire
        };
        (0..connections).map(one).collect()
    }

    fn send(&self, wire: &mut Wire) -> usize {
        let n = self.said.fetch_add(1, Ordering::Relaxed);
        let message = referral_v2(&format!("M-{n}"), "", &format!("R-{n}"), "A-99871");
        wire.say(&frame(message.as_bytes()).unwrap()).unwrap();
        let ack = wire.acknowledgement();
        assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
        ack.len()
    }
}
