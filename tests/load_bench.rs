//! What the benches share: connections under load, as fast as they go and at a steady rate, and the
//! rate of the disk beneath.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long each of some requests took, and all of them together.
pub struct Times {
    /// One for each request, shortest first.
    each: Vec<Duration>,
    seconds: f64,
    /// Bytes answered, all together.
    bytes: usize,
}

impl Times {
    fn of(all: Vec<(Duration, usize)>, begun: Instant) -> Times {
        let seconds = begun.elapsed().as_secs_f64();
        let bytes = all.iter().map(|(_, bytes)| bytes).sum();
        let mut each: Vec<Duration> = all.into_iter().map(|(time, _)| time).collect();
        each.sort_unstable();
        Times { each, seconds, bytes }
    }

    /// Bytes answered, all together.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.each.len()
    }

    /// Requests a second.
    pub fn rate(&self) -> f64 {
        self.each.len() as f64 / self.seconds
    }

    /// That percentile in milliseconds; 0 if there was no request.
    pub fn ms(&self, percent: usize) -> f64 {
        let last = self.each.len().saturating_sub(1);
        let time = self.each.get(last * percent / 100).copied().unwrap_or_default();
        time.as_secs_f64() * 1000.0
    }
}

/// Each connection asks again when the last request is answered, for so long; `ask` gives the bytes of
/// the answer.
pub fn as_fast_as_it_goes<C: Send>(
    connections: Vec<C>,
    long: Duration,
    ask: impl Fn(&mut C) -> usize + Sync,
) -> Times {
    on_each(connections, |connection, begun| {
        let mut times = Vec::new();
        while begun.elapsed() < long {
            let sent = Instant::now();
            let bytes = ask(connection);
            times.push((sent.elapsed(), bytes));
        }
        times
    })
}

/// So many requests become due each second, and whoever is free sends the next. A request's time runs
/// from the instant at which it was due, not from when a connection got round to it: what falls behind
/// is seen.
pub fn at_rate<C: Send>(
    connections: Vec<C>,
    (rate, long): (u32, Duration),
    ask: impl Fn(&mut C) -> usize + Sync,
) -> Times {
    let due = AtomicUsize::new(0);
    let all = (long.as_secs_f64() * f64::from(rate)) as usize;
    on_each(connections, |connection, begun| {
        let mut times = Vec::new();
        loop {
            let n = due.fetch_add(1, Ordering::Relaxed);
            let at = Duration::from_secs_f64(n as f64 / f64::from(rate));
            // What it does not manage in twice the time is seen in the rate.
            if n >= all || begun.elapsed() > long * 2 {
                return times;
            }
            while let Some(early) = at.checked_sub(begun.elapsed()).filter(|one| !one.is_zero()) {
                std::thread::park_timeout(early);
            }
            let bytes = ask(connection);
            times.push((begun.elapsed() - at, bytes));
        }
    })
}

fn on_each<C: Send>(
    mut connections: Vec<C>,
    ask: impl Fn(&mut C, Instant) -> Vec<(Duration, usize)> + Sync,
) -> Times {
    let begun = Instant::now();
    let times = std::thread::scope(|scope| {
        let ask = &ask;
        let all = connections.iter_mut().map(|one| scope.spawn(move || ask(one, begun)));
        let all: Vec<_> = all.collect();
        all.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    Times::of(times, begun)
}

/// How often a second the disk under this folder can be made to keep so many bytes that were appended.
pub fn syncs(folder: &Path, bytes: usize, long: Duration) -> f64 {
    let path = folder.join("sync-probe");
    let mut file = File::create(&path).unwrap();
    let bytes = vec![7; bytes];
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < long {
        file.write_all(&bytes).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    let rate = f64::from(count) / begun.elapsed().as_secs_f64();
    drop(file);
    fs::remove_file(path).unwrap();
    rate
}
