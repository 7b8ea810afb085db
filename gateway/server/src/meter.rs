//! How many requests an organization may still make: a bucket of tokens for each.
//!
//! What is refused here is no denial and leaves no entry: a flood must not write the log full.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use loopgate_referral::OrgId;

/// A request, in the units that a bucket gains each millisecond at one request a minute.
const REQUEST: u64 = 60_000;

/// What is allowed.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Requests in a minute.
    pub per_minute: u32,
    /// Requests that may come at once.
    pub burst: u32,
}

/// The buckets of those who have asked.
#[derive(Default)]
pub struct Meter {
    buckets: Mutex<HashMap<OrgId, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    full: u64,
    at_ms: i64,
}

/// How a bucket stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Requests that may come at once when it is full.
    pub burst: u32,
    /// Requests that may come now.
    pub requests: u64,
    /// Seconds until it is full.
    pub full_in_s: u64,
    /// Seconds until the next may come, if this one may not.
    pub refused_for_s: Option<u64>,
}

impl Meter {
    /// One more request of an organization, at an instant of the monotonic clock.
    pub fn take(&self, org: &OrgId, now_ms: i64, rate: Rate) -> Left {
        let (gain, cap) = (u64::from(rate.per_minute), u64::from(rate.burst) * REQUEST);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(org.clone()).or_insert(Bucket { full: cap, at_ms: now_ms });
        let passed = u64::try_from(now_ms - bucket.at_ms).unwrap_or_default();
        bucket.full = bucket.full.saturating_add(passed.saturating_mul(gain)).min(cap);
        bucket.at_ms = bucket.at_ms.max(now_ms);
        let left = bucket.full.checked_sub(REQUEST);
        bucket.full = left.unwrap_or(bucket.full);
        let seconds = |units: u64| units.div_ceil(gain * 1000);
        Left {
            burst: rate.burst,
            requests: bucket.full / REQUEST,
            full_in_s: seconds(cap - bucket.full),
            refused_for_s: left.is_none().then(|| seconds(REQUEST - bucket.full)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_minute: 30, burst: 3 };

    #[test]
    fn a_burst_then_one_each_two_seconds() {
        let (meter, pantry): (Meter, OrgId) = (Meter::default(), "pantry".parse().unwrap());
        let take = |at_ms| meter.take(&pantry, at_ms, RATE);
        let left = |requests, full_in_s, refused_for_s| Left {
            burst: 3,
            requests,
            full_in_s,
            refused_for_s,
        };
        assert_eq!(take(1000), left(2, 2, None));
        assert_eq!(take(1000), left(1, 4, None));
        assert_eq!(take(1000), left(0, 6, None));
        assert_eq!(take(1000), left(0, 6, Some(2)));
        // What was refused costs nothing.
        assert_eq!(take(2000), left(0, 5, Some(1)));
        assert_eq!(take(3000), left(0, 6, None));
        assert_eq!(take(3000), left(0, 6, Some(2)));
        // It never holds more than a burst; and a clock that went back gives nothing.
        assert_eq!(take(900_000), left(2, 2, None));
        assert_eq!(take(0), left(1, 4, None));
        // Everyone has a bucket of its own.
        let housing = meter.take(&"housing".parse().unwrap(), 0, RATE);
        assert_eq!(housing, left(2, 2, None));
    }
}
