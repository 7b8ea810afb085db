//! A disk that is faster than the clock.

use std::sync::atomic::{AtomicI64, Ordering};

use super::tests::{deployment, world};
use super::*;
use crate::clock::{Clock, SystemClock};
use crate::journal::Event;
use crate::run;
use crate::scribe::Command;

/// A clock on which no time passes but what is waited for.
struct Waited(AtomicI64, SystemClock);

impl Clock for Waited {
    fn now(&self) -> loopgate_referral::Timestamp {
        loopgate_referral::Timestamp(self.0.load(Ordering::SeqCst))
    }
    fn monotonic_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
    fn random(&self, buffer: &mut [u8]) {
        self.1.random(buffer);
    }
    fn pass_a_ms(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// No operator is asked about a clock that is right.
#[test]
fn a_log_that_is_faster_than_the_clock_waits_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = deployment(dir.path()).join("loopgate.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("backward_jump_s_max = 5 ", "backward_jump_s_max = 1 ")).unwrap();
    let config = load_config(&file).unwrap();
    let clock = Arc::new(Waited(AtomicI64::new(SystemClock::new().now().0), SystemClock::new()));
    let live = open(config, clock.clone(), None, Box::new(|| {})).unwrap();
    let before = world(&live).leaves;
    for count in 0..1_500 {
        let event = Box::new(Event::Strangers { count });
        let recorded = |reply| Command::Record(event, "test".to_owned(), reply);
        live.gate.scribe.ask_blocking(recorded).unwrap();
    }
    let now = world(&live);
    assert_eq!(now.leaves, before + 1_500);
    // Not further than it may, and it did get that far.
    assert!((400..=502).contains(&(now.last_at.0 - clock.now().0)), "{:?}", now.last_at);
    run::finish(live).unwrap();
}
