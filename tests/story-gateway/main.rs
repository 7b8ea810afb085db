//! The gateway of the stories: the product's own `run`, with a clock driven over a pipe and a disk
//! that fails or stops when told to. The product's binary has neither.
//!
//! Standard input, one command a line, each answered by a line on standard output:
//! `advance MS` moves both clocks; `jump MS` moves the wall clock only; `tick` looks at the clocks;
//! `arm STEP NTH error|abort` fails or kills at the NTH commit step `write|torn|sync|synced` from
//! now; `stop` ends cleanly. The first line out is `ready MACHINES OPS`.
#![allow(clippy::print_stdout)]

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use loopgate_referral::Timestamp;
use loopgate_server::assemble::load_config;
use loopgate_server::clock::{Clock, SystemClock};
use loopgate_server::run::{Options, Ticks, log_to_stderr, run};
use loopgate_store::{CommitStep, StepHook};
use tokio::sync::{mpsc, oneshot};

/// A clock that stands still until it is moved.
struct StoryClock {
    wall_ms: AtomicI64,
    monotonic_ms: AtomicI64,
    random: SystemClock,
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.wall_ms.load(Ordering::SeqCst))
    }
    fn monotonic_ms(&self) -> i64 {
        self.monotonic_ms.load(Ordering::SeqCst)
    }
    fn random(&self, buffer: &mut [u8]) {
        self.random.random(buffer);
    }
}

/// What happens at a step of some commit to come.
struct Armed {
    step: CommitStep,
    left: u32,
    abort: bool,
}

type Trap = Arc<Mutex<Option<Armed>>>;

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let config = args.next().map(PathBuf::from).ok_or_else(|| anyhow::anyhow!("no config"))?;
    let start: i64 = args.next().ok_or_else(|| anyhow::anyhow!("no start time"))?.parse()?;
    let clock = Arc::new(StoryClock {
        wall_ms: AtomicI64::new(start),
        monotonic_ms: AtomicI64::new(0),
        random: SystemClock::new(),
    });
    let trap: Trap = Arc::default();
    let (ticks, told) = mpsc::channel(1);
    let (ready, opened) = oneshot::channel();
    let (stop, stopped) = oneshot::channel();
    let options = Options {
        clock: clock.clone(),
        hook: Some(hook(trap.clone())),
        ticks: Ticks::WhenTold(told),
        ready: Some(ready),
        stop: Some(stopped),
    };
    std::thread::spawn(move || {
        let Ok(at) = opened.blocking_recv() else { return };
        say(&format!("ready {} {}", at.machines, at.ops));
        obey(&clock, &trap, &ticks);
        // Standard input ended, or `stop` was said.
        let _ = stop.send(());
    });
    let config = load_config(&config)?;
    log_to_stderr(config.log.format);
    run(config, options)
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    // The story reads until the process ends; a closed pipe means that it is gone.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn obey(clock: &StoryClock, trap: &Trap, ticks: &mpsc::Sender<oneshot::Sender<()>>) {
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["advance", ms] => {
                let ms: i64 = ms.parse().unwrap_or_default();
                clock.wall_ms.fetch_add(ms, Ordering::SeqCst);
                clock.monotonic_ms.fetch_add(ms, Ordering::SeqCst);
            }
            ["jump", ms] => {
                clock.wall_ms.fetch_add(ms.parse().unwrap_or_default(), Ordering::SeqCst);
            }
            ["tick"] => {
                let (done, looked) = oneshot::channel();
                if ticks.blocking_send(done).is_err() || looked.blocking_recv().is_err() {
                    say("failed");
                    continue;
                }
            }
            ["arm", step, nth, what] => {
                let armed = Armed {
                    step: step_named(step),
                    left: nth.parse().unwrap_or(1),
                    abort: what == "abort",
                };
                *trap.lock().unwrap_or_else(PoisonError::into_inner) = Some(armed);
            }
            _ => return,
        }
        say("ok");
    }
}

fn step_named(name: &str) -> CommitStep {
    match name {
        "write" => CommitStep::Write,
        "torn" => CommitStep::Torn,
        "sync" => CommitStep::Sync,
        _ => CommitStep::Synced,
    }
}

fn hook(trap: Trap) -> StepHook {
    Box::new(move |step| {
        let mut armed = trap.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(one) = armed.as_mut().filter(|one| one.step == step) else { return Ok(()) };
        one.left -= 1;
        if one.left > 0 {
            return Ok(());
        }
        if one.abort {
            std::process::abort();
        }
        *armed = None;
        Err(io::Error::other("the disk says no"))
    })
}
