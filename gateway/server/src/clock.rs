//! Time and randomness: the one place that asks the machine. Everything else takes them as
//! arguments (clippy.toml bans the ambient ones).
#![allow(clippy::disallowed_methods)]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use loopgate_referral::Timestamp;

/// What a gateway needs of the machine it runs on.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// Milliseconds on a clock that never jumps.
    fn monotonic_ms(&self) -> i64;
    /// Fills a buffer with random bytes fit for keys.
    fn random(&self, buffer: &mut [u8]);
    /// Comes back a millisecond later; on a clock that stands still, at once.
    fn pass_a_ms(&self) {}
}

/// The machine's own.
pub struct SystemClock {
    started: Instant,
    random: SystemRandom,
}

impl SystemClock {
    /// The machine's clock, counting its monotonic milliseconds from now.
    pub fn new() -> SystemClock {
        SystemClock { started: Instant::now(), random: SystemRandom::new() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic_ms(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn random(&self, buffer: &mut [u8]) {
        if self.random.fill(buffer).is_err() {
            unreachable!("the operating system has a random source");
        }
    }

    fn pass_a_ms(&self) {
        let (begun, wait) = (Instant::now(), Duration::from_millis(1));
        // A thread is woken by what was meant for its last wait, too.
        while let Some(left) = wait.checked_sub(begun.elapsed()) {
            std::thread::park_timeout(left);
        }
    }
}

/// How far the wall clock may move before nothing it says is believed.
#[derive(Debug, Clone, Copy)]
pub struct ClockLimits {
    /// Forward against the monotonic clock, in ms.
    pub forward_ms_max: i64,
    /// Backward against the last entry, in ms.
    pub backward_ms_max: i64,
}

/// Watches the wall clock against the monotonic one and the log.
#[derive(Debug)]
pub struct ClockGuard {
    limits: ClockLimits,
    offset_ms: i64,
    /// How far back an operator has said the clock rightly is.
    excused_ms: i64,
}

impl ClockGuard {
    /// Trusts the clock as it is now.
    pub fn new(clock: &dyn Clock, limits: ClockLimits) -> ClockGuard {
        ClockGuard { limits, offset_ms: clock.now().0 - clock.monotonic_ms(), excused_ms: 0 }
    }

    /// The wall clock, unless it jumped. Slow drift (NTP slew) is followed.
    pub fn now(&mut self, clock: &dyn Clock, last_entry: Timestamp) -> Option<Timestamp> {
        let now = clock.now();
        let offset = now.0 - clock.monotonic_ms();
        let jumped = offset - self.offset_ms > self.limits.forward_ms_max
            || last_entry.0 - now.0 > self.limits.backward_ms_max + self.excused_ms;
        if jumped {
            return None;
        }
        self.offset_ms = offset;
        self.excused_ms = self.excused_ms.min((last_entry.0 - now.0).max(0));
        Some(now)
    }

    /// An operator says that the clock is right as it is.
    pub fn confirm(&mut self, clock: &dyn Clock, last_entry: Timestamp) {
        self.offset_ms = clock.now().0 - clock.monotonic_ms();
        self.excused_ms = (last_entry.0 - clock.now().0).max(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(i64, i64);

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            Timestamp(self.0)
        }
        fn monotonic_ms(&self) -> i64 {
            self.1
        }
        fn random(&self, _: &mut [u8]) {}
    }

    #[test]
    fn a_millisecond_passes_whatever_wakes_the_thread() {
        let (clock, begun) = (SystemClock::new(), Instant::now());
        std::thread::current().unpark();
        clock.pass_a_ms();
        assert!(begun.elapsed() >= Duration::from_millis(1));
    }

    #[test]
    fn a_jump_is_not_believed_and_a_slew_is() {
        let limits = ClockLimits { forward_ms_max: 60_000, backward_ms_max: 5_000 };
        let mut guard = ClockGuard::new(&Fixed(1_000_000, 0), limits);
        let mut check = |wall, monotonic, last, believed: bool| {
            let answer = guard.now(&Fixed(wall, monotonic), Timestamp(last));
            assert_eq!(answer.is_some(), believed, "{wall} {monotonic} {last}");
        };
        check(1_100_000, 100_000, 0, true);
        check(1_160_000, 100_000, 0, true);
        check(1_280_001, 160_000, 0, false);
        check(1_160_000, 160_000, 1_165_000, true);
        check(1_160_000, 160_000, 1_165_001, false);
    }
}
